"""A seeded election night: every message that stations of a register send, in the order of arrival.

The bytes follow from the election, the register, the seed, the contests and the faults alone: not from the
size of chunks, the number of processes or the machine. A night stores one number a message (8 bytes); what
the message says is drawn when its chunk is read. No figure is anybody's real result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator import plan
from producers.simulator.chunks import NightChunk, NightContest, NightRows, Setting, form_keys, seed_key
from producers.simulator.draws import Bits, key_of, within
from producers.simulator.faults import Faults
from producers.simulator.layouts import Table, table_of
from producers.simulator.places import stations_of, villages_of
from producers.simulator.scenarios import draw_scenarios
from producers.simulator.timetable import count_times
from schemas.ballots import Ballot, Ballots
from schemas.elections import Election
from schemas.language import ValueExplained
from schemas.regions import UNKNOWN, VILLAGE_DEPTH, Registry
from schemas.sources import Lineage

CHUNK_MESSAGES: Final = 5_000
"""Messages a chunk: enough to draw many at once, few enough that a process is done with it in about 0.1 s
and holds some tens of megabytes of the widest forms."""


class Night:
    """The night of `election` in `registry`, a source of events.

    `contests` names those that are counted (None: all); `faults` what goes wrong. Raises ValueError where a
    contest has no options to vote for, is unknown, or the election does not say when the poll closed.
    """

    def __init__(
        self,
        election: Election,
        registry: Registry,
        seed: int,
        *,
        contests: Sequence[str] | None = None,
        faults: Faults | None = None,
        chunk_messages: int = CHUNK_MESSAGES,
        signed: bool = False,
    ) -> None:
        self._chunk_messages = chunk_messages
        self._villages = villages_of(election, registry)
        self._stations = stations_of(election, registry)
        chosen = {contest.id for contest in map(election.contest, contests)} if contests is not None else None
        ballots = Ballots(election, registry)
        # For each contest the stations that hold it, and of each the key of the constituency and the ballot's
        # layout.
        self._forms: list[NDArray[np.int32]] = []
        self._constituency: list[Bits] = []
        self._layout: list[NDArray[np.int32]] = []
        held: list[NightContest] = []
        for rank, contest in enumerate(election.contests):
            if chosen is not None and contest.id not in chosen:
                continue
            ballot_of = np.full(len(registry.ids), UNKNOWN, np.int32)
            for village, held_there in ballots.held(rank):
                if registry.depth[village] == VILLAGE_DEPTH:
                    [ballot_of[village]] = held_there
            of_station = ballot_of[self._stations.village]
            forms = np.flatnonzero(of_station != UNKNOWN)
            if not len(forms):
                continue
            used, place = np.unique(of_station[forms], return_inverse=True)
            there = [ballots.ballots[ballot] for ballot in used.tolist()]
            layouts, table = _layouts(there, election.id)
            self._layout.append(layouts[place])
            self._constituency.append(_constituencies(there)[place])
            self._forms.append(forms.astype(np.int32))
            held.append(NightContest(contest.id, contest.kind, contest.scope, rank, table))
        self._setting = Setting(
            *(election.id, seed, election.limits.reserve_percent, faults or Faults(), tuple(held)), signed
        )
        self._first = np.cumsum([0, *(len(forms) for forms in self._forms)])
        if self._first[-1] > plan.MOST_FORMS:
            raise ValueExplained(
                id=f"{self._first[-1]} formulir terlalu banyak untuk satu malam; sebutkan lebih sedikit "
                "pemilihan.",
                en=f"{self._first[-1]} forms are too many for one night; name fewer contests.",
            )
        self._injected: Counter[str] = Counter()
        self._order = self._planned()

    @property
    def size(self) -> int:
        """How many messages arrive."""
        return len(self._order)

    @property
    def forms(self) -> int:
        """How many forms there are: stations, each with the contests held there."""
        return int(self._first[-1])

    @property
    def injected(self) -> Mapping[str, int]:
        """How many forms met each fault, by the names in Faults; `duplicates` counts the copies."""
        return dict(self._injected)

    @property
    def expected(self) -> plan.Expected:
        """What a count that starts with this night, and takes nothing else, must come to."""
        return plan.expected(self.forms, dict(self._injected))

    def chunks(self, lineage: Lineage | None = None) -> Iterator[NightChunk]:  # noqa: ARG002
        """The night in order. It follows from the seed, whatever a log already holds."""
        for first in range(0, self.size, self._chunk_messages):
            yield self.part(first, first + self._chunk_messages)

    @property
    def arrivals(self) -> NDArray[np.int64]:
        """When each message arrives, in seconds after the first poll closed, in order."""
        return plan.seconds(self._order)

    def part(self, first: int, end: int) -> NightChunk:
        """Messages `first` up to `end`: for who cuts the night otherwise, by the clock for instance."""
        return self._chunk(first, self._order[first:end])

    def sample(self, count: int) -> Iterator[NightChunk]:
        """`count` messages spread evenly over the night, in order of arrival, numbered within the sample.

        Raises ValueError when the night has fewer, or for a count below 1.
        """
        if not 0 < count <= self.size:
            raise ValueError(f"The night has {self.size} messages, not {count}: ask for fewer.")
        numbers = self._order[np.arange(count) * self.size // count]
        for first in range(0, count, self._chunk_messages):
            yield self._chunk(first, numbers[first : first + self._chunk_messages])

    def _planned(self) -> NDArray[np.int64]:
        opening = int(self._villages.closes.min())
        numbers = []
        for number, contest in enumerate(self._setting.contests):
            places = self._forms[number]
            village = self._stations.village[places]
            _, forms = form_keys(self._setting.seed, contest.id, self._stations.ids[places])
            scenarios = draw_scenarios(forms, contest.kind, self._setting.faults)
            self._injected.update(plan.injected(scenarios))
            times = count_times(
                forms,
                within(self._villages.keys[-1], seed_key(self._setting.seed))[village],
                contest.rank,
                self._villages.zone[village],
                self._villages.window[village],
                scenarios,
            )
            closes = self._villages.closes[village] - opening
            numbers += list(plan.numbers_of(forms, int(self._first[number]), closes, times, scenarios))
        order = np.concatenate(numbers) if numbers else np.zeros(0, np.int64)
        order.sort()
        return order

    def _chunk(self, first: int, numbers: NDArray[np.int64]) -> NightChunk:
        form, action = plan.read(numbers)
        contest = np.searchsorted(self._first, form, side="right") - 1
        station = np.empty(len(form), np.int64)
        constituency = np.empty(len(form), np.uint64)
        layout = np.empty(len(form), np.int32)
        held = list(self._setting.contests)
        for number in np.unique(contest).tolist():
            here = contest == number
            places = form[here] - self._first[number]
            station[here] = self._forms[number][places]
            constituency[here] = self._constituency[number][places]
            used, layout[here] = np.unique(self._layout[number][places], return_inverse=True)
            one = held[number]
            held[number] = NightContest(one.id, one.kind, one.scope, one.rank, one.table.of(used))
        village = self._stations.village[station]
        rows = NightRows(
            contest=contest.astype(np.int32),
            action=action.astype(np.int8),
            station=self._stations.ids[station],
            registered=self._stations.registered[station],
            regions=self._villages.keys[:, village],
            constituency=constituency,
            layout=layout,
            closes=self._villages.closes[village],
            window=self._villages.window[village].astype(np.int32),
            zone=self._villages.zone[village].astype(np.int16),
            by_head=self._villages.by_head[village],
        )
        setting = self._setting
        return NightChunk(
            replace(setting, contests=tuple(held)),
            first,
            rows,
        )


def _layouts(ballots: Sequence[Ballot], election: str) -> tuple[NDArray[np.int32], Table]:
    """The number of the layout of each ballot, and the table of all layouts. Ballots with the same options
    share one."""
    numbers: dict[tuple[str, ...], int] = {}
    for ballot in ballots:
        if not ballot.options:
            raise ValueExplained(
                id=f"Tidak ada calon {ballot.contest} dari {election}; berikan berkas calon (--candidates "
                "pada rekap init).",
                en=f"Nobody stands for {ballot.contest} of {election}; give a file with candidates "
                "(--candidates of rekap init).",
            )
        numbers.setdefault(ballot.options, len(numbers))
    return np.array([numbers[ballot.options] for ballot in ballots], np.int32), table_of(list(numbers))


def _constituencies(ballots: Sequence[Ballot]) -> Bits:
    return np.array([key_of(f"constituency {ballot.constituency}") for ballot in ballots], np.uint64)
