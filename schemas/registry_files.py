"""Reading the register of regions and the list of stations from tables, in any of their spellings.

The documented columns are `id,parent,level,name,stations,registered` for regions and
`id,village,number,registered,listed,name` for stations. The commission's own files use other words for the
same columns; those known are listed below, so that its files can be read as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa

from schemas.codes import Faults
from schemas.elections import Election, StationIds
from schemas.language import ExplainedError
from schemas.parquet_files import batches, open_parquet
from schemas.regions import Level, Registry, RegistryInvalid
from schemas.registry_build import RegionRow, StationRow, build_registry
from schemas.text import quoted
from schemas.text_tables import read_rows

REGION_COLUMNS: Final = {
    "id": ("id", "kode", "code"),
    "parent": ("parent", "parent_id", "parent_kode"),
    "level": ("level", "tingkat"),
    "name": ("name", "nama"),
    "stations": ("stations", "n_tps"),
    "registered": ("registered", "dpt"),
}
STATION_COLUMNS: Final = {
    "id": ("id", "kode_tps", "station"),
    "village": ("village", "kel_id", "parent"),
    "number": ("number", "tps_no"),
    "registered": ("registered", "dpt"),
    "listed": ("listed", "in_dpt_list"),
    "name": ("name", "nama_tps", "tps_name", "nama"),
}
BY_SEX: Final = ("dpt_l", "dpt_p")
"""Registered voters given as men and women; a negative number means that it is not known."""

MAX_CSV_BYTES: Final = 512 * 1024**2
"""The national list of stations has some 40 MB as CSV."""
BATCH_ROWS: Final = 50_000
"""Rows of a Parquet file that are unpacked at once: some 10 MB."""

_Row = TypeVar("_Row", RegionRow, StationRow)

_WHOLE: Final = re.compile("-?[0-9]{1,9}")

_KNOWN: Final = frozenset(
    word for spellings in (REGION_COLUMNS, STATION_COLUMNS) for words in spellings.values() for word in words
).union(BY_SEX)

LEVEL_WORDS: Final = {
    **{level.value: level for level in Level if level is not Level.STATION},
    "negara": Level.NATION,
    "provinsi": Level.PROVINCE,
    "kabupaten_kota": Level.DISTRICT,
    "kecamatan": Level.SUBDISTRICT,
    "kelurahan_desa": Level.VILLAGE,
}


def read_registry(election: Election, regions: Path, stations: Path | None = None) -> Registry:
    """The register of `election` in the file `regions`, with the list in `stations` where there is one.

    Raises RegistryInvalid (a column, region or station that can't be used), InputRefused and OSError.
    """
    rows = list(_region_rows(regions))
    listed = list(_station_rows(stations, election)) if stations is not None else []
    return build_registry(
        rows,
        listed,
        root=(election.root.id, election.root.name),
        unlisted_pattern=election.stations.pattern,
    )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A village of which the register tells another number of stations than the list of stations has."""

    village: str
    name: str
    register: int
    listed: int


def disagreements(registry: Registry, regions: Path) -> list[Disagreement]:
    """Where the file `regions`, from which `registry` was read, disagrees with its list of stations; nothing
    where there is no list. Raises RegistryInvalid and OSError."""
    if not registry.has_station_list:
        return []
    found = []
    for row in _region_rows(regions):
        if row.level is Level.VILLAGE and row.stations is not None:
            listed = int(registry.stations[registry.index[row.id]])
            if listed != row.stations:
                found.append(Disagreement(row.id, row.name, row.stations, listed))
    return found


def lines_of(regions: Path, ids: Collection[str]) -> list[tuple[int, str]]:
    """In the file `regions` the lines of the regions with these ids, each with its id, in their order. Raises
    RegistryInvalid and OSError."""
    columns = _read(regions, REGION_COLUMNS, needed=("id",))
    return [(line, code) for line, code in zip(columns["lines"], columns["id"], strict=True) if code in ids]


def _region_rows(path: Path) -> Iterator[RegionRow]:
    columns = _read(path, REGION_COLUMNS, needed=("id", "level", "name"))
    _refuse_bad_codes(path, columns, "id", "parent")
    yield from _each(path, columns, _region_row)


def _region_row(columns: dict[str, Any], place: int) -> RegionRow:
    code, word = columns["id"][place], columns["level"][place]
    if not code:
        raise ExplainedError(id="kodenya kosong.", en="the id is empty.")
    level = LEVEL_WORDS.get(word.lower() if word else "")
    if level is None:
        known = ", ".join(LEVEL_WORDS)
        raise ExplainedError(
            id=f"tingkat {quoted(repr(word))} tidak dikenal; tulis salah satu dari {known}.",
            en=f"the level {quoted(repr(word))} is unknown; write one of {known}.",
        )
    return RegionRow(
        id=code,
        parent=columns["parent"][place] or None,
        level=level,
        name=columns["name"][place] or code,
        stations=_whole(columns["stations"][place]),
        registered=_voters(columns, place),
    )


def _station_rows(path: Path, election: Election) -> Iterator[StationRow]:
    columns = _read(path, STATION_COLUMNS, needed=())
    if columns["id"] is _NOTHING and (columns["village"] is _NOTHING or columns["number"] is _NOTHING):
        spellings = "; ".join(f"{name}: {', '.join(words)}" for name, words in STATION_COLUMNS.items())
        raise RegistryInvalid(
            id=f"{quoted(path.name)} memerlukan kolom id, atau kolom village dan number. Ejaan yang dikenal: "
            f"{spellings}.",
            en=f"{quoted(path.name)} needs the column id, or the columns village and number. Known "
            "spellings: "
            f"{spellings}.",
        )
    if not columns["lines"]:
        raise RegistryInvalid(
            id=f"{quoted(path.name)} tidak memuat satu TPS pun; berikan daftar yang berisi, atau jangan "
            "sebutkan "
            "--stations.",
            en=f"{quoted(path.name)} has no row with a station; give a list that has some, or leave "
            "--stations "
            "out.",
        )
    _refuse_bad_codes(path, columns, "id", "village")
    yield from _each(path, columns, lambda columns, place: _station_row(columns, place, election.stations))


def _station_row(columns: dict[str, Any], place: int, ids: StationIds) -> StationRow:
    code, village, number = columns["id"][place], columns["village"][place], _whole(columns["number"][place])
    if not code:
        if not village or number is None:
            raise ExplainedError(
                id="TPS itu tidak punya kode, juga tidak desa dan nomor untuk membuatnya.",
                en="the station has no id, and no village and number to make one of.",
            )
        code = ids.format.format(village=village, number=number)
    if not village:
        found = ids.compiled.fullmatch(code)
        if found is None:
            raise ExplainedError(
                id=f"TPS {quoted(repr(code))} tidak punya kolom desa, dan kodenya tidak tertulis seperti "
                f"{quoted(ids.pattern)}.",
                en=f"the station {quoted(repr(code))} has no column for its village and is not written as "
                f"{quoted(ids.pattern)}.",
            )
        village = found["village"]
    return StationRow(
        id=code,
        village=village,
        number=number,
        registered=_voters(columns, place),
        listed=str(columns["listed"][place] or "true").lower() not in ("false", "0", "no"),
        name=" ".join((columns["name"][place] or "").split()) or None,
    )


def _each(path: Path, columns: dict[str, Any], make: Callable[[dict[str, Any], int], _Row]) -> Iterator[_Row]:
    """What `make` makes of each row. Raises RegistryInvalid with the row."""
    for place, line in enumerate(columns["lines"]):
        try:
            yield make(columns, place)
        except ExplainedError as error:
            raise RegistryInvalid(
                id=f"{quoted(path.name)}, baris {line}: {error.said.id}",
                en=f"{quoted(path.name)}, row {line}: {error.said.en}",
            ) from None


def _refuse_bad_codes(path: Path, columns: dict[str, Any], *names: str) -> None:
    faults = Faults()
    for place, line in enumerate(columns["lines"]):
        faults.look_at(line, *(columns[name][place] for name in names))
    if (said := faults.said(path.name)) is not None:
        raise RegistryInvalid(id=said.id, en=said.en)


class _Nothing:
    """A column that the file does not have: None in every row."""

    def __getitem__(self, place: int) -> None:
        return None


_NOTHING: Final = _Nothing()


def _read(path: Path, spellings: dict[str, tuple[str, ...]], needed: tuple[str, ...]) -> dict[str, Any]:
    """The known columns of the file as lists of texts (None: empty), and under `lines` their numbers."""
    names, lines, table = _as_text(path)
    columns: dict[str, Any] = {"lines": lines}
    for name, words in spellings.items():
        word = next((word for word in words if word in table), None)
        if word is None and name in needed:
            there = quoted(", ".join(names))
            raise RegistryInvalid(
                id=f"{quoted(path.name)} tidak punya kolom {name}; namanya boleh {' atau '.join(words)}. "
                "Berkas "
                f"itu memuat: {there}.",
                en=f"{quoted(path.name)} has no column for the {name}; it may be called "
                f"{' or '.join(words)}. "
                f"The file has: {there}.",
            )
        columns[name] = _NOTHING if word is None else table[word]
    for word in BY_SEX:
        columns[word] = table.get(word, _NOTHING)
    return columns


Table = tuple[list[str], Sequence[int], dict[str, list[str | None]]]
"""The names of all columns, the number of each row, and the columns that are known here."""


def _as_text(path: Path) -> Table:
    return _parquet_as_text(path) if path.suffix == ".parquet" else _rows_as_text(path)


def _parquet_as_text(path: Path) -> Table:
    try:
        file = open_parquet(path, texts=True)
        names: list[str] = file.schema_arrow.names
        known = [name for name in names if name in _KNOWN]
        parts = [
            pa.RecordBatch.from_arrays([column.cast(pa.string()) for column in batch.columns], names=known)
            for batch in batches(path, file, BATCH_ROWS, known)
        ]
        table = pa.Table.from_batches(parts, pa.schema([(name, pa.string()) for name in known]))
        table.validate(full=True)  # a damaged page can give what is no text
        columns = {name: table[name].to_pylist() for name in known}
    except (pa.ArrowException, UnicodeDecodeError, KeyError):
        raise RegistryInvalid(
            id=f"{quoted(path.name)} tidak terbaca sebagai .parquet: rusak atau terpotong, atau kolomnya "
            "tidak "
            "dapat ditulis sebagai teks. Ambil lagi berkasnya, atau simpan sebagai CSV UTF-8.",
            en=f"{quoted(path.name)} can't be read as .parquet: it is damaged or cut off, or its columns "
            "can't "
            "be written as text. Get the file again, or save it as CSV UTF-8.",
        ) from None
    return names, range(2, table.num_rows + 2), columns


def _rows_as_text(path: Path) -> Table:
    rows = read_rows(path, MAX_CSV_BYTES, RegistryInvalid)
    _, names = next(rows)
    known = {name: place for place, name in enumerate(names) if name in _KNOWN}
    lines: list[int] = []
    columns: dict[str, list[str | None]] = {name: [] for name in known}
    for line, cells in rows:
        lines.append(line)
        for name, place in known.items():
            columns[name].append(cells[place] or None)
    return names, lines, columns


def _voters(columns: dict[str, Any], place: int) -> int | None:
    if (registered := _whole(columns["registered"][place])) is not None:
        return registered
    men, women = (_whole(columns[word][place]) for word in BY_SEX)
    return None if men is None or women is None else men + women


def _whole(text: str | None) -> int | None:
    """The number in `text`; None where there is none, or a negative one, which files use for unknown.

    A tool that knows no missing integers writes 3 as `3.0`; any other point or comma may separate thousands,
    and is not guessed. Raises ExplainedError.
    """
    if not text:
        return None
    digits = text.removesuffix(".0")
    if not _WHOLE.fullmatch(digits):
        raise ExplainedError(
            id=f"{quoted(repr(text))} bukan bilangan bulat; tulis angka saja, atau kosongkan.",
            en=f"{quoted(repr(text))} is not a whole number; write digits only, or leave it empty.",
        )
    number = int(digits)
    return number if number >= 0 else None
