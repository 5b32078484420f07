"""What is wrong with a value is said in our words, in both languages; the library's own are never shown."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.control_events import Event
from schemas.decode import decode
from schemas.elections import Candidate, DefinitionInvalid, Election, parse_election
from schemas.rejections import Rejected
from schemas.validation_words import explained, is_known
from tests.schemas.examples import valid

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
EVENTS = [json.loads(path.read_bytes()) for path in valid()]
DEFINITION = yaml.safe_load(
    """
id: e
name: {id: P, en: E}
root: {id: "0", name: X}
stations: {format: "{village}{number:03d}", pattern: "(?P<village>[0-9]{10})[0-9]{3}"}
count_unlisted_stations: false
overseas: ["99"]
limits: {voters_per_station: 300, voters_exempt: ["99"]}
poll: {closes: 2024-02-14T13:00:00+07:00, until: 2024-02-15T12:00:00+07:00}
poll_exceptions: [{regions: ["99"], closes: null, until: null}]
contests:
  - {id: P, name: {id: P, en: P}, kind: pairs, scope: nation, options: [{id: "1", name: A, only_in: ["1"]}],
     sources: {sirekap: {"100": "1"}}}
electoral_districts: [{contest: P, id: x, name: X, regions: ["1"]}]
candidates: [{contest: P, constituency: x, option: "1.1", name: N}]
"""
)
UNFILLED = re.compile(r"\{(pattern|expected|expected_tags|m(in|ax)_length|[gl][te])\}")
ANYTHING = st.sampled_from(
    [
        *(None, True, 1, -1, 2**70, 1.5, 1e400, "", "x" * 5_000, "é \n", "2024-02-14", "2024-02-14T13:00:00"),
        *([], {}, [1], {"a": 1}, ["1", "1"], {"": None}, "2024-13-14T13:00:00+07:00", "25:00"),
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, part in inner for one in places(part, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at the path."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(document[path[0]], path[1:], value)
    return copy


def require_words(error: ValidationError) -> None:
    """Every fault has words of ours, and the sentence nothing of the library's."""
    unknown = {fault["type"] for fault in error.errors() if not is_known(fault["type"])}
    assert unknown == set()
    said = explained(error)
    for fault in error.errors():
        assert fault["msg"] not in (said.id, said.en)
    assert "Value error" not in said.id + said.en
    assert "Input should" not in said.id + said.en
    assert not UNFILLED.search(said.id + said.en)


@given(st.data())
def test_every_fault_of_an_event_has_words(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(EVENTS))
    path = data.draw(st.sampled_from(places(document)))
    value = data.draw(ANYTHING)
    try:
        EVENT.validate_json(json.dumps(changed(document, path, value)), strict=True)
    except ValidationError as error:
        require_words(error)


@given(st.data())
def test_every_fault_of_a_definition_has_words(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(places(DEFINITION)))
    value = data.draw(ANYTHING)
    try:
        Election.model_validate(changed(DEFINITION, path, value))
    except ValidationError as error:
        require_words(error)


@pytest.mark.parametrize("name", ["contest", "constituency", "option", "name"])
@pytest.mark.parametrize("value", [None, "", "a b", 1])
def test_every_fault_of_a_candidate_has_words(name: str, value: Any) -> None:
    row = {"contest": "P", "constituency": "x", "option": "1", "name": "N", name: value}
    try:
        Candidate.model_validate(row)
    except ValidationError as error:
        require_words(error)


def test_what_the_definition_itself_says_is_told_in_both_languages() -> None:
    text = yaml.safe_dump(changed(DEFINITION, ("stations", "pattern"), "(?P<desa>x)"))
    with pytest.raises(DefinitionInvalid) as raised:
        parse_election(text, "e.yaml")
    assert raised.value.said.en == "e.yaml: stations.pattern: needs a group named village: (?P<village>...)."
    assert (
        raised.value.said.id == "e.yaml: stations.pattern: memerlukan grup bernama village: (?P<village>...)."
    )


def test_a_time_without_a_zone_is_told_in_both_languages() -> None:
    document = {**EVENTS[0], "occurred_at": "2024-02-14T15:30:00"}
    document.pop("event_id", None)
    with pytest.raises(Rejected) as raised:
        decode(json.dumps(document).encode())
    said = raised.value.rejection.said
    assert "occurred_at: '2024-02-14T15:30:00' has no time zone" in said.en
    assert "occurred_at: '2024-02-14T15:30:00' tidak punya zona waktu" in said.id


@pytest.mark.parametrize("decimals", ["", ".1", ".123", ".123456", ".123456789", "." + "7" * 30])
@pytest.mark.parametrize("zone", ["Z", "+07:00"])
def test_times_are_taken_with_any_number_of_decimals(decimals: str, zone: str) -> None:
    document = {**EVENTS[0], "occurred_at": f"2024-02-14T15:30:00{decimals}{zone}"}
    document.pop("event_id", None)
    assert decode(json.dumps(document).encode()).event.occurred_at == document["occurred_at"]
