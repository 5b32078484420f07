"""Electoral districts of the built-in nation: runs of neighbouring regions with about equally many voters.

The sizes of the legislatures follow the law's steps; where the borders run is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from producers.simulator.districts import all_districts
from producers.simulator.draws import apportion
from schemas.elections import Contest, ElectoralDistrict
from schemas.language import ValueExplained
from schemas.regions import DEPTH, Level, Registry

OVERSEAS: Final = "99"
OVERSEAS_VOTES_WITH: Final = "31"
"""Voters overseas share an electoral district of Jakarta."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the legislature of a contest is divided: the region that it is for (`of`) into electoral
    districts of whole `parts`, with `per_district` seats each on average, from 3 to `most`.

    `seats` gives the size of the legislature by the number of voters above which it applies.
    """

    of: Level
    parts: Level
    seats: tuple[tuple[int, int], ...]
    voters_per_seat: int | None
    per_district: float
    most: int


PLANS: Final[Mapping[str, Plan]] = MappingProxyType(
    {
        # 580 seats for 204.8 million voters.
        "DPR": Plan(Level.PROVINCE, Level.DISTRICT, ((0, 3),), 353_000, 7.6, 10),
        # UU 7/2017 art. 188 and 191, with four inhabitants for three voters.
        "DPRD-PROV": Plan(
            Level.PROVINCE,
            Level.DISTRICT,
            (
                (0, 35),
                (750_000, 45),
                (2_250_000, 55),
                (3_750_000, 65),
                (5_250_000, 75),
                (6_750_000, 85),
                (8_250_000, 100),
                (15_000_000, 120),
            ),
            None,
            8,
            12,
        ),
        "DPRD-KABKO": Plan(
            Level.DISTRICT,
            Level.SUBDISTRICT,
            (
                (0, 20),
                (75_000, 25),
                (150_000, 30),
                (225_000, 35),
                (300_000, 40),
                (375_000, 45),
                (750_000, 50),
                (2_250_000, 55),
            ),
            None,
            8.5,
            12,
        ),
    }
)


def divide(contest: Contest, registry: Registry) -> Iterator[tuple[ElectoralDistrict, int, set[str]]]:
    """Each electoral district of `contest` with its seats, and the codes of the region that it is in and of
    those above. Raises ValueError for a contest that PLANS does not know."""
    plan = PLANS.get(contest.id)
    if plan is None:
        known = ", ".join(PLANS)
        raise ValueExplained(
            id=f"Pembagian {contest.id} ke dalam daerah pemilihan tidak diketahui; berikan berkas dapil "
            "dan calonnya, "
            f"atau namai sebagai salah satu dari {known}.",
            en=f"Nobody said how {contest.id} is divided into electoral districts; give a file with its "
            "electoral "
            f"districts and candidates, or name it as one of {known}.",
        )
    voters = _voters(registry)
    for index, code in enumerate(registry.ids):
        if registry.depth[index] != DEPTH[plan.of]:
            continue
        codes = {registry.ids[above] for above in registry.chain(index)}
        if not codes.isdisjoint(contest.excluded):
            continue
        if code == OVERSEAS and OVERSEAS_VOTES_WITH in registry.index:
            continue
        parts = [child for child in registry.children[index] if registry.depth[child] == DEPTH[plan.parts]]
        for number, (members, seats) in enumerate(_divided(parts, voters, index, plan), start=1):
            regions = [registry.ids[member] for member in members]
            if plan.of is Level.PROVINCE and code == OVERSEAS_VOTES_WITH and number == 1:
                regions += [OVERSEAS] if _is_held(OVERSEAS, contest, registry) else []
            yield (
                ElectoralDistrict(
                    contest=contest.id,
                    id=f"{code}-{number}",
                    name=f"{registry.names[index]} {number}",
                    regions=tuple(regions),
                ),
                seats,
                codes,
            )


def _is_held(code: str, contest: Contest, registry: Registry) -> bool:
    return code in registry.index and code not in contest.excluded


def _divided(
    parts: Sequence[int], voters: Sequence[int], whole: int, plan: Plan
) -> Iterator[tuple[list[int], int]]:
    """Runs of neighbouring `parts` with about equally many voters, and the seats of each run."""
    seats = max(size for least, size in plan.seats if voters[whole] >= least)
    if plan.voters_per_seat is not None:
        seats = max(seats, round(voters[whole] / plan.voters_per_seat))
    runs = min(len(parts), max(1, round(seats / plan.per_district)))
    weights = [max(1, voters[part]) for part in parts]
    groups: dict[int, list[int]] = {}
    before = 0
    for part, weight in zip(parts, weights, strict=True):
        middle = 2 * before + weight  # doubled, to stay whole
        groups.setdefault(middle * runs // (2 * sum(weights)), []).append(part)
        before += weight
    sizes = np.array([sum(max(1, voters[part]) for part in group) for group in groups.values()], np.int64)
    shares = apportion(seats, sizes)
    for group, share in zip(groups.values(), shares.tolist(), strict=True):
        yield group, min(max(share, 3), plan.most)


def _voters(registry: Registry) -> list[int]:
    """Registered voters by region; for those of the built-in nation the whole nation's, so that a nation
    scaled down still has ballots of the real size."""
    real: dict[str, int] = {}
    for district in all_districts():
        real[district.code] = district.registered
        real[district.province] = real.get(district.province, 0) + district.registered
    return [
        real.get(code, max(0, int(known)))
        for code, known in zip(registry.ids, registry.registered, strict=True)
    ]
