"""Linters of what is not Python: installed beside this Python, or found on the PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def linter(name: str) -> str:
    """Where it is; without it the test is skipped."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
