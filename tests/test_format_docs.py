"""docs/formats.md is what is written: constants, headers, fields, tables and files are those of the code."""

from __future__ import annotations

import re
import sqlite3
from hashlib import sha256
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pytest

from clickhouse.interface.access import TOKEN_FILE, new_token
from clickhouse.ownership import GUARD_FILE, LOCK_FILE, OWNER_FILE, own
from event_log.accepted import AcceptedEvents
from event_log.kafka.control import Opened
from event_log.kafka.topics import ALL_TOPICS
from event_log.sqlite import SqliteLog
from rekap.sending import ACCEPTED_FILE
from schemas.data_directory import DataDirectory
from schemas.directory_identity import IDENTITY_FILE, adopt
from schemas.language import Text
from schemas.references import as_reference, reference_to
from schemas.regions import Level
from schemas.rejections import Reason, Rejection
from schemas.tables import TABLES
from schemas.tally_messages import TallyMessage
from sinks.row_messages import encode
from stream_processors.distributed.count_stage import CountStage
from stream_processors.distributed.publisher import KafkaPublisher
from stream_processors.distributed.snapshots import Snapshots
from stream_processors.embedded.decisions import Decisions
from stream_processors.partition import unit_states
from tests.worlds import world

TEXT: Final = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What is under a heading, up to the next one of any level."""
    (found,) = re.findall(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without backticks."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines[2:]]


def column(title: str, number: int = 0) -> list[str]:
    """A column of the table under a heading."""
    return [row[number] for row in rows(title)]


def test_constants_have_their_values() -> None:
    told = rows("Versions and bounds")
    assert len(told) > 5
    assert {name: value.replace(",", "") for name, value, _ in told} == {
        name: str(resolve_name(name)) for name, _, _ in told
    }


def test_every_format_number_is_told() -> None:
    """A module with a FORMAT of its own that this page does not name."""
    root = Path(__file__).parents[1]
    found = {
        ".".join((*path.relative_to(root).with_suffix("").parts, "FORMAT"))
        for package in ("schemas", "event_log", "sinks", "stream_processors", "clickhouse", "producers")
        for path in (root / package).rglob("*.py")
        if re.search(r"^FORMAT: Final = \d", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {name for name in column("Versions and bounds") if name.endswith(".FORMAT")}


def test_every_topic_is_told() -> None:
    headings = re.findall(r"^### (.+)$", TEXT.split("\n## Topics\n")[1].split("\n## ")[0], re.MULTILINE)
    assert sorted(name for heading in headings for name in heading.split(", ")) == sorted(
        topic.name for topic in ALL_TOPICS
    )


def test_the_headers_of_rows() -> None:
    table = TABLES["sink_position"].empty_table()
    one = pa.Table.from_pylist(
        [{"election": "e", "partition": 0, "position": 4, "recorded_at": 0}], schema=table.schema
    )
    (message,) = encode({"sink_position": one}, 3, more=True)
    assert [name for name, _ in message.headers] == column("count-rows")
    said = dict(message.headers)
    assert said["after"] == b"3"
    assert said["more"] == b""
    assert re.fullmatch(b"[0-9a-f]{8}", said["checksum"])
    assert said["tables"] == b"sink_position:%d" % len(message.value)


def test_the_fields_of_tallies() -> None:
    message = TallyMessage("e", "PPWP", Level.NATION, "0", "", 1, {0: (1, 2)}, {0: 3}, 4)
    assert sorted(orjson.loads(message.encode())) == column(
        "district-tallies, province-tallies, nation-tallies"
    )


def test_the_headers_of_rejected_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(KafkaPublisher, "_send", lambda _, *arguments: sent.append(arguments))
    publisher = KafkaPublisher.__new__(KafkaPublisher)
    publisher.publish_rejected(2, 7, b"key", b"raw", Rejection(Reason.MALFORMED, Text(id="i", en="e")))
    ((_, partition, key, value, headers),) = sent
    assert (partition, key, value) == (2, b"key", b"raw")
    assert [name for name, _ in headers] == column("count-events.rejected")
    assert dict(headers)["position"] == b"7"


def test_a_reference_is_written_as_it_says() -> None:
    (shape,) = re.findall(r"`(rekap-reference [^`]+)`", TEXT)
    for reason in re.findall(r"`(\w+)`", TEXT.split("where R is ")[1].split(",")[0]):
        digest = sha256(b"raw").hexdigest()
        told = shape.replace("=P ", "=7 ").replace("=N ", "=3 ").replace("=H ", f"={digest} ")
        assert reference_to(b"raw", 7, reason) == told.replace("=R", f"={reason}").encode()
        assert as_reference(reference_to(b"raw", 7, reason)) is not None


def test_the_record_of_the_control_topic() -> None:
    record = orjson.loads(Opened("e", "d", "r", 12).encode())
    assert sorted(record) == sorted(column("election-control"))
    assert record["type"] == rows("election-control")[0][1]


def tables_of(path: Path) -> dict[str, str]:
    """The columns of each table of a SQLite file."""
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {
        name: ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
        for (name,) in names
    }
    connection.close()
    return found


def test_the_tables_of_the_log(tmp_path: Path) -> None:
    log = SqliteLog.open(tmp_path / "log.sqlite")
    Decisions(log, {"PPWP": 0})
    log.close()
    assert {row[0]: row[1] for row in rows("log.sqlite")} == tables_of(tmp_path / "log.sqlite")


def test_the_tables_of_accepted_events(tmp_path: Path) -> None:
    with AcceptedEvents.open(tmp_path / ACCEPTED_FILE):
        pass
    assert {row[0]: row[1] for row in rows(ACCEPTED_FILE)} == tables_of(tmp_path / ACCEPTED_FILE)


def test_the_bytes_of_a_unit_state() -> None:
    state = unit_states.pack(bytes(64), bytes(16), 1, False, 2, 3, bytes(12))
    assert len(state) == (2 + 1 + 1 + 4 + 4) + 2 * 32 + 2 * 8 + 3 * 4
    sizes = re.findall(r"\((\d)(?: bytes)?\)", section("log.sqlite"))
    assert [int(size) for size in sizes] == [2, 1, 1, 4, 4]


def test_the_files_of_the_data_directory(tmp_path: Path) -> None:
    directory = DataDirectory.create(tmp_path / "count", world().election, world().registry)
    named = {ACCEPTED_FILE, IDENTITY_FILE, LOCK_FILE, GUARD_FILE, OWNER_FILE, TOKEN_FILE, "notary/", "tlog/"}
    made = {path.name for path in directory.path.iterdir()}
    assert {*column("The data directory")} == made | named | {directory.log_path.name, "clickhouse/"}


def test_the_arrays_of_the_register(tmp_path: Path) -> None:
    world().registry.save(tmp_path / "registry.npz")
    with np.load(tmp_path / "registry.npz") as file:
        assert sorted(re.findall(r"`(\w+)`", section("registry.npz"))) == sorted(file.files)


def test_the_fields_of_the_small_files(tmp_path: Path) -> None:
    adopt(tmp_path)
    identity = orjson.loads((tmp_path / IDENTITY_FILE).read_bytes())
    with own(tmp_path, "test"):
        owner = orjson.loads((tmp_path / OWNER_FILE).read_bytes())
    told = [(row[0], row[1]) for row in rows(f"{IDENTITY_FILE}, {OWNER_FILE}, {TOKEN_FILE}")]
    assert told == [(IDENTITY_FILE, name) for name in identity] + [(OWNER_FILE, name) for name in owner]
    new_token(tmp_path)
    assert len((tmp_path / TOKEN_FILE).read_text()) == 43 + 1


def test_the_fields_of_snapshots(tmp_path: Path) -> None:
    fixed = world()
    stage = CountStage(0, fixed.election, fixed.registry, fixed.ballots)
    assert Snapshots(tmp_path, "of").save(stage)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["count-events-0.arrow", "count-events-0.sum"]
    with pa.ipc.open_stream(str(tmp_path / "count-events-0.arrow")) as reader:
        assert list(reader.schema.metadata) == [b"about"]
        assert list(orjson.loads(reader.schema.metadata[b"about"])) == column("Snapshots")
        (columns,) = re.findall(r"Columns: (.+?) \(", section("Snapshots"))
        assert columns.replace("`", "").split(", ") == reader.schema.names


def test_every_name_of_code_exists() -> None:
    names = [
        one
        for one in re.findall(r"`([a-z_]+(?:\.\w+)+)`", TEXT)
        if not re.search(r"\.(json|sqlite|npz|lock|guard|token|sum|rejected|arrow)$", one)
    ]
    assert len(names) > 10
    for name in names:
        assert resolve_name(name) is not None, name
