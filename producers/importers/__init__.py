"""Other systems' records as events: which importer reads a file is told by its content.

An importer turns each record into one event, or says that it can't and why, or that it says nothing new.
It never guesses a figure and never drops a record silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from producers.importers.commission import CommissionSource
from producers.importers.commission_row import Defaults
from producers.importers.current_rows import Correcting
from producers.importers.observed import read_observed
from producers.importers.problems import SourceInvalid
from producers.importers.reason_file import ReasonFileSource
from producers.importers.recap_file import RecapFileSource
from producers.importers.recognition import KINDS, FileKind, recognise
from producers.importers.sirekap import SirekapSource
from producers.importers.sirekap_contests import Contests
from producers.importers.sirekap_recaps import RecapSource
from producers.importers.situng import SitungSource
from schemas.elections import Contest, Election, UnknownContest
from schemas.events import Role
from schemas.language import LANGUAGES
from schemas.regions import Registry
from schemas.sources import Source
from schemas.text import quoted

__all__ = ["Correcting", "Current", "SourceInvalid", "open_source"]


def open_source(
    paths: Sequence[Path],
    election: Election,
    *,
    registry: Registry | None = None,
    contest: str | None = None,
    observed_at: str | None = None,
    order_by_copy: bool = False,
    certified: bool = False,
    current: Current | None = None,
) -> Source:
    """The records in `paths`, ready to be imported into `election`.

    `contest` names the contest of files that don't name it themselves; `registry` tells which contests are
    held at a station, where files of several are imported; `observed_at` (a time with its zone, or the path
    of a table of files and their times) tells when the source showed what is in them; with
    `order_by_copy` that orders pages which name a time of their own. `certified`: these are pages of
    certified recapitulations, for which the register is needed. With `current` the rows of a commission's
    tables say what the count is now. Raises SourceInvalid for what can't be imported at all, with a text that
    says what can, and OSError.
    """
    observed = read_observed(observed_at, orders=order_by_copy)
    if not paths:
        raise SourceInvalid(
            id="Tidak ada yang dapat diimpor; sebutkan berkas.", en="There is nothing to import; name a file."
        )
    kinds = {path: recognise(path) for path in paths}
    if len({kind.source for kind in kinds.values()}) > 1:
        # Each source groups the records of a station; two sources can't know of each other's.
        told_id, told_en = (
            "; ".join(f"{quoted(path)}: {KINDS[kind].within(language)}" for path, kind in kinds.items())
            for language in LANGUAGES
        )
        raise SourceInvalid(
            id=f"Impor berkas sejenis dalam satu perintah: {told_id}.",
            en=f"Import files of one kind at a time: {told_en}.",
        )
    known = _contest(election, contest)
    if certified and FileKind.RECAP not in kinds.values():  # such a file says itself that it is one
        if any(kind is not FileKind.SIREKAP for kind in kinds.values()) or registry is None:
            raise SourceInvalid(
                id="--certified adalah untuk halaman rekapitulasi Sirekap yang disahkan (pohon hr): berkas "
                ".json, folder berisi berkas itu, .zip berisi berkas itu.",
                en="--certified is for pages of Sirekap's certified recapitulations (tree hr): .json files, "
                "a folder of them, a .zip of them.",
            )
        return RecapSource(paths, election, registry, Contests(election, registry, known), observed)
    if current is not None and next(iter(kinds.values())).source != FileKind.CSV.source:
        raise SourceInvalid(
            id="--current adalah untuk tabel dari komisi; halaman suatu sumber dibandingkan dengan "
            "sendirinya.",
            en="--current is for a commission's tables; a source's pages are compared by themselves.",
        )
    match next(iter(kinds.values())):
        case FileKind.SITUNG:
            return SitungSource(paths, election, (known or election.contest("PPWP")).id, observed)
        case FileKind.SIREKAP:
            return SirekapSource(paths, election, Contests(election, registry, known), observed)
        case FileKind.REASON:
            return ReasonFileSource(paths, election, known.id if known else None)
        case FileKind.RECAP:
            return RecapFileSource(paths, election, known.id if known else None, observed)
        case FileKind.CSV | FileKind.JSONL:
            only = known or (election.contests[0] if len(election.contests) == 1 else None)
            defaults = Defaults(
                election=election.id,
                contests=tuple(one.id for one in election.contests),
                contest=only.id if only else None,
                role=current.role if current else Role.IMPORTER,
                is_current=current is not None,
            )
            tables = [(path, kinds[path] is FileKind.CSV) for path in paths]
            return CommissionSource(
                tables, defaults, observed, current.correcting if current is not None else None
            )


@dataclass(frozen=True, slots=True)
class Current:
    """What holds for all rows of tables that say what the count is now: in what role they are sent, and why a
    count is corrected."""

    correcting: Correcting
    role: Role = Role.IMPORTER


def _contest(election: Election, contest: str | None) -> Contest | None:
    try:
        return None if contest is None else election.contest(contest)
    except UnknownContest as error:
        raise SourceInvalid(id=f"--contest: {error.said.id}", en=f"--contest: {error.said.en}") from None
