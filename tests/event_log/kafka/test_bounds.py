"""The bounds of brokers, producers and readers agree: what one takes, the next one can pass on."""

from __future__ import annotations

from typing import Any

import pytest

from event_log.kafka import bounds
from event_log.kafka.connection import Connection
from event_log.kafka.producer import ProducerConfig
from event_log.kafka.topics import ALL_TOPICS, COUNT_EVENTS, COUNT_ROWS, REJECTED
from producers import publisher as events
from schemas.decode import MAX_BYTES
from schemas.references import MAX_REFERENCE_BYTES, as_reference, reference_to
from sinks.row_messages import LARGEST
from stream_processors.distributed import publisher as results

MOST_OF_A_SENTENCE = 1_000
"""Characters: sentences quote 200 of anything."""


def test_each_bound_is_at_least_the_one_before_it_in_the_path_of_a_message() -> None:
    assert MAX_BYTES == bounds.ENTRY_BYTES == 65_535
    assert COUNT_EVENTS.whole == bounds.ENTRY_BYTES < COUNT_EVENTS.largest == bounds.LOG_BATCH_BYTES
    # What readers keep whole of an entry that is rejected, value and key, and both sentences of why.
    assert REJECTED.largest > 2 * bounds.ENTRY_BYTES + 2 * 4 * MOST_OF_A_SENTENCE
    assert COUNT_ROWS.largest > LARGEST
    assert COUNT_EVENTS.largest < COUNT_ROWS.largest
    assert all(topic.largest < bounds.UNPACKED_BYTES for topic in ALL_TOPICS)


def test_producers_send_no_larger_request_than_their_topics_take() -> None:
    assert events.producer_config(60.0).max_request_bytes == COUNT_EVENTS.largest
    assert results.producer_config().max_request_bytes == max(topic.largest for topic in ALL_TOPICS)


def test_every_producer_is_idempotent_and_waits_for_all_replicas() -> None:
    settings = ProducerConfig(4_000, compression="lz4").settings(Connection.of("localhost:9092"))
    assert settings["acks"] == "all"
    assert settings["enable_idempotence"] is True
    assert settings["allow_auto_create_topics"] is False
    assert settings["compression_type"] == "lz4"
    assert settings["delivery_timeout_ms"] == settings["max_block_ms"] == 4_000
    assert settings["request_timeout_ms"] == 2_000


def test_a_reference_is_short_and_says_what_it_stands_for() -> None:
    reference = reference_to(b"x" * 70_000, 2**63 - 1, "unreadable")
    assert len(reference) <= MAX_REFERENCE_BYTES
    found = as_reference(reference)
    assert found is not None
    assert (found.position, found.size, found.reason) == (2**63 - 1, 70_000, "unreadable")
    assert as_reference(reference + b" ") is None
    assert as_reference(b"rekap-reference") is None


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_the_bounds_of_the_brokers_are_compared(topic: Any) -> None:
    settings = topic.settings(3)
    assert settings["max.message.bytes"] == str(topic.largest)
    assert settings["compression.type"] == "producer"
