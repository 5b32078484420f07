"""A data directory as other accounts of the machine see it: real processes, every umask."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.privileges import NOBODY

ROOT = Path(__file__).parents[2]
REKAP = (sys.executable, "-m", "rekap", "--lang", "en")
AS_NOBODY = f"""
import os, sys
import rekap.commands.results, rekap.failures, rekap.reading, stream_processors.embedded.runner
from rekap.application import run
os.setuid({NOBODY})  # after reading the modules, which may lie in a folder of root's
sys.exit(run(sys.argv[1:]))
"""


def rekap(
    *arguments: object, umask: int = 0o022, command: Sequence[str] = REKAP
) -> subprocess.CompletedProcess[str]:
    """One command line as a process of its own, with that umask."""
    return subprocess.run(
        [*command, *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"},
        timeout=300,
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can reach, not in one of root's."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def modes(path: Path) -> dict[str, int]:
    """The rights of everything in it that is no symbolic link."""
    return {
        str(one.relative_to(path)): stat.S_IMODE(one.lstat().st_mode)
        for one in [path, *path.rglob("*")]
        if not one.is_symlink()
    }


def too_wide(path: Path) -> dict[str, str]:
    return {name: oct(mode) for name, mode in modes(path).items() if mode & 0o077}


def count(data: Path, umask: int) -> None:
    """A small count in `data`."""
    made = rekap(
        "--data", data, "init", "--election", "pemilu2024", "--provinces", "34", "--size", 60, umask=umask
    )
    assert made.returncode == 0, made.stderr
    counted = rekap("--data", data, "simulate", "--contest", "PPWP", umask=umask)
    assert counted.returncode == 0, counted.stderr


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_all_of_it_is_private_and_what_was_asked_for_has_the_person_s_rights(
    folder: Path, umask: int
) -> None:
    data, rows = folder / "data", folder / "rows.csv"
    count(data, umask)
    assert len(modes(data)) > 20
    assert too_wide(data) == {}
    assert rekap("--data", data, "results", "--output", rows, umask=umask).returncode == 0
    assert stat.S_IMODE(rows.stat().st_mode) == 0o666 & ~umask
    assert too_wide(data) == {}


def test_a_directory_of_an_older_version_is_tightened_when_it_is_used(folder: Path) -> None:
    data = folder / "data"
    count(data, 0o022)
    for path in [data, *data.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert rekap("--data", data, "results").returncode == 0
    assert too_wide(data) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_another_account_can_neither_read_it_nor_lend_its_own(folder: Path) -> None:
    data = folder / "data"
    count(data, 0o000)
    refused = rekap("--data", data, "results", command=(sys.executable, "-c", AS_NOBODY))
    assert refused.returncode == 3
    assert "belongs to the account root" in refused.stderr
    # A count that another account has prepared is not taken for one's own, whatever it would show.
    lent = folder / "lent"
    shutil.copytree(data, lent, symlinks=True)
    for path in [lent, *lent.rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    lent.chmod(0o755)
    for command in (("results",), ("simulate",), ("verify",), ("adopt",)):
        refused = rekap("--data", lent, *command)
        assert refused.returncode == 3, command
        assert "sudo -u nobody rekap" in refused.stderr
        assert refused.stdout == ""
