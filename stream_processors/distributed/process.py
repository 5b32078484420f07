"""Starts a worker process: assessing processes, endpoint, engine and Faust app, in this order.

Processes that assess are forked first, before there are threads and connections that they would share. The
process ends at the first failure without saving anything: the next owner folds its partitions from the log.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import mode.loop

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, require
from event_log.kafka.partitioner import partition_of
from event_log.kafka.settings import is_denied, require_whole_log
from event_log.kafka.topics import ALL_TOPICS
from event_log.kafka.watch import TOPICS_PART, ClusterWatch
from monitoring.endpoint import Endpoint
from monitoring.health import STARTING, Health
from monitoring.watch import Watch
from schemas.ballots import Ballots
from schemas.canonical import dumps
from schemas.elections import Election
from schemas.regions import Registry
from stream_processors.assess import Assessor
from stream_processors.partition.assessing import Workers

if sys.platform != "win32":
    # Before Faust is imported, which uses the loop set here. A quarter more events with this one.
    mode.loop.use("uvloop")

import faust

from stream_processors.distributed.engine import Engine
from stream_processors.distributed.faust_settings import SESSION_S
from stream_processors.distributed.publisher import KafkaPublisher
from stream_processors.distributed.snapshots import Snapshots
from stream_processors.distributed.worker import Worker

GC_OBJECTS: Final = 100_000
"""New objects between two runs of the cyclic garbage collector. Entries and rows make no cycles, and a batch
is some 50,000 objects, which Python's default of 700 would traverse many times."""

SWITCH_S: Final = 0.0005
"""How long a thread may keep the interpreter while another one waits for it."""


@dataclass(frozen=True, slots=True)
class Options:
    """`assessors`: processes that assess in catch-up mode (0: the worker's own). `snapshots`: directory for
    them. `metrics`: where to serve them. `republish`: publish the rows of the whole log again.
    `session_s`: the session timeout in the consumer group."""

    assessors: int
    snapshots: Path | None = None
    metrics: tuple[str, int] | None = None
    republish: bool = False
    session_s: float | None = None


def run_worker(
    election: Election,
    registry: Registry,
    connection: Connection,
    options: Options,
    fatal: Callable[[Exception], None],
) -> None:
    """Work until SIGTERM or SIGINT.

    Raises LogUnavailable and EndpointUnusable when it can't start, OSError when the directory for snapshots
    can't be made; `fatal` is called with later errors, and ends the process.
    """
    opened = require(connection, election, registry)
    health = Health()
    health.starting()
    _require_whole_log(connection, health)
    ballots = Ballots(election, registry)
    assessor = assessor_of(election, registry, ballots, opened)
    with ExitStack() as stack:
        workers = stack.enter_context(Workers(assessor, options.assessors))
        # The engine's thread releases the interpreter lock in every call of Arrow, and has to get it back
        # from Faust's: with Python's own 5 ms a streamed batch took twice as long.
        sys.setswitchinterval(SWITCH_S)
        gc.freeze()  # the register and what is made of it live as long as the process
        gc.set_threshold(GC_OBJECTS)
        if options.metrics is not None:
            stack.enter_context(Endpoint(*options.metrics, health))
        snapshots = None
        if options.snapshots is not None:
            snapshots = Snapshots(options.snapshots, dumps([connection.prefix, asdict(opened)]).decode())
        engine = Engine(
            election,
            registry,
            ballots,
            assessor,
            connection,
            workers,
            KafkaPublisher(connection),
            snapshots,
            options.republish,
        )
        worker = Worker(engine, connection, health, fatal, options.session_s or SESSION_S)
        watched = ClusterWatch(connection, opened, ALL_TOPICS)
        health.well(STARTING)  # from here on the part RECOVERY says whether partitions are assigned
        with Watch(watched, health, engine.positions):
            _run(worker.app)
        worker.close()
        engine.save_snapshots()
        engine.close()


def _require_whole_log(connection: Connection, health: Health) -> None:
    """Raise LogUnavailable where Kafka removes entries of the log. Where that can't be seen, for want of a
    right, health tells it: what was not compared is not known to be right."""
    try:
        require_whole_log(connection)
    except LogUnavailable as error:
        if not is_denied(error):
            raise
        health.trouble(TOPICS_PART, f"The settings of the topics can't be compared: {error}")


def _run(app: faust.App) -> None:
    """The app, until a signal ends it."""
    # Logging is set up already, and there is no terminal to draw on.
    process = faust.Worker(app, quiet=True, override_logging=False)
    process.spinner = None
    try:
        process.execute_from_commandline()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"Faust ended with {end.code}") from end


def assessor_of(election: Election, registry: Registry, ballots: Ballots, opened: Opened) -> Assessor:
    """Assesses messages of the log that was opened, place and key included."""
    return Assessor(election, registry, ballots, partial(partition_of, partitions=opened.partitions))
