"""The command `rekap` as a whole: its options before the subcommand, and how a run ends.

Nothing that a subcommand needs is imported here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from rekap.command import Group, Option
from rekap.commands import KNOWN
from rekap.failures import DONE, exit_code
from rekap.session import DATA_VARIABLE, Session, pass_session
from rekap.terminal import echo, guard_stderr
from rekap.text.click_words import speak
from rekap.text.language import VARIABLE, asked_for
from schemas.language import Language, Text
from schemas.version import program_version

ABOUT = Text(
    id="Dari kiriman hasil TPS sampai rekapitulasi yang tepat di setiap tingkat, di satu mesin.\n\n"
    "Untuk melihatnya bekerja: rekap demo. Setiap perintah menjelaskan diri dengan --help.",
    en="From polling-station counts to exact results at every level, on one machine.\n\n"
    "To see it work: rekap demo. Every command explains itself with --help.",
)
DATA_HELP = Text(
    id=f"Direktori data penghitungan ini; atau isi {DATA_VARIABLE}.",
    en=f"The data directory of the count; or set {DATA_VARIABLE}.",
)
LANG_HELP = Text(
    id=f"Bahasa: Indonesia (id) atau Inggris (en); atau isi {VARIABLE}.",
    en=f"Language: Indonesian (id) or English (en); or set {VARIABLE}.",
)


VERSION_HELP = Text(id="Sebutkan versi program ini.", en="Say which version this is.")


def _say_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        echo(f"rekap {program_version()}")
        context.exit()


@pass_session
def _begin(session: Session, data: Path | None, lang: str | None) -> None:
    session.data = data or session.data
    if lang is not None:
        session.language = "id" if lang == "id" else "en"


application = Group(
    "rekap",
    ABOUT,
    KNOWN,
    callback=_begin,
    params=[
        # Whose directory it is, is said with its account when it is opened, and not by click.
        Option(
            ["--data"],
            DATA_HELP,
            type=click.Path(path_type=Path, readable=False),
            metavar="DIR",
            envvar=DATA_VARIABLE,
        ),
        Option(["--lang"], LANG_HELP, type=click.Choice(["id", "en"])),
        Option(
            ["--version"],
            VERSION_HELP,
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_say_version,
        ),
    ],
)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; what it says goes to stdout and stderr. Returns the exit code."""
    language: Language = asked_for(arguments, os.environ)
    session = Session(language)
    guard_stderr()
    speak(language)
    try:
        # Not `application.main`: click would decide itself what a closed pipe and Ctrl-C mean.
        with application.make_context("rekap", list(arguments), obj=session) as context:
            result = application.invoke(context)
            sys.stdout.flush()
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except BaseException as error:
        return exit_code(error, session)
    return result if isinstance(result, int) else DONE
