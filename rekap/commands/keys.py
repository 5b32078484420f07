"""`rekap keys`: keys as encrypted files, and the events that say who may submit."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rekap.cluster import broker_options
from rekap.command import Argument, Option, subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, document_option, write_document
from rekap.session import Session, pass_session
from rekap.terminal import echo
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection
    from rekap.enrolled_keys import EnrolledKeys
    from schemas.signing import Signer

MORE = Text(
    id="generate membuat kunci dalam berkas terenkripsi. open, enrol --registrar, revoke --registrar, rules, "
    "pause dan resume ditandatangani kunci induk (--key berulang); enrol dan revoke perangkat oleh kunci "
    "pendaftar. Tanpa --out peristiwanya masuk ke log; dengan --out ditulis ke berkas, agar pemegang kunci "
    "lain menambah tanda tangannya dengan sign. list menampilkan semua kunci. Upacaranya ada di "
    "docs/keys.md.",
    en="generate makes a key in an encrypted file. open, enrol --registrar, revoke --registrar, rules, pause "
    "and resume are signed by keys of the root (--key, repeated); enrolling and revoking devices by a "
    "registrar's. Without --out the event goes into the log; with it into a file, so that whoever holds "
    "another key adds a signature with sign. list shows all keys. The ceremony is in docs/keys.md.",
)
EXAMPLES = (
    "rekap keys generate --out root-1.key",
    "rekap --data count keys open --key root-1.key --key root-2.key",
    "rekap --data count keys enrol --registrar KEY --within 11 --key root-1.key --out enrol.json",
    "rekap --data count keys sign enrol.json --key root-2.key",
    "rekap --data count keys enrol --device KEY --role kpps --station 1101012001001 --key registrar.key",
    "rekap --data count keys revoke --device KEY --note lost --key registrar.key",
    "rekap --data count keys list",
)
NO_KEYS: Final = Text(
    id="Definisi pemilu ini tidak menyebut kunci (identity): siapa yang mengirim tidak diperiksa.",
    en="The definition of this election names no keys (identity): who sends is not verified.",
)
ACTIONS: Final = ("generate", "open", "enrol", "revoke", "rules", "pause", "resume", "sign", "list")

OUT_HELP = Text(
    id="generate: berkas kunci; lainnya: berkas peristiwa, yang lalu tidak dikirim ke log.",
    en="generate: the key file; others: the event's file, which is not sent to the log then.",
)
KEY_HELP = Text(
    id="Berkas kunci yang menandatangani; dapat diulang.", en="A key file that signs; may be repeated."
)
PASSPHRASE_HELP = Text(
    id="Berkas berisi frasa sandi, untuk semua kunci atau satu untuk setiap --key; tanpa ini ditanyakan.",
    en="A file with the passphrase, of all keys or one for each --key; without it you are asked.",
)
REGISTRAR_HELP = Text(
    id="enrol, revoke: kunci publik pendaftar.", en="enrol, revoke: the public key of a registrar."
)
DEVICE_HELP = Text(
    id="enrol, revoke: kunci publik perangkat.", en="enrol, revoke: the public key of a device."
)
DEVICES_HELP = Text(
    id="enrol: tabel banyak perangkat (CSV: key, role, stations, regions, ends, device).",
    en="enrol: a table of many devices (CSV: key, role, stations, regions, ends, device).",
)
ROLE_HELP = Text(id="enrol: peran perangkat.", en="enrol: the device's role.")
STATION_HELP = Text(
    id="enrol: TPS yang dikirimnya; dapat diulang.", en="enrol: a station that it reports; may be repeated."
)
WITHIN_HELP = Text(
    id="enrol: semua di dalam wilayah ini; dapat diulang.",
    en="enrol: everything within this region; may be repeated.",
)
ENDS_HELP = Text(id="enrol: berlaku sampai saat ini.", en="enrol: until this time.")
NAME_HELP = Text(id="enrol: nama perangkat, untuk orang.", en="enrol: the device's name, for people.")
NOTE_HELP = Text(id="Alasannya, untuk pembaca log.", en="Why, for readers of the log.")
SIGN_HELP = Text(
    id="rules: peran yang harus menandatangani; dapat diulang.",
    en="rules: a role that must sign; may be repeated.",
)
SEQ_HELP = Text(
    id="sign: nomor urut perangkat untuk hasil yang ditandatangani.",
    en="sign: the device's number for a count that is signed.",
)
ROLES = ("kpps", "ppk", "kpu_kabko", "kpu_prov", "kpu", "importer")
"""Those of schemas.events.Role that submit a count."""

NEEDS: Final = Text(id="rekap keys {action} memerlukan {option}.", en="rekap keys {action} needs {option}.")
ONLY: Final = Text(
    id="{option} tidak berlaku untuk rekap keys {action}.", en="{option} is not for rekap keys {action}."
)
NO_KEY: Final = Text(
    id="Kunci {key} tidak terdaftar pada perangkat mana pun, atau sudah dicabut.",
    en="The key {key} is enrolled for no device, or was revoked.",
)
MADE: Final = Text(id="Kunci {key} ditulis ke {path}.", en="The key {key} was written to {path}.")
DRAFTED: Final = Text(id="{type} {event} ditulis ke {path}.", en="{type} {event} was written to {path}.")
STATUS: Final = {
    "accepted": Text(id="{type} {event}: berlaku.", en="{type} {event}: in force."),
    "repeated": Text(id="{type} {event}: sudah berlaku.", en="{type} {event}: in force already."),
    "recorded": Text(
        id="{type} {event}: tercatat di log; worker yang memutuskannya.",
        en="{type} {event}: recorded in the log; workers decide about it.",
    ),
    "rejected": Text(id="{type} {event}: ditolak. {why}", en="{type} {event}: rejected. {why}"),
}
SHOWN: Final = 16
"""Digits of an event id: enough to find it."""

USES: Final[dict[str, tuple[str, ...]]] = {
    "generate": ("out", "passphrase_file"),
    "open": ("key",),
    "enrol": ("key", "registrar", "device", "devices", "role", "station", "within", "ends", "name"),
    "revoke": ("key", "registrar", "device", "note"),
    "rules": ("key", "must_sign", "note"),
    "pause": ("key", "note"),
    "resume": ("key", "note"),
    "sign": ("key", "seq"),
    "list": (),
}
"""The options of each action, beside --out and --passphrase-file of those that sign."""


@subcommand("keys", MORE, EXAMPLES)
@click.argument("action", cls=Argument, type=click.Choice(ACTIONS))
@click.argument(
    "event", cls=Argument, metavar="[EVENT]", required=False, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--out", cls=Option, said=OUT_HELP, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--key",
    cls=Option,
    said=KEY_HELP,
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option(
    "--passphrase-file",
    cls=Option,
    said=PASSPHRASE_HELP,
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option("--registrar", cls=Option, said=REGISTRAR_HELP, metavar="KEY")
@click.option("--device", cls=Option, said=DEVICE_HELP, metavar="KEY")
@click.option(
    "--devices",
    cls=Option,
    said=DEVICES_HELP,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option("--role", cls=Option, said=ROLE_HELP, metavar="ROLE", type=click.Choice(ROLES))
@click.option("--station", cls=Option, said=STATION_HELP, metavar="ID", multiple=True)
@click.option("--within", cls=Option, said=WITHIN_HELP, metavar="REGION", multiple=True)
@click.option("--ends", cls=Option, said=ENDS_HELP, metavar="TIME")
@click.option("--name", cls=Option, said=NAME_HELP, metavar="NAME")
@click.option("--note", cls=Option, said=NOTE_HELP, metavar="TEXT")
@click.option(
    "--must-sign", cls=Option, said=SIGN_HELP, metavar="ROLE", multiple=True, type=click.Choice(ROLES)
)
@click.option("--seq", cls=Option, said=SEQ_HELP, metavar="N", type=click.IntRange(1, 2**32 - 1))
@broker_options(required=False)
@document_option
@pass_session
def command(
    session: Session,
    /,
    action: str,
    event: Path | None,
    connection: Connection | None,
    written: str,
    **chosen: Any,
) -> int:
    as_json = Format(written) is Format.JSON
    _refuse_strangers(session, action, event, chosen)
    if action == "generate":
        return _generate(session, chosen, as_json)
    if action == "list":
        return _list(session, connection, as_json)
    if not chosen["key"]:
        raise _usage(session, NEEDS, action=action, option="--key FILE")
    from rekap.key_events import checked, read_event, sign

    documents = [read_event(event)] if event is not None else _drafts(session, action, connection, chosen)
    keys = _signers(session, chosen)
    raws = [checked(sign(document, keys, chosen["seq"])) for document in documents]
    if chosen["out"] is not None:
        return _write(session, raws, chosen["out"], as_json)
    return _send(session, raws, connection, as_json)


def _refuse_strangers(session: Session, action: str, event: Path | None, chosen: dict[str, Any]) -> None:
    uses = {*USES[action], *(("out", "passphrase_file") if action != "list" else ())}
    for name, value in chosen.items():
        if value not in (None, ()) and name not in uses:
            raise _usage(session, ONLY, action=action, option=f"--{name.replace('_', '-')}")
    if (event is not None) is not (action == "sign"):
        raise _usage(session, ONLY if event is not None else NEEDS, action=action, option="EVENT")


def _generate(session: Session, chosen: dict[str, Any], as_json: bool) -> int:
    from rekap.key_events import passphrase
    from schemas.key_files import write_key
    from schemas.signing import Signer

    path = chosen["out"]
    if path is None:
        raise _usage(session, NEEDS, action="generate", option="--out FILE")
    if path.exists():  # before anybody thinks of a passphrase
        raise FileExistsError(17, "File exists", str(path))
    signer = Signer.generate()
    write_key(path, signer, passphrase(session, path, chosen["passphrase_file"], 0, new=True))
    if as_json:
        write_document({"key_id": signer.key_id, "file": str(path)})
    else:
        session.say(Text(*(text.format(key=signer.key_id, path=path) for text in MADE)))
    return DONE


def _drafts(
    session: Session, action: str, connection: Connection | None, chosen: dict[str, Any]
) -> list[dict[str, Any]]:
    """The events that the action makes, unsigned."""
    from rekap.key_events import devices_in, draft, enrolments

    note = chosen["note"]
    if action in ("revoke", "rules", "pause", "resume") and not note:
        raise _usage(session, NEEDS, action=action, option="--note TEXT")
    match action:
        case "open":
            registry = session.directory.registry
            return [
                draft(
                    session,
                    "ElectionOpened",
                    {"definition": session.election.hash, "registry": registry.hash},
                )
            ]
        case "pause" | "resume":
            kind = "CountingPaused" if action == "pause" else "CountingResumed"
            return [draft(session, kind, {"note": note})]
        case "rules":
            return [
                draft(session, "RuleSetChanged", {"signed_roles": list(chosen["must_sign"]), "note": note})
            ]
    named = [name for name in ("registrar", "device", "devices") if chosen[name] is not None]
    if len(named) != 1:
        raise _usage(session, NEEDS, action=action, option="--registrar KEY / --device KEY")
    if action == "revoke":
        return _revocations(session, connection, chosen)
    if chosen["registrar"] is not None:
        if not chosen["within"]:
            raise _usage(session, NEEDS, action=action, option="--within REGION")
        payload = {"key": chosen["registrar"], "regions": list(chosen["within"])}
        return [draft(session, "RegistrarEnrolled", payload)]
    if chosen["devices"] is not None:
        devices = devices_in(chosen["devices"])
    else:
        if chosen["role"] is None:
            raise _usage(session, NEEDS, action=action, option="--role ROLE")
        devices = [_device(chosen)]
    registry = session.directory.registry
    return [
        draft(session, "DeviceEnrolled", payload, home) for home, payload in enrolments(registry, devices)
    ]


def _device(chosen: dict[str, Any]) -> dict[str, Any]:
    device = {
        "key": chosen["device"],
        "role": chosen["role"],
        "stations": list(chosen["station"]),
        "regions": list(chosen["within"]),
        "ends": chosen["ends"],
        "device": chosen["name"],
    }
    return {name: value for name, value in device.items() if value}


def _revocations(
    session: Session, connection: Connection | None, chosen: dict[str, Any]
) -> list[dict[str, Any]]:
    from rekap.key_events import KeysUnusable, draft

    note = chosen["note"]
    if chosen["registrar"] is not None:
        return [draft(session, "RegistrarRevoked", {"key": chosen["registrar"], "note": note})]
    key = chosen["device"]
    homes = _keys_of(session, connection).homes_of(key)
    if not homes:
        said = Text(*(text.format(key=key) for text in NO_KEY))
        raise KeysUnusable(id=said.id, en=said.en)
    return [draft(session, "DeviceRevoked", {"keys": [key], "note": note}, home) for home in homes]


def _signers(session: Session, chosen: dict[str, Any]) -> list[Signer]:
    from rekap.key_events import signers

    return signers(session, chosen["key"], chosen["passphrase_file"])


def _write(session: Session, raws: list[bytes], out: Path, as_json: bool) -> int:
    from schemas.decode import decode

    out.write_bytes(b"".join(raw + b"\n" for raw in raws))
    decoded = [decode(raw) for raw in raws]
    if as_json:
        rows = [{"event_id": one.event_id, "type": one.event.type, "status": "written"} for one in decoded]
        write_document({"file": str(out), "events": rows})
    else:
        for one in decoded:
            numbers = {"type": one.event.type, "event": one.event_id[:SHOWN], "path": out}
            session.say(Text(*(text.format(**numbers) for text in DRAFTED)))
    return DONE


def _send(session: Session, raws: list[bytes], connection: Connection | None, as_json: bool) -> int:
    from rekap.key_events import send

    sent = send(session, raws, connection)
    if as_json:
        write_document(
            {
                "file": None,
                "events": [
                    {
                        "event_id": one.event_id,
                        "type": one.type,
                        "status": one.status,
                        "sentence": one.said._asdict() if one.said is not None else None,
                    }
                    for one in sent
                ],
            }
        )
    else:
        for one in sent:
            why = one.said or Text("", "")
            said = STATUS.get(one.status, STATUS["rejected"])
            names = {"type": one.type, "event": one.event_id[:SHOWN]}
            session.say(Text(said.id.format(**names, why=why.id), said.en.format(**names, why=why.en)))
    return DONE if all(one.status in ("accepted", "repeated", "recorded") for one in sent) else ANSWER_IS_NO


def _keys_of(session: Session, connection: Connection | None) -> EnrolledKeys:
    """The keys in the log. Raises LogUnavailable."""
    from event_log.sqlite import SqliteLog
    from rekap.enrolled_keys import EnrolledKeys
    from rekap.reading import open_kafka_log

    election, registry = session.election, session.directory.registry
    if connection is not None:
        with open_kafka_log(session, connection) as kafka:
            return EnrolledKeys.read(kafka, election, registry)
    path = session.directory.log_path
    if not path.exists():  # nothing was sent yet
        return EnrolledKeys.read(None, election, registry)
    with closing(SqliteLog.open(path, readonly=True)) as log:
        return EnrolledKeys.read(log, election, registry)


def _list(session: Session, connection: Connection | None, as_json: bool) -> int:
    from rekap.render.key_table import key_lines
    from rekap.render.tables import show

    found = _keys_of(session, connection)
    if as_json:
        write_document({"opened": found.is_opened, "paused": found.is_paused, "keys": list(found.rows())})
    elif session.directory.election.identity is None:
        echo(session.text(NO_KEYS))
    else:
        show(key_lines(found.rows(), session.language, opened=found.is_opened, paused=found.is_paused))
    return DONE


def _usage(session: Session, said: Text, **names: str) -> click.UsageError:
    return click.UsageError(session.text(said).format(**names))
