"""docs/importing.md says what the importers do: its columns, its words, its example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from producers.importers import open_source
from producers.importers.commission_columns import FIGURES, TEXTS
from producers.importers.sirekap_response import ADMINISTRATION
from producers.importers.situng_file import COLUMNS
from schemas.elections import load_election
from schemas.events import AnnulmentReason, CorrectionReason, CountKind, Role
from tests.producers.importers.station_log import StationLog
from tests.producers.importers.support import messages, raws, run

TEXT: Final = (Path(__file__).parents[3] / "docs" / "importing.md").read_text(encoding="utf-8")
WORDS: Final = set(re.findall(r"`([^`]+)`", TEXT))


def test_every_column_of_a_commissions_file_is_documented() -> None:
    assert set(TEXTS) <= WORDS
    groups = {re.sub(r"(voters_.*)_[pj]$", r"\1_l", column) for column in FIGURES}
    assert groups <= WORDS


def test_every_word_of_a_column_is_documented() -> None:
    for words in (CountKind, CorrectionReason, AnnulmentReason, Role):
        assert {word.value for word in words} <= WORDS


def test_every_column_that_is_read_of_situng_is_documented() -> None:
    assert set(COLUMNS) <= WORDS


def test_every_figure_that_is_read_of_sirekap_is_documented() -> None:
    patterns = [
        re.escape(word).replace(r"\*", "[lpj]").replace("l/p/j", "[lpj]")
        for line in WORDS
        for word in line.split(", ")
    ]
    for key in ADMINISTRATION:
        assert any(re.fullmatch(pattern, key) for pattern in patterns), key


def test_the_example_imports_as_the_text_says(tmp_path: Path) -> None:
    [example] = re.findall(r"```csv\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "example.csv"
    path.write_text(example, encoding="utf-8")
    records = run(open_source([path], load_election("pemilu2024")))
    logs: dict[str, StationLog] = {}
    for raw, event in zip(raws(records), messages(records), strict=True):
        assert logs.setdefault(event["station"], StationLog()).send(raw) == "accepted"
    assert [len(log.accepted) for log in logs.values()] == [2, 2]
