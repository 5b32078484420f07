"""Certified recapitulations as Sirekap shows them, each page as the RecapCertified of its region.

Pages of a region are put in the order of their time. A page that says what is in force is nothing new, one
with other figures replaces what an earlier page said; what others certified is never replaced by a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Final

from producers.importers.accepted import Document, moment
from producers.importers.observed import Observed
from producers.importers.problems import RecordInvalid, unreadable
from producers.importers.sirekap_contests import Contests
from producers.importers.sirekap_files import ResponseFile, Zips, find_responses
from producers.importers.sirekap_keys import SOURCE
from producers.importers.sirekap_recap import Places, cells_of, level_of, read_page
from schemas.ballots import Ballots
from schemas.decode import Decoded, decode, encode
from schemas.elections import Election
from schemas.events import SCHEMA_VERSION, RecapCertified, Role
from schemas.regions import Registry
from schemas.sources import Lineage, Message, NothingNew, SourceRecord, Unreadable
from stream_processors.station import NOTHING_YET, Accepted, decide, proposal_of

CHUNK_REGIONS: Final = 500
"""Regions in one chunk."""

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)

Key = tuple[str, str]
"""A contest and a region."""


@dataclass(frozen=True, slots=True)
class Page:
    """The cells that a page shows, where it lies, and the event's origin with its times."""

    cells: Document
    place: str
    origin: Document

    @property
    def at(self) -> datetime:
        """The time that orders it; unknown ones come first."""
        return moment(self.origin.get("observed_at")) or _EARLIEST


@dataclass(frozen=True, slots=True)
class RecapChunk:
    """The pages of some regions, with the documents that the log has of each, oldest first."""

    election: str
    regions: tuple[tuple[Key, tuple[Page, ...]], ...]
    events: Mapping[Key, Sequence[bytes]]
    refused: tuple[Unreadable, ...] = ()

    @property
    def size(self) -> int:
        """The number of files."""
        return sum(len(pages) for _, pages in self.regions) + len(self.refused)

    def records(self) -> Iterator[SourceRecord]:
        """Its regions in order, the pages of each in the order of their time."""
        yield from self.refused
        for key, pages in self.regions:
            accepted = _accepted(self.events.get(key, ()))
            for page in sorted(pages, key=lambda page: (page.at, page.place)):
                record = self._record(key, page, accepted)
                if isinstance(record, Message):
                    accepted = _accepted([record.raw], accepted)
                yield record

    def _record(self, key: Key, page: Page, accepted: Sequence[Decoded]) -> SourceRecord:
        if not page.cells["votes"]:
            return NothingNew(page.place, empty=True)
        if not accepted:
            return Message(self._event(key, page, None), page.place)
        last = accepted[-1]
        if _cells(last) == page.cells:
            return NothingNew(page.place, empty=False)
        if _source(last) != SOURCE:  # others certified something else: the log rejects it, and people decide
            return Message(self._event(key, page, None), page.place)
        if page.at > _at(last):
            return Message(self._event(key, page, last.event_id), page.place)
        if any(_cells(one) == page.cells for one in accepted):
            return NothingNew(page.place, empty=False, superseded=True)
        return unreadable(
            page.place,
            id="Halaman ini tidak lebih baru daripada yang berlaku dan angkanya lain; sebutkan waktunya "
            "dengan --observed-at jika halaman ini lebih baru.",
            en="This page is not newer than the one in force, and has other figures; give its time with "
            "--observed-at if it is newer.",
        )

    def _event(self, key: Key, page: Page, supersedes: str | None) -> bytes:
        contest, region = key
        payload: dict[str, Any] = {
            "document": f"Sirekap hr {contest} {region}",
            "cells": page.cells,
            "origin": page.origin,
        }
        if supersedes is not None:
            payload["supersedes"] = supersedes
        return encode(
            {
                "contest": contest,
                "election": self.election,
                "payload": payload,
                "region": region,
                "schema_version": SCHEMA_VERSION,
                "submitted_by": {"officer": SOURCE, "role": Role.IMPORTER.value},
                "type": "RecapCertified",
            }
        )


class RecapSource:
    """The pages in these files, folders and zips, all of a region and contest together."""

    def __init__(
        self,
        paths: Sequence[Path],
        election: Election,
        registry: Registry,
        contests: Contests,
        observed: Observed,
    ) -> None:
        """Raises SourceInvalid: a damaged zip, a folder without pages."""
        self._election = election
        self._contests = contests
        self._observed = observed
        self._numbers = {contest.id: number for number, contest in enumerate(election.contests)}
        self._places = Places(registry, Ballots(election, registry))
        self._entries = list(find_responses(paths))

    @property
    def size(self) -> int:
        """The number of files."""
        return len(self._entries)

    def chunks(self, lineage: Lineage) -> Iterator[RecapChunk]:
        """Its regions, CHUNK_REGIONS at a time. A nation has 8,000 pages down to the sub-districts: they are
        read here."""
        pages: dict[Key, list[Page]] = {}
        refused: list[Unreadable] = []
        with Zips() as zips:
            for entry in self._entries:
                try:
                    key, page = self._page(entry, entry.read(zips))
                    pages.setdefault(key, []).append(page)
                except RecordInvalid as error:
                    refused.append(Unreadable(entry.place, error.said))
        regions = [(key, tuple(some)) for key, some in pages.items()]
        for first in range(0, max(len(regions), 1), CHUNK_REGIONS):
            part = tuple(regions[first : first + CHUNK_REGIONS])
            yield RecapChunk(self._election.id, part, _events(lineage, part), () if first else tuple(refused))

    def _page(self, entry: ResponseFile, raw: bytes) -> tuple[Key, Page]:
        path = PurePath(entry.path, entry.member or "")
        registry = self._places.registry
        page = read_page(raw, path, self._places)
        region = registry.ids[page.region]
        level = level_of(registry, page.region)
        if level not in self._election.certified:
            levels = ", ".join(self._election.certified)
            raise RecordInvalid(
                id=f"{region} berada di tingkat {level}, yang tidak punya rekapitulasi sendiri dalam "
                f"pemilihan ini ({levels}). Jika punya, sebutkan dalam certified_levels pada definisi "
                f"pemilihan.",
                en=f"{region} is of the level {level}, which has no recapitulation of its own in this "
                f"election ({levels}). If it has, name the level in certified_levels of the election's "
                f"definition.",
            )
        contest = self._contests.of_region(path, page.region, page.keys)
        cells = cells_of(page, self._numbers[contest], self._contests.keys[contest], self._places)
        origin = {"record": region, "source": SOURCE}
        origin |= self._observed.times(entry.path, entry.member, page.made_at)
        return (contest, region), Page(cells, entry.place, origin)


def _events(lineage: Lineage, regions: Sequence[tuple[Key, Any]]) -> dict[Key, Sequence[bytes]]:
    by_contest: dict[str, list[str]] = {}
    for (contest, region), _ in regions:
        by_contest.setdefault(contest, []).append(region)
    return {
        (contest, region): raws
        for contest, some in by_contest.items()
        for region, raws in lineage(contest, some).items()
    }


def _accepted(raws: Sequence[bytes], before: Sequence[Decoded] = ()) -> list[Decoded]:
    """The documents that are accepted, oldest first, by the rule by which the log accepts them."""
    accepted: list[Decoded] = []
    lineage = NOTHING_YET
    for decoded in (*before, *map(decode, raws)):
        decision = decide(lineage, proposal_of(decoded))
        if isinstance(decision, Accepted):
            lineage = decision.lineage
            accepted.append(decoded)
    return accepted


def _cells(document: Decoded) -> Document:
    assert isinstance(document.event, RecapCertified)
    cells = document.event.payload.cells
    sums = {"valid": cells.valid, "invalid": cells.invalid, "voters": cells.voters}
    return {"votes": cells.votes} | {name: cell for name, cell in sums.items() if cell is not None}


def _source(document: Decoded) -> str | None:
    origin = document.report.payload.origin
    return origin.source if origin is not None else None


def _at(document: Decoded) -> datetime:
    origin = document.report.payload.origin
    return moment(origin.observed_at if origin is not None else None) or _EARLIEST
