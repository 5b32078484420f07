"""Bytes to events: what is rejected, and that nothing else ever happens."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.canonical import dumps, event_id, identity_bytes
from schemas.decode import MAX_BYTES, Decoded, _identity, content_id, decode, encode
from schemas.events import CountSubmitted
from schemas.rejections import Reason, Rejected
from schemas.upcasts import upcast
from tests.schemas.examples import invalid, valid

MINIMAL: dict[str, Any] = {
    "type": "CountSubmitted",
    "schema_version": 1,
    "election": "pemilu2024",
    "contest": "PPWP",
    "station": "3101011001001",
    "payload": {"form": {"votes": {"1": 70}}},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
IDS = st.from_regex(r"[A-Za-z0-9._:/-]{1,64}", fullmatch=True)
FIGURES = st.none() | st.integers(0, 9_999_999)
PEOPLE = st.fixed_dictionaries({}, optional=dict.fromkeys("lpj", FIGURES)) | st.none()
FORMS = st.fixed_dictionaries(
    {},
    optional={
        "dpt": PEOPLE,
        "voters": st.fixed_dictionaries({}, optional=dict.fromkeys(("dpt", "dptb", "dpk", "total"), PEOPLE)),
        "disability": PEOPLE,
        "votes": st.dictionaries(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True), FIGURES),
        "valid": FIGURES,
        "invalid": FIGURES,
        "total": FIGURES,
        "words": st.dictionaries(st.sampled_from(["1", "valid", "total"]), st.text(max_size=20)),
    },
)
TIMES = st.builds(
    lambda at, zone: at.isoformat() + zone,
    st.datetimes(min_value=datetime(1000, 1, 1)),
    st.sampled_from(["Z", "+07:00", "+08:00", "+09:00", "-03:30"]),
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.just("CountSubmitted"),
        "schema_version": st.just(1),
        "election": IDS,
        "contest": IDS,
        "station": IDS,
        "payload": st.fixed_dictionaries({"form": FORMS}),
    },
    optional={
        "device": st.none() | IDS,
        "key_id": IDS,
        "signature": st.just("A" * 86 + "=="),
        "occurred_at": TIMES,
        "submitted_by": st.fixed_dictionaries({"officer": IDS, "role": st.sampled_from(["kpps", "ppk"])}),
    },
)


def reason_of(raw: bytes) -> Reason:
    with pytest.raises(Rejected) as raised:
        decode(raw)
    return raised.value.rejection.reason


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_rejected_and_never_crash(raw: bytes) -> None:
    assert reason_of(raw) is Reason.MALFORMED


@given(JSON)
def test_arbitrary_json_is_rejected_and_never_crashes(document: Any) -> None:
    assert reason_of(json.dumps(document).encode()) is Reason.MALFORMED


@given(
    st.sampled_from(valid() + invalid(Reason.MALFORMED)),
    st.lists(st.tuples(st.integers(0, 2_000), st.binary(max_size=3)), max_size=3),
)
def test_damaged_messages_never_crash(path: Any, damages: list[tuple[int, bytes]]) -> None:
    raw = path.read_bytes()
    for place, damage in damages:
        raw = raw[:place] + damage + raw[place + len(damage) :]
    try:
        decoded = decode(raw)
    except Rejected as raised:
        assert raised.rejection.said.id  # noqa: PT017  an outcome, not the expected one
        assert raised.rejection.said.en  # noqa: PT017
    else:
        assert isinstance(decoded, Decoded)


@given(st.sampled_from(list(MINIMAL)), JSON)
def test_any_value_in_any_place_never_crashes(key: str, value: Any) -> None:
    raw = json.dumps({**MINIMAL, key: value}).encode()
    try:
        decode(raw)
    except Rejected as raised:
        assert raised.rejection.reason in (Reason.MALFORMED, Reason.UNKNOWN_SCHEMA_VERSION)  # noqa: PT017


@given(EVENTS)
def test_what_was_encoded_is_read_with_the_same_id(document: dict[str, Any]) -> None:
    raw = encode(document)
    decoded = decode(raw)
    assert decoded.event_id == event_id(document)
    assert decoded.event.event_id == decoded.event_id
    assert isinstance(decoded.event, CountSubmitted)
    assert decoded.event.station == document["station"]
    read = TypeAdapter(CountSubmitted).dump_python(decoded.event, mode="json")
    assert encode(_as_said(read, orjson.loads(raw))) == raw


def _as_said(read: Any, said: Any) -> Any:
    """What was read, without what nobody had said."""
    return {key: _as_said(read[key], said[key]) for key in said} if isinstance(said, dict) else read


@given(EVENTS, st.randoms(use_true_random=False), st.sampled_from([None, 1]))
def test_every_spelling_of_an_event_is_the_same_event(
    document: dict[str, Any], random: Any, indent: int | None
) -> None:
    keys = list(document)
    random.shuffle(keys)
    spelling = json.dumps({key: document[key] for key in keys}, indent=indent).encode()
    assert decode(spelling).event_id == decode(encode(document)).event_id


@given(EVENTS, st.sampled_from(["election", "contest", "station"]))
def test_a_changed_event_does_not_keep_its_id(document: dict[str, Any], key: str) -> None:
    sent = orjson.loads(encode(document))
    sent[key] = sent[key][:-1] + ("x" if sent[key][-1] != "x" else "y")
    assert reason_of(orjson.dumps(sent)) is Reason.WRONG_EVENT_ID


@pytest.mark.parametrize("place", ["seal", "payload.form.seal"])
def test_a_field_that_is_not_known_is_named(place: str) -> None:
    document = orjson.loads(orjson.dumps(MINIMAL))
    (document if place == "seal" else document["payload"]["form"])["seal"] = 1
    with pytest.raises(Rejected) as raised:
        decode(orjson.dumps(document))
    assert raised.value.rejection.said.en == f"Can't be read: field {place}: is not known; leave it out."


def test_an_id_may_be_left_out_or_null() -> None:
    assert decode(orjson.dumps(MINIMAL)).event_id == event_id(MINIMAL)
    assert decode(orjson.dumps({**MINIMAL, "event_id": None})).event_id == event_id(MINIMAL)


@pytest.mark.parametrize("place", ["contest", "device", "election"])
def test_an_id_hidden_in_a_text_before_it_is_not_taken_for_the_id(place: str) -> None:
    """The members that sort before event_id are the ones that the quick way of finding it could fall for."""
    fake = '","event_id":"' + "0" * 64 + '",'
    for value in (fake, {"event_id": "0" * 64}, ["event_id", "0" * 64]):
        assert reason_of(encode({**MINIMAL, place: value})) is Reason.MALFORMED


def test_a_signature_is_no_part_of_the_id() -> None:
    signed = {**MINIMAL, "key_id": "k", "signature": "A" * 86 + "=="}
    other = {**signed, "signature": "B" * 86 + "=="}
    assert decode(encode(signed)).event_id == decode(encode(other)).event_id


@given(EVENTS, st.sampled_from(["station", "contest", "election"]))
def test_the_id_of_a_signed_event_is_cut_out_of_its_bytes_as_it_is_computed(
    document: dict[str, Any], place: str
) -> None:
    hidden = '","signature":"' + "A" * 86 + '==","event_id":"' + "0" * 64 + '",'
    for signature in ("A" * 86 + "==", None, "short", hidden, 7):
        for more in ({}, {place: hidden}, {"payload": {"signature": "A" * 86 + "=="}}):
            signed = {**document, "signature": signature, **more}
            whole = {**signed, "event_id": event_id(signed)}
            assert _identity(whole, dumps(whole)) == identity_bytes(signed)


def test_the_largest_message_is_read_and_one_byte_more_is_not() -> None:
    raw = orjson.dumps(MINIMAL)
    assert decode(raw + b" " * (MAX_BYTES - len(raw))).event_id == event_id(MINIMAL)
    assert reason_of(raw + b" " * (MAX_BYTES - len(raw) + 1)) is Reason.MALFORMED


@pytest.mark.parametrize("field", ["type", "station", "payload"])
def test_a_key_given_twice_is_named(field: str) -> None:
    text = json.dumps(MINIMAL)
    twice = text[:-1] + f', "{field}": {json.dumps(MINIMAL[field])}}}'
    with pytest.raises(Rejected) as raised:
        decode(twice.encode())
    assert f'"{field}" is given twice' in raised.value.rejection.said.en
    assert f'"{field}" tertulis dua kali' in raised.value.rejection.said.id


def test_a_key_given_twice_in_an_escaped_spelling_is_found() -> None:
    raw = orjson.dumps(MINIMAL)[:-1] + b',"st\\u0061tion":"3101011001002"}'
    assert reason_of(raw) is Reason.MALFORMED


def test_a_newer_version_is_told_from_a_broken_message() -> None:
    assert reason_of(encode({**MINIMAL, "schema_version": 2, "new": 1.5})) is Reason.UNKNOWN_SCHEMA_VERSION
    for version in (0, -1, "1", 1.0, True, None, [1]):
        assert reason_of(orjson.dumps({**MINIMAL, "schema_version": version})) is Reason.MALFORMED


def test_what_is_no_event_is_named_by_its_bytes() -> None:
    assert content_id(b"") != content_id(b" ")
    assert len(content_id(b"")) == 64


def test_upcasts_lift_step_by_step_and_leave_alone_what_has_no_step() -> None:
    steps = {
        ("CountSubmitted", 1): lambda document: {**document, "renamed": document["old"]},
        ("CountSubmitted", 2): lambda document: {key: document[key] for key in document if key != "old"},
    }
    old = {"type": "CountSubmitted", "schema_version": 1, "old": 5}
    assert upcast(old, 3, steps) == {"type": "CountSubmitted", "schema_version": 3, "renamed": 5}
    assert upcast(old, 1, steps) is old
    assert old == {"type": "CountSubmitted", "schema_version": 1, "old": 5}
    unchanged = {"type": "CountAnnulled", "schema_version": 1}
    assert upcast(unchanged, 3, steps) == {"type": "CountAnnulled", "schema_version": 3}
    for odd in ({}, {"type": 1, "schema_version": 1}, {"type": "CountSubmitted", "schema_version": True}):
        assert upcast(odd, 3, steps) is odd
