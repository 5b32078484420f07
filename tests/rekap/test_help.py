"""Help: every command has examples that parse, and none of the heavy libraries is read to show it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from rekap.application import application
from rekap.command import Command
from rekap.commands import KNOWN
from rekap.session import Session
from tests.rekap.conftest import Rekap

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CALL = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?rekap( .*)?$")

HEAVY = (
    "clickhouse_connect",
    "chdb",
    "kafka",
    "faust",
    "pyarrow",
    "numpy",
    "rich",
    "pydantic",
    "yaml",
    "stream_processors",
)


def loaded(name: str) -> Command:
    command = application.get_command(click.Context(application), name)
    assert isinstance(command, Command)
    return command


def parse(line: str) -> None:
    """Parse a command line as far as click does. Raises UsageError when it could never work."""
    arguments = shlex.split(line, comments=True)
    # A shell takes these away before rekap sees them.
    arguments = arguments[
        : next((i for i, one in enumerate(arguments) if one in ("|", ">", "&", "&&")), None)
    ]
    context = application.make_context("rekap", arguments, obj=Session("en"))
    name, command, rest = application.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    command.make_context(name, rest, parent=context)


def test_every_command_is_listed_and_every_module_is_a_command() -> None:
    folder = Path(import_module("rekap.commands").__file__ or "").parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {"importing" if name == "import" else name for name in KNOWN}
    assert application.list_commands(click.Context(application)) == list(KNOWN)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("name", KNOWN)
def test_every_command_explains_itself_with_examples(rekap: Rekap, name: str, language: str) -> None:
    ran = rekap("--lang", language, name, "--help")
    assert (ran.code, ran.err) == (0, "")
    text = " ".join(ran.out.split())
    assert KNOWN[name].within("id" if language == "id" else "en") in text
    assert {"en": "Examples:", "id": "Contoh:"}[language] in ran.out
    for example in loaded(name).examples:
        assert f"  {example}\n" in ran.out
    for parameter in loaded(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in ran.out


@pytest.mark.parametrize("name", KNOWN)
def test_examples_are_command_lines_that_parse(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("regions.csv", "tps.parquet"):
        (tmp_path / file).touch()
    for example in loaded(name).examples:
        assert example.startswith("rekap ")
        assert f" {name}" in example
        parse(example.removeprefix("rekap "))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_command_lines_in_the_documentation_parse(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fenced = False
    for line in document.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        found = CALL.match(line)
        if fenced and found and found[1]:
            for file in re.findall(r"--(?:registry|stations|candidates)[ =](\S+)", found[1]):
                (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / file).touch()
            parse(found[1].strip())


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## rekap (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(KNOWN)
    for name, section in sections.items():
        options = {
            option
            for parameter in loaded(name).params
            if isinstance(parameter, click.Option)
            for option in parameter.opts
            if option.startswith("--")
        }
        assert set(re.findall(r"--[a-z][a-z-]*", section)) >= options, name
        documented = set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))
        assert documented <= options, name


@pytest.mark.parametrize(
    "line", ["--help", "results --help", "import --help", "topics --help", "--lang id demo --help"]
)
def test_help_reads_no_heavy_library(line: str) -> None:
    script = (
        "import sys\nfrom rekap.application import run\n"
        f"code = run({line.split()!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "[]\n"
