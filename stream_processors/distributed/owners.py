"""Who owns a partition: in which order its state changes and its messages go out.

Of the events, for every batch:
  1. apply                     memory: the hop takes the entries in
  2. what was rejected           to its own topic, with the reason
  3. rows                      to the sink's topic
  4. totals that changed       to the next hop
  5. the position              to the sink's topic, once 2 and 3 are acknowledged: up to there all of it has
                               gone out. Where nothing was rejected and all before is acknowledged, it goes in
                               one message with the rows, which arrives as a whole or not at all
Of totals, for every batch: 1. the hop takes the values in, 2. the sums that changed go out.

Nothing here is remembered on a disk, and no step has to succeed for the next one to be right: whoever owns
the partition next folds it from the log, sends the rows again from the last position that went out on, and
announces all its totals. What goes out twice changes nothing: rows have their identity in the tables' keys,
totals a version. A step that fails ends the owner; it must never go on to the next batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import pyarrow as pa

from schemas.ballots import Ballots
from schemas.rejections import Rejection
from schemas.tally_messages import TallyMessage
from sinks.row_messages import fit_together
from sinks.rows import Rows
from stream_processors.distributed.count_hop import CountHop, Entries
from stream_processors.distributed.sum_hop import SumHop
from stream_processors.partition.changes import Changes, rows_of
from stream_processors.rollup import Merge


class Outlet(Protocol):
    """Where messages go. A call returns when the message is on its way, in the order of the calls within a
    topic and partition; raises when an earlier one is known to have failed."""

    @property
    def handed_over(self) -> int:
        """How many messages it has been given."""
        ...

    def has_sent(self, count: int) -> bool:
        """Whether the first `count` of them are acknowledged."""
        ...

    def rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Rows made from that partition of the events, table after table; with `after` the last one is
        `sink_position`, which follows on that position (-1: none), and `more` rows are being made. Tables
        that `fit_together` arrive as a whole or not at all."""
        ...

    def rejected(self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection) -> None:
        """A rejected entry."""
        ...

    def tally(self, message: TallyMessage) -> None:
        """Totals, to the topic of their level."""
        ...


class _Unsaid(NamedTuple):
    """A position that can't be said before the first so many `messages` have arrived."""

    messages: int
    position: int
    recorded_at: int
    more: bool


class CountOwner:
    """Owns a partition of the events. Its rows and rejected entries were published up to position
    `sent` inclusive (-1: none), by this worker or a predecessor."""

    def __init__(self, hop: CountHop, rows: Rows, ballots: Ballots, outlet: Outlet, sent: int) -> None:
        self.hop = hop
        self._sent = sent  # or on the way
        self._said = sent
        self._unsaid: deque[_Unsaid] = deque()
        self._handed_over = 0  # messages of the outlet up to the last with rows from here
        self._rows = rows
        self._ballots = ballots
        self._outlet = outlet

    def take(self, entries: Entries) -> Changes:
        """Steps 1 to 3 for entries from the hop's position on."""
        is_new = entries.positions[-1] > self._sent
        changes = self.hop.take(entries, shown=is_new)  # 1
        outcome = changes.outcome
        if not is_new:
            return changes  # a predecessor of this owner sent all of it
        rejected = [place for place in outcome.rejected if entries.positions[place] > self._sent]
        is_whole = not (rejected or self._unsaid) and self._outlet.has_sent(self._handed_over)
        for place in rejected:  # 2
            raw, key, position = entries.batch.raws[place], entries.keys[place], entries.positions[place]
            self._outlet.rejected(self.hop.partition, position, key, raw, outcome.rejected[place])
        tables: dict[str, list[pa.Table]] = {}
        for name, table in rows_of(self._rows, self._ballots, changes):
            tables.setdefault(name, []).append(table)
        whole = {name: pa.concat_tables(some) for name, some in tables.items()}
        self._sent = self.hop.position - 1
        if is_whole and fit_together(whole):
            self._say(self._sent, changes.newest, entries.more, whole)  # 3 and 5
        else:
            self._outlet.rows(self.hop.partition, whole)  # 3
            self._unsaid.append(_Unsaid(self._outlet.handed_over, self._sent, changes.newest, entries.more))
        self._handed_over = self._outlet.handed_over
        return changes

    @property
    def sent(self) -> int:
        """Up to which position no rows have to be made."""
        return self._sent

    def learn(self, sent: int) -> None:
        """Others have sent everything up to that position."""
        self._sent, self._said = max(self._sent, sent), max(self._said, sent)

    def emit(self) -> int:
        """Step 4: the totals that changed; how many. Step 5, as far as it can be done by now."""
        count = _send(self._outlet.tally, self.hop.changed())
        self._say_what_arrived()
        return count

    @property
    def owes(self) -> bool:
        """Whether a position waits to be said: `emit` again in a while."""
        return bool(self._unsaid)

    def _say_what_arrived(self) -> None:
        """Step 5, as far as it can be done by now. A position before its rows, or before what was rejected,
        would be believed by the next owner, if this one and what it had sent were lost between the two."""
        last = None
        while self._unsaid and self._outlet.has_sent(self._unsaid[0].messages):
            last = self._unsaid.popleft()
        if last is not None and last.position > self._said:
            self._say(last.position, last.recorded_at, last.more, {})

    def _say(self, position: int, recorded_at: int, more: bool, rows: Mapping[str, pa.Table]) -> None:
        """That everything up to `position` has gone out, these `rows` with it."""
        table = self._rows.position(self.hop.partition, position, recorded_at)
        self._outlet.rows(self.hop.partition, {**rows, "sink_position": table}, self._said, more=more)
        self._said = position

    def announce(self) -> int:
        """All totals, whether they changed or not; how many."""
        return _send(self._outlet.tally, self.hop.all())


class SumOwner:
    """Owns a partition of totals, to be added up for the level above."""

    def __init__(self, hop: SumHop, outlet: Outlet) -> None:
        self.hop = hop
        self._outlet = outlet

    def take(self, child: TallyMessage) -> Merge:
        """Step 1 for one value."""
        return self.hop.take(child)

    def emit(self) -> int:
        """Step 2: the sums that changed, or may have been lost; how many."""
        return _send(self._outlet.tally, self.hop.changed())

    def announce(self) -> int:
        """All sums; how many."""
        return _send(self._outlet.tally, self.hop.all())


def _send(tally: Callable[[TallyMessage], None], messages: Iterable[TallyMessage]) -> int:
    count = 0
    for message in messages:
        tally(message)
        count += 1
    return count
