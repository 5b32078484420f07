"""Reading the register of regions and the list of stations from CSV or Parquet, in any of their spellings.

The documented columns are `id,parent,level,name,stations,registered` for regions and
`id,village,number,registered,listed` for stations. The commission's own files use other words for the
same columns; those known are listed below, so that its files can be read as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv

from schemas.elections import Election, StationIds
from schemas.input_files import InputRefused, open_input
from schemas.parquet_files import MAX_COLUMNS, batches, open_parquet
from schemas.regions import Level, Registry, RegistryInvalid
from schemas.registry_build import RegionRow, StationRow, build_registry
from schemas.text import quoted

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
}
BY_SEX: Final = ("dpt_l", "dpt_p")
"""Registered voters given as men and women; a negative number means that it is not known."""

MAX_CSV_BYTES: Final = 512 * 1024**2
"""The national list of stations has some 40 MB as CSV."""
MAX_HEADER_BYTES: Final = 64 * 1024
"""The first line of a table of MAX_COLUMNS columns."""
BATCH_ROWS: Final = 50_000
"""Rows of a Parquet file that are unpacked at once: some 10 MB."""

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


def _region_rows(path: Path) -> Iterator[RegionRow]:
    columns = _read(path, REGION_COLUMNS, needed=("id", "level", "name"))
    for place in range(columns["length"]):
        try:
            yield _region_row(columns, place)
        except ValueError as error:
            raise RegistryInvalid(f"{quoted(path.name)}, row {place + 2}: {error}") from None


def _region_row(columns: dict[str, Any], place: int) -> RegionRow:
    code, word = columns["id"][place], columns["level"][place]
    if not code:
        raise ValueError("the id is empty.")
    level = LEVEL_WORDS.get(word.lower() if word else "")
    if level is None:
        raise ValueError(f"the level {quoted(repr(word))} is unknown; write one of {', '.join(LEVEL_WORDS)}.")
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
        raise RegistryInvalid(
            f"{quoted(path.name)} needs the column id, or the columns village and number. "
            f"Known spellings: {STATION_COLUMNS}."
        )
    for place in range(columns["length"]):
        try:
            yield _station_row(columns, place, election.stations)
        except ValueError as error:
            raise RegistryInvalid(f"{quoted(path.name)}, row {place + 2}: {error}") from None


def _station_row(columns: dict[str, Any], place: int, ids: StationIds) -> StationRow:
    code, village, number = columns["id"][place], columns["village"][place], _whole(columns["number"][place])
    if not code:
        if not village or number is None:
            raise ValueError("the station has no id, and no village and number to make one of.")
        code = ids.format.format(village=village, number=number)
    if not village:
        found = ids.compiled.fullmatch(code)
        if found is None:
            raise ValueError(
                f"the station {quoted(repr(code))} has no column for its village and is not written as "
                f"{quoted(ids.pattern)}."
            )
        village = found["village"]
    return StationRow(
        id=code,
        village=village,
        number=number,
        registered=_voters(columns, place),
        listed=str(columns["listed"][place] or "true").lower() not in ("false", "0", "no"),
    )


class _Nothing:
    """A column that the file does not have: None in every row."""

    def __getitem__(self, place: int) -> None:
        return None


_NOTHING: Final = _Nothing()


def _read(path: Path, spellings: dict[str, tuple[str, ...]], needed: tuple[str, ...]) -> dict[str, Any]:
    names, table = _as_text(path)
    columns: dict[str, Any] = {"length": table.num_rows}
    for name, words in spellings.items():
        word = next((word for word in words if word in table.column_names), None)
        if word is None and name in needed:
            raise RegistryInvalid(
                f"{quoted(path.name)} has no column for the {name}; it may be called {' or '.join(words)}. "
                f"The file has: {quoted(', '.join(names))}."
            )
        columns[name] = _NOTHING if word is None else table[word].to_pylist()
    for word in BY_SEX:
        columns[word] = table[word].to_pylist() if word in table.column_names else _NOTHING
    return columns


def _as_text(path: Path) -> tuple[list[str], Any]:
    """The names of the file's columns, and those that are known here as text."""
    try:
        return _parquet_as_text(path) if path.suffix == ".parquet" else _csv_as_text(path)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise RegistryInvalid(
            f"{quoted(path.name)} can't be read as {quoted(path.suffix or 'CSV')}: {quoted(error)}."
        ) from None


def _parquet_as_text(path: Path) -> tuple[list[str], Any]:
    file = open_parquet(path, texts=True)
    names: list[str] = file.schema_arrow.names
    known = [name for name in names if name in _KNOWN]
    parts = [
        pa.RecordBatch.from_arrays([column.cast(pa.string()) for column in batch.columns], names=known)
        for batch in batches(path, file, BATCH_ROWS, known)
    ]
    table = pa.Table.from_batches(parts, pa.schema([(name, pa.string()) for name in known]))
    table.validate(full=True)  # a damaged page can give what is no text
    return names, table


def _csv_as_text(path: Path) -> tuple[list[str], Any]:
    with open_input(path, MAX_CSV_BYTES) as file:
        header = file.readline(MAX_HEADER_BYTES).decode("utf-8-sig")
        delimiter = ";" if header.count(";") > header.count(",") else ","
        names = [name.strip().strip('"') for name in header.split(delimiter)]
        if len(header) >= MAX_HEADER_BYTES or len(names) > MAX_COLUMNS:
            raise InputRefused(
                id=f"Baris pertama {path} terlalu panjang untuk nama kolom; simpan sebagai CSV UTF-8.",
                en=f"The first line of {path} is too long for names of columns; save it as CSV UTF-8.",
            )
        file.seek(0)
        table = pyarrow.csv.read_csv(
            file,
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
    return table.column_names, table


def _voters(columns: dict[str, Any], place: int) -> int | None:
    if (registered := _whole(columns["registered"][place])) is not None:
        return registered
    men, women = (_whole(columns[word][place]) for word in BY_SEX)
    return None if men is None or women is None else men + women


def _whole(text: str | None) -> int | None:
    """The number in `text`; None where there is none, or a negative one, which files use for unknown.

    A tool that knows no missing integers writes 3 as `3.0`; any other point or comma may separate thousands,
    and is not guessed. Raises ValueError.
    """
    if not text:
        return None
    digits = text.removesuffix(".0")
    if not _WHOLE.fullmatch(digits):
        raise ValueError(f"{quoted(repr(text))} is not a whole number; write digits only, or leave it empty.")
    number = int(digits)
    return number if number >= 0 else None
