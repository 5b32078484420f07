"""Reading the register of regions and the list of stations from CSV or Parquet, in any of their spellings.

The documented columns are `id,parent,level,name,stations,registered` for regions and
`id,village,number,registered,listed` for stations. The commission's own files use other words for the
same columns; those known are listed below, so that its files can be read as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from schemas.elections import Election, StationIds
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

_WHOLE: Final = re.compile("-?[0-9]{1,9}")

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

    Raises RegistryInvalid (a column, region or station that can't be used) and OSError.
    """
    rows = list(_region_rows(regions))
    listed = list(_station_rows(stations, election)) if stations is not None else []
    return build_registry(
        rows,
        listed,
        root=(election.root.id, election.root.name),
        unlisted_pattern=election.stations.pattern,
    )


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
    table = _as_text(path)
    columns: dict[str, Any] = {"length": table.num_rows}
    for name, words in spellings.items():
        word = next((word for word in words if word in table.column_names), None)
        if word is None and name in needed:
            raise RegistryInvalid(
                f"{quoted(path.name)} has no column for the {name}; it may be called {' or '.join(words)}. "
                f"The file has: {quoted(', '.join(table.column_names))}."
            )
        columns[name] = _NOTHING if word is None else table[word].to_pylist()
    for word in BY_SEX:
        columns[word] = table[word].to_pylist() if word in table.column_names else _NOTHING
    return columns


def _as_text(path: Path) -> Any:
    try:
        if path.suffix == ".parquet":
            table = pyarrow.parquet.read_table(path)
            return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        delimiter = ";" if header.count(";") > header.count(",") else ","
        names = [name.strip().strip('"') for name in header.split(delimiter)]
        return pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise RegistryInvalid(
            f"{quoted(path.name)} can't be read as {quoted(path.suffix or 'CSV')}: {quoted(error)}."
        ) from None


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
