"""What all subcommands share of one run: the language, the data directory, and how to speak to the user.

Sentences go to stderr; stdout is for what was asked for.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rekap.terminal import echo, echo_lines
from rekap.text.language import of_environment
from schemas.language import Language, Text
from schemas.text import quoted, visible

if TYPE_CHECKING:
    from schemas.data_directory import DataDirectory
    from schemas.elections import Contest, Election

DATA_VARIABLE: Final = "REKAP_DATA"
DEMO_DIRECTORY: Final = Path("demo-data")

DONE: Final = Text(id="Selesai.", en="Done.")
"""The last word of a process that was told to end, and did."""


@dataclass
class Session:
    """One run of the command line."""

    language: Language = field(default_factory=lambda: of_environment(os.environ))
    data: Path | None = None

    @property
    def path(self) -> Path:
        """The data directory that was named. Raises UsageError when none was."""
        if self.data is None:
            demo = DEMO_DIRECTORY.is_dir()
            raise click.UsageError(
                self.text(
                    Text(
                        id=f"Sebutkan direktori data: rekap --data DIR ..., atau isi {DATA_VARIABLE}."
                        + (f" Milik demo: --data {DEMO_DIRECTORY}." if demo else ""),
                        en=f"Name the data directory: rekap --data DIR ..., or set {DATA_VARIABLE}."
                        + (f" That of the demo: --data {DEMO_DIRECTORY}." if demo else ""),
                    )
                )
            )
        return self.data

    @cached_property
    def directory(self) -> DataDirectory:
        """The count in the data directory. Raises DirectoryMissing when `init` has not been run there."""
        from schemas.data_directory import DataDirectory

        return DataDirectory.open(self.path)

    @property
    def election(self) -> Election:
        """The election of the data directory."""
        return self.directory.election

    def region_name(self, region: str) -> str | None:
        """What the register calls the region; None when it has no such region."""
        found = self.directory.registry.region(region)
        return None if found is None else found.name

    def contest(self, named: str | None) -> Contest:
        """The contest of that name in any case of letters; None: the first one. Raises BadParameter."""
        from schemas.elections import UnknownContest

        if named is None:
            return self.election.contests[0]
        try:
            return self.election.contest(named)
        except UnknownContest as error:
            raise click.BadParameter(self.text(error.said), param_hint="--contest") from None

    def contests(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of the contests of those names, () for all; `BUP-*` names those that begin so. Raises
        BadParameter."""
        return tuple(dict.fromkeys(one for name in named for one in self._matching(name)))

    def _matching(self, named: str) -> list[str]:
        if "*" not in named:
            return [self.contest(named).id]
        pattern = named.lower()
        found = [one.id for one in self.election.contests if fnmatchcase(one.id.lower(), pattern)]
        if not found:
            raise click.BadParameter(
                self.text(
                    Text(
                        id=f"tidak ada pemilihan yang cocok dengan '{quoted(named)}'.",
                        en=f"no contest matches '{quoted(named)}'.",
                    )
                ),
                param_hint="--contest",
            )
        return found

    def text(self, said: Text) -> str:
        """The sentence in the user's language."""
        return said.within(self.language)

    def say(self, said: Text) -> None:
        """Write a sentence to stderr, its lines broken between words where that is a terminal."""
        text = self.text(said)
        if self.watched:
            text = textwrap.fill(visible(text), shutil.get_terminal_size().columns, break_long_words=False)
            echo_lines(text, err=True)
        else:
            echo(text, err=True)

    @property
    def watched(self) -> bool:
        """Whether somebody looks at stderr: only then are progress bars drawn there."""
        return sys.stderr.isatty()


def session_of(context: click.Context) -> Session:
    """The run that `context` belongs to."""
    return context.ensure_object(Session)


pass_session = click.make_pass_decorator(Session, ensure=True)
"""Gives a command's function its Session as first argument."""
