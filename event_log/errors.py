"""The error of a log that can't be opened, read or written: a sentence says why, and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from schemas.language import Text
from schemas.text import quoted


class LogUnavailable(Exception):
    """The log can't be opened, read or appended to; `said` tells why and what to do."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


def unavailable(path: Path, error: sqlite3.Error) -> LogUnavailable:
    """The sentence for `error`, and what to do about it."""
    text = str(error)
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL") or "disk is full" in text:
        advice = Text(
            id="Disknya penuh. Kosongkan ruang, lalu ulangi perintah yang sama: tidak ada yang hilang.",
            en="The disk is full. Free some space and run the same command again: nothing was lost.",
        )
    elif code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        advice = Text(
            id="Periksa apakah direktorinya ada dan boleh Anda tulis: untuk dibaca pun log memerlukannya. "
            "Untuk "
            "membaca saja, salin ke direktori yang boleh Anda tulis.",
            en="Check that its directory exists and is yours to write: a log needs that even to be read. "
            "To read only, copy it to a directory that is.",
        )
    elif code.startswith("SQLITE_BUSY"):
        advice = Text(
            id="Proses lain sedang menulisnya. Tunggu sampai selesai, atau hentikan.",
            en="Another process is writing it. Wait for that one to end, or stop it.",
        )
    elif code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        advice = Text(
            id="Berkasnya rusak. Biarkan seperti adanya, dan kembalikan log dari salinan terakhirnya.",
            en="The file is damaged. Keep it as it is, and restore the log from its last copy.",
        )
    elif code.startswith("SQLITE_IOERR"):
        advice = Text(
            id="Disknya tidak dapat dibaca atau ditulis. Periksa, lalu ulangi perintah yang sama.",
            en="The disk can't be read or written. Check it, then run the same command again.",
        )
    else:
        advice = Text(
            id="Ulangi perintah yang sama; jika gagal lagi, laporkan kalimat ini.",
            en="Run the same command again; if it fails again, report this sentence.",
        )
    return LogUnavailable(
        Text(id=f"Log {path}: {quoted(text)}. {advice.id}", en=f"The log {path}: {quoted(text)}. {advice.en}")
    )
