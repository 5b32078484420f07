"""The corpus of example messages: each is read as its folder says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.candidates import with_candidates
from schemas.decode import decode
from schemas.elections import load_election
from schemas.events import CountEvent
from schemas.forms import CHasil
from schemas.registry_files import read_registry
from schemas.rejections import Reason, Rejected
from tests.schemas.examples import FOLDER, invalid, name, valid

SHOWN_BY_THE_MESSAGE_ALONE = (Reason.MALFORMED, Reason.UNKNOWN_SCHEMA_VERSION, Reason.WRONG_EVENT_ID)
SHOWN_BY_ITS_PLACE_ALONE = {Reason.WRONG_KEY}
"""Any valid message, sent with another key than its district's: no bytes of it show that."""

SHOWN_BY_KEYS = {
    *(Reason.UNSIGNED, Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.REVOKED_KEY, Reason.OUT_OF_SCOPE),
    *(Reason.SEQUENCE_REPEATED, Reason.COUNTING_PAUSED, Reason.INVALID_CONTROL),
}
"""Only in an election with keys of its own: tests/stream_processors/test_authority.py has each."""


def test_every_reason_has_examples() -> None:
    shown = set(Reason) - SHOWN_BY_ITS_PLACE_ALONE - SHOWN_BY_KEYS
    assert {path.name for path in (FOLDER / "invalid").iterdir()} == {reason.value for reason in shown}
    assert all(invalid(reason) for reason in shown)


@pytest.mark.parametrize("path", valid(), ids=name)
def test_a_valid_example_is_an_event(path: Path) -> None:
    decoded = decode(path.read_bytes())
    assert decoded.event.event_id in (None, decoded.event_id)


@pytest.mark.parametrize(
    ("path", "reason"),
    [(path, reason) for reason in SHOWN_BY_THE_MESSAGE_ALONE for path in invalid(reason)],
    ids=lambda value: name(value) if isinstance(value, Path) else value.value,
)
def test_an_invalid_example_is_rejected_with_its_reason_and_a_sentence(path: Path, reason: Reason) -> None:
    with pytest.raises(Rejected) as raised:
        decode(path.read_bytes())
    rejection = raised.value.rejection
    assert rejection.reason is reason
    assert rejection.said.id.endswith(".")
    assert rejection.said.en.endswith(".")
    assert rejection.said.id != rejection.said.en


@pytest.mark.parametrize(
    "path",
    [path for reason in Reason if reason not in SHOWN_BY_THE_MESSAGE_ALONE for path in invalid(reason)],
    ids=name,
)
def test_an_example_that_is_invalid_only_in_an_election_is_an_event(path: Path) -> None:
    assert decode(path.read_bytes()).event_id


def test_the_valid_examples_show_every_field_of_every_event() -> None:
    shown: set[str] = set()
    for path in valid():
        document = orjson.loads(path.read_bytes())
        shown |= {f"{document['type']}.{field}" for field in _fields(document)}
    for path in valid():
        event = decode(path.read_bytes()).event
        model = type(event)
        wanted = {f"{model.__name__}.{field.name}" for field in fields(model)}
        wanted -= {f"{model.__name__}.{field}" for field in ("key_id", "signature", "seq", "device")}
        assert wanted <= shown, wanted - shown
    for field in fields(CHasil):
        assert f"CountSubmitted.payload.form.{field.name}" in shown
    for optional in ("key_id", "signature", "seq", "device", "payload.images", "payload.origin.listed"):
        assert f"CountSubmitted.{optional}" in shown


def _fields(document: Any, above: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in document.items():
        found.add(above + key)
        if isinstance(value, dict):
            found |= _fields(value, f"{above}{key}.")
    return found


def test_an_event_has_one_id_in_every_spelling() -> None:
    canonical = (FOLDER / "valid" / "spelling_canonical.json").read_bytes()
    old = (FOLDER / "valid" / "spelling_old_unsorted_with_spaces.json").read_bytes()
    assert canonical != old
    assert decode(canonical) == decode(old)


@pytest.mark.parametrize("folder", ["already_counted", "superseded_mismatch"])
def test_examples_that_need_a_log_are_of_one_station(folder: str) -> None:
    events = [decode(path.read_bytes()).event for path in invalid(folder)]
    assert all(isinstance(event, CountEvent) for event in events)
    assert len({(event.contest, event.unit) for event in events}) == 1


def test_the_register_of_the_examples_has_their_stations() -> None:
    register = FOLDER / "register"
    election = with_candidates(load_election("pemilu2024"), register / "candidates.csv")
    registry = read_registry(election, register / "regions.csv", register / "stations.csv")
    for path in valid():
        event = decode(path.read_bytes()).event
        if isinstance(event, CountEvent):
            station = registry.station(event.unit)
            assert station is not None
            assert station.listed is True
        elif event.unit:
            assert registry.region(event.unit) is not None
    for path in invalid(Reason.UNKNOWN_STATION):
        found = registry.station(decode(path.read_bytes()).event.unit)
        assert found is None or found.listed is False


def test_the_readme_names_every_folder() -> None:
    text = (FOLDER / "README.md").read_text()
    named = set(re.findall(r"`([a-z_/]+)`", text))
    assert {reason.value for reason in Reason} <= named
