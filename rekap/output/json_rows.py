"""Rows as JSON: the exact values, and nothing that a terminal would obey."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.text import escaped_json

Row = dict[str, Any]
"""One row of an answer, by the names of the contract."""


def dumps(value: Any) -> bytes:
    """JSON, the exact values; times as ISO 8601 with their zone. What a terminal would obey is escaped."""
    try:
        document = orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:  # a file's name that is not UTF-8
        return json.dumps(value, default=_plain).encode()
    if document.isascii() and b"\x7f" not in document:
        return document
    return escaped_json(document.decode()).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")
