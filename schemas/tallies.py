"""The totals of a unit in one contest: which cells it has, what they are called, how a row of them looks.

All cells are additive integers, so a region's row is the sum of its children's, its version included:
the number of accepted events below it. Recorded and clean totals stand side by side, and with them the
funnel of stations from expected to counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from schemas.canonical import dumps
from schemas.regions import Level

FUNNEL: Final = ("received", "clean", "flagged", "blank", "annulled", "unlisted")
"""Stations by what became of their form. received = clean + flagged + blank; `unlisted` of the received
ones are not on the list of stations; annulled ones have no count in force and are not received."""

RECORDED: Final = ("registered_received", "voters", "valid", "invalid", "ballots_received", "ballots_used")
"""What the forms in force say, and the register's voters at their stations. A missing figure adds nothing."""

CLEAN: Final = ("clean_voters", "clean_valid", "clean_invalid")
"""The same over forms without a hard finding."""

FIXED_CELLS: Final = (*FUNNEL, *RECORDED, *CLEAN)
"""The cells that every tally has, whatever the ballot."""

FIRST_VOTE: Final = 1 + len(FIXED_CELLS)
"""Where cells stand in a row of numbers: the version, FIXED_CELLS, from here on votes by the ballot's order,
then clean votes."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One unit's totals in one contest. `fixed` follows FIXED_CELLS; `votes` and `clean_votes` are by the
    option's name in totals (see schemas.ballots), every option of the unit's ballots included.

    `expected` stations and `registered` voters come from the register and do not change during a count.
    """

    contest: str
    level: Level
    unit: str
    parent: str
    version: int
    fixed: tuple[int, ...]
    votes: Mapping[str, int]
    clean_votes: Mapping[str, int]
    expected: int
    registered: int | None

    def cells(self) -> dict[str, Any]:
        """Every cell by name, as compared by the auditor and hashed into the state digest."""
        return {
            "version": self.version,
            "expected": self.expected,
            "registered": self.registered,
            **dict(zip(FIXED_CELLS, self.fixed, strict=True)),
            **{f"votes.{option}": figure for option, figure in self.votes.items()},
            **{f"clean_votes.{option}": figure for option, figure in self.clean_votes.items()},
        }


def state_digest(rows: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> str:
    """One name (hex SHA-256) for the whole state: over (contest, level, unit, cells by name) of every unit.

    The order in which rows come does not matter: each row is hashed, and the sorted hashes together.
    """
    hashes = sorted(
        sha256(dumps([contest, level, unit, dict(cells)])).digest() for contest, level, unit, cells in rows
    )
    return sha256(b"".join(hashes)).hexdigest()
