"""Logs of workers and sinks: one JSON object a line on stderr, for whatever collects them.

Every line has `time` (ISO 8601, UTC), `level`, `process`, `logger` and `message`; more fields as `fields`
gives them; `error` and `trace` of an exception. Lines of one place in the code are bounded in number, so that
what fails again and again fills no disk. No decision depends on a log line, and lines may be lost.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from monitoring.metrics import LOG_LINES_LEFT_OUT
from schemas.text import escaped_json

BURST: Final = 20
"""Lines of one place in the code at once: every partition of a topic may have one."""

EVERY_S: Final = 15.0
"""After a burst, one line of that place in so many seconds: an outage of an hour is hundreds of lines, not
hundreds of thousands."""

BOUNDED_ELSEWHERE: Final = frozenset({"rekap.set_aside"})
"""Loggers with a bound of their own."""

PLACES: Final = 10_000
"""Places in the code that are remembered."""

FIELDS: Final = "rekap_fields"
"""The attribute of a log record that holds its fields."""

MAX_TEXT: Final = 8_000
"""Characters of one text in a line: a whole trace of ours, and less than collectors cut lines at."""

QUIET: Final[Mapping[str, int]] = {
    # Dozens of lines a second while a broker is away; its errors are logged by our own code.
    "kafka": logging.CRITICAL,
    "aiokafka": logging.WARNING,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "urllib3": logging.ERROR,
    "clickhouse_connect": logging.ERROR,
}
"""Libraries with too many lines, and the level from which on theirs are logged."""


class Bound(logging.Filter):
    """Lets through BURST lines of each place in the code at once, and one every EVERY_S after that; the next
    line that is let through says how many were left out. For any number of threads: a handler's lock is held.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._places: dict[tuple[str, int], _Place] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        if record.levelno >= logging.CRITICAL or record.name in BOUNDED_ELSEWHERE:
            return True
        key = (record.pathname, record.lineno)
        place = self._places.get(key)
        now = self._clock()
        if place is None:
            if len(self._places) >= PLACES:  # ours are hundreds: nothing else makes so many
                self._places.clear()
            place = self._places[key] = _Place(BURST, now)
        place.allowance = min(BURST, place.allowance + (now - place.at) / EVERY_S)
        place.at = now
        if place.allowance < 1:
            place.left_out += 1
            LOG_LINES_LEFT_OUT.inc()
            return False
        place.allowance -= 1
        if place.left_out:
            setattr(record, FIELDS, {**getattr(record, FIELDS, {}), "lines_left_out": place.left_out})
            place.left_out = 0
        return True


@dataclass(slots=True)
class _Place:
    allowance: float
    at: float
    left_out: int = 0


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
            "message": _cut(record.getMessage()),
        }
        # A field must not replace what every line has.
        line = {**{name: _cut(value) for name, value in getattr(record, FIELDS, {}).items()}, **line}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _cut(f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}")
            line["trace"] = _cut("".join(traceback.format_exception(record.exc_info[1])))
        return escaped_json(json.dumps(line, ensure_ascii=False, default=_as_text))


def _as_text(value: object) -> Any:
    return _cut(str(value))


def _cut(value: Any) -> Any:
    return value if not isinstance(value, str) or len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}…"


def start_logging(
    process: str,
    *,
    level: int = logging.INFO,
    stream: TextIO | None = None,
    quiet: Mapping[str, int] = QUIET,
) -> None:
    """Log from `level` on to stderr (or `stream`) as JSON lines; calling again replaces the handler."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonLines(process))
    handler.addFilter(Bound())
    root = logging.getLogger()
    for held in list(root.handlers):
        if isinstance(held.formatter, JsonLines):
            root.removeHandler(held)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended
    for name, least in quiet.items():
        logging.getLogger(name).setLevel(max(level, least))


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        logging.getLogger("rekap").critical("A thread has ended with an error.", exc_info=ended.exc_value)


def fields(**values: Any) -> dict[str, Any]:
    """Fields for a line: `logger.info("Inserted a batch", extra=fields(rows=900))`."""
    return {FIELDS: values}
