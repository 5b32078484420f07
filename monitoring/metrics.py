"""Every metric of workers and sinks, declared once with what moves it.

They count what this process did since it started, and start at zero again with it: results never depend on
them. A gauge of a partition that is not assigned any more is removed by the code that set it.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from schemas.regions import REGION_LEVELS
from schemas.rejections import Reason

REGISTRY: Final = CollectorRegistry()
"""The registry of the endpoint: not the default one of prometheus_client, to which libraries add."""

ProcessCollector(registry=REGISTRY)  # memory, processor time, open files
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""From an insert of a few rows to an alarm."""
_COUNTS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
"""From one form on a quiet evening to a backlog."""
_RECOVERY: Final = (0.1, 0.5, 1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""A national contest is to be there again within 30 seconds."""

# Worker and sink

LAG: Final = Gauge(
    "rekap_lag_messages",
    "Consumer lag: messages of a partition that are in the topic and not processed yet. Set after each batch "
    "and while idle; grows when messages arrive faster than they are processed.",
    ["topic", "partition"],
    registry=REGISTRY,
)
POSITION: Final = Gauge(
    "rekap_position",
    "Position in a partition of count-events up to which this process has processed it: the worker has "
    "folded it, the sink has its rows in ClickHouse. Set after each batch; the worker's less the sink's are "
    "the events in flight.",
    ["partition"],
    registry=REGISTRY,
)
HEALTHY: Final = Gauge(
    "rekap_healthy",
    "1 while the process does its work, 0 while it can't. /health says why. Set when that changes.",
    registry=REGISTRY,
)

TROUBLE: Final = Gauge(
    "rekap_trouble",
    "1 for each part of the process that can't do its work; a part with 0 or without a series does. /health "
    "has the reasons. Set when that changes.",
    ["part"],
    registry=REGISTRY,
)
BROKER_SILENCE: Final = Gauge(
    "rekap_broker_silence_seconds",
    "Seconds for which the brokers have not answered this process, 0 while they do. Set every few seconds, "
    "also while the main loop waits for them.",
    registry=REGISTRY,
)
LOG_LINES_LEFT_OUT: Final = Counter(
    "rekap_log_lines_left_out",
    "Log lines that were not written, because the same place in the code had written too many. Moved by "
    "whatever fails again and again.",
    registry=REGISTRY,
)

MESSAGES_SET_ASIDE: Final = Counter(
    "rekap_messages_set_aside",
    "Messages on topics between workers and sinks that can't be processed and were passed over: damaged, of "
    "another version or election, or beyond what the log and the register allow. Must stay 0; the log line "
    "has the place. Moved by whatever else writes to these topics.",
    ["topic"],
    registry=REGISTRY,
)

CHECK_DIFFERENCES: Final = Gauge(
    "rekap_check_differences",
    "Differences that a check of the sink found last: sums (totals that are not the sum of those below, the "
    "view inconsistent_region) and topics (what rekap topics check names). Must be 0; not a number while it "
    "is not known. Set after each check, every minute or five.",
    ["check"],
    registry=REGISTRY,
)
CHECKED_AT: Final = Gauge(
    "rekap_checked_timestamp_seconds",
    "When a check of the sink last had an answer, in seconds since 1970; at first, when the process began. "
    "Set after each check that did not fail.",
    ["check"],
    registry=REGISTRY,
)

# Worker: events

EVENTS_FOLDED: Final = Counter(
    "rekap_events_folded",
    "Events applied to the state. Moved by catch-up (mode catch_up: the worker reads the log after a start, "
    "a rebalance or a backlog) and by streaming. Events read again after a restart count again.",
    ["mode"],
    registry=REGISTRY,
)
EVENTS_ACCEPTED: Final = Counter(
    "rekap_events_accepted",
    "Events folded that made a new version of a station or of a recapitulation. Moved by what is sent.",
    registry=REGISTRY,
)
EVENTS_REPEATED: Final = Counter(
    "rekap_events_repeated",
    "Events folded that had been accepted before. Moved by senders that are not sure and send again.",
    registry=REGISTRY,
)
EVENTS_REJECTED: Final = Counter(
    "rekap_events_rejected",
    "Events folded that were rejected, by reason. Moved by what is sent; if nearly all are rejected, "
    "suspect the register, the definition or the version before the senders.",
    ["reason"],
    registry=REGISTRY,
)
CLOCK_JUMPS: Final = Counter(
    "rekap_clock_jumps",
    "Batches of entries whose recorded times fell, or are ahead of this machine's clock. Moved by brokers "
    "whose clocks are wrong.",
    ["kind"],
    registry=REGISTRY,
)
CORRECTIONS_ACCEPTED: Final = Counter(
    "rekap_corrections_accepted",
    "Corrections and annulments that were accepted, by the submitter's role (unstated: the event names "
    "none), the reason and the province. Moved by what is sent; events read again count again.",
    ["role", "reason", "province"],
    registry=REGISTRY,
)
BATCH_EVENTS: Final = Histogram(
    "rekap_batch_events",
    "Events folded together. Moved by how many wait: few while they come one by one, many in a backlog.",
    buckets=_COUNTS,
    registry=REGISTRY,
)
RECOVERY_SECONDS: Final = Histogram(
    "rekap_recovery_seconds",
    "From the assignment of partitions to having folded them up to their end. Moved by starts and "
    "rebalances.",
    buckets=_RECOVERY,
    registry=REGISTRY,
)

# Worker: what it publishes, and totals of the level below

ROWS_PUBLISHED: Final = Counter(
    "rekap_rows_published",
    "Rows for the projections that the broker has acknowledged, by table. Moved by events folded that had "
    "not been published, and by --republish.",
    ["table"],
    registry=REGISTRY,
)
TALLIES_PUBLISHED: Final = Counter(
    "rekap_tallies_published",
    "Totals that the broker has acknowledged, by the level of the region. Moved by changes below it, and by "
    "re-publishing after a rebalance.",
    ["level"],
    registry=REGISTRY,
)
TALLIES_MERGED: Final = Counter(
    "rekap_tallies_merged",
    "Totals that came from below, by their level and what they were: advanced (newer), repeated, stale "
    "(older: from a worker that had lost its partition in a rebalance), conflict (the same version "
    "with other figures: must stay 0). Moved by changes below, and by re-publishing after a rebalance.",
    ["level", "result"],
    registry=REGISTRY,
)

# Sink

BATCH_ROWS: Final = Histogram(
    "rekap_batch_rows",
    "Rows that the sink inserted together, all tables. Moved by how many arrive within its batching delay.",
    buckets=_COUNTS,
    registry=REGISTRY,
)
ROWS_INSERTED: Final = Counter(
    "rekap_rows_inserted",
    "Rows inserted, by table. Moved by what comes; redelivered rows count again, and are there once.",
    ["table"],
    registry=REGISTRY,
)
INSERT_SECONDS: Final = Histogram(
    "rekap_insert_seconds",
    "Seconds for inserting a batch into all tables and moving the positions. Moved by ClickHouse.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
INSERT_FAILURES: Final = Counter(
    "rekap_insert_failures",
    "Batches that could not be inserted, each attempt. Moved by ClickHouse being away or refusing; the same "
    "batch is retried until it is inserted.",
    registry=REGISTRY,
)
SINK_WAITING: Final = Gauge(
    "rekap_sink_waiting",
    "1 while the sink waits because ClickHouse does not take its batch, else 0. Set when that changes.",
    registry=REGISTRY,
)
DELIVERY_SECONDS: Final = Histogram(
    "rekap_delivery_seconds",
    "From when the log took an event in to when its rows could be read, for the newest event of each "
    "partition in a batch. Moved by load, by ClickHouse, and by a backlog.",
    buckets=_SECONDS,
    registry=REGISTRY,
)

# Series that are alarms, or parts of sums, are there from the start: a rate from nothing is no rate.
for _reason in Reason:
    EVENTS_REJECTED.labels(_reason.value)
for _kind in ("fell", "ahead"):
    CLOCK_JUMPS.labels(_kind)
for _topic in ("count-rows", "district-tallies", "province-tallies", "nation-tallies"):
    MESSAGES_SET_ASIDE.labels(_topic)
for _mode in ("catch_up", "streaming"):
    EVENTS_FOLDED.labels(_mode)
for _level in REGION_LEVELS[1:3]:
    for _result in ("advanced", "repeated", "conflict", "stale"):
        TALLIES_MERGED.labels(_level.value, _result)
