"""A data directory knows itself after a rename, and a copy of it from itself."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from schemas.directory_identity import IDENTITY_FILE, DirectoryCopied, adopt, is_copy, require_original


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir()
    return path


def test_it_is_the_same_every_time_and_after_a_rename(directory: Path) -> None:
    first = require_original(directory)
    assert require_original(directory) == first
    moved = directory.rename(directory.with_name("moved"))
    assert not is_copy(moved)
    assert require_original(moved) == first
    assert stat.S_IMODE((moved / IDENTITY_FILE).stat().st_mode) == 0o600


def test_a_copy_is_refused_until_it_is_adopted_and_the_original_is_not(directory: Path) -> None:
    first = require_original(directory)
    copy = Path(shutil.copytree(directory, directory.with_name("copy")))
    assert is_copy(copy)
    for _ in range(2):
        with pytest.raises(DirectoryCopied, match=r"copy is a copy .* rekap --data \S+copy adopt") as refused:
            require_original(copy)
        assert "salinan" in refused.value.said.id
    new = adopt(copy)
    assert new != first
    assert require_original(copy) == new
    assert require_original(directory) == first


def test_one_made_of_hard_links_is_a_copy(directory: Path) -> None:
    require_original(directory)
    copy = directory.with_name("copy")
    copy.mkdir()
    os.link(directory / IDENTITY_FILE, copy / IDENTITY_FILE)
    assert is_copy(copy)


def test_one_whose_files_were_copied_into_the_original_s_place_is_a_copy(directory: Path) -> None:
    require_original(directory)
    shutil.copy(directory / IDENTITY_FILE, directory / "kept")
    (directory / "kept").replace(directory / IDENTITY_FILE)
    assert is_copy(directory)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "x"}', "[" * 5_000, '{"id":"a","directory":"b"}'])
def test_one_that_cannot_say_what_it_is_is_refused_and_can_be_adopted(directory: Path, content: str) -> None:
    (directory / IDENTITY_FILE).write_text(content)
    with pytest.raises(DirectoryCopied):
        require_original(directory)
    adopt(directory)
    require_original(directory)


def test_a_fifo_in_its_place_is_not_waited_for(directory: Path) -> None:
    os.mkfifo(directory / IDENTITY_FILE)
    assert is_copy(directory)


def test_an_adoption_that_fails_leaves_what_was_there(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_original(directory)
    before = (directory / IDENTITY_FILE).read_text()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            adopt(directory)
    assert (directory / IDENTITY_FILE).read_text() == before
    assert json.loads(before)["id"] != adopt(directory)
