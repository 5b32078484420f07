"""One station and contest while its records are imported: what the log has, and what this import adds.

Nothing is accepted here. What is sent is decided by the same rule as in the log, so that the next record of
the station is compared with what will be in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from producers.importers.accepted import History, Known
from schemas.rejections import Reason
from schemas.sources import Message


class StationLine:
    """The count events of one station and contest, oldest first, and those that this import adds."""

    def __init__(self, raws: Sequence[bytes]) -> None:
        self.raws = raws
        """What the log has, as of the beginning of the import."""

    @cached_property
    def history(self) -> History:
        """What the log has and this import has added. Most stations of a first import have nothing."""
        return History(self.raws)

    def send(self, raw: bytes, place: str) -> Message:
        """The message that sends `raw`, with the events that waited for it."""
        event = Known(raw)
        followers: list[bytes] = []
        if self.history.add(event):
            self._settle(event, followers)
        why = event.not_counted
        return Message(raw, place, None if why is None else Reason(why.value), tuple(followers))

    def _settle(self, accepted: Known, followers: list[bytes]) -> None:
        """Take in what waited for `accepted`, and what waited for that."""
        for waiting in self.history.waiting_for(accepted):
            if self.history.add(Known(waiting.raw)):
                followers.append(waiting.raw)
                self._settle(waiting, followers)
                return  # only one event can replace it
