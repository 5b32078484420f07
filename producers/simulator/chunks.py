"""A part of a simulated night: some of its messages, in the order in which they arrive.

A chunk carries the few columns from which its messages are drawn (some 70 bytes a message), and nothing that
it would have to look up: it can be sent to another process, started in whatever way, and makes the same
bytes there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator.documents import FormColumns
from producers.simulator.draws import Bits, Ints, key_of, keys_of, uniform, within
from producers.simulator.faults import Faults
from producers.simulator.figures import truth_of
from producers.simulator.layouts import Table
from producers.simulator.messages import message
from producers.simulator.purposes import Purpose
from producers.simulator.scenarios import draw_scenarios
from producers.simulator.station_columns import StationColumns
from producers.simulator.timetable import Action, after_count, count_times
from schemas.elections import ContestKind, Scope
from schemas.sources import Message, SourceRecord

HANDED_OVER: Final = 0.5
"""Of the villages that may hand their votes over as they agreed (noken): those that do."""

_DETAILS: Final = (
    Purpose.DEFECT_DETAIL,
    Purpose.CONTRADICTED_DETAIL,
    Purpose.MALFORMATION_DETAIL,
    Purpose.OFFICER,
)
"""In the order of FormColumns.draws."""


@dataclass(frozen=True, slots=True)
class NightContest:
    """A contest as a night needs it; `rank` is its place in the order of counting."""

    id: str
    kind: ContestKind
    scope: Scope
    rank: int
    table: Table


@dataclass(frozen=True, slots=True)
class Setting:
    """What all messages of a night share."""

    election: str
    seed: int
    reserve_percent: int
    faults: Faults
    contests: tuple[NightContest, ...]
    signed: bool = False


@dataclass(frozen=True, slots=True)
class NightRows:
    """One row a message: the place of its contest in the setting, its action, and its station: id, registered
    voters, keys of its regions (levels x rows) and constituency, layout, close (seconds since 1970), window
    (seconds), zone (minutes ahead of UTC), whether votes may be handed over there."""

    contest: NDArray[np.int32]
    action: NDArray[np.int8]
    station: NDArray[np.bytes_]
    registered: NDArray[np.int32]
    regions: NDArray[np.uint64]
    constituency: Bits
    layout: NDArray[np.int32]
    closes: Ints
    window: NDArray[np.int32]
    zone: NDArray[np.int16]
    by_head: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NightChunk:
    """Messages `first` up to `first + size` of a night."""

    setting: Setting
    first: int
    rows: NightRows

    @property
    def size(self) -> int:
        """How many messages it holds."""
        return len(self.rows.action)

    def records(self) -> Iterator[SourceRecord]:
        """Its messages in order of arrival. Nothing is read, so nothing fails."""
        raw: list[bytes] = [b""] * self.size
        for columns, here in self.columns_by_contest():
            for row, place in enumerate(here.tolist()):
                raw[place] = message(columns, row)
        for place, one in enumerate(raw):
            yield Message(one, f"night {self.setting.seed}, message {self.first + place}")

    def columns_by_contest(self) -> Iterator[tuple[FormColumns, Ints]]:
        """Its forms by contest, each with the places of its messages."""
        for number in np.unique(self.rows.contest).tolist():
            here = np.flatnonzero(self.rows.contest == number)
            yield self._form_columns(self.setting.contests[number], here), here

    def _form_columns(self, contest: NightContest, here: Ints) -> FormColumns:
        rows, setting = self.rows, self.setting
        action = rows.action[here]
        ids = rows.station[here]
        stations = station_columns_of(setting.seed, contest.id, ids, rows, here)
        scenarios = draw_scenarios(stations.form, contest.kind, setting.faults)
        zone = rows.zone[here].astype(np.int64)
        times = count_times(
            stations.form,
            stations.regions[-1],
            contest.rank,
            zone,
            rows.window[here].astype(np.int64),
            scenarios,
        )
        stamped = times.stamped.copy()
        for one in np.unique(action).tolist():
            if one not in (Action.COUNT, Action.MALFORMED):
                of = np.flatnonzero(action == one)
                stamped[of] = times.sent[of] + after_count(stations.form[of], Action(one), scenarios.of(of))
        arguments = (contest.table, contest.kind, contest.scope, setting.reserve_percent)
        truth = truth_of(stations, *arguments, revote=False)
        second = np.flatnonzero(action == Action.REVOTE)
        again = truth_of(stations.of(second), *arguments, revote=True)
        closes = rows.closes[here]
        return FormColumns(
            election=setting.election,
            contest=contest.id,
            rank=contest.rank,
            seed=setting.seed if setting.signed else None,
            action=action.tolist(),
            station=[station.decode() for station in ids.tolist()],
            layout=[contest.table.layouts[one] for one in stations.layout.tolist()],
            people=truth.people.tolist(),
            votes=truth.votes.tolist(),
            again=dict(
                zip(
                    second.tolist(),
                    zip(again.people.tolist(), again.votes.tolist(), strict=True),
                    strict=True,
                )
            ),
            counted=_written(closes + times.stamped, zone),
            stamped=_written(closes + stamped, zone),
            defect=scenarios.defect.tolist(),
            malformation=scenarios.malformation.tolist(),
            delay=scenarios.delay.tolist(),
            reread=scenarios.reread.tolist(),
            revoted=scenarios.revoted.tolist(),
            draws=np.stack([within(stations.form, purpose) for purpose in _DETAILS], axis=1).tolist(),
        )


def station_columns_of(
    seed: int, contest: str, stations: NDArray[np.bytes_], rows: NightRows, here: Ints
) -> StationColumns:
    """The stations of the forms in the rows `here`, whose stations have these ids."""
    station, form = form_keys(seed, contest, stations)
    regions = within(rows.regions[:, here], seed_key(seed))
    agreed = uniform(within(regions[-1], Purpose.BLOC)) < HANDED_OVER
    return StationColumns(
        station=station,
        form=form,
        regions=regions,
        constituency=within(rows.constituency[here], seed_key(seed)),
        registered=rows.registered[here].astype(np.int64),
        by_head=rows.by_head[here] & agreed,
        layout=rows.layout[here].astype(np.int64),
    )


def seed_key(seed: int) -> np.uint64:
    """What a night's seed adds to every key."""
    return key_of(f"night {seed}")


def form_keys(seed: int, contest: str, stations: NDArray[np.bytes_]) -> tuple[Bits, Bits]:
    """The keys of stations and of their forms in a contest, on the night of that seed."""
    station = within(keys_of(stations), seed_key(seed))
    return station, within(station, key_of(f"contest {contest}"))


def _written(moments: Ints, zone: Ints) -> list[str]:
    """Seconds since 1970 as ISO 8601 with the zone, as the clocks there show them."""
    local = np.datetime_as_string((moments + zone * 60).astype("datetime64[s]")).tolist()
    offsets = {minutes: _offset(minutes) for minutes in np.unique(zone).tolist()}
    return [moment + offsets[minutes] for moment, minutes in zip(local, zone.tolist(), strict=True)]


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
