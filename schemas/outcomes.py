"""What became of one message that was handed to the log: one outcome each, in the order of the messages.

The embedded engine decides while it appends. On Kafka the log only records; workers decide later, and their
decision is read from the projections.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.language import Text
from schemas.rejections import Rejection


class Status(StrEnum):
    """Of a message."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"  # accepted before; nothing was appended
    REJECTED = "rejected"  # in the log, now or from before, and counted nowhere
    RECORDED = "recorded"  # in the log on Kafka, acknowledged; not decided yet
    NOT_ACKNOWLEDGED = "not_acknowledged"  # may be in the log all the same: sending it again is safe
    TOO_LARGE = "too_large"  # not in the log, and never will be


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """`partition` and `position`: where the log has it, if this message was appended (and acknowledged) now.
    `rejection`: why it is rejected. `said`: why it was not taken."""

    status: Status
    partition: int | None = None
    position: int | None = None
    rejection: Rejection | None = None
    said: Text | None = None
