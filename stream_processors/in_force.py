"""What a station's form in force adds to the totals above it, and how it differs from the one before.

The fold and what is made of it use this; the engines keep their states in another form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from schemas.ballots import Ballot
from schemas.events import CountCorrected, CountSubmitted
from schemas.findings import Finding, Status
from schemas.regions import Level
from schemas.tallies import BY_OPTION, FIXED_CELLS, Tally
from stream_processors.assess import AssessedCount
from stream_processors.checks.replaced import replaced_by_zeros

WITH_VOTES: Final = (Status.CLEAN, Status.FLAGGED)
"""The statuses of forms on which votes are filled in, be they zero."""

_FIGURES: Final = {
    "voters": "voters.total.j",
    "valid": "valid",
    "invalid": "invalid",
    "ballots_received": "ballots.received",
    "ballots_used": "ballots.used",
}
"""The figures beside the votes, by their names in totals: their names on the form."""


class InForce(NamedTuple):
    """What a station adds to the totals above it, in one contest."""

    village: int
    ballot: Ballot
    version: int
    registered: int | None
    fixed: tuple[int, ...]  # by FIXED_CELLS
    votes: Sequence[int | None]  # by the ballot's options; None: not given
    status: Status
    unlisted: bool
    complete: bool

    def tally(self, contest: str, unit: str, parent: str) -> Tally:
        """The station as a tally."""
        clean = self.status is Status.CLEAN
        by_option: dict[str, dict[str, int]] = {name: {} for name in BY_OPTION}
        for option, key, figure in zip(self.ballot.options, self.ballot.keys, self.votes, strict=True):
            by_option["votes"][key] = figure or 0
            by_option["clean_votes"][key] = (figure or 0) if clean else 0
            given = int(figure is not None)
            by_option["votes_forms"][key] = given
            by_option["clean_votes_forms"][key] = given if clean else 0
            if "." not in option:
                shared = (figure or 0) if self.complete else 0
                by_option["share_votes"][key] = shared
                by_option["clean_share_votes"][key] = shared if clean else 0
        return Tally(
            contest=contest,
            level=Level.STATION,
            unit=unit,
            parent=parent,
            version=self.version,
            fixed=self.fixed,
            expected=1,
            registered=self.registered,
            registered_outstanding=None,
            **by_option,
        )

    def cells(self) -> dict[str, Any]:
        """Every cell of its tally, by name: those of `tally(...).cells()`, several times faster."""
        ballot, clean = self.ballot, self.status is Status.CLEAN
        figures = [figure or 0 for figure in self.votes]
        given = [int(figure is not None) for figure in self.votes]
        shared = [figures[place] if self.complete else 0 for place in ballot.top]
        numbers = (
            *(self.version, 1, self.registered, None),
            *self.fixed,
            *figures,
            *(figures if clean else [0] * len(figures)),
            *given,
            *(given if clean else [0] * len(given)),
            *shared,
            *(shared if clean else [0] * len(shared)),
        )
        return dict(zip(_cell_names(ballot.keys, ballot.top), numbers, strict=True))

    def on_form(self) -> dict[str, int | None]:
        """Its figures by their names on the form; None: not given."""
        cells = dict(zip(FIXED_CELLS, self.fixed, strict=True))
        given = {name: cells[cell] if cells[f"{cell}_forms"] else None for cell, name in _FIGURES.items()}
        votes = {
            f"votes.{option}": figure for option, figure in zip(self.ballot.options, self.votes, strict=True)
        }
        return given | votes


@cache
def _cell_names(keys: tuple[str, ...], top: tuple[int, ...]) -> tuple[str, ...]:
    """The names of a station's cells, in the order of `InForce.cells`: of as many ballots as there are."""
    shared = [keys[place] for place in top]
    return (
        *("version", "expected", "registered", "registered_outstanding"),
        *FIXED_CELLS,
        *(f"{name}.{key}" for name in BY_OPTION for key in (shared if "share" in name else keys)),
    )


def in_force_of(one: AssessedCount, version: int) -> InForce:
    """What an accepted count makes of its station, which has that version then."""
    cells = dict.fromkeys(FIXED_CELLS, 0)
    event = one.decoded.event
    if isinstance(event, (CountSubmitted, CountCorrected)):
        form = event.payload.form
        cells["received"] = 1
        cells["unlisted"] = int(one.unlisted)
        cells["registered_received"] = 0 if one.unlisted else one.registered or 0
        papers = form.ballots
        figures = {
            "voters": form.voters.total.j if form.voters and form.voters.total else None,
            "valid": form.valid,
            "invalid": form.invalid,
            "ballots_received": papers.received if papers else None,
            "ballots_used": papers.used if papers else None,
        }
        shared = 0
        if one.complete:
            shared = sum(one.votes[place] or 0 for place in one.ballot.top)
        for prefix in ("", "clean_") if one.status is Status.CLEAN else ("",):
            for name, figure in figures.items():
                if f"{prefix}{name}" in cells:
                    cells[f"{prefix}{name}"] = figure or 0
                    cells[f"{prefix}{name}_forms"] = int(figure is not None)
            cells[f"{prefix}share_forms"] = int(one.complete)
            cells[f"{prefix}share_total"] = shared
    cells[one.status.value] = 1
    return InForce(
        village=one.village,
        ballot=one.ballot,
        version=version,
        registered=one.registered,
        fixed=tuple(cells.values()),
        votes=one.votes,
        status=one.status,
        unlisted=one.unlisted,
        complete=one.complete,
    )


def differing_cells(here: InForce, there: InForce) -> list[str]:
    """The names of the figures in which two forms of a station differ, as on the form."""
    other = there.on_form()
    return [name for name, figure in here.on_form().items() if figure != other.get(name)]


def against_the_one_before(here: InForce, before: InForce | None) -> Finding | None:
    """R28: the version before had votes, and all votes of this one are zero."""
    if before is None or here.status not in WITH_VOTES or before.status not in WITH_VOTES:
        return None
    if any(here.votes) or not any(before.votes):
        return None
    return replaced_by_zeros(sum(before.votes[place] or 0 for place in before.ballot.top))
