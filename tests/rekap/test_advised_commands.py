"""Every `rekap ...` that a sentence of the program names exists, with its action and its options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from rekap.application import application
from rekap.commands import KNOWN

ROOT: Final = Path(__file__).parents[2]
PARTS: Final = sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
NAMED: Final = re.compile(r"\brekap (?:--(?:data|lang) \S+ )*(\w+)((?: (?!rekap\b)[^\s.;:,()`]+)*)")


def sentences(tree: ast.AST) -> Iterator[str]:
    """Every text of a module; a value in one is X."""
    inner = {
        id(one) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for one in ast.walk(node)
    } - {id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def faults(text: str) -> Iterator[str]:
    """What a text names that does not exist."""
    for found in NAMED.finditer(" ".join(text.split())):
        name, words = found[1], found[2].split()
        if name not in KNOWN:
            continue  # prose, such as "a newer rekap that reads"
        command = application.get_command(click.Context(application), name)
        assert command is not None
        options = {
            option
            for one in (*command.params, *application.params)
            if isinstance(one, click.Option)
            for option in (*one.opts, *one.secondary_opts)
        }
        for word in words:
            if word.startswith("--") and word not in options:
                yield f"{found[0]}: {word}"
        first = next((one for one in command.params if isinstance(one, click.Argument)), None)
        if first is None or not isinstance(first.type, click.Choice) or not words:
            continue
        if words[0] not in first.type.choices and words[0].isalpha() and words[0] != "X":
            yield f"{found[0]}: {words[0]}"


def test_what_does_not_exist_is_found() -> None:
    assert list(faults("run rekap verify --brokr X")) == ["rekap verify --brokr X: --brokr"]
    assert list(faults("rekap keys enroll --device KEY"))
    assert list(faults("Run rekap --data X log --format jsonl --output FILE.")) == []


@pytest.mark.parametrize("part", PARTS, ids=lambda path: path.name)
def test_every_command_in_a_sentence_exists(part: Path) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {fault}"
        for path in part.rglob("*.py")
        for text in sentences(ast.parse(path.read_text("utf-8")))
        for fault in faults(text)
    }
    assert found == set()


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name)
def test_every_command_in_the_text_of_a_document_exists(document: Path) -> None:
    named = re.findall(r"`(rekap [^`\n]+)`", document.read_text("utf-8"))
    assert [fault for text in named for fault in faults(text)] == []
