"""When a rejected message is appended again: after it was rejected for another reason in between."""

from __future__ import annotations

from pathlib import Path

from event_log.sqlite import SqliteLog
from schemas.rejections import Reason
from stream_processors.embedded.decisions import Decisions

MESSAGE = bytes(range(32))


def test_only_the_last_reason_of_a_message_is_kept(tmp_path: Path) -> None:
    log = SqliteLog.open(tmp_path / "log.sqlite")
    decisions = Decisions(log, {})
    first, other = Reason.ALREADY_COUNTED, Reason.SUPERSEDED_MISMATCH
    for reason in (first, other):
        assert not decisions.rejected_before(MESSAGE, reason)
        with log.transaction():
            decisions.write([], [(MESSAGE, reason)], [], [], 0)
        assert decisions.rejected_before(MESSAGE, reason)
    assert not decisions.rejected_before(MESSAGE, first)
    log.close()
