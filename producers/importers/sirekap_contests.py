"""Which contest a response of Sirekap is about: told by its folder, by where it is held, and by its keys.

A response does not name its contest. Where nothing tells it, the response is refused; it is never tried as
another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Final

from producers.importers.problems import RecordInvalid, SourceInvalid
from producers.importers.sirekap_keys import NOT_OPTIONS, SOURCE, Keys, keys_of
from producers.importers.sirekap_response import LOCAL, read_json
from schemas.ballots import Ballots
from schemas.elections import Contest, ContestKind, Election, Scope
from schemas.regions import Registry
from schemas.text import quoted

FOLDERS: Final = {
    "ppwp": "PPWP",
    "pdpr": "DPR",
    "pdpd": "DPD",
    "pdprdp": "DPRD-PROV",
    "pdprdk": "DPRD-KABKO",
}
"""The contests of the general election by the folder of Sirekap's addresses."""
LOCAL_FOLDERS: Final = {"pkwkp": Scope.PROVINCE, "pkwkk": Scope.DISTRICT}
"""The scope of local pairs by that folder."""


class Contests:
    """The contests of an election whose keys in Sirekap are known."""

    def __init__(self, election: Election, registry: Registry | None, only: Contest | None) -> None:
        """`only`: the contest that the user named. Raises SourceInvalid where no keys are known."""
        self._registry = registry
        self._election = election
        self._numbers = {contest.id: number for number, contest in enumerate(election.contests)}
        chosen = election.contests if only is None else (only,)
        self.keys: dict[str, Keys] = {
            contest.id: keys for contest in chosen if (keys := keys_of(contest)) is not None
        }
        named = [contest.id for contest in chosen if SOURCE in contest.sources]
        if not named and (only is None or not self.keys):
            one = only or election.contests[0]
            raise SourceInvalid(
                id=f"Definisi {quoted(election.id)} tidak menyebutkan kunci Sirekap mana yang berarti "
                f"pilihan {quoted(one.id)}; tambahkan di bawah sources.sirekap, atau pilih yang lain dengan "
                "--contest.",
                en=f"The definition of {quoted(election.id)} does not say which of Sirekap's keys stand for "
                f"the options of {quoted(one.id)}; add them there under sources.sirekap, or choose "
                "another with --contest.",
            )
        self._only = only.id if only is not None else None
        self._usual = named
        self._folders: dict[str, list[str]] = {}
        for contest in chosen:
            if contest.id in self.keys:
                for word in _folder_words(contest):
                    self._folders.setdefault(word, []).append(contest.id)

    def of(self, path: PurePath, station: str, raw: Callable[[], bytes]) -> str:
        """The contest of the response at `path` about that station; `raw` is called for its bytes where
        nothing else tells it. Raises RecordInvalid."""
        return self._told(path, lambda some: self._held(some, station), lambda: _chart_keys(raw()))

    def of_region(self, path: PurePath, region: int, keys: set[str]) -> str:
        """The contest of a page about the region at that index, with those keys. Raises RecordInvalid."""
        return self._told(path, lambda some: self._held_in(some, region), lambda: keys)

    def _told(
        self,
        path: PurePath,
        held: Callable[[Sequence[str]], list[str]],
        chart_keys: Callable[[], set[str]],
    ) -> str:
        if self._only is not None:
            return self._only
        folders = (self._folders.get(part.lower()) for part in reversed(path.parts[:-1]))
        possible = next(filter(None, folders), self._usual)  # the nearest folder that names any
        if len(possible) > 1:
            possible = held(possible)
        if len(possible) > 1:
            keys = chart_keys()
            possible = [one for one in possible if keys and keys <= self.keys[one].options.keys()]
        if len(possible) == 1:
            return possible[0]
        raise RecordInvalid(
            id="Folder, TPS, dan kunci chart tidak menentukan jawaban ini tentang pemilihan mana. Sebutkan "
            "dengan --contest, atau simpan dalam folder bernama pemilihannya.",
            en="Its folder, its station and the keys of its chart do not tell which contest this response is "
            "about. Name it with --contest, or save it in a folder with the name of its contest.",
        )

    def constituency(self, contest: str, station: str) -> str | None:
        """The constituency in which a station votes; None where the register does not tell it."""
        village = self._village(station)
        if village is None or self._ballots is None:
            return None
        ballot = self._ballots.of(self._numbers[contest], village)
        return None if ballot is None else ballot.constituency

    @cached_property
    def _ballots(self) -> Ballots | None:
        return None if self._registry is None else Ballots(self._election, self._registry)

    @cached_property
    def _held_at(self) -> dict[int, set[str]]:
        """By village the contests that are held there."""
        found: dict[int, set[str]] = {}
        if self._ballots is not None:
            for contest in self.keys:
                for region, _ in self._ballots.held(self._numbers[contest]):
                    found.setdefault(region, set()).add(contest)
        return found

    def _held(self, contests: Sequence[str], station: str) -> list[str]:
        village = self._village(station)
        if village is None:
            return list(contests)
        held = self._held_at.get(village, set())
        return [one for one in contests if one in held]

    def _held_in(self, contests: Sequence[str], region: int) -> list[str]:
        if self._ballots is None:
            return list(contests)
        return [one for one in contests if self._ballots.of_region(self._numbers[one], region)]

    def _village(self, station: str) -> int | None:
        found = self._registry.station(station) if self._registry is not None else None
        return None if found is None else found.village


def _folder_words(contest: Contest) -> Iterable[str]:
    yield contest.id.lower()
    for word, one in FOLDERS.items():
        if one == contest.id and one.lower() != word:
            yield word
    for word, scope in LOCAL_FOLDERS.items():
        if contest.kind is ContestKind.LOCAL_PAIRS and contest.scope is scope:
            yield word


def _chart_keys(raw: bytes) -> set[str]:
    """The keys of the chart; none where it has none. Raises RecordInvalid."""
    document = read_json(raw)
    if isinstance(document, dict) and isinstance(document.get(LOCAL), dict):
        document = document[LOCAL]
    chart = document.get("chart") if isinstance(document, dict) else None
    return set(chart) - set(NOT_OPTIONS) if isinstance(chart, dict) else set()
