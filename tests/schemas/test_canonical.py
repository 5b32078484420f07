"""Canonical bytes: one spelling for one fact, the one of RFC 8785."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import MAX_EXACT_INTEGER, NotCanonical, canonical, dumps, event_id, identity_bytes

KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, DOCUMENTS, max_size=6)


@given(DOCUMENTS)
def test_the_bytes_are_those_of_rfc_8785(document: Any) -> None:
    assert canonical(document) == rfc8785.dumps(document)


@given(DOCUMENTS)
def test_the_bytes_are_stable(document: Any) -> None:
    assert canonical(json.loads(canonical(document))) == canonical(document)


@given(OBJECTS, st.randoms(use_true_random=False), st.sampled_from([None, 0, 3]))
def test_the_id_depends_on_no_order_and_no_whitespace(
    document: dict[str, Any], random: Any, indent: int | None
) -> None:
    keys = list(document)
    random.shuffle(keys)
    other = json.loads(json.dumps({key: document[key] for key in keys}, indent=indent, ensure_ascii=True))
    assert event_id(other) == event_id(document)


@given(OBJECTS, TEXTS, TEXTS)
def test_the_id_leaves_out_itself_and_the_signature_and_nothing_else(
    document: dict[str, Any], stated: str, signature: str
) -> None:
    bare = {key: value for key, value in document.items() if key not in ("event_id", "signature")}
    assert event_id({**bare, "event_id": stated, "signature": signature}) == event_id(bare)
    assert event_id({**bare, "key_id": "k"}) != event_id({**bare, "key_id": "l"})
    assert identity_bytes(bare) == dumps(bare)
    assert event_id(bare) == sha256(rfc8785.dumps(bare)).hexdigest()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (1.0, "a float"),
        (2**53, "too large"),
        (-(2**53), "too large"),
        ({"é": 1}, "must be ASCII"),
        ({1: 1}, "must be ASCII"),
        (b"x", "a bytes"),
        ({1, 2}, "a set"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(value: Any, what: str) -> None:
    with pytest.raises(NotCanonical) as error:
        canonical({"a": [{"b": value}]})
    assert str(error.value).startswith("$.a[0].b: ")
    assert what in str(error.value)


def test_keys_are_sorted_by_their_characters() -> None:
    assert canonical({"b": 1, "a": 2, "B": 3, "aa": 4, "_": 5}) == b'{"B":3,"_":5,"a":2,"aa":4,"b":1}'


def test_an_id_in_this_project_stays_what_it_is() -> None:
    """Every stored log depends on it."""
    document = {"type": "CountSubmitted", "payload": {"form": {"votes": {"1": 70}}}, "station": "é"}
    assert event_id(document) == "384c0c64673b84011e35fcd42ac2ebe34205e1ac17a9d42e3bedd10e5a15925d"
