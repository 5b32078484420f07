"""Holds one partition of a bundle against its public log: checkpoint, tree, and every entry.

The checkpoint is what the log signed. Tiles are believed as far as they lead to its root; the entries of the
Parquet files are held against the leaf hashes in the tiles, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from audit.bundle import sentences as say
from audit.bundle.alignment import EditKind, edits
from audit.bundle.layout import CHUNK_ENTRIES, LOG_SCHEMA, TLOG, VKEY, chunk_name
from audit.bundle.report import Found
from schemas.input_files import InputRefused, open_input
from schemas.parquet_files import batches, open_parquet
from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.errors import Malformed, NotProven
from transparency.keys import MAX_NAME, VerifierKey
from transparency.merkle import Frontier, leaf_hash, perfect_root
from transparency.note import Note
from transparency.policy import NONE, Policy
from transparency.tile_reader import FaultKind, TileReader, walk
from transparency.tiles import (
    CHECKPOINT_PATH,
    TILE_LEVELS,
    TILE_WIDTH,
    Tile,
    partial_tiles,
    split_hashes,
    width_of,
)

MAX_CHECKPOINT_BYTES: Final = 1024**2
"""A checkpoint with a thousand cosignatures has 150 kB."""
MAX_VKEY_BYTES: Final = 4 * MAX_NAME + 100
ROWS: Final = 1_024
"""Entries of a file that are in memory at once."""
MAX_TILE_BYTES: Final = TILE_WIDTH * (2 + 65_535)
"""A bundle of the largest entries."""

OnEntries = Callable[[int], None]


@dataclass(slots=True)
class Head:
    """The checkpoint of a partition, if the log's own key signed it; `why` it is not believed otherwise, and
    `missing` where there is none at all."""

    checkpoint: Checkpoint | None = None
    note: Note | None = None
    key: VerifierKey | None = None
    why: str = ""
    missing: bool = False


@dataclass(slots=True)
class Chain:
    """What the entries of a partition are beside its tree."""

    head: Head
    leaves: list[bytes] = field(default_factory=list)  # of the entries that were found
    compared: int = 0  # entries held against a leaf hash of the tree
    unreadable: bool = False  # a file of the log can't be read: entries from it on are not known
    tree: list[Found] = field(default_factory=list)
    log: list[Found] = field(default_factory=list)

    @property
    def entries(self) -> int:
        """How many entries were found."""
        return len(self.leaves)


def read_head(folder: Path) -> Head:
    """The checkpoint in a log's folder, held against the key beside it. Raises OSError."""
    head = Head()
    try:
        with open_input(folder / CHECKPOINT_PATH, MAX_CHECKPOINT_BYTES) as file:
            raw = file.read()
        with open_input(folder / VKEY, MAX_VKEY_BYTES) as file:
            vkey = file.read()
    except InputRefused as error:
        head.why = str(error)
        return head
    except FileNotFoundError as error:
        head.missing = True
        head.why = f"{Path(str(error.filename)).name} is missing"
        return head
    try:
        head.key = VerifierKey.parse(vkey.decode("utf-8").removesuffix("\n"))
        head.note = Note.parse(raw)
        head.checkpoint = open_checkpoint(head.note, [head.key])
    except (Malformed, NotProven, UnicodeDecodeError) as error:
        head.why = str(error)
    return head


def check_chain(
    bundle: Path, partition: int, chunks: Sequence[Path], on_entries: OnEntries, most: int
) -> Chain:
    """Hold the entries in `chunks` against the tree of the partition; of more than `most` the rest is not
    read. Raises OSError."""
    folder = bundle / TLOG / str(partition)
    head = read_head(folder)
    chain = Chain(head)
    found = [leaf for leaf, _ in _leaves(chunks, partition, chain, on_entries, most)]
    chain.leaves = found
    if head.checkpoint is None:
        return chain
    frontier = Frontier()
    size, root = head.checkpoint.size, head.checkpoint.root
    for leaf in found[:size]:
        frontier.append(leaf)
    fits = len(found) == size and frontier.root() == root

    def read(path: str) -> bytes:
        try:
            with open_input(folder / path, MAX_TILE_BYTES) as file:
                return file.read()
        except InputRefused as error:
            raise Malformed(str(error)) from None

    if not fits and not (folder / "tile").is_dir() and size:
        chain.tree.append(say.no_tiles(partition))
        return chain
    chain.tree += _tree_faults(size, root, read, partition)
    if fits:
        # The entries are proven, so that they tell what stands on the tree's right edge.
        edge = [one for one in chain.tree if one.kind == "root_differs"]
        for one in edge:
            chain.tree.remove(one)
        if edge:
            chain.tree += _edge_faults(found, read, partition)
        chain.compared = size
        return chain
    reader = TileReader(min(size, _most(folder, size)), read)
    leaves, unknown = _tree_leaves(reader)
    if unknown:
        chain.tree.append(say.leaves_unknown(partition, unknown[0]))
        return chain
    if chain.unreadable:
        leaves = leaves[: len(found)]
    chain.compared = min(len(leaves), len(found))
    for kind, first, last in edits(leaves, found):
        position = first if kind is EditKind.ADDED else min(first, max(len(leaves) - 1, 0))
        chain.log.append(say.edited(kind, partition, position, last))
    if not chain.log and not chain.tree:
        chain.tree.append(say.other_root(partition, size))
    return chain


def check_witnesses(head: Head, policy: Policy) -> str | None:
    """Why the checkpoint does not satisfy the witnesses of a policy; None: it does."""
    assert head.note is not None
    try:
        cosigners = policy.cosigners(head.note)
    except NotProven as error:
        return str(error)
    if policy.satisfied(cosigners):
        return None
    return f"quorum {policy.quorum}: " + (", ".join(cosigners) or NONE)


def _leaves(
    chunks: Sequence[Path], partition: int, chain: Chain, on_entries: OnEntries, most: int
) -> Iterator[tuple[bytes, int]]:
    """The leaf hashes of the entries as their bytes give them; entries whose recorded hash differs, or that
    stand out of their order, are found on the way."""
    index, position = 0, -1
    for path in chunks:
        first = index
        try:
            if path.name != chunk_name(index):
                raise pa.ArrowInvalid("the file before it is missing")
            for number, at, recorded, body in _entries(path):
                if index == most:
                    raise pa.ArrowInvalid("there are more entries than the manifest says")
                leaf = leaf_hash(body)
                if recorded != leaf:
                    chain.log.append(say.leaf_differs(partition, index))
                if number != index:
                    chain.log.append(say.number_differs(partition, index, number))
                if at <= position:
                    chain.log.append(say.position_differs(partition, index, at))
                position = at
                yield leaf, index
                index += 1
        except (pa.ArrowException, InputRefused, OSError) as error:
            chain.log.append(say.unreadable_chunk(partition, index, path.name, error))
            chain.unreadable = True
            return
        on_entries(index - first)


def _entries(path: Path) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Number, position, recorded hash and bytes of each entry of a file, a few of them in memory at once: a
    file of some kilobytes may unpack to any size. Raises ArrowException, InputRefused, OSError."""
    file = open_parquet(path, texts=True)
    if not _plain(file.schema_arrow).equals(LOG_SCHEMA):
        raise pa.ArrowInvalid("its columns are others")
    if file.metadata.num_rows > CHUNK_ENTRIES:
        raise pa.ArrowInvalid(f"it has more than {CHUNK_ENTRIES} entries")
    for batch in batches(path, file, ROWS, LOG_SCHEMA.names):
        columns = (batch[name].to_pylist() for name in ("index", "position", "leaf", "body"))
        yield from zip(*columns, strict=True)


def _plain(schema: pa.Schema) -> pa.Schema:
    """A schema as written, where columns are read as dictionaries."""
    return pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in schema
        ]
    )


def _tree_faults(size: int, root: bytes, read: Callable[[str], bytes], partition: int) -> Iterator[Found]:
    kinds = {
        FaultKind.ROOT: "root_differs",
        FaultKind.TILE: "tile_changed",
        FaultKind.ENTRY: "bundle_entry_changed",
        FaultKind.MISSING: "tile_missing",
    }
    for fault in walk(size, root, read):
        yield say.fault(kinds[fault.kind], partition, fault.first, fault.last, fault.path)


def _edge_faults(leaves: Sequence[bytes], read: Callable[[str], bytes], partition: int) -> Iterator[Found]:
    """The hashes in the partial tiles that are not those of the entries."""
    for tile in partial_tiles(len(leaves)):
        if tile.level is None:
            continue
        below = 1 << (TILE_LEVELS * tile.level)
        hashes = split_hashes(read(tile.path), tile)
        for number, one in enumerate(hashes, start=tile.index * TILE_WIDTH):
            if one != perfect_root(leaves[number * below : (number + 1) * below]):
                first, last = number * below, (number + 1) * below - 1
                yield say.fault("tile_changed", partition, first, last, tile.path)


def _most(folder: Path, size: int) -> int:
    """No more leaves than the files there can hold: the size of a checkpoint is only what it claims."""
    files = sum(1 for path in (folder / "tile" / "0").rglob("*") if path.is_file())
    return min(size, files * TILE_WIDTH)


def _tree_leaves(reader: TileReader) -> tuple[list[bytes], list[int]]:
    """The leaf hashes of the tree, and the first entries of tiles whose hashes are not known."""
    leaves: list[bytes] = []
    unknown = []
    for index in range((reader.size + TILE_WIDTH - 1) // TILE_WIDTH):
        tile = Tile(0, index, width_of(0, index, reader.size))
        try:
            leaves += reader.hashes(tile)
        except (Malformed, FileNotFoundError):
            unknown.append(index * TILE_WIDTH)
    return leaves, unknown
