"""Logs of workers and sinks: one JSON object a line on stderr, for whatever collects them.

Every line has `time` (ISO 8601, UTC), `level`, `process`, `logger` and `message`; more fields as `fields`
gives them; `error` and `trace` of an exception. What is logged decides nothing and may be lost.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO

FIELDS: Final = "rekap_fields"
"""The attribute of a log record that holds its fields."""

QUIET: Final = ("kafka", "aiokafka", "faust", "mode", "urllib3", "clickhouse_connect")
"""Libraries of which only warnings are shown: they tell about each request."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        # What every line has is not changed by a field of the same name.
        line = {**getattr(record, FIELDS, {}), **line}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
            line["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging(
    process: str, *, level: int = logging.INFO, stream: TextIO | None = None, quiet: Sequence[str] = QUIET
) -> None:
    """Write what any logger says from `level` on to stderr (or `stream`); calling again replaces it."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonLines(process))
    root = logging.getLogger()
    for held in list(root.handlers):
        if isinstance(held.formatter, JsonLines):
            root.removeHandler(held)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in quiet:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def fields(**values: Any) -> dict[str, Any]:
    """Fields for a line: `logger.info("Inserted a batch", extra=fields(rows=900))`."""
    return {FIELDS: values}
