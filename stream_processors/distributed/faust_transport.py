"""Faust's Kafka transport with three changes that Faust has no settings for.

When a broker answers a fetch: Faust sends it one request for all partitions and lets it wait up to 1.5 s for
any record. A record of a partition that the pending request does not name waits as long: an event behind a
quiet partition would be delivered too late. And under steady load each answer would hold one or two records,
and cost client and broker as much as one with fifty.

How many messages a fetch makes: each message through Faust, from its consumer to an agent, takes a tenth of a
millisecond on the event loop, and an agent of ours would only batch them again. The records of one fetch and
partition are passed as one message, at the offset of the last.

Which partitions are fetched: in catch-up mode the engine reads count-events itself. Faust can pause
partitions, but resumes them all after each rebalance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from aiokafka.errors import GroupAuthorizationFailedError, InvalidGroupIdError, InvalidSessionTimeoutError
from faust.transport.drivers import aiokafka
from kafka.errors import KafkaError, for_code
from mode import Service

from event_log.kafka.unpacking import bound_aiokafka

FETCH_WAIT_MS: Final = 100
"""fetch.max.wait.ms: the delay that a stage may add."""

FETCH_BYTES: Final = 32_768
"""fetch.min.bytes: with some 20 events of the five contests, or 50 presidential ones, a broker answers at
once."""


bound_aiokafka()

MEMBERSHIP_S: Final = 0.5
"""How often it is looked whether the consumer may join its group at all."""

REFUSALS: Final = (GroupAuthorizationFailedError, InvalidSessionTimeoutError, InvalidGroupIdError)
"""Errors of joining that do not go away by themselves."""


class _ConsumerThread(aiokafka.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        if not (hasattr(consumer, "_fetch_max_wait_ms") and hasattr(consumer, "_fetch_min_bytes")):
            raise RuntimeError(
                "This version of aiokafka keeps its fetch settings elsewhere: see faust_transport."
            )
        # Read when it starts.
        consumer._fetch_max_wait_ms, consumer._fetch_min_bytes = FETCH_WAIT_MS, FETCH_BYTES
        return consumer


class _Consumer(aiokafka.Consumer):
    transport: Transport

    @Service.task
    async def _watch_membership(self) -> None:
        """Tell of a group that the brokers do not let it into: Faust waits for partitions without a word."""
        while not self.should_stop:
            await self.sleep(MEMBERSHIP_S)
            if (refusal := self._refusal()) is not None:
                self.transport.refused(refusal)
                return

    def _refusal(self) -> KafkaError | None:
        """Why it can't join, if that does not go away by itself; None: it can, or does not know yet."""
        client = self._thread._consumer
        error = None if client is None else getattr(client._coordinator, "_pending_exception", None)
        return for_code(error.errno)(*error.args) if isinstance(error, REFUSALS) else None

    def _new_consumer_thread(self) -> Any:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:
        wanted = {one for one in active_partitions if one.topic not in self.transport.paused_topics}
        if not wanted:
            await asyncio.sleep(FETCH_WAIT_MS / 1_000)
            return {}
        fetched = await super()._getmany(wanted, timeout)
        return {partition: [_as_one(records)] for partition, records in fetched.items()}


def _raise(error: KafkaError) -> None:
    raise error


def _as_one(records: Sequence[Any]) -> Any:
    """The last of these records, with all of them for its value."""
    return replace(records[-1], value=records)


# Faust gives each class the logger of its module: these would get ours, whose level is lower.
_ConsumerThread.logger = _Consumer.logger = aiokafka.logger


class Transport(aiokafka.Transport):
    """Give it to an app before it starts: `app.transport = Transport(app.conf.broker_consumer, app)`.

    Its agents' messages have one or more of aiokafka's records as their value, of one partition and in order.
    """

    Consumer = _Consumer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: Callable[[KafkaError], None] = _raise
        """Called when the brokers do not let the consumer join its group."""
        self.paused_topics: frozenset[str] = frozenset()
        """Topics that are not fetched; records that were fetched before may still arrive."""
