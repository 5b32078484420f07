"""Faust's way to Kafka with two things changed that Faust has no settings for.

How long a fetch may wait at a broker: Faust asks a broker for all partitions in one request, has one under
way, and lets it wait 1.5 s. What arrives on a partition that the request under way does not name waits as
long: an event behind a quiet partition would be seen too late.

Which partitions are fetched: those that somebody else reads meanwhile need not be. Faust can pause partitions
itself, but resumes them all after each rebalance.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from faust.transport.drivers import aiokafka

FETCH_WAIT_MS: Final = 50
"""What a hop may add. A quiet broker is asked twenty times a second, which is nothing to it."""


class _ConsumerThread(aiokafka.AIOKafkaConsumerThread):  # type: ignore[misc]  # untyped
    logger = aiokafka.logger

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        if not hasattr(consumer, "_fetch_max_wait_ms"):
            raise RuntimeError(
                "This version of aiokafka keeps its fetch wait elsewhere: see faust_transport."
            )
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # read when it starts
        return consumer


class _Consumer(aiokafka.Consumer):  # type: ignore[misc]
    logger = aiokafka.logger

    def _new_consumer_thread(self) -> Any:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:
        wanted = {one for one in active_partitions if one.topic not in self.transport.held}
        if not wanted:
            await asyncio.sleep(FETCH_WAIT_MS / 1_000)
            return {}
        return await super()._getmany(wanted, timeout)


class Transport(aiokafka.Transport):  # type: ignore[misc]
    """Give it to an app before it starts: `app.transport = Transport(app.conf.broker_consumer, app)`."""

    Consumer = _Consumer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held: frozenset[str] = frozenset()
        """Topics of which nothing is fetched from now on; what was fetched before may still arrive."""
