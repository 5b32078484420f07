"""Faust's way to Kafka with one thing changed: how long a fetch may wait at a broker.

Faust asks a broker for all partitions in one request, has one under way, and lets it wait 1.5 s. What arrives
on a partition that the request under way does not name waits as long: an event behind a quiet partition would
be seen too late. Faust has no setting for that.
"""

from __future__ import annotations

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


class Transport(aiokafka.Transport):  # type: ignore[misc]
    """Give it to an app before it starts: `app.transport = Transport(app.conf.broker_consumer, app)`."""

    Consumer = _Consumer
