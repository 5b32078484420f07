"""Why a message is rejected: reason codes that are part of the public contract, each with a sentence.

A rejected message is kept: its bytes stay in the log, and sending it again once the obstacle is gone
is decided anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.language import Text


class Reason(StrEnum):
    """Reason codes. Each one is explained in docs/events.md and has an example that shows it."""

    MALFORMED = "malformed"
    UNKNOWN_SCHEMA_VERSION = "unknown_schema_version"
    WRONG_EVENT_ID = "wrong_event_id"
    UNKNOWN_ELECTION = "unknown_election"
    UNKNOWN_CONTEST = "unknown_contest"
    UNKNOWN_STATION = "unknown_station"
    UNKNOWN_REGION = "unknown_region"
    NOT_HELD_HERE = "not_held_here"
    UNKNOWN_OPTION = "unknown_option"
    NOT_AUTHORISED = "not_authorised"
    WRONG_ROLE = "wrong_role"
    WRONG_KEY = "wrong_key"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    REVOKED_KEY = "revoked_key"
    OUT_OF_SCOPE = "out_of_scope"
    SEQUENCE_REPEATED = "sequence_repeated"
    COUNTING_PAUSED = "counting_paused"
    INVALID_CONTROL = "invalid_control"
    ALREADY_COUNTED = "already_counted"
    SUPERSEDED_MISMATCH = "superseded_mismatch"
    RULING_IN_FORCE = "ruling_in_force"
    ORDER_UNKNOWN = "order_unknown"
    SEEN_EARLIER = "seen_earlier"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a message is rejected: the reason code, and a sentence that says what to do."""

    reason: Reason
    said: Text


class Rejected(Exception):
    """Raised where a message is rejected; carries why."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.said.en)
        self.rejection = rejection


def reject(reason: Reason, *, id: str, en: str) -> Rejected:
    """The exception to raise for `reason`, with its sentence in both languages."""
    return Rejected(Rejection(reason, Text(id=id, en=en)))
