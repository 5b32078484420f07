"""What can be wrong with a whole file, and how a source names itself: shared by all importers.

What is wrong with a single record is never raised; it is reported as Unreadable, and the next one is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from schemas.language import ExplainedError, Text
from schemas.sources import Unreadable
from schemas.text import quoted

ACCEPTED: Final = Text(
    id="""Yang diterima:
  - jawaban TPS dari Sirekap: berkas .json, folder berisi berkas itu, .zip berisi berkas itu
    (nama masing-masing memuat kode TPS 13 angka)
  - hasil SITUNG 2019: berkas .parquet dengan kolom kel_id, tps_no, kpu_pas1, kpu_pas2,
    kpu_sah, kpu_tidak_sah, dan kpu_pengguna
  - hasil dari komisi: berkas .csv atau .xlsx dengan kolom `station`, atau .jsonl dengan kunci `station`
  - rekapitulasi resmi: berkas .csv dengan kolom `region`, `document`, dan `vote_1`, atau tabel 2019 dengan
    kolom rekap_pas1 dan rekap_pas2
  - peristiwa yang diekspor: berkas .jsonl, satu peristiwa per baris
Keterangannya: docs/importing.md.""",
    en="""Accepted are:
  - Sirekap's station responses: a .json file, a folder of them, a .zip of them
    (the name of each must hold the 13-digit station code)
  - the 2019 SITUNG results: a .parquet file with the columns kel_id, tps_no, kpu_pas1, kpu_pas2,
    kpu_sah, kpu_tidak_sah and kpu_pengguna
  - a commission's counts: a .csv or .xlsx file with a column `station`, or a .jsonl file with a key `station`
  - certified recapitulations: a .csv file with the columns `region`, `document` and `vote_1`, or the tables
    of 2019 with the columns rekap_pas1 and rekap_pas2
  - exported events: a .jsonl file with one event a line
docs/importing.md describes them.""",
)


class SourceInvalid(ExplainedError, ValueError):
    """A file that can't be imported at all."""


def unknown_file(path: Path, *, id: str, en: str) -> SourceInvalid:
    """The error for a file that is none of those accepted; the words say what it seems to be."""
    return SourceInvalid(id=f"{quoted(path)} {id}. {ACCEPTED.id}", en=f"{quoted(path)} {en}. {ACCEPTED.en}")


def place_of(path: str, row: int) -> str:
    """Where a record stands in a file, in no language: path and line, or row of a table, counted from 1."""
    return f"{path}:{row}"


def unreadable(place: str, *, id: str, en: str) -> Unreadable:
    """The report of a record at `place` that can't be turned into an event."""
    return Unreadable(place, Text(id=id, en=en))


class RecordInvalid(ExplainedError):
    """Raised inside an importer where a record can't be turned into an event; carries the sentence."""


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For a JSON parser: the members of an object. Raises RecordInvalid where a key is given twice."""
    seen = dict(pairs)
    if len(seen) < len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise RecordInvalid(
            id=f"Kunci {quoted(twice)} tertulis dua kali; tulis sekali saja.",
            en=f"The key {quoted(twice)} is given twice; give it once.",
        )
    return seen
