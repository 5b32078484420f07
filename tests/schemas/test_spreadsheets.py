"""Sheets of .xlsx files are read as they look, or refused with the cell's name; bombs are not unpacked."""

from __future__ import annotations

import datetime
import errno
import resource
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from schemas import spreadsheets
from schemas.input_files import InputRefused
from schemas.spreadsheets import as_csv, is_spreadsheet


def save(path: Path, *rows: tuple[Any, ...], more: dict[str, tuple[Any, ...]] | None = None) -> Path:
    """A workbook of one sheet with these rows, and other sheets of one row."""
    book = Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for title, row in (more or {}).items():
        book.create_sheet(title).append(row)
    book.save(path)
    return path


def test_a_sheet_is_its_rows_as_csv(tmp_path: Path) -> None:
    path = save(
        tmp_path / "t.xlsx",
        ("station", "vote_1", "nama\nTPS", "listed"),
        (3171011001001, 12.0, 'KP. "A", B', True),
        (),
        ("3171011001002", None, "x\ny", False),
        (None, None, None, None),
    )
    assert is_spreadsheet(path)
    assert as_csv(path).decode() == (
        'station,vote_1,nama TPS,listed\n3171011001001,12,"KP. ""A"", B",true\n\n3171011001002,,x y,false\n'
    )


def test_a_second_reading_sees_a_changed_file(tmp_path: Path) -> None:
    path = save(tmp_path / "t.xlsx", ("a",), (1,))
    assert as_csv(path) == b"a\n1\n"
    save(path, ("a",), (1,), (2,), (3,))
    assert as_csv(path) == b"a\n1\n2\n3\n"


@pytest.mark.parametrize(
    ("value", "what_en", "what_id"),
    [
        ("=SUM(A1:A2)", "the cell B2 holds a formula (=SUM(A1:A2))", "sel B2 berisi rumus"),
        ("#N/A", "the cell B2 holds the error #N/A", "sel B2 berisi kesalahan #N/A"),
        (10**15, "the cell B2 holds a number that has lost digits", "sel B2 berisi bilangan"),
        (1.5e300, "the cell B2 holds a number that has lost digits", "sel B2 berisi bilangan"),
    ],
)
def test_a_cell_that_is_no_value_is_refused_by_its_name(
    tmp_path: Path, value: Any, what_en: str, what_id: str
) -> None:
    path = save(tmp_path / "t.xlsx", ("station", "vote_1"), ("3171011001001", value))
    with pytest.raises(InputRefused) as error:
        as_csv(path)
    assert what_en in error.value.said.en
    assert what_id in error.value.said.id


def test_dates_are_written_as_iso(tmp_path: Path) -> None:
    path = save(tmp_path / "t.xlsx", ("a",), (datetime.datetime(2024, 2, 14, 15, 30),))
    assert as_csv(path) == b"a\n2024-02-14T15:30:00\n"


def test_of_several_sheets_with_rows_none_is_chosen(tmp_path: Path) -> None:
    path = save(tmp_path / "t.xlsx", ("a",), more={"Lain": ("b",)})
    with pytest.raises(InputRefused, match=r"more than one sheet \(Sheet, Lain\)"):
        as_csv(path)
    assert as_csv(save(tmp_path / "u.xlsx", ("a",), more={"Kosong": ()})) == b"a\n"
    assert as_csv(save(tmp_path / "v.xlsx")) == b""


def test_other_formats_are_named(tmp_path: Path) -> None:
    old = tmp_path / "t.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(InputRefused, match=r"of the format \.xls; save it as \.xlsx"):
        is_spreadsheet(old)
    other = tmp_path / "t.ods"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(InputRefused, match=r"of the format \.ods"):
        is_spreadsheet(other)
    plain = tmp_path / "t.csv"
    plain.write_text("a,b\n")
    assert not is_spreadsheet(plain)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(64):
                part.write(b"0" * 1024 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputRefused, match="Nothing was read"):
        as_csv(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    """A billion laughs in a sheet end with a sentence, soon."""
    source, path = save(tmp_path / "t.xlsx", ("a",)), tmp_path / "laughs.xlsx"
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    with zipfile.ZipFile(source) as held, zipfile.ZipFile(path, "w") as archive:
        for name in held.namelist():
            text = held.read(name)
            if name.endswith("sheet1.xml"):
                text = (
                    f"<!DOCTYPE x [{entities}]><worksheet><sheetData><row><c "
                    "t='inlineStr'><is><t>&e9;</t></is>"
                    "</c></row></sheetData></worksheet>"
                ).encode()
            archive.writestr(name, text)
    with pytest.raises(InputRefused, match="damaged"):
        as_csv(path)


@pytest.mark.parametrize("keep", [100, 1_000, 3_000, -30])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, keep: int) -> None:
    path = save(tmp_path / "t.xlsx", ("a",), (1,))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputRefused, match="damaged") as error:
        as_csv(path)
    assert "Error" not in error.value.said.id + error.value.said.en  # no name of a class


def test_a_disk_that_fails_is_not_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "t.xlsx", ("a",), (1,))

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(spreadsheets, "load_workbook", fail)
    with pytest.raises(OSError, match="Input/output"):
        as_csv(path)


def test_a_sheet_wider_than_any_table_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "t.xlsx", tuple(range(spreadsheets.MAX_COLUMNS + 1)))
    with pytest.raises(InputRefused, match="never has more than 1000"):
        as_csv(path)
