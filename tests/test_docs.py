"""What the documents name exists, and what must be documented is."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, get_args, get_type_hints

import pytest

from schemas.control_events import AnyEvent
from schemas.events import AnnulmentReason, CorrectionReason, CountKind, Role
from schemas.rejections import Reason

ROOT = Path(__file__).parent.parent
EVENTS = get_args(AnyEvent)
GLOSSARY = (
    *(
        "rebalance",
        "offset",
        "position",
        "commit",
        "watermark",
        "backpressure",
        "dead letter",
        "at least once",
    ),
    *(
        "redelivery",
        "snapshot",
        "catch-up mode",
        "streaming mode",
        "stage",
        "publisher",
        "lag",
        "retry",
        "timeout",
    ),
    *("batch", "rejected", "TPS", "KPPS", "PPK", "C.Hasil", "D.Hasil", "DPT", "DPTb", "DPK", "PPWP"),
    *("PSU", "PSS", "PSL", "dapil"),
)


def ticked(document: str) -> list[str]:
    """Everything in backticks in a document."""
    return re.findall(r"`([^`\n]+)`", (ROOT / "docs" / document).read_text("utf-8"))


def parts_in(annotation: Any) -> Iterator[type]:
    """The parts of an event that a field's type is made of."""
    if isinstance(annotation, type) and is_dataclass(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from parts_in(inner)


def fields_of(parts: Iterator[type]) -> set[str]:
    """The fields of the parts and of all parts in them."""
    names: set[str] = set()
    for part in parts:
        for name, annotation in get_type_hints(part).items():
            names |= {name} | fields_of(parts_in(annotation))
    return names


def named_tests(document: str) -> list[str]:
    """The tests that a document names."""
    return [name for name in ticked(document) if name.startswith("tests/")]


def test_every_event_field_and_word_is_documented() -> None:
    words = {
        str(word) for kind in (Reason, CorrectionReason, AnnulmentReason, CountKind, Role) for word in kind
    }
    types = {event.__name__ for event in EVENTS}
    fields = fields_of(iter(EVENTS))
    assert {"sha256", "dptb", "l"} <= fields
    assert not (words | types | fields) - set(ticked("events.md"))


def test_every_function_on_the_way_of_a_form_exists() -> None:
    functions = [name for name in ticked("flow.md") if re.fullmatch(r"\w+(\.\w+)+", name)]
    assert functions
    for name in functions:
        assert callable(resolve_name(name)), name


@pytest.mark.parametrize(
    "document", ["architecture.md", "flow.md", "failures.md", "recipes.md", "security.md", "transparency.md"]
)
def test_every_test_that_is_named_exists(document: str) -> None:
    assert named_tests(document)
    for named in named_tests(document):
        path, _, test = named.partition("::")
        assert (ROOT / path).exists(), named
        if not test:
            continue
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, named


def test_every_name_of_code_in_the_glossary_exists() -> None:
    parts = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    names = [
        name
        for name in ticked("glossary.md")
        if re.fullmatch(r"\w+(\.\w+)+", name) and name.partition(".")[0] in parts
    ]
    assert len(names) > len(GLOSSARY)
    for name in names:
        assert resolve_name(name), name


@pytest.mark.parametrize("word", GLOSSARY)
def test_the_glossary_explains_each_word_and_says_where_it_lives(word: str) -> None:
    rows = (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    (row,) = [row for row in rows if row.startswith(f"| {word} |")]
    assert row.count("|") == 4
    assert "`" in row.split("|")[3]


RECIPES = {
    "A rule": "stream_processors/checks/catalogue.py",
    "An event type": "schemas/decode.py",
    "A field of the form": "schemas/forms.py",
    "An importer": "producers/importers/recognition.py",
    "A column of a table": "schemas/tables.py",
    "A command": "rekap/commands/__init__.py",
}


def test_every_file_and_name_of_the_recipes_exists() -> None:
    named = ticked("recipes.md")
    files = [name for name in named if re.fullmatch(r"[\w-]+(/[\w.-]+)+", name)]
    assert len(files) > len(RECIPES)
    assert [name for name in files if not (ROOT / name).exists()] == []
    parts = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    names = [one for one in named if re.fullmatch(r"\w+(\.\w+)+", one) and one.partition(".")[0] in parts]
    assert len(names) > len(RECIPES)
    for name in names:
        assert resolve_name(name) is not None, name


@pytest.mark.parametrize(("recipe", "file"), RECIPES.items())
def test_a_recipe_names_its_files_and_tests(recipe: str, file: str) -> None:
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8").split(f"\n## {recipe}\n")[1].split("\n## ")[0]
    assert f"`{file}`" in text
    assert "::test_" in text


def linked(document: Path) -> dict[str, str]:
    """The text of each link to a file, by the path that it leads to from the repository's root."""
    found = {}
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8")):
        if "://" not in target:
            found[str((document.parent / target).resolve().relative_to(ROOT.resolve()))] = text
    return found


DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    assert [target for target in linked(document) if not (ROOT / target).exists()] == []


def test_the_index_links_every_document_with_a_line_about_it() -> None:
    index = ROOT / "docs" / "README.md"
    links = linked(index)
    documents = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md") if path != index}
    assert {target for target in links if re.fullmatch(r"docs/[^/]+", target)} == documents
    for document in documents:
        name = document.removeprefix("docs/")
        assert re.search(rf"^\| \[{name}\]\({name}\) \| .{{20,}} \|$", index.read_text("utf-8"), re.MULTILINE)


def test_the_index_links_every_decision_by_its_title() -> None:
    titles = {
        str(path.relative_to(ROOT)): path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        for path in (ROOT / "docs" / "decisions").glob("*.md")
    }
    links = linked(ROOT / "docs" / "README.md")
    assert {target: text for target, text in links.items() if "/decisions/" in target} == titles


def test_the_readme_leads_to_index_and_architecture() -> None:
    assert {"docs/README.md", "docs/architecture.md"} <= linked(ROOT / "README.md").keys()


def test_api_pages_are_made_of_every_package_that_is_installed() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (documented,) = re.findall(r"^DOCUMENTED := (.+)$", makefile, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    installed = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert documented.split() == sorted(name.removesuffix("*") for name in installed)
    assert re.search(r"^api-pages/$", (ROOT / ".gitignore").read_text("utf-8"), re.MULTILINE)
