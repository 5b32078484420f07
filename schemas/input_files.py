"""Opening files that somebody else made: only regular ones, never waiting, and no more of them than is sane.

A FIFO, socket, device or folder is refused with a sentence before it is opened, and again when what was
opened turns out to be one. What the bytes mean is not looked at here.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from schemas.language import ExplainedError, Text
from schemas.text import quoted

_KINDS: Final = (
    (stat.S_ISDIR, Text(id="adalah folder", en="is a folder")),
    (stat.S_ISFIFO, Text(id="adalah FIFO (pipa bernama)", en="is a FIFO (a named pipe)")),
    (stat.S_ISSOCK, Text(id="adalah soket", en="is a socket")),
    (stat.S_ISCHR, Text(id="adalah perangkat", en="is a device")),
    (stat.S_ISBLK, Text(id="adalah perangkat", en="is a device")),
)
_UNKNOWN_KIND: Final = Text(id="bukan berkas biasa", en="is no regular file")


class InputRefused(ExplainedError, ValueError):
    """A file that is not opened, or not read."""


def open_input(path: Path, most: int | None = None) -> BinaryIO:
    """The regular file at `path`, opened for reading; `most`: bytes that it may have.

    Raises InputRefused for anything else and for a larger one, and OSError.
    """
    # Looked at first: to open a device can do something (rewind a tape). Looked at again once it is open:
    # whoever may write in its folder could have put another one there meanwhile.
    _require_regular(path, path.stat())
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb")
    try:
        about = os.fstat(file.fileno())
        _require_regular(path, about)
        if most is not None and about.st_size > most:
            raise too_large(path, about.st_size, most)
    except BaseException:
        file.close()
        raise
    return file


def read_text(path: Path, most: int) -> str:
    """The whole text of the file at `path`, at most `most` bytes of UTF-8, with or without a mark in front.

    Raises InputRefused, UnicodeDecodeError and OSError.
    """
    with open_input(path, most) as file:
        raw = file.read(most + 1)
    if len(raw) > most:  # it has grown
        raise too_large(path, len(raw), most)
    return raw.decode("utf-8-sig")


def too_large(path: Path, size: int, most: int) -> InputRefused:
    """The error for a file of `size` bytes, or whose content has so many."""
    return InputRefused(
        id=f"{quoted(path)} berisi {size} byte; berkas semacam itu tidak pernah lebih dari {most}. "
        "Tidak ada yang dibaca; periksa asal berkas itu, atau bagi menjadi beberapa berkas.",
        en=f"{quoted(path)} holds {size} bytes; a file of that kind never has more than {most}. "
        "Nothing was read; check where the file comes from, or divide it into several.",
    )


def _require_regular(path: Path, about: os.stat_result) -> None:
    if stat.S_ISREG(about.st_mode):
        return
    kind = next((said for test, said in _KINDS if test(about.st_mode)), _UNKNOWN_KIND)
    raise InputRefused(
        id=f"{quoted(path)} {kind.id}, bukan berkas. Tulis isinya ke berkas biasa, lalu sebutkan berkas itu.",
        en=f"{quoted(path)} {kind.en}, not a file. Write what it gives to a regular file, and name that.",
    )
