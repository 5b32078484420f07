"""Responses of Sirekap, KPU's result site of 2024, each about one polling station.

Snapshots of one station are put in the order of their `ts`, which is when the page was made and not when the
form was submitted: `occurred_at` stays absent. A response whose votes disappeared annuls the count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from producers.importers.lineage import StationLine
from producers.importers.observed import Observed
from producers.importers.pages import Shown, records_of
from producers.importers.problems import RecordInvalid, SourceInvalid
from producers.importers.sirekap_files import Entry, StationCodes, Zips, find_entries
from producers.importers.sirekap_response import read_response
from schemas.elections import Contest, Election
from schemas.sources import Lineage, Record, Unreadable
from schemas.text import quoted

SOURCE: Final = "sirekap"

CHUNK_FILES: Final = 500
"""Files in one chunk, and all further snapshots of its last station: some 50 ms of work."""


@dataclass(frozen=True, slots=True)
class SirekapChunk:
    """All snapshots of some stations; entries under None have no station in their name."""

    stations: tuple[tuple[str | None, tuple[Entry, ...]], ...]
    events: Mapping[str, Sequence[bytes]]
    codes: StationCodes
    election: str
    contest: str
    options: Mapping[str, str]
    observed: Observed

    @property
    def size(self) -> int:
        """The number of files."""
        return sum(len(entries) for _, entries in self.stations)

    def records(self) -> Iterator[Record]:
        """Its stations in order, the snapshots of each in the order of their time."""
        with Zips() as zips:
            for station, entries in self.stations:
                snapshots: list[tuple[Shown, str]] = []
                for entry in entries:
                    try:
                        snapshots.append((self._shown(entry, entry.read(zips)), entry.place))
                    except RecordInvalid as error:
                        yield Unreadable(entry.place, error.said)
                yield from records_of(StationLine(self.events.get(station or "", ())), snapshots)

    def _shown(self, entry: Entry, raw: bytes) -> Shown:
        try:
            station = self.codes.in_name(entry.name)
        except RecordInvalid:
            # What is no station response at all needs no advice about its name.
            read_response(raw, None, self.options)
            raise
        response = read_response(raw, station, self.options)
        origin: dict[str, Any] = {"record": station, "source": SOURCE}
        origin |= self.observed.times(entry.path, entry.member, response.observed_at)
        return Shown(self.election, self.contest, station, response.form, response.kind, origin)


class SirekapSource:
    """The responses in these files, folders and zips, all snapshots of a station together."""

    def __init__(
        self, paths: Sequence[Path], election: Election, contest: Contest, observed: Observed
    ) -> None:
        """Raises SourceInvalid: a damaged zip, a folder without responses, a contest that Sirekap lacks."""
        self._options = contest.sources.get(SOURCE)
        if self._options is None:
            raise SourceInvalid(
                id=f"Definisi {quoted(election.id)} tidak menyebutkan kunci Sirekap mana yang berarti "
                "pilihan "
                f"{quoted(contest.id)}; tambahkan di bawah sources.sirekap, atau pilih yang lain dengan "
                "--contest.",
                en=f"The definition of {quoted(election.id)} does not say which of Sirekap's keys stand for "
                f"the options of {quoted(contest.id)}; add them there under sources.sirekap, or choose "
                "another with --contest.",
            )
        self._codes = StationCodes(election.stations.pattern, election.overseas)
        self._election = election.id
        self._contest = contest.id
        self._observed = observed
        self._stations: dict[str | None, list[Entry]] = {}
        for entry in find_entries(paths):
            self._stations.setdefault(self._station(entry), []).append(entry)

    @property
    def size(self) -> int:
        """The number of files."""
        return sum(map(len, self._stations.values()))

    def chunks(self, lineage: Lineage) -> Iterator[SirekapChunk]:
        """Its stations, CHUNK_FILES files or a few more at a time."""
        part: list[tuple[str | None, tuple[Entry, ...]]] = []
        files = 0
        for station, entries in self._stations.items():
            part.append((station, tuple(entries)))
            files += len(entries)
            if files >= CHUNK_FILES:
                yield self._chunk(part, lineage)
                part, files = [], 0
        if part:
            yield self._chunk(part, lineage)

    def _chunk(self, part: list[tuple[str | None, tuple[Entry, ...]]], lineage: Lineage) -> SirekapChunk:
        return SirekapChunk(
            stations=tuple(part),
            events=lineage(self._contest, [station for station, _ in part if station is not None]),
            codes=self._codes,
            election=self._election,
            contest=self._contest,
            options=self._options or {},
            observed=self._observed.only((one.path, one.member) for _, entries in part for one in entries),
        )

    def _station(self, entry: Entry) -> str | None:
        try:
            return self._codes.in_name(entry.name)
        except RecordInvalid:
            return None
