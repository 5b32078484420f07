"""The register of regions and polling stations of one election: who belongs where, and how many.

The parent of a region is what the register says, never a part of its code. The register does not change
during a count; `Registry.hash` names its content. Columns are kept as arrays: a nation has 92,000 regions
and 823,000 stations, and every process of a count holds them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.input_files import open_input
from schemas.language import ExplainedError, Text
from schemas.station_names import NO_NAMES, StationNames
from schemas.text import quoted
from schemas.zip_bounds import require_directory_bounds, require_member_bounds

UNKNOWN: Final = -1
"""In arrays of numbers: the register does not say. Outside them it is None."""


MAX_REGISTER_BYTES: Final = 512 * 1024**2
"""Of a stored register, which is not packed: the nation with all its stations has 40 MB."""
MAX_REGIONS: Final = 1_000_000
"""The nation has 92,000."""


class RegistryInvalid(ExplainedError, ValueError):
    """A register that can't be used; the sentence says which region or station and what to do."""


class Level(StrEnum):
    """The levels of results, from the nation down."""

    NATION = "nation"
    PROVINCE = "province"
    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    VILLAGE = "village"
    STATION = "station"


REGION_LEVELS: Final = (Level.NATION, Level.PROVINCE, Level.DISTRICT, Level.SUBDISTRICT, Level.VILLAGE)
DEPTH: Final = {level: depth for depth, level in enumerate(REGION_LEVELS)}
VILLAGE_DEPTH: Final = DEPTH[Level.VILLAGE]
LEVEL_NAMES: Final = {
    Level.NATION: Text(id="nasional", en="nation"),
    Level.PROVINCE: Text(id="provinsi", en="province"),
    Level.DISTRICT: Text(id="kabupaten/kota", en="district"),
    Level.SUBDISTRICT: Text(id="kecamatan", en="sub-district"),
    Level.VILLAGE: Text(id="desa/kelurahan", en="village"),
    Level.STATION: Text(id="TPS", en="polling station"),
}


@dataclass(frozen=True, slots=True)
class Region:
    """One region. `stations` and `registered` are what the register expects in it; None: not said."""

    index: int
    id: str
    name: str
    level: Level
    parent: str | None
    stations: int
    registered: int | None


class Station(NamedTuple):
    """One polling station, `village` by its index. `listed` is None where there is no list of stations."""

    id: str
    village: int
    number: int | None
    registered: int | None
    listed: bool | None


class Registry:
    """The tree of regions above the stations, and the list of stations where there is one.

    Regions are in an order in which parents stand before children; a region's index is its place in it.
    """

    def __init__(
        self,
        ids: Sequence[str],
        names: Sequence[str],
        arrays: dict[str, NDArray[Any]],
        unlisted_pattern: str | None = None,
        station_names: StationNames = NO_NAMES,
    ) -> None:
        """Use `build_registry` or `Registry.load`; `arrays` holds the columns named in `_ARRAYS`."""
        self.ids = list(ids)
        self.names = list(names)
        self.parent: NDArray[np.int32] = arrays["parent"]  # index of the parent; the root has UNKNOWN
        self.depth: NDArray[np.int8] = arrays["depth"]  # 0 nation .. 4 village
        self.stations: NDArray[np.int32] = arrays["stations"]  # expected in the region, all levels
        self.registered: NDArray[np.int64] = arrays["registered"]  # voters, all levels; UNKNOWN
        self.station_ids: NDArray[np.bytes_] = arrays["station_ids"]  # sorted
        self.station_village: NDArray[np.int32] = arrays["station_village"]
        self.station_number: NDArray[np.int32] = arrays["station_number"]
        self.station_registered: NDArray[np.int32] = arrays["station_registered"]
        self.station_listed: NDArray[np.bool_] = arrays["station_listed"]
        self.station_names = station_names
        self.takes_station_names = True  # False: saved by a version that did not read them from lists
        self.index = {region: place for place, region in enumerate(self.ids)}
        self._unlisted = re.compile(unlisted_pattern) if unlisted_pattern else None

    @property
    def has_station_list(self) -> bool:
        """Whether single stations are known, not only how many there are in each village."""
        return len(self.station_ids) > 0

    def region(self, region: str) -> Region | None:
        """The region with that id, or None."""
        index = self.index.get(region)
        return None if index is None else self.region_at(index)

    def region_at(self, index: int) -> Region:
        """The region at `index`."""
        parent = int(self.parent[index])
        registered = int(self.registered[index])
        return Region(
            index=index,
            id=self.ids[index],
            name=self.names[index],
            level=REGION_LEVELS[self.depth[index]],
            parent=None if parent == UNKNOWN else self.ids[parent],
            stations=int(self.stations[index]),
            registered=None if registered == UNKNOWN else registered,
        )

    def regions(self) -> Iterator[Region]:
        """All regions, parents before children."""
        return (self.region_at(index) for index in range(len(self.ids)))

    def station(self, station: str) -> Station | None:
        """The station with that id; one that no list names if its id tells its village; otherwise None."""
        return self.stations_of([station])[0]

    def stations_of(self, stations: Sequence[str]) -> list[Station | None]:
        """`station` of many ids, in their order, at a fraction of the cost of asking one by one."""
        if not self.has_station_list:
            return [self._unlisted_station(station) for station in stations]
        keys = np.array([station.encode() for station in stations], np.bytes_)
        places = np.minimum(np.searchsorted(self.station_ids, keys), len(self.station_ids) - 1)
        found: list[Station | None] = []
        for station, known, village, number, registered, listed in zip(
            stations,
            (self.station_ids[places] == keys).tolist(),
            self.station_village[places].tolist(),
            self.station_number[places].tolist(),
            self.station_registered[places].tolist(),
            self.station_listed[places].tolist(),
            strict=True,
        ):
            if not known:
                found.append(self._unlisted_station(station))
                continue
            found.append(
                Station(
                    id=station,
                    village=village,
                    number=None if number == UNKNOWN else number,
                    registered=None if registered == UNKNOWN else registered,
                    listed=listed,
                )
            )
        return found

    def chain(self, index: int) -> tuple[int, ...]:
        """The region at `index` and all above it, up to the nation."""
        chain = [index]
        while (parent := int(self.parent[chain[-1]])) != UNKNOWN:
            chain.append(parent)
        return tuple(chain)

    @cached_property
    def children(self) -> list[list[int]]:
        """For each region the indexes of those right below it."""
        below: list[list[int]] = [[] for _ in self.ids]
        for index, parent in enumerate(self.parent.tolist()):
            if parent != UNKNOWN:
                below[parent].append(index)
        return below

    @cached_property
    def ancestors(self) -> list[NDArray[np.int32]]:
        """For each depth, by region index, the index of its ancestor there (itself at its own depth;
        UNKNOWN below it)."""
        at: list[NDArray[np.int32]] = []
        own = np.arange(len(self.ids), dtype=np.int32)
        for depth in range(VILLAGE_DEPTH + 1):
            found = np.where(self.depth == depth, own, UNKNOWN).astype(np.int32)
            for below in range(depth + 1, VILLAGE_DEPTH + 1):
                here = np.flatnonzero(self.depth == below)
                found[here] = found[self.parent[here]]
            at.append(found)
        return at

    def villages_below(self, region: int) -> NDArray[np.int64]:
        """The indexes of all villages in the region at that index (of a village: its own), ascending."""
        order, above = self._villages_by_ancestor[self.depth[region]]
        first, end = np.searchsorted(above, [region, region + 1])
        return np.sort(order[first:end])

    @cached_property
    def _villages_by_ancestor(self) -> list[tuple[NDArray[np.int64], NDArray[np.int32]]]:
        """For each depth the villages in the order of their ancestors there, with these."""
        villages = np.flatnonzero(self.depth == VILLAGE_DEPTH)
        found = []
        for ancestors in self.ancestors:
            order = villages[np.argsort(ancestors[villages], kind="stable")]
            found.append((order, ancestors[order]))
        return found

    def listed_in(self, village: int) -> list[tuple[str, int | None]]:
        """The listed stations of the village at that index, each with its registered voters (None: not
        known), in the order of their ids."""
        order, firsts = self._listed_by_village
        places = order[firsts[village] : firsts[village + 1]]
        ids, voters = self.station_ids[places].tolist(), self.station_registered[places].tolist()
        return [
            (unit.decode(), None if known == UNKNOWN else known)
            for unit, known in zip(ids, voters, strict=True)
        ]

    @cached_property
    def _listed_by_village(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of the listed stations in the order of their villages, and where each village begins."""
        listed = np.flatnonzero(self.station_listed)
        order = listed[np.argsort(self.station_village[listed], kind="stable")]
        firsts = np.searchsorted(self.station_village[order], np.arange(len(self.ids) + 1))
        return order, firsts

    @cached_property
    def stations_unknown(self) -> NDArray[np.int64]:
        """By region index, of villages: the expected stations whose voters the register does not tell one by
        one. Without a list of stations these are all."""
        if not self.has_station_list:
            return np.where(self.depth == VILLAGE_DEPTH, self.stations, 0).astype(np.int64)
        unknown = self.station_listed & (self.station_registered == UNKNOWN)
        return np.bincount(self.station_village[unknown], minlength=len(self.ids))

    @cached_property
    def voters_by_station(self) -> NDArray[np.int64]:
        """By region index, of villages: the voters of the listed stations whose voters the register tells."""
        known = self.station_listed & (self.station_registered != UNKNOWN)
        villages, voters = self.station_village[known], self.station_registered[known]
        sums = np.bincount(villages, weights=voters, minlength=len(self.ids)).astype(np.int64)
        nothing_expected = (self.stations == 0) & (self.registered != UNKNOWN)
        return np.where(nothing_expected, self.registered, sums)

    @cached_property
    def voters_known(self) -> NDArray[np.bool_]:
        """By region index, of villages: whether `registered` is the number of all its voters. It is not where
        it is no more than the sum of those stations that tell theirs."""
        is_partial = (self.stations_unknown > 0) & (self.registered == self.voters_by_station)
        known: NDArray[np.bool_] = (self.registered != UNKNOWN) & ~(is_partial & self.has_station_list)
        return known

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 over all regions and stations in their order."""
        digest = sha256()
        for label, texts in (("ids", self.ids), ("names", self.names)):
            packed = _packed(texts).tobytes()
            digest.update(f"{label} {len(packed)}\n".encode())
            digest.update(packed)
        for name in _ARRAYS:
            column = np.ascontiguousarray(self._array(name))
            digest.update(f"{name} {column.dtype.str} {len(column)}\n".encode())
            digest.update(column.tobytes())
        if self.station_names:  # a register without any has the hash that it had before there were names
            for name, column in self.station_names.columns.items():
                digest.update(f"{name} {column.dtype.str} {len(column)}\n".encode())
                digest.update(column.tobytes())
        return digest.hexdigest()

    def without_station_names(self) -> Registry:
        """The same register as a version that did not read names of stations made it."""
        arrays = {name: self._array(name) for name in _ARRAYS}
        pattern = self._unlisted.pattern if self._unlisted else None
        return Registry(self.ids, self.names, arrays, pattern)

    def save(self, path: Path) -> None:
        """Write the register to `path` (.npz), from where `load` reads it in a fraction of a second."""
        with path.open("wb") as file:
            columns: dict[str, Any] = {name: self._array(name) for name in _ARRAYS}
            columns.update(self.station_names.columns)
            columns["ids"] = _packed(self.ids)
            columns["names"] = _packed(self.names)
            columns["pattern"] = np.array([self._unlisted.pattern if self._unlisted else ""])
            np.savez(file, **columns)

    @classmethod
    def load(cls, path: Path) -> Registry:
        """The register that `save` wrote. Raises RegistryInvalid when the file is damaged."""
        try:
            with open_input(path, MAX_REGISTER_BYTES) as stored:
                _require_unpacked(path, stored)
                with np.load(stored, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in _ARRAYS}
                    _require_tree(arrays)
                    ids, names = (_unpacked(file[name], len(arrays["parent"])) for name in ("ids", "names"))
                    given = StationNames.stored_in(file, len(arrays["station_ids"]))
                    registry = cls(ids, names, arrays, str(file["pattern"][0]) or None, given or NO_NAMES)
            registry.takes_station_names = given is not None
            return registry
        except Exception as error:  # a damaged file makes numpy and zipfile raise a dozen kinds
            raise RegistryInvalid(
                id=f"Daftar wilayah {quoted(path)} tidak terbaca ({quoted(type(error).__name__)}). Jalankan "
                "`rekap init` lagi di direktori baru.",
                en=f"The register {quoted(path)} can't be read ({quoted(type(error).__name__)}). Run `rekap "
                "init` again in a new directory.",
            ) from None

    def _unlisted_station(self, station: str) -> Station | None:
        found = self._unlisted.fullmatch(station) if self._unlisted else None
        if found is None:
            return None
        village = self.index.get(found["village"])
        if village is None or self.depth[village] != VILLAGE_DEPTH:
            return None
        number = int(found["number"]) if "number" in found.groupdict() else None
        # Without a list nobody can say that it is missing from one.
        return Station(station, village, number, None, False if self.has_station_list else None)

    def _array(self, name: str) -> NDArray[Any]:
        array: NDArray[Any] = getattr(self, name)
        return array


_ARRAYS: Final = (
    "parent",
    "depth",
    "stations",
    "registered",
    "station_ids",
    "station_village",
    "station_number",
    "station_registered",
    "station_listed",
)


def _packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def _unpacked(packed: NDArray[np.uint8], count: int) -> list[str]:
    raw = packed.tobytes()
    if raw.count(b"\n") != count - 1:
        raise ValueError("its columns have different lengths")
    return raw.decode().split("\n")


def _require_unpacked(path: Path, stored: BinaryIO) -> None:
    """Nothing in it may become larger than the file: it comes from elsewhere where it is a bundle's."""
    require_directory_bounds(path, stored)
    with zipfile.ZipFile(stored) as archive:
        members = archive.infolist()
    require_member_bounds(path, stored, members)
    if any(one.file_size != one.compress_size for one in members):
        raise ValueError("it is packed")
    stored.seek(0)


def _require_tree(arrays: dict[str, NDArray[Any]]) -> None:
    """Parents stand before their children, so that every way up ends; stations are in regions that exist."""
    parent, village = arrays["parent"], arrays["station_village"]
    own = np.arange(len(parent))
    of_regions = [arrays[name] for name in ("parent", "depth", "stations", "registered")]
    of_stations = [array for name, array in arrays.items() if name.startswith("station_")]
    fits = (
        0 < len(parent) <= MAX_REGIONS
        and all(array.shape == parent.shape for array in of_regions)
        and all(array.shape == village.shape for array in of_stations)
        and all(array.dtype.kind == "i" for array in (*of_regions, village))
        and bool(((parent < own) & (parent >= UNKNOWN)).all())
        and bool(((arrays["depth"] >= 0) & (arrays["depth"] <= VILLAGE_DEPTH)).all())
        and bool(((village >= 0) & (village < len(parent))).all())
    )
    if not fits:
        raise ValueError("its regions are no tree")
