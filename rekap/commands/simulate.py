"""`rekap simulate`: an invented election night into the log, as fast as possible or in its own time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rekap.cluster import broker_options
from rekap.command import Option, subcommand
from rekap.output.formats import Format, document_option
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection
    from schemas.sources import Source

MORE = Text(
    id="Semua angka dikarang dari benih (--seed): benih yang sama memberi kiriman yang sama, byte demi byte. "
    "Ada kiriman ganda, terlambat, bertentangan, pembetulan, pembatalan, dan salah hitung, seperti malam "
    "yang nyata. Dengan --broker semuanya masuk ke log di Kafka, dan worker yang menghitungnya.",
    en="Every figure is drawn from the seed: the same seed gives the same messages, byte for byte. There are "
    "duplicates, late and contradictory forms, corrections, annulments and wrong sums, as on a real night. "
    "With --broker all of it goes to the log on Kafka, where workers count it.",
)
SEED_HELP = Text(id="Benih.", en="The seed.")
CONTEST_HELP = Text(
    id="Hanya pemilihan ini; dapat diulang. Tanpa ini semuanya.",
    en="Only this contest; may be repeated. Without it all.",
)
SPEED_HELP = Text(
    id="Sekian kali lebih cepat daripada waktu sebenarnya (60: satu jam dalam satu menit); tanpa ini secepat "
    "mungkin.",
    en="So many times faster than real time (60: an hour in a minute); without it as fast as possible.",
)
SIGNED_HELP = Text(
    id="Dengan kunci dan tanda tangan yang dikarang dari benih, dan kiriman palsu, berulang, dari kunci yang "
    "dicabut atau di luar cakupan. Hanya untuk direktori yang belum berisi.",
    en="With keys and signatures drawn from the seed, and messages that are forged, reuse a number, or come "
    "from keys that are revoked or out of scope. For directories without events only.",
)
NOT_PACED = Text(
    id="--signed dan --speed tidak dapat dipakai bersama.", en="--signed and --speed don't go together."
)
KEYS_KNOWN = Text(
    id="Kunci-kunci ini dikarang dari benih {seed}: siapa pun dapat membuatnya. Hanya untuk uji coba.",
    en="These keys are drawn from the seed {seed}: anybody can make them. For trials only.",
)
EXAMPLES = (
    "rekap --data night simulate --seed 7",
    "rekap --data night simulate --contest PPWP --speed 600",
    "rekap --data night simulate --seed 7 --format json",
    "rekap --data night simulate --speed 60 --broker 127.0.0.1:9092",
    "rekap --data signed simulate --signed",
)
DEFAULT_SEED = 2024


@subcommand("simulate", MORE, EXAMPLES)
@click.option(
    "--seed", cls=Option, said=SEED_HELP, type=click.IntRange(0, 2**63 - 1), default=DEFAULT_SEED, metavar="N"
)
@click.option("--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option(
    "--speed", cls=Option, said=SPEED_HELP, type=click.FloatRange(0, min_open=True), metavar="FACTOR"
)
@click.option("--signed", cls=Option, said=SIGNED_HELP, is_flag=True)
@broker_options(required=False)
@document_option
@pass_session
def command(
    session: Session,
    /,
    seed: int,
    contests: tuple[str, ...],
    speed: float | None,
    signed: bool,
    connection: Connection | None,
    written: str,
) -> int:
    from rekap.nights import PREPARING, PacedNight, night, signed_night
    from rekap.render.bars import Waiting

    chosen = session.contests(contests) or None
    if signed and speed is not None:
        raise click.UsageError(session.text(NOT_PACED))
    source: Source
    with Waiting(session, PREPARING):
        if signed:
            source = signed_night(session, seed, chosen)
        else:
            whole = night(session, seed, chosen)
            source = whole if speed is None else PacedNight(whole, speed)
    if signed:
        session.say(Text(KEYS_KNOWN.id.format(seed=seed), KEYS_KNOWN.en.format(seed=seed)))
    # One message after the other in this process: others would fetch chunks before their time has come.
    processes = None if speed is None else 0
    if connection is not None:
        from rekap import sending

        sent = sending.send(session, source, connection, processes=processes)
        return sending.tell(session, sent, Format(written))

    from rekap import counting

    report = counting.take_in(session, source, "simulate", workers=processes)
    return counting.tell(session, report, Format(written))
