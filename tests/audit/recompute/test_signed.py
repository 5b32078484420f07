"""The second implementation knows who may submit what, as the first one does, and reasons for differences."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from schemas.control_events import ELECTION_CONTROL_TYPES
from schemas.decode import decode
from schemas.placement import key_of_region
from schemas.rejections import Rejected
from stream_processors.fold import FoldedEntry
from tests.audit.recompute.against_the_fold import compare
from tests.keys import by_root, device, enrolled, opened, registrar, revoked, signed, signed_world, signer
from tests.producers.simulator.test_signed_night import messages as night_of_keys
from tests.producers.simulator.test_signed_night import signed_election
from tests.stream_processors.embedded.test_without_a_key import honest, hostile
from tests.worlds import all_stations, annulled, corrected, pairs, reason_stated, recap, submitted, world

PARTITIONS = 2
DAILY, LONG = 3, 40
"""Logs of chance, every day and in the long part."""


def reasons_of(entries: Iterable[FoldedEntry]) -> set[str]:
    """The reasons for which anything was rejected."""
    return {entry.rejection.reason.value for entry in entries if entry.rejection is not None}


def partition_of(key: bytes) -> int:
    return sum(key) % PARTITIONS


def placed(raw: bytes) -> list[tuple[bytes, bytes | None, int]]:
    """Where the message belongs in a log with partitions: what concerns the election stands in all."""
    registry = world().registry
    try:
        event = decode(raw).event
    except Rejected:
        return [(raw, b"", 0)]
    if event.type in ELECTION_CONTROL_TYPES:
        return [(raw, None, partition) for partition in range(PARTITIONS)]
    station = registry.station(event.unit)
    region = registry.index.get(event.unit) if station is None else station.village
    key = b"" if region is None else key_of_region(registry, region)
    return [(raw, key, partition_of(key))]


def test_a_signed_night_with_those_who_have_no_key(tmp_path: Path) -> None:
    entries = compare(tmp_path, *signed_election(), night_of_keys())
    assert reasons_of(entries) >= {
        *("unsigned", "bad_signature", "unknown_key", "revoked_key", "out_of_scope", "sequence_repeated"),
        "wrong_role",
    }


def test_a_log_that_everybody_may_write_to(tmp_path: Path) -> None:
    there = signed_world()
    log = [*honest(), *hostile(honest())]
    entries = compare(tmp_path, there.election, there.registry, log)
    assert reasons_of(entries) >= {"bad_signature", "unknown_key", "unsigned"}


def test_a_log_with_partitions(tmp_path: Path) -> None:
    there = signed_world()
    log = [place for raw in (*honest(), *hostile(honest())) for place in placed(raw)]
    log += [(raw, key, 1 - partition) for raw, key, partition in log[: len(log) // 2]]
    entries = compare(tmp_path, there.election, there.registry, placed=log, partition_of=partition_of)
    assert "wrong_key" in reasons_of(entries)


def test_control_events_in_an_election_without_keys(tmp_path: Path) -> None:
    compare(tmp_path, world().election, world().registry, [*honest(), recap("11", {"1": 1})])


def any_of_keys(chance: Random) -> list[bytes]:
    """Events about keys and counts in an order of chance, some of them twice."""
    devices = [signer(f"device {number}") for number in range(3)]
    others = [signer(f"registrar {number}") for number in range(2)]
    stations = all_stations()[:4]
    made: list[bytes] = [opened(), opened(registry="0" * 64), by_root("ElectionOpened", {}, signers=())]
    for number, one in enumerate(others):
        made.append(registrar(one, (("11",), ("1101",))[number]))
        made.append(by_root("RegistrarRevoked", {"key": one.key_id, "note": "x"}))
    for key in devices:
        for by in others:
            made.append(enrolled(device(key, stations=[chance.choice(stations)]), by=by))
            made.append(enrolled(device(key, "kpu_kabko", regions=["1101"]), by=by))
            made.append(enrolled(device(key, regions=["1101"], ends="2024-02-14T13:00:00+07:00"), by=by))
            made.append(enrolled(device(key, regions=["11"]), by=by))
            made.append(revoked(key, by=by))
    note = {"note": "x"}
    for kind in ("CountingPaused", "CountingResumed"):
        made.append(by_root(kind, note))
        made.append(by_root(kind, note, at="2024-02-14T15:00:00+07:00"))
    for roles in ([], ["kpps"], ["kpps", "kpu_kabko"]):
        made.append(by_root("RuleSetChanged", {"signed_roles": roles, "note": "x"}))
    counts: list[bytes] = []
    for _ in range(60):
        station, key = chance.choice(stations), chance.choice(devices)
        raw = submitted(station, pairs(chance.randint(0, 3), 2, 3))
        if counts and chance.random() < 0.5:
            raw = (
                corrected(station, chance.choice(counts), pairs(9, 9, 9))
                if chance.random() < 0.5
                else annulled(station, chance.choice(counts))
            )
        role = chance.choice(("kpps", "kpps", "kpu_kabko"))
        time = chance.choice((None, "2024-02-14T14:00:00+07:00", "2024-02-14T12:30:00+07:00"))
        raw = signed(raw, chance.randint(1, 6), key, role, occurred_at=time)
        counts.append(raw if chance.random() < 0.8 else submitted(station, pairs(1, 1, 1)))
    document = signed(recap("1101", {"1": 5}), 7, devices[0], "kpu_kabko")
    made += [document, signed(reason_stated("1101", document), 8, devices[0], "kpu_kabko")]
    chance.shuffle(made)
    start = [
        opened(),
        registrar(others[0]),
        enrolled(*(device(key, regions=["1101"]) for key in devices), by=others[0]),
    ]
    log = start if chance.random() < 0.8 else []
    for raw in counts:
        log = [*log, *(made.pop() for _ in range(chance.randint(0, 2)) if made), raw]
    return [*log, *chance.sample(log, len(log) // 3)]


@pytest.mark.parametrize(
    "seed", [*range(DAILY), *(pytest.param(one, marks=pytest.mark.slow) for one in range(DAILY, LONG))]
)
def test_whatever_happens_to_keys(tmp_path: Path, seed: int) -> None:
    there = signed_world()
    compare(tmp_path, there.election, there.registry, any_of_keys(Random(seed)))


def test_reasons_for_differences(tmp_path: Path) -> None:
    first = recap("11", {"1": 1, "2": 2, "3": 3})
    second = recap("11", {"1": 2, "2": 2, "3": 3}, supersedes=first)
    log = [
        reason_stated("11", first),  # before the document
        first,
        reason_stated("11", first, "votes.1"),
        reason_stated("11", first, "votes.1"),
        reason_stated("11", first, "votes.99"),
        reason_stated("99", first),
        second,
        reason_stated("11", first),
        reason_stated("11", second, "valid"),
    ]
    entries = compare(tmp_path, world().election, world().registry, log)
    assert [entry.outcome for entry in entries].count("accepted") == 4
