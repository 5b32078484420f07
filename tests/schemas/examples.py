"""The example messages of schemas/examples, as tests read them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import schemas

FOLDER: Final = Path(schemas.__file__).parent / "examples"


def valid() -> list[Path]:
    """Messages that are valid by themselves."""
    return sorted((FOLDER / "valid").glob("*.json"))


def invalid(reason: str) -> list[Path]:
    """Messages that are rejected with `reason`, or that lead to such a one."""
    return sorted(path for path in (FOLDER / "invalid" / reason).rglob("*") if path.is_file())


def name(path: Path) -> str:
    """The example's place, as a test's id."""
    return str(path.relative_to(FOLDER))
