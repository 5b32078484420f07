"""The districts of the built-in nation, whole or as a smaller nation of the same shape.

Codes, names and the numbers of sub-districts, villages and stations are those of 2024, overseas scaled
from the 3,205 points of service to the 3,075 stations of the official count. Registered voters are the
official totals at home and overseas (203,056,748 and 1,750,474), apportioned to districts by their
stations, a little more where villages have many: they are not the districts' real figures.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from math import sqrt

import numpy as np

from producers.simulator.draws import apportion
from schemas.language import ValueExplained


@dataclass(frozen=True, slots=True)
class District:
    """One district, how many regions and stations are in it, and its registered voters."""

    province: str
    province_name: str
    code: str
    name: str
    subdistricts: int
    villages: int
    stations: int
    registered: int


@cache
def all_districts() -> tuple[District, ...]:
    """The 514 districts of the 38 provinces and the 96 countries of province 99, by code."""
    text = (resources.files("producers.simulator") / "districts.csv").read_text(encoding="utf-8")
    return tuple(
        District(
            province=row["province"],
            province_name=row["province_name"],
            code=row["district"],
            name=row["name"],
            subdistricts=int(row["subdistricts"]),
            villages=int(row["villages"]),
            stations=int(row["stations"]),
            registered=int(row["registered"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


def choose(provinces: Sequence[str] | None, stations: int | None) -> list[District]:
    """The districts of `provinces` (None: all), scaled down to `stations` stations if that is fewer.

    Raises ValueError for an unknown province, and for fewer stations than one a province.
    """
    of_province: dict[str, list[District]] = {}
    for district in all_districts():
        of_province.setdefault(district.province, []).append(district)
    if unknown := sorted(set(provinces or ()) - set(of_province)):
        shown, known = ", ".join(unknown), ", ".join(of_province)
        raise ValueExplained(
            id=f"Tidak ada provinsi {shown} dalam negara percontohan. Pilih dari {known}.",
            en=f"There is no province {shown} in the built-in nation. Choose from {known}.",
        )
    kept = {code: of for code, of in of_province.items() if provinces is None or code in provinces}
    sizes = np.array([sum(one.stations for one in of) for of in kept.values()], np.int64)
    if stations is None or stations >= sizes.sum():
        return [one for of in kept.values() for one in of]
    if stations < len(kept):
        raise ValueExplained(
            id=f"{stations} TPS terlalu sedikit untuk {len(kept)} provinsi; minta {len(kept)} atau lebih, "
            "atau "
            "lebih sedikit provinsi.",
            en=f"{stations} stations are too few for {len(kept)} provinces; ask for {len(kept)} or more, "
            "or for fewer provinces.",
        )
    shares = apportion(stations, sizes, least=1)
    return [one for of, share in zip(kept.values(), shares, strict=True) for one in _scaled(of, int(share))]


def _scaled(districts: list[District], stations: int) -> list[District]:
    """Every branching (districts, sub-districts, villages, stations) shrinks alike, so all levels stay.

    The largest districts are the ones that stay.
    """
    shrink = sqrt(sqrt(stations / sum(one.stations for one in districts)))
    count = min(max(1, round(len(districts) * shrink)), stations)
    kept = sorted(sorted(districts, key=lambda one: -one.stations)[:count], key=lambda one: one.code)
    shares = apportion(stations, np.array([one.stations for one in kept], np.int64), least=1)
    scaled = []
    for one, share in zip(kept, shares.tolist(), strict=True):
        villages = min(max(1, round(one.villages * shrink * shrink)), share)
        scaled.append(
            replace(
                one,
                subdistricts=min(max(1, round(one.subdistricts * shrink)), villages),
                villages=villages,
                stations=share,
                registered=one.registered * share // one.stations,
            )
        )
    return scaled
