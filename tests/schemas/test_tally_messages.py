"""Totals on their way up: what was said arrives as it was said, or is refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import MAX_EXACT_INTEGER
from schemas.regions import REGION_LEVELS, Level
from schemas.tally_messages import TallyMalformed, TallyMessage, decode_tally

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(0, 2**40)
ROWS = st.lists(NUMBERS, min_size=1, max_size=6).map(tuple)
CELLS = st.dictionaries(st.integers(0, 1_000), ROWS, max_size=4)


@st.composite
def messages(draw: st.DrawFn) -> TallyMessage:
    """Any message whose version is that of its ballots together."""
    cells = draw(CELLS)
    return TallyMessage(
        election=draw(TEXTS),
        contest=draw(TEXTS),
        level=draw(st.sampled_from(REGION_LEVELS)),
        unit=draw(TEXTS),
        parent=draw(TEXTS),
        version=sum(row[0] for row in cells.values()),
        cells=cells,
        source=draw(st.dictionaries(st.integers(0, 200), st.integers(0, MAX_EXACT_INTEGER), max_size=4)),
        recorded_at=draw(st.integers(0, MAX_EXACT_INTEGER)),
    )


MESSAGE = TallyMessage(
    election="pemilu2024",
    contest="DPR",
    level=Level.DISTRICT,
    unit="1101",
    parent="11",
    version=5,
    cells={3: (2, 7, 0), 11: (3, 9, 1)},
    source={0: 41, 7: 12},
    recorded_at=1_707_890_400_123_456,
)


@given(messages())
def test_a_message_arrives_as_it_was_sent(message: TallyMessage) -> None:
    assert decode_tally(message.encode()) == message


@given(messages())
def test_the_bytes_are_canonical_and_the_digest_names_what_is_said(message: TallyMessage) -> None:
    document = orjson.loads(message.encode())
    assert rfc8785.dumps(document) == message.encode()
    said = [document[name] for name in ("election", "contest", "level", "unit", "version", "cells")]
    assert document["digest"] == message.digest == sha256(rfc8785.dumps(said)).hexdigest()


def test_a_topic_keeps_one_message_for_each_unit_and_contest() -> None:
    assert MESSAGE.key == b"1101|DPR"


def test_the_same_totals_have_one_digest_whenever_and_from_wherever_they_came() -> None:
    again = replace(MESSAGE, cells=dict(reversed(list(MESSAGE.cells.items()))), source={0: 99}, recorded_at=1)
    assert again.digest == MESSAGE.digest


@pytest.mark.parametrize(
    "change",
    [
        {"election": "pemilu2029"},
        {"contest": "DPD"},
        {"level": Level.PROVINCE},
        {"unit": "1102"},
        {"version": 6},
        {"cells": {3: (2, 7, 0), 11: (3, 9, 2)}},
        {"cells": {3: (2, 7, 0), 12: (3, 9, 1)}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_totals_have_another_digest(change: dict[str, Any]) -> None:
    assert replace(MESSAGE, **change).digest != MESSAGE.digest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 6}, "its version is 6, but those of its ballots add up to 5"),
        ({"cells": {"3": [5, 8, 0]}}, "differs from its digest"),
        ({"contest": "DPD"}, "differs from its digest"),
        ({"unit": 1101}, "unit must be text"),
        ({"level": "station"}, "level must be one of nation, province"),
        ({"level": ["district"]}, "level must be one of"),
        ({"cells": {"3": []}}, r"cells.3 must be a list of whole numbers"),
        ({"cells": {"3": [5, 1.5]}}, r"cells.3 must be a list of whole numbers"),
        ({"cells": {"3": [5, True]}}, r"cells.3 must be a list of whole numbers"),
        ({"cells": {"3": "5"}}, r"cells.3 must be a list of whole numbers"),
        ({"cells": {"3": [5, -1]}}, r"cells.3 must hold numbers from 0"),
        ({"cells": {"3": [5, 2**53]}}, r"cells.3 must hold numbers from 0"),
        ({"cells": {"03": [5]}}, "cells must have numbers for keys, not '03'"),
        ({"cells": {"x": [5]}}, "cells must have numbers for keys, not 'x'"),
        ({"cells": {"1" * 5_000: [5]}}, r"cells must have numbers for keys, not '1{199}… \[200/5002\]"),
        ({"source": {"1" * 5_000: 1}}, "source must have numbers for keys"),
        ({"cells": [5]}, "cells must be an object"),
        ({"source": {"0": -1}}, r"source.0 must be a whole number"),
        ({"source": {"": 1}}, "source must have numbers for keys"),
        ({"recorded_at": None}, "recorded_at must be a whole number"),
        ({"version": True}, "version must be a whole number"),
        ({"digest": None}, "digest must be text"),
        ({"more": 1}, "and no others"),
    ],
)
def test_a_message_that_says_something_else_is_refused_with_a_sentence(
    change: dict[str, Any], said: str
) -> None:
    document = orjson.loads(MESSAGE.encode()) | change
    with pytest.raises(TallyMalformed, match=said) as caught:
        decode_tally(orjson.dumps(document))
    assert "Use one version" in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{}", b"\xff", b'{"cells":', b"1e999", b"\x00" * 9])
def test_bytes_that_are_no_message_are_refused(raw: bytes) -> None:
    with pytest.raises(TallyMalformed):
        decode_tally(raw)


@given(st.data())
def test_a_damaged_byte_never_changes_a_total_in_silence(data: st.DataObject) -> None:
    raw = bytearray(MESSAGE.encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = decode_tally(bytes(raw))
    except TallyMalformed:
        return
    assert read.digest == MESSAGE.digest
    assert (read.version, read.cells, read.unit) == (MESSAGE.version, MESSAGE.cells, MESSAGE.unit)
