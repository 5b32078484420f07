"""The register of the built-in nation: 38 provinces and the stations of 2024, or a part, or a smaller one.

Districts and what they hold are real (see districts.py); sub-districts, villages and the voters of each
station are invented, and the same every time. It is made as columns, because 823,236 rows would take
seconds and hundreds of megabytes; that the columns say what `build_registry` would is held by a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator.candidates import builtin_candidates as builtin_candidates
from producers.simulator.districts import District, choose
from producers.simulator.draws import Ints, apportion, below, key_of, within
from schemas.elections import Election
from schemas.language import ValueExplained
from schemas.regions import UNKNOWN, Registry

STATION_FORMAT: Final = "{village}{number:03d}"
"""How station ids are written in the built-in nation, and in elections that can be held in it."""

VILLAGE_DIGITS: Final = 10
_KELURAHAN: Final = 1_001
_DESA: Final = 2_001
"""Where the numbers of villages start in a sub-district: towns have kelurahan, regencies mostly desa."""

_TOWNS_FROM: Final = 71
"""The last two digits of a district's code from which it is a town (kota)."""

_UNEVEN: Final = (60, 140)
"""The smallest and largest weight of a sub-district or village when its district is shared out."""

_EVEN_VOTERS: Final = (82, 118)
_FREE_VOTERS: Final = (40, 160)
"""The same for the voters of a station: where a limit holds, the commission fills stations evenly."""


@dataclass(frozen=True, slots=True)
class _Shares:
    """One district shared out: villages of each sub-district, stations of each village, voters of each."""

    villages: Ints
    stations: Ints
    voters: Ints


def builtin_registry(
    election: Election, *, provinces: Sequence[str] | None = None, stations: int | None = None
) -> Registry:
    """The built-in nation for `election`: the whole, only `provinces` (codes such as `32`; `99` is
    overseas), and scaled down to `stations` stations where that is fewer than there are.

    Scaled down, provinces keep their proportions and every level is still there. Raises ValueError for an
    unknown province, too few stations, or an election whose stations are not written as here.
    """
    if election.stations.format != STATION_FORMAT:
        raise ValueExplained(
            id=f"Negara percontohan menulis TPS sebagai {STATION_FORMAT}, {election.id} sebagai "
            f"{election.stations.format}; berikan daftar wilayah {election.id} sendiri.",
            en=f"The built-in nation writes stations as {STATION_FORMAT}, {election.id} as "
            f"{election.stations.format}; give the register of {election.id} itself.",
        )
    districts = choose(provinces, stations)
    shares = [_share_out(district, _limit(election, district)) for district in districts]
    return _assembled(election, districts, shares)


def _limit(election: Election, district: District) -> int | None:
    exempt = {district.code, district.province} & set(election.limits.voters_exempt)
    return None if exempt else election.limits.voters_per_station


def _share_out(district: District, limit: int | None) -> _Shares:
    key = np.array([key_of(f"builtin nation {district.code}")])
    villages = apportion(district.villages, _weights(key, 1, district.subdistricts, _UNEVEN), least=1)
    stations = apportion(district.stations, _weights(key, 2, district.villages, _UNEVEN), least=1)
    spread = _FREE_VOTERS if limit is None else _EVEN_VOTERS
    voters = apportion(district.registered, _weights(key, 3, district.stations, spread))
    if limit is not None:
        if district.registered > limit * district.stations:
            raise ValueExplained(
                id=f"{district.registered} pemilih {district.name} tidak muat di {district.stations} TPS "
                "berisi "
                f"{limit}; naikkan limits.voters_per_station.",
                en=f"{district.registered} voters of {district.name} do not fit into {district.stations} "
                f"stations of {limit}; raise limits.voters_per_station.",
            )
        beyond = int((voters - np.minimum(voters, limit)).sum())
        voters = np.minimum(voters, limit)
        voters += apportion(beyond, limit - voters)
    return _Shares(villages, stations, voters)


def _weights(key: NDArray[np.uint64], purpose: int, count: int, spread: tuple[int, int]) -> Ints:
    places = within(within(key, purpose), np.arange(count, dtype=np.uint64))
    return below(places, spread[1] - spread[0] + 1) + spread[0]


def _assembled(election: Election, districts: list[District], shares: list[_Shares]) -> Registry:
    """Columns level by level, as `build_registry` orders them; codes ascend, so station ids are sorted."""
    provinces = {one.province: one.province_name for one in districts}
    province_place = {code: 1 + place for place, code in enumerate(provinces)}
    ids, names = [election.root.id, *provinces], [election.root.name, *provinces.values()]
    ids += [one.code for one in districts]
    names += [one.name for one in districts]
    village_ids: list[str] = []
    village_names: list[str] = []
    for one, share in zip(districts, shares, strict=True):
        first = _KELURAHAN if int(one.code[2:]) >= _TOWNS_FROM else _DESA
        for number, count in enumerate(share.villages.tolist(), start=1):
            ids.append(f"{one.code}{number:02d}")
            names.append(f"{one.name} {number}")
            village_ids += [f"{one.code}{number:02d}{first + place}" for place in range(count)]
            village_names += [f"{one.name} {number}-{1 + place}" for place in range(count)]
    in_districts = 1 + len(provinces)
    in_subdistricts = in_districts + len(districts)
    in_villages = len(ids)
    of_subdistrict = np.concatenate([share.villages for share in shares])
    of_village = np.concatenate([share.stations for share in shares])
    parent = np.concatenate(
        [
            [UNKNOWN, *[0] * len(provinces), *(province_place[one.province] for one in districts)],
            np.repeat(np.arange(in_districts, in_subdistricts), [one.subdistricts for one in districts]),
            np.repeat(np.arange(in_subdistricts, in_villages), of_subdistrict),
        ]
    ).astype(np.int32)
    sizes = (1, len(provinces), len(districts), in_villages - in_subdistricts, len(village_ids))
    depth = np.repeat(np.arange(len(sizes), dtype=np.int8), sizes)
    station_village = np.repeat(np.arange(in_villages, in_villages + len(village_ids)), of_village)
    number = np.arange(len(station_village)) - np.repeat(np.cumsum(of_village) - of_village, of_village) + 1
    voters = np.concatenate([share.voters for share in shares])
    arrays: dict[str, NDArray[Any]] = {
        "parent": parent,
        "depth": depth,
        "stations": _summed(parent, station_village, np.ones(len(voters))).astype(np.int32),
        "registered": _summed(parent, station_village, voters),
        "station_ids": _station_ids(np.repeat(np.array(village_ids, "S"), of_village), number),
        "station_village": station_village.astype(np.int32),
        "station_number": number.astype(np.int32),
        "station_registered": voters.astype(np.int32),
        "station_listed": np.ones(len(voters), np.bool_),
    }
    return Registry(ids + village_ids, names + village_names, arrays, election.stations.pattern)


def _summed(parent: NDArray[np.int32], village: Ints, figures: NDArray[Any]) -> Ints:
    """The figures of stations added up for every region (whole numbers below 2^53, so exact)."""
    sums = np.bincount(village, weights=figures, minlength=len(parent))
    for place in range(len(parent) - 1, 0, -1):
        sums[parent[place]] += sums[place]
    return sums.astype(np.int64)


def _station_ids(villages: NDArray[np.bytes_], numbers: Ints) -> NDArray[np.bytes_]:
    """`STATION_FORMAT` for many stations at once."""
    digits = np.empty((len(villages), VILLAGE_DIGITS + 3), np.uint8)
    digits[:, :VILLAGE_DIGITS] = villages.view(np.uint8).reshape(-1, VILLAGE_DIGITS)
    for place, unit in enumerate((100, 10, 1), start=VILLAGE_DIGITS):
        digits[:, place] = ord("0") + numbers // unit % 10
    return digits.view(f"S{VILLAGE_DIGITS + 3}").reshape(-1)
