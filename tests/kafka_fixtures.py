"""A Kafka broker for the tests: that of KAFKA_BOOTSTRAP_SERVERS, or one that the tests start; and who asks
it.

One broker serves a whole run; each test has topics of its own, by their prefix. Tests that kill brokers start
their own. Where there is no broker to be had, these tests are skipped and say why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from devtools.brokers import Broker, why_not
from event_log.kafka.connection import Connection

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"


@pytest.fixture(scope="session")
def startable() -> None:
    """Skips tests that start brokers where none can be started."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """`host:port` of brokers that all tests share: never stop them, and use topics with a prefix."""
    if given := os.environ.get(VARIABLE):
        yield given
        return
    request.getfixturevalue("startable")
    with Broker.start() as started:
        yield started.bootstrap


@pytest.fixture
def connection(broker: str) -> Connection:
    """The shared brokers, with a prefix that is this test's alone. There are no topics yet."""
    return Connection.of(broker, prefix=f"test-{uuid4().hex[:12]}.")
