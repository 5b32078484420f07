"""Other systems' records as events: which importer reads a file is told by its content.

An importer turns each record into one event, or says that it can't and why, or that it says nothing new.
It never guesses a figure and never drops a record silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from producers.importers.problems import SourceInvalid, unknown_file
from producers.importers.situng import SitungSource
from producers.importers.situng_file import is_situng
from producers.sources import Source
from schemas.elections import Election
from schemas.events import Time

__all__ = ["SourceInvalid", "open_source"]


def open_source(
    paths: Sequence[Path], election: Election, *, contest: str | None = None, observed_at: str | None = None
) -> Source:
    """The records in `paths`, ready to be imported into `election`.

    `contest` names the contest of files that don't name it themselves; `observed_at` (a time with its zone)
    tells when the source showed what is in files that don't say it. Raises SourceInvalid for what can't be
    imported at all, with a text that says what can, and OSError.
    """
    if observed_at is not None:
        _refuse_bad_time(observed_at)
    if not paths:
        raise SourceInvalid("There is nothing to import; name a file.")
    for path in paths:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                raise unknown_file(path, "is of an unknown kind")
        if not is_situng(path):
            raise unknown_file(path, "lacks columns that an importer needs")
    if contest is None:
        contest = "PPWP"
    try:
        known = election.contest(contest).id
    except KeyError as error:
        raise SourceInvalid(str(error.args[0])) from None
    return SitungSource(paths, election, known, observed_at)


def _refuse_bad_time(text: str) -> None:
    try:
        TypeAdapter(Time).validate_python(text)
    except ValidationError as error:
        raise SourceInvalid(f"--observed-at: {error.errors()[0]['msg']}") from None
