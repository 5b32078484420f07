"""The fields that bytes which are no event still tell: type, contest and unit.

Nothing is counted by it: it lets people find a rejected message. A field is told only where the bytes leave
no doubt; one that is given with two values, or that is no identifier, is ''. What an event means is read by
schemas.decode alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from schemas.events import IDENTIFIER_PATTERN, RecapCertified, RecapReasonStated

_TYPE, _CONTEST, _STATION, _REGION = "type", "contest", "station", "region"
_FIELDS: Final = (_TYPE, _CONTEST, _STATION, _REGION)

_SEARCHED: Final = 1_048_576
"""Bytes of a message that are looked at: entries of the log on Kafka have no more."""

_MEMBER: Final = re.compile(
    r"""(?<!\\)(["'])(type|contest|station|region)\1\s*:\s*"""
    r"""(?:(["'])([^"'\\]{1,128})\3|([0-9]{1,64})(?=\s*[,}\]]))"""
)
"""One of the fields with its value, anywhere in a text. Within a JSON string a backslash would precede its
quotes."""
_IDENTIFIER: Final = re.compile(IDENTIFIER_PATTERN)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of the other encoding that programs write JSON in."""


class PartialEvent(NamedTuple):
    """The type, contest and unit of a message; '' where its bytes don't tell."""

    type: str = ""
    contest: str = ""
    unit: str = ""


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object, those with equal keys too."""


def partial_event(raw: bytes) -> PartialEvent:
    """What `raw`, which is no event, tells. Never raises for what it holds."""
    text = raw[:_SEARCHED].decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig", "replace")
    found = _of_the_document(text)
    anywhere: dict[str, set[str]] = {field: set() for field in _FIELDS}
    for _, field, _, string, number in _MEMBER.findall(text):
        anywhere[field].add(string or number)
    # The fields of the document itself come before those of its parts.
    told = {field: _only(found.get(field) or anywhere[field]) for field in _FIELDS}
    return PartialEvent(told[_TYPE], told[_CONTEST], _unit(told))


def _of_the_document(text: str) -> dict[str, set[str]]:
    """The fields of a JSON object at the top; nothing where the text is none."""
    try:
        members = json.loads(text, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return {}
    found: dict[str, set[str]] = {}
    if isinstance(members, _Members):
        for key, value in members:
            if key in _FIELDS and isinstance(value, str | int) and not isinstance(value, bool):
                found.setdefault(key, set()).add(str(value))
    return found


def _unit(told: dict[str, str]) -> str:
    """An event has a station or a region, as its type says."""
    if told[_TYPE] in (RecapCertified.__name__, RecapReasonStated.__name__):
        return told[_REGION]
    return told[_STATION] or told[_REGION]


def _only(values: Iterable[str]) -> str:
    different = {value.strip() for value in values}
    value = different.pop() if len(different) == 1 else ""
    return value if _IDENTIFIER.fullmatch(value) else ""
