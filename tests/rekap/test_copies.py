"""A copied data directory beside its original: never taken for it, by any command."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from tests.rekap.conftest import Rekap

ROW = "station,contest,vote_1,vote_2,vote_3,valid,invalid,type\n"


@pytest.fixture
def copied(own_count: Path, tmp_path: Path) -> Path:
    """A copy of `own_count`, as cp -r makes it."""
    gc.collect()
    return Path(shutil.copytree(own_count, tmp_path / "copied", symlinks=True))


def test_what_fills_it_is_refused_until_it_is_adopted(
    rekap: Rekap, own_count: Path, copied: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(ROW)
    for command in (("import", rows), ("simulate", "--contest", "PPWP"), ("serve",)):
        refused = rekap("--data", copied, *command)
        assert refused.code == 2, command
        assert f"{copied} is a copy" in refused.err
        assert f"rekap --data {copied} adopt" in refused.err
    refused = rekap("--data", copied, "--lang", "id", "import", rows)
    assert "adalah salinan" in refused.err
    assert rekap("--data", own_count, "import", rows).code == 0  # the original is not asked
    adopted = rekap("--data", copied, "adopt", "--format", "json")
    assert (adopted.code, adopted.json["copy"]) == (0, True)
    assert len(adopted.json["id"]) == 32
    assert rekap("--data", copied, "import", rows).code == 0


def test_what_reads_it_says_so_and_reads(rekap: Rekap, own_count: Path, copied: Path) -> None:
    original = rekap("--data", own_count, "results", "--format", "json")
    read = rekap("--data", copied, "results", "--format", "json")
    assert (read.code, read.out) == (0, original.out)
    assert original.err == ""
    assert f"{copied} is a copy" in read.err
    assert "is a copy" in rekap("--data", copied, "verify").err
    rekap("--data", copied, "adopt")
    assert rekap("--data", copied, "results", "--format", "json").err == ""


def test_a_directory_that_was_renamed_is_the_same(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(ROW)
    moved = own_count.rename(tmp_path / "moved")
    assert rekap("--data", moved, "import", rows).code == 0
    told = rekap("--data", moved, "adopt")
    assert told.code == 0
    assert "is now a directory of its own, with the id " in told.out
