"""The checks that a sink runs by itself: are the sums that are shown sums, and are the topics as declared?

They only read, with connections of their own. What they find is in the metrics `rekap_check_differences`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import Final

from clickhouse.client import connect
from event_log.kafka.admin.check import differences
from event_log.kafka.connection import Connection
from monitoring.periodic_checks import PeriodicCheck, settled
from queries.cells import inconsistent_regions
from schemas.elections import Election
from schemas.regions import Registry

SUMS: Final = "sums"
SUMS_EVERY_S: Final = 60.0
"""The view takes a second for a nation; an alarm waits for some minutes."""

LOOKS: Final = 3
LOOKS_PAUSE_S: Final = 5.0
"""While a count goes on, sums are behind their parts for a moment: many times the delay of a batch."""

TOPICS: Final = "topics"
TOPICS_EVERY_S: Final = 300.0
"""Settings of topics are changed by people."""


def inconsistent(clickhouse: str, election: str) -> int:
    """How many totals are not the sum of those below, and do not become so within some seconds."""
    with closing(connect(clickhouse, readonly=True)) as client:
        return settled(lambda: inconsistent_regions(client, election), LOOKS, LOOKS_PAUSE_S)


def topic_differences(connection: Connection, election: Election, registry: Registry) -> int:
    """How many differences `rekap topics check` would name."""
    return len(differences(connection, election, registry))


@contextmanager
def self_checks(
    connection: Connection, clickhouse: str, election: Election, registry: Registry
) -> Iterator[None]:
    """Both checks run inside the block."""
    with ExitStack() as running:
        ask = partial(inconsistent, clickhouse, election.id)
        running.enter_context(PeriodicCheck(SUMS, ask, SUMS_EVERY_S))
        asked = partial(topic_differences, connection, election, registry)
        running.enter_context(PeriodicCheck(TOPICS, asked, TOPICS_EVERY_S))
        yield
