"""The specification itself, held against something plainer still: a sum over what the messages say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.forms import CHasil
from schemas.regions import Level
from schemas.registry_build import RegionRow, StationRow, build_registry
from stream_processors.checks.votes import read_votes
from stream_processors.fold import Folded, fold
from tests import logs
from tests.logs import UNHURRIED, Sent, messy_logs, top_votes
from tests.worlds import (
    ABROAD,
    BLANK,
    DPD,
    DPR,
    NATION,
    PPWP,
    World,
    all_stations,
    annulled,
    corrected,
    form,
    pairs,
    recap,
    registered,
    submitted,
    world,
)

WORLD = world(count_unlisted_stations=True)
FIRST, SECOND, OTHER_PROVINCE = "1101012001001", "1101012001002", "1201012001001"

Cells = dict[str, int]


def folded(messages: Iterable[bytes], of: World = WORLD) -> Folded:
    return fold(messages, of.election, of.registry)


def cells(result: Folded, contest: str, region: str) -> Cells:
    """A region's cells by name, without those that are zero or not known."""
    return {name: figure for name, figure in result.regions[contest, region].cells().items() if figure}


# A plainer sum


def plain_regions(sent: Sequence[Sent]) -> dict[tuple[str, str], Cells]:
    """What every region's cells must be, from the documents alone: the last lawful form of every station,
    added to each region whose code its own begins with. Zeros are left out."""
    in_force: dict[tuple[str, str], dict[str, Any] | None] = {}
    ids: dict[tuple[str, str], list[str]] = {}
    for document in (orjson.loads(one.raw) for one in sent if one.possible):
        if document["type"] == "RecapCertified":
            continue
        key = document["contest"], document["station"]
        held = in_force.get(key)
        if document["event_id"] in ids.setdefault(key, []):
            continue
        if document["payload"].get("supersedes") == (held["event_id"] if held else None):
            ids[key].append(document["event_id"])
            in_force[key] = None if document["type"] == "CountAnnulled" else document
    regions: dict[tuple[str, str], Counter[str]] = {}
    for (contest, station), said in in_force.items():
        versions = {"version": len(ids[contest, station])}
        for region in (NATION, station[:2], station[:4], station[:6], station[:10]):
            counter = regions.setdefault((contest, region), Counter())
            counter.update(versions)
            counter.update(plain_station(contest, station, said))
    for key, expected in plain_register().items():
        regions.setdefault(key, Counter()).update(expected)
    for (contest, region), counter in regions.items():
        to_come = [
            registered(station)
            for station in stations_of(contest, region)
            if in_force.get((contest, station)) is None
        ]
        if None not in to_come:
            counter["registered_outstanding"] = sum(filter(None, to_come))
        shared = WORLD.ballots.shared(WORLD.ballots.contests.index(contest), WORLD.registry.index[region])
        for name in [name for name in counter if "share_votes." in name]:
            if name.partition(".")[2] not in shared:
                del counter[name]
    return {key: {name: n for name, n in counter.items() if n} for key, counter in regions.items()}


def stations_of(contest: str, region: str) -> list[str]:
    """The listed stations of a region where the contest is held."""
    held = [one for one in all_stations() if contest != DPD or not one.startswith(ABROAD)]
    return [one for one in held if region == NATION or one.startswith(region)]


@cache
def plain_register() -> dict[tuple[str, str], Counter[str]]:
    """What the register expects of every region, by contest."""
    regions: dict[tuple[str, str], Counter[str]] = {}
    for station in all_stations():
        for contest in (PPWP, DPR) if station.startswith(ABROAD) else (PPWP, DPR, DPD):
            for region in (NATION, station[:2], station[:4], station[:6], station[:10]):
                counter = regions.setdefault((contest, region), Counter())
                counter.update({"expected": 1, "registered": registered(station) or 0})
    return regions


def plain_station(contest: str, station: str, event: dict[str, Any] | None) -> Cells:
    """What a station's event in force (None: annulled) adds."""
    if event is None:
        return {"annulled": 1}
    said = event["payload"]["form"]
    votes = said.get("votes") or {}
    voters = ((said.get("voters") or {}).get("total") or {}).get("j")
    papers = said.get("ballots") or {}
    if all(figure is None for figure in votes.values()):
        status = "blank"
    elif {"valid", "invalid"} <= said.keys() and voters not in (None, said["valid"] + said["invalid"]):
        status = "flagged"  # R08, the one hard finding that the forms made here can have
    else:
        status = "clean"
    added = {
        "received": 1,
        status: 1,
        "unlisted": int(station == logs.UNLISTED),
        "registered_received": (registered(station) or 0) if station != logs.UNLISTED else 0,
        "voters": voters or 0,
        "valid": said.get("valid") or 0,
        "invalid": said.get("invalid") or 0,
        "ballots_received": papers.get("received") or 0,
        "ballots_used": papers.get("used") or 0,
    }
    figures = {"voters": voters, "valid": said.get("valid"), "invalid": said.get("invalid")}
    figures |= {"ballots_received": papers.get("received"), "ballots_used": papers.get("used")}
    added |= {f"{name}_forms": int(figure is not None) for name, figure in figures.items()}
    tops = top_votes(votes)
    ballot = logs.ballot_of(WORLD, contest, station)
    complete = read_votes(CHasil(votes=votes), ballot)[1]
    added["share_forms"] = int(complete)
    added["share_total"] = sum(figure or 0 for figure in tops.values()) if complete else 0
    for option, figure in {**votes, **tops}.items():
        key = total_name(contest, station, option)
        added[f"votes.{key}"] = figure or 0
        added[f"votes_forms.{key}"] = int(figure is not None)
        if option in tops:
            added[f"share_votes.{key}"] = (figure or 0) if complete else 0
    if status == "clean":
        names = ("voters", "valid", "invalid")
        clean = [*names, *(f"{name}_forms" for name in names), "share_forms", "share_total"]
        added |= {
            f"clean_{name}": added[name] for name in (*clean, *(name for name in added if "votes" in name))
        }
    return added


def total_name(contest: str, station: str, option: str) -> str:
    """An option as totals name it."""
    if contest == DPD:
        return f"{station[:2]}:{option}"
    if "." in option and not option.endswith(".0"):
        district = {"1101": "11-A", "1102": "11-B"}.get(station[:4], "12-A")
        return f"{district}:{option}"
    return option


@settings(UNHURRIED, max_examples=100)
@given(messy_logs(WORLD))
def test_every_cell_of_every_region_is_the_plain_sum_over_the_forms_in_force(sent: list[Sent]) -> None:
    result = folded(one.raw for one in sent)
    assert {key: cells(result, *key) for key in result.regions} == plain_regions(sent)


@settings(UNHURRIED, max_examples=40)
@given(messy_logs(WORLD))
def test_every_message_is_accepted_repeated_or_rejected(sent: list[Sent]) -> None:
    result = folded(one.raw for one in sent)
    assert result.messages == len(sent)
    assert result.accepted + result.repeated + result.rejected.total() == len(sent)
    assert result.rejected.total() >= sum(not one.possible for one in sent)


@settings(UNHURRIED, max_examples=40)
@given(messy_logs(WORLD))
def test_the_nations_versions_are_the_number_of_accepted_counts(sent: list[Sent]) -> None:
    counts = [one.raw for one in sent if b'"RecapCertified"' not in one.raw]
    result = folded(counts)
    assert sum(result.regions[contest, NATION].version for contest in (PPWP, DPR, DPD)) == result.accepted


@settings(UNHURRIED, max_examples=40)
@given(messy_logs(WORLD, max_size=15), st.randoms(use_true_random=False))
def test_sending_any_messages_again_at_the_end_changes_nothing(sent: list[Sent], random: Any) -> None:
    """What was accepted is repeated. What was rejected may have lost its obstacle meanwhile, so only messages
    that were accepted, or that can never be, are sent again."""
    raws = [one.raw for one in sent]
    before = folded(raws)
    accepted = _accepted(raws)
    again = [one.raw for one in sent if one.raw in accepted or not one.possible]
    random.shuffle(again)
    after = folded([*raws, *again])
    assert after.regions == before.regions
    assert after.in_force == before.in_force
    assert after.accepted == before.accepted


@settings(UNHURRIED, max_examples=40)
@given(messy_logs(WORLD), st.randoms(use_true_random=False))
def test_the_order_of_independent_stations_does_not_matter(sent: list[Sent], random: Any) -> None:
    """The messages of each station and contest stay in their order; otherwise they are mixed anew."""
    queues: dict[Any, list[bytes]] = {}
    for one in sent:
        document = orjson.loads(one.raw) if one.possible else {}
        key = (document.get("contest"), document.get("station"), document.get("region"))
        queues.setdefault(key, []).append(one.raw)
    turns = [key for key, queue in queues.items() for _ in queue]
    random.shuffle(turns)
    mixed = folded([queues[key].pop(0) for key in turns])
    straight = folded(one.raw for one in sent)
    assert mixed.regions == straight.regions
    assert mixed.in_force == straight.in_force
    assert (mixed.accepted, mixed.repeated, mixed.rejected) == (
        straight.accepted,
        straight.repeated,
        straight.rejected,
    )


@settings(UNHURRIED, max_examples=40)
@given(messy_logs(WORLD))
def test_every_region_is_the_sum_of_its_children_and_every_village_of_its_stations(sent: list[Sent]) -> None:
    result = folded(one.raw for one in sent)
    below: dict[tuple[str, str], Counter[str]] = {}
    unknown: set[tuple[str, str]] = set()
    for station, tally in zip(result.in_force.values(), result.stations(), strict=True):
        assert station.cells() == tally.cells()
    for tally in (*result.stations(), *result.regions.values()):
        figures = {name: figure for name, figure in tally.cells().items() if figure is not None}
        if tally.level is Level.STATION:
            del figures["expected"]  # a village expects stations that have not reported
            figures.pop("registered", None)
        if tally.registered_outstanding is None and tally.level is not Level.STATION:
            unknown.add((tally.contest, tally.parent))
        below.setdefault((tally.contest, tally.parent), Counter()).update(figures)
    for (contest, region), tally in result.regions.items():
        shown = cells(result, contest, region)
        if tally.level is Level.VILLAGE:
            del shown["expected"]
            shown.pop("registered", None)
            shown.pop("registered_outstanding", None)  # decided for the village as a whole
        elif (contest, region) in unknown:
            assert tally.registered_outstanding is None
            below[contest, region].pop("registered_outstanding", None)
        summed = below.get((contest, region), Counter())
        # An option that is not on every ballot of the region has a share only further down.
        for name in [name for name in summed if "share_votes." in name and name not in shown]:
            del summed[name]
        assert shown == {name: figure for name, figure in summed.items() if figure}


def _accepted(raws: Sequence[bytes]) -> set[bytes]:
    """The messages that advance the fold when they come."""
    accepted: set[bytes] = set()
    count = 0
    for end, raw in enumerate(raws, start=1):
        if (now := folded(raws[:end]).accepted) > count:
            accepted.add(raw)
            count = now
    return accepted


# By hand


def test_without_messages_every_region_is_there_with_zeros_where_a_contest_is_held() -> None:
    result = folded([])
    assert len(result.regions) == 35 + 35 + 31  # DPD is not held in the four regions abroad
    assert (DPD, "99") not in result.regions
    nation = result.regions[DPD, NATION]
    assert nation.version == 0
    assert not any(nation.fixed)
    assert nation.votes == dict.fromkeys(("11:21", "11:22", "12:21", "12:22", "12:23"), 0)
    assert nation.clean_votes == nation.votes


def test_each_contest_has_its_own_denominators() -> None:
    result = folded([])
    domestic = 16 * (201 + 202 + 203)
    found = {contest: result.regions[contest, NATION] for contest in (PPWP, DPD)}
    assert {contest: (one.expected, one.registered) for contest, one in found.items()} == {
        PPWP: (50, domestic),  # the voters of the two stations abroad are not known
        DPD: (48, domestic),
    }
    assert result.regions[PPWP, "99"].registered is None


def test_a_correction_replaces_the_figures_and_an_annulment_takes_them_out() -> None:
    count = submitted(FIRST, pairs(10, 20, 30, invalid=5))
    better = corrected(FIRST, count, pairs(11, 20, 30, invalid=5))
    result = folded([count, better])
    assert cells(result, PPWP, NATION) == {
        "version": 2,
        "expected": 50,
        "registered": 16 * 606,  # outstanding: not known, because of the stations abroad
        "received": 1,
        "clean": 1,
        "registered_received": 201,
        **{f"{name}_forms": 1 for name in ("voters", "valid", "invalid", "ballots_received", "ballots_used")},
        **{f"clean_{name}_forms": 1 for name in ("voters", "valid", "invalid")},
        **{"share_forms": 1, "share_total": 61, "clean_share_forms": 1, "clean_share_total": 61},
        **{f"{name}.{option}": 1 for name in ("votes_forms", "clean_votes_forms") for option in "123"},
        **{f"{name}.1": 11 for name in ("share_votes", "clean_share_votes")},
        **{f"{name}.2": 20 for name in ("share_votes", "clean_share_votes")},
        **{f"{name}.3": 30 for name in ("share_votes", "clean_share_votes")},
        "voters": 66,
        "valid": 61,
        "invalid": 5,
        "ballots_received": 76,
        "ballots_used": 66,
        "clean_voters": 66,
        "clean_valid": 61,
        "clean_invalid": 5,
        **{"votes.1": 11, "votes.2": 20, "votes.3": 30},
        **{"clean_votes.1": 11, "clean_votes.2": 20, "clean_votes.3": 30},
    }
    gone = folded([count, better, annulled(FIRST, better)])
    assert cells(gone, PPWP, NATION) == {
        "version": 3,
        "expected": 50,
        "registered": 16 * 606,
        "annulled": 1,
    }


def test_recorded_and_clean_totals_stand_side_by_side() -> None:
    wrong = pairs(617, 20, 30, valid=167, total=169, voters={"total": {"j": 169}}, ballots=None)
    result = folded([submitted(FIRST, pairs(10, 20, 30)), submitted(SECOND, wrong)])
    village = result.regions[PPWP, "1101012001"]
    assert dict(village.votes) == {"1": 627, "2": 40, "3": 60}
    assert dict(village.clean_votes) == {"1": 10, "2": 20, "3": 30}
    shown = cells(result, PPWP, "1101012001")
    assert (shown["received"], shown["clean"], shown["flagged"]) == (2, 1, 1)
    assert (shown["valid"], shown["clean_valid"]) == (227, 60)


def test_a_blank_form_is_received_and_no_form_of_zeros() -> None:
    result = folded([submitted(FIRST, BLANK), submitted(SECOND, pairs(0, 0, 0, invalid=0))])
    shown = cells(result, PPWP, NATION)
    assert (shown["received"], shown["blank"], shown["clean"]) == (2, 1, 1)
    assert shown["registered_received"] == 201 + 202


def test_a_certified_recapitulation_changes_no_total() -> None:
    count = submitted(FIRST, pairs(10, 20, 30))
    with_recap = folded([count, recap("1101", {"1": 9_999, "2": 0, "3": 0})])
    assert with_recap.accepted == 2
    assert with_recap.regions == folded([count]).regions


def test_a_certified_region_may_replace_its_own_document_only() -> None:
    """Contests and regions have lineages of their own; a second first document of one is rejected."""
    first = recap("11", {"1": 1})
    others = [recap("12", {"1": 1}), recap("11", {"11:21": 1}, DPD)]
    result = folded([first, *others, recap("11", {"1": 2}), recap("11", {"1": 3}, supersedes=first)])
    assert result.accepted == 4
    assert dict(result.rejected) == {"already_counted": 1}


def test_a_region_and_a_station_of_the_same_name_do_not_stand_in_each_others_way() -> None:
    """Other elections number as they like: here a sub-district and a station are both called 111."""
    levels = (Level.PROVINCE, Level.DISTRICT, Level.SUBDISTRICT, Level.VILLAGE)
    rows = [
        RegionRow("1" * depth, "1" * (depth - 1) or None, level, "R") for depth, level in enumerate(levels, 1)
    ]
    registry = build_registry(rows, [StationRow("111", "1111")], root=(NATION, "N"))
    result = fold([recap("111", {"1": 1}), submitted("111", pairs(1, 2, 3))], WORLD.election, registry)
    assert result.accepted == 2
    assert result.regions[PPWP, NATION].version == 1


def test_unlisted_stations_count_only_where_the_election_says_so() -> None:
    stray = submitted(logs.UNLISTED, pairs(1, 2, 3))
    counted = cells(folded([stray]), PPWP, "1101012001")
    assert (counted["received"], counted["unlisted"], counted["votes.3"]) == (1, 1, 3)
    assert counted["expected"] == 3
    strict = folded([stray], world(count_unlisted_stations=False))
    assert dict(strict.rejected) == {"unknown_station": 1}
    assert strict.regions[PPWP, NATION].version == 0


def test_persons_and_candidates_are_named_with_their_constituency_in_totals() -> None:
    votes = {"1": 10, "1.0": 5, "1.1": 3, "1.2": 2, "2": 4, "2.0": 4, "2.1": 0, "20": 1, "20.0": 1}
    result = folded(
        [
            submitted(FIRST, form(votes), DPR),
            submitted(OTHER_PROVINCE, form({"1": 7, "1.0": 3, "1.1": 4, "2": 0, "2.0": 0, "2.1": 0}), DPR),
            submitted(FIRST, form({"21": 8, "22": 9}), DPD),
            submitted(OTHER_PROVINCE, form({"21": 3, "22": 2, "23": 1}), DPD),
        ]
    )
    nation = result.regions[DPR, NATION]
    assert {option: n for option, n in nation.votes.items() if n} == {
        "1": 17,
        "1.0": 8,
        "11-A:1.1": 3,
        "11-A:1.2": 2,
        "12-A:1.1": 4,
        "2": 4,
        "2.0": 4,
        "20": 1,
        "20.0": 1,
    }
    assert "20" not in result.regions[DPR, "12"].votes
    assert dict(result.regions[DPD, NATION].votes) == {
        "11:21": 8,
        "11:22": 9,
        "12:21": 3,
        "12:22": 2,
        "12:23": 1,
    }


@pytest.mark.parametrize("together", [1, 2, 3, 1_000])
def test_results_do_not_depend_on_how_many_messages_are_assessed_at_once(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = submitted(FIRST, pairs(10, 20, 30))
    messages = [count, b"garbage", recap("11", {"1": 1}), count, corrected(FIRST, count, pairs(1, 2, 3))]
    whole = folded(messages)
    monkeypatch.setattr("stream_processors.fold.ASSESSED_TOGETHER", together)
    assert folded(messages) == whole
