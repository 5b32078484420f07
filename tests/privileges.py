"""Running a step as a user whom permissions bind, also where the tests run as root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NOBODY: Final = 65_534
"""The user id that owns nothing."""


@contextmanager
def without_privileges() -> Iterator[None]:
    """Run as a user whom permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
