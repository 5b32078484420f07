"""Every sentence that can be raised for people is in both languages, with the same figures, and is ours.

The source of every module is gone through: whatever is raised as an error that the command line shows, and
whatever is made of a pair of sentences anywhere.
"""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from rekap.failures import KINDS
from schemas.language import ExplainedError, Text
from schemas.regions import RegistryInvalid
from tests.test_architecture import modules

OUTSIDE: Final = ("tests", "benchmarks", "devtools")
LIBRARY: Final = re.compile(r"Value error|Input should|usage:|validation error", re.IGNORECASE)
WORD: Final = re.compile(r"[A-Za-z]{3,}")
SAME_IN_BOTH: Final = 4
"""Words of a sentence that may be the same in both languages: names of columns, options and commands."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a product module."""
    for module, path in modules().items():
        if not module.startswith(OUTSIDE):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield module, node


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def pairs() -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """Every pair of sentences, of whatever it is made: the module and line, the Indonesian and the "
    "English."""
    for module, call in calls():
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if {"id", "en"} <= given.keys():
            yield f"{module}:{call.lineno}", given["id"], given["en"]
        elif name_of(call) == "Text" and len(call.args) == 2:
            yield f"{module}:{call.lineno}", call.args[0], call.args[1]


def literal(node: ast.expr) -> str | None:
    """The text of a sentence, with what is filled in as {}; None where it is put together elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def explained() -> set[str]:
    """The names of all errors that carry a sentence in both languages."""
    for module in modules():
        if not module.startswith(OUTSIDE) and not module.endswith("__main__"):
            import_module(module)
    waiting, found = [ExplainedError], set()
    while waiting:
        kind = waiting.pop()
        found.add(kind.__name__)
        waiting += kind.__subclasses__()
    return found


@pytest.mark.parametrize(
    ("module", "name"), [key for key in KINDS if not key[0].startswith("clickhouse_connect")]
)
def test_every_error_that_is_shown_carries_a_sentence(module: str, name: str) -> None:
    kind = getattr(import_module(module), name)
    source = Path(str(import_module(kind.__module__).__file__)).read_text(encoding="utf-8")
    assert issubclass(kind, ExplainedError) or "self.said = " in source, name


def test_no_error_for_people_is_raised_with_one_language() -> None:
    names = explained()
    alone = [
        f"{module}:{call.lineno}"
        for module, call in calls()
        if name_of(call) in names and call.args and isinstance(call.args[0], (ast.Constant, ast.JoinedStr))
    ]
    assert alone == []


def test_each_pair_fills_in_as_many_figures_and_none_is_left_untranslated() -> None:
    odd = []
    for place, indonesian, english in pairs():
        one, other = literal(indonesian), literal(english)
        if one is None or other is None:
            continue
        if (bool(re.search(r"\{\w*\}", one)) != bool(re.search(r"\{\w*\}", other))) or LIBRARY.search(
            one + other
        ):
            odd.append((place, one, other))
        words = WORD.findall(other)
        if one == other and len(words) > SAME_IN_BOTH:
            odd.append((place, one, other))
    assert odd == []


def test_pairs_are_found() -> None:
    assert len(list(pairs())) > 500


def test_no_sentence_quotes_what_a_library_says_of_a_value() -> None:
    """pydantic, csv, json and re speak English, to programmers: their words stand in no pair."""
    quoting = [
        f"{module}:{call.lineno}"
        for module, call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "errors"
        and module not in ("schemas.validation_words",)
        and not call.args
    ]
    assert quoting == []


def test_errors_of_other_processes_arrive_whole() -> None:
    error = RegistryInvalid(id="satu", en="one")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.said, str(again)) == (RegistryInvalid, Text("satu", "one"), "one")
