"""The totals of one region in one contest as they travel to its parent: the whole value, never a change.

A message names the events that it includes (`source`) and carries a digest of what it says, so that a value
that was damaged, or changed without changing its version, is found out wherever it is read. The topics keep
one message for each `key`.

Which of two messages is newer, and what a parent makes of them, is not decided here: see
stream_processors.rollup. Neither does a message prove that its cells follow from the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from schemas.canonical import MAX_EXACT_INTEGER, dumps
from schemas.regions import REGION_LEVELS, Level
from schemas.text import quoted

MOST_DIGITS: Final = 16
"""Of a number in a key: those of the largest that JSON holds exactly. Python refuses thousands of them."""

_FIELDS: Final = (
    *("cells", "contest", "digest", "election", "format", "level"),
    *("parent", "recorded_at", "source", "unit", "version"),
)
FORMAT: Final = 2
"""Another one whenever a row has other cells."""

_LEVELS: Final = {level.value: level for level in REGION_LEVELS}


class TallyMalformed(ValueError):
    """Bytes that are no message of this version; the text says which part of them and what to do."""


@dataclass(frozen=True, slots=True)
class TallyMessage:
    """The totals of `unit` in `contest` at `version`, the number of accepted events below it.

    `cells` has a row for each ballot, by its index (see schemas.ballots): the version, then the cells in the
    order of schemas.tallies. The versions of the rows add up to that of the message. `source` has the last
    position included of each partition of the log, `recorded_at` is when the log took in the newest event
    included (microseconds since 1970, UTC; 0: none). `parent` is '' for the nation.
    """

    election: str
    contest: str
    level: Level
    unit: str
    parent: str
    version: int
    cells: Mapping[int, tuple[int, ...]]
    source: Mapping[int, int]
    recorded_at: int

    @property
    def key(self) -> bytes:
        """What the topics keep one message of: `unit|contest`."""
        return f"{self.unit}|{self.contest}".encode()

    @property
    def digest(self) -> str:
        """The name of what is said (hex SHA-256): the same totals at the same version have the same one,
        however they came about."""
        return self._digest(self._cells())

    def encode(self) -> bytes:
        """The message as bytes: canonical JSON with its digest."""
        cells = self._cells()
        return dumps(
            {
                "cells": cells,
                "contest": self.contest,
                "digest": self._digest(cells),
                "election": self.election,
                "format": FORMAT,
                "level": self.level,
                "parent": self.parent,
                "recorded_at": self.recorded_at,
                "source": {str(partition): position for partition, position in self.source.items()},
                "unit": self.unit,
                "version": self.version,
            }
        )

    def _cells(self) -> orjson.Fragment:
        """The cells written once: a nation's legislature has hundreds of thousands."""
        return orjson.Fragment(dumps({str(ballot): row for ballot, row in self.cells.items()}))

    def _digest(self, cells: orjson.Fragment) -> str:
        said = [self.election, self.contest, self.level, self.unit, self.version, cells]
        return sha256(dumps(said)).hexdigest()


def decode_tally(raw: bytes) -> TallyMessage:
    """The message that `raw` holds. Raises TallyMalformed when it is none, or differs from its digest."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(f"it is no JSON ({quoted(error)})") from None
    if isinstance(document, dict) and document.get("format") != FORMAT:
        shown = document.get("format", "1 (none is named)")
        raise _malformed(f"it has the format {quoted(shown)}, not {FORMAT}")
    if not isinstance(document, dict) or sorted(document) != list(_FIELDS):
        raise _malformed(f"it must be an object with the fields {', '.join(_FIELDS)} and no others")
    for field in ("contest", "digest", "election", "parent", "unit"):
        if not isinstance(document[field], str):
            raise _malformed(f"{field} must be text")
    level = _LEVELS.get(document["level"]) if isinstance(document["level"], str) else None
    if level is None:
        raise _malformed(f"level must be one of {', '.join(_LEVELS)}")
    message = TallyMessage(
        election=document["election"],
        contest=document["contest"],
        level=level,
        unit=document["unit"],
        parent=document["parent"],
        version=_count(document["version"], "version"),
        cells={ballot: _row(row, ballot) for ballot, row in _numbered(document["cells"], "cells")},
        source={
            partition: _count(position, f"source.{partition}")
            for partition, position in _numbered(document["source"], "source")
        },
        recorded_at=_count(document["recorded_at"], "recorded_at"),
    )
    below = sum(row[0] for row in message.cells.values())
    if below != message.version:
        raise _malformed(f"its version is {message.version}, but those of its ballots add up to {below}")
    if message.digest != document["digest"]:
        raise _malformed("it differs from its digest")
    return message


def _numbered(value: Any, field: str) -> list[tuple[int, Any]]:
    """The entries of an object whose keys are numbers, written in the one way that they have."""
    if not isinstance(value, dict):
        raise _malformed(f"{field} must be an object")
    found = []
    for key, inner in value.items():
        if len(key) > MOST_DIGITS or not (key.isascii() and key.isdecimal() and str(int(key)) == key):
            raise _malformed(f"{field} must have numbers for keys, not {quoted(repr(key))}")
        found.append((int(key), inner))
    return found


def _row(value: Any, ballot: int) -> tuple[int, ...]:
    """The cells of one ballot; looked at all together, because they are many."""
    if not isinstance(value, list) or set(map(type, value)) != {int}:
        raise _malformed(f"cells.{ballot} must be a list of whole numbers")
    if min(value) < 0 or max(value) > MAX_EXACT_INTEGER:
        raise _malformed(f"cells.{ballot} must hold numbers from 0 to 2^53 - 1")
    return tuple(value)


def _count(value: Any, field: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_EXACT_INTEGER:
        raise _malformed(f"{field} must be a whole number from 0 to 2^53 - 1")
    return value


def _malformed(what: str) -> TallyMalformed:
    return TallyMalformed(
        f"This message holds no totals that this version of rekap can read: {what}. Use one version for all "
        "workers and sinks of an election; if they are, report this sentence."
    )
