"""What a message is in its election: why it is rejected, whatever the log holds, or what it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.ballots import Ballots
from schemas.candidates import with_candidates
from schemas.control_events import ELECTION_CONTROL_TYPES
from schemas.decode import decode, encode
from schemas.elections import Election, load_election
from schemas.findings import Status
from schemas.identity import Identity
from schemas.regions import Level
from schemas.registry_files import read_registry
from schemas.rejections import Reason, Rejection
from stream_processors.assess import (
    Assessed,
    AssessedCount,
    AssessedRecap,
    AssessedRejection,
    Assessor,
    level_of,
)
from stream_processors.cells import no_figures
from stream_processors.station import NOTHING_YET, Accepted, Lineage, decide
from tests import worlds
from tests.logs import UNHURRIED, UNLISTED, Sent, messy_logs
from tests.schemas.examples import FOLDER, invalid, name, valid
from tests.worlds import (
    ABROAD,
    BLANK,
    DPD,
    DPR,
    ELECTION_ID,
    NATION,
    PPWP,
    World,
    all_stations,
    annulled,
    corrected,
    form,
    id_of,
    pairs,
    recap,
    registered,
    submitted,
    world,
)

WORLD = world()
STATION = "1101012001001"
"""In Aceh, electoral district 11-A."""
IN_11_B = "1102012001001"
IN_12 = "1201012001001"
IN_WITA = "1202012001001"
OVERSEAS = f"{ABROAD}001"


def assess(raw: bytes, of: World = WORLD) -> Assessed:
    """One message assessed."""
    (one,) = of.assessor.assess([raw])
    return one


def count(raw: bytes, of: World = WORLD) -> AssessedCount:
    """A count event that must fit the election."""
    one = assess(raw, of)
    assert isinstance(one, AssessedCount), getattr(one, "rejection", one)
    return one


def recapitulation(raw: bytes) -> AssessedRecap:
    """A recapitulation that must fit the election."""
    one = assess(raw)
    assert isinstance(one, AssessedRecap), getattr(one, "rejection", one)
    return one


def rejected(raw: bytes, of: World = WORLD) -> AssessedRejection:
    """A message that must not fit the election."""
    one = assess(raw, of)
    assert isinstance(one, AssessedRejection)
    assert one.raw == raw
    return one


def rules(raw: bytes, of: World = WORLD) -> list[str]:
    """The rules that a form fails."""
    return [finding.rule for finding in count(raw, of).findings]


# Which levels have a certified document


def test_which_levels_have_a_certified_document_is_the_elections() -> None:
    message = recap("1101012001", {"1": 1})
    sentence = rejected(message).rejection.said
    assert sentence.en.startswith("Region 1101012001 is no sub-district, district, province or nation of")
    assert "bukan kecamatan, kabupaten/kota, provinsi atau nasional" in sentence.id
    document = WORLD.election.model_copy(update={"certified_levels": (Level.NATION, Level.VILLAGE)})
    with_villages = Election.from_json(document.to_json())
    assessor = Assessor(with_villages, WORLD.registry, Ballots(with_villages, WORLD.registry))
    [accepted, refused] = assessor.assess([message, recap("1101", {"1": 1})])
    assert isinstance(accepted, AssessedRecap)
    assert isinstance(refused, AssessedRejection)
    assert "is no village or nation of the register" in refused.rejection.said.en


# What is rejected


@pytest.mark.parametrize(
    ("raw", "reason", "quoted"),
    [
        (submitted(STATION, pairs(1, 2, 3), election="pilkada"), Reason.UNKNOWN_ELECTION, "pilkada"),
        (recap("11", {"1": 1}, election="pilkada"), Reason.UNKNOWN_ELECTION, "pilkada"),
        (submitted(STATION, pairs(1, 2, 3), "PILKADA"), Reason.UNKNOWN_CONTEST, "PPWP, DPR, DPD"),
        (submitted(STATION, pairs(1, 2, 3), "ppwp"), Reason.UNKNOWN_CONTEST, "ppwp"),
        (recap("11", {"1": 1}, "PILKADA"), Reason.UNKNOWN_CONTEST, "PILKADA"),
        (submitted("1101012001004", pairs(1, 2, 3)), Reason.UNKNOWN_STATION, "1101012001004"),
        (submitted("1103012001001", pairs(1, 2, 3)), Reason.UNKNOWN_STATION, "1103012001001"),
        (submitted("1101012001", pairs(1, 2, 3)), Reason.UNKNOWN_STATION, "1101012001"),
        (submitted("nowhere", pairs(1, 2, 3)), Reason.UNKNOWN_STATION, "nowhere"),
        (annulled("1101012001004", "0" * 64), Reason.UNKNOWN_STATION, "1101012001004"),
        (recap("1199", {"1": 1}), Reason.UNKNOWN_REGION, "1199"),
        (recap("1101012001", {"1": 1}), Reason.UNKNOWN_REGION, "1101012001"),
        (recap(STATION, {"1": 1}), Reason.UNKNOWN_REGION, STATION),
        (submitted(OVERSEAS, form({"21": 1}), DPD), Reason.NOT_HELD_HERE, OVERSEAS),
        (annulled(OVERSEAS, "0" * 64, DPD), Reason.NOT_HELD_HERE, OVERSEAS),
        (recap("99", {}, DPD), Reason.NOT_HELD_HERE, "99"),
        (recap("990101", {}, DPD), Reason.NOT_HELD_HERE, "990101"),
        (submitted(STATION, form({"4": 1})), Reason.UNKNOWN_OPTION, "1, 2, 3"),
        (submitted(STATION, form({"1.1": 1})), Reason.UNKNOWN_OPTION, "1.1"),
        (submitted(STATION, form({"4": None})), Reason.UNKNOWN_OPTION, "4"),
        (corrected(STATION, "0" * 64, form({"4": 1})), Reason.UNKNOWN_OPTION, "4"),
        (recap("11", {"4": 1}), Reason.UNKNOWN_OPTION, "4"),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else None,
)
def test_a_message_that_does_not_fit_the_election_is_rejected_with_a_sentence_that_names_it(
    raw: bytes, reason: Reason, quoted: str
) -> None:
    one = rejected(raw)
    assert one.rejection.reason is reason
    assert quoted in one.rejection.said.id
    assert quoted in one.rejection.said.en
    assert one.decoded is not None
    assert one.id.hex() == id_of(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"\xff", Reason.MALFORMED),
        (b"[]", Reason.MALFORMED),
        (encode({"type": "CountSubmitted", "schema_version": 2}), Reason.UNKNOWN_SCHEMA_VERSION),
        (submitted(STATION, pairs(1, 2, 3)).replace(b'"1":1', b'"1":9'), Reason.WRONG_EVENT_ID),
    ],
)
def test_bytes_that_are_no_event_are_named_by_their_own_hash(raw: bytes, reason: Reason) -> None:
    one = rejected(raw)
    assert one.rejection.reason is reason
    assert one.decoded is None
    assert one.id == sha256(raw).digest()


def test_a_contest_of_persons_without_a_file_of_candidates_says_that_it_is_missing() -> None:
    definition = WORLD.election.model_copy(update={"candidates": ()})
    assessor = Assessor(definition, WORLD.registry, Ballots(definition, WORLD.registry))
    (one,) = assessor.assess([submitted(STATION, form({"21": 1}), DPD)])
    assert isinstance(one, AssessedRejection)
    assert one.rejection.reason is Reason.UNKNOWN_OPTION
    assert "rekap init" in one.rejection.said.en


def test_a_long_ballot_is_not_listed_to_its_end() -> None:
    definition = WORLD.election.model_copy(
        update={
            "candidates": tuple(
                WORLD.election.candidates[-1].model_copy(update={"constituency": "11", "option": str(number)})
                for number in range(1, 60)
            )
        }
    )
    assessor = Assessor(definition, WORLD.registry, Ballots(definition, WORLD.registry))
    (one,) = assessor.assess([submitted(STATION, form({"99": 1}), DPD)])
    assert isinstance(one, AssessedRejection)
    assert "24, ..." in one.rejection.said.en
    assert "25" not in one.rejection.said.en


# Which ballot


@pytest.mark.parametrize(
    ("station", "held"),
    [(STATION, True), (IN_11_B, True), (IN_12, False), (OVERSEAS, False)],
)
def test_a_regional_option_is_on_the_ballots_of_its_region_only(station: str, held: bool) -> None:
    one = assess(submitted(station, form({"20": 5, "20.0": 5}), DPR))
    assert isinstance(one, AssessedCount) is held
    if isinstance(one, AssessedRejection):
        assert one.rejection.reason is Reason.UNKNOWN_OPTION


@pytest.mark.parametrize(
    ("station", "candidates"),
    [
        (STATION, {"1.1", "1.2", "2.1"}),
        (IN_11_B, {"1.1", "2.1"}),
        (IN_12, {"1.1", "2.1"}),
        (OVERSEAS, {"1.1", "2.1"}),
    ],
)
def test_candidates_stand_in_their_electoral_district_only(station: str, candidates: set[str]) -> None:
    for candidate in ("1.1", "1.2", "2.1", "20.1"):
        one = assess(submitted(station, form({candidate: 5}), DPR))
        assert isinstance(one, AssessedCount) is (candidate in candidates), candidate


def test_an_electoral_district_may_join_regions_of_several_provinces_under_one_ballot() -> None:
    domestic = count(submitted(IN_12, form({"1": 5, "1.0": 5}), DPR))
    abroad = count(submitted(OVERSEAS, form({"1": 5, "1.0": 5}), DPR))
    assert domestic.ballot is abroad.ballot
    assert domestic.ballot.constituency == "12-A"


def test_persons_stand_in_their_province_only() -> None:
    assert count(submitted(IN_12, form({"23": 5}), DPD)).ballot.keys == ("12:21", "12:22", "12:23")
    assert rejected(submitted(STATION, form({"23": 5}), DPD)).rejection.reason is Reason.UNKNOWN_OPTION


# What a count is


def test_a_count_carries_what_it_proposes_and_where_it_belongs() -> None:
    raw = submitted(STATION, pairs(10, 20, 30))
    one = count(raw)
    assert one.raw == raw
    assert one.proposal == (bytes.fromhex(id_of(raw)), STATION, None, False)
    assert WORLD.ballots.contests[one.contest] == PPWP
    assert WORLD.registry.ids[one.village] == STATION[:10]
    assert (one.status, one.unlisted, one.registered, one.findings) == (Status.CLEAN, False, 201, ())
    assert one.votes == (10, 20, 30)
    assert one.figures == (201, 62, 60, 2, 72, 62, 1, 10, 20, 30)  # 1: every option has a figure
    assert one.complete


def test_a_correction_proposes_to_supersede_and_an_annulment_to_annul() -> None:
    first = submitted(STATION, pairs(1, 2, 3))
    better, gone = corrected(STATION, first, pairs(1, 2, 4)), annulled(STATION, first)
    superseded = bytes.fromhex(id_of(first))
    assert count(better).proposal == (bytes.fromhex(id_of(better)), STATION, superseded, False)
    assert count(gone).proposal == (bytes.fromhex(id_of(gone)), STATION, superseded, True)


def test_an_annulment_has_no_figures_and_no_findings() -> None:
    one = count(annulled(STATION, "0" * 64, occurred_at="2020-01-01T00:00:00Z"))
    assert one.status is Status.ANNULLED
    assert one.findings == ()
    assert one.figures == no_figures(one.ballot)
    assert one.votes == (None, None, None)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (pairs(1, 2, 3), Status.CLEAN),
        (pairs(0, 0, 0, invalid=0), Status.CLEAN),
        (pairs(1, 2, 3, voters={"total": {"j": 99}}), Status.FLAGGED),
        (BLANK, Status.BLANK),
        ({}, Status.BLANK),
        ({**BLANK, "valid": 5, "invalid": 1, "total": 7}, Status.BLANK),
    ],
)
def test_a_form_is_clean_flagged_or_blank(said: dict[str, Any], status: Status) -> None:
    assert count(submitted(STATION, said)).status is status


def test_registered_voters_come_from_the_register_and_are_compared_with_the_form() -> None:
    assert rules(submitted(STATION, pairs(1, 2, 3, ballots=None, dpt={"j": 201}))) == []
    assert rules(submitted(STATION, pairs(1, 2, 3, ballots=None, dpt={"j": 200}))) == ["R12"]
    assert count(submitted(OVERSEAS, pairs(1, 2, 3))).registered is None


# The context of a form


@pytest.mark.parametrize(("station", "found"), [(STATION, ["R11", "R14"]), (OVERSEAS, [])])
def test_a_figure_may_be_larger_abroad(station: str, found: list[str]) -> None:
    assert rules(submitted(station, {"votes": {"1": 400, "2": 300, "3": 300}, "valid": 1_000})) == found


@pytest.mark.parametrize(("station", "found"), [(STATION, ["R12"]), (OVERSEAS, [])])
def test_the_limit_of_voters_a_station_holds_where_the_election_does_not_exempt(
    station: str, found: list[str]
) -> None:
    assert rules(submitted(station, pairs(1, 2, 3, ballots=None, dpt={"j": 301}))) == found


@pytest.mark.parametrize(
    ("station", "found"),
    [(STATION, ["R24"]), (IN_12, ["R24"]), (IN_WITA, []), (OVERSEAS, [])],
)
def test_each_place_has_the_poll_of_its_region(station: str, found: list[str]) -> None:
    """At half past one in the middle of the country the west still votes; abroad it is not checked."""
    assert rules(submitted(station, pairs(1, 2, 3), occurred_at="2024-02-14T13:30:00+08:00")) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (submitted(STATION, pairs(1, 2, 3), occurred_at="2024-03-01T10:00:00+07:00"), ["R24"]),
        (corrected(STATION, "0" * 64, pairs(1, 2, 3), occurred_at="2024-03-01T10:00:00+07:00"), []),
        (
            submitted(
                STATION,
                {},
                payload={"form": pairs(1, 2, 3), "kind": "revote"},
                occurred_at="2024-03-01T10:00:00+07:00",
            ),
            [],
        ),
    ],
    ids=["a first count", "a correction", "a count of a re-vote"],
)
def test_only_a_first_count_has_a_window(raw: bytes, found: list[str]) -> None:
    assert rules(raw) == found


def test_the_nearest_region_with_limits_of_its_own_decides() -> None:
    """Limits and polls are those of the region above unless a region has others."""
    definition = WORLD.election
    later = definition.poll_exceptions[0].model_copy(update={"regions": ("12",)})
    district = definition.poll_exceptions[1].model_copy(update={"regions": ("1202",)})
    changed = definition.model_copy(update={"poll_exceptions": (district, later), "overseas": ("1101",)})
    assessor = Assessor(changed, WORLD.registry, WORLD.ballots)
    large = {"votes": {"1": 400, "2": 300, "3": 300}, "valid": 1_000}
    at = "2024-02-14T13:30:00+08:00"
    stations = (STATION, IN_11_B, IN_12, IN_WITA)
    found = assessor.assess([submitted(station, large, occurred_at=at) for station in stations])
    early = assessor.assess(
        [submitted(station, large, occurred_at="2020-01-01T00:00Z") for station in stations]
    )
    said = [
        [finding.rule for finding in one.findings if finding.rule in ("R14", "R24")]
        for one in (*found, *early)
        if isinstance(one, AssessedCount)
    ]
    assert said == [
        ["R24"],  # 1101: larger figures, the nation's poll, which is an hour later than the middle's
        ["R14", "R24"],
        ["R14"],  # 12: the poll of the middle
        ["R14"],  # 1202: none at all
        ["R24"],
        ["R14", "R24"],
        ["R14", "R24"],
        ["R14"],
    ]


def test_without_a_poll_no_time_is_wrong() -> None:
    definition = WORLD.election.model_copy(update={"poll": None, "poll_exceptions": ()})
    assessor = Assessor(definition, WORLD.registry, WORLD.ballots)
    (one,) = assessor.assess([submitted(STATION, pairs(1, 2, 3), occurred_at="1970-01-01T00:00:00Z")])
    assert isinstance(one, AssessedCount)
    assert one.findings == ()


# Stations that no list names


def test_an_unlisted_station_counts_with_a_finding_where_the_election_says_so() -> None:
    lenient = world(count_unlisted_stations=True)
    one = count(submitted(UNLISTED, pairs(1, 2, 3)), lenient)
    assert one.unlisted
    assert one.registered is None
    assert [finding.rule for finding in one.findings] == ["unlisted_station"]
    assert one.status is Status.CLEAN
    assert rejected(submitted(UNLISTED, pairs(1, 2, 3))).rejection.reason is Reason.UNKNOWN_STATION


def test_an_unlisted_station_of_an_unknown_village_counts_nowhere() -> None:
    lenient = world(count_unlisted_stations=True)
    raw = submitted("1103012001001", pairs(1, 2, 3))
    assert rejected(raw, lenient).rejection.reason is Reason.UNKNOWN_STATION


@pytest.mark.parametrize(
    ("origin", "unlisted"),
    [(None, False), ({}, False), ({"listed": True}, False), ({"listed": False}, True)],
    ids=str,
)
def test_without_a_list_of_stations_only_the_source_can_say_that_one_is_unlisted(
    origin: Mapping[str, Any] | None, unlisted: bool
) -> None:
    without_list = world(station_list=False, count_unlisted_stations=True)
    payload: dict[str, Any] = {"form": pairs(1, 2, 3)}
    if origin is not None:
        payload["origin"] = {"source": "situng", "record": "row 1", **origin}
    one = count(submitted(UNLISTED, {}, payload=payload), without_list)
    assert one.unlisted is unlisted
    assert [finding.rule for finding in one.findings] == (["unlisted_station"] if unlisted else [])


def test_a_station_that_its_source_calls_unlisted_is_rejected_where_unlisted_ones_do_not_count() -> None:
    origin = {"source": "situng", "record": "row 1", "listed": False}
    raw = submitted(UNLISTED, {}, payload={"form": pairs(1, 2, 3), "origin": origin})
    assert rejected(raw, world(station_list=False)).rejection.reason is Reason.UNKNOWN_STATION


def test_the_registers_own_list_prevails_over_what_a_source_says() -> None:
    origin = {"source": "situng", "record": "row 1", "listed": False}
    payload = {"form": pairs(1, 2, 3), "origin": origin}
    assert not count(submitted(STATION, {}, payload=payload)).unlisted
    strict = world(count_unlisted_stations=True)
    payload["origin"] = {**origin, "listed": True}
    assert count(submitted(UNLISTED, {}, payload=payload), strict).unlisted


# Recapitulations


@pytest.mark.parametrize("region", [NATION, "11", "1101", "110101"])
def test_a_recapitulation_is_of_a_sub_district_or_more(region: str) -> None:
    raw = recap(region, {"1": 5, "2": 6, "3": 7})
    one = recapitulation(raw)
    assert WORLD.registry.ids[one.region] == region
    assert one.votes == {"1": 5, "2": 6, "3": 7}
    assert one.proposal == (bytes.fromhex(id_of(raw)), region, None, False)


def test_a_recapitulation_that_replaces_another_proposes_to_supersede_it() -> None:
    first = recap("11", {"1": 5})
    assert recapitulation(recap("11", {"1": 6}, supersedes=first)).proposal.supersedes == bytes.fromhex(
        id_of(first)
    )


@pytest.mark.parametrize("option", ["21", "11:21"])
def test_where_there_is_one_ballot_an_option_is_written_with_or_without_its_constituency(option: str) -> None:
    assert recapitulation(recap("1101", {option: 5}, DPD)).votes == {"11:21": 5}


def test_where_there_are_several_ballots_an_option_names_its_constituency() -> None:
    one = recapitulation(recap(NATION, {"11:21": 5, "12:21": 6}, DPD))
    assert one.votes == {"11:21": 5, "12:21": 6}
    assert rejected(recap(NATION, {"21": 5}, DPD)).rejection.reason is Reason.UNKNOWN_OPTION


def test_options_of_the_whole_contest_go_without_constituency_whatever_the_number_of_ballots() -> None:
    assert recapitulation(recap("11", {"1": 5, "20": 6, "11-B:1.1": 7}, DPR)).votes == {
        "1": 5,
        "20": 6,
        "11-B:1.1": 7,
    }


@pytest.mark.parametrize(
    ("region", "votes"),
    [("12", {"20": 1}), ("1101", {"11-B:1.1": 1}), ("1101", {"1.3": 1}), ("1101", {"12-A:1.1": 1})],
)
def test_an_option_of_no_ballot_in_the_region_is_unknown(region: str, votes: dict[str, int]) -> None:
    assert rejected(recap(region, votes, DPR)).rejection.reason is Reason.UNKNOWN_OPTION


def test_an_option_given_both_with_and_without_its_constituency_is_rejected() -> None:
    """Nobody could say which of the two figures is meant."""
    one = rejected(recap("11", {"21": 5, "11:21": 6}, DPD))
    assert one.rejection.reason is Reason.MALFORMED
    assert "twice" in one.rejection.said.en
    assert "21 and as 11:21" in one.rejection.said.en


def test_levels_are_those_of_the_register() -> None:
    levels = {
        region: level_of(WORLD.registry, WORLD.registry.index[region]) for region in ("0", "11", ABROAD)
    }
    assert levels == {"0": Level.NATION, "11": Level.PROVINCE, ABROAD: Level.VILLAGE}


# Any messages at all


def test_nothing_to_assess_gives_nothing() -> None:
    assert WORLD.assessor.assess([]) == []


def test_messages_without_any_count_are_assessed_too() -> None:
    one, other = WORLD.assessor.assess([recap("11", {"1": 1}), b"garbage"])
    assert isinstance(one, AssessedRecap)
    assert isinstance(other, AssessedRejection)


@settings(UNHURRIED, max_examples=30)
@given(messy_logs(WORLD, max_size=12))
def test_each_message_is_assessed_in_its_place_and_for_itself(sent: list[Sent]) -> None:
    """Neither order nor company changes what a message is, and results stand in the messages' order."""
    raws = [one.raw for one in sent]
    together = WORLD.assessor.assess(raws)
    assert [one.raw for one in together] == raws
    assert together == [assess(raw) for raw in raws]


@settings(UNHURRIED, max_examples=60)
@given(st.lists(st.binary(max_size=200), max_size=3))
def test_no_bytes_stop_the_assessor(raws: list[bytes]) -> None:
    assert len(WORLD.assessor.assess(raws)) == len(raws)


_WHOLE = orjson.loads(
    submitted(
        STATION,
        pairs(1, 2, 3, dpt={"l": 1, "p": 1, "j": 2}, disability={"j": 0}, words={"1": "satu"}),
        occurred_at="2024-02-14T14:00:00+07:00",
        submitted_by={"officer": "o", "role": "kpps"},
    )
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 10_000_000),
    st.sampled_from(
        ["", "1", STATION, OVERSEAS, UNLISTED, "11", "0", PPWP, DPR, DPD, ELECTION_ID, "CountCorrected"]
    ),
    st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59-12:00", "2024-02-30T"]
    ),
    st.just({}),
    st.just([]),
)


def _paths(document: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every place of a document of objects, from the top down."""
    if not isinstance(document, dict):
        return [above]
    return [
        *([above] if above else []),
        *(p for key in document for p in _paths(document[key], (*above, key))),
    ]


def _with(document: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of the document with that value at that place."""
    if not path:
        return value
    return {**document, path[0]: _with(document.get(path[0], {}), path[1:], value)}


@settings(UNHURRIED, max_examples=300)
@given(st.sampled_from(_paths(_WHOLE)), _VALUES)
@example(("occurred_at",), "0001-01-01T00:00:00+14:00")
@example(("occurred_at",), "9999-12-31T23:59:59-12:00")
def test_no_value_at_any_place_of_an_event_stops_the_assessor(path: tuple[str, ...], value: Any) -> None:
    """A single message that raises would stop a count: it is sent again, and would stop it again."""
    document = {key: said for key, said in _with(_WHOLE, path, value).items() if key != "event_id"}
    assert len(WORLD.assessor.assess([orjson.dumps(document)])) == 1


def test_every_listed_station_is_found_with_its_own_voters() -> None:
    raws = [submitted(station, pairs(1, 2, 3)) for station in all_stations()]
    found = [one for one in WORLD.assessor.assess(raws) if isinstance(one, AssessedCount)]
    assert [(one.proposal.unit, one.registered) for one in found] == [
        (station, registered(station)) for station in all_stations()
    ]


# The examples that come with the schemas

_OF_AN_ELECTION = (
    Reason.UNKNOWN_ELECTION,
    Reason.UNKNOWN_CONTEST,
    Reason.UNKNOWN_STATION,
    Reason.UNKNOWN_REGION,
    Reason.NOT_HELD_HERE,
    Reason.NOT_AUTHORISED,
    Reason.WRONG_ROLE,
    Reason.UNKNOWN_OPTION,
    Reason.RULING_IN_FORCE,
    Reason.ORDER_UNKNOWN,
    Reason.SEEN_EARLIER,
)
_OF_A_LOG = sorted(
    {path.parent for reason in ("already_counted", "superseded_mismatch") for path in invalid(reason)}
)


@pytest.fixture(scope="module")
def of_the_examples() -> Assessor:
    """The assessor that the examples are written for: the election of 2024 with their own small register."""
    return assessor_of_the_examples(None)


def assessor_of_the_examples(keys: Identity | None) -> Assessor:
    """The same of an election with keys."""
    register = FOLDER / "register"
    election = with_candidates(load_election("pemilu2024"), register / "candidates.csv").with_identity(keys)
    registry = read_registry(election, register / "regions.csv", register / "stations.csv")
    return Assessor(election, registry, Ballots(election, registry))


@pytest.mark.parametrize("path", valid(), ids=name)
def test_a_valid_example_fits_the_election_of_the_examples(of_the_examples: Assessor, path: Path) -> None:
    raw = path.read_bytes()
    if decode(raw).event.type in ELECTION_CONTROL_TYPES:
        keys = (FOLDER / "register" / "identity.json").read_bytes()
        of_the_examples = assessor_of_the_examples(Identity.model_validate_json(keys))
    (one,) = of_the_examples.assess([raw])
    assert not isinstance(one, AssessedRejection), one.rejection


@pytest.mark.parametrize("path", [path for reason in Reason for path in invalid(reason)], ids=name)
def test_an_invalid_example_is_rejected_for_the_reason_of_its_folder_unless_it_needs_a_log(
    of_the_examples: Assessor, path: Path
) -> None:
    (one,) = of_the_examples.assess([path.read_bytes()])
    if path.parent in _OF_A_LOG:
        assert not isinstance(one, AssessedRejection), one.rejection
    else:
        assert isinstance(one, AssessedRejection)
        assert one.rejection.reason == path.relative_to(FOLDER / "invalid").parts[0]
        assert (one.decoded is not None) is (one.rejection.reason in _OF_AN_ELECTION)


@pytest.mark.parametrize("folder", _OF_A_LOG, ids=name)
def test_the_last_example_of_a_log_is_rejected_for_the_reason_of_its_folder(
    of_the_examples: Assessor, folder: Path
) -> None:
    lineage: Lineage = NOTHING_YET
    *before, last = of_the_examples.assess([path.read_bytes() for path in sorted(folder.glob("*.json"))])
    for one in before:
        assert isinstance(one, AssessedCount)
        decision = decide(lineage, one.proposal)
        assert isinstance(decision, Accepted)
        lineage = decision.lineage
    assert isinstance(last, AssessedCount)
    rejected = decide(lineage, last.proposal)
    assert isinstance(rejected, Rejection)
    assert rejected.reason == folder.relative_to(FOLDER / "invalid").parts[0]


@pytest.mark.parametrize("role", ["saksi", "bawaslu"])
def test_a_watching_role_submits_nothing_that_is_counted(role: str) -> None:
    who = {"officer": "o-1", "role": role}
    raw = worlds.submitted(worlds.all_stations()[0], worlds.form({"1": 5}), submitted_by=who)
    (one,) = worlds.world().assessor.assess([raw])
    assert isinstance(one, AssessedRejection)
    assert one.rejection.reason == Reason.NOT_AUTHORISED


def test_a_candidate_of_a_list_without_candidates_is_rejected_with_the_name_of_the_file() -> None:
    definition = worlds.election().model_copy(update={"candidates": ()})
    here = Assessor(definition, WORLD.registry, Ballots(definition, WORLD.registry))
    (one,) = here.assess([submitted(STATION, form({"1": 5, "1.2": 5}), DPR)])
    assert isinstance(one, AssessedRejection)
    assert one.rejection.reason is Reason.UNKNOWN_OPTION
    assert "parties only" in one.rejection.said.en
    assert all("--candidates" in sentence for sentence in one.rejection.said)
    (unknown,) = here.assess([submitted(STATION, form({"9.2": 5}), DPR)])
    assert isinstance(unknown, AssessedRejection)
    assert "there are: 1, 1.0, 2" in unknown.rejection.said.en
