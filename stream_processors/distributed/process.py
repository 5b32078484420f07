"""A worker as a process: what is made in which order, and how it ends.

Processes that assess are forked first, before there are threads and connections that they would share. The
process ends with the first failure, without saving anything: there is nothing to save.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable
from functools import partial

import mode.loop

from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, require
from event_log.kafka.partitioner import partition_of
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import Registry
from stream_processors.assess import Assessor
from stream_processors.partition.assessing import Workers

if sys.platform != "win32":
    # Before Faust is imported: it takes the loop that is there. A quarter more events with this one.
    mode.loop.use("uvloop")

import faust

from stream_processors.distributed.engine import Engine
from stream_processors.distributed.outlet import KafkaOutlet
from stream_processors.distributed.worker import Worker


def run_worker(
    election: Election,
    registry: Registry,
    connection: Connection,
    assessors: int,
    fatal: Callable[[Exception], None],
) -> None:
    """Work until SIGTERM or SIGINT. `assessors` processes assess what is read in bulk (0: this one does).

    Raises LogUnavailable when it can't start; `fatal` is told of what happens later, and ends the process.
    """
    opened = require(connection, election, registry)
    ballots = Ballots(election, registry)
    assessor = assessor_of(election, registry, ballots, opened)
    with Workers(assessor, assessors) as workers:
        gc.freeze()  # the register and what follows from it stay for ever: nothing to look through again
        outlet = KafkaOutlet(connection)
        engine = Engine(election, registry, ballots, assessor, connection, workers, outlet)
        worker = Worker(engine, connection, fatal)
        faust.Worker(worker.app, loglevel=logging.WARNING, quiet=True).execute_from_commandline()


def assessor_of(election: Election, registry: Registry, ballots: Ballots, opened: Opened) -> Assessor:
    """Assesses messages of the log that was opened, place and key included."""
    return Assessor(election, registry, ballots, partial(partition_of, partitions=opened.partitions))
