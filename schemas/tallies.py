"""The totals of a unit in one contest: which cells it has, what they are called, how a row of them looks.

All cells are additive integers, so a region's row is the sum of its children's, its version included:
the number of accepted events below it. Recorded and clean totals stand side by side, and with them the
funnel of stations from expected to counted. Beside every sum stands the number of forms that give the figure:
a sum of no forms is not zero, it is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np

from schemas.canonical import dumps
from schemas.regions import Level

FUNNEL: Final = ("received", "clean", "flagged", "blank", "annulled", "unlisted", "surplus")
"""Stations by what became of their form. received = clean + flagged + blank; `unlisted` of the received
ones are not on the list of stations; annulled ones have no count in force and are not received. `surplus`
are received beyond the number that a village has; it is decided village by village."""

RECORDED: Final = ("registered_received", "voters", "valid", "invalid", "ballots_received", "ballots_used")
"""What the forms in force say, and the register's voters at their stations. A missing figure adds nothing."""

FORMS: Final = tuple(f"{name}_forms" for name in RECORDED if name != "registered_received")
"""How many forms in force give each of these figures."""

CLEAN: Final = ("clean_voters", "clean_valid", "clean_invalid")
"""The same over forms without a hard finding."""

CLEAN_FORMS: Final = tuple(f"{name}_forms" for name in CLEAN)
"""How many of those forms give each figure."""

SHARES: Final = ("share_forms", "share_total", "clean_share_forms", "clean_share_total")
"""What shares are taken of: the forms on which every option of the ballot has a figure, and all votes for
options on them."""

FIXED_CELLS: Final = (*FUNNEL, *RECORDED, *FORMS, *CLEAN, *CLEAN_FORMS, *SHARES)
"""The cells that every tally has, whatever the ballot."""

OUTSTANDING: Final = ("registered_forms", "registered_in", "unclear", "cleared")
"""Cells that only serve to know the registered voters outstanding (see stream_processors.outstanding): the
listed stations received whose voters the register knows; voters that are no longer outstanding; outstanding
stations whose voters became unknown, and known, since nothing had come."""

FIRST_VOTE: Final = 1 + len(FIXED_CELLS) + len(OUTSTANDING)
"""Where cells stand in a row of numbers: the version, FIXED_CELLS, OUTSTANDING, from here on what the ballot
has (see Layout)."""

CELL: Final = {name: place for place, name in enumerate(("version", *FIXED_CELLS, *OUTSTANDING))}
"""The place of each cell before the votes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a row of cells has the votes of a ballot's options, in the ballot's order: recorded and clean,
    how many forms give each, and those of its top options on the forms that shares are taken of."""

    votes: slice
    clean_votes: slice
    votes_forms: slice
    clean_votes_forms: slice
    share_votes: slice
    clean_share_votes: slice
    width: int


@cache
def layout(options: int, top: int) -> Layout:
    """The layout for a ballot with so many options, of which `top` add up to the valid votes."""
    starts = list(accumulate((options, options, options, options, top, top), initial=FIRST_VOTE))
    votes, clean, forms, clean_forms, share, clean_share = (slice(*pair) for pair in pairwise(starts))
    return Layout(votes, clean, forms, clean_forms, share, clean_share, starts[-1])


@dataclass(frozen=True, slots=True)
class Tally:
    """One unit's totals in one contest. `fixed` follows FIXED_CELLS; votes are by the option's name in totals
    (see schemas.ballots), every option of the unit's ballots included.

    `votes_forms` has the number of forms that give a figure for each option. `share_votes` has the options
    that stand on every ballot of the unit: others have no share there, because not all voters could vote for
    them.

    `expected` stations and `registered` voters come from the register and do not change during a count.
    `registered_outstanding` is None where nobody knows it.
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
    registered_outstanding: int | None = None
    votes_forms: Mapping[str, int] = field(default_factory=dict)
    clean_votes_forms: Mapping[str, int] = field(default_factory=dict)
    share_votes: Mapping[str, int] = field(default_factory=dict)
    clean_share_votes: Mapping[str, int] = field(default_factory=dict)

    def cells(self) -> dict[str, Any]:
        """Every cell by name, as compared by the auditor and hashed into the state digest."""
        cells = {
            "version": self.version,
            "expected": self.expected,
            "registered": self.registered,
            "registered_outstanding": self.registered_outstanding,
            **dict(zip(FIXED_CELLS, self.fixed, strict=True)),
        }
        for name in BY_OPTION:
            figures: Mapping[str, int] = getattr(self, name)
            cells |= {f"{name}.{option}": figure for option, figure in figures.items()}
        return cells


BY_OPTION: Final = (
    *("votes", "clean_votes", "votes_forms", "clean_votes_forms"),
    *("share_votes", "clean_share_votes"),
)
"""The figures of a tally that are by option."""

FORMS_BY_OPTION: Final = ("votes_forms", "clean_votes_forms")
"""Of these, those that tell how many forms there are: of as many options as votes, in the same order."""


def registered_outstanding(
    registered: int | None, unknown: int, registered_in: int, unclear: int, cleared: int
) -> int | None:
    """The registered voters whose stations are not in; None where nobody knows. `unknown`: see
    schemas.ballots.Ballots.unknown_in; the rest are cells (OUTSTANDING)."""
    return None if unknown + unclear - cleared > 0 else (registered or 0) - registered_in


def state_digest(rows: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> str:
    """One name (hex SHA-256) for the whole state: over (contest, level, unit, cells by name) of every unit.

    The order in which rows come does not matter: each row is hashed, and the sorted hashes together.
    """
    hashes = bytearray()  # a nation has a million: as many objects would be 60 MB more
    for contest, level, unit, cells in rows:
        hashes += sha256(dumps([contest, level, unit, dict(cells)])).digest()
    return sha256(np.sort(np.frombuffer(hashes, f"S{sha256().digest_size}")).tobytes()).hexdigest()
