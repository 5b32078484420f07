"""Help and usage in Indonesian have no English word for a value."""

from __future__ import annotations

import re
from typing import Final

import pytest

from rekap.commands import KNOWN
from rekap.text.placeholders import WORDS
from tests.rekap.conftest import Rekap

THE_SAME: Final = {"DIR", "HOST", "ID", "N", "PORT", "URL"}
"""In both languages."""


@pytest.mark.parametrize("command", [None, *KNOWN])
def test_no_placeholder_is_english(rekap: Rekap, command: str | None) -> None:
    named = [] if command is None else [command]
    told = rekap("--lang", "id", *named, "--help").out
    usage, _, rest = told.partition("\n\n")
    options = re.findall(r"^  (-.*?)(?:  |$)", rest.partition("Pilihan:")[2], re.MULTILINE)
    found = {word for line in (usage, *options) for word in re.findall(r"\b[A-Z_]{2,}\b", line)}
    assert "PILIHAN" in found
    assert found - THE_SAME <= {word for words in WORDS.values() for word in words.split("|")}
    english = rekap("--lang", "en", *named, "--help").out
    assert "[OPTIONS]" in english.partition("\n\n")[0]


def test_wrong_usage_names_them_in_the_same_words(rekap: Rekap) -> None:
    assert "'TPS|WILAYAH'" in rekap("--lang", "id", "history").err
    assert "'UNIT'" in rekap("--lang", "en", "history").err
