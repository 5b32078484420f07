"""Writes a bundle: a log of any size in bounded memory, and again from where an earlier run was ended.

The entries are those that the published checkpoint covers; later ones are for the next bundle. A log that
does not lead to its checkpoint is exported as it is, with all of its entries: it is evidence. Nothing here
judges; audit.bundle.verify does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from audit.bundle.layout import (
    CHUNK_ENTRIES,
    ELECTION,
    FORMAT,
    JOURNAL,
    LOG,
    LOG_SCHEMA,
    MANIFEST,
    POLICY,
    REGISTRY,
    RULES,
    SHOWN,
    TLOG,
    VKEY,
    Journal,
    Manifest,
    PartitionLine,
    chunk_name,
    file_line,
    files_below,
)
from event_log.reading import LogEntry, ReadableLog
from schemas.canonical import dumps
from schemas.elections import Election
from schemas.language import ExplainedError
from schemas.references import reference_to
from schemas.regions import Registry
from transparency.checkpoint import Checkpoint
from transparency.errors import Malformed
from transparency.merkle import Frontier, leaf_hash
from transparency.note import Note
from transparency.tiles import (
    CHECKPOINT_PATH,
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    Tile,
    encode_bundle,
    partial_tiles,
    split_bundle,
    width_of,
)

TOO_LARGE: Final = "too_large"
"""The reason in the reference that stands in the tree for an entry which does not fit."""

HASH_BYTES: Final = 32

OnProgress = Callable[[int, int], None]
Shown = Callable[[Path, Sequence[int]], None]
"""Writes into that folder what the count shows after the entries before these positions, by partition."""


class ExportRefused(ExplainedError):
    """The bundle can't be written there; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `later`: entries of the log that no checkpoint covers yet; they are not in it."""

    entries: int
    files: int
    bytes: int
    later: int


@dataclass(frozen=True, slots=True)
class Source:
    """What a bundle is made from. `published` is the folder of each partition's public log; `rules` are the
    rules of forms as a document; `policy` the witnesses asked for; `shown` None: nothing is shown."""

    log: ReadableLog
    election: Election
    registry: Registry
    published: Sequence[Path]
    rules: dict[str, Any]
    policy: bytes | None = None
    shown: Shown | None = None
    sizes: Sequence[int] | None = None  # take so many entries of each partition, whatever is signed


def export_bundle(source: Source, out: Path, on_progress: OnProgress | None = None) -> Exported:
    """Write the bundle `out`. Raises ExportRefused, LogUnavailable and OSError."""
    checkpoints = [_checkpoint(folder) for folder in source.published]
    journal = Journal(
        source.election.hash,
        source.registry.hash,
        tuple("" if raw is None else raw.decode("latin-1") for raw, _ in checkpoints),
    )
    _begin(out, journal)
    _write(out / ELECTION, source.election.to_json())
    source.registry.save(out / f"{REGISTRY}.part")
    (out / f"{REGISTRY}.part").replace(out / REGISTRY)
    _write(out / RULES, dumps(source.rules) + b"\n")
    if source.policy is not None:
        _write(out / POLICY, source.policy)
    lines, later = [], 0
    next_positions = []
    ends = source.log.ends()
    total, done = sum(ends), 0
    for partition, (folder, (note, checkpoint)) in enumerate(zip(source.published, checkpoints, strict=True)):
        size = None if source.sizes is None else source.sizes[partition]
        written = _export_log(source.log, partition, checkpoint, size, out / LOG / str(partition))
        later += written.later
        next_positions.append(written.position)
        _export_tiles(folder, note, checkpoint, out / TLOG / str(partition))
        covered = None if checkpoint is None else checkpoint.size
        lines.append(PartitionLine(partition=partition, entries=written.entries, covered=covered))
        done += ends[partition]
        if on_progress is not None:
            on_progress(done, total)
    if source.shown is not None:
        shutil.rmtree(out / SHOWN, ignore_errors=True)
        (out / SHOWN).mkdir()
        source.shown(out / SHOWN, next_positions)
    os.sync()
    files = [file_line(out, path) for path in files_below(out)]
    manifest = Manifest(
        format=FORMAT,
        election=source.election.id,
        election_hash=source.election.hash,
        registry_hash=source.registry.hash,
        keyed=source.log.partition_of is not None,
        partitions=lines,
        files=files,
    )
    _write(out / MANIFEST, manifest.encode())
    (out / JOURNAL).unlink()
    return Exported(sum(line.entries for line in lines), len(files), sum(line.bytes for line in files), later)


def _begin(out: Path, journal: Journal) -> None:
    """Make the folder, or go on in it where an export of the same log was ended."""
    if (out / MANIFEST).exists():
        raise ExportRefused(
            id=f"{out} sudah berisi bundel yang utuh. Sebutkan direktori lain; bundel tidak pernah ditimpa.",
            en=f"{out} holds a whole bundle already. Name another directory; a bundle is never overwritten.",
        )
    if out.exists() and not (out / JOURNAL).exists() and any(out.iterdir()):
        raise ExportRefused(
            id=f"{out} tidak kosong dan bukan bundel. Sebutkan direktori baru.",
            en=f"{out} is not empty, and is no bundle. Name a new directory.",
        )
    out.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if (out / JOURNAL).read_bytes() != journal.encode():
            # Of another checkpoint or register: what is there can't be gone on with.
            for path in out.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for part in out.rglob("*.part"):  # what a run that was ended had in hand
        part.unlink()
    _write(out / JOURNAL, journal.encode())


def _checkpoint(folder: Path) -> tuple[bytes | None, Checkpoint | None]:
    """The published checkpoint, as bytes and as what it says; None where there is none, or none that can be
    read (it is exported all the same)."""
    try:
        raw = (folder / CHECKPOINT_PATH).read_bytes()
    except FileNotFoundError:
        return None, None
    try:
        return raw, Checkpoint.parse(Note.parse(raw).text)
    except Malformed:
        return raw, None


class _Written(NamedTuple):
    """How many entries of a partition were written, how many of the log were not, and the position after the
    last one."""

    entries: int
    later: int
    position: int


def _export_log(
    log: ReadableLog, partition: int, checkpoint: Checkpoint | None, wanted: int | None, folder: Path
) -> _Written:
    """The entries that the checkpoint covers, or all where they don't lead to its root; or those `wanted`."""
    folder.mkdir(parents=True, exist_ok=True)
    end = log.ends()[partition]
    index, position, frontier = _resumed(folder)
    size = wanted if wanted is not None or checkpoint is None else checkpoint.size
    entries = log.entries(partition, position, end)
    while size is None or index < size:
        some = list(islice(entries, CHUNK_ENTRIES if size is None else min(CHUNK_ENTRIES, size - index)))
        if not some:
            break
        bodies = [as_in_tree(entry) for entry in some]
        for body in bodies:
            frontier.append(leaf_hash(body))
        _write_chunk(folder, index, some, bodies)
        index += len(some)
        position = some[-1].position + 1
    covered = checkpoint is not None and index == checkpoint.size and frontier.root() == checkpoint.root
    if covered or size is None or wanted is not None:
        return _Written(index, sum(1 for _ in entries), position)
    while some := list(islice(entries, CHUNK_ENTRIES)):
        _write_chunk(folder, index, some, [as_in_tree(entry) for entry in some])
        index += len(some)
        position = some[-1].position + 1
    return _Written(index, 0, position)


def _resumed(folder: Path) -> tuple[int, int, Frontier]:
    """Where an earlier run ended: the next number and position, and the tree so far. Chunks that were
    written as a whole stay."""
    index, position, frontier = 0, 0, Frontier()
    while (path := folder / chunk_name(index)).exists():
        try:
            table = pq.read_table(path, schema=LOG_SCHEMA)
        except (pa.ArrowException, OSError):
            path.unlink()
            break
        if table.num_rows != CHUNK_ENTRIES:  # the last one: the log or the run ended within it
            path.unlink()
            break
        for body in table["body"].to_pylist():
            frontier.append(leaf_hash(body))
        index += table.num_rows
        position = table["position"][-1].as_py() + 1
    for path in sorted(folder.iterdir()):
        if path.name >= chunk_name(index):
            path.unlink()
    return index, position, frontier


def as_in_tree(entry: LogEntry) -> bytes:
    """What stands in the tree for an entry: its bytes, or the reference to those that are too many."""
    if len(entry.raw) <= MAX_ENTRY_BYTES:
        return entry.raw
    return reference_to(entry.raw, entry.position, TOO_LARGE)


def _write_chunk(folder: Path, first: int, entries: Sequence[LogEntry], bodies: Sequence[bytes]) -> None:
    referenced = [body is not entry.raw for entry, body in zip(entries, bodies, strict=True)]
    table = pa.table(
        {
            "index": range(first, first + len(entries)),
            "position": [entry.position for entry in entries],
            "recorded_at": [entry.recorded_at for entry in entries],
            "key": [entry.key for entry in entries],
            "leaf": [
                leaf_hash(body) if is_reference else entry.leaf
                for entry, body, is_reference in zip(entries, bodies, referenced, strict=True)
            ],
            "body": list(bodies),
        },
        schema=LOG_SCHEMA,
    )
    path = folder / chunk_name(first)
    part = path.with_name(f"{path.name}.part")
    pq.write_table(table, part, compression="zstd")
    _sync(part)
    part.replace(path)
    _sync(folder)


def _export_tiles(published: Path, note: bytes | None, checkpoint: Checkpoint | None, folder: Path) -> None:
    """Checkpoint, key and tiles as they are published; what is missing there is missing here. `note` is the
    checkpoint as it was read first: a notary may have replaced it since."""
    folder.mkdir(parents=True, exist_ok=True)
    if note is not None:
        _write(folder / CHECKPOINT_PATH, note)
    with suppress(FileNotFoundError):
        _write(folder / VKEY, (published / VKEY).read_bytes())
    if checkpoint is None:
        return
    # By the files that are there, for a checkpoint that somebody wrote may claim any size.
    for path in (published / "tile").rglob("*"):
        if not path.is_file():
            continue
        try:
            tile = Tile.parse(path.relative_to(published).as_posix())
        except Malformed:
            continue
        if tile == tile.full and width_of(tile.level or 0, tile.index, checkpoint.size) == TILE_WIDTH:
            _copy(folder / tile.path, path.read_bytes())
    for tile in partial_tiles(checkpoint.size):
        with suppress(FileNotFoundError):
            _copy(folder / tile.path, _tile(published, tile))


def _tile(published: Path, tile: Tile) -> bytes:
    """A tile, cut out of the full one where the partial one was removed since."""
    try:
        return (published / tile.path).read_bytes()
    except FileNotFoundError:
        if tile == tile.full:
            raise
    raw = (published / tile.full.path).read_bytes()
    if tile.level is not None:
        return raw[: tile.width * HASH_BYTES]
    try:
        return encode_bundle(split_bundle(raw, tile.full)[: tile.width])
    except Malformed:
        return raw


def _copy(path: Path, content: bytes) -> None:
    """A tile: thousands of them are brought onto the disk together, before the manifest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write(path: Path, content: bytes) -> None:
    """The file has all of `content` or is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
