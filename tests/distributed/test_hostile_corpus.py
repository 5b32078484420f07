"""The hostile messages of tests.corpus in every topic, among those of a night, against real processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from event_log.kafka.topics import ALL_TOPICS, ELECTION_CONTROL, REJECTED
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster
from tests.distributed.hostile import hostile, send
from tests.distributed.nights import night
from tests.sinks.delivery.engine import Engine


@pytest.mark.parametrize("mode", ["catch-up", "streaming"])
def test_no_message_ends_a_process_or_changes_a_total(
    clusters: Callable[..., Cluster], broker: str, engine: Engine, tmp_path: Path, mode: str
) -> None:
    cluster = clusters(broker, engine.url)
    worker, sink = cluster.worker(), cluster.sink()
    cluster.send(night()[:150])
    cluster.drain()
    if mode == "catch-up":  # all of it is there before they come back
        cluster.dismiss(worker)
        cluster.dismiss(sink)
    before = sorted(tmp_path.iterdir())
    corpus = hostile(cluster)
    assert {*corpus, ELECTION_CONTROL, REJECTED} == set(ALL_TOPICS)
    assert sum(map(len, corpus.values())) > 500
    for topic, some in corpus.items():
        send(cluster, topic, some)
    if mode == "catch-up":
        cluster.worker()
        cluster.sink()
    cluster.send(night()[150:300])
    folded = cluster.drain()
    assert_right(cluster, folded, forged=True)
    assert cluster.restarts == 0
    for process in (*cluster.workers(), *cluster.sinks()):
        assert process.code is None
        assert "Traceback" not in process.said
    assert {path.suffix for path in set(tmp_path.iterdir()) - set(before)} <= {".log"}
    assert folded.rejected.total() > 100
