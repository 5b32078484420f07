"""Runs one ClickHouse request at a time on a background thread and retries it until it succeeds.

While ClickHouse is unreachable or answers errors, the same request is retried without limit, with exponential
backoff: an outage must never cost a message. Requests must therefore be idempotent. Any other exception is a
programming error: it is raised to the caller, and the thread runs nothing more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from clickhouse.client import SinkUnavailable
from monitoring.health import Health
from monitoring.logs import fields
from monitoring.metrics import INSERT_FAILURES, SINK_WAITING

FIRST_RETRY_S: Final = 0.1
"""Pause after the first failure: a connection that was closed can be opened again at once."""
LONGEST_RETRY_S: Final = 5.0
"""Upper limit of the backoff: how late the end of an outage is noticed. Meanwhile messages stay in the
topics."""
REMIND_S: Final = 60.0
"""How often an outage that goes on is logged again."""

PART: Final = "clickhouse"
"""The part of Health that is in trouble while a request is being retried."""

logger = logging.getLogger("rekap.sink")


class InsertThread:
    """One background thread with at most one request. Call its methods from one other thread."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._request: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="insert", daemon=True)
        self._thread.start()

    def submit(self, request: Callable[[], None]) -> None:
        """Start a request; none may be running. It is retried when it raises SinkUnavailable."""
        with self._changed:
            if self._request is not None:
                raise RuntimeError("A request is running: wait until it is done.")
            self._request = request
            self._changed.notify_all()

    @property
    def done(self) -> bool:
        """Whether no request is running. Raises what a request failed with that is not retried."""
        with self._changed:
            self._raise_failure()
            return self._request is None

    def wait(self, timeout_s: float) -> bool:
        """As `done`, after waiting for it up to `timeout_s` seconds, or until nothing more is retried."""
        with self._changed:
            self._changed.wait_for(lambda: self._request is None or self._failure, timeout_s)
            self._raise_failure()
            return self._request is None

    def stop_retrying(self) -> None:
        """Retry nothing from now on: an attempt that is running is the last."""
        self._stopping.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._request is not None)
                request = self._request
            assert request is not None
            try:
                self._retry(request)
            except Exception as error:
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._request = None
                self._changed.notify_all()

    def _retry(self, request: Callable[[], None]) -> None:
        """Run the request until it succeeds."""
        pause, since, logged_at, logged = FIRST_RETRY_S, time.monotonic(), 0.0, ""
        while True:
            try:
                request()
            except SinkUnavailable as error:
                INSERT_FAILURES.inc()
                SINK_WAITING.set(1)
                self._health.trouble(PART, str(error))
                now = time.monotonic()
                if str(error) != logged or now - logged_at >= REMIND_S:
                    logged_at, logged = now, str(error)
                    waited = round(now - since, 1)
                    logger.warning(
                        "ClickHouse insert failed; retrying until it succeeds: %s",
                        error,
                        extra=fields(waited_s=waited),
                    )
                if self._stopping.wait(pause):
                    raise
                pause = min(pause * 2, LONGEST_RETRY_S)
            else:
                break
        if logged:
            SINK_WAITING.set(0)
            self._health.well(PART)
            logger.info(
                "ClickHouse insert succeeded after retries",
                extra=fields(waited_s=round(time.monotonic() - since, 1)),
            )
