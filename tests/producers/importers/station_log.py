"""A log of one station, for tests: it accepts, repeats and rejects by the project's own rules."""

from __future__ import annotations

from schemas.decode import decode
from schemas.sources import SourceRecord
from stream_processors.station import NOTHING_YET, Accepted, Repeated, decide, proposal_of


class StationLog:
    """`accepted` holds the bytes of the accepted events, `events` those of all that an importer is told of,
    in their order."""

    def __init__(self) -> None:
        self.accepted: list[bytes] = []
        self.events: list[bytes] = []
        self._lineage = NOTHING_YET

    def send(self, raw: bytes) -> str:
        """`accepted`, `repeated`, or the reason why it is rejected."""
        decoded = decode(raw)
        origin = decoded.report.payload.origin
        if origin is not None and origin.not_counted is not None:
            return self._rejected(raw, origin.not_counted.value)
        decision = decide(self._lineage, proposal_of(decoded))
        if isinstance(decision, Accepted):
            self._lineage = decision.lineage
            self.accepted.append(raw)
            self.events.append(raw)
            return "accepted"
        if isinstance(decision, Repeated):
            return "repeated"
        return self._rejected(raw, decision.reason.value)

    def take(self, record: SourceRecord) -> str:
        """What becomes of a record: as `send`; `nothing`, `superseded`, or the reason of what is recorded."""
        from schemas.sources import Message, NothingNew

        if isinstance(record, Message):
            answer = self.send(record.raw)
            for raw in record.followed_by:
                self.send(raw)
            return answer
        assert isinstance(record, NothingNew)
        if record.rejected is not None:
            return record.rejected.value
        return "superseded" if record.superseded else "nothing"

    def _rejected(self, raw: bytes, reason: str) -> str:
        if raw not in self.events:
            self.events.append(raw)
        return reason
