"""The task of a partition: the order in which its state changes and its results are published.

Of count-events, for every batch:
  1. apply                     memory: the stage applies the entries
  2. rejected entries          to their own topic, with the reason
  3. rows                      to count-rows, for the sink
  4. totals that changed       to the topic of the next stage
  5. the position              to count-rows, once 2 and 3 are acknowledged    <- the commit point
Everything up to a published position is published. Where nothing was rejected and all messages before are
acknowledged, it is in one message with the rows, which is written as a whole or not at all.
Of totals, for every batch: 1. the stage applies them, 2. the sums that changed are published.

Nothing here is stored on a disk, and no step has to succeed for the next one to be correct: the next owner of
the partition folds it from the log, publishes the rows again after the last published position, and
re-publishes all totals. Publishing is at least once and idempotent: rows have their identity in the tables'
keys, totals a version. A step that fails ends the worker; it must never process the next batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import pyarrow as pa

from schemas.ballots import Ballots
from schemas.rejections import Rejection
from schemas.tally_messages import TallyMessage
from sinks.row_messages import fit_together
from sinks.rows import Rows, by_table
from stream_processors.distributed.count_stage import AssessedEntries, CountStage
from stream_processors.partition.changes import Changes, rows_of


class ResultPublisher(Protocol):
    """Publishes results. A call returns when the message is submitted, in the order of the calls within a
    topic and partition; it raises when an earlier message is known to have failed."""

    @property
    def submitted(self) -> int:
        """How many messages were submitted."""
        ...

    def has_acknowledged(self, count: int) -> bool:
        """Whether the first `count` messages are acknowledged."""
        ...

    def publish_rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Publish the rows of a partition of count-events, table after table; with `after` the last table is
        `sink_position`, which follows that position (-1: none); `more`: more rows of a backlog follow. Tables
        that `fit_together` are written as a whole or not at all."""
        ...

    def publish_rejected(
        self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection
    ) -> None:
        """Publish a rejected entry."""
        ...

    def publish_tally(self, message: TallyMessage) -> None:
        """Publish totals to the topic of their level."""
        ...


class _PendingPosition(NamedTuple):
    """A position that must not be published before the first `messages` messages are acknowledged."""

    messages: int
    position: int
    recorded_at: int
    more: bool


class CountTask:
    """The task of a partition of count-events. Its rows and rejected entries up to position `published` (-1:
    none) were published before, by this worker or a predecessor."""

    def __init__(
        self, stage: CountStage, rows: Rows, ballots: Ballots, publisher: ResultPublisher, published: int
    ) -> None:
        self.stage = stage
        self._published = published  # rows and rejected entries, acknowledged or in flight
        self._published_position = published
        self._pending: deque[_PendingPosition] = deque()
        self._submitted = 0  # messages of the publisher up to the last one with rows of this task
        self._rows = rows
        self._ballots = ballots
        self._publisher = publisher

    def process(self, entries: AssessedEntries) -> Changes:
        """Steps 1 to 3 for entries from the stage's position on; step 5 where it needs no waiting."""
        is_new = entries.positions[-1] > self._published
        changes = self.stage.apply(entries, with_rows=is_new)  # 1
        outcome = changes.outcome
        if not is_new:
            return changes  # a predecessor published all of it
        rejected = [index for index in outcome.rejected if entries.positions[index] > self._published]
        is_whole = not (rejected or self._pending) and self._publisher.has_acknowledged(self._submitted)
        for index in rejected:  # 2
            raw, key, position = entries.batch.raws[index], entries.keys[index], entries.positions[index]
            why = outcome.rejected[index]
            self._publisher.publish_rejected(self.stage.partition, position, key, raw, why)
        whole = by_table(rows_of(self._rows, self._ballots, changes))
        self._published = self.stage.position - 1
        if is_whole and fit_together(whole):
            self._publish_position(self._published, changes.newest, entries.more, whole)  # 3 and 5
        else:
            self._publisher.publish_rows(self.stage.partition, whole)  # 3
            self._pending.append(
                _PendingPosition(self._publisher.submitted, self._published, changes.newest, entries.more)
            )
        self._submitted = self._publisher.submitted
        return changes

    @property
    def published(self) -> int:
        """The position up to which no rows have to be published."""
        return self._published

    def set_published(self, position: int) -> None:
        """Another worker has published everything up to that position."""
        self._published = max(self._published, position)
        self._published_position = max(self._published_position, position)

    def publish_changes(self) -> int:
        """Step 4: publish the totals that changed; how many. Step 5, as far as messages are acknowledged."""
        count = publish_tallies(self._publisher, self.stage.changed_tallies())
        self._publish_acknowledged_position()
        return count

    @property
    def has_pending_position(self) -> bool:
        """Whether a position waits for acknowledgements: call `publish_changes` again later."""
        return bool(self._pending)

    def _publish_acknowledged_position(self) -> None:
        """Step 5. Publish a position only after its rows and rejected entries are acknowledged. Otherwise,
        after a crash, the next owner would skip those that were lost."""
        last = None
        while self._pending and self._publisher.has_acknowledged(self._pending[0].messages):
            last = self._pending.popleft()
        if last is not None and last.position > self._published_position:
            self._publish_position(last.position, last.recorded_at, last.more, {})

    def _publish_position(
        self, position: int, recorded_at: int, more: bool, rows: Mapping[str, pa.Table]
    ) -> None:
        """Publish a position, in one message with its `rows` where there are any."""
        table = self._rows.position(self.stage.partition, position, recorded_at)
        self._publisher.publish_rows(
            self.stage.partition, {**rows, "sink_position": table}, self._published_position, more=more
        )
        self._published_position = position

    def republish_totals(self) -> int:
        """Publish all totals, whether they changed or not; how many."""
        return publish_tallies(self._publisher, self.stage.all_tallies())


def publish_tallies(publisher: ResultPublisher, messages: Iterable[TallyMessage]) -> int:
    """Publish these totals; how many."""
    count = 0
    for message in messages:
        publisher.publish_tally(message)
        count += 1
    return count
