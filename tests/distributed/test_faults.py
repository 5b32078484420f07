"""Whatever is killed, frozen or cut off while messages come in: nothing is lost, nothing doubled, every total
is the one that the log gives.

Real processes, a real broker, a real engine. Each fault strikes in several rounds on one growing log, at
moments that chance chooses; see tests.distributed.rounds.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import pytest

from devtools.brokers import Broker
from tests.distributed.cluster import Cluster
from tests.distributed.nights import night
from tests.distributed.rounds import play
from tests.sinks.delivery.engine import Engine, FaultyProxy
from tests.sinks.delivery.engine import Fault as Trouble

pytestmark = pytest.mark.faults

Clusters = Callable[..., Cluster]

SESSION_S: Final = 3
"""The session timeout of workers and sinks: a third of the default, since faults wait for it, and still
longer than busy cores keep a process from its heartbeat."""

OVERSLEPT_S: Final = 2 * SESSION_S
"""Long enough for a session timeout and a rebalance."""


@pytest.fixture
def cluster(clusters: Clusters, broker: str, engine: Engine) -> Cluster:
    """A count with two workers and a sink, on the shared broker."""
    return staffed(clusters(broker, engine.url, session_s=SESSION_S))


@pytest.fixture
def three() -> Iterator[Broker]:
    """Three brokers of the test's own: one may be lost at any time."""
    with Broker.start(3) as brokers:
        yield brokers


def staffed(cluster: Cluster, workers: int = 2) -> Cluster:
    """With its processes."""
    cluster.sink()
    for _ in range(workers):
        cluster.worker()
    return cluster


def test_a_worker_killed_under_load_loses_and_doubles_nothing(cluster: Cluster) -> None:
    def a_worker_is_killed(cluster: Cluster, chance: Random) -> None:
        cluster.replace(chance.choice(cluster.workers()))

    play(cluster, a_worker_is_killed)


def test_a_sink_killed_under_load_loses_and_doubles_nothing(cluster: Cluster) -> None:
    def the_sink_is_killed(cluster: Cluster, _: Random) -> None:
        cluster.replace(*cluster.sinks())

    play(cluster, the_sink_is_killed)


@pytest.mark.usefixtures("startable")
def test_a_broker_killed_and_restarted_under_load_loses_and_doubles_nothing(
    clusters: Clusters, engine: Engine
) -> None:
    with Broker.start() as broker:

        def the_broker_is_killed(_: Cluster, chance: Random) -> None:
            broker.kill()
            time.sleep(chance.uniform(0, 3))
            broker.restart()

        play(staffed(clusters(broker.bootstrap, engine.url, session_s=SESSION_S)), the_broker_is_killed)


def test_one_of_three_brokers_killed_under_load_loses_and_doubles_nothing(
    clusters: Clusters, three: Broker, engine: Engine
) -> None:
    def one_broker_is_killed(cluster: Cluster, chance: Random) -> None:
        node = chance.randrange(3)
        three.kill(node)
        cluster.send(chance.sample(night(), 10))  # the others take them
        three.restart(node)

    play(
        staffed(clusters(three.bootstrap, engine.url, replication=3, session_s=SESSION_S)),
        one_broker_is_killed,
    )


def test_workers_that_come_and_go_under_load_lose_and_double_nothing(cluster: Cluster) -> None:
    def a_worker_comes_and_one_goes(cluster: Cluster, chance: Random) -> None:
        cluster.worker()
        time.sleep(chance.uniform(0, 6))
        leaver = chance.choice(cluster.workers())
        has_begun = "Caught up" in leaver.said  # before, there may be nobody yet who hears a signal
        assert cluster.dismiss(leaver) in ((0,) if has_begun else (0, -signal.SIGTERM))

    play(cluster, a_worker_comes_and_one_goes)


@pytest.mark.parametrize("trouble", ["refuse", "answer 500", "cut the insert", "lose the answer"])
def test_while_clickhouse_takes_nothing_nothing_is_lost_or_doubled(
    clusters: Clusters, broker: str, engine: Engine, trouble: Trouble
) -> None:
    with FaultyProxy(engine) as proxy:

        def clickhouse_takes_nothing(cluster: Cluster, chance: Random) -> None:
            proxy.fault = trouble
            struck = proxy.happened
            cluster.until(lambda: proxy.happened > struck, trouble)
            time.sleep(chance.uniform(0, 2))
            proxy.fault = None

        play(
            staffed(clusters(broker, proxy.url, eyes=engine.url, session_s=SESSION_S)),
            clickhouse_takes_nothing,
        )


def test_clickhouse_killed_in_the_middle_of_inserts_loses_and_doubles_nothing(
    cluster: Cluster, engine: Engine
) -> None:
    def clickhouse_is_killed(_: Cluster, chance: Random) -> None:
        engine.kill()
        time.sleep(chance.uniform(0, 2))
        engine.start()

    play(cluster, clickhouse_is_killed)


def test_the_same_messages_sent_twice_count_once(cluster: Cluster) -> None:
    def everything_is_sent_again(cluster: Cluster, chance: Random) -> None:
        # Each once: the log must not double with every round.
        messages = list(dict.fromkeys(placed.raw for placed in cluster.entries()))
        chance.shuffle(messages)
        cluster.send(messages)

    play(cluster, everything_is_sent_again)


def test_a_worker_that_comes_back_after_others_took_over_changes_nothing(cluster: Cluster) -> None:
    def a_worker_oversleeps(cluster: Cluster, chance: Random) -> None:
        sleeper = chance.choice(cluster.workers())
        sleeper.freeze()
        time.sleep(OVERSLEPT_S)
        sleeper.thaw()

    play(cluster, a_worker_oversleeps)


def test_a_sink_that_comes_back_after_another_took_over_changes_nothing(cluster: Cluster) -> None:
    def a_sink_oversleeps(cluster: Cluster, _: Random) -> None:
        sleeper, *_others = cluster.sinks()
        sleeper.freeze()
        time.sleep(OVERSLEPT_S)
        sleeper.thaw()

    cluster.sink()
    play(cluster, a_sink_oversleeps)
