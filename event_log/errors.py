"""The error of a log that can't be opened, read or written: a sentence says why, and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from schemas.language import Said
from schemas.text import quoted


class LogUnavailable(Exception):
    """The log can't be opened, read or appended to; the text says why and what to do. `said`: in both
    languages, where the text is for the public."""

    def __init__(self, text: Said | str) -> None:
        super().__init__(text.en if isinstance(text, Said) else text)
        self.said = text if isinstance(text, Said) else None


def unavailable(path: Path, error: sqlite3.Error) -> LogUnavailable:
    """The sentence for `error`, and what to do about it."""
    text = str(error)
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL") or "disk is full" in text:
        advice = "The disk is full. Free some space and run the same command again: nothing was lost."
    elif code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        advice = (
            "Check that its directory exists and is yours to write: a log needs that even to be read. "
            "To read only, copy it to a directory that is."
        )
    elif code.startswith("SQLITE_BUSY"):
        advice = "Another process is writing it. Wait for that one to end, or stop it."
    elif code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        advice = "The file is damaged. Keep it as it is, and restore the log from its last copy."
    elif code.startswith("SQLITE_IOERR"):
        advice = "The disk can't be read or written. Check it, then run the same command again."
    else:
        advice = "Run the same command again; if it fails again, report this sentence."
    return LogUnavailable(f"The log {path}: {quoted(text)}. {advice}")
