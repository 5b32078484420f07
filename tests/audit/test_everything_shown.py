"""What is shown and is not what the log gives is named with its place: rows, the register, definitions."""

from __future__ import annotations

import gc
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from audit import bounded_rows
from audit.comparison import ROW, Difference
from audit.verify import Verification, verify
from clickhouse.client import connect
from event_log.sqlite import SqliteLog
from queries import all_rows
from queries.all_rows import without_database
from schemas.data_directory import DataDirectory
from schemas.directory_identity import adopt
from sinks.definitions import migrated_definitions
from stream_processors.embedded.runner import Runner
from tests.rekap.messages import ANNULLED, CORRECTED, FLAGGED, VILLAGE, messages
from tests.worlds import ELECTION_ID, PPWP, corrected, election, pairs, recap, registry, submitted

FAR: Final = 1_000_000_000
"""A position that no log has."""

ZEROED: Final = "1201012001001"
"""A station whose count is replaced by zeros, which is a finding of the version after."""


def batches() -> list[list[bytes]]:
    """A count in several batches, so that regions have more than one snapshot."""
    first = submitted(ZEROED, pairs(7, 8, 9))
    province, nation = recap("11", {"1": 5}), recap("0", {"1": 6})
    return [
        messages()[:4],
        messages()[4:],
        [first, province, nation, submitted("1202022001001", pairs(300, 0, 0))],
        [corrected(ZEROED, first, pairs(0, 0, 0)), recap("11", {"1": 7}, supersedes=province)],
    ]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which they were counted. Never change it."""
    gc.collect()
    path = tmp_path_factory.mktemp("counted") / "data"
    directory = DataDirectory.create(path, election(count_unlisted_stations=True), registry())
    with Runner.open(directory, command="test", workers=0) as runner:
        for batch in batches():
            runner.submit(batch)
    return path


@pytest.fixture
def directory(kept: Path, tmp_path: Path) -> DataDirectory:
    """A copy of it, to forge."""
    gc.collect()
    path = tmp_path / "data"
    shutil.copytree(kept, path, symlinks=True)
    adopt(path)
    return DataDirectory.open(path)


def verified(directory: DataDirectory, *statements: str, **settings: Any) -> Verification:
    """The comparison, after these statements."""
    with closing(connect(directory.clickhouse_url)) as client:
        for statement in statements:
            client.command(statement)
        for name, value in settings.items():
            client.set_client_setting(name, value)
        with closing(SqliteLog.open(directory.log_path, readonly=True)) as log:
            return verify(log, directory.election, directory.registry, client, migrated_definitions())


@dataclass(frozen=True, slots=True)
class Forgery:
    """A statement, and the difference that it makes: where, and what the log gives and what is shown (ROW:
    the row is there on one side only)."""

    statement: str
    table: str
    key: Mapping[str, Any]
    column: str
    sides: tuple[Any, Any] | None = None

    def made(self, difference: Difference) -> bool:
        """Whether the difference is the one."""
        return (
            (difference.table, difference.column) == (self.table, self.column)
            and self.key.items() <= difference.key.items()
            and (self.sides is None or (difference.log, difference.shown) == self.sides)
        )


def like(table: str, where: str, **changes: Any) -> str:
    """A row more, like those for which `where` holds but for some columns."""
    replaced = ", ".join(f"{value} AS {column}" for column, value in changes.items())
    chosen = f"SELECT * FROM {table} FINAL WHERE {where}"
    return f"INSERT INTO {table} SELECT * REPLACE ({replaced}) FROM ({chosen})"


def change(table: str, where: str, assignment: str) -> str:
    """An update in place."""
    return f"ALTER TABLE {table} UPDATE {assignment} WHERE {where} SETTINGS mutations_sync = 2"


def remove(table: str, where: str) -> str:
    """A row less."""
    return f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 2"


def in_unit(unit: str, version: int | None = None) -> str:
    """The rows of a unit in PPWP, of one version or all."""
    of_version = "" if version is None else f" AND version = {version}"
    return f"contest = 'PPWP' AND unit = '{unit}'{of_version}"


def key(unit: str, version: int | None = None) -> dict[str, Any]:
    """The same as a key."""
    return {"contest": PPWP, "unit": unit} | ({} if version is None else {"version": version})


INVENTED: Final = (
    Forgery(
        like("station_history", in_unit(CORRECTED, 2), version=3, position=FAR, votes="map('1', 999)"),
        *("station_history", key(CORRECTED, 3), ROW),
    ),
    Forgery(
        like("station", in_unit("1202022001001"), version=2, position=FAR, voters=1),
        *("station", key("1202022001001"), "voters", (302, 1)),
    ),
    Forgery(
        like("tally_history", in_unit("12", 2), version=9, position=FAR, valid=1),
        *("tally_history", key("12", 9), ROW),
    ),
    Forgery(like("tally", in_unit("1201"), version=8), "tally", key("1201"), "version", (2, 8)),
    Forgery(
        like("tally_history", in_unit("1101", 4), parent="'12'"),
        *("tally_history", key("1101", 4) | {"parent": "12"}, ROW),
    ),
    Forgery(
        like("tally_history", in_unit("11", 4), version=5, partition=2**32 - 1, position=0),
        *("tally_history", key("11", 5), ROW),
    ),
    Forgery(
        like("finding", in_unit(FLAGGED, 1), unit=f"'{CORRECTED}'", rule="'R06'"),
        *("finding", key(CORRECTED, 1) | {"rule": "R06"}, ROW),
    ),
    Forgery(
        like("rejected", "reason = 'malformed'", position=0),
        *("rejected", {"partition": 0, "position": 0}, ROW),
    ),
    Forgery(like("event", "position = 0", partition=3), "event", {"partition": 3, "position": 0}, ROW),
    Forgery(like("recap", in_unit("11", 2), unit="'12'"), "recap", key("12", 2), ROW),
    Forgery(like("region", "unit = '12'", unit="'13'", name="'BARU'"), "region", {"unit": "13"}, ROW),
    Forgery(
        like("register_station", f"unit = '{CORRECTED}'", unit=f"'{VILLAGE}099'"),
        *("register_station", {"unit": f"{VILLAGE}099"}, ROW),
    ),
)
"""Rows that no event gives."""

CHANGED: Final = (
    Forgery(
        change("station_history", in_unit(CORRECTED, 1), "votes = map('1', 100, '2', 55, '3', 10)"),
        *("station_history", key(CORRECTED, 1), "votes.2", (50, 55)),
    ),
    Forgery(
        change("station_history", in_unit(ANNULLED, 1), "listed = false"),
        *("station_history", key(ANNULLED, 1), "listed", (True, False)),
    ),
    Forgery(
        change("tally_history", in_unit("1101", 4), "valid = valid + 1"),
        *("tally_history", key("1101", 4), "valid"),
    ),
    Forgery(
        change("tally_history", f"{in_unit('11')} AND version = 0", "registered = NULL"),
        *("tally_history", key("11", 0), "registered"),
    ),
    Forgery(
        change("finding", in_unit(ZEROED, 2), "sentence_en = 'All is well.'"),
        *("finding", key(ZEROED, 2) | {"rule": "R28"}, "sentence_en"),
    ),
    Forgery(
        change("rejected", "reason = 'already_counted'", "sentence_id = ''"),
        *("rejected", {"partition": 0}, "sentence_id"),
    ),
    Forgery(change("event", "position = 1", "body = '{}'"), "event", {"position": 1}, "body"),
    Forgery(
        change("event", "position = 2", "outcome = 'repeated'"),
        *("event", {"position": 2}, "outcome", ("accepted", "repeated")),
    ),
    Forgery(
        change("recap", in_unit("11", 1), "votes = map('1', toUInt64(50))"),
        *("recap", key("11", 1), "votes.1", (5, 50)),
    ),
    Forgery(
        change("region", "unit = '12'", "name = 'ACEH'"),
        *("region", {"unit": "12"}, "name", ("PROVINCE 12", "ACEH")),
    ),
    Forgery(
        change("register_station", f"unit = '{CORRECTED}'", "registered = 999"),
        *("register_station", {"unit": CORRECTED}, "registered", (201, 999)),
    ),
    Forgery(
        change("register_station", f"unit = '{CORRECTED}'", "name = 'KBRI Kairo'"),
        *("register_station", {"unit": CORRECTED}, "name", ("", "KBRI Kairo")),
    ),
    Forgery(
        change("sink_position", "true", "recorded_at = toDateTime64(0, 6, 'UTC')"),
        *("sink_position", {"partition": 0}, "recorded_at"),
    ),
)
"""Rows that say something else than the event."""

REMOVED: Final = (
    Forgery("TRUNCATE TABLE rejected", "rejected", {"partition": 0, "position": 8}, ROW),
    Forgery("TRUNCATE TABLE finding", "finding", key(FLAGGED, 1), ROW),
    Forgery(remove("event", "position = 4"), "event", {"partition": 0, "position": 4}, ROW),
    Forgery(remove("station_history", in_unit(CORRECTED, 1)), "station_history", key(CORRECTED, 1), ROW),
    Forgery(remove("tally_history", in_unit("11", 4)), "tally_history", key("11", 4), ROW),
    Forgery(remove("tally_history", in_unit("1102", 0)), "tally_history", key("1102", 0), ROW),
    Forgery(remove("station", in_unit(FLAGGED)), "station", key(FLAGGED), ROW),
    Forgery(remove("recap", in_unit("11", 1)), "recap", key("11", 1), ROW),
    Forgery(remove("region", "unit = '12'"), "region", {"unit": "12"}, ROW),
    Forgery(
        remove("register_station", f"unit = '{CORRECTED}'"),
        *("register_station", {"unit": CORRECTED}, ROW),
    ),
)
"""Rows that are not there."""

REDEFINED: Final = (
    Forgery(
        "CREATE OR REPLACE VIEW inconsistent_region AS SELECT election, contest, level, unit FROM tally "
        "WHERE false",
        *("definitions", {"name": "inconsistent_region"}, "definition"),
    ),
    Forgery(
        "CREATE OR REPLACE VIEW station_now AS SELECT * FROM station FINAL WHERE unit != '1'",
        *("definitions", {"name": "station_now"}, "definition"),
    ),
    Forgery("DROP VIEW inconsistency", "definitions", {"name": "inconsistency"}, ROW),
    Forgery("DROP VIEW finding_across", "definitions", {"name": "finding_across"}, ROW),
    Forgery(
        "CREATE MATERIALIZED VIEW also TO station AS SELECT * FROM station_history",
        *("definitions", {"name": "also"}, ROW),
    ),
    Forgery(
        "ALTER TABLE station_history MODIFY COLUMN voters Nullable(UInt8)",
        *("definitions", {"name": "station_history"}, "definition"),
    ),
    Forgery(
        "ALTER TABLE tally MODIFY TTL toDateTime(recorded_at) + INTERVAL 100 YEAR",
        *("definitions", {"name": "tally"}, "definition"),
    ),
)
"""Tables and views that are not what the migrations make."""


def test_nothing_differs_where_nothing_was_forged(directory: DataDirectory) -> None:
    found = verified(directory)
    assert found.differences == []
    assert (found.equal, found.not_compared, found.earlier_sums) == (True, [], 0)


@pytest.mark.parametrize(
    "forgeries", [INVENTED, CHANGED, REMOVED, REDEFINED], ids=["invented", "changed", "removed", "redefined"]
)
def test_each_forgery_is_named_with_its_place(directory: DataDirectory, forgeries: Sequence[Forgery]) -> None:
    found = verified(directory, *(one.statement for one in forgeries))
    assert found.equal is False
    assert found.difference_count >= len(found.differences) >= len(forgeries)
    unnamed = [one for one in forgeries if not any(one.made(other) for other in found.differences)]
    assert unnamed == [], found.differences


def test_a_figure_that_no_longer_fits_its_column_differs(directory: DataDirectory) -> None:
    found = verified(directory, "ALTER TABLE station_history MODIFY COLUMN voters Nullable(UInt8)")
    rows = {one.key["unit"]: one for one in found.differences if one.table == "station_history"}
    row = rows["1202022001001"]
    assert (row.column, row.log, row.shown) == ("voters", 302, 302 - 256)


def test_all_differences_are_counted(directory: DataDirectory) -> None:
    many = "INSERT INTO rejected (election, position) SELECT '{}', number + 100 FROM numbers(2500)"
    found = verified(directory, many.format(ELECTION_ID))
    assert (found.difference_count, len(found.differences)) == (2_500, 1_000)


FLOOD: Final = 10_000
"""Rows that are invented at once: several times what is read of a part of a table."""


@pytest.mark.parametrize(
    ("table", "invented"),
    [
        ("event", "toString(number) AS reason"),  # all with one key: other rows of the same entry
        ("finding", "toString(number) AS unit"),
        ("tally_history", "toString(number) AS unit, toUInt64(1) AS version"),
        ("tally_history", "toString(number) AS unit, toUInt64(0) AS version"),
    ],
    ids=["event", "finding", "tally_history", "baseline"],
)
def test_of_many_invented_rows_few_are_read_and_all_are_counted(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch, table: str, invented: str
) -> None:
    """They are at a position that the log has: those beyond it are only counted anyhow."""
    read = Counter[str]()
    rows = all_rows._rows

    def counted(client: Any, sql: str, asked: Mapping[str, Any]) -> Iterator[Any]:
        for row in rows(client, sql, asked):
            read[sql.partition(" FROM ")[2].partition(" ")[0]] += 1
            yield row

    monkeypatch.setattr(all_rows, "_rows", counted)
    monkeypatch.setattr(bounded_rows, "SPARE", 1_000)
    found = verified(
        directory,
        f"SYSTEM STOP MERGES {table}",
        f"INSERT INTO {table} SELECT one.* REPLACE (toUInt64(1) AS position, {invented}) "
        f"FROM (SELECT * FROM {table} FINAL LIMIT 1) AS one CROSS JOIN numbers({FLOOD}) AS many "
        "SETTINGS optimize_on_insert = 0",
    )
    assert found.equal is False
    assert {one.table for one in found.differences} == {table}
    assert (found.difference_count >= FLOOD, len(found.differences)) == (True, 1_000)
    assert read[table] < FLOOD / 2


def test_copies_of_rows_that_are_right_are_no_differences(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink that crashed again and again has inserted its rows each time, until the engine merges them."""
    monkeypatch.setattr(bounded_rows, "SPARE", 20)
    copied = [
        f"INSERT INTO {table} SELECT one.* FROM (SELECT * FROM {table}) AS one CROSS JOIN numbers(9) AS many "
        "SETTINGS optimize_on_insert = 0"
        for table in ("event", "station_history", "finding", "rejected", "recap", "tally_history")
    ]
    stopped = [f"SYSTEM STOP MERGES {statement.split()[2]}" for statement in copied]
    found = verified(directory, *stopped, *copied)
    assert (found.equal, found.differences, found.not_compared) == (True, [], [])


def test_what_the_database_refuses_to_tell_is_not_compared_and_not_equal(directory: DataDirectory) -> None:
    found = verified(directory, max_rows_to_read=12)
    assert found.equal is None
    assert {one.reason for one in found.not_compared} == {"unreadable"}
    tables = {one.table for one in found.not_compared}
    assert {"tally_history", "register_station"} <= tables
    assert all("TOO_MANY_ROWS" in one.detail or "Limit for rows" in one.detail for one in found.not_compared)


def test_a_table_that_is_gone_is_a_difference(directory: DataDirectory) -> None:
    found = verified(directory, "DROP TABLE recap")
    assert found.equal is False
    assert Difference("definitions", {"name": "recap"}, ROW, *_definition("recap")) in found.differences
    assert [one.table for one in found.not_compared] == ["recap"]


def _definition(name: str) -> tuple[str, None]:
    made = {one: (text, database) for one, text, database in migrated_definitions()}
    return without_database(*made[name]), None
