"""The state of a partition in memory: the state of each unit, and the totals above them.

`decide_batch` decides about each message without changing anything; `apply` applies the outcome. Between the
two the owner commits: what could not be written never enters the state. Recovery calls the same two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.identity import Identity
from schemas.outcomes import MessageOutcome, Status
from schemas.regions import Registry
from schemas.rejections import Reason, Rejection
from stream_processors.authority import Authority, Decided, Signer
from stream_processors.cells import Cells, figure_count, station_cells
from stream_processors.partition import unit_states
from stream_processors.partition.batch import Batch
from stream_processors.partition.differences import with_cells
from stream_processors.partition.message_rows import CONTROL, COUNT, REASON, RECAP, REJECTED, STATEFUL
from stream_processors.rollup import Rollup
from stream_processors.station import Accepted, Proposal, Repeated

RESTORE_BATCH: Final = 50_000
"""Unit states added up at once during a restore: some 20 MB of cells."""

RejectedBefore = Callable[[bytes, Reason], bool]
"""Whether the message with that id has been rejected for that reason before."""

NUMBERS: Final = 5
"""The kind, beside those of batches, of rows with the sequence numbers that a signer has used; the unit
is the signer's name."""


class NumberRow(NamedTuple):
    """A sequence number, used by the event at `position`."""

    position: int
    signer: str
    record: bytes


def signer_name(signer: Signer) -> str:
    """A signer as it is stored: the index of its home, and its key."""
    home, key = signer
    return f"{home} {key}"


def signer_named(name: str) -> Signer:
    """The signer that `signer_name` named."""
    home, _, key = name.partition(" ")
    return int(home), key


class StateRow(NamedTuple):
    """The state of a unit after the event at `position`. Of kind CONTROL: an accepted control event."""

    position: int
    kind: int  # one of STATEFUL, or CONTROL
    contest: int  # its index
    unit: str
    state: bytes  # see stream_processors.partition.unit_states; of a control event its bytes


class UnitState(NamedTuple):
    """The latest state of a unit: a StateRow without its position."""

    kind: int
    contest: int
    unit: str
    state: bytes


@dataclass(slots=True)
class Outcome:
    """The outcome of each message of a batch, by its index in the batch.

    A batch to be appended is in the log from position `first` on, without the messages that it repeats; a
    batch that was read from a log is there as a whole, at the positions `given`.
    """

    first: int
    given: Sequence[int] | None = None
    appended: list[int] = field(default_factory=list)  # indexes of messages that are in the log, in order
    accepted: list[int] = field(default_factory=list)  # of these, the accepted ones
    states: list[bytes] = field(default_factory=list)  # the unit's state after each accepted one
    previous: list[bytes | None] = field(default_factory=list)  # and before it
    positions: list[int] = field(default_factory=list)  # the position of each accepted one
    rejected: dict[int, Rejection] = field(default_factory=dict)  # appended, but rejected
    rejected_again: dict[int, Rejection] = field(default_factory=dict)  # the same message, rejected before
    repeated: list[int] = field(default_factory=list)  # accepted before
    controls: list[int] = field(default_factory=list)  # appended: accepted control events
    numbers: list[NumberRow] = field(default_factory=list)  # sequence numbers used for the first time
    authority: Authority | None = None  # after the batch; None: unchanged

    @property
    def end(self) -> int:
        """The position after the last message that is in the log."""
        return self.given[-1] + 1 if self.given else self.first + len(self.appended)

    @property
    def entries(self) -> Sequence[int]:
        """The position of each of `appended`."""
        return range(self.first, self.end) if self.given is None else self.given

    def by_message(self) -> list[MessageOutcome]:
        """The outcome of each message, in the order of the batch; the log has one partition."""
        positions = dict(zip(self.appended, self.entries, strict=True))
        outcomes = {
            index: MessageOutcome(Status.ACCEPTED, 0, positions[index])
            for index in (*self.accepted, *self.controls)
        }
        outcomes |= {index: MessageOutcome(Status.REPEATED) for index in self.repeated}
        for index, rejection in (*self.rejected.items(), *self.rejected_again.items()):
            position = positions.get(index)
            partition = None if position is None else 0
            outcomes[index] = MessageOutcome(Status.REJECTED, partition, position, rejection)
        return [outcomes[index] for index in range(len(outcomes))]


class State:
    """The states of all units, the totals of all regions, and who may submit."""

    def __init__(self, registry: Registry, ballots: Ballots, identity: Identity | None) -> None:
        """`identity` is the election's."""
        self._ballots = ballots
        self.authority = Authority(registry, identity)
        self.rollup = Rollup(registry, ballots)
        # By kind and contest index. Keys and values hold nothing for the garbage collector to traverse.
        self._units: dict[int, list[dict[str, bytes]]] = {
            kind: [{} for _ in ballots.contests] for kind in STATEFUL
        }

    def states_of(self, contest: int, units: Iterable[str]) -> list[tuple[str, bytes]]:
        """The states of those stations, or regions (recapitulations), with accepted events."""
        counts, recaps = self._units[COUNT][contest], self._units[RECAP][contest]
        return [(unit, held) for unit in units if (held := counts.get(unit) or recaps.get(unit)) is not None]

    def decide_batch(self, batch: Batch, first: int, rejected_before: RejectedBefore) -> Outcome:
        """Decide about each message of `batch`, which is to be appended from position `first` on."""
        return self._decide(batch, Outcome(first), rejected_before)

    def decide_entries(self, batch: Batch, positions: Sequence[int]) -> Outcome:
        """Decide about each message of `batch`, which is in the log at these positions (ascending)."""
        return self._decide(batch, Outcome(positions[0], positions), _never)

    def _decide(self, batch: Batch, outcome: Outcome, rejected_before: RejectedBefore) -> Outcome:
        given = outcome.given
        fresh: dict[tuple[int, int, str], bytes] = {}
        rejected_now: dict[bytes, Reason] = {}
        # In an election without keys nothing is asked of it: then there is no need for a copy.
        if batch.controls or any(claim is not None for claim in batch.claims):
            outcome.authority = self.authority.fork()
        for index, (kind, message) in enumerate(zip(batch.kinds, batch.ids, strict=True)):
            key = (kind, batch.contests[index], batch.units[index])
            held = None
            if kind in STATEFUL:
                held = fresh.get(key) or self._units[kind][key[1]].get(key[2])
            document = None
            if kind == REASON:
                documents = (RECAP, *key[1:])
                document = fresh.get(documents) or self._units[RECAP][key[1]].get(key[2])
            authority = outcome.authority or self.authority
            decision, used = self._verdict(batch, index, held, document, authority)
            position = outcome.end if given is None else given[index]
            if isinstance(decision, Accepted):
                if kind == CONTROL:
                    outcome.controls.append(index)
                else:
                    ids, positions = unit_states.extended(held, message, position)
                    state = fresh[key] = unit_states.pack(
                        ids,
                        positions,
                        batch.statuses[index],
                        batch.unlisted[index],
                        batch.ballots[index],
                        batch.regions[index],
                        batch.figures[index],
                    )
                    outcome.accepted.append(index)
                    outcome.states.append(state)
                    outcome.previous.append(held)
                    outcome.positions.append(position)
            elif isinstance(decision, Repeated):
                outcome.repeated.append(index)
                if given is None:
                    continue
            elif given is None and (
                rejected_now.get(message) == decision.reason or rejected_before(message, decision.reason)
            ):
                outcome.rejected_again[index] = decision
                continue
            else:
                rejected_now[message] = decision.reason
                outcome.rejected[index] = decision
            outcome.appended.append(index)
            if used is not None:
                outcome.numbers.append(NumberRow(position, signer_name(used[0]), used[1]))
        return outcome

    def _verdict(
        self, batch: Batch, index: int, held: bytes | None, document: bytes | None, authority: Authority
    ) -> Decided:
        """The decision about one message; `held` is the state of its unit, and `document`, of a reason, that
        of the documents that it is about."""
        kind = batch.kinds[index]
        if kind == REJECTED:
            return Decided(batch.rejections[index])
        if kind == CONTROL:
            control = batch.controls[index]
            return Decided(authority.control(control.raw, control.event, control.id))
        proposal = Proposal(
            batch.ids[index], batch.units[index], batch.supersedes[index], batch.annuls[index]
        )
        lineage = unit_states.lineage_of(held)
        documents = unit_states.lineage_of(document) if kind == REASON else None
        decided = authority.decide(batch.claims[index], batch.regions[index], lineage, proposal, documents)
        why = decided.decision
        if (
            isinstance(why, Rejection)
            and why.reason is Reason.ALREADY_COUNTED
            and held is not None
            and kind == COUNT
        ):
            ballot = self._ballots.ballots[batch.ballots[index]]
            return decided._replace(decision=with_cells(why, held, ballot, batch.figures[index]))
        return decided

    def apply(self, batch: Batch, outcome: Outcome) -> dict[int, NDArray[np.int64]]:
        """Apply the accepted messages; by ballot the indexes of the regions whose totals changed."""
        if outcome.authority is not None:
            self.authority.join(outcome.authority)
        by_ballot: dict[int, list[int]] = {}
        for number, index in enumerate(outcome.accepted):
            kind = batch.kinds[index]
            self._units[kind][batch.contests[index]][batch.units[index]] = outcome.states[number]
            if kind == COUNT:
                by_ballot.setdefault(batch.ballots[index], []).append(number)
        for ballot, numbers in by_ballot.items():
            villages = np.array([batch.regions[outcome.accepted[number]] for number in numbers], np.int64)
            changes = self._cells(ballot, [outcome.states[number] for number in numbers])
            replaced = [
                (row, held) for row, number in enumerate(numbers) if (held := outcome.previous[number])
            ]
            if replaced:
                rows = [row for row, _ in replaced]
                changes[rows] -= self._cells(ballot, [held for _, held in replaced])
            self.rollup.add(ballot, villages, changes)
        return self.rollup.settle()

    def rows(self) -> Iterator[UnitState]:
        """Accepted control events, the numbers of each signer, and the state of every unit."""
        for raw in self.authority.controls():
            yield UnitState(CONTROL, 0, "", raw)
        for signer, records in self.authority.numbers():
            yield UnitState(NUMBERS, 0, signer_name(signer), records)
        for kind in STATEFUL:
            for contest, units in enumerate(self._units[kind]):
                for unit, state in units.items():
                    yield UnitState(kind, contest, unit, state)

    def restore(self, rows: Iterable[UnitState]) -> None:
        """Restore from rows of `rows`, a unit's latest state last; call `finish_restoring` afterwards."""
        for kind, contest, unit, state in rows:
            if kind == CONTROL:
                self.authority.restore(state)
            elif kind == NUMBERS:
                self.authority.use(signer_named(unit), state)
            else:
                self._units[kind][contest][unit] = state

    def finish_restoring(self) -> None:
        """Add up all restored states."""
        for units in self._units[COUNT]:
            held = list(units.values())
            ballots = unit_states.heads(held)["ballot"]
            for ballot in np.unique(ballots).tolist():
                indexes = np.flatnonzero(ballots == ballot).tolist()
                for start in range(0, len(indexes), RESTORE_BATCH):
                    part = [held[index] for index in indexes[start : start + RESTORE_BATCH]]
                    regions = unit_states.heads(part)["region"].astype(np.int64)
                    self.rollup.add(ballot, regions, self._cells(ballot, part))
                    self.rollup.settle()

    def _cells(self, ballot: int, held: Sequence[bytes]) -> Cells:
        """The cells of these unit states, all of one ballot."""
        heads = unit_states.heads(held)
        of = self._ballots.ballots[ballot]
        return station_cells(
            of,
            heads["version"].astype(np.int64),
            heads["status"].astype(np.int64),
            heads["unlisted"].astype(np.int64),
            unit_states.figures(held, figure_count(of)),
        )


def _never(_: bytes, __: Reason) -> bool:
    return False
