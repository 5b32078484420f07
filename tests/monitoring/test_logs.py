"""Logs: each line is one JSON object, whatever is said."""

from __future__ import annotations

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitoring.logs import BURST, EVERY_S, MAX_TEXT, Bound, JsonLines, fields, start_logging
from tests.hostile import HOSTILE, hidden_in


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is written while logging is started; it is as before afterwards."""
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, threading.excepthook
    stream = io.StringIO()
    start_logging("sink", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    threading.excepthook = hook


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_says_when_who_and_what_with_its_fields(written: io.StringIO) -> None:
    logging.getLogger("rekap.sink").info("Inserted %d rows", 9, extra=fields(rows=9, table="event"))
    (line,) = lines(written)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {
        "level": "info",
        "process": "sink",
        "logger": "rekap.sink",
        "message": "Inserted 9 rows",
        "rows": 9,
        "table": "event",
    }


def test_what_every_line_has_can_not_be_overwritten(written: io.StringIO) -> None:
    logging.getLogger("a").warning("said", extra=fields(level="none", message="other", process="x"))
    (line,) = lines(written)
    assert (line["level"], line["message"], line["process"]) == ("warning", "said", "sink")


def test_an_exception_is_in_its_line(written: io.StringIO) -> None:
    try:
        raise ValueError("of\ntwo lines")
    except ValueError:
        logging.getLogger("a").exception("It failed")
    (line,) = lines(written)
    assert line["error"] == "ValueError: of\ntwo lines"
    assert line["trace"].startswith("Traceback")


def test_a_value_that_json_does_not_know_is_shown_as_text(written: io.StringIO) -> None:
    logging.getLogger("a").info("é", extra=fields(what={1: object()}))
    assert "object at" in lines(written)[0]["what"]["1"]
    assert "é" in written.getvalue()


def test_libraries_say_only_what_is_worth_it(written: io.StringIO) -> None:
    logging.getLogger("aiokafka.consumer").info("fetched")
    logging.getLogger("aiokafka.consumer").warning("lost")
    logging.getLogger("kafka.cluster").warning("no node available")
    logging.getLogger("a").debug("too much")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    assert [line["logger"] for line in lines(written)] == ["aiokafka.consumer", "py.warnings"]


def test_starting_again_does_not_write_twice(written: io.StringIO) -> None:
    start_logging("worker", stream=written)
    logging.getLogger("a").info("once")
    assert [line["process"] for line in lines(written)] == ["worker"]
    assert sum(isinstance(held.formatter, JsonLines) for held in logging.getLogger().handlers) == 1


def test_what_others_wrote_is_escaped_and_keeps_its_value(written: io.StringIO) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("a").exception("Refused %s", HOSTILE, extra=fields(key=HOSTILE, inner={HOSTILE: 1}))
    assert written.getvalue().count("\n") == 1
    assert hidden_in(written.getvalue()) == ""
    (line,) = lines(written)
    assert line["message"] == f"Refused {HOSTILE}"
    assert (line["key"], line["inner"]) == (HOSTILE, {HOSTILE: 1})
    assert line["error"] == f"ValueError: {HOSTILE}"


def test_a_line_is_bounded_whatever_is_logged(written: io.StringIO) -> None:
    logging.getLogger("a").warning("x" * 900_000, extra=fields(key="y" * 900_000))
    (line,) = lines(written)
    assert line["message"] == "x" * MAX_TEXT + "…"
    assert len(written.getvalue()) < 3 * MAX_TEXT


def test_an_error_that_ends_a_thread_is_a_line_too(
    written: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError(HOSTILE)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = lines(written)
    assert (line["level"], line["error"]) == ("critical", f"ValueError: {HOSTILE}")
    assert capsys.readouterr().err == ""


def test_what_fails_again_and_again_is_a_bounded_number_of_lines(written: io.StringIO) -> None:
    """Eighty lines a second, as clients wrote them while their brokers were silent."""
    now = [0.0]
    (handler,) = [one for one in logging.getLogger().handlers if isinstance(one.formatter, JsonLines)]
    handler.filters[:] = [Bound(lambda: now[0])]
    logger = logging.getLogger("aiokafka.conn")
    seconds = 300
    for _ in range(80 * seconds):
        now[0] += 1 / 80
        logger.error("Unable to connect to %s", "127.0.0.1:9092")
    logger.error("another place in the code")
    found = lines(written)
    assert BURST + seconds / EVERY_S - 1 <= len(found) - 1 <= BURST + seconds / EVERY_S + 1
    assert found[-1]["message"] == "another place in the code"
    told = sum(line.get("lines_left_out", 0) for line in found)
    assert 80 * seconds - len(found) - 80 * EVERY_S <= told < 80 * seconds


def test_a_line_that_ends_the_process_is_always_written(written: io.StringIO) -> None:
    for _ in range(3 * BURST):
        logging.getLogger("rekap").critical("It ends.")
    assert len(lines(written)) == 3 * BURST
