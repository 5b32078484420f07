"""A commission's own CSV and JSONL as events."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.importers import SourceInvalid, open_source
from producers.importers.commission_columns import FIGURES, TEXTS
from producers.importers.commission_row import SURE_BYTES, Defaults, RowType, read_row
from producers.importers.problems import RecordInvalid
from schemas.decode import decode, encode
from schemas.elections import load_election
from schemas.events import AnnulmentReason, CorrectionReason, CountKind, Role
from schemas.forms import MAX_OPTIONS
from schemas.sources import Message, NothingNew, SourceRecord
from tests.producers.importers.station_log import StationLog
from tests.producers.importers.support import counts, lineage_of, messages, raws, run, unreadables

ELECTION = load_election("pemilu2024")
A, B = "3101011001001", "3101011001002"
SOME_ID = "ab" * 32


def import_csv(tmp_path: Path, *lines: str, lineage: Any = None, **options: Any) -> list[SourceRecord]:
    path = tmp_path / "counts.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = open_source([path], ELECTION, **{"contest": "PPWP", **options})
    return run(source, lineage) if lineage else run(source)


def import_jsonl(tmp_path: Path, *lines: Any, lineage: Any = None) -> list[SourceRecord]:
    path = tmp_path / "counts.jsonl"
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    source = open_source([path], ELECTION, contest="PPWP")
    return run(source, lineage) if lineage else run(source)


def refusal(records: list[SourceRecord]) -> str:
    [(_, said)] = unreadables(records)
    return said


def test_every_column_reaches_its_place(tmp_path: Path) -> None:
    texts = {
        "type": "correction",
        "station": A,
        "contest": "dpr",
        "occurred_at": "2024-02-14T15:30:00+07:00",
        "observed_at": "2024-02-15T15:30:00+07:00",
        "kind": "revote",
        "reason": "recount",
        "note": "halaman 2; dibaca ulang",
        "supersedes": SOME_ID,
        "officer": "ppk-3101",
        "role": "ppk",
        "device": "d-1",
    }
    assert texts.keys() == set(TEXTS)
    figures = {name: number for number, name in enumerate(FIGURES)}
    votes = {"vote_1": 100, "vote_4": 0, "vote_4.0": 7, "vote_4.2": 8}
    path = tmp_path / "all.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*texts, *figures, *votes], delimiter=";")
        writer.writeheader()
        writer.writerow({**texts, **figures, **votes})
    [record] = run(open_source([path], ELECTION))
    assert isinstance(record, Message)
    assert record.place == f"{path}:2"
    event = messages([record])[0]
    assert event.pop("event_id") == decode(record.raw).event_id

    def people(name: str) -> dict[str, int]:
        return {sex: figures[f"{name}_{sex}"] for sex in "lpj"}

    assert event == {
        "type": "CountCorrected",
        "schema_version": 1,
        "election": "pemilu2024",
        "contest": "DPR",
        "station": A,
        "occurred_at": "2024-02-14T15:30:00+07:00",
        "device": "d-1",
        "submitted_by": {"officer": "ppk-3101", "role": "ppk"},
        "payload": {
            "form": {
                "dpt": people("dpt"),
                "voters": {group: people(f"voters_{group}") for group in ("dpt", "dptb", "dpk", "total")},
                "ballots": {
                    what: figures[f"ballots_{what}"] for what in ("received", "used", "returned", "unused")
                },
                "disability": people("disability"),
                "votes": {"1": 100, "4": 0, "4.0": 7, "4.2": 8},
                "valid": figures["valid"],
                "invalid": figures["invalid"],
                "total": figures["total"],
            },
            "kind": "revote",
            "supersedes": SOME_ID,
            "reason": "recount",
            "note": "halaman 2; dibaca ulang",
            "origin": {
                "source": "commission",
                "record": A,
                "observed_at": "2024-02-15T15:30:00+07:00",
            },
        },
    }


def test_the_least_row_is_a_station_and_a_figure(tmp_path: Path) -> None:
    [event] = messages(import_csv(tmp_path, "station,vote_1", f"{A},5"))
    del event["event_id"]
    assert event == {
        "type": "CountSubmitted",
        "schema_version": 1,
        "election": "pemilu2024",
        "contest": "PPWP",
        "station": A,
        "payload": {"form": {"votes": {"1": 5}}, "origin": {"source": "commission", "record": A}},
        "submitted_by": {"officer": "commission", "role": "importer"},
    }


def test_empty_cells_are_missing_and_zeros_are_zeros(tmp_path: Path) -> None:
    [event] = messages(import_csv(tmp_path, "station,vote_1,vote_2,valid,invalid", f"{A},5,,0,"))
    assert event["payload"]["form"] == {"votes": {"1": 5}, "valid": 0}


def test_a_row_without_figures_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    records = import_csv(tmp_path, "station,vote_1", f"{A},", ",", "")
    assert records[0] == NothingNew(f"{path}:2", empty=True)
    assert refusal(records[1:]) == "Column station is empty; write " + (
        "the station's id, such as 3101011001001, as text."
    )


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_spreadsheets_way_of_writing_is_read(
    tmp_path: Path, mark: str, delimiter: str, end: str
) -> None:
    path = tmp_path / "c.csv"
    lines = [delimiter.join(row) for row in (("Station", " VOTE_1 "), (A, '" 5"'), (f'"{B}"', "6"))]
    path.write_bytes((mark + end.join(lines) + end).encode())
    events = messages(run(open_source([path], ELECTION, contest="ppwp")))
    assert [(event["station"], event["payload"]["form"]) for event in events] == [
        (A, {"votes": {"1": 5}}),
        (B, {"votes": {"1": 6}}),
    ]


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("1.234", "write 1234 if that is meant"),
        ('"1,234"', "write 1234 if that is meant"),
        ("1 234", "write 1234 if that is meant"),
        ("12.5", "write a whole number"),
        ("12.0", "write a whole number"),
        ("-3", "write a whole number"),
        ("+3", "write a whole number"),
        ("12345678", "from 0 to 9999999"),
        ("1e3", "write a whole number"),
        ("x", "or leave it empty"),
        ("١٢", "in digits"),
        ("dua", "in digits"),
    ],
)
def test_a_figure_is_never_guessed(tmp_path: Path, cell: str, advice: str) -> None:
    records = import_csv(tmp_path, "station,vote_1,valid", f"{A},{cell},5", f"{B},5,5")
    assert counts(records) == {"messages": 1, "unreadable": 1, "nothing_new": 0, "empty": 0}
    [(place, said)] = unreadables(records)
    assert place.endswith("counts.csv:2")
    assert said.startswith("Column vote_1 holds")
    assert advice in said


@pytest.mark.parametrize(
    ("column", "cell", "advice"),
    [
        ("type", "koreksi", "one of count, correction, annulment"),
        ("contest", "DPRK", "one of PPWP, DPR, DPD"),
        ("kind", "ulang", "one of regular, revote"),
        ("role", "ketua", "one of kpps"),
        ("occurred_at", "14/02/2024 15:30", "2024-02-14T15:30:00+07:00"),
        ("occurred_at", "2024-02-14T15:30:00", "with its zone"),
        ("observed_at", "kemarin", "with its zone"),
        ("officer", "Budi Santoso", "without spaces"),
        ("device", "a b", "without spaces"),
        ("reason", "pembetulan", "for corrections and annulments only"),
        ("note", "x", "for corrections and annulments only"),
        ("supersedes", SOME_ID, "for corrections and annulments only"),
    ],
)
def test_a_cell_that_can_not_be_used_is_named_with_what_to_write(
    tmp_path: Path, column: str, cell: str, advice: str
) -> None:
    said = refusal(import_csv(tmp_path, f"station,vote_1,{column}", f"{A},1,{cell}"))
    assert f"Column {column} " in said
    assert advice in said


def test_a_station_that_a_spreadsheet_made_a_number_is_refused(tmp_path: Path) -> None:
    assert "as text" in refusal(import_csv(tmp_path, "station,vote_1", "3.10101E+12,1"))


def test_a_row_needs_a_contest(tmp_path: Path) -> None:
    records = import_csv(tmp_path, "station,vote_1", f"{A},1", contest=None)
    assert "one of PPWP, DPR" in refusal(records)


def test_an_election_of_one_contest_needs_no_column_for_it(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("station,vote_1\n31611-006,1\n")
    [event] = messages(run(open_source([path], load_election("pilpres2019"))))
    assert event["contest"] == "PPWP"


@pytest.mark.parametrize(
    ("cells", "what"),
    [(f"{A}", "has 1 cells for 2"), (f"{A},1,2", "has 3 cells for 2"), (f'{A},"1', "quotes don't match")],
)
def test_a_line_of_another_width_is_reported_with_its_place(tmp_path: Path, cells: str, what: str) -> None:
    records = import_csv(tmp_path, "station,vote_1", cells, f"{B},2")
    assert what in refusal(records)
    assert counts(records)["messages"] == 1


def test_a_cell_with_a_line_break_spoils_only_its_own_lines(tmp_path: Path) -> None:
    records = import_csv(tmp_path, "station,vote_1", f'{A},"1', '2"', f"{B},2")
    assert counts(records) == {"messages": 1, "unreadable": 2, "nothing_new": 0, "empty": 0}


@given(st.integers(0, 200))
def test_a_file_cut_off_anywhere_never_gives_another_figure(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "c.csv"
    whole = f"station,type,vote_1,vote_2,valid\n{A},count,123,45,168\n{B},count,1200,4,1204\n"
    path.write_text(whole[:cut])
    try:
        records = run(open_source([path], ELECTION, contest="PPWP"))
    except SourceInvalid:
        return
    right = {
        A: {"votes": {"1": 123, "2": 45}, "valid": 168},
        B: {"votes": {"1": 1200, "2": 4}, "valid": 1204},
    }
    for event in messages(records):
        assert event["payload"]["form"] == right[event["station"]]
    # Every line that the cut file still has is accounted for.
    assert len(records) == len([line for line in whole[:cut].split("\n")[1:] if line])


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("station,vote1", "'vote1' is unknown. Is it vote_1?"),
        ("station,sah", "'sah' is unknown"),
        ("station,valid,valid", "valid stands twice"),
        ("station,vote_1,", "'' is unknown"),
    ],
)
def test_a_header_that_says_something_unknown_is_refused(tmp_path: Path, header: str, what: str) -> None:
    with pytest.raises(SourceInvalid, match="line 1") as error:
        import_csv(tmp_path, header, f"{A},1")
    assert what in str(error.value)


def test_a_line_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(f"station,vote_1,officer\n{A},1,caf".encode() + b"\xe9\n" + f"{B},1,x\n".encode())
    records = run(open_source([path], ELECTION, contest="PPWP"))
    assert "not UTF-8" in refusal(records)
    assert counts(records)["messages"] == 1


def test_a_correction_names_the_count_in_force(tmp_path: Path) -> None:
    first = raws(import_csv(tmp_path, "station,vote_1", f"{A},5", f"{B},6"))
    [event] = messages(
        import_csv(
            tmp_path, "station,type,reason,vote_1", f"{A},correction,misread,7", lineage=lineage_of(first)
        )
    )
    assert event["type"] == "CountCorrected"
    assert event["payload"]["supersedes"] == decode(first[0]).event_id


def test_rows_of_one_station_build_on_each_other(tmp_path: Path) -> None:
    lines = [
        "station,type,kind,reason,vote_1",
        f"{A},count,,,5",
        f"{B},count,,,9",
        f"{A},correction,,misread,6",
        f"{A},annulment,,revote_ordered,",
        f"{A},count,revote,,8",
        f"{A},correction,revote,pembetulan,6",
        f"{A},correction,revote,pembetulan,8",
        f"{A},correction,revote,pembetulan,6",
    ]
    sent = raws(import_csv(tmp_path, *lines))
    log = {A: StationLog(), B: StationLog()}
    assert [log[orjson.loads(raw)["station"]].send(raw) for raw in sent] == ["accepted"] * 8
    assert raws(import_csv(tmp_path, *lines, lineage=lineage_of(log[A].accepted + log[B].accepted))) == []
    for done in range(len(log[A].accepted)):
        again = raws(import_csv(tmp_path, *lines, lineage=lineage_of(log[A].accepted[:done])))
        assert again == [raw for raw in sent if raw not in log[A].accepted[:done]]


def test_stations_with_several_rows_come_last_with_all_of_them(tmp_path: Path) -> None:
    records = import_csv(
        tmp_path,
        "station,type,reason,vote_1",
        f"{A},count,,5",
        f"{B},count,,9",
        f"{A},correction,misread,6",
    )
    assert [event["station"] for event in messages(records)] == [B, A, A]


def test_a_correction_of_nothing_is_reported_unless_it_names_its_event(tmp_path: Path) -> None:
    header = "station,type,reason,supersedes,vote_1"
    for kind, cells in (("correction", "misread,{},7"), ("annulment", "court_ruling,{},")):
        said = refusal(import_csv(tmp_path, header, f"{A},{kind}," + cells.format("")))
        assert "no count in force" in said
        [event] = messages(import_csv(tmp_path, header, f"{A},{kind}," + cells.format(SOME_ID)))
        assert event["payload"]["supersedes"] == SOME_ID


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("correction,,,7", "Column reason is empty; write one of pembetulan"),
        ("annulment,,,", "Column reason is empty; write one of revote_ordered"),
        ("correction,revote_ordered,,7", "one of pembetulan"),
        ("correction,misread,,", "without any figure"),
        ("annulment,court_ruling,,7", "holds no figures"),
        ("annulment,court_ruling,revote,", "holds no figures and no kind"),
    ],
)
def test_a_row_says_no_more_and_no_less_than_its_type_holds(tmp_path: Path, row: str, what: str) -> None:
    assert what in refusal(import_csv(tmp_path, "station,type,reason,kind,vote_1", f"{A},{row}"))


def test_a_count_of_a_station_that_has_one_is_sent_for_the_log_to_reject(tmp_path: Path) -> None:
    first = raws(import_csv(tmp_path, "station,vote_1", f"{A},5"))
    log = StationLog()
    log.send(first[0])
    [second] = raws(import_csv(tmp_path, "station,vote_1", f"{A},6", lineage=lineage_of(first)))
    assert log.send(second) == "already_counted"


def test_json_nested_and_flat_say_the_same_as_csv(tmp_path: Path) -> None:
    nested = {"station": A, "votes": {"1": 5, "2": None}, "voters": {"dpt": {"l": 3}}, "valid": 5}
    flat = {"station": A, "vote_1": 5, "voters_dpt_l": 3, "valid": 5, "note": None, "kind": ""}
    table = import_csv(tmp_path, "station,vote_1,voters_dpt_l,valid", f"{A},5,3,5")
    for row in (nested, flat):
        assert raws(import_jsonl(tmp_path, row)) == raws(table)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ({"station": A, "valid": "5"}, "without quotes"),
        ({"station": A, "valid": 5.0}, "whole number"),
        ({"station": A, "valid": True}, "whole number"),
        ({"station": A, "valid": [5]}, "whole number"),
        ({"station": 3101011001001, "valid": 5}, "in quotes"),
        ({"station": A, "sah": 5}, "'sah' is unknown"),
        ({"station": A, "votes": {"x": 5}}, "'vote_x' is unknown"),
        ({"station": A, "dpt": {"l": 1}, "dpt_l": 1}, "dpt_l is given twice"),
        ('{"station": "1", "valid": 1, "valid": 2}', "key valid is given twice"),
        ('{"station": "1", "valid": 1', "Not one whole JSON object"),
        ('{"station": "1", "note": "\\ud800"}', "Not one whole JSON object"),
        ("[1]", "Not a JSON object"),
        ('{"station":' + "[" * 2_000 + "]" * 2_000 + "}", "Not one whole JSON object"),
        ('{"valid": 5}', "Column station is empty"),
    ],
)
def test_a_line_of_json_is_never_guessed(tmp_path: Path, line: Any, what: str) -> None:
    records = import_jsonl(tmp_path, {"station": B, "valid": 5}, line)
    assert what in refusal(records)
    assert unreadables(records)[0][0].endswith("counts.jsonl:2")


def test_a_line_far_too_long_is_reported_and_the_next_is_read(tmp_path: Path) -> None:
    long = json.dumps({"station": A, "note": "x" * 3_000_000})
    records = import_jsonl(tmp_path, {"station": A, "valid": 1}, long, {"station": B, "valid": 5})
    assert "too long" in refusal(records)
    assert counts(records)["messages"] == 2


def test_a_whole_event_passes_through_as_its_own_bytes(tmp_path: Path) -> None:
    recap = {
        "type": "RecapCertified",
        "schema_version": 1,
        "election": "pemilu2024",
        "contest": "PPWP",
        "region": "31",
        "payload": {"document": "D.Hasil Prov", "cells": {"votes": {"1": 5}}},
    }
    spaced = json.dumps(json.loads(encode(recap)), indent=None, separators=(" , ", " : "))
    newer = '{"type":"CountSubmitted","schema_version":99,"anything":1.5}'
    count = raws(import_csv(tmp_path, "station,vote_1", f"{A},5"))[0].decode()
    records = import_jsonl(tmp_path, spaced, newer, count)
    assert [raw.decode() for raw in raws(records)] == [spaced, newer, count]


def test_an_exported_log_passes_through_in_its_order(tmp_path: Path) -> None:
    log = raws(
        import_csv(
            tmp_path,
            "station,type,reason,vote_1",
            f"{A},,,5",
            f"{A},correction,misread,6",
            f"{B},,,9",
        )
    )
    exported = [raw.decode() for raw in log]
    assert raws(import_jsonl(tmp_path, *exported, lineage=lineage_of(log))) == []
    assert raws(import_jsonl(tmp_path, *exported)) == log


def test_a_row_builds_on_a_whole_event_before_it(tmp_path: Path) -> None:
    count = raws(import_csv(tmp_path, "station,vote_1", f"{A},5"))[0].decode()
    broken = count.replace('"vote', '"x":1,"vote')
    row = {"station": A, "type": "correction", "reason": "misread", "valid": 7}
    events = messages(import_jsonl(tmp_path, broken, count, row))
    assert events[-1]["payload"]["supersedes"] == decode(count.encode()).event_id


CELLS = st.fixed_dictionaries(
    {"station": st.from_regex(r"[A-Za-z0-9._:/-]{1,64}", fullmatch=True)},
    optional={
        "type": st.sampled_from(list(RowType)),
        "kind": st.sampled_from(list(CountKind)),
        "reason": st.sampled_from([*CorrectionReason, *AnnulmentReason]),
        "role": st.sampled_from(list(Role)),
        "note": st.text(min_size=1, max_size=50),
        "supersedes": st.just(SOME_ID),
        "officer": st.text(min_size=1, max_size=70),
        "occurred_at": st.sampled_from(["2024-02-14T15:30:00+07:00", "2024-02-14T24:00:00Z", "14/2/2024"]),
        "vote_1": st.sampled_from(["0", "9999999", 5, "x", -1]),
        "vote_99.9": st.integers(-1, 10_000_000),
        "voters_total_j": st.integers(0, 9_999_999),
    },
)


@given(CELLS)
def test_a_row_that_is_understood_is_a_valid_event(cells: dict[str, Any]) -> None:
    """Rows are not decoded again when they are built, so the checks of their cells must see everything."""
    try:
        raw = read_row(cells, Defaults("pemilu2024", ("PPWP",), "PPWP")).build(None)
    except RecordInvalid:
        return
    if raw is not None:
        assert len(raw) < SURE_BYTES
        assert decode(raw).event.unit == cells["station"]


def test_the_bytes_that_are_surely_right_hold_less_than_a_thousand_options() -> None:
    votes = {f"{number}": 0 for number in range(MAX_OPTIONS + 1)}
    assert len(orjson.dumps(votes)) > SURE_BYTES


def test_an_event_too_large_for_the_log_is_reported(tmp_path: Path) -> None:
    votes = {f"{party}.{person}": 1 for party in range(1, 100) for person in range(1, 100)}
    assert "the limit is 65535" in refusal(import_jsonl(tmp_path, {"station": A, "votes": votes}))


def test_several_files_are_one_import(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"station,vote_1\n{A},5\n")
    (tmp_path / "b.csv").write_text(f"station,type,reason,vote_1\n{A},correction,misread,6\n")
    row = {"station": A, "type": "annulment", "reason": "court_ruling"}
    (tmp_path / "c.jsonl").write_text(json.dumps(row) + "\n")
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.jsonl")]
    log = StationLog()
    assert [log.send(raw) for raw in raws(run(open_source(paths, ELECTION, contest="PPWP")))] == [
        "accepted"
    ] * 3


def test_many_lines_are_several_chunks_with_every_line_once(tmp_path: Path) -> None:
    lines = [f"3101011001{number % 1000:03d}{number // 1000},5" for number in range(2_500)]
    records = import_csv(tmp_path, "station,vote_1", *lines)
    assert [record.place.rsplit(":", 1)[1] for record in records] == [str(n) for n in range(2, 2_502)]
