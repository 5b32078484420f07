"""The topics of an election, each declared once: name, key, partitions, what is kept, and why.

Names get the prefix of a Connection. Here they are only declared: event_log.kafka.admin makes and checks
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from event_log.kafka.bounds import (
    ENTRY_BYTES,
    LOG_BATCH_BYTES,
    MIB,
    REJECTED_BATCH_BYTES,
    ROWS_BATCH_BYTES,
    TALLY_BATCH_BYTES,
)

FOR_EVER: Final = -1
"""Kafka's word for no limit, of time (ms) and of bytes."""

HOUR_MS: Final = 60 * 60 * 1_000
DAY_MS: Final = 24 * HOUR_MS

IN_SYNC: Final = 2
"""Replicas that must have a message before it counts as taken, where there are three: one machine may be lost
without losing anything, and one be down without stopping the count."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic. `key`: what its messages' keys are. `partitions`: how many it gets unless said otherwise.
    `like`: the topic that it always has as many as. `retention_ms`: how long messages are kept. `compacted`:
    only the newest message of a key has to be kept. `largest`: bytes of a batch that it takes.
    `whole`: bytes of the largest key or value that readers keep whole (None: `largest`)."""

    name: str
    key: str
    partitions: int
    why: str
    like: str | None = None
    may_differ: bool = True
    retention_ms: int = FOR_EVER
    compacted: bool = False
    largest: int = LOG_BATCH_BYTES
    whole: int | None = None
    segment_bytes: int = 1024 * MIB
    segment_ms: int = 7 * DAY_MS

    def settings(self, replication: int) -> dict[str, str]:
        """Kafka's settings of the topic, where each partition has `replication` copies."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(self.retention_ms),
            "retention.bytes": str(FOR_EVER),
            "segment.bytes": str(self.segment_bytes),
            "segment.ms": str(self.segment_ms),
            "min.compaction.lag.ms": str(HOUR_MS if self.compacted else 0),
            "max.message.bytes": str(self.largest),
            "compression.type": "producer",  # brokers unpack nothing: see bounds
            "message.timestamp.type": "LogAppendTime",  # the log's clock, never a sender's
            "min.insync.replicas": str(IN_SYNC if replication > IN_SYNC else 1),
            "unclean.leader.election.enable": "false",  # wait rather than lose what was acknowledged
        }


COUNT_EVENTS: Final = Topic(
    "count-events",
    key="code of the district",
    partitions=12,
    whole=ENTRY_BYTES,
    why="The log itself: every message as it was sent, never changed and never removed. Keyed by district, "
    "so that everything up to the district is added up in one stage and a station's order is kept.",
)
COUNT_ROWS: Final = Topic(
    "count-rows",
    key="none: partition p has what was made from partition p of count-events",
    partitions=COUNT_EVENTS.partitions,
    like=COUNT_EVENTS.name,
    retention_ms=7 * DAY_MS,
    segment_ms=DAY_MS,  # only whole segments are removed
    largest=ROWS_BATCH_BYTES,
    why="Rows on their way into ClickHouse, which may be away for days. They can be made again from the log.",
)
DISTRICT_TALLIES: Final = Topic(
    "district-tallies",
    key="unit|contest; the partition is that of the unit above, so that one worker adds up all its parts",
    partitions=6,
    compacted=True,
    largest=TALLY_BATCH_BYTES,
    segment_bytes=64 * MIB,  # only whole segments are compacted
    why="Whole totals of districts. Only the newest of each matters; an hour of older ones stays, so that "
    "one written late by a worker that had lost its partition is never all that is left.",
)
PROVINCE_TALLIES: Final = Topic(
    "province-tallies",
    key=DISTRICT_TALLIES.key,
    partitions=3,
    compacted=True,
    largest=TALLY_BATCH_BYTES,
    segment_bytes=64 * MIB,
    why="Whole totals of provinces, as those of districts.",
)
NATION_TALLIES: Final = Topic(
    "nation-tallies",
    key="unit|contest",
    partitions=1,
    may_differ=False,
    compacted=True,
    largest=TALLY_BATCH_BYTES,
    segment_bytes=64 * MIB,
    why="Whole totals of the nation: one partition, read by whoever shows them.",
)
REJECTED: Final = Topic(
    "count-events.rejected",
    key="as the message had it",
    partitions=COUNT_EVENTS.partitions,
    like=COUNT_EVENTS.name,
    largest=REJECTED_BATCH_BYTES,
    why="Rejected messages: the bytes as they came, and in headers the reason. Never removed.",
)
ELECTION_CONTROL: Final = Topic(
    "election-control",
    key="none",
    partitions=1,
    may_differ=False,
    why="What the topics were opened for: one record, which everybody who starts compares with their own.",
)

ALL_TOPICS: Final = (
    COUNT_EVENTS,
    COUNT_ROWS,
    DISTRICT_TALLIES,
    PROVINCE_TALLIES,
    NATION_TALLIES,
    REJECTED,
    ELECTION_CONTROL,
)
"""In the order in which messages pass through them."""

WORKER_GROUP: Final = "rekap-worker"
"""The consumer group of all workers; with the prefix of a Connection, as topics."""

SINK_GROUP: Final = "rekap-sink"
"""What the consumer groups of sinks begin with: those that fill one database are one group."""
