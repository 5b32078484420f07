"""Runs a check again and again on a thread of its own, and shows what it finds as metrics.

A check that fails shows no number: what is not known is not zero. It is asked for little: the pause is many
times what the check took.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Final

from monitoring.metrics import CHECK_DIFFERENCES, CHECKED_AT

SHARE: Final = 20
"""The pause is at least so many times the check's own time: no more than a twentieth of a processor."""

STOP_S: Final = 5.0
"""How long the end of the process waits for a check that is running; it changes nothing and can be left."""

logger = logging.getLogger("rekap.checks")


class PeriodicCheck:
    """A check with a name, which is the label of its metrics. A context manager: it runs while entered."""

    def __init__(self, name: str, ask: Callable[[], int], every_s: float) -> None:
        """`ask` gives the number of differences, or raises; `every_s` seconds after its end it is asked
        again."""
        self._name = name
        self._ask = ask
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"check-{name}", daemon=True)
        self._failed = False
        CHECK_DIFFERENCES.labels(name).set(math.nan)
        CHECKED_AT.labels(name).set(time.time())  # from here on silence is counted

    def once(self) -> None:
        """Ask, and show the answer."""
        try:
            found = self._ask()
        except Exception as error:  # whatever it is: a check must not end the process that it looks at
            if not self._failed:
                logger.warning("The check of %s failed, and is tried again: %s", self._name, error)
            self._failed = True
            CHECK_DIFFERENCES.labels(self._name).set(math.nan)
            return
        if found:
            logger.warning("The check of %s finds %d differences", self._name, found)
        self._failed = False
        CHECK_DIFFERENCES.labels(self._name).set(found)
        CHECKED_AT.labels(self._name).set(time.time())

    def __enter__(self) -> PeriodicCheck:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.once()
            self._stop.wait(max(self._every_s, SHARE * (time.monotonic() - began)))


def settled(look: Callable[[], int], looks: int, pause_s: float) -> int:
    """The fewest that `look` finds in so many looks: what a count that goes on mends by itself is none."""
    fewest = look()
    for _ in range(looks - 1):
        if not fewest:
            break
        time.sleep(pause_s)
        fewest = min(fewest, look())
    return fewest
