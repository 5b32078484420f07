"""A worker that can't keep up switches to catch-up mode, and the results are the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice
from random import Random

from stream_processors.distributed.worker import CATCH_UP_LAG
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster
from tests.distributed.nights import night, untidy
from tests.sinks.delivery.engine import Engine

SESSION_S = 60
"""The session timeout: nobody is to miss the worker while it is frozen, however long sending takes."""

CAUGHT_UP = "Caught up with a backlog."


def test_a_streaming_worker_that_falls_behind_catches_up_and_streams_again(
    clusters: Callable[..., Cluster], broker: str, engine: Engine
) -> None:
    cluster = clusters(broker, engine.url, session_s=SESSION_S)
    cluster.sink()
    worker = cluster.worker()
    messages = untidy(night(), Random(0))
    streamed, later, last = messages[:200], messages[200:-200], messages[-200:]
    cluster.send(streamed)
    cluster.drain()
    assert CAUGHT_UP not in worker.said
    worker.freeze()  # not for as long as others would miss it
    # Too many for what one fetch brings of each partition, which is taken in at once.
    cluster.send(islice(cycle(later), round(CATCH_UP_LAG * 2.5)))
    worker.thaw()
    cluster.until(lambda: CAUGHT_UP in worker.said, "catch-up mode")
    cluster.drain()
    cluster.send(last)
    assert_right(cluster, cluster.drain())
    assert cluster.restarts == 0
    assert cluster.dismiss(worker) == 0
    assert worker.said.splitlines()[-1] == "Done."
