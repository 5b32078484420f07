"""A data directory is for one account alone, whatever the umask and whoever made it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.private_files import NotOurs, make_directory, secure, trust
from tests.privileges import NOBODY, without_privileges

ROOT_NEEDED = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can reach and write, not in one of root's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_a_directory_is_made_private_whatever_the_umask(tmp_path: Path) -> None:
    made = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import os, sys; from pathlib import Path; os.umask(0)\n"
            "from schemas.private_files import make_directory\n"
            "make_directory(Path(sys.argv[1])); (Path(sys.argv[1]) / 'log.sqlite').touch()",
            str(tmp_path / "data"),
        ],
        check=False,
    )
    assert made.returncode == 0
    assert mode(tmp_path / "data") == 0o700
    assert mode(tmp_path / "data" / "log.sqlite") == 0o600


def test_a_wider_one_is_tightened_with_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "clickhouse" / "store").mkdir(parents=True)
    for name in ("election.json", "log.sqlite-wal", "clickhouse/store/part.bin", "notes.txt"):
        (data / name).touch()
        (data / name).chmod(0o644)
    for folder in (data, data / "clickhouse", data / "clickhouse" / "store"):
        folder.chmod(0o755)
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (data / "clickhouse" / "link").symlink_to(outside)
    secure(data)
    assert {mode(folder) for folder in (data, data / "clickhouse", data / "clickhouse" / "store")} == {0o700}
    assert {
        mode(data / name) for name in ("election.json", "log.sqlite-wal", "clickhouse/store/part.bin")
    } == {0o600}
    assert mode(outside) == 0o644
    assert mode(data / "notes.txt") == 0o644  # a person's own


def test_a_file_in_its_place_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.touch()
    file.chmod(0o644)
    for step in (secure, trust):
        with pytest.raises(NotADirectoryError):
            step(file)
    assert mode(file) == 0o644


def test_a_part_on_another_disk_is_tightened_too(tmp_path: Path) -> None:
    make_directory(tmp_path / "data")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere").chmod(0o755)
    (tmp_path / "data" / "clickhouse").symlink_to(tmp_path / "elsewhere")
    secure(tmp_path / "data")
    assert mode(tmp_path / "elsewhere") == 0o700


def test_a_directory_that_all_accounts_share_is_refused_and_not_changed(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(NotOurs, match="shared by all accounts"):
        make_directory(shared)
    assert mode(shared) == 0o1777


@ROOT_NEEDED
def test_what_another_account_put_into_it_is_refused_every_time(open_folder: Path) -> None:
    planted = open_folder / "clickhouse" / "metadata" / "view.sql"
    planted.parent.mkdir(parents=True)
    planted.touch()
    os.chown(planted, NOBODY, -1)
    for _ in range(2):
        with pytest.raises(NotOurs, match=r"view\.sql belongs to the account nobody"):
            secure(open_folder)


@ROOT_NEEDED
def test_only_read_it_may_be_root_s_as_long_as_nobody_else_can_write(open_folder: Path) -> None:
    open_folder.chmod(0o755)
    with without_privileges():
        trust(open_folder)
    open_folder.chmod(0o777)
    with without_privileges(), pytest.raises(NotOurs, match="belongs to the account root"):
        trust(open_folder)
    os.chown(open_folder, NOBODY, -1)
    with pytest.raises(NotOurs, match="runs as root"):
        trust(open_folder)


def test_both_languages_name_the_account(open_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    os.chown(open_folder, NOBODY, -1)
    with pytest.raises(NotOurs) as refused:
        secure(open_folder)
    assert all("nobody" in text and str(open_folder) in text for text in refused.value.said)
