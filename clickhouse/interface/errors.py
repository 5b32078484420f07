"""Errors of the HTTP interface as ClickHouse sends them: its codes, the HTTP status of each, and the text."""

from __future__ import annotations

from typing import Final

from clickhouse.interface.guard import (
    NOT_IMPLEMENTED,
    READONLY,
    SYNTAX_ERROR,
    UNKNOWN_FORMAT,
    UNKNOWN_FUNCTION,
)

BAD_ARGUMENTS: Final = 36
TIMEOUT_EXCEEDED: Final = 159
AUTHENTICATION_FAILED: Final = 516
TOO_MANY_SIMULTANEOUS_QUERIES: Final = 202
STD_EXCEPTION: Final = 1001

_NAMES: Final = {
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    READONLY: "READONLY",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    TOO_MANY_SIMULTANEOUS_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    TIMEOUT_EXCEEDED: "TIMEOUT_EXCEEDED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    UNKNOWN_FUNCTION: "UNKNOWN_FUNCTION",
    UNKNOWN_FORMAT: "UNKNOWN_FORMAT",
}
"""Names of the errors that are raised here; the engine names its own."""

# UNKNOWN_FUNCTION, _IDENTIFIER, _TYPE, _STORAGE, _TABLE, _AGGREGATE_FUNCTION, _FORMAT, _DATABASE, _SETTING
_UNKNOWN_THINGS: Final = (46, 47, 50, 56, 60, 63, 73, 81, 115)

_STATUS: Final[dict[int, int]] = dict.fromkeys(_UNKNOWN_THINGS, 404) | {
    BAD_ARGUMENTS: 400,
    SYNTAX_ERROR: 400,
    NOT_IMPLEMENTED: 501,
    TIMEOUT_EXCEEDED: 408,
    TOO_MANY_SIMULTANEOUS_QUERIES: 503,
}


def status_of(code: int) -> int:
    """The HTTP status of an error code, as ClickHouse's server sends it."""
    return _STATUS.get(code, 500)


def error_text(code: int, text: str, version: str) -> str:
    """The body of an error: `Code: 60. DB::Exception: ... (UNKNOWN_TABLE) (version 26.5.1.1)`."""
    if not text.startswith("Code: "):
        text = f"Code: {code}. DB::Exception: {text} ({_NAMES.get(code, 'STD_EXCEPTION')})"
    return text if "(version " in text else f"{text} (version {version})"
