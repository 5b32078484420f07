"""SITUNG's rows as events."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest

from producers.importers import SourceInvalid, open_source
from producers.importers.pages import Shown, submitted
from producers.importers.situng import station_namer
from schemas.decode import decode, encode
from schemas.elections import load_election
from schemas.events import CountKind
from schemas.sources import Message, NothingNew
from tests.producers.importers.support import (
    REAL_DATA,
    counts,
    lineage_of,
    messages,
    needs_real_data,
    no_lineage,
    raws,
    run,
    unreadables,
)

ELECTION = load_election("pilpres2019")
ROW: dict[str, Any] = {
    "kel_id": 31611,
    "tps_no": 6,
    "in_dpt_list": True,
    "kpu_pas1": 167,
    "kpu_pas2": 33,
    "kpu_sah": 200,
    "kpu_tidak_sah": 5,
    "kpu_pengguna": 205,
    "kp_pas1": 1,
}
NUMBERS = ("kpu_pas1", "kpu_pas2", "kpu_sah", "kpu_tidak_sah", "kpu_pengguna")


def parquet(path: Path, *rows: dict[str, Any]) -> Path:
    pyarrow.parquet.write_table(pa.Table.from_pylist([{**ROW, **row} for row in rows]), path)
    return path


def test_a_row_becomes_a_count_with_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    path = parquet(tmp_path / "tps.parquet", {})
    [record] = run(open_source([path], ELECTION))
    assert isinstance(record, Message)
    assert record.place == f"{path}:1"
    event = messages([record])[0]
    assert event.pop("event_id") == decode(record.raw).event_id
    assert event == {
        "type": "CountSubmitted",
        "schema_version": 1,
        "election": "pilpres2019",
        "contest": "PPWP",
        "station": "31611-006",
        "payload": {
            "form": {
                "votes": {"1": 167, "2": 33},
                "valid": 200,
                "invalid": 5,
                "voters": {"total": {"j": 205}},
            },
            "origin": {"source": "situng2019", "record": "31611/6"},
        },
        "submitted_by": {"officer": "situng2019", "role": "importer"},
    }


def test_the_written_out_event_is_the_one_that_pages_builds(tmp_path: Path) -> None:
    path = parquet(tmp_path / "tps.parquet", {"in_dpt_list": False})
    [record] = run(open_source([path], ELECTION, observed_at="2019-05-21T00:00:00Z"))
    assert isinstance(record, Message)
    event = messages([record])[0]
    payload = event["payload"]
    form = payload["form"]
    shown = Shown("pilpres2019", "PPWP", "31611-006", form, CountKind.REGULAR, payload["origin"])
    assert record.raw == encode(submitted(shown, form))


def test_only_a_station_that_the_list_lacks_is_said_to_be_unlisted(tmp_path: Path) -> None:
    path = parquet(tmp_path / "tps.parquet", {}, {"tps_no": 7, "in_dpt_list": False})
    origins = [event["payload"]["origin"] for event in messages(run(open_source([path], ELECTION)))]
    assert [origin.get("listed") for origin in origins] == [None, False]


def test_the_observed_time_is_the_option(tmp_path: Path) -> None:
    path = parquet(tmp_path / "tps.parquet", {})
    source = open_source([path], ELECTION, observed_at="2019-05-21T00:00:00+07:00")
    assert messages(run(source))[0]["payload"]["origin"]["observed_at"] == "2019-05-21T00:00:00+07:00"


def test_a_row_without_numbers_is_empty_and_one_of_zeros_is_a_count(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", dict.fromkeys(NUMBERS), {"tps_no": 7, **dict.fromkeys(NUMBERS, 0)})
    records = run(open_source([path], ELECTION))
    assert records[0] == NothingNew(f"{path}:1", empty=True)
    assert messages(records)[0]["payload"]["form"]["votes"] == {"1": 0, "2": 0}


@pytest.mark.parametrize(
    ("column", "value"), [("kpu_pas1", -1), ("kpu_sah", 10_000_000), ("kpu_tidak_sah", None)]
)
def test_a_figure_that_no_form_can_hold_is_reported_with_its_place(
    tmp_path: Path, column: str, value: int | None
) -> None:
    path = parquet(tmp_path / "t.parquet", {}, {"tps_no": 7, column: value}, {"tps_no": 8})
    records = run(open_source([path], ELECTION))
    assert counts(records) == {"messages": 2, "unreadable": 1, "nothing_new": 0, "empty": 0}
    [(place, said)] = unreadables(records)
    assert place == f"{path}:2"
    assert f"{column} {value}" in said


def test_floating_columns_give_whole_figures_and_a_fraction_is_reported(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "t.parquet",
        {"kpu_pas1": 167.0},
        {"tps_no": 7, "kpu_pas1": 1.5},
        {"tps_no": 8, **dict.fromkeys(NUMBERS), "kpu_pas1": float("nan")},
    )
    records = run(open_source([path], ELECTION))
    assert b'"1":167,' in raws(records)[0]
    assert "kpu_pas1 1.5" in unreadables(records)[0][1]
    assert records[2] == NothingNew(f"{path}:3", empty=True)


def test_a_station_that_stands_twice_is_never_taken_for_a_correction(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", {}, {"kpu_pas1": 1})
    first = run(open_source([path], ELECTION))
    again = run(open_source([path], ELECTION), lineage_of(raws(first)))
    for records, new in ((first, 1), (again, 0)):
        assert counts(records) == {"messages": new, "unreadable": 1, "nothing_new": 1 - new, "empty": 0}
        assert "31611-006" in unreadables(records)[0][1]


def test_a_station_that_stands_in_two_files_of_one_import_is_reported(tmp_path: Path) -> None:
    paths = [parquet(tmp_path / "a.parquet", {}), parquet(tmp_path / "b.parquet", {"tps_no": 7}, {})]
    [(place, _)] = unreadables(run(open_source(paths, ELECTION)))
    assert place == f"{paths[1]}:2"


def test_importing_the_same_file_twice_says_nothing_new(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", {}, {"tps_no": 7})
    first = raws(run(open_source([path], ELECTION)))
    again = run(open_source([path], ELECTION), lineage_of(first))
    assert counts(again) == {"messages": 0, "unreadable": 0, "nothing_new": 2, "empty": 0}


def test_a_later_file_with_other_numbers_corrects(tmp_path: Path) -> None:
    before = raws(run(open_source([parquet(tmp_path / "a.parquet", {}, {"tps_no": 7})], ELECTION)))
    later = parquet(tmp_path / "b.parquet", {}, {"tps_no": 7, "kpu_pas1": 168})
    source = open_source([later], ELECTION, observed_at="2019-05-21T00:00:00Z")
    records = run(source, lineage_of(before))
    assert counts(records) == {"messages": 1, "unreadable": 0, "nothing_new": 1, "empty": 0}
    [event] = messages(records)
    assert event["type"] == "CountCorrected"
    assert event["payload"]["supersedes"] == decode(before[1]).event_id


def test_a_chunk_knows_only_its_own_stations(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", *({"tps_no": number} for number in range(1, 5_003)))
    asked: list[list[str]] = []

    def lineage(contest: str, stations: Any) -> dict[str, Any]:
        assert contest == "PPWP"
        asked.append(list(stations))
        return {}

    records = run(open_source([path], ELECTION), lineage)
    assert [len(stations) for stations in asked] == [5_000, 2]
    assert records[-1].place == f"{path}:5002"


def test_a_truncated_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "t.parquet", {}).read_bytes()
    path = tmp_path / "cut.parquet"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceInvalid, match="cut off or damaged"):
        open_source([path], ELECTION)


def test_a_damaged_page_is_a_clear_error(tmp_path: Path) -> None:
    raw = bytearray(parquet(tmp_path / "t.parquet", *({"tps_no": n} for n in range(2_000))).read_bytes())
    raw[40:200] = bytes(160)
    path = tmp_path / "damaged.parquet"
    path.write_bytes(raw)
    with pytest.raises(SourceInvalid, match="damaged"):
        run(open_source([path], ELECTION))


def test_a_parquet_file_without_the_columns_is_refused_with_what_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pa.table({"kel_id": [1]}), path)
    with pytest.raises(SourceInvalid, match="kpu_pas1"):
        open_source([path], ELECTION)


def test_a_column_of_text_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", {"kpu_sah": "200"})
    with pytest.raises(SourceInvalid, match=r"kpu_sah holds string"):
        open_source([path], ELECTION)


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist([ROW]).slice(0, 0), path)
    assert run(open_source([path], ELECTION)) == []


@pytest.mark.parametrize(
    "pattern", ["{village}-{number:03d}", "{village}{number:03d}", "{village:>10}/{number}"]
)
def test_stations_are_named_as_the_election_writes_them(pattern: str) -> None:
    name = station_namer(pattern)
    for village, number in [(31611, 6), (-991304, 1), (1, 2553)]:
        assert name(village, number) == pattern.format(village=village, number=number)


@pytest.mark.real_data
@needs_real_data
def test_the_real_file_gives_806583_counts_and_10337_empty_rows() -> None:
    source = open_source([REAL_DATA / "pilpres2019" / "tps.parquet"], ELECTION)
    assert source.size == 816_920
    seen: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    spent = 0.0
    for chunk in source.chunks(no_lineage):
        start = time.process_time()
        records = list(pickle.loads(pickle.dumps(chunk)).records())
        spent += time.process_time() - start
        seen.update(counts(records))
        for raw in raws(records):
            payload = orjson.loads(raw)["payload"]
            sums.update(payload["form"]["votes"])
            sums["unlisted"] += payload["origin"].get("listed") is False
    assert seen == {"messages": 806_583, "unreadable": 0, "nothing_new": 0, "empty": 10_337}
    assert sums == {"1": 84_298_880, "2": 68_221_284, "unlisted": 3_571}
    # Generous: the rate is measured in benchmarks/; here it must only not be a multiple of it.
    assert spent / 816_920 < 30e-6
