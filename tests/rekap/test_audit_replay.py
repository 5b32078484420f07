"""`rekap audit replay` and `explain`: what is shown beside a recount, and why each value was ever shown."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from clickhouse.client import connect
from event_log.sqlite import SqliteLog
from schemas.data_directory import DataDirectory
from tests.rekap.conftest import Rekap
from tests.worlds import election

STATION = "1101012001001"


def edit(path: Path, statement: str) -> None:
    """Change a projection by hand."""
    with closing(connect(DataDirectory.open(path).clickhouse_url)) as client:
        client.command(f"{statement} SETTINGS mutations_sync = 1")


def test_what_is_shown_equals_the_recount_until_somebody_edits_it(rekap: Rekap, own_count: Path) -> None:
    equal = rekap("--data", own_count, "audit", "replay", "--format", "json")
    assert (equal.code, equal.json["verdict"], equal.json["findings"]) == (0, "proven", [])
    edit(own_count, "ALTER TABLE tally_history UPDATE valid = valid + 1 WHERE unit = '1101' AND version > 0")
    edit(own_count, "ALTER TABLE station_history DELETE WHERE unit = '1101012001002'")
    failed = rekap("--data", own_count, "--lang", "id", "audit", "replay", "--format", "json")
    assert failed.code == 1
    kinds = {one["kind"] for one in failed.json["findings"]}
    assert {"total_differs", "station_differs"} <= kinds
    told = [one["sentence"] for one in failed.json["findings"] if one["kind"] == "total_differs"]
    assert all(", district, 1101, valid: log menghasilkan " in one["id"] for one in told)
    assert all(", district, 1101, valid: the log gives " in one["en"] for one in told)


def test_an_earlier_moment_is_replayed(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    assert rekap("--data", own_count, "notary", "--once").code == 0
    checkpoint = own_count / "tlog" / "0" / "checkpoint"
    at = rekap("--data", own_count, "audit", "replay", "--at", checkpoint, "--format", "json")
    with closing(SqliteLog.open(own_count / "log.sqlite", readonly=True)) as log:
        assert at.json["events"] == log.end
    before = rekap(
        *("--data", own_count, "audit", "replay", "--as-of", "2020-01-01T00:00+07:00", "--format", "json")
    )
    assert (before.code, before.json["events"]) == (0, 0)
    other = tmp_path / "checkpoint"
    other.write_bytes(checkpoint.read_bytes().replace(election().id.encode(), b"other"))
    assert rekap("--data", own_count, "audit", "replay", "--at", other).code == 2


def test_every_value_is_explained_by_events(rekap: Rekap, own_count: Path) -> None:
    station = rekap("--data", own_count, "audit", "explain", STATION, "--format", "json")
    assert (station.code, station.json["unexplained"]) == (0, 0)
    corrected = next(one for one in station.json["values"] if (one["contest"], one["version"]) == ("PPWP", 2))
    assert corrected["changed"]["votes.1"] == [100, 101]
    (event,) = corrected["events"]
    assert (event["type"], event["role"], event["reason"]) == ("CountCorrected", "kpps", "pembetulan")
    assert event["supersedes"] is not None
    for unit in ("1101012001", "1101", "0"):
        region = rekap("--data", own_count, "audit", "explain", unit, "--format", "json")
        assert (region.code, region.json["unexplained"]) == (0, 0), unit
        assert region.json["values"]
    never = rekap(
        *("--data", own_count, "audit", "explain", STATION, "--format", "json"),
        *("--between", "2020-01-01T00:00Z", "2020-01-02T00:00Z"),
    )
    assert (never.code, never.json["values"]) == (0, [])
    assert "PPWP versi 2" in rekap("--data", own_count, "--lang", "id", "audit", "explain", STATION).out


def test_a_value_without_an_event_is_named(rekap: Rekap, own_count: Path) -> None:
    edit(own_count, f"ALTER TABLE event DELETE WHERE unit = '{STATION}' AND contest = 'PPWP' AND version = 2")
    told = rekap("--data", own_count, "audit", "explain", STATION)
    assert told.code == 1
    assert told.out.count("NOT EXPLAINED") == 1


@pytest.mark.parametrize("arguments", [("explain",), ("explain", "9"), ("explain", "1' OR 1"), ("export",)])
def test_wrong_usage_is_told(rekap: Rekap, own_count: Path, arguments: tuple[str, ...]) -> None:
    assert rekap("--data", own_count, "audit", *arguments).code == 2
