"""Waiting for what another process or thread does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TIMEOUT_S: Final = 60.0
"""How long a test waits: far longer than anything takes on a busy machine."""

POLL_S: Final = 0.02


def wait_until(
    true: Callable[[], bool],
    *,
    timeout_s: float = TIMEOUT_S,
    poll_s: float = POLL_S,
    explain: Callable[[], str] | None = None,
) -> None:
    """Return as soon as `true` holds; fails after `timeout_s`, with the text that `explain` gives."""
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() >= deadline:
            raise AssertionError(f"not true within {timeout_s:g} s. {explain() if explain else ''}".rstrip())
        time.sleep(poll_s)
