"""docs/elections.md: every field is in it, and its two elections come to what it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.candidates import COLUMNS, KEY_COLUMN
from schemas.elections import Contest, ContestKind, Election, Limits, Option, Poll, Scope, StationIds
from schemas.registry_files import BY_SEX, LEVEL_WORDS, REGION_COLUMNS, STATION_COLUMNS
from tests.rekap.conftest import Rekap

TEXT: Final = (Path(__file__).parents[2] / "docs" / "elections.md").read_text(encoding="utf-8")
WORDS: Final = set(re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r"`([^`]+)`", TEXT))))
FILE: Final = re.compile(r"^`([\w.-]+)`:[^\n]*\n\n```\w+\n(.*?)```", re.MULTILINE | re.DOTALL)
EXAMPLE: Final = re.compile(r"```sh\n(.*?)```.*?```json\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("model", [Election, Contest, Option, Limits, Poll, StationIds])
def test_every_field_of_a_definition_is_documented(model: Any) -> None:
    assert set(model.model_fields) <= WORDS


def test_every_word_of_a_definition_and_every_column_is_documented() -> None:
    assert {word.value for words in (ContestKind, Scope) for word in words} <= WORDS
    columns = {
        word
        for spellings in (REGION_COLUMNS, STATION_COLUMNS)
        for words in spellings.values()
        for word in words
    }
    assert columns | set(BY_SEX) <= WORDS
    assert {*COLUMNS, KEY_COLUMN, "title", "seats", "region"} <= WORDS
    assert set(LEVEL_WORDS) - {"negara"} <= WORDS


@pytest.mark.parametrize(("commands", "expected"), EXAMPLE.findall(TEXT), ids=["national", "local"])
def test_an_example_comes_to_what_the_text_says(
    rekap: Rekap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILE.findall(TEXT):
        Path(name).write_text(content, encoding="utf-8")
    for line in commands.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "rekap"
        ran = rekap(*arguments)
        assert (ran.code, "rejected" in ran.err) == (0, False), ran
    rows = json.loads(expected)
    assert [{name: row[name] for name in wanted} for row, wanted in zip(ran.json, rows, strict=True)] == rows
    assert rekap(*arguments[:2], "rejected", "--format", "json").json == []
    assert rekap(*arguments[:2], "verify", "--format", "json").json["equal"] is True
