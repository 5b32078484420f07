"""Responses of Sirekap, KPU's result site of 2024, each about one polling station and contest.

Snapshots of one station are put in the order of their `ts`, which is when the page was made and not when the
form was submitted: `occurred_at` stays absent. A response whose votes disappeared annuls the count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from producers.importers.lineage import StationLine
from producers.importers.observed import Observed
from producers.importers.pages import Shown, records_of
from producers.importers.problems import RecordInvalid
from producers.importers.sirekap_contests import Contests
from producers.importers.sirekap_files import ResponseFile, StationCodes, Zips, find_responses
from producers.importers.sirekap_keys import SOURCE, Keys
from producers.importers.sirekap_response import read_response
from schemas.elections import Election
from schemas.sources import Lineage, SourceRecord, Unreadable

CHUNK_FILES: Final = 500
"""Files in one chunk, and all further snapshots of its last station: some 50 ms of work."""


Key = tuple[str, str | None]
"""A contest and a station; None: the file's name has no station."""


@dataclass(frozen=True, slots=True)
class SirekapChunk:
    """All snapshots of some stations in some contests. `keys` are those of each contest, `constituencies` of
    each contest and station, where the keys need them; `refused` are files whose contest is not known."""

    stations: tuple[tuple[Key, tuple[ResponseFile, ...]], ...]
    events: Mapping[Key, Sequence[bytes]]
    codes: StationCodes
    election: str
    keys: Mapping[str, Keys]
    constituencies: Mapping[Key, str]
    observed: Observed
    refused: tuple[Unreadable, ...] = ()

    @property
    def size(self) -> int:
        """The number of files."""
        return sum(len(entries) for _, entries in self.stations) + len(self.refused)

    def records(self) -> Iterator[SourceRecord]:
        """Its stations in order, the snapshots of each in the order of their time."""
        yield from self.refused
        with Zips() as zips:
            for key, entries in self.stations:
                snapshots: list[tuple[Shown, str]] = []
                for entry in entries:
                    try:
                        snapshots.append((self._shown(key, entry, entry.read(zips)), entry.place))
                    except RecordInvalid as error:
                        yield Unreadable(entry.place, error.said)
                yield from records_of(StationLine(self.events.get(key, ())), snapshots)

    def _shown(self, key: Key, entry: ResponseFile, raw: bytes) -> Shown:
        contest, _ = key
        keys = self.keys[contest]
        try:
            station = self.codes.in_name(entry.name)
        except RecordInvalid:
            # What is no station response at all needs no advice about its name.
            read_response(raw, None, keys)
            raise
        response = read_response(raw, station, keys, self.constituencies.get(key))
        origin: dict[str, Any] = {"record": station, "source": SOURCE}
        origin |= self.observed.times(entry.path, entry.member, response.observed_at)
        return Shown(self.election, contest, station, response.form, response.kind, origin)


class SirekapSource:
    """The responses in these files, folders and zips, all snapshots of a station in a contest together."""

    def __init__(
        self, paths: Sequence[Path], election: Election, contests: Contests, observed: Observed
    ) -> None:
        """Raises SourceInvalid: a damaged zip, a folder without responses."""
        self._codes = StationCodes(election.stations.pattern, election.overseas)
        self._election = election.id
        self._contests = contests
        self._observed = observed
        self._stations: dict[Key, list[ResponseFile]] = {}
        self._refused: list[Unreadable] = []
        with Zips() as zips:
            for entry in find_responses(paths):
                try:
                    self._stations.setdefault(self._key(entry, zips), []).append(entry)
                except RecordInvalid as error:
                    self._refused.append(Unreadable(entry.place, error.said))

    @property
    def size(self) -> int:
        """The number of files."""
        return sum(map(len, self._stations.values())) + len(self._refused)

    def chunks(self, lineage: Lineage) -> Iterator[SirekapChunk]:
        """Its stations, CHUNK_FILES files or a few more at a time."""
        part: list[tuple[Key, tuple[ResponseFile, ...]]] = []
        files = 0
        refused = tuple(self._refused)
        for key, entries in self._stations.items():
            part.append((key, tuple(entries)))
            files += len(entries)
            if files >= CHUNK_FILES:
                yield self._chunk(part, lineage, refused)
                part, files, refused = [], 0, ()
        if part or refused:
            yield self._chunk(part, lineage, refused)

    def _chunk(
        self,
        part: list[tuple[Key, tuple[ResponseFile, ...]]],
        lineage: Lineage,
        refused: tuple[Unreadable, ...],
    ) -> SirekapChunk:
        by_contest: dict[str, list[str]] = {}
        constituencies: dict[Key, str] = {}
        for (contest, station), _ in part:
            stations = by_contest.setdefault(contest, [])
            if station is None:
                continue
            stations.append(station)
            if self._contests.keys[contest].are_local:
                found = self._contests.constituency(contest, station)
                if found is not None:
                    constituencies[contest, station] = found
        return SirekapChunk(
            stations=tuple(part),
            events={
                (contest, station): raws
                for contest, stations in by_contest.items()
                for station, raws in lineage(contest, stations).items()
            },
            codes=self._codes,
            election=self._election,
            keys={contest: self._contests.keys[contest] for contest in by_contest},
            constituencies=constituencies,
            observed=self._observed.only((one.path, one.member) for _, entries in part for one in entries),
            refused=refused,
        )

    def _key(self, entry: ResponseFile, zips: Zips) -> Key:
        """The contest and the station of a file. Raises RecordInvalid where its contest is not known."""
        try:
            station = self._codes.in_name(entry.name)
        except RecordInvalid:
            return next(iter(self._contests.keys)), None  # what is wrong with it is told when it is read
        path = PurePath(entry.path, entry.member or "")
        return self._contests.of(path, station, lambda: entry.read(zips)), station
