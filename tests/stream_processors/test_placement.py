"""On a log with several partitions a message counts only where the rest of its district is counted."""

from __future__ import annotations

import pytest

from event_log.kafka.partitioner import partition_of
from schemas.rejections import Reason
from stream_processors.assess import AssessedCount, AssessedRecap, AssessedRejection, Assessor
from stream_processors.fold import PlacedMessage, fold
from stream_processors.rejections import Placement
from tests.hostile import HOSTILE, hidden_in
from tests.worlds import pairs, recap, submitted, world

WORLD = world()
PARTITIONS = 4
STATION = "1101012001001"
RIGHT = partition_of(b"1101", PARTITIONS)
COUNT = submitted(STATION, pairs(1, 2, 3))


def of_key(key: bytes) -> int:
    return partition_of(key, PARTITIONS)


ASSESSOR = Assessor(WORLD.election, WORLD.registry, WORLD.ballots, of_key)


def test_in_its_place_a_message_is_assessed_as_ever() -> None:
    count, document = ASSESSOR.assess(
        [COUNT, recap("11", {"1": 5})], [Placement(b"1101", RIGHT), Placement(b"11", of_key(b"11"))]
    )
    assert isinstance(count, AssessedCount)
    assert isinstance(document, AssessedRecap)


@pytest.mark.parametrize(
    "placed",
    [
        Placement(b"1102", of_key(b"1102")),
        Placement(b"1101", (RIGHT + 1) % PARTITIONS),
        Placement(b"1102", RIGHT),
        Placement(None, RIGHT),
        Placement(b"", RIGHT),
        Placement(b"\xff", RIGHT),
    ],
    ids=["another district", "another partition", "another key", "no key", "an empty key", "no text"],
)
def test_elsewhere_it_is_rejected_with_a_sentence_that_names_its_place(placed: Placement) -> None:
    (one,) = ASSESSOR.assess([COUNT], [placed])
    assert isinstance(one, AssessedRejection)
    assert one.rejection.reason is Reason.WRONG_KEY
    assert f"1101 on partition {RIGHT}" in one.rejection.said.en
    assert f"1101 di partisi {RIGHT}" in one.rejection.said.id


def test_a_key_is_quoted_as_text_and_no_longer_than_its_bound() -> None:
    for key in (b"\x1b[31m\nforged" + b"k" * 900_000, HOSTILE.encode(), b"\xff" * 900_000):
        (one,) = ASSESSOR.assess([COUNT], [Placement(key, RIGHT)])
        assert isinstance(one, AssessedRejection)
        for sentence in one.rejection.said:
            assert hidden_in(sentence) == ""
            assert "\n" not in sentence
            assert len(sentence) < 600


def test_what_is_no_event_is_rejected_for_that_wherever_it_stands() -> None:
    (one,) = ASSESSOR.assess([b"{"], [Placement(None, 0)])
    assert isinstance(one, AssessedRejection)
    assert one.rejection.reason is Reason.MALFORMED


def test_a_station_is_counted_once_though_it_was_sent_to_two_partitions() -> None:
    again = submitted(STATION, pairs(9, 9, 9))
    placed = [
        PlacedMessage.of(COUNT, b"1101", RIGHT),
        PlacedMessage.of(again, b"1101", (RIGHT + 1) % PARTITIONS),
    ]
    folded = fold(placed, WORLD.election, WORLD.registry, of_key)
    assert folded.regions["PPWP", "0"].votes == {"1": 1, "2": 2, "3": 3}
    assert folded.rejected == {Reason.WRONG_KEY: 1}


def test_the_order_of_partitions_does_not_change_the_fold() -> None:
    other = "1202022002003"
    placed = [
        PlacedMessage.of(COUNT, b"1101", RIGHT),
        PlacedMessage(submitted(other, pairs(4, 5, 6)), Placement(b"1202", of_key(b"1202"))),
    ]
    digests = {
        fold(order, WORLD.election, WORLD.registry, of_key).state_digest() for order in (placed, placed[::-1])
    }
    assert len(digests) == 1
