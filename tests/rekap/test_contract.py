"""The contract for scripts: what stands on stdout of each command, field by field, and how it ends."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.rekap.conftest import Rekap
from tests.rekap.messages import ANNULLED, CORRECTED, FAR_AWAY, FLAGGED, UNLISTED, VILLAGE, messages
from tests.worlds import id_of

pytestmark = pytest.mark.usefixtures("counted")


def test_results_have_the_contract_s_fields_with_integers(rekap: Rekap) -> None:
    ran = rekap("results", "--contest", "PPWP", "--level", "province", "--region", "11", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    (row,) = ran.json
    assert row == {
        "level": "province",
        "region": "11",
        "name": "PROVINCE 11",
        "parent": "0",
        "contest": "PPWP",
        "version": 6,
        "votes": {"1": 162, "2": 92, "3": 33},
        "valid": 161 + 125 + 6,
        "invalid": 6,
        "voters": 163 + 122 + 8,
        "registered": 8 * (201 + 202 + 203),
        "shares": {"1": 162 / 287, "2": 92 / 287, "3": 33 / 287},
        "share_forms": 3,
        "share_total": 287,
        "share_votes": {"1": 162, "2": 92, "3": 33},
        "forms": {"votes": {"1": 3, "2": 3, "3": 3}, "valid": 3, "invalid": 3, "voters": 3},
        "stations": {
            **{"expected": 24, "received": 3, "clean": 2, "flagged": 1, "blank": 0, "annulled": 1},
            **{"unlisted": 1, "surplus": 0},
        },
        "clean": {
            **{"votes": {"1": 102, "2": 52, "3": 13}, "valid": 167, "invalid": 4, "voters": 171},
            "shares": {"1": 102 / 167, "2": 52 / 167, "3": 13 / 167},
            "share_forms": 2,
            "share_total": 167,
            "share_votes": {"1": 102, "2": 52, "3": 13},
            "forms": {"votes": {"1": 2, "2": 2, "3": 2}, "valid": 2, "invalid": 2, "voters": 2},
        },
        "outstanding": {"stations": 22, "registered": 8 * 606 - 201 - 202},
    }


def test_stations_that_have_not_reported_are_rows_with_nulls(rekap: Rekap) -> None:
    rows = {
        row["region"]: row for row in rekap("results", "--level", "station", "-r", VILLAGE, "-f", "json").json
    }
    assert list(rows) == [CORRECTED, FLAGGED, ANNULLED, UNLISTED]
    assert rows[CORRECTED]["votes"] == {"1": 101, "2": 50, "3": 10}
    assert rows[ANNULLED]["votes"] is None
    assert rows[UNLISTED]["stations"]["expected"] == 0


@pytest.mark.parametrize(
    "command",
    [
        ("results", "--level", "station"),
        ("results", "--contest", "DPD", "--level", "district"),
        ("progress",),
        ("findings",),
        ("findings", "--count"),
        ("rejected",),
        ("rejected", "--count"),
        ("log",),
        ("history", CORRECTED),
        ("history", "11"),
    ],
)
def test_every_format_holds_the_same_rows(rekap: Rekap, tmp_path: Path, command: tuple[str, ...]) -> None:
    rows = rekap(*command, "--format", "json").json
    assert rows
    lines = rekap(*command, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(csv.DictReader(io.StringIO(rekap(*command, "--format", "csv").out, newline="")))
    assert len(table) == len(rows)
    file = tmp_path / "rows.parquet"
    assert rekap(*command, "--output", file).code == 0
    assert pq.read_table(file).num_rows == len(rows)
    assert set(pq.read_schema(file).names) == set(rows[0])


def test_csv_has_a_dotted_column_for_each_nested_figure_and_nothing_for_null(rekap: Rekap) -> None:
    ran = rekap("results", "--level", "station", "--region", VILLAGE, "--format", "csv")
    rows = {row["region"]: row for row in csv.DictReader(io.StringIO(ran.out, newline=""))}
    assert rows[CORRECTED]["votes.1"] == "101"
    assert rows[CORRECTED]["clean.votes.2"] == "50"
    assert rows[FLAGGED]["clean.valid"] == ""
    assert rows[ANNULLED]["votes.1"] == ""
    assert "votes" not in rows[CORRECTED]


@pytest.mark.parametrize(
    ("command", "nothing"),
    [("findings", ("--rule", "R03")), ("rejected", ("--reason", "wrong_key")), ("log", ("--from", "100000"))],
)
def test_csv_has_the_same_header_whatever_rows_there_are(
    rekap: Rekap, command: str, nothing: tuple[str, str]
) -> None:
    some = rekap(command, "--format", "csv", "--limit", "3").out.splitlines()
    one = rekap(command, "--format", "csv", "--limit", "1").out.splitlines()
    none = rekap(command, "--format", "csv", *nothing).out.splitlines()
    assert len(some) > 1
    assert (some[0], len(none)) == (none[0], 1)
    assert one[0] == none[0]


def test_parquet_keeps_figures_integers_and_votes_a_map(rekap: Rekap, tmp_path: Path) -> None:
    file = tmp_path / "stations.parquet"
    rekap("results", "--level", "station", "--region", VILLAGE, "--format", "parquet", "--output", file)
    rows = {row["region"]: row for row in pq.read_table(file).to_pylist()}
    assert dict(rows[CORRECTED]["votes"]) == {"1": 101, "2": 50, "3": 10}
    assert rows[CORRECTED]["stations"]["clean"] == 1
    assert rows[ANNULLED]["valid"] is None


def test_as_of_gives_what_was_recorded_then(rekap: Rekap) -> None:
    (before,) = rekap("results", "--as-of", "2019-01-01T00:00:00+07:00", "--format", "json").json
    assert (before["version"], before["valid"], before["stations"]["expected"]) == (0, None, 50)
    (now,) = rekap("results", "--as-of", "2999-01-01T00:00:00Z", "--format", "json").json
    assert now == rekap("results", "--format", "json").json[0]


def test_findings_are_listed_and_counted_by_rule(rekap: Rekap) -> None:
    (row,) = rekap("findings", "--rule", "R06", "--format", "json").json
    assert (row["station"], row["rule"], row["severity"]) == (FLAGGED, "R06", "hard")
    assert set(row["sentence"]) == {"id", "en"}
    assert "120" in row["sentence"]["en"]
    assert "125" in row["sentence"]["id"]
    (counted,) = rekap("findings", "--rule", "r06", "--count", "--format", "json").json
    assert counted == {"contest": "PPWP", "rule": "R06", "severity": "hard", "count": 1, "stations": 1}


def test_rejected_messages_carry_reason_and_sentence(rekap: Rekap) -> None:
    first, second = rekap("rejected", "--format", "json").json
    assert (first["position"], first["unit"], first["reason"]) == (7, FLAGGED, "already_counted")
    assert (second["position"], second["reason"]) == (8, "malformed")
    assert [row["position"] for row in rekap("rejected", "--reason", "malformed", "-f", "json").json] == [8]


def test_history_tells_every_version_with_its_changes(rekap: Rekap) -> None:
    rows = [row for row in rekap("history", CORRECTED, "--format", "json").json if row["contest"] == "PPWP"]
    assert [(row["version"], row["reason"]) for row in rows] == [(1, None), (2, "pembetulan")]
    assert {"cell": "votes.1", "before": 100, "after": 101} in rows[1]["changes"]
    assert rows[1]["submitted_by"] == {"officer": "kpps-7", "role": "kpps"}


def test_history_of_a_region_is_limited_to_its_last_states(rekap: Rekap) -> None:
    rows = rekap("history", "11", "--contest", "PPWP", "--format", "json").json
    assert [row["version"] for row in rows] == [0, 6]
    limited = rekap("history", "11", "--contest", "PPWP", "--limit", "1", "--format", "json").json
    assert [row["version"] for row in limited] == [6]


def test_the_log_begins_where_it_is_asked_to(rekap: Rekap) -> None:
    rows = rekap("log", "--from", "7", "--format", "json").json
    assert [row["position"] for row in rows] == [7, 8, 9]
    assert rows[0]["outcome"] == "rejected"
    assert bytes.fromhex(rows[1]["bytes"] or "") in (b"", messages()[8])
    assert rows[2]["event"]["station"] == CORRECTED


def test_one_event_is_found_by_its_id_or_how_it_begins(rekap: Rekap) -> None:
    event = id_of(messages()[3])
    for asked in (event, event[:8], event[:12].upper()):
        ran = rekap("log", "--event", asked, "--format", "json")
        assert ran.code == 0
        assert [row["position"] for row in ran.json] == [3]


def test_an_event_that_is_not_there_is_a_no(rekap: Rekap) -> None:
    ran = rekap("log", "--event", "00000000", "--format", "json")
    assert (ran.code, ran.json) == (1, [])
    assert "no event with the id 00000000" in ran.err


def test_verify_names_the_state_and_says_yes(rekap: Rekap) -> None:
    ran = rekap("verify", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    said = ran.json
    assert (said["equal"], said["events"], said["differences"]) == (True, 10, [])
    assert said["cells"] > 1_000
    assert len(said["state_digest"]) == 64


def test_progress_has_a_row_for_each_contest(rekap: Rekap) -> None:
    rows = {row["contest"]: row for row in rekap("progress", "--format", "json").json}
    assert list(rows) == ["DPD", "DPR", "PPWP"]
    assert rows["PPWP"]["stations"]["received"] == 4
    assert rows["PPWP"]["outstanding"]["stations"] == 47
    assert rows["PPWP"]["percent"] == 6.0
    assert rows["DPR"]["last_recorded_at"] is None


def test_an_empty_answer_is_an_empty_document(rekap: Rekap) -> None:
    asked = ("findings", "--rule", "R19")
    assert rekap(*asked, "--format", "json").json == []
    assert rekap(*asked, "--format", "jsonl").out == ""
    assert len(rekap(*asked, "--format", "csv").out.splitlines()) == 1  # the header


def test_a_station_abroad_has_no_known_voters(rekap: Rekap) -> None:
    (row,) = rekap("results", "--level", "station", "--region", FAR_AWAY, "--format", "json").json
    assert (row["registered"], row["votes"]) == (None, {"1": 1000, "2": 2000, "3": 0})
