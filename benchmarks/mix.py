"""Which forms a measurement is of: the real presidential ones of 2019, or the five contests of 2024 together.

Four of five forms of a national election are not presidential, and those of parties are wide: a figure that
was measured on one mix says nothing of the other, so each figure is printed with its mix. No real forms of
five contests are there to be had, so the national mix is drawn by the simulator: the contests in the
proportions of the nation's stations, with the defects of a night, and first counts only, as in 2019.
"""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from producers.simulator.chunks import NightChunk
from producers.simulator.faults import NO_FAULTS, ON_THE_FORM, Faults
from producers.simulator.nation import builtin_candidates, builtin_registry
from producers.simulator.night import Night
from schemas.elections import Election, load_election
from schemas.regions import Registry
from schemas.sources import Lineage


class Mix(StrEnum):
    """A mix of forms, by the name that `--mix` takes."""

    PRESIDENTIAL = "presidential"
    NATIONAL = "national"

    @property
    def forms(self) -> str:
        """What it consists of, for people."""
        return {
            Mix.PRESIDENTIAL: "presidential mix: forms of the presidential contest alone, two pairs (2019)",
            Mix.NATIONAL: "national mix: simulated forms of all five contests (2024)",
        }[self]


PROVINCES: Final = ("16", "18", "36", "51", "61", "73")
"""Of the built-in nation, unless others are asked for: on two processors a sink takes minutes to begin with
all regions, options and lists of the nation, and to check the view `inconsistency` then takes more memory
than a question to it may (1 GiB). Their 87 districts are enough to fill every partition, and a form there
has 1.3% more bytes than in the whole nation."""

SEED: Final = 2024
"""Of the simulated night."""

FIRST_COUNTS: Final = replace(NO_FAULTS, **{name: getattr(Faults(), name) for name in ON_THE_FORM})
"""What is wrong on forms is wrong as on any simulated night; nothing is corrected, repeated or rejected."""


ALL: Final = "all"
"""What --provinces says for the whole nation."""


def add_option(parser: ArgumentParser) -> None:
    """`--mix`, which may be given twice (see `chosen`), and `--provinces` (see NationalNight)."""
    parser.add_argument(
        "--mix", action="append", choices=[str(one) for one in Mix], help="forms of this mix (default: both)"
    )
    parser.add_argument(
        "--provinces",
        default=",".join(PROVINCES),
        help="of the national mix, separated by commas, or all (default: %(default)s)",
    )


def chosen(names: list[str] | None) -> list[Mix]:
    """The mixes that were asked for, in the order in which they are measured."""
    return [one for one in Mix if names is None or one in names]


def real_data(mixes: list[Mix]) -> Path | None:
    """The folder of real results, which the presidential mix is read from. Raises SystemExit with a sentence
    where a mix needs it and nobody names it."""
    folder = os.environ.get("REKAP_REAL_DATA")
    if Mix.PRESIDENTIAL in mixes and not folder:
        raise SystemExit(
            "Set REKAP_REAL_DATA to the folder that holds pilpres2019/tps.parquet, or ask for --mix national."
        )
    return Path(folder) if folder else None


def tell(found: Mapping[Mix, Mapping[str, Any]], form: str) -> None:
    """Print what was measured of each mix, as text or as one JSON document."""
    if form == "json":
        print(json.dumps(found, indent=2))
        return
    for mix, figures in found.items():
        print(f"-- {mix.forms}")
        print("\n".join(f"{name}: {value}" for name, value in figures.items()))


@dataclass(frozen=True)
class NationalNight:
    """The election of 2024 in provinces of the built-in nation, and the first counts of all their stations
    and contests."""

    election: Election
    registry: Registry

    @classmethod
    def load(cls, provinces: str) -> NationalNight:
        """With invented candidates in every contest that needs them; `provinces` as --provinces has it."""
        election = load_election("pemilu2024")
        codes = None if provinces == ALL else provinces.split(",")
        registry = builtin_registry(election, provinces=codes)
        return cls(builtin_candidates(election, registry), registry)

    @cached_property
    def night(self) -> Night:
        """The first counts in the order in which they arrive; of the whole nation 4,076,189, some 10 s of
        processor time."""
        return Night(self.election, self.registry, SEED, faults=FIRST_COUNTS)


@dataclass(frozen=True)
class Sample:
    """So many messages of the nation's night, spread evenly over it, as a source of events."""

    of: NationalNight
    size: int

    def chunks(self, lineage: Lineage | None = None) -> Iterator[NightChunk]:  # noqa: ARG002
        """In order of arrival."""
        yield from self.of.night.sample(self.size)
