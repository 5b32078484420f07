"""`rekap notary`: sign the log of a data directory and publish it, until it is told to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rekap.cluster import broker_options
from rekap.command import Option, subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.session import DONE as DONE_SAID
from rekap.session import Session, pass_session
from schemas.language import Said

if TYPE_CHECKING:
    from event_log.errors import LogUnavailable
    from event_log.kafka.connection import Connection
    from event_log.reading import ReadableLog
    from transparency.notary.notary import Notary, Round

MORE = Said(
    id="Setiap beberapa detik entri log dibaca ulang dan kepala pohonnya ditandatangani: checkpoint, tile "
    "dan kunci publik terbit sebagai berkas yang dapat disajikan server web mana pun. Saksi dalam --policy "
    "diminta ikut menandatangani. Yang tidak melanjutkan tanda tangan sebelumnya ditolak, dari disk mana "
    "pun. Hanya satu notaris boleh berjalan; impor boleh berjalan bersamanya.",
    en="Every few seconds the entries of the log are read again and the head of their tree is signed: "
    "checkpoint, tiles and public key are files that any web server can serve. The witnesses of --policy are "
    "asked to cosign. What does not go on from what was signed before is refused, from whatever disk. Only "
    "one notary may run; imports may run beside it.",
)
EXAMPLES = (
    "rekap --data count notary",
    "rekap --data count notary --origin hitung.example/pilpres2019 --policy witnesses.policy --once",
    "rekap --data night notary --broker 127.0.0.1:9092 --out public",
)
ORIGIN_HELP = Said(
    id="Nama log; partisinya ditambahkan: NAME/0. Berlaku sejak kali pertama. Tanpa ini id pemilunya.",
    en="The log's name; its partition is added: NAME/0. Set the first time. Without it the election's id.",
)
POLICY_HELP = Said(
    id="Saksi yang diminta, dan berapa yang wajib (c2sp.org/tlog-policy). Tanpa ini tidak ada saksi.",
    en="The witnesses to ask, and how many have to cosign (c2sp.org/tlog-policy). Without it none.",
)
OUT_HELP = Said(
    id="Terbitkan di direktori ini; tanpa ini DIR/tlog.",
    en="Publish in this directory; without it DIR/tlog.",
)
EVERY_HELP = Said(id="Detik antara dua checkpoint.", en="Seconds between two checkpoints.")
ONCE_HELP = Said(
    id="Tandatangani sekali saja, lalu selesai: 0 bila terbit, 1 bila saksi kurang.",
    en="Sign once and end: with 0 if it was published, with 1 if witnesses were missing.",
)
TAKE_OVER_HELP = Said(
    id="Direktori ini salinan, dan aslinya tidak akan menandatangani lagi: teruskan lognya.",
    en="This directory is a copy, and the original signs no more: go on with its log.",
)
EVERY_S: Final = 5.0
"""Half of the ten seconds after which a checkpoint is to be there: the rest is for reading and witnesses."""
LONGEST_S: Final = 3_600.0

STARTED: Final = Said(
    id="Log {origin} utuh sejauh yang dikenal. Terbit di {path}. Ctrl-C menghentikan.",
    en="The log {origin} goes on from all that is known of it. Published at {path}. Ctrl-C ends it.",
)
PUBLISHED: Final = Said(
    id="{size} entri ditandatangani dan terbit{by}.",
    en="{size} entries signed and published{by}.",
)
BY: Final = Said(id=", bersama saksi {names}", en=", cosigned by {names}")
WITHHELD: Final = Said(
    id="{size} entri ditandatangani, belum terbit: saksi kurang. {answers}",
    en="{size} entries signed and not published: too few witnesses. {answers}",
)
ALARM: Final = Said(
    id="PERINGATAN: saksi {name} melihat log lain dengan nama ini ({answer}). Simpan checkpoint keduanya.",
    en="WARNING: the witness {name} saw another log of this name ({answer}). Keep both checkpoints.",
)
REPAIRED: Final = Said(
    id="Peringatan: {path} berisi sesuatu yang lain dari isi log, dan ditulis ulang.",
    en="Warning: {path} held something else than the log gives, and was written again.",
)


@subcommand("notary", MORE, EXAMPLES)
@click.option("--origin", cls=Option, said=ORIGIN_HELP, metavar="NAME")
@click.option(
    "--policy", cls=Option, said=POLICY_HELP, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)
@click.option(
    "--out", cls=Option, said=OUT_HELP, type=click.Path(path_type=Path, file_okay=False), metavar="DIR"
)
@click.option(
    "--every",
    cls=Option,
    said=EVERY_HELP,
    type=click.FloatRange(min=0.1, max=LONGEST_S),
    default=EVERY_S,
    metavar="SECONDS",
)
@click.option("--once", cls=Option, said=ONCE_HELP, is_flag=True)
@click.option("--take-over", cls=Option, said=TAKE_OVER_HELP, is_flag=True)
@broker_options(required=False)
@pass_session
def command(
    session: Session,
    origin: str | None,
    policy: Path | None,
    out: Path | None,
    every: float,
    once: bool,
    take_over: bool,
    connection: Connection | None,
) -> int:
    from rekap.signing import PUBLIC_FOLDER, notaries_of, read_policy

    parsed = read_policy(policy)
    with (
        _log(session, connection) as log,
        notaries_of(session, log, origin, out, parsed, take_over=take_over) as notaries,
    ):
        if once:
            for notary in notaries:
                notary.start()
            rounds = _tell(session, _sign(notaries), ())
            return DONE if all(one.published for one in rounds) else ANSWER_IS_NO
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it: nothing is interrupted
            for notary in notaries:
                _start(session, notary, every)
            path = out or session.path / PUBLIC_FOLDER
            names = ", ".join(notary.origin for notary in notaries)
            session.say(_filled(STARTED, origin=names, path=path))
            _go_on(session, notaries, every)
    session.say(DONE_SAID)
    return DONE


@contextlib.contextmanager
def _log(session: Session, connection: Connection | None) -> Iterator[ReadableLog]:
    """The log of the directory, or the one on Kafka. Raises LogUnavailable."""
    from event_log.sqlite import SqliteLog
    from rekap.reading import open_kafka_log

    if connection is not None:
        with open_kafka_log(session, connection) as kafka:
            yield kafka
        return
    log = SqliteLog.open(session.directory.log_path, readonly=True)
    with contextlib.closing(log):
        yield log


def _start(session: Session, notary: Notary, every: float) -> None:
    """Start, and ask witnesses until enough of them have confirmed."""
    from transparency.notary.refusals import NotConfirmed

    begin = notary.start
    while True:
        try:
            begin()
        except NotConfirmed as error:
            session.say(error.said)
            begin = notary.confirm
            time.sleep(every)
        else:
            return


def _go_on(session: Session, notaries: Sequence[Notary], every: float) -> None:
    """Sign for ever; only what is new is told. While the log can't be read nothing is signed."""
    from event_log.errors import LogUnavailable

    last: Sequence[Round] = ()
    while True:
        begun = time.monotonic()
        try:
            last = _tell(session, _sign(notaries), last)
        except LogUnavailable as error:
            _start_again(session, notaries, every, error)
            last = ()
        time.sleep(max(begun + every - time.monotonic(), 0))


def _start_again(session: Session, notaries: Sequence[Notary], every: float, error: LogUnavailable) -> None:
    """Say that the log is out of reach, and start anew once it is not."""
    from event_log.errors import LogUnavailable

    told = ""
    while True:
        if str(error) != told:
            told = str(error)
            session.say(error.said or Said(told, told))
        time.sleep(every)
        try:
            for notary in notaries:
                _start(session, notary, every)
        except LogUnavailable as again:
            error = again
        else:
            return


def _sign(notaries: Sequence[Notary]) -> list[Round]:
    """A round of all partitions: while witnesses are waited for, the next partition is read."""
    begun = [notary.begin() for notary in notaries]
    return [notary.finish(one) for notary, one in zip(notaries, begun, strict=True)]


def _tell(session: Session, rounds: Sequence[Round], before: Sequence[Round]) -> Sequence[Round]:
    """Say what a round came to, as far as it differs from the one before."""
    from transparency.notary.witnesses import all_told, told_of

    earlier: list[Round | None] = [*before] if before else [None for _ in rounds]
    for done, last in zip(rounds, earlier, strict=True):
        for path in done.repaired:
            session.say(_filled(REPAIRED, path=path))
        for name, answer in done.alarms.items():
            if last is None or last.alarms.get(name) != answer:
                one = told_of(answer)
                session.say(
                    Said(ALARM.id.format(name=name, answer=one.id), ALARM.en.format(name=name, answer=one.en))
                )
    if before and [_result(one) for one in rounds] == [_result(one) for one in before]:
        return rounds
    size = sum(one.head.size for one in rounds)
    withheld = next((one for one in rounds if not one.published), None)
    if withheld is None:
        # Of several partitions those are named who cosigned all.
        names = ", ".join(
            name for name in rounds[0].cosigners if all(name in one.cosigners for one in rounds)
        )
        by = _filled(BY, names=names) if names else Said("", "")
        session.say(Said(PUBLISHED.id.format(size=size, by=by.id), PUBLISHED.en.format(size=size, by=by.en)))
    else:
        told = all_told(withheld.answers)
        session.say(
            Said(
                WITHHELD.id.format(size=size, answers=told.id), WITHHELD.en.format(size=size, answers=told.en)
            )
        )
    return rounds


def _result(done: Round) -> tuple[object, ...]:
    """What a change of is told."""
    return done.head, done.published, done.cosigners


def _filled(said: Said, **values: object) -> Said:
    return Said(said.id.format(**values), said.en.format(**values))
