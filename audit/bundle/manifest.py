"""Holds the files of a bundle against its manifest: each is there, with its size and hash, and no other."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from audit.bundle import sentences as say
from audit.bundle.layout import (
    FORMAT,
    LOG,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    Manifest,
    file_line,
    files_below,
)
from audit.bundle.report import Found
from schemas.input_files import InputRefused, open_input
from schemas.language import ExplainedError


class NoBundle(ExplainedError):
    """There is no bundle at that path; the sentence says what to do."""


def read_manifest(bundle: Path) -> Manifest | Found:
    """The manifest, or the finding that it can't be read. Raises NoBundle and OSError."""
    try:
        with open_input(bundle / MANIFEST, MAX_MANIFEST_BYTES) as file:
            manifest = Manifest.parse(file.read())
    except (FileNotFoundError, NotADirectoryError):
        raise NoBundle(
            id=f"Tidak ada bundel yang utuh di {bundle}: {MANIFEST} tidak ada. Buat dengan rekap audit "
            "export; yang terputus diteruskan dengan perintah yang sama.",
            en=f"There is no whole bundle at {bundle}: {MANIFEST} is missing. Make one with rekap audit "
            "export; one that was ended goes on with the same command.",
        ) from None
    except (ValueError, InputRefused) as error:
        return say.manifest_invalid(error)
    if manifest.format > FORMAT:
        raise NoBundle(
            id=f"{bundle} berformat {manifest.format}, dari versi rekap yang lebih baru. Perbarui rekap.",
            en=f"{bundle} has format {manifest.format}, of a newer version of rekap. Upgrade rekap.",
        )
    return manifest


def irregular_files(bundle: Path) -> Iterator[Found]:
    """What is neither a folder nor a regular file: a link leads out of the bundle, a pipe never ends. Nothing
    of a bundle that has one is read. Raises OSError."""
    for folder, folders, files in os.walk(bundle, onerror=_raise):
        for path in (Path(folder) / name for name in sorted((*folders, *files))):
            mode = path.lstat().st_mode
            if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                yield say.file_irregular(path.relative_to(bundle).as_posix())


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):  # there is no bundle: told later
        raise error


def check_files(bundle: Path, manifest: Manifest) -> Iterator[Found]:
    """The files that are not as listed. Raises OSError."""
    listed = {line.path: line for line in manifest.files}
    for path in files_below(bundle):
        name = path.relative_to(bundle).as_posix()
        line = listed.pop(name, None)
        if line is None:
            yield say.file_added(name)
        elif path.stat().st_size != line.bytes or file_line(bundle, path) != line:
            yield say.file_changed(name)
    for name in listed:
        yield say.file_missing(name)


def chunks_of(bundle: Path, partition: int) -> list[Path]:
    """The files of a partition's log that are there, in the order of their entries."""
    return sorted((bundle / LOG / str(partition)).glob("*.parquet"))
