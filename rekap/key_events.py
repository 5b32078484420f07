"""Events about keys as `rekap keys` makes them: drafts, their signatures, and the way into the log."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from rekap.csv_files import strict_rows
from rekap.session import Session
from schemas.control_events import ELECTION_CONTROL_TYPES, MAX_DEVICES
from schemas.decode import MAX_BYTES, decode, encode
from schemas.events import SCHEMA_VERSION
from schemas.input_files import open_input
from schemas.key_files import key_id_in, read_key
from schemas.language import ExplainedError, Text
from schemas.outcomes import Status
from schemas.placement import home_of
from schemas.regions import Registry
from schemas.rejections import Rejected
from schemas.signing import Signer
from schemas.text import quoted

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

Document = dict[str, Any]

ASK: Final = Text(id="Frasa sandi {path}", en="Passphrase of {path}")
ASK_NEW: Final = Text(id="Frasa sandi baru untuk {path}", en="New passphrase for {path}")
REPEAT: Final = Text(id="Sekali lagi", en="Once more")
MAX_PASSPHRASE_BYTES: Final = 4_096
MAX_DEVICES_BYTES: Final = 200 * 1024**2
"""Of a table of devices: some 100 bytes for each of a nation's million phones."""

DEVICE_COLUMNS: Final = ("key", "role", "stations", "regions", "ends", "device")


class KeysUnusable(ExplainedError):
    """What was asked for can't be done with these keys, devices or regions; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an event: `status` is accepted, repeated, rejected or recorded."""

    event_id: str
    type: str
    status: str
    said: Text | None


def passphrase(session: Session, path: Path, files: Sequence[Path], number: int, *, new: bool = False) -> str:
    """The passphrase of the key file at `path`, which is the one of that number: from its own file, from the
    only one, or asked for."""
    if files:
        with open_input(files[number if len(files) > 1 else 0], MAX_PASSPHRASE_BYTES) as file:
            return file.read().decode("utf-8", "strict").rstrip("\r\n")
    said = session.text(ASK_NEW if new else ASK).format(path=path)
    again = session.text(REPEAT) if new else False
    return str(click.prompt(said, hide_input=True, err=True, confirmation_prompt=again))


def signers(session: Session, keys: Sequence[Path], passphrases: Sequence[Path]) -> list[Signer]:
    """The keys in those files, each opened. Raises KeyFileUnusable, PassphraseWrong and OSError."""
    if len(passphrases) > 1 and len(passphrases) != len(keys):
        raise KeysUnusable(
            id=f"{len(keys)} kunci dan {len(passphrases)} berkas frasa sandi: berikan satu untuk semua, atau "
            "satu untuk setiap kunci.",
            en=f"{len(keys)} keys and {len(passphrases)} files with passphrases: give one for all, "
            "or one for "
            "each key.",
        )
    for path in keys:
        key_id_in(path)  # a file that is none is told before anybody types
    return [
        read_key(path, passphrase(session, path, passphrases, number)) for number, path in enumerate(keys)
    ]


def draft(session: Session, kind: str, payload: Document, region: str | None = None) -> Document:
    """An event about keys that nobody has signed yet."""
    return {
        "type": kind,
        "schema_version": SCHEMA_VERSION,
        "election": session.election.id,
        "occurred_at": datetime.now().astimezone().isoformat(),
        "payload": payload,
        **({} if region is None else {"region": region}),
    }


def sign(document: Document, keys: Sequence[Signer], seq: int | None = None) -> Document:
    """The event with the signatures of these keys. Raises KeysUnusable where one key signs and several are
    given."""
    document = {name: value for name, value in document.items() if name != "event_id"}
    if seq is not None:
        document["seq"] = seq
    if document.get("type") in ELECTION_CONTROL_TYPES:
        for key in keys:
            document = key.cosigned(document)
        return document
    if len(keys) != 1:
        raise KeysUnusable(
            id=f"{document.get('type')} ditandatangani satu kunci, dan diberikan {len(keys)}.",
            en=f"{document.get('type')} is signed by one key, and {len(keys)} were given.",
        )
    return keys[0].signed(document)


def read_event(path: Path) -> Document:
    """The event in a file. Raises KeysUnusable, InputRefused and OSError."""
    with open_input(path, MAX_BYTES) as file:
        raw = file.read()
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise KeysUnusable(
            id=f"{quoted(path)} tidak memuat satu peristiwa sebagai objek JSON.",
            en=f"{quoted(path)} does not hold one event as a JSON object.",
        )
    return document


def checked(document: Document) -> bytes:
    """The bytes of a signed event. Raises KeysUnusable for what is no event."""
    raw = encode(document)
    try:
        decode(raw)
    except Rejected as error:
        said = error.rejection.said
        raise KeysUnusable(id=said.id, en=said.en) from None
    return raw


def enrolments(registry: Registry, devices: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    """The devices by their district, as many together as fit into an event: its region and payload. Raises
    KeysUnusable for a device without a place, or with several."""
    by_home: dict[str, list[Document]] = {}
    for device in devices:
        by_home.setdefault(_home(registry, device), []).append(device)
    for home, some in by_home.items():
        yield from _fitting(home, some)


def _fitting(home: str, devices: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    """These devices in events that are small enough; half of the bytes are left for the rest of the event."""
    size = len(orjson.dumps(devices))
    if len(devices) > 1 and (len(devices) > MAX_DEVICES or size > MAX_BYTES // 2):
        middle = len(devices) // 2
        yield from _fitting(home, devices[:middle])
        yield from _fitting(home, devices[middle:])
    else:
        yield home, {"devices": list(devices)}


def _home(registry: Registry, device: Document) -> str:
    """The region whose partition the device is enrolled in."""
    homes: set[int] = set()
    for unit in device.get("stations", ()):
        station = registry.station(unit)
        if station is None:
            raise _no_place(unit)
        homes.add(home_of(registry, station.village))
    for region in device.get("regions", ()):
        index = registry.index.get(region)
        if index is None:
            raise _no_place(region)
        homes.add(home_of(registry, index))
    if len(homes) != 1:
        raise KeysUnusable(
            id=f"Kunci {quoted(device['key'])} memerlukan TPS atau wilayah (--station, --within) dalam satu "
            "kabupaten/kota; untuk beberapa, daftarkan di masing-masing.",
            en=f"The key {quoted(device['key'])} needs stations or regions (--station, --within) of one "
            "district; for several, enrol it in each.",
        )
    return registry.ids[homes.pop()]


def _no_place(unit: str) -> KeysUnusable:
    return KeysUnusable(
        id=f"{quoted(unit)} tidak ada dalam daftar TPS dan wilayah. Periksa kodenya.",
        en=f"{quoted(unit)} is not in the register of stations and regions. Check the code.",
    )


def devices_in(path: Path) -> list[Document]:
    """The devices of a table. Stations and regions are separated by spaces. Raises KeysUnusable, InputRefused
    and OSError."""
    devices = []
    for row in _rows(path):
        device: Document = {"key": row["key"], "role": row["role"]}
        for name in ("stations", "regions"):
            if row.get(name):
                device[name] = row[name].split()
        device |= {name: row[name] for name in ("ends", "device") if row.get(name)}
        devices.append(device)
    return devices


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        header, *rows = [
            [cell.strip() for cell in row] for row in strict_rows(path, MAX_DEVICES_BYTES) if row
        ]
        if not {"key", "role"} <= set(header) <= set(DEVICE_COLUMNS) or len(set(header)) < len(header):
            raise ValueError
        return [dict(zip(header, row, strict=True)) for row in rows]
    except (ValueError, csv.Error):
        columns = ", ".join(DEVICE_COLUMNS)
        raise KeysUnusable(
            id=f"{quoted(path)} bukan tabel perangkat. Kolomnya: {columns}; key dan role wajib ada, setiap "
            "baris sama panjang.",
            en=f"{quoted(path)} is no table of devices. Its columns: {columns}; key and role are needed, and "
            "all rows are equally long.",
        ) from None


def send(session: Session, raws: Sequence[bytes], connection: Connection | None) -> list[Sent]:
    """Bring these events into the log; what became of each. On Kafka workers decide about them later. Raises
    LogUnavailable and what opening a directory raises."""
    decoded = [decode(raw) for raw in raws]
    if connection is None:
        from stream_processors.embedded.runner import Runner

        with Runner.open(session.directory, command="keys", workers=0) as runner:
            outcomes = runner.append(raws)
        statuses = [(one.status.value, one.rejection.said if one.rejection else one.said) for one in outcomes]
    else:
        from event_log.kafka.control import require
        from producers.publisher import Publisher

        require(connection, session.election, session.directory.registry)
        with Publisher(connection, session.directory.registry) as publisher:
            for raw in raws:
                publisher.publish(raw)
        statuses = [(Status.RECORDED.value, None)] * len(raws)
    return [
        Sent(one.event_id, one.event.type, status, said)
        for one, (status, said) in zip(decoded, statuses, strict=True)
    ]
