"""Which of the two languages the user reads: asked for, said in the environment, or that of the locale.

Data is the same in both; only what is meant for people changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.language import Language

VARIABLE: Final = "REKAP_LANG"
VALUED: Final = ("--lang", "--data")
"""Options before the subcommand whose value may stand in the next argument."""
LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which POSIX lets one override the next."""


def of_environment(environment: Mapping[str, str]) -> Language:
    """Indonesian where REKAP_LANG or the locale says so, otherwise English."""
    named = environment.get(VARIABLE, "").lower()
    if named in ("id", "en"):
        return "id" if named == "id" else "en"
    locale = next((environment[name] for name in LOCALE_VARIABLES if environment.get(name)), "")
    return "id" if locale.lower().startswith("id") else "en"


def asked_for(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of this run, known before anything is parsed: help and errors are in it too."""
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            break  # a subcommand: what follows is its own
        value = argument.partition("=")[2] if "=" in argument else ""
        if argument in VALUED:
            value = next(rest, "")
        if argument.startswith("--lang") and value in ("id", "en"):
            return "id" if value == "id" else "en"
    return of_environment(environment)
