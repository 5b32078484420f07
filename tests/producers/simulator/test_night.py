"""A night is the same bytes wherever it is made, and comes to what it says it must come to."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from producers.simulator.chunks import NightChunk
from producers.simulator.faults import NO_FAULTS, Faults
from producers.simulator.nation import builtin_candidates, builtin_registry
from producers.simulator.night import Night
from schemas.decode import decode, encode
from schemas.elections import UnknownContest, load_election
from schemas.registry_build import RegionRow, build_registry
from tests.producers.simulator.nights import (
    counted,
    four_provinces,
    messages,
    night,
    only,
    raw_of,
    read,
)

MANY_FAULTS = Faults(
    **{name: 0.03 for name in Faults.__slots__ if name not in ("corrections", "repairs", "revotes")},
    corrections=0.2,
    repairs=0.5,
    revotes=0.7,
)
"""So many that a night of a thousand forms has all of them."""

PINNED = "ff058ba275480c2f88d2c43455907272ec2f702b01ac2c166abf15c93d089f08"
"""SHA-256 over the messages of the night below. It changes only when seeds are to mean other nights, which
breaks whoever compares a night of today with one of yesterday: say so in the changelog."""


@pytest.fixture(scope="module")
def eventful() -> Night:
    return night(MANY_FAULTS)


def digest(raw: list[bytes]) -> str:
    return sha256(b"".join(len(one).to_bytes(4, "big") + one for one in raw)).hexdigest()


def small_digest() -> str:
    """The digest of a small night; run in other processes too."""
    election = load_election("pemilu2024")
    registry = builtin_registry(election, provinces=["12", "94"], stations=60)
    of = Night(builtin_candidates(election, registry), registry, 2024, faults=MANY_FAULTS)
    return digest(messages(of))


def test_the_bytes_of_a_seed_never_change() -> None:
    assert small_digest() == PINNED


def test_a_sample_is_spread_evenly_over_the_night(eventful: Night) -> None:
    whole = messages(eventful)

    def sample(count: int) -> list[bytes]:
        return list(raw_of(record for chunk in eventful.sample(count) for record in chunk.records()))

    assert sample(eventful.size) == whole
    assert sample(3) == [whole[0], whole[eventful.size // 3], whole[eventful.size * 2 // 3]]
    for too_many in (0, eventful.size + 1):
        with pytest.raises(ValueError, match="ask for fewer"):
            sample(too_many)


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_bytes_do_not_depend_on_the_process(hash_seed: str) -> None:
    made = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import small_digest; print(small_digest())"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == PINNED


@pytest.mark.parametrize("size", [1, 97, 100_000])
def test_the_bytes_do_not_depend_on_the_size_of_chunks(eventful: Night, size: int) -> None:
    if size == 1:  # each message alone
        few = night(MANY_FAULTS, contests=["PPWP"], chunk_messages=1)
        assert messages(few) == messages(night(MANY_FAULTS, contests=["PPWP"]))
    else:
        assert messages(night(MANY_FAULTS, chunk_messages=size)) == messages(eventful)


def made_in(chunk: NightChunk) -> list[bytes]:
    return list(raw_of(chunk.records()))


def test_a_chunk_makes_the_same_bytes_in_a_process_that_shares_nothing() -> None:
    chunks = list(night(MANY_FAULTS, chunk_messages=400).chunks())[:3]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(made_in, chunks) == [made_in(chunk) for chunk in chunks]


def test_a_chunk_is_cheap_to_send() -> None:
    for chunk in night(MANY_FAULTS, chunk_messages=1_000).chunks():
        assert len(pickle.dumps(chunk)) < 100 * chunk.size + 40_000


def test_other_seeds_are_other_nights() -> None:
    seeds = [messages(night(NO_FAULTS, seed, contests=["PPWP"])) for seed in (1, 2)]
    assert not set(seeds[0]) & set(seeds[1])


def test_a_contest_is_the_same_with_others_beside_it(eventful: Night) -> None:
    alone = messages(night(MANY_FAULTS, contests=["DPR"]))
    # Wrecked messages may not be readable; those that are tell their contest.
    among = [raw for raw in messages(eventful) if raw in set(alone)]
    assert Counter(among) == Counter(alone)


def test_size_is_the_number_of_messages(eventful: Night) -> None:
    made = list(eventful.chunks())
    assert sum(chunk.size for chunk in made) == eventful.size == len(messages(eventful))
    assert [chunk.first for chunk in made] == [5_000 * number for number in range(len(made))]


def test_places_name_the_night_and_the_message() -> None:
    of = night(NO_FAULTS, 5, contests=["PPWP"], chunk_messages=100)
    places = [record.place for chunk in of.chunks() for record in chunk.records()]
    assert places == [f"night 5, message {number}" for number in range(of.size)]


def test_every_fault_befalls_somebody(eventful: Night) -> None:
    names = set(Faults.__slots__)
    assert set(eventful.injected) == names
    assert [name for name, number in eventful.injected.items() if not number] == []


def test_a_count_comes_to_what_the_night_expects(eventful: Night) -> None:
    outcome = counted(messages(eventful))
    expected = eventful.expected
    assert (outcome.accepted, outcome.repeated) == (expected.accepted, expected.repeated)
    assert dict(outcome.rejected) == expected.rejected
    assert len(expected.rejected) == 6
    assert eventful.size == expected.accepted + expected.repeated + sum(expected.rejected.values())


def test_readable_messages_are_canonical_and_valid() -> None:
    for raw in messages(night(replace(MANY_FAULTS, malformed=0.0, altered=0.0))):
        document = read(raw)
        stated = document.pop("event_id")
        assert raw == encode(document)
        assert decode(raw).event_id == stated


def test_the_usual_night_has_every_kind_of_fault() -> None:
    election = load_election("pemilu2024")
    registry = builtin_registry(election, stations=30_000)
    usual = Night(election, registry, 1, contests=["PPWP"])
    rare = {"swapped", "bad_party_sums"}  # 1 in 25,000; and no parties here
    assert {name for name, number in usual.injected.items() if not number} <= rare
    corrected = usual.injected["corrections"] + usual.injected["repairs"]
    assert corrected / usual.forms == pytest.approx(0.06, abs=0.01)


def test_contests_are_held_where_they_are() -> None:
    of = night(NO_FAULTS)
    held = Counter((document["contest"], document["station"][:2]) for document in map(read, messages(of)))
    assert {place for contest, place in held if contest == "DPRD-KABKO"} == {"11", "95"}
    assert {place for contest, place in held if contest == "DPD"} == {"11", "31", "95"}
    assert {place for contest, place in held if contest == "DPR"} == {"11", "31", "95", "99"}
    assert of.forms == of.size == held.total()


def test_a_night_needs_no_list_of_stations() -> None:
    election = load_election("pemilu2024")
    of_list = builtin_registry(election, provinces=["51"], stations=40)
    rows = [
        RegionRow(one.id, one.parent, one.level, one.name, one.stations, one.registered)
        for one in of_list.regions()
    ]
    tree = build_registry(rows, root=(election.root.id, election.root.name))
    made = [read(raw) for raw in messages(Night(election, tree, 1, contests=["PPWP"], faults=NO_FAULTS))]
    assert {one["station"] for one in made} == {raw.decode() for raw in of_list.station_ids.tolist()}


def test_unlisted_stations_send_nothing_where_they_do_not_count() -> None:
    election, registry = four_provinces()
    listed = registry.station_listed
    registry.station_listed = listed.copy()
    registry.station_listed[:5] = False
    try:
        without = Night(election, registry, 1, contests=["PPWP"])
        counts = Night(
            election.model_copy(update={"count_unlisted_stations": True}), registry, 1, contests=["PPWP"]
        )
    finally:
        registry.station_listed = listed
    assert counts.forms - without.forms == 5


def test_a_night_that_can_not_be_is_refused_with_what_to_do() -> None:
    election, registry = four_provinces()
    bare = load_election("pemilu2024")
    with pytest.raises(ValueError, match="Nobody stands for DPD"):
        Night(bare, registry, 1, contests=["DPD"])
    with pytest.raises(UnknownContest, match="choose one of"):
        Night(election, registry, 1, contests=["SENATE"])
    with pytest.raises(ValueError, match=r"set poll\.closes"):
        Night(election.model_copy(update={"poll": None}), registry, 1)


@pytest.mark.parametrize("rate", [-0.1, 1.5])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate of duplicates"):
        only(duplicates=rate)


def test_faults_of_which_a_form_has_one_can_not_be_more_than_all() -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        only(bad_sums=0.6, blanks=0.5)
