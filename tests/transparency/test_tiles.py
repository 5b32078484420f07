"""Tiles are those of the specification, made in any cuts with bounded memory; a walk finds what is wrong."""

from __future__ import annotations

import tracemalloc
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transparency.trees import (
    EDGE_SIZES,
    Files,
    oracle_consistency,
    oracle_path,
    oracle_root,
    published,
    some_entries,
)
from transparency.checkpoint import Checkpoint
from transparency.errors import Malformed
from transparency.merkle import EMPTY_ROOT
from transparency.note import Note
from transparency.tile_builder import TileBuilder
from transparency.tile_reader import Fault, FaultKind, TileReader, walk
from transparency.tiles import Tile, encode_bundle, index_path, split_bundle, tiles_of

LARGE = 65_536 + 257
"""Entries of a log with three levels of tiles."""


@pytest.fixture(scope="module")
def large() -> Files:
    """A log of LARGE entries."""
    return published(some_entries(LARGE))


def root_of(files: Files) -> bytes:
    """The root that the log's checkpoint states."""
    return Checkpoint.parse(Note.parse(files["checkpoint"]).text).root


def faults(files: Files, size: int, root: bytes | None = None) -> list[Fault]:
    """What the walk finds."""
    return list(walk(size, root_of(files) if root is None else root, files.read))


def test_the_examples_of_the_specification() -> None:
    assert index_path(1_234_067) == "x001/x234/067"
    assert (Tile(0, 0).path, Tile(None, 5, 7).path) == ("tile/0/000", "tile/entries/005.p/7")
    tiles = list(tiles_of(70_000))
    widths = {level: [tile.width for tile in tiles if tile.level == level] for level in (None, 0, 1, 2, 3)}
    assert widths[0] == widths[None] == [256] * 273 + [112]
    assert (widths[1], widths[2], widths[3]) == ([256, 17], [1], [])
    assert [tile.path for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


@given(st.none() | st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_a_path_is_read_as_it_is_written(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "checkpoint", "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/1000", "tile/0/x000/001"),
        *("tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/07", "tile/0/001/x234", "tile/-1/000"),
        *(
            "tile/data/000",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/٠٠٠",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
        ),
        "tile/0/../../secret",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(Malformed, match="not the path of a tile"):
        Tile.parse(path)


@pytest.mark.parametrize("size", EDGE_SIZES)
def test_a_log_has_the_tiles_of_its_size_and_the_root_of_the_specification(size: int) -> None:
    entries = some_entries(size)
    files = published(entries)
    assert {path for path in files if path != "checkpoint"} >= {tile.path for tile in tiles_of(size)}
    assert root_of(files) == oracle_root(entries)
    assert faults(files, size) == []
    reader = TileReader(size, files.read)
    assert reader.root() == oracle_root(entries)
    for index in {0, size // 2, size - 1} & set(range(size)):
        assert reader.entry(index) == entries[index]
        assert reader.inclusion_proof(index) == oracle_path(index, entries)
    for old in {1, size // 3, size // 2, size - 1, size} & set(range(1, size + 1)):
        assert reader.consistency_proof(old) == oracle_consistency(old, entries)
    with pytest.raises(IndexError):
        reader.entry(size)


def test_a_hash_of_a_tile_is_that_of_the_entries_below_it(large: Files) -> None:
    entries = some_entries(LARGE)
    hashes = large["tile/1/000"]
    assert hashes[32 * 7 : 32 * 8] == oracle_root(entries[7 * 256 : 8 * 256])
    assert large["tile/2/000.p/1"] == oracle_root(entries[:65_536])


@settings(max_examples=60)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_any_cut_gives_the_same_tiles_also_when_work_goes_on_elsewhere(cuts: list[int]) -> None:
    entries = some_entries(sum(cuts))
    whole = published(entries)
    files, builder = Files(), TileBuilder()
    for count in cuts:
        some = entries[builder.size : builder.size + count]
        for one in (*builder.add(some), *builder.partial()):
            assert files.setdefault(one.tile.path, one.content) == one.content
        builder = TileBuilder.resume(builder.size, files.read)
    assert builder.root() == root_of(whole)
    wanted = {tile.path for tile in tiles_of(len(entries))}
    assert {path: files[path] for path in wanted} == {path: whole[path] for path in wanted}


def test_work_does_not_go_on_from_a_partial_tile_of_another_size() -> None:
    files = published(some_entries(10))
    files["tile/0/000.p/10"] += bytes(32)
    with pytest.raises(Malformed, match="352 bytes, not 320"):
        TileBuilder.resume(10, files.read)
    with pytest.raises(FileNotFoundError):
        TileBuilder.resume(11, files.read)


def test_an_entry_that_is_too_large_is_refused_and_what_came_before_it_is_kept() -> None:
    builder = TileBuilder()
    builder.add([bytes(65_535)])
    with pytest.raises(Malformed, match="at most 65535 bytes, not 65536"):
        builder.add([b"small", bytes(65_536), b"never"])
    assert builder.size == 2
    assert builder.root() == oracle_root([bytes(65_535), b"small"])
    with pytest.raises(Malformed, match="65536"):
        encode_bundle([bytes(65_536)])


def test_memory_does_not_grow_with_the_log() -> None:
    builder = TileBuilder()
    builder.add(some_entries(3_000))
    tracemalloc.start()
    for _ in range(10):
        builder.add(b"%d" % number for number in range(3_000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert builder.size == 33_000
    assert kept < 200_000  # the right edge: 255 entries and 255 hashes a level


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256), st.data())
def test_a_bundle_is_exact(entries: list[bytes], data: st.DataObject) -> None:
    raw, tile = encode_bundle(entries), Tile(None, 3, len(entries))
    assert split_bundle(raw, tile) == entries
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(Malformed, match="ends within entry"):
        split_bundle(raw[:cut], tile)
    with pytest.raises(Malformed, match="1 bytes after"):
        split_bundle(raw + b"\0", tile)


def test_a_partial_tile_may_be_gone_once_the_full_one_is_there() -> None:
    entries = some_entries(300)
    files = published(entries)
    reader = TileReader(200, files.read)
    assert reader.root() == oracle_root(entries[:200])
    assert reader.entry(199) == entries[199]
    with pytest.raises(IndexError):
        reader.entry(200)
    assert faults(files, 200, oracle_root(entries[:200])) == []


# What is wrong is found, and where


def changed(raw: bytes, at: int = 0) -> bytes:
    """One bit of it."""
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_a_changed_entry_is_named(large: Files) -> None:
    for index in (0, 255, 256, 25_608, 65_535, LARGE - 1):
        files = Files(large)
        tile = Tile(None, index // 256, 256 if index < 65_792 else LARGE % 256)
        entries = split_bundle(files[tile.path], tile)
        entries[index % 256] = changed(entries[index % 256])
        files[tile.path] = encode_bundle(entries)
        (fault,) = faults(files, LARGE)
        assert (fault.kind, fault.first, fault.last, fault.path) == (FaultKind.ENTRY, index, index, tile.path)


def test_two_entries_in_the_other_order_are_both_named() -> None:
    files = published(some_entries(300))
    tile = Tile(None, 0)
    entries = split_bundle(files[tile.path], tile)
    entries[7], entries[8] = entries[8], entries[7]
    files[tile.path] = encode_bundle(entries)
    assert [(fault.kind, fault.first) for fault in faults(files, 300)] == [("entry", 7), ("entry", 8)]


def test_a_removed_and_an_added_entry_are_placed_in_their_bundle() -> None:
    for size in (300, 44):
        files = published(some_entries(size))
        tile = Tile(None, 0, min(size, 256))
        entries = split_bundle(files[tile.path], tile)
        for other in (entries[:3] + entries[4:], [*entries[:3], b"new", *entries[3:]]):
            files[tile.path] = encode_bundle(other)
            found = faults(files, size)
            assert found
            assert {fault.path for fault in found} == {tile.path}
            assert found[0].first <= 3


def test_a_changed_hash_is_named_and_a_missing_file_too(large: Files) -> None:
    files = Files(large)
    files["tile/0/100"] = changed(files["tile/0/100"], 32 * 8)
    (fault,) = faults(files, LARGE)
    assert (fault.kind, fault.first, fault.path) == (FaultKind.TILE, 25_608, "tile/0/100")
    files = Files(large)
    files["tile/1/000"] = changed(files["tile/1/000"], 32 * 3)
    (fault,) = faults(files, LARGE)
    assert (fault.kind, fault.first, fault.last, fault.path) == ("tile", 0, 65_535, "tile/1/000")
    for path in ("tile/entries/100", "tile/0/100", "tile/1/000"):
        files = Files(large)
        del files[path]
        (fault,) = faults(files, LARGE)
        assert (fault.kind, fault.path) == (FaultKind.MISSING, path)
        assert fault.first <= 25_600 <= fault.last


def test_a_changed_right_edge_and_another_root_are_found() -> None:
    files = published(some_entries(300))
    files["tile/0/001.p/44"] = changed(files["tile/0/001.p/44"], 32 * 5)
    found = [(fault.kind, fault.first) for fault in faults(files, 300)]
    assert found == [("root", 0), ("entry", 256 + 5)]
    files = published(some_entries(300))
    assert [fault.kind for fault in faults(files, 300, bytes(32))] == [FaultKind.ROOT]
    assert [fault.kind for fault in faults(Files(), 0, bytes(32))] == [FaultKind.ROOT]
    assert faults(Files(), 0, EMPTY_ROOT) == []
    assert [fault.kind for fault in faults(Files(), 5, bytes(32))] == [FaultKind.MISSING]


@settings(max_examples=150)
@given(st.integers(1, 700), st.data())
def test_any_changed_byte_of_any_file_is_found(size: int, data: st.DataObject) -> None:
    files = published([sha256(b"%d" % number).digest() for number in range(size)])
    root = root_of(files)
    path = data.draw(st.sampled_from(sorted({tile.path for tile in tiles_of(size)})))
    at = data.draw(st.integers(0, len(files[path]) - 1))
    files[path] = changed(files[path], at)
    found = faults(files, size, root)
    assert found
    tile = Tile.parse(path)
    if tile.level is None and at % 34 > 1:  # within an entry: lengths shift what comes after them
        assert [fault.first for fault in found] == [tile.index * 256 + at // 34]
