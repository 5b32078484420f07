"""Shares, missing figures and what is outstanding: kept current as the fold gives them, on any register, and
the same where totals travel between workers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.figures import of_tally
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.plausible import LogEnds
from schemas.regions import DEPTH, Level, Registry
from schemas.registry_build import RegionRow, StationRow, build_registry
from schemas.tallies import FIXED_CELLS, Tally
from schemas.tally_messages import TallyMessage, decode_tally
from sinks.delivery.tally_rows import TallyRows
from sinks.rows import Rows
from stream_processors.assess import AssessedCount, Assessor
from stream_processors.cells import STATUS_CODE, station_cells
from stream_processors.distributed.sum_stage import SumStage
from stream_processors.fold import Folded, fold
from stream_processors.rollup import Rollup
from tests.logs import UNHURRIED
from tests.worlds import DPD, DPR, ELECTION_ID, PPWP, annulled, election, submitted

VILLAGES = {"1101012001": 3, "1101012002": 2, "1201012001": 2}
LOG_END = 1_000
"""More entries than any of the logs here has: totals are held against it."""
SURPLUS = 2
"""Stations of each village beyond those that the register expects."""


@dataclass(frozen=True)
class Here:
    """An election and one of many registers for it."""

    election: Election
    registry: Registry
    ballots: Ballots


@st.composite
def registers(draw: st.DrawFn) -> Here:
    """With a list or without, each village's and each station's voters known or not."""
    rows: dict[str, RegionRow] = {}
    for village, expected in VILLAGES.items():
        parent = None
        for level, width in ((Level.PROVINCE, 2), (Level.DISTRICT, 4), (Level.SUBDISTRICT, 6)):
            rows[village[:width]] = RegionRow(village[:width], parent, level, f"{level} {village[:width]}")
            parent = village[:width]
        voters = draw(st.none() | st.integers(0, 900))
        rows[village] = RegionRow(village, parent, Level.VILLAGE, "V", expected, voters)
    stations = [
        StationRow(f"{village}{number:03d}", village, number, draw(st.none() | st.integers(0, 300)))
        for village, expected in VILLAGES.items()
        for number in range(1, expected + 1)
    ]
    definition = election(count_unlisted_stations=True)
    pattern = definition.stations.pattern
    listed = stations if draw(st.booleans()) else []
    registry = build_registry(rows.values(), listed, root=("0", "N"), unlisted_pattern=pattern)
    return Here(definition, registry, Ballots(definition, registry))


FIGURE = st.none() | st.integers(0, 400)
OPTIONS = {PPWP: ("1", "2", "3"), DPR: ("1", "1.0", "2"), DPD: ("21", "22")}


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """First counts of any stations, with any figures missing, some of them annulled again."""
    messages: list[bytes] = []
    for contest in (PPWP, DPR, DPD):
        for village, expected in VILLAGES.items():
            for number in range(1, expected + SURPLUS + 1):
                if not draw(st.booleans()):
                    continue
                form = {
                    "votes": {option: draw(FIGURE) for option in OPTIONS[contest]},
                    **{name: draw(FIGURE) for name in ("valid", "invalid")},
                    "voters": {"total": {"j": draw(FIGURE)}},
                }
                station = f"{village}{number:03d}"
                messages.append(submitted(station, form, contest))
                if draw(st.integers(0, 9)) == 0:
                    messages.append(annulled(station, messages[-1], contest))
    return messages


def kept_current(here: Here, messages: Iterable[bytes]) -> Rollup:
    """The totals after these messages, one by one."""
    rollup = Rollup(here.registry, here.ballots)
    shown: dict[tuple[int, str], np.ndarray] = {}
    for one in Assessor(here.election, here.registry, here.ballots).assess(list(messages)):
        assert isinstance(one, AssessedCount), one
        key = one.contest, one.proposal.unit
        version = 2 if key in shown else 1
        cells = station_cells(
            one.ballot,
            np.array([version]),
            np.array([STATUS_CODE[one.status]]),
            np.array([int(one.unlisted)]),
            np.array([one.figures]),
        )
        rollup.add(one.ballot.index, np.array([one.village]), cells - shown.get(key, 0))
        shown[key] = cells
        rollup.settle()
    return rollup


def folded(here: Here, messages: Iterable[bytes]) -> Folded:
    return fold(messages, here.election, here.registry)


@settings(UNHURRIED, max_examples=60)
@given(registers(), logs())
def test_totals_kept_current_are_those_of_the_fold_on_any_register(here: Here, messages: list[bytes]) -> None:
    rollup = kept_current(here, messages)
    for (contest, region), tally in folded(here, messages).regions.items():
        number = here.ballots.contests.index(contest)
        assert rollup.tally(number, here.registry.index[region]) == tally


@settings(UNHURRIED, max_examples=60)
@given(registers(), logs())
def test_shares_of_one_ballot_never_add_up_to_more_than_all(here: Here, messages: list[bytes]) -> None:
    result = folded(here, messages)
    for tally in (*result.regions.values(), *result.stations()):
        for prefix in ("", "clean_"):
            total = tally.fixed[FIXED_CELLS.index(f"{prefix}share_total")]
            votes = getattr(tally, f"{prefix}share_votes")
            assert sum(votes.values()) <= total
            shares = of_tally(row_of(tally), prefix)["shares"]
            known = [share for share in shares.values() if share is not None]
            assert all(0 <= share <= 1 for share in known)
            assert sum(known) <= 1 + 1e-9


def row_of(tally: Tally) -> dict[str, object]:
    """A tally as a row of the table."""
    row: dict[str, object] = dict(zip(FIXED_CELLS, tally.fixed, strict=True))
    for name in ("votes", "clean_votes", "share_votes", "clean_share_votes"):
        row[name] = getattr(tally, name)
    for name in ("votes_forms", "clean_votes_forms"):
        row[name] = list(getattr(tally, name).values())
    return row


@settings(UNHURRIED, max_examples=60)
@given(registers(), logs())
def test_what_is_outstanding_is_never_below_zero_nor_more_than_expected(
    here: Here, messages: list[bytes]
) -> None:
    for tally in folded(here, messages).regions.values():
        fixed = dict(zip(FIXED_CELLS, tally.fixed, strict=True))
        outstanding = tally.expected - (fixed["received"] - fixed["unlisted"] - fixed["surplus"])
        assert 0 <= outstanding <= tally.expected
        if tally.registered_outstanding is not None:
            assert 0 <= tally.registered_outstanding <= (tally.registered or 0)
        if not outstanding:
            assert tally.registered_outstanding == 0 or not tally.expected


@settings(UNHURRIED, max_examples=25)
@given(registers(), logs())
def test_totals_that_travel_by_topic_become_the_same_rows(here: Here, messages: list[bytes]) -> None:
    rollup = kept_current(here, messages)
    rows = Rows(ELECTION_ID, here.registry, here.ballots)
    ends = LogEnds(lambda: [LOG_END])
    totals = TallyRows(here.election, here.registry, here.ballots, rows, ends)
    provinces = SumStage(Level.PROVINCE, ELECTION_ID, here.registry)
    nation = SumStage(Level.NATION, ELECTION_ID, here.registry)
    for contest, name in enumerate(here.ballots.contests):
        for district in np.flatnonzero(here.registry.depth == DEPTH[Level.DISTRICT]).tolist():
            snapshot = rollup.region_totals(contest, district)
            unit = here.registry.region_at(district)
            provinces.apply(
                decode_tally(
                    TallyMessage(
                        election=ELECTION_ID,
                        contest=name,
                        level=Level.DISTRICT,
                        unit=snapshot.unit,
                        parent=unit.parent or "",
                        version=snapshot.version,
                        cells=snapshot.cells,
                        source={0: LOG_END - 1},
                        recorded_at=1,
                    ).encode()
                )
            )
    for message in provinces.changed_tallies():
        nation.apply(decode_tally(message.encode()))
    hidden = ["position", "partition", "recorded_at"]
    for message in (*provinces.all_tallies(), *nation.all_tallies()):
        contest, region = here.ballots.contests.index(message.contest), here.registry.index[message.unit]
        travelled = totals.table([totals.decode(message.encode())]).drop_columns(hidden)
        at_home = rows.whole_tallies([rollup.tally(contest, region)], 0, 0).drop_columns(hidden)
        assert travelled.to_pylist() == at_home.to_pylist()


@pytest.mark.parametrize("listed", [True, False])
def test_a_village_whose_voters_nobody_knows_is_not_taken_for_one_without_voters(listed: bool) -> None:
    rows = [
        RegionRow("11", None, Level.PROVINCE, "P"),
        RegionRow("1101", "11", Level.DISTRICT, "D"),
        RegionRow("110101", "1101", Level.SUBDISTRICT, "S"),
        RegionRow("1101012001", "110101", Level.VILLAGE, "V", 2, None),
    ]
    stations = [StationRow(f"1101012001{number:03d}", "1101012001", number) for number in (1, 2)]
    definition = election()
    registry = build_registry(
        rows, stations if listed else [], root=("0", "N"), unlisted_pattern=definition.stations.pattern
    )
    here = Here(definition, registry, Ballots(definition, registry))
    form = {"votes": {"1": 1, "2": 1, "3": 1}}
    outstanding = [
        folded(here, [submitted(f"1101012001{number:03d}", form) for number in range(1, count + 1)])
        .regions[PPWP, "0"]
        .registered_outstanding
        for count in (0, 1, 2)
    ]
    assert outstanding == [None, None, 0]
