"""Lines that are events already, of one station: in which order they are sent, so that they settle.

Events of a log in its order come to what that log came to. In any other order, an event waits for the one
that it replaces; and of several first counts, those that were annulled come before the one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from producers.importers.accepted import Known
from producers.importers.lineage import StationLine
from schemas.sources import Message, NothingNew


@dataclass(frozen=True)
class PlacedEvent:
    """An event, and where its line stands."""

    raw: bytes
    place: str

    @cached_property
    def event(self) -> Known:
        """Read."""
        return Known(self.raw)


def records_of(
    line: StationLine, events: Sequence[PlacedEvent], *, in_order: bool = False
) -> list[Message | NothingNew]:
    """What becomes of each of them. They are valid events about that station; `in_order`: as they stood in a
    log."""
    in_order = in_order or _is_in_order(line, events)
    return [_record(line, one) for one in (events if in_order else _settled(line, events))]


def _record(line: StationLine, one: PlacedEvent) -> Message | NothingNew:
    history = line.history
    if one.event.states_reason:
        return Message(one.raw, one.place)
    if history.ids.get(one.event.event_id):
        in_force = one.event.event_id == history.accepted[-1].event_id
        return NothingNew(one.place, empty=False, superseded=not in_force)
    return line.send(one.raw, one.place)


def _is_in_order(line: StationLine, events: Sequence[PlacedEvent]) -> bool:
    """Whether none comes before the one that it replaces."""
    known = {event for event, accepted in line.history.ids.items() if accepted}
    later = {one.event.event_id for one in events} - known
    for one in events:
        if one.event.supersedes in later:
            return False
        later.discard(one.event.event_id)
    return True


def _settled(line: StationLine, events: Sequence[PlacedEvent]) -> list[PlacedEvent]:
    """The events in an order in which as many as can be are accepted, each reason after its document."""
    reasons: dict[str | None, list[PlacedEvent]] = {}
    for one in events:
        if one.event.states_reason:
            reasons.setdefault(one.event.supersedes, []).append(one)
    if reasons:
        in_force = line.history.in_force
        with_reasons = reasons.pop(in_force.event_id, []) if in_force is not None else []
        for one in _settled(line, [one for one in events if not one.event.states_reason]):
            with_reasons += [one, *reasons.pop(one.event.event_id, [])]
        return [*with_reasons, *chain.from_iterable(reasons.values())]
    left = {one.event.event_id: one for one in reversed(events)}  # of equal ones the first
    after: dict[str | None, list[PlacedEvent]] = {}
    for one in events:
        if left[one.event.event_id] is one:
            after.setdefault(one.event.supersedes, []).append(one)
    in_force = line.history.in_force
    at = in_force.event_id if in_force is not None else None
    order: list[PlacedEvent] = []
    while following := [one for one in after.get(at, ()) if one.event.event_id in left]:
        chosen = max(following, key=lambda one: _reach(one, after))  # the first of equal ones
        order.append(left.pop(chosen.event.event_id))
        at = None if chosen.event.annulment is not None else chosen.event.event_id
    taken = {id(one) for one in order}
    return [*order, *(one for one in events if id(one) not in taken)]


def _reach(one: PlacedEvent, after: dict[str | None, list[PlacedEvent]]) -> tuple[bool, int]:
    """Whether what builds on it ends in an annulment, and how many events that are."""
    best, depth, level = one.event.annulment is not None, 1, [one]
    while level := [child for parent in level for child in after.get(parent.event.event_id, ())]:
        depth += 1
        best = best or any(child.event.annulment is not None for child in level)
    return best, depth
