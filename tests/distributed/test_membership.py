"""Who may not be a member of its group ends and says why, instead of waiting for partitions for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from devtools.brokers import Broker
from tests.distributed.cluster import Cluster
from tests.sinks.delivery.engine import Engine

FAILED = 3
"""How a process ends that something outside keeps from its work."""

LEAST_S = 6
"""The shortest session timeout that Kafka's brokers take as a rule; those of the tests take less."""

END_S = 60
"""How long that may take: some seconds, most of them for starting."""


@pytest.fixture
def strict(startable: None) -> Iterator[Broker]:  # noqa: ARG001
    """A broker of the test's own, with that limit."""
    with Broker.start(properties={"group.min.session.timeout.ms": str(LEAST_S * 1_000)}) as one:
        yield one


def test_a_session_timeout_that_the_brokers_refuse_is_named(
    clusters: Callable[..., Cluster], strict: Broker, engine: Engine
) -> None:
    cluster = clusters(strict.bootstrap, engine.url, session_s=LEAST_S - 1)
    worker, sink = cluster.worker(), cluster.sink()
    for process in (worker, sink):
        cluster.forget(process)  # or it would be started again
    cluster.until(lambda: None not in (worker.code, sink.code), "the end of both", END_S)
    for process in (worker, sink):
        assert process.code == FAILED, process.tail
        assert "Choose --session-timeout between" in process.said
