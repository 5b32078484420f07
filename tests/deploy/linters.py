"""Linters of what is not Python: installed beside this Python, or found on the PATH."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

LOCKED: Final = (sys.platform, platform.machine()) == ("linux", "x86_64")
"""Whether they are in the lock for this machine, as for the one of continuous integration."""


def linter(name: str) -> str:
    """Where it is. Without it the test fails where the lock has it, and is skipped elsewhere."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]))
    if found is None and not LOCKED:
        pytest.skip(f"{name} is not in the lock for this machine, and not installed")
    assert found is not None, f"{name} is not installed: make .venv/installed-dev"
    return found
