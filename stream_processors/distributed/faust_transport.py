"""Faust's way to Kafka with three things changed that Faust has no settings for.

When a broker answers a fetch: Faust asks it for all partitions in one request, has one under way, and lets it
wait 1.5 s for anything at all. What arrives on a partition that the request under way does not name waits as
long: an event behind a quiet partition would be seen too late. And where events come all the time, each
answer would bring one or two, and cost client and broker as much as one that brings fifty.

How many messages a fetch makes: each that goes through Faust, from its consumer to an agent, takes a tenth of
a millisecond on the loop, whatever comes of it, and an agent of ours would only put them together again. What
one fetch brings of a partition goes through as one, as if the log had been compacted to its last entry.

Which partitions are fetched: those that somebody else reads meanwhile need not be. Faust can pause partitions
itself, but resumes them all after each rebalance.
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

FETCH_WAIT_MS: Final = 100
"""What a hop may add."""

FETCH_BYTES: Final = 32_768
"""With so much a broker answers at once: some 70 events."""


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
        wanted = {one for one in active_partitions if one.topic not in self.transport.held}
        if not wanted:
            await asyncio.sleep(FETCH_WAIT_MS / 1_000)
            return {}
        brought = await super()._getmany(wanted, timeout)
        return {partition: [_as_one(records)] for partition, records in brought.items()}


def _raise(error: KafkaError) -> None:
    raise error


def _as_one(records: Sequence[Any]) -> Any:
    """The last of these records, with all of them for its value."""
    return replace(records[-1], value=records)


# Each class has its module's logger, whatever its body says: these would be ours, which tells of everything.
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
        self.held: frozenset[str] = frozenset()
        """Topics of which nothing is fetched from now on; what was fetched before may still arrive."""
