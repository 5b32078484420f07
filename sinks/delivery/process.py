"""Starts a sink process: looks whether the database has its schema, joins the consumer group, delivers.

A directory of its own is migrated; a server was, by `rekap migrate` as a user who may.

Several sinks may share one ClickHouse: their consumer group assigns each of them some partitions. Sinks with
databases of their own, as on two laptops, each get everything: the name of the group comes from the database.
So a new, empty database is filled from the oldest offsets that the topics still have. A copied data directory
is refused until it is adopted, and is then another database; a copy of a server's files is the same database
to this, and must not be filled beside the original.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from clickhouse.interface.server import Server
from clickhouse.ownership import own
from event_log.kafka.connection import Connection
from event_log.kafka.control import require
from event_log.kafka.group import SESSION_MS, ConsumerGroup
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS, SINK_GROUP
from event_log.kafka.watch import ClusterWatch
from monitoring.health import STARTING, Health
from monitoring.logs import fields
from monitoring.watch import Watch
from schemas.ballots import Ballots
from schemas.directory_identity import require_original
from schemas.elections import Election
from schemas.plausible import LogEnds
from schemas.regions import Registry
from sinks.baseline import insert_baseline
from sinks.delivery.delivery import TOPICS, Delivery
from sinks.delivery.tally_rows import TallyRows
from sinks.migrate import migrate, require_schema
from sinks.rows import Rows
from sinks.writer import Writer

INSERT_TIMEOUT_S: Final = 60
"""How long one insert may take before it is retried: hundreds of times what it takes as a rule."""

OWNER_WAIT_S: Final = 30.0
"""How long to wait for another owner of the directory: a command that reads or sets it up owns it for some
seconds, and a sink that was told to start must not end for that."""

WATCHED: Final = (*TOPICS, COUNT_EVENTS)
"""Topics whose settings are compared while the sink runs."""

IDENTITY_DIGITS: Final = 12
"""Of a database's UUID: 2^48 databases are distinguished."""

logger = logging.getLogger("rekap.sink")


def run_sink(
    connection: Connection,
    election: Election,
    registry: Registry,
    clickhouse: str,
    stop: threading.Event,
    health: Health,
    *,
    owned: Path | None = None,
    on_ready: Callable[[str], None] = lambda _: None,
    session_s: float | None = None,
) -> None:
    """Bring rows and totals of `election` into the database at the URL `clickhouse` until `stop` is set.

    `owned`: the data directory that the database is in, which this process then owns and serves read-only on
    loopback; another owner is waited for up to OWNER_WAIT_S. `on_ready` is called with the URL for readers
    once everything is set up. `session_s`: the session timeout in the consumer group. Raises LogUnavailable,
    SinkUnavailable, MigrationError, AlreadyOwned, NotOurs, DirectoryCopied and DirectoryUnusable at first;
    later LogUnavailable for what does not go away by itself.
    """
    control = require(connection, election, registry)
    ballots = Ballots(election, registry)
    with ExitStack() as opened:
        owner, directory_id = None, None
        if owned is not None:
            owner = opened.enter_context(own(owned, "sink", OWNER_WAIT_S))
            directory_id = require_original(owned)
        client = opened.enter_context(closing(connect(_with_timeout(clickhouse))))
        if owned is None:
            require_schema(client)  # the sink's user may insert and nothing else
        else:
            migrate(client)
        rows, writer = Rows(election.id, registry, ballots), Writer(client, election.id)
        insert_baseline(rows, writer, registry, ballots)
        url = clickhouse
        if owner is not None:
            url = opened.enter_context(Server(clickhouse, token_directory=owned)).url
            owner.announce(url)
        session_ms = SESSION_MS if session_s is None else int(session_s * 1_000)
        group = ConsumerGroup(connection, group_of(client, directory_id), TOPICS, session_ms=session_ms)
        opened.enter_context(closing(group))
        server = urlsplit(url)
        logger.info("Sink started", extra=fields(clickhouse=f"{server.hostname}:{server.port}"))
        on_ready(url)
        # A reader of its own: on the connection of the group an answer would wait for a pending fetch.
        ends = LogEnds(opened.enter_context(KafkaLog(connection, COUNT_EVENTS)).ends)
        tally_rows = TallyRows(election, registry, ballots, rows, ends)
        delivery = Delivery(group, writer, tally_rows, health, ends)
        watched = ClusterWatch(connection, control, WATCHED)
        health.well(STARTING)
        with Watch(watched, health, delivery.positions):
            delivery.run(stop)
    logger.info("Sink stopped")


def group_of(client: Client, directory_id: str | None = None) -> str:
    """The name of the group of all sinks that fill the client's database, which may be in the data directory
    with that id: a copy of it has the same UUIDs, and an id of its own."""
    if directory_id is not None:
        return f"{SINK_GROUP}-{directory_id[:IDENTITY_DIGITS]}"
    uuid = client.command(
        "SELECT toString(uuid) FROM system.tables "
        "WHERE database = currentDatabase() AND name = 'sink_position'"
    )
    return f"{SINK_GROUP}-{str(uuid).replace('-', '')[:IDENTITY_DIGITS]}"


def _with_timeout(url: str) -> str:
    """The URL with the timeout of an insert, unless it has one."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("http"):
        return url
    settings = {"send_receive_timeout": str(INSERT_TIMEOUT_S)} | dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query=urlencode(settings)))
