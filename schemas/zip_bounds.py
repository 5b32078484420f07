"""Zips that somebody else made, held against their own directory before it, or a member, is read.

A zip's end says how large its directory is, and the directory what each member unpacks to; members may name
the same bytes again and again. What members hold, and how they are unpacked, is not known here.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from schemas.input_files import InputRefused, too_large

MAX_MEMBERS: Final = 2_000_000
"""Every station of the nation twice, and more: what one folder or zip of a night holds."""
MAX_DIRECTORY_BYTES: Final = 512 * 1024**2
"""Of MAX_MEMBERS members with names of 200 characters; what it becomes in memory is four times as much."""
MAX_UNPACKED_BYTES: Final = 64 * 1024**3
"""Of all members: the nation's responses to a party contest have some 16 GB."""
MAX_RATIO: Final = 200
"""How much larger than the zip all members together may be. Responses are ten times as large, zeros a
thousand times."""
SMALL_BYTES: Final = 64 * 1024
"""A zip that unpacks to no more than this may have any ratio: responses of a few equal stations."""

# The ends of a zip and of a large one: PKWARE's APPNOTE, 4.3.16, 4.3.15 and 4.3.14.
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_LONGEST_COMMENT: Final = 0xFFFF
_LOCATOR: Final = struct.Struct("<4sLQL")
_LOCATOR_MARK: Final = b"PK\x06\x07"
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_END64_MARK: Final = b"PK\x06\x06"


def require_directory_bounds(path: Path, file: BinaryIO) -> None:
    """Hold the size of the zip's directory against the bounds. Raises InputRefused and OSError.

    A zip without an end is left to zipfile, which reads nothing of it either.
    """
    size = os.fstat(file.fileno()).st_size
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    at = tail.rfind(_END_MARK)
    if at >= 0 and len(tail) - at >= _END.size:
        _, _, _, _, members, directory, _, _ = _END.unpack_from(tail, at)
        members, directory = _end64(file, tail_at + at) or (members, directory)
        if directory > MAX_DIRECTORY_BYTES:
            raise too_large(path, directory, MAX_DIRECTORY_BYTES)
        _require_number(path, members)
    file.seek(0)


def require_member_bounds(
    path: Path,
    file: BinaryIO,
    members: Sequence[zipfile.ZipInfo],
    most_unpacked: int = MAX_UNPACKED_BYTES,
) -> None:
    """Hold what the members say of themselves against the bounds; `most_unpacked`: bytes of all of them.
    Raises InputRefused."""
    size = os.fstat(file.fileno()).st_size
    _require_number(path, len(members))
    if sum(member.compress_size for member in members) > size:
        raise InputRefused(
            id=f"{path} menyebut bagian yang sama sebagai banyak berkas: zip yang dibuat untuk merusak. "
            "Tidak ada yang dibaca; periksa asalnya.",
            en=f"{path} names the same part as many files: a zip that was made to do harm. Nothing was "
            "read; check where it comes from.",
        )
    unpacked = sum(member.file_size for member in members)
    most = min(most_unpacked, max(SMALL_BYTES, MAX_RATIO * size))
    if unpacked > most:
        raise InputRefused(
            id=f"{path} berukuran {size} byte dan menyatakan isinya {unpacked} byte; berkas nyata tidak "
            f"pernah lebih dari {most}. Tidak ada yang dibaca; periksa asalnya.",
            en=f"{path} has {size} bytes and announces {unpacked} unpacked; real files never have more "
            f"than {most}. Nothing was read; check where it comes from.",
        )


def _end64(file: BinaryIO, end_at: int) -> tuple[int, int] | None:
    """Number of members and bytes of the directory from the end of a large zip; None: it is not one."""
    if end_at < _LOCATOR.size:
        return None
    file.seek(end_at - _LOCATOR.size)
    mark, _, _, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if mark != _LOCATOR_MARK:
        return None
    # zipfile looks right before the locator, whatever the locator says.
    file.seek(max(0, end_at - _LOCATOR.size - _END64.size))
    raw = file.read(_END64.size)
    if len(raw) < _END64.size or not raw.startswith(_END64_MARK):
        return None
    found = _END64.unpack(raw)
    return found[7], found[8]


def _require_number(path: Path, members: int) -> None:
    if members > MAX_MEMBERS:
        raise InputRefused(
            id=f"{path} menyebut {members} berkas; paling banyak {MAX_MEMBERS}. Bagi menjadi beberapa zip.",
            en=f"{path} names {members} files; at most {MAX_MEMBERS}. Divide it into several zips.",
        )
