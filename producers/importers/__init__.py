"""Other systems' records as events: which importer reads a file is told by its content.

An importer turns each record into one event, or says that it can't and why, or that it says nothing new.
It never guesses a figure and never drops a record silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from producers.importers.commission import CommissionSource
from producers.importers.commission_row import Defaults
from producers.importers.observed import read_observed
from producers.importers.problems import SourceInvalid
from producers.importers.recap_file import RecapFileSource
from producers.importers.recognition import FileKind, recognise
from producers.importers.sirekap import SirekapSource
from producers.importers.sirekap_contests import Contests
from producers.importers.sirekap_recaps import RecapSource
from producers.importers.situng import SitungSource
from schemas.elections import Contest, Election
from schemas.regions import Registry
from schemas.sources import Source
from schemas.text import quoted

__all__ = ["SourceInvalid", "open_source"]


def open_source(
    paths: Sequence[Path],
    election: Election,
    *,
    registry: Registry | None = None,
    contest: str | None = None,
    observed_at: str | None = None,
    order_by_copy: bool = False,
    certified: bool = False,
) -> Source:
    """The records in `paths`, ready to be imported into `election`.

    `contest` names the contest of files that don't name it themselves; `registry` tells which contests are
    held at a station, where files of several are imported; `observed_at` (a time with its zone, or the path
    of a table of files and their times) tells when the source showed what is in them; with
    `order_by_copy` that orders pages which name a time of their own. `certified`: these are pages of
    certified recapitulations, for which the register is needed. Raises SourceInvalid for what can't be
    imported at all, with a text that says what can, and OSError.
    """
    observed = read_observed(observed_at, orders=order_by_copy)
    if not paths:
        raise SourceInvalid("There is nothing to import; name a file.")
    kinds = {path: recognise(path) for path in paths}
    if len({kind.source for kind in kinds.values()}) > 1:
        # Each source groups the records of a station; two sources can't know of each other's.
        told = "; ".join(f"{quoted(path)} is {kind.value}" for path, kind in kinds.items())
        raise SourceInvalid(f"Import files of one kind at a time: {told}.")
    known = _contest(election, contest)
    if certified and FileKind.RECAP not in kinds.values():  # such a file says itself that it is one
        if any(kind is not FileKind.SIREKAP for kind in kinds.values()) or registry is None:
            raise SourceInvalid(
                "--certified is for pages of Sirekap's certified recapitulations (tree hr): .json files, a "
                "folder of them, a .zip of them."
            )
        return RecapSource(paths, election, registry, Contests(election, registry, known), observed)
    match next(iter(kinds.values())):
        case FileKind.SITUNG:
            return SitungSource(paths, election, (known or election.contest("PPWP")).id, observed)
        case FileKind.SIREKAP:
            return SirekapSource(paths, election, Contests(election, registry, known), observed)
        case FileKind.RECAP:
            return RecapFileSource(paths, election, known.id if known else None, observed)
        case FileKind.CSV | FileKind.JSONL:
            only = known or (election.contests[0] if len(election.contests) == 1 else None)
            defaults = Defaults(
                election=election.id,
                contests=tuple(one.id for one in election.contests),
                contest=only.id if only else None,
            )
            tables = [(path, kinds[path] is FileKind.CSV) for path in paths]
            return CommissionSource(tables, defaults, observed)


def _contest(election: Election, contest: str | None) -> Contest | None:
    try:
        return None if contest is None else election.contest(contest)
    except KeyError as error:
        raise SourceInvalid(f"--contest: {error.args[0]}") from None
