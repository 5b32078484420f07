"""What is Faust's stays Faust's: what an agent of ours is given, and under which name Faust speaks."""

from __future__ import annotations

import faust
from aiokafka import ConsumerRecord
from faust.transport.drivers import aiokafka as aiokafka_driver

from stream_processors.distributed import faust_transport
from stream_processors.distributed.faust_settings import App
from stream_processors.distributed.faust_transport import Transport


def test_the_records_of_a_fetch_are_one_message_at_the_offset_of_the_last() -> None:
    records = [ConsumerRecord("t", 3, offset, 5, 0, b"k", b"v", None, 1, 1, ()) for offset in (7, 8, 10)]
    message = faust_transport._as_one(records)
    assert (message.partition, message.offset, message.value) == (3, 10, records)
    assert [record.value for record in records] == [b"v", b"v", b"v"]


def test_faust_speaks_under_its_own_name_and_is_as_quiet_as_the_rest_of_it() -> None:
    loggers = (
        (App.logger, faust.App.logger),
        (Transport.Consumer.logger, aiokafka_driver.Consumer.logger),
        (faust_transport._ConsumerThread.logger, aiokafka_driver.AIOKafkaConsumerThread.logger),
    )
    for ours, theirs in loggers:
        assert ours is theirs
        assert ours.name.startswith("faust.")
