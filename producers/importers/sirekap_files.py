"""Where Sirekap responses lie: single files, folders and zips, and the bytes of each.

Members of a zip are read at the place that its directory names, so that a process which reads a thousand of
them need not read the directory of a million first. What a response says is not looked at here.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from producers.importers.problems import RecordInvalid, SourceInvalid
from schemas.input_files import InputRefused, open_input
from schemas.text import quoted
from schemas.zip_bounds import require_directory_bounds, require_member_bounds

MAX_RESPONSE_BYTES: Final = 1024 * 1024
"""A station's response has 600 to 1,200 bytes, with every candidate of a party contest some 20 KiB."""

_LOCAL_HEADER: Final = 30
"""Bytes before the name in front of a zip member; the lengths of name and extra field are its last four."""

ZIP_START: Final = b"PK"
"""The first bytes of a zip, also of an empty one."""

_WORD: Final = re.compile(r"[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Packed:
    """Where in its zip a member is, and how it was packed."""

    offset: int
    packed_size: int
    size: int
    crc: int
    method: int
    encrypted: bool


@dataclass(frozen=True, slots=True)
class ResponseFile:
    """One response: the file, or the zip and the member in it."""

    path: str
    member: str | None = None
    packed: Packed | None = None

    @property
    def place(self) -> str:
        """Where it is, for reports."""
        path = quoted(self.path)
        return path if self.member is None else f"{path}/{quoted(self.member)}"

    @property
    def name(self) -> str:
        """The file's name without folders."""
        return Path(self.member or self.path).name

    def read(self, zips: Zips) -> bytes:
        """Its bytes. Raises RecordInvalid for a damaged or packed one that can't be read, and OSError."""
        if self.packed is not None:
            _refuse_large(max(self.packed.size, self.packed.packed_size))
            return _unpack(zips.file(self.path), self.packed)
        try:
            with open_input(Path(self.path)) as file:
                raw = file.read(MAX_RESPONSE_BYTES + 1)
        except InputRefused as error:  # of a folder; the others in it are read
            raise RecordInvalid(id=error.said.id, en=error.said.en) from None
        _refuse_large(len(raw))
        return raw


class Zips:
    """Zips that stay open while their members are read; to be used in a `with`."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._files: dict[str, BinaryIO] = {}

    def file(self, path: str) -> BinaryIO:
        """The zip at `path`, opened when first asked for."""
        if path not in self._files:
            self._files[path] = self._open.enter_context(open_input(Path(path)))
        return self._files[path]

    def __enter__(self) -> Zips:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


def find_responses(paths: Sequence[Path]) -> Iterator[ResponseFile]:
    """The responses in these files, folders and zips, in the order of their names.

    Of a folder every .json and .zip below it is taken, of a zip every .json; hidden files are not.
    Raises SourceInvalid for a damaged zip and where there is no response at all, and InputRefused for a zip
    that is no regular file or larger than any real one.
    """
    for path in paths:
        found = False
        for file in _files_below(path) if path.is_dir() else [path]:
            for entry in _members(file) if _is_zip(file) else [ResponseFile(str(file))]:
                found = True
                yield entry
        if not found:
            raise SourceInvalid(
                id=f"{quoted(path)} tidak memuat berkas .json; sebutkan folder atau zip berisi jawaban.",
                en=f"{quoted(path)} holds no .json file; name the folder or zip with the responses.",
            )


@dataclass(frozen=True, slots=True)
class StationCodes:
    """How the election writes station ids, as far as file names need it."""

    pattern: str
    overseas: tuple[str, ...]

    def in_name(self, name: str) -> str:
        """The station code that a file's name holds: of digits, or an overseas code with letters.

        Raises RecordInvalid where there is none or more than one.
        """
        words: list[str] = _WORD.findall(name)
        codes = [word for word in words if re.fullmatch(self.pattern, word)]
        digits = {code for code in codes if code.isdigit()}
        found = digits or {code for code in codes if code.startswith(self.overseas)}
        if len(found) == 1:
            return found.pop()
        told = f"memuat {len(found)} kode TPS" if found else "tidak memuat kode TPS"
        raise RecordInvalid(
            id=f"Nama berkas {told}; namai berkas dengan kode TPS 13 angka, misalnya 3101011001001.json.",
            en=f"The file's name holds {len(found) or 'no'} station codes; name the file with the 13-digit "
            "code of its station, such as 3101011001001.json.",
        )


def _is_zip(path: Path) -> bool:
    # Inside a folder the name decides: to open a million files for their first bytes takes minutes.
    if path.suffix in (".zip", ".json"):
        return path.suffix == ".zip"
    with open_input(path) as file:
        return file.read(len(ZIP_START)) == ZIP_START


def _files_below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".json", ".zip")) and not name.startswith("."):
                yield Path(place) / name


def _members(path: Path) -> Iterator[ResponseFile]:
    try:
        with open_input(path) as file:
            require_directory_bounds(path, file)
            with zipfile.ZipFile(file) as archive:
                infos = sorted(archive.infolist(), key=lambda info: info.filename)
            require_member_bounds(path, file, infos)
    # A directory that is damaged makes zipfile raise these too.
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
        raise SourceInvalid(
            id=f"{quoted(path)} terpotong atau rusak. Tidak ada yang dibaca darinya; ambil lagi berkasnya.",
            en=f"{quoted(path)} is cut off or damaged. Nothing was read from it; get the file again.",
        ) from error
    for info in infos:
        if info.filename.endswith(".json") and not Path(info.filename).name.startswith("."):
            packed = Packed(
                offset=info.header_offset,
                packed_size=info.compress_size,
                size=info.file_size,
                crc=info.CRC,
                method=info.compress_type,
                encrypted=bool(info.flag_bits & 1),
            )
            yield ResponseFile(str(path), info.filename, packed)


def _unpack(file: BinaryIO, packed: Packed) -> bytes:
    if packed.encrypted or packed.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RecordInvalid(
            id="Terkunci, atau dimampatkan dengan cara yang tidak dikenal; buat ulang zip biasa tanpa sandi.",
            en="It is locked, or packed in a way not known here; make an ordinary zip without a password.",
        )
    file.seek(packed.offset)
    header = file.read(_LOCAL_HEADER)
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), os.SEEK_CUR)
    raw = file.read(packed.packed_size)
    try:
        if packed.method == zipfile.ZIP_DEFLATED:
            raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, MAX_RESPONSE_BYTES)
    except zlib.error:
        raw = b""
    if len(raw) != packed.size or zlib.crc32(raw) != packed.crc:
        raise RecordInvalid(
            id="Rusak di dalam zip (jumlah periksanya berbeda); ambil lagi berkasnya.",
            en="It is damaged inside the zip (its checksum differs); get the file again.",
        )
    return raw


def _refuse_large(size: int) -> None:
    if size > MAX_RESPONSE_BYTES:
        raise RecordInvalid(
            id=f"Lebih besar dari {MAX_RESPONSE_BYTES} byte; ini bukan jawaban tentang satu TPS.",
            en=f"Larger than {MAX_RESPONSE_BYTES} bytes; this is not a station response.",
        )
