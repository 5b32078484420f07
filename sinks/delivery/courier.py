"""Does one errand at ClickHouse at a time, on a thread of its own, until it has succeeded.

While ClickHouse is unreachable or answers errors the same errand is tried again, for ever, with pauses that
grow: an outage must never cost a message. Errands are therefore such that doing them twice equals once. Any
other exception is a mistake of ours and is told to whoever waits for the errand; nothing follows it.
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

FIRST_PAUSE_S: Final = 0.1
"""After the first failure: a connection that was closed is there again at once."""
LONGEST_PAUSE_S: Final = 5.0
"""How late the end of an outage is noticed at the most. What came meanwhile waits in the topics."""
REMIND_S: Final = 60.0
"""How often an outage that goes on is logged again."""

PART: Final = "clickhouse"
"""What is in trouble while an errand does not succeed."""

logger = logging.getLogger("rekap.sink")


class Courier:
    """One thread and its errand. Use it from one other thread."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._errand: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def send(self, errand: Callable[[], None]) -> None:
        """Begin an errand; there must be none under way. It may raise SinkUnavailable to be tried again."""
        with self._changed:
            if self._errand is not None:
                raise RuntimeError("The courier is under way: wait until it is back.")
            self._errand = errand
            self._changed.notify_all()

    @property
    def back(self) -> bool:
        """Whether no errand is under way. Raises what an errand failed with that is not to be tried again."""
        with self._changed:
            self._raise_failure()
            return self._errand is None

    def wait(self, longest_s: float) -> bool:
        """As `back`, after waiting for it up to so many seconds, or until nothing more is tried."""
        with self._changed:
            self._changed.wait_for(lambda: self._errand is None or self._failure, longest_s)
            self._raise_failure()
            return self._errand is None

    def give_up(self) -> None:
        """Try nothing again from now on: an attempt under way goes on, and is the last."""
        self._ending.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._errand is not None)
                errand = self._errand
            assert errand is not None
            try:
                self._until_done(errand)
            except Exception as error:
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._errand = None
                self._changed.notify_all()

    def _until_done(self, errand: Callable[[], None]) -> None:
        pause, since, told, said = FIRST_PAUSE_S, time.monotonic(), 0.0, ""
        while True:
            try:
                errand()
            except SinkUnavailable as error:
                INSERT_FAILURES.inc()
                SINK_WAITING.set(1)
                self._health.trouble(PART, str(error))
                now = time.monotonic()
                if str(error) != said or now - told >= REMIND_S:
                    told, said = now, str(error)
                    waited = round(now - since, 1)
                    logger.warning(
                        "ClickHouse does not take the rows; trying until it does: %s",
                        error,
                        extra=fields(waited_s=waited),
                    )
                if self._ending.wait(pause):
                    raise
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                break
        if said:
            SINK_WAITING.set(0)
            self._health.well(PART)
            logger.info(
                "ClickHouse takes rows again", extra=fields(waited_s=round(time.monotonic() - since, 1))
            )
