"""A bundle's log is proven as it was signed, and whatever was done to it is found, and found in its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit.bundle import export as exporting
from audit.bundle.export import ExportRefused
from audit.bundle.layout import JOURNAL, MANIFEST, Journal, Manifest, file_line, files_below
from audit.bundle.manifest import NoBundle
from audit.bundle.report import Report
from audit.receipts import Verdict
from tests.audit.bundle.worlds import bundle_of, checked, export, numbered, publish

SIZES = (0, 1, 2, 3, 255, 256, 257, 512, 513)
"""Around every edge of a tile; none, one, 2^k and 2^k + 1."""


def places(report: Report) -> list[tuple[str, int | None]]:
    """The findings by kind and number."""
    return [(one.kind, one.index) for one in report.findings]


def verdicts(report: Report) -> dict[str, str]:
    """The verdict of each check."""
    return {one.name: one.verdict.value for one in report.checks}


def seal(bundle: Path) -> None:
    """Write the manifest anew, as whoever changes a bundle would."""
    manifest = Manifest.parse((bundle / MANIFEST).read_bytes())
    files = [file_line(bundle, path) for path in files_below(bundle)]
    (bundle / MANIFEST).write_bytes(manifest.model_copy(update={"files": files}).encode())


@pytest.mark.parametrize("size", SIZES)
def test_an_untouched_log_is_proven_at_every_size(tmp_path: Path, size: int) -> None:
    report = checked(bundle_of(numbered(size), tmp_path))
    assert report.verdict is Verdict.PROVEN
    assert places(report) == []
    assert report.events == size


@pytest.mark.parametrize("size", [1, 2, 256, 257, 300])
def test_what_was_done_to_the_log_beneath_its_checkpoint_is_named(tmp_path: Path, size: int) -> None:
    raws = numbered(size)
    at = size - 1
    done: dict[str, tuple[list[bytes], tuple[str, int]]] = {
        "changed": ([*raws[:at], b"x"], ("entry_changed", at)),
        "removed": (raws[:at], ("entry_removed", at)),
        "added": ([*raws[:at], b"x", *raws[at:]], ("entry_added", at)),
    }
    if size > 2:
        swapped = [*raws[: at - 2], raws[at - 1], raws[at - 2], raws[at]]
        done["reordered"] = (swapped, ("entries_reordered", at - 2))
        done["removed inside"] = ([*raws[: at - 2], *raws[at - 1 :]], ("entry_removed", at - 2))
    publish(raws, tmp_path / "published")
    for name, (changed, expected) in done.items():
        bundle = tmp_path / name
        export(changed, tmp_path / "published", bundle)
        report = checked(bundle)
        assert places(report) == [expected], name
        assert report.verdict is Verdict.FAILED
        assert verdicts(report) == {
            "manifest": "proven",
            "entries": "failed",
            "tree": "proven",
            "checkpoint": "proven",
        }
        assert report.findings[0].sentence.id.startswith("Partisi 0: ")
        assert report.findings[0].sentence.en.startswith("Partition 0: ")


def test_entries_after_the_checkpoint_are_no_fault_and_not_in_the_bundle(tmp_path: Path) -> None:
    publish(numbered(5), tmp_path / "published")
    done = export(numbered(8), tmp_path / "published", tmp_path / "bundle")
    assert (done.entries, done.later) == (5, 3)
    assert checked(tmp_path / "bundle").verdict is Verdict.PROVEN


def test_a_checkpoint_that_is_replaced_meanwhile_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published"
    publish(numbered(5), published)
    write = exporting._write_chunk

    def beside_a_notary(folder: Path, first: int, *rest: object) -> None:
        write(folder, first, *rest)  # type: ignore[arg-type]
        publish(numbered(300), published)
        (published / "tile/0/000.p/5").unlink()
        (published / "tile/entries/000.p/5").unlink()

    monkeypatch.setattr(exporting, "_write_chunk", beside_a_notary)
    assert export(numbered(5), published, tmp_path / "bundle").entries == 5
    assert checked(tmp_path / "bundle").verdict is Verdict.PROVEN


def damage_tile(bundle: Path) -> tuple[str, int]:
    path = bundle / "tlog/0/tile/0/001.p/44"
    content = bytearray(path.read_bytes())
    content[32 * 3] ^= 1
    path.write_bytes(content)
    return "tile_changed", 259


def damage_full_tile(bundle: Path) -> tuple[str, int]:
    path = bundle / "tlog/0/tile/0/000"
    content = bytearray(path.read_bytes())
    content[32 * 3] ^= 1
    path.write_bytes(content)
    return "tile_changed", 3


def damage_entry(bundle: Path) -> tuple[str, int]:
    path = bundle / "tlog/0/tile/entries/001.p/44"
    path.write_bytes(path.read_bytes().replace(b'{"number":290}', b'{"number":299}'))
    return "bundle_entry_changed", 290


def remove_tile(bundle: Path) -> tuple[str, int]:
    (bundle / "tlog/0/tile/entries/000").unlink()
    return "tile_missing", 0


def damage_checkpoint(bundle: Path) -> tuple[str, int | None]:
    path = bundle / "tlog/0/checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n300\n", b"\n299\n"))
    return "checkpoint_invalid", None


def damage_leaf_column(bundle: Path) -> tuple[str, int]:
    path = bundle / "log/0/000000000000.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[7]["leaf"] = bytes(32)
    pq.write_table(pq.read_table(path).from_pylist(rows, schema=pq.read_schema(path)), path)
    return "leaf_differs", 7


DAMAGES = [damage_tile, damage_full_tile, damage_entry, remove_tile, damage_checkpoint, damage_leaf_column]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 300 entries. Never change it."""
    return bundle_of(numbered(300), tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_the_public_log_is_named_even_under_a_new_manifest(
    whole: Path, tmp_path: Path, damage: Callable[[Path], tuple[str, int | None]]
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(whole, bundle)
    expected = damage(bundle)
    in_manifest = checked(bundle)
    assert in_manifest.verdict is Verdict.FAILED
    assert {kind for kind, _ in places(in_manifest)} & {"file_changed", "file_missing"}
    seal(bundle)
    report = checked(bundle)
    assert report.verdict is Verdict.FAILED
    assert expected in places(report)
    assert verdicts(report)["manifest"] == "proven"


def test_an_older_checkpoint_shows_a_log_that_was_set_back_or_forked(tmp_path: Path) -> None:
    raws = numbered(10)
    newest = publish(raws, tmp_path / "newest")
    bundle = bundle_of(raws[:8], tmp_path)
    assert checked(bundle, [publish(raws[:5], tmp_path / "older")]).verdict is Verdict.PROVEN
    back = checked(bundle, [newest])
    assert (back.verdict, places(back)) == (Verdict.FAILED, [("rolled_back", 8)])
    fork = checked(bundle, [publish([*raws[:4], b"other"], tmp_path / "fork")])
    assert (fork.verdict, places(fork)) == (Verdict.FAILED, [("forked_head", 4)])
    unknown = checked(bundle, [b"of nobody"])
    assert (unknown.verdict, places(unknown)) == (Verdict.NOT_CHECKED, [])


def test_without_a_checkpoint_nothing_is_proven(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    export(numbered(3), tmp_path / "published", tmp_path / "bundle")
    report = checked(tmp_path / "bundle")
    assert report.verdict is Verdict.NOT_CHECKED
    assert verdicts(report) == {
        "manifest": "proven",
        "entries": "not_checked",
        "tree": "not_checked",
        "checkpoint": "not_checked",
    }


@pytest.mark.parametrize("byte", [0, 1, 40, 400, -2])
def test_a_changed_manifest_is_found(whole: Path, tmp_path: Path, byte: int) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(whole, bundle)
    raw = bytearray((bundle / MANIFEST).read_bytes())
    raw[byte] ^= 1
    (bundle / MANIFEST).write_bytes(raw)
    report = checked(bundle)
    assert report.verdict is Verdict.FAILED
    assert report.findings[0].sentence.en


def test_an_export_that_was_ended_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raws = numbered(25)
    monkeypatch.setattr(exporting, "CHUNK_ENTRIES", 10)
    publish(raws, tmp_path / "published")
    written: list[str] = []
    write = exporting._write_chunk

    def ended(folder: Path, first: int, *rest: object) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        write(folder, first, *rest)  # type: ignore[arg-type]
        written.append(f"{first}")

    monkeypatch.setattr(exporting, "_write_chunk", ended)
    bundle = tmp_path / "bundle"
    with pytest.raises(KeyboardInterrupt):
        export(raws, tmp_path / "published", bundle)
    with pytest.raises(NoBundle):
        checked(bundle)
    kept = [path.stat().st_ino for path in sorted((bundle / "log/0").glob("*.parquet"))]
    monkeypatch.setattr(exporting, "_write_chunk", write)
    assert export(raws, tmp_path / "published", bundle).entries == 25
    assert [path.stat().st_ino for path in sorted((bundle / "log/0").glob("*.parquet"))][:2] == kept
    assert checked(bundle).verdict is Verdict.PROVEN
    with pytest.raises(ExportRefused):
        export(raws, tmp_path / "published", bundle)


def test_an_export_begins_anew_where_the_checkpoint_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK_ENTRIES", 2)
    publish(numbered(5), tmp_path / "published")
    bundle = tmp_path / "bundle"
    export(numbered(5), tmp_path / "published", bundle)
    journal = Journal("", "", ()).encode()
    (bundle / MANIFEST).rename(bundle / JOURNAL)
    (bundle / JOURNAL).write_bytes(journal)
    publish(numbered(7), tmp_path / "published")
    assert export(numbered(7), tmp_path / "published", bundle).entries == 7
    assert checked(bundle).verdict is Verdict.PROVEN


def test_nothing_else_is_overwritten(tmp_path: Path) -> None:
    publish(numbered(1), tmp_path / "published")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    with pytest.raises(ExportRefused):
        export(numbered(1), tmp_path / "published", tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "x"
