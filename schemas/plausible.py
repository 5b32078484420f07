"""Whether totals that came on a topic can be: of this election, with its cells, and no further than the log.

A digest shows damage, not invention: whoever may write to a topic can compute it. Held against what this
process knows itself, the register and where the log ends, most of what is invented can't be. What passes here
may still be wrong; only the log can show that (`rekap verify`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.forms import MAX_FIGURE
from schemas.regions import DEPTH, UNKNOWN, Level, Registry
from schemas.tallies import CELL, CLEAN, CLEAN_FORMS, FORMS, Layout
from schemas.tally_cells import cell_count
from schemas.tally_messages import TallyMalformed, TallyMessage
from schemas.text import quoted

_FORMS: Final = tuple((name.removesuffix("_forms"), name) for name in (*FORMS, *CLEAN_FORMS))
"""Each figure with the number of forms that give it."""

_RECORDED_AND_CLEAN: Final = tuple(
    (CELL[name.removeprefix("clean_")], CELL[name])
    for name in (*CLEAN, *CLEAN_FORMS, "clean_share_forms", "clean_share_total")
)

_BY_OPTION: Final = (
    ("votes", "clean_votes"),
    ("votes_forms", "clean_votes_forms"),
    ("share_votes", "clean_share_votes"),
)
"""The recorded and the clean figures of options, by their names in a Layout."""


class LogEnds:
    """Where each partition of the log ends, as far as it has to be known: asked for again only when something
    claims to be beyond. Ends only grow, so that an old answer is never too high."""

    def __init__(self, ask: Callable[[], Sequence[int]]) -> None:
        """`ask` returns the ends by partition, and raises what its caller raises."""
        self._ask = ask
        self._ends: Sequence[int] = ()

    def has(self, partition: int, position: int) -> bool:
        """Whether the log has had an entry at that position."""
        if not self._covers(partition, position):
            self._ends = self._ask()
        return self._covers(partition, position)

    def end(self, partition: int) -> int:
        """The end of that partition as it was last asked for; 0 where there is none."""
        return self._ends[partition] if 0 <= partition < len(self._ends) else 0

    def _covers(self, partition: int, position: int) -> bool:
        return 0 <= position < self.end(partition)


class TotalsCheck:
    """Checks totals of one election."""

    def __init__(self, election: Election, registry: Registry, ballots: Ballots, ends: LogEnds) -> None:
        self._election = election.id
        self._registry = registry
        self._ballots = ballots
        self._ends = ends
        self._contests = {contest: number for number, contest in enumerate(ballots.contests)}

    def check(self, message: TallyMessage) -> None:
        """Raises TallyMalformed when these totals can't be, and what asking for the log's ends raises."""
        contest = self._contests.get(message.contest)
        region = self._registry.index.get(message.unit)
        if message.election != self._election or contest is None or region is None:
            raise _unfit(message, "which is not in this election")
        parent = int(self._registry.parent[region])
        above = "" if parent == UNKNOWN else self._registry.ids[parent]
        if DEPTH[message.level] != self._registry.depth[region] or message.parent != above:
            raise _unfit(message, "whose place in the register is another")
        held = self._ballots.of_region(contest, region)
        for ballot, cells in message.cells.items():
            if ballot not in held or len(cells) != cell_count(self._ballots.ballots[ballot]):
                raise _unfit(message, f"with a ballot {ballot} that is another here")
            if (why := _contradiction(cells, self._ballots.ballots[ballot].layout)) is not None:
                raise _impossible(message, why)
        listed = sum(
            cells[CELL["received"]] - cells[CELL["unlisted"]] - cells[CELL["surplus"]]
            for cells in message.cells.values()
        )
        expected, _ = self._ballots.expected(contest, region)
        if listed > expected:
            raise _impossible(message, f"it counts {listed} stations of the register, which has {expected}")
        self._check_source(message)

    def _check_source(self, message: TallyMessage) -> None:
        """An accepted event takes a position of the log, and a district's are all in one partition."""
        if message.level is Level.DISTRICT and len(message.source) != 1:
            raise _impossible(message, f"it comes from {len(message.source)} partitions of the log")
        for partition, position in message.source.items():
            if not self._ends.has(partition, position):
                raise _impossible(
                    message,
                    f"it includes position {position} of partition {partition} of the log, which ends at "
                    f"{self._ends.end(partition)}",
                )
        entries = sum(position + 1 for position in message.source.values())
        if message.version > entries:
            raise _impossible(message, f"its version is {message.version}, of {entries} entries of the log")


def _contradiction(cells: Sequence[int], layout: Layout) -> str | None:
    """How a ballot's cells contradict each other; None: they do not."""
    received = cells[CELL["received"]]
    if received + cells[CELL["annulled"]] > cells[0]:
        return f"it counts {received + cells[CELL['annulled']]} stations at version {cells[0]}"
    if received != cells[CELL["clean"]] + cells[CELL["flagged"]] + cells[CELL["blank"]]:
        return f"it counts {received} stations, and others by status"
    if cells[CELL["unlisted"]] > received:
        return f"it counts {cells[CELL['unlisted']]} stations outside the register, of {received}"
    if any(cells[clean] > cells[recorded] for recorded, clean in _RECORDED_AND_CLEAN) or any(
        clean > recorded
        for recorded_at, clean_at in _BY_OPTION
        for recorded, clean in zip(
            cells[getattr(layout, recorded_at)], cells[getattr(layout, clean_at)], strict=True
        )
    ):
        return "it has more in forms without a finding than in all forms"
    given = [(cells[CELL[figure]], cells[CELL[forms]]) for figure, forms in _FORMS]
    given += zip(cells[layout.votes], cells[layout.votes_forms], strict=True)
    given += zip(cells[layout.clean_votes], cells[layout.clean_votes_forms], strict=True)
    if any(forms > received or figure > forms * MAX_FIGURE for figure, forms in given):
        return f"it has more than {received} forms can say"
    return None


def _unfit(message: TallyMessage, why: str) -> TallyMalformed:
    return TallyMalformed(
        f"{_named(message)}, {why}. Workers and sinks of an election must have the same data directory and "
        "version: stop the one that has not."
    )


def _impossible(message: TallyMessage, why: str) -> TallyMalformed:
    return TallyMalformed(
        f"{_named(message)}, which can't be: {why}. Something else than rekap's workers writes to this "
        "topic, or it is a mistake of ours: see who may write to it (rekap topics check), and report this "
        "sentence."
    )


def _named(message: TallyMessage) -> str:
    return (
        f"It holds totals of {message.level} {quoted(repr(message.unit))}, "
        f"{quoted(repr(message.contest))} of {quoted(repr(message.election))}"
    )
