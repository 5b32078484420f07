"""Files as people save them give the same count: other separators, spreadsheets, marks and line breaks."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from producers.importers import SourceInvalid, open_source
from schemas.candidates import with_candidates
from schemas.elections import parse_election
from schemas.registry_files import read_registry
from schemas.sources import Message
from tests.schemas.test_election_checks import CANDIDATES, DEFINITION, REGIONS, STATIONS

COUNTS = """station,contest,vote_1,valid,invalid,total,occurred_at
3171011001001,P,50,50,5,55,2024-02-14T15:30:00.123456789+07:00
3171011001002,P,60,60,,,
"""
OBSERVED = "file,observed_at\ncounts.csv,2024-02-19T12:00:00+07:00\n"
FORMS = ("comma", "semicolon", "tab", "xlsx", "mark", "crlf", "header", "quoted")


def write(path: Path, text: str, form: str) -> Path:
    """The table `text` in another form."""
    rows = list(csv.reader(io.StringIO(text)))
    if form == "xlsx":
        path = path.with_suffix(".xlsx")
        book = Workbook()
        for row in rows:
            book.active.append([int(cell) if cell.isdigit() else cell or None for cell in row])
        book.save(path)
        return path
    out = io.StringIO(newline="")
    delimiter = {"semicolon": ";", "tab": "\t"}.get(form, ",")
    end = "\r\n" if form == "crlf" else "\n"
    if form == "header":
        rows[0] = [f" {name}\n" for name in rows[0]]
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    if form == "quoted":
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerows(rows)
    path.write_bytes((b"\xef\xbb\xbf" if form == "mark" else b"") + out.getvalue().encode())
    return path


@pytest.mark.parametrize("form", FORMS)
def test_registers_and_candidates(tmp_path: Path, form: str) -> None:
    election = parse_election(DEFINITION, "e.yaml")
    plain = [
        write(tmp_path / f"plain-{name}.csv", text, "comma")
        for name, text in (("r", REGIONS), ("s", STATIONS), ("c", CANDIDATES))
    ]
    other = [
        write(tmp_path / f"other-{name}.csv", text, form)
        for name, text in (("r", REGIONS), ("s", STATIONS), ("c", CANDIDATES))
    ]
    assert read_registry(election, other[0]).hash == read_registry(election, plain[0]).hash
    assert read_registry(election, *other[:2]).hash == read_registry(election, *plain[:2]).hash
    assert with_candidates(election, other[2]).hash == with_candidates(election, plain[2]).hash


def messages(path: Path, **options: Any) -> list[bytes]:
    """The events that a file becomes."""
    source = open_source([path], parse_election(DEFINITION, "e.yaml"), **options)
    records = [record for chunk in source.chunks(lambda _, __: {}) for record in chunk.records()]
    assert all(isinstance(record, Message) for record in records), records
    return [record.raw for record in records if isinstance(record, Message)]


@pytest.mark.parametrize("form", FORMS)
def test_counts(tmp_path: Path, form: str) -> None:
    wanted = messages(write(tmp_path / "plain.csv", COUNTS, "comma"))
    assert len(wanted) == 2
    assert messages(write(tmp_path / "counts.csv", COUNTS, form)) == wanted


@pytest.mark.parametrize("form", FORMS)
def test_times_of_files(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / "counts.csv", COUNTS, "comma")
    table = write(tmp_path / "times.csv", OBSERVED, form)
    for raw in messages(path, observed_at=str(table)):
        assert json.loads(raw)["payload"]["origin"]["observed_at"] == "2024-02-19T12:00:00+07:00"


def test_json_with_a_mark_in_front(tmp_path: Path) -> None:
    path = tmp_path / "counts.jsonl"
    path.write_text('{"station": "3171011001001", "contest": "P", "votes": {"1": 5}}\n', "utf-8-sig")
    (raw,) = messages(path)
    assert json.loads(raw)["payload"]["form"] == {"votes": {"1": 5}}
    (tmp_path / "events.jsonl").write_text(raw.decode() + "\n", "utf-8-sig")
    assert messages(tmp_path / "events.jsonl") == [raw]


def test_a_response_of_sirekap_with_a_mark_in_front(tmp_path: Path) -> None:
    definition = DEFINITION.replace(
        'options: [{id: "1", name: A}]', 'options: [{id: "1", name: A}], sources: {sirekap: {"100": "1"}}', 1
    )
    path = tmp_path / "3171011001001.json"
    page = {"chart": {"100": 7}, "administrasi": {"suara_sah": 7}, "images": ["x"], "psu": None}
    path.write_text(json.dumps(page), "utf-8-sig")
    source = open_source([path], parse_election(definition, "e.yaml"))
    (record,) = [record for chunk in source.chunks(lambda _, __: {}) for record in chunk.records()]
    assert isinstance(record, Message), record
    assert json.loads(record.raw)["payload"]["form"]["votes"] == {"1": 7}


def test_a_spreadsheet_of_something_else_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "nama,alamat\nA,B\n", "xlsx")
    with pytest.raises(SourceInvalid) as error:
        messages(path)
    assert "has no column `station`" in error.value.said.en
    assert "tidak punya kolom `station`" in error.value.said.id
