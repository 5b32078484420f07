"""Watches what a process depends on, on a thread of its own: brokers that are silent, positions that stand
still, settings that drifted, another program than the others'.

The main loop of a process may hang in the very call that gets no answer, so it can't tell. What is found is
in the process's health and metrics, and logged when it begins and when it ends. Nothing is decided by it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, Self

from monitoring.health import Health
from monitoring.metrics import BROKER_SILENCE

ASK_S: Final = 3.0
"""How often the brokers are asked, and how long each answer may take."""

SILENT_S: Final = 9.0
"""Silence that is a trouble. With one question pending it is noticed within SILENT_S + 2 * ASK_S = 15 s; a
broker that elects a leader, or collects garbage, is back sooner."""

STANDSTILL_S: Final = 60.0
"""How long the position of a partition may stand while the log goes on beyond it: longer than a rebalance, a
catch-up step or the longest insert."""

CHECK_S: Final = 60.0
"""How often settings and the announced program are compared: each costs a new connection."""

MIN_PAUSE_S: Final = 0.1
"""Least pause between two questions, however long an answer took."""

BROKERS: Final = "brokers"
POSITION: Final = "positions"

logger = logging.getLogger("rekap.watch")


class Watched(Protocol):
    """What is asked."""

    def ends(self, timeout_s: float) -> Sequence[int] | None:
        """The end of the log by partition; None: no answer within the timeout."""

    def troubles(self) -> Mapping[str, str | None]:
        """By part of health a reason, or None where all is well; parts that could not be looked at are left
        out."""

    def close(self) -> None:
        """Close its connections."""


class Watch:
    """Watches as long as it is entered; a context manager."""

    def __init__(
        self,
        watched: Watched,
        health: Health,
        positions: Callable[[], Mapping[int, int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`positions`: by partition of this process the position of the next entry that it has not processed.
        `clock` gives seconds."""
        self._watched = watched
        self._health = health
        self._positions = positions
        self._clock = clock
        self._answered_at = clock()
        self._stood: dict[int, tuple[int, float]] = {}  # position, and since when it is there
        self._stop = threading.Event()
        # Two threads: a check of silent brokers takes longer than their silence may stay unnoticed.
        self._threads = [
            threading.Thread(target=self._repeat, args=(self.look, ASK_S), name="watch", daemon=True),
            threading.Thread(target=self._repeat, args=(self.check, CHECK_S), name="check", daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        looking = self._threads[0]
        looking.join(2 * ASK_S)
        if not looking.is_alive():  # or it waits for an answer, which the end of the process does not
            self._watched.close()

    def look(self) -> None:
        """Ask once, and set health and metrics."""
        ends = self._watched.ends(ASK_S)
        now = self._clock()
        if ends is not None:
            self._answered_at = now
        silent = now - self._answered_at
        BROKER_SILENCE.set(silent if ends is None else 0)
        if silent >= SILENT_S:
            self._set(
                BROKERS,
                f"The brokers have not answered for more than {SILENT_S:.0f} s. Nothing is lost; see whether "
                "they are up and can be reached. This process goes on when they are back.",
            )
        if ends is None:
            return
        self._set(BROKERS, None)
        self._set(POSITION, self._standstill(ends, now))

    def check(self) -> None:
        """Compare settings and programs once, and set health."""
        for part, reason in self._watched.troubles().items():
            self._set(part, reason)

    def _standstill(self, ends: Sequence[int], now: float) -> str | None:
        held = self._positions()
        self._stood = {
            partition: self._stood[partition]
            if partition in self._stood and self._stood[partition][0] == position
            else (position, now)
            for partition, position in held.items()
        }
        for partition, (position, since) in sorted(self._stood.items()):
            if partition >= len(ends) or position >= ends[partition]:
                self._stood[partition] = (position, now)
            elif now - since >= STANDSTILL_S:
                return (
                    f"Partition {partition} has been at position {position} for more than "
                    f"{STANDSTILL_S:.0f} s, and the log goes on beyond it. See the other parts, the workers' "
                    "health and the last log lines; if nothing else is wrong, restart this process."
                )
        return None

    def _set(self, part: str, reason: str | None) -> None:
        before = self._health.reason(part)
        if reason is None:
            if before is not None:
                self._health.well(part)
                logger.info("Well again: %s", part)
            return
        self._health.trouble(part, reason)
        if before is None:
            logger.warning("In trouble: %s: %s", part, reason)

    def _repeat(self, step: Callable[[], None], every_s: float) -> None:
        while not self._stop.is_set():
            began = self._clock()
            try:
                step()
            except Exception:  # whatever it is, the process itself must not end for it
                logger.exception("The watch failed; it goes on.")
            self._stop.wait(max(every_s - (self._clock() - began), MIN_PAUSE_S))
