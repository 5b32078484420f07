"""A rejected message keeps its type, contest and unit wherever its bytes tell them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decode import decode
from schemas.partial_event import PartialEvent, partial_event
from tests.schemas.examples import valid
from tests.schemas.test_decode import EVENTS

EVENT: dict[str, Any] = {
    "type": "CountSubmitted",
    "schema_version": 1,
    "election": "pemilu2024",
    "contest": "PPWP",
    "station": "3171011001001",
    "payload": {"form": {"votes": {"1": -1}}},
}
WHOLE = PartialEvent("CountSubmitted", "PPWP", "3171011001001")
TEXT = json.dumps(EVENT)


def event(**more: Any) -> bytes:
    """The event with other fields."""
    return json.dumps({**EVENT, **more}).encode()


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (event(), WHOLE),
        (TEXT.encode("utf-8-sig"), WHOLE),
        (TEXT.encode("utf-16"), WHOLE),
        (TEXT.encode()[:-20], WHOLE),  # cut off
        (TEXT.encode() + b"\xff", WHOLE),
        (TEXT.replace('"', "'").encode(), WHOLE),  # as Python prints it
        (f"[{TEXT}]".encode(), WHOLE),
        (f'{{"event": {TEXT}}}'.encode(), WHOLE),
        (event(station=3171011001001), WHOLE),  # a number
        (
            b'{"contest": "PPWP", "station": 3171',
            PartialEvent("", "PPWP", ""),
        ),  # cut off in the middle of a number
        (event(station=" 3171011001001 "), WHOLE),
        (event(type="RecapCertified", region="31"), PartialEvent("RecapCertified", "PPWP", "31")),
        (event(region="31"), WHOLE),  # a count is of its station
        (event(note='{"station": "3171011001002"}'), WHOLE),  # in a text
        (event(extra={"station": "3171011001002"}), WHOLE),  # in a part
        (event(x="[" * 2_000), WHOLE),
        (b"[" * 50_000 + TEXT.encode(), WHOLE),
        (TEXT.encode() + b" " * 70_000, WHOLE),  # too long for an event
        (f"{TEXT}{TEXT}".encode(), WHOLE),  # two of one station
        (TEXT.replace('"type"', '"contest": "DPD", "type"').encode(), WHOLE._replace(contest="")),
        (f"{TEXT}{TEXT.replace('1001', '1002')}".encode(), WHOLE._replace(unit="")),
        (event(station="TPS 1"), WHOLE._replace(unit="")),  # no identifier
        (event(station="3" * 65), WHOLE._replace(unit="")),
        (event(station=3.5), WHOLE._replace(unit="")),
        (event(station=True), WHOLE._replace(unit="")),
        (event(station=None), WHOLE._replace(unit="")),
        (event(contest="\x1b[2J"), WHOLE._replace(contest="")),
        (b"", PartialEvent()),
        (b"hello", PartialEvent()),
        (b'{"not": "an event"}', PartialEvent()),
        (b"\xff\xfe", PartialEvent()),
    ],
)
def test_what_the_bytes_tell_is_read(raw: bytes, fields: PartialEvent) -> None:
    assert partial_event(raw) == fields


@given(EVENTS, st.data())
def test_of_a_message_cut_off_anywhere_no_field_is_read_wrongly(document: dict[str, Any], data: Any) -> None:
    """Neither another value than the whole one nor a part of it: a station's id that is cut off is another
    station's."""
    raw = json.dumps(document).encode()
    cut = partial_event(raw[: data.draw(st.integers(0, len(raw)))])
    whole = partial_event(raw)
    assert all(part in ("", of) for part, of in zip(cut, whole, strict=True))


@given(EVENTS)
def test_of_an_event_its_own_fields_are_read(document: dict[str, Any]) -> None:
    assert partial_event(json.dumps(document).encode()) == PartialEvent(
        document["type"], document["contest"], document["station"]
    )


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_crashes_it(raw: bytes) -> None:
    for part in partial_event(raw):
        assert len(part) <= 64


@pytest.mark.parametrize("path", valid(), ids=lambda path: path.stem)
def test_it_agrees_with_the_decoder(path: Any) -> None:
    found = decode(path.read_bytes()).event
    assert partial_event(path.read_bytes()) == PartialEvent(found.type, found.contest, found.unit)
