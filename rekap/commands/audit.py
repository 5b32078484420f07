"""`rekap audit`: receipts of events and bundles of a whole count, each checked without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rekap.cluster import broker_options, clickhouse_option
from rekap.command import Argument, Option, subcommand
from rekap.commands.log import event_option
from rekap.commands.results import moment_option
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, write_document
from rekap.session import Session, pass_session
from rekap.terminal import echo
from rekap.text.placeholders import in_language
from schemas.language import Text

if TYPE_CHECKING:
    from audit.bundle.report import Report

MORE = Text(
    id="receipt ID_PERISTIWA menulis bukti bahwa peristiwa itu tercatat dalam log yang diterbitkan rekap "
    "notary; baru ada setelah checkpoint berikutnya. check-receipt BERKAS memeriksa bukti itu terhadap byte "
    "peristiwanya dan kebijakan (--policy), tanpa jaringan dan tanpa direktori data. export BUNDEL menulis "
    "seluruh penghitungan sebagai berkas: log, pohonnya, definisi, daftar wilayah, dan yang ditampilkan. "
    "verify BUNDEL memeriksa semuanya dan menghitung ulang dengan program yang lain. replay melakukannya "
    "atas penghitungan yang berjalan; explain TPS|WILAYAH menerangkan setiap nilai yang pernah ditampilkan. "
    "Selesai dengan 0 hanya bila terbukti.",
    en="receipt EVENT_ID writes the proof that the event is recorded in the log that rekap notary publishes; "
    "there is one after the next checkpoint. check-receipt FILE holds that proof against the event's bytes "
    "and a policy (--policy), without a network and without a data directory. export BUNDLE writes the "
    "whole count as files: the log, its tree, definition, register, and what is shown. verify BUNDLE checks "
    "all of it and counts again with another program. replay does so with the count as it runs; explain UNIT "
    "tells of every value that was ever shown which events made it. Ends with 0 only if it is proven.",
)
EXAMPLES = (
    "rekap --data count audit receipt 3f9a0c1d22 --out form.tlog-proof",
    "rekap audit check-receipt form.tlog-proof --event form.json --policy log.policy",
    "rekap --data count audit export bundle",
    "rekap audit verify bundle --format json",
    "rekap --data count audit replay",
    "rekap --data count audit explain 3207-001",
)
OUT_HELP = Text(id="receipt: berkas tanda terima.", en="receipt: the file of the receipt.")
PUBLIC_HELP = Text(
    id="receipt, export: direktori yang diterbitkan (rekap notary --out); tanpa ini DIR/tlog.",
    en="receipt, export: the published directory (rekap notary --out); without it DIR/tlog.",
)
QR_HELP = Text(
    id="receipt: juga sebagai kode QR, berkas .svg atau .png.",
    en="receipt: as a QR code too, a file .svg or .png.",
)
WITH_EVENT_HELP = Text(
    id="receipt: muat juga byte peristiwanya, agar berkas itu cukup sendiri.",
    en="receipt: put the event's bytes in too, so that the file is enough by itself.",
)
EVENT_HELP = Text(
    id="check-receipt: berkas dengan byte peristiwanya; tanpa ini yang termuat dalam tanda terima.",
    en="check-receipt: the file with the event's bytes; without it those in the receipt.",
)
POLICY_HELP = Text(
    id="check-receipt, verify: log yang diterima dan saksi yang diwajibkan (c2sp.org/tlog-policy). "
    "export: sertakan dalam bundel.",
    en="check-receipt, verify: the logs to accept and the witnesses to ask for (c2sp.org/tlog-policy). "
    "export: put it into the bundle.",
)
CHECKPOINT_HELP = Text(
    id="verify: checkpoint terdahulu dari tempat lain; log harus melanjutkannya. Dapat diulang.",
    en="verify: an earlier checkpoint that you had from elsewhere; the log has to go on from it. May be "
    "repeated.",
)
AT_HELP = Text(
    id="replay: seperti yang ditampilkan sesudah entri checkpoint ini.",
    en="replay: as it was shown after the entries of this checkpoint.",
)
AS_OF_HELP = Text(
    id="replay: seperti yang ditampilkan pada waktu itu, misalnya 2024-02-15T08:00+07:00.",
    en="replay: as it was shown at that time, such as 2024-02-15T08:00+07:00.",
)
BETWEEN_HELP = Text(
    id="explain: hanya nilai yang muncul di antara kedua waktu itu.",
    en="explain: only values that came up between these two times.",
)
ONE_OF: Final = Text(
    id="Sebutkan salah satu saja dari --at dan --as-of.", en="Give one of --at and --as-of only."
)
WRITTEN_HELP = Text(
    id="Bentuk keluaran; markdown dan html hanya untuk verify.",
    en="How to write it; markdown and html for verify only.",
)
NEEDS: Final = Text(id="rekap audit {action} memerlukan {option}.", en="rekap audit {action} needs {option}.")
ONLY: Final = Text(
    id="{option} hanya untuk rekap audit {action}.", en="{option} is for rekap audit {action} only."
)
WRITTEN: Final = Text(
    id="Tanda terima entri {index} ditulis ke {path} ({size} byte).",
    en="The receipt of entry {index} was written to {path} ({size} bytes).",
)
EXPORTED: Final = Text(
    id="{entries} entri ditulis ke {path} ({files} berkas, {bytes} byte).",
    en="{entries} entries were written to {path} ({files} files, {bytes} bytes).",
)
LATER: Final = Text(
    id="{later} entri yang lebih baru belum tercakup checkpoint mana pun, dan tidak ada dalam bundel ini.",
    en="{later} newer entries are covered by no checkpoint yet, and are not in this bundle.",
)
NO_EVENT: Final = Text(
    id="Tidak ada peristiwa dengan id {event}.", en="There is no event with the id {event}."
)
SEVERAL: Final = Text(
    id="Beberapa peristiwa berawal {event}: sebutkan lebih banyak angka.",
    en="Several events begin with {event}: give more digits.",
)

ONLY_WITH: Final = {
    "out": "receipt",
    "with_event": "receipt",
    "qr": "receipt",
    "event": "check-receipt",
    "checkpoints": "verify",
    "at": "replay",
    "as_of": "replay",
    "between": "explain",
}
"""Options that belong to one of the actions."""

SHARED: Final = {
    "public": ("receipt", "export"),
    "policy": ("check-receipt", "export", "verify"),
    "connection": ("export", "replay", "explain"),
    "clickhouse": ("export", "replay", "explain"),
}
"""Options that belong to several of them."""

ACTIONS: Final = ("receipt", "check-receipt", "export", "verify", "replay", "explain")
REPORTS: Final = (Format.TABLE.value, Format.JSON.value, "markdown", "html")

MAX_EVENT_BYTES: Final = 65_536
"""Of the file with an event: the largest one and a line feed."""


def _path(name: str, said: Text, metavar: str = "FILE") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option that names a file or a directory."""
    kind = click.Path(path_type=Path, dir_okay=metavar == "DIR", file_okay=metavar == "FILE")
    return click.option(name, cls=Option, said=said, type=kind, metavar=metavar)


def _two_moments(
    context: click.Context, parameter: click.Parameter, value: tuple[str, str] | None
) -> tuple[datetime, datetime] | None:
    if not value:
        return None
    first, last = (moment_option(context, parameter, one) for one in value)
    assert first is not None  # each has a value
    assert last is not None
    return first, last


@subcommand("audit", MORE, EXAMPLES)
@click.argument("action", cls=Argument, type=click.Choice(ACTIONS))
@click.argument("subject", cls=Argument, metavar="EVENT_ID|FILE|BUNDLE|UNIT", required=False, default="")
@_path("--out", OUT_HELP)
@_path("--public", PUBLIC_HELP, "DIR")
@click.option("--with-event", cls=Option, said=WITH_EVENT_HELP, is_flag=True)
@_path("--qr", QR_HELP)
@_path("--event", EVENT_HELP)
@_path("--policy", POLICY_HELP)
@click.option(
    "--checkpoint",
    "checkpoints",
    cls=Option,
    said=CHECKPOINT_HELP,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    multiple=True,
)
@_path("--at", AT_HELP)
@click.option("--as-of", cls=Option, said=AS_OF_HELP, metavar="TIME", callback=moment_option)
@click.option("--between", cls=Option, said=BETWEEN_HELP, nargs=2, metavar="TIME TIME", callback=_two_moments)
@broker_options(required=False)
@clickhouse_option
@click.option(
    *("--format", "-f", "written"),
    cls=Option,
    said=WRITTEN_HELP,
    type=click.Choice(REPORTS),
    default=Format.TABLE.value,
)
@pass_session
def command(session: Session, /, action: str, subject: str, written: str, **chosen: Any) -> int:
    for name, owner in ONLY_WITH.items():
        if chosen[name] and action != owner:
            raise _usage(session, ONLY, option=_option(name), action=owner)
    for name, owners in SHARED.items():
        if chosen[name] and action not in owners:
            raise _usage(session, ONLY, option=_option(name), action=" | ".join(owners))
    if action not in ("verify", "replay") and written not in (Format.TABLE.value, Format.JSON.value):
        raise _usage(session, ONLY, option=f"--format {written}", action="verify")
    as_json = written == Format.JSON.value
    if action == "replay":
        return _replay(session, written, chosen)
    if not subject:
        what = {"export": "BUNDLE", "verify": "BUNDLE", "check-receipt": "FILE", "explain": "UNIT"}
        raise _usage(session, NEEDS, action=action, option=what.get(action, "EVENT_ID"))
    if action == "explain":
        return _explain(session, subject, as_json, chosen)
    if action == "export":
        return _export(session, Path(subject), as_json, chosen)
    if action == "verify":
        return _verify(session, Path(subject), written, chosen)
    if action == "check-receipt":
        if chosen["policy"] is None:
            raise _usage(
                session, NEEDS, action=action, option=f"--policy {in_language('FILE', session.language)}"
            )
        return _check(session, Path(subject), chosen["event"], chosen["policy"], as_json)
    if chosen["out"] is None:
        raise _usage(session, NEEDS, action=action, option=f"--out {in_language('FILE', session.language)}")
    context = click.get_current_context()
    (parameter,) = [one for one in context.command.params if one.name == "subject"]
    event = event_option(context, parameter, subject)
    assert event is not None  # an argument has a value
    return _make(session, event, as_json, chosen)


def _make(session: Session, event: str, as_json: bool, chosen: dict[str, Any]) -> int:
    from audit.receipts import make_receipt, not_published
    from event_log.sqlite import SqliteLog
    from queries.events import find_event
    from rekap.qr_codes import TOO_LARGE, qr_code, require_kind
    from rekap.reading import reader
    from rekap.signing import PARTITION, PUBLIC_FOLDER, public_key

    out, qr = chosen["out"], chosen["qr"]
    if qr is not None:
        require_kind(session, qr)
    with reader(session, "audit") as client:
        found = find_event(client, session.election.id, event)
    if not found:
        session.say(Text(NO_EVENT.id.format(event=event), NO_EVENT.en.format(event=event)))
        return ANSWER_IS_NO
    if len({row["event_id"] for row in found}) > 1:
        raise _usage(session, SEVERAL, event=event)
    # The same event may have been rejected before it was accepted; the receipt is of the entry that counts.
    position = max(found, key=lambda row: (row["outcome"] == "accepted", row["position"]))["position"]
    log = SqliteLog.open(session.directory.log_path, readonly=True)
    try:
        (raw,) = log.at([position])
    finally:
        log.close()
    folder = (chosen["public"] or session.path / PUBLIC_FOLDER) / str(PARTITION)
    try:
        key = public_key(folder)
    except FileNotFoundError as error:
        raise not_published(error) from None
    proof = make_receipt(
        lambda path: (folder / path).read_bytes(),
        key,
        position,
        raw,
        with_event=chosen["with_event"],
    )
    content = proof.encode()
    out.write_bytes(content)
    image = None if qr is None else qr_code(content, qr.suffix.lower())
    if image is not None:
        qr.write_bytes(image)
    if as_json:
        write_document({"index": proof.index, "file": str(out), "bytes": len(content)})
    else:
        echo(session.text(WRITTEN).format(index=proof.index, path=out, size=len(content)))
    if qr is not None and image is None:
        size = len(content)
        session.say(Text(TOO_LARGE.id.format(size=size), TOO_LARGE.en.format(size=size)))
        return ANSWER_IS_NO
    return DONE


def _check(session: Session, path: Path, event: Path | None, policy: Path, as_json: bool) -> int:
    from audit.receipts import Verdict, check_receipt
    from rekap.signing import read_policy
    from schemas.input_files import open_input
    from transparency.proof import MAX_PROOF_BYTES

    parsed = read_policy(policy)
    with open_input(path, MAX_PROOF_BYTES) as file:
        receipt = file.read()
    raw = None
    if event is not None:
        with open_input(event, MAX_EVENT_BYTES) as file:
            raw = file.read()
    checked = check_receipt(receipt, raw, parsed)
    if as_json:
        write_document(checked.as_dict())
    else:
        echo(session.text(checked.sentence))
    return DONE if checked.verdict is Verdict.PROVEN else ANSWER_IS_NO


def _export(session: Session, bundle: Path, as_json: bool, chosen: dict[str, Any]) -> int:
    from rekap.auditing import export

    done = export(
        session,
        bundle,
        chosen["public"],
        chosen["policy"],
        chosen["connection"],
        chosen["clickhouse"],
    )
    if as_json:
        write_document(asdict(done) | {"bundle": str(bundle)})
    else:
        echo(session.text(EXPORTED).format(path=bundle, **asdict(done)))
        if done.later:
            session.say(Text(LATER.id.format(later=done.later), LATER.en.format(later=done.later)))
    return DONE


def _verify(session: Session, bundle: Path, written: str, chosen: dict[str, Any]) -> int:
    from rekap.auditing import verify

    return _report(session, verify(session, bundle, chosen["policy"], chosen["checkpoints"]), written)


def _replay(session: Session, written: str, chosen: dict[str, Any]) -> int:
    from rekap.auditing import replay

    if chosen["at"] is not None and chosen["as_of"] is not None:
        raise _usage(session, ONE_OF)
    report = replay(session, chosen["at"], chosen["as_of"], chosen["connection"], chosen["clickhouse"])
    return _report(session, report, written)


def _explain(session: Session, unit: str, as_json: bool, chosen: dict[str, Any]) -> int:
    from rekap.auditing import explained
    from rekap.render.audit_report import tell_values

    values = explained(session, unit, chosen["between"] or None, chosen["connection"], chosen["clickhouse"])
    unexplained = sum(value.explained is not True for value in values)
    if as_json:
        document = [value.as_dict() for value in values]
        write_document({"unit": unit, "unexplained": unexplained, "values": document})
    else:
        tell_values(session, unit, values)
    return ANSWER_IS_NO if unexplained else DONE


def _report(session: Session, report: Report, written: str) -> int:
    from rekap.render.audit_report import tell

    if written == Format.JSON.value:
        write_document(report.as_dict(session.language))
    else:
        tell(session, report, written)
    return DONE if report.verdict == "proven" else ANSWER_IS_NO


def _option(name: str) -> str:
    names = {"connection": "--broker", "checkpoints": "--checkpoint"}
    return names.get(name, f"--{name.replace('_', '-')}")


def _usage(session: Session, said: Text, **values: str) -> click.UsageError:
    return click.UsageError(session.text(said).format(**values))
