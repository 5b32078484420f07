"""Any single change to a bundle is found and located, also where whoever made it wrote the manifest anew."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.bundle.layout import LOG_SCHEMA, MANIFEST, files_below
from audit.bundle.manifest import NoBundle
from audit.bundle.report import Report
from audit.receipts import Verdict
from event_log.leaf import leaf_hash
from tests.audit.bundle.test_log import seal
from tests.audit.bundle.worlds import bundle_of, checked, numbered
from transparency.tiles import Tile

ENTRIES: Final = 600
DAILY: Final = 100
LONG: Final = 1_000

Located = Callable[[Report], bool]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with two full tiles and a partial one. Never change it."""
    return bundle_of(numbered(ENTRIES), tmp_path_factory.mktemp("whole"))


def found(report: Report, kind: str, index: int) -> bool:
    """Whether the entry is named, as that kind, and nothing else is."""
    return [(one.kind, one.partition, one.index) for one in report.findings] == [(kind, 0, index)]


def rows_of(bundle: Path) -> list[bytes]:
    raws: list[bytes] = pq.read_table(bundle / "log/0/000000000000.parquet")["body"].to_pylist()
    return raws


def write_rows(bundle: Path, raws: list[bytes]) -> None:
    """The log with these entries, each with its own hash: as a whole it looks as if it were right."""
    table = pa.table(
        {
            "index": range(len(raws)),
            "position": range(len(raws)),
            "recorded_at": [0] * len(raws),
            "key": [None] * len(raws),
            "leaf": [leaf_hash(raw) for raw in raws],
            "body": raws,
        },
        schema=LOG_SCHEMA,
    )
    pq.write_table(table, bundle / "log/0/000000000000.parquet")


def change_entry(bundle: Path, chance: random.Random) -> Located:
    raws, at = rows_of(bundle), chance.randrange(ENTRIES)
    raw = bytearray(raws[at])
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    raws[at] = bytes(raw)
    write_rows(bundle, raws)
    return lambda report: found(report, "entry_changed", at)


def remove_entry(bundle: Path, chance: random.Random) -> Located:
    raws, at = rows_of(bundle), chance.randrange(ENTRIES)
    del raws[at]
    write_rows(bundle, raws)
    return lambda report: ("entry_removed", at) in [(one.kind, one.index) for one in report.findings]


def add_entry(bundle: Path, chance: random.Random) -> Located:
    raws, at = rows_of(bundle), chance.randrange(ENTRIES + 1)
    raws.insert(at, b"added")
    write_rows(bundle, raws)
    return lambda report: ("entry_added", at) in [(one.kind, one.index) for one in report.findings]


def swap_entries(bundle: Path, chance: random.Random) -> Located:
    raws = rows_of(bundle)
    first, second = sorted(chance.sample(range(ENTRIES), 2))
    raws[first], raws[second] = raws[second], raws[first]
    write_rows(bundle, raws)
    return lambda report: found(report, "entries_reordered", first)


def flip(path: Path, chance: random.Random) -> int:
    raw = bytearray(path.read_bytes())
    at = chance.randrange(len(raw))
    raw[at] ^= 1 << chance.randrange(8)
    path.write_bytes(raw)
    return at


def damage_tile(bundle: Path, chance: random.Random) -> Located:
    folder = bundle / "tlog" / "0"
    path = chance.choice([one for one in sorted((folder / "tile").rglob("*")) if one.is_file()])
    flip(path, chance)
    name = path.relative_to(folder).as_posix()
    tile = Tile.parse(name)
    below = 256 << (8 * (tile.level or 0))
    first, last = tile.index * below, min((tile.index + 1) * below, ENTRIES) - 1

    def located(report: Report) -> bool:
        return bool(report.findings) and all(
            one.partition == 0 and one.index is not None and first <= one.index <= last
            for one in report.findings
            if not one.kind.startswith("file_")
        )

    return located


def damage_head(bundle: Path, chance: random.Random) -> Located:
    flip(bundle / "tlog/0" / chance.choice(("checkpoint", "log.vkey")), chance)
    return lambda report: (
        {one.kind for one in report.findings} & {"checkpoint_invalid", "file_changed"} != set()
    )


def damage_any(bundle: Path, chance: random.Random) -> Located:
    path = chance.choice([*files_below(bundle), bundle / MANIFEST])
    flip(path, chance)
    name = path.relative_to(bundle).as_posix()

    def located(report: Report) -> bool:
        if name == MANIFEST:
            return bool(report.findings)
        return name in " ".join(one.sentence.en for one in report.findings if one.kind == "file_changed")

    return located


def remove_file(bundle: Path, chance: random.Random) -> Located:
    path = chance.choice(list(files_below(bundle)))
    name = path.relative_to(bundle).as_posix()
    path.unlink()
    return lambda report: name in " ".join(one.sentence.en for one in report.findings)


SEALED: Final = (change_entry, remove_entry, add_entry, swap_entries, damage_tile, damage_head)
"""What is found even where the manifest was written anew."""
UNSEALED: Final = (*SEALED, damage_any, remove_file)


def mutate(whole: Path, folder: Path, seed: int) -> None:
    """One change by that seed: found and located."""
    chance = random.Random(seed)
    bundle = folder / f"{seed}"
    shutil.copytree(whole, bundle)
    sealed = chance.random() < 0.6
    mutation = chance.choice(SEALED if sealed else UNSEALED)
    located = mutation(bundle, chance)
    if sealed:
        seal(bundle)
    try:
        report = checked(bundle)
    except NoBundle:  # the manifest is no longer one, or claims to be of another format
        assert mutation is damage_any
        return
    names = [(one.kind, one.index, one.sentence.en) for one in report.findings]
    assert report.verdict is Verdict.FAILED, (seed, mutation.__name__, names)
    if not sealed and mutation not in (damage_any, remove_file):
        report.findings = [
            one for one in report.findings if not one.kind.startswith(("file_", "manifest_"))
        ] or report.findings
    if sealed:
        report.findings = [one for one in report.findings if one.kind != "manifest_differs"]
    assert located(report), (seed, mutation.__name__, names)
    assert all(one.sentence.id and one.sentence.en for one in report.findings)
    shutil.rmtree(bundle)


@pytest.mark.parametrize("part", range(4))
def test_every_single_change_is_found_and_located(whole: Path, tmp_path: Path, part: int) -> None:
    for seed in range(part * DAILY // 4, (part + 1) * DAILY // 4):
        mutate(whole, tmp_path, seed)


@pytest.mark.slow
def test_a_thousand_single_changes_are_found_and_located(whole: Path, tmp_path: Path) -> None:
    for seed in range(DAILY, DAILY + LONG):
        mutate(whole, tmp_path, seed)


@pytest.mark.slow
def test_untouched_logs_of_every_size_raise_no_alarm(tmp_path: Path) -> None:
    for size in sorted({2**power + one for power in range(10) for one in (-1, 0, 1)}):
        report = checked(bundle_of(numbered(size), tmp_path / f"{size}"))
        assert (report.verdict, report.findings) == (Verdict.PROVEN, []), size
