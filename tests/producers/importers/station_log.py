"""A log of one station, for tests: it accepts, repeats and rejects by the project's own rule."""

from __future__ import annotations

from schemas.decode import decode
from schemas.events import CountAnnulled, CountSubmitted
from stream_processors.station import NOTHING_YET, Accepted, Proposal, Repeated, decide


class StationLog:
    """`accepted` holds the bytes of the accepted events, `rejected` those of the rejected ones."""

    def __init__(self) -> None:
        self.accepted: list[bytes] = []
        self.rejected: list[bytes] = []
        self._lineage = NOTHING_YET

    def send(self, raw: bytes) -> str:
        """`accepted`, `repeated`, or the reason why it is rejected."""
        decoded = decode(raw)
        event = decoded.event
        supersedes = None if isinstance(event, CountSubmitted) else event.payload.supersedes
        decision = decide(
            self._lineage,
            Proposal(
                id=bytes.fromhex(decoded.event_id),
                unit=event.unit,
                supersedes=bytes.fromhex(supersedes) if supersedes else None,
                annuls=isinstance(event, CountAnnulled),
            ),
        )
        if isinstance(decision, Accepted):
            self._lineage = decision.lineage
            self.accepted.append(raw)
            return "accepted"
        if isinstance(decision, Repeated):
            return "repeated"
        self.rejected.append(raw)
        return decision.reason.value
