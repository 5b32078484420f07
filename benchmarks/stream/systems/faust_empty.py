"""A Faust agent that does nothing but count: the most that its live path can take, whatever an agent does.

Raw bytes come in and are left as they are. It says when it has taken each of the numbers in BENCH_MARKS.
Faust lets a fetch of quiet partitions wait 1.5 s at the broker, and all other partitions of that broker wait
with it; with BENCH_FETCH_WAIT_MS a fetch waits that long instead, which Faust has no setting for.
"""

from __future__ import annotations

import os
from typing import Any

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from task import BROKER, EVENTS, FOLDER, PARTITIONS, PREFIX, say

app = faust.App(
    f"{PREFIX}faust-empty",
    broker=f"kafka://{BROKER}",
    store="memory://",
    topic_partitions=PARTITIONS,
    processing_guarantee="at_least_once",
    datadir=FOLDER / "faust",
    web_enabled=False,
)
events = app.topic(EVENTS, value_type=bytes, key_serializer="raw", value_serializer="raw")
marks = frozenset(int(mark) for mark in os.environ["BENCH_MARKS"].split(","))


if wait := os.environ.get("BENCH_FETCH_WAIT_MS"):
    wait_ms = int(wait)
    with_its_own_wait = AIOKafkaConsumerThread._create_worker_consumer

    def with_that_wait(self: AIOKafkaConsumerThread, transport: Any) -> Any:
        """The consumer that Faust makes, before it begins to fetch."""
        consumer = with_its_own_wait(self, transport)
        consumer._fetch_max_wait_ms = wait_ms
        return consumer

    AIOKafkaConsumerThread._create_worker_consumer = with_that_wait  # type: ignore[method-assign]


@app.agent(events)
async def nothing(forms: faust.StreamT[bytes]) -> None:
    """Count what comes."""
    taken = 0
    async for _ in forms:
        taken += 1
        if taken in marks:
            say(taken)


if __name__ == "__main__":
    app.main()
