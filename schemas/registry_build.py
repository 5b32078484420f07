"""Building the register of an election from rows: order, checks, and what to expect where.

It does not read files (schemas.registry_files does) and does not guess: a row that hangs nowhere, stands
twice or names an unknown village stops the building with a sentence that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.regions import (
    DEPTH,
    LEVEL_NAMES,
    REGION_LEVELS,
    UNKNOWN,
    VILLAGE_DEPTH,
    Level,
    Registry,
    RegistryInvalid,
)
from schemas.station_names import StationNames
from schemas.text import quoted, visible


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region as a register file gives it."""

    id: str
    parent: str | None
    level: Level
    name: str
    stations: int | None = None
    registered: int | None = None


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station as a station file gives it."""

    id: str
    village: str
    number: int | None = None
    registered: int | None = None
    listed: bool = True
    name: str | None = None


def build_registry(
    regions: Iterable[RegionRow],
    stations: Iterable[StationRow] = (),
    *,
    root: tuple[str, str],
    unlisted_pattern: str | None = None,
) -> Registry:
    """The register of these rows; `root` is the id and name of the nation, added if no row has it.

    Expected stations and registered voters of a region are the sums of what is below it: of listed
    stations where a list is given, of the villages' own figures otherwise. A village's own voters are also
    taken where the list does not tell those of all its stations. Raises RegistryInvalid.
    """
    rows = _in_tree_order(list(regions), root)
    index = {row.id: place for place, row in enumerate(rows)}
    parent = np.array([index[row.parent] if row.parent else UNKNOWN for row in rows], np.int32)
    depth = np.array([DEPTH[row.level] for row in rows], np.int8)
    listed = sorted(stations, key=lambda station: station.id.encode())
    _refuse_bad_stations(listed, index, depth)
    village = np.array([index[station.village] for station in listed], np.int32)
    is_listed = np.array([station.listed for station in listed], np.bool_)
    station_registered = np.array(
        [UNKNOWN if s.registered is None else s.registered for s in listed], np.int32
    )
    if listed:
        expected, registered = _from_stations(rows, village[is_listed], station_registered[is_listed])
    else:
        expected, registered = _from_villages(rows)
    _sum_upwards(parent, depth, expected, registered)
    arrays: dict[str, NDArray[Any]] = {
        "parent": parent,
        "depth": depth,
        "stations": expected,
        "registered": registered,
        "station_ids": np.array([s.id.encode() for s in listed], np.bytes_),
        "station_village": village,
        "station_number": np.array([UNKNOWN if s.number is None else s.number for s in listed], np.int32),
        "station_registered": station_registered,
        "station_listed": is_listed,
    }
    return Registry(
        [row.id for row in rows],
        [row.name for row in rows],
        arrays,
        unlisted_pattern,
        StationNames.of([station.name for station in listed]),
    )


def _in_tree_order(rows: list[RegionRow], root: tuple[str, str]) -> list[RegionRow]:
    """Root first, then level by level; every region checked to hang on one of the level above."""
    roots = [row for row in rows if row.level is Level.NATION]
    if len(roots) > 1:
        first, second = quoted(roots[0].id), quoted(roots[1].id)
        raise RegistryInvalid(
            id=f"Dua wilayah bertingkat nasional: {first} dan {second}; sisakan satu.",
            en=f"Two regions are the nation: {first} and {second}; keep one.",
        )
    top = roots[0] if roots else RegionRow(root[0], None, Level.NATION, root[1])
    # Names and ids are kept as lines: a line feed in one would give every later region another's.
    for row in (top, *rows):
        if visible(row.id) != row.id:
            raise RegistryInvalid(
                id=f"Kode wilayah {quoted(repr(row.id))} memuat karakter yang tidak terlihat; hapus.",
                en=f"The id {quoted(repr(row.id))} of a region holds characters that nobody sees; take them "
                "out.",
            )
    ordered = [replace(top, name=top.name.replace("\n", " "))]
    known: dict[str, Level] = {top.id: Level.NATION}
    for above, level in pairwise(REGION_LEVELS):
        for row in rows:
            if row.level is not level:
                continue
            parent = row.parent or (top.id if above is Level.NATION else None)
            if row.id in known:
                raise RegistryInvalid(
                    id=f"Wilayah {quoted(row.id)} ada dua kali dalam daftar wilayah; sisakan satu.",
                    en=f"Region {quoted(row.id)} stands twice in the register; keep one of them.",
                )
            if parent is None or known.get(parent) is not above:
                shown = f"{quoted(row.id)} ({quoted(row.name)})"
                raise RegistryInvalid(
                    id=f"{LEVEL_NAMES[level].id.capitalize()} {shown} menyebut induk "
                    f"{quoted(repr(parent))}, yang "
                    f"bukan {LEVEL_NAMES[above].id} dalam daftar wilayah ini.",
                    en=f"The {LEVEL_NAMES[level].en} {shown} names the parent {quoted(repr(parent))}, "
                    "which is no "
                    f"{LEVEL_NAMES[above].en} of this register.",
                )
            known[row.id] = level
            clean = row.name.replace("\n", " ")
            ordered.append(RegionRow(row.id, parent, level, clean, row.stations, row.registered))
    if len(ordered) == 1:
        raise RegistryInvalid(
            id="Daftar wilayah itu kosong; berikan berkas berisi provinsi sampai desa/kelurahan.",
            en="The register has no regions; give the file with provinces down to villages.",
        )
    return ordered


def _refuse_bad_stations(
    stations: Sequence[StationRow], index: dict[str, int], depth: NDArray[np.int8]
) -> None:
    before = None
    for station in stations:
        if station.id == before:
            raise RegistryInvalid(
                id=f"TPS {quoted(station.id)} ada dua kali dalam daftar TPS; sisakan satu.",
                en=f"Station {quoted(station.id)} stands twice in the list; keep one of them.",
            )
        before = station.id
        village = index.get(station.village)
        if village is None or depth[village] != VILLAGE_DEPTH:
            raise RegistryInvalid(
                id=f"TPS {quoted(station.id)} menyebut desa {quoted(repr(station.village))}, yang tidak "
                "ada dalam "
                "daftar wilayah.",
                en=f"Station {quoted(station.id)} names the village {quoted(repr(station.village))}, which "
                "is "
                "not in the register.",
            )


def _from_stations(
    rows: Sequence[RegionRow], village: NDArray[np.int32], registered: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Stations and voters of the listed stations of each village. Where the voters of one of them are not
    known, the village's own figure is taken; a sum of some stations would not be its voters."""
    count = len(rows)
    expected = np.bincount(village, minlength=count).astype(np.int32)
    known = registered != UNKNOWN
    sums = np.bincount(village[known], weights=registered[known], minlength=count).astype(np.int64)
    all_known = np.bincount(village[~known], minlength=count) == 0
    voters = np.where(all_known, sums, _from_villages(rows)[1])
    return expected, np.where(expected > 0, voters, UNKNOWN)


def _from_villages(rows: Sequence[RegionRow]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    villages = [row if row.level is Level.VILLAGE else None for row in rows]
    expected = np.array([(row and row.stations) or 0 for row in villages], np.int32)
    registered = np.array(
        [UNKNOWN if row is None or row.registered is None else row.registered for row in villages], np.int64
    )
    return expected, registered


def _sum_upwards(
    parent: NDArray[np.int32],
    depth: NDArray[np.int8],
    expected: NDArray[np.int32],
    registered: NDArray[np.int64],
) -> None:
    for level in range(VILLAGE_DEPTH, 0, -1):
        here = np.flatnonzero(depth == level)
        np.add.at(expected, parent[here], expected[here])
        known = here[registered[here] != UNKNOWN]
        above = parent[known]
        registered[np.unique(above)] = 0
        np.add.at(registered, above, registered[known])
