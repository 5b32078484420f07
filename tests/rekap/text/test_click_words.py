"""Every sentence of click has one in Indonesian, with the same figures, and wrong usage is said in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from rekap.text.click_words import WORDS
from tests.rekap.conftest import Rekap

FIGURE = re.compile(r"\{[^}]*\}|%\(\w+\)s")
UNUSED = ("_termui_impl.py", "shell_completion.py", "testing.py", "_winconsole.py")


def sentences() -> Iterator[str]:
    """The sentences that click looks up, from its source."""
    assert click.__file__ is not None
    for path in Path(click.__file__).parent.glob("*.py"):
        if path.name in UNUSED:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ("_", "ngettext"):
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value


def test_every_sentence_of_click_is_there() -> None:
    found = set(sentences())
    assert len(found) > 50
    assert found - WORDS.keys() == set()


@pytest.mark.parametrize("english", WORDS)
def test_it_has_the_same_figures(english: str) -> None:
    # What is deprecated is named without its kind.
    figures = set(FIGURE.findall(english)) - {"{param_type}"}
    assert figures == set(FIGURE.findall(WORDS[english])) - {"{param_type}"}


@pytest.mark.parametrize(
    ("line", "indonesian", "english"),
    [
        (("nothing",), "Tidak ada perintah 'nothing'.", "No such command 'nothing'."),
        (("results", "--nothing"), "Tidak ada pilihan", "No such option"),
        (("init",), "Belum ada pilihan '--election'", "Missing option '--election'"),
        (("import",), "Belum ada argumen 'BERKAS...'", "Missing argument 'FILE...'"),
        (("results", "--level", "x"), "bukan salah satu dari 'nation'", "is not one of 'nation'"),
        (("rejected", "--limit", "0"), "0 di luar batas x>=1.", "0 is not in the range x>=1."),
        (("rejected", "--limit", "a"), "'a' bukan bilangan", "'a' is not a valid integer"),
        (("progress", "x"), "Ada argumen yang tidak dikenal (x)", "Got unexpected extra argument (x)"),
        (("init", "--election", "pemilu2024", "--registry", "/no"), "tidak ada", "does not exist"),
    ],
)
def test_wrong_usage_is_said_in_both_languages(
    rekap: Rekap, line: tuple[str, ...], indonesian: str, english: str
) -> None:
    said = rekap("--lang", "id", *line)
    assert said.code == 2
    assert indonesian in said.err
    assert "Cara pakai" in said.err
    assert "Error" not in said.err
    assert "Usage" not in said.err
    assert english in rekap("--lang", "en", *line).err
