"""However often processes crash, and at whichever step: the totals are those of the fold.

Without the guarantees of the design they are not, which shows that the test can fail. REKAP_CRASH_RUNS
says how many runs there are in all (10,000 without it); the first 500 are those of every day, the others are
marked slow.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from random import Random
from typing import Any, Final

import pytest

from event_log.kafka.log import KafkaRecord
from event_log.kafka.partitioner import partition_of
from schemas.placement import key_of
from schemas.regions import Level
from schemas.tallies import Tally
from schemas.tally_cells import cell_count, tally_of
from schemas.tally_messages import TallyMessage, decode_tally
from stream_processors.assess import Assessor
from stream_processors.distributed.count_stage import AssessedEntries
from stream_processors.distributed.ranges import entries_of
from stream_processors.fold import Folded, PlacedMessage, fold
from tests.stream_processors.distributed.simulated import Cluster, Guarantees
from tests.worlds import DPR, PPWP, World, annulled, corrected, form, id_of, pairs, submitted, world

VARIABLE: Final = "REKAP_CRASH_RUNS"
DAILY: Final = range(500)
"""Runs of every day: each of the logs a dozen times."""
LONG: Final = range(DAILY.stop, max(DAILY.stop, int(os.environ.get(VARIABLE, "10000"))))
"""Runs of the long part, which are others."""
PART: Final = 250
"""Runs that a process takes at once, so that all cores are at work until the end."""
LOGS: Final = 40
"""Different logs; each is run many times, with other crashes."""
PARTITIONS: Final = 2
CRASH_RATE: Final = 0.05
"""For each message published: some four in a run."""
COMPLETE: Final = Guarantees()
CUT: Final = 3
"""Messages of a batch at the most."""
STATIONS: Final = ("1101012001001", "1101012001002", "1102012001003", "1202022002003", "1201012001001")


class Night:
    """A log of two partitions, its batches, and what the fold makes of it."""

    def __init__(self, seed: int) -> None:
        chance = Random(seed)
        self.world: World = world()
        self.events: list[list[AssessedEntries]] = []
        raws: list[list[tuple[bytes, bytes]]] = [[] for _ in range(PARTITIONS)]
        for raw, station in _night(chance):
            key = key_of(self.world.registry, station)
            assert key is not None
            raws[partition_of(key, PARTITIONS)].append((key, raw))
        if chance.random() < 0.5:  # one on a wrong partition
            raws[0].append((b"1299", submitted("1202022002003", pairs(1, 1, 1))))
        placed = [
            PlacedMessage.of(raw, key, partition) for partition, some in enumerate(raws) for key, raw in some
        ]
        self.folded: Folded = fold(placed, self.world.election, self.world.registry, _partition_of)
        assessor = Assessor(self.world.election, self.world.registry, self.world.ballots, _partition_of)
        for partition, some in enumerate(raws):
            batches, position = [], 0
            while position < len(some):
                cut = some[position : position + chance.randint(1, CUT)]
                records = [
                    KafkaRecord(at, at * 1_000, key, raw, ()) for at, (key, raw) in enumerate(cut, position)
                ]
                batches.append(entries_of(assessor, partition, records))
                position += len(cut)
            self.events.append(batches)


def _partition_of(key: bytes) -> int:
    return partition_of(key, PARTITIONS)


def _night(chance: Random) -> list[tuple[bytes, str]]:
    """Counts, corrections, annulments, duplicates and rejected messages."""
    sent: list[tuple[bytes, str]] = []
    in_force: dict[tuple[str, str], bytes] = {}
    for number in range(chance.randint(4, 12)):
        station, contest = chance.choice(STATIONS), chance.choice((PPWP, DPR))
        votes = [chance.randint(0, 40) for _ in range(3)]
        said = pairs(*votes) if contest == PPWP else form({"1": votes[0], "2": votes[1]})
        held = in_force.get((contest, station))
        dice = chance.random()
        if sent and dice < 0.15:
            sent.append(chance.choice(sent))
            continue
        if held is None or dice < 0.3:
            raw = submitted(station, said, contest, device=f"phone-{number}")
            if held is None:
                in_force[contest, station] = raw
        elif dice < 0.45:
            raw = annulled(station, held, contest)
            del in_force[contest, station]
        else:
            raw = corrected(station, id_of(held), said, contest, device=f"phone-{number}")
            in_force[contest, station] = raw
        sent.append((raw, station))
    return sent


@cache
def nights() -> list[Night]:
    """The logs, made once."""
    return [Night(seed) for seed in range(LOGS)]


def wrong_runs(runs: range, guarantees: Guarantees = COMPLETE) -> tuple[int, int]:
    """How many of these runs end with other totals than the fold, and how many crashes there were."""
    wrong = crashes = 0
    for run in runs:
        night = nights()[run % LOGS]
        cluster = Cluster(night.world, night.events, Random(run), CRASH_RATE, guarantees)
        cluster.run()
        crashes += cluster.crashes
        wrong += not is_right(night, cluster)
    return wrong, crashes


def is_right(night: Night, cluster: Cluster) -> bool:
    """Whether all totals from the district up, every entry's rows and all that was rejected are there as the
    fold has them."""
    for level in (Level.DISTRICT, Level.PROVINCE, Level.NATION):
        newest: dict[tuple[str, str], TallyMessage] = {}
        for raw in cluster.topics.tallies[level]:
            message = decode_tally(raw)
            held = newest.get((message.contest, message.unit))
            if held is None or message.version > held.version:
                newest[message.contest, message.unit] = message
        expected = {
            key: tally
            for key, tally in night.folded.regions.items()
            if tally.level is level and tally.version
        }
        if {key: _tally(night.world, message) for key, message in newest.items()} != expected:
            return False
    entries = {
        (partition, position)
        for table in cluster.topics.rows.get("event", [])
        for partition, position in zip(
            table.column("partition").to_pylist(), table.column("position").to_pylist(), strict=True
        )
    }
    if len(set(cluster.topics.rejected)) != sum(night.folded.rejected.values()):
        return False
    return entries == {
        (partition, position)
        for partition, batches in enumerate(night.events)
        for batch in batches
        for position in batch.positions
    }


def _tally(here: World, message: TallyMessage) -> Tally:
    parts: list[tuple[Any, list[int]]] = [
        (here.ballots.ballots[ballot], list(cells)) for ballot, cells in message.cells.items()
    ]
    contest = here.ballots.contests.index(message.contest)
    region = here.registry.index[message.unit]
    # Ballots on which nothing came are not in a message, and zeros in the fold.
    missing = [index for index in here.ballots.of_region(contest, region) if index not in message.cells]
    parts += [
        (here.ballots.ballots[index], [0] * cell_count(here.ballots.ballots[index])) for index in missing
    ]
    return tally_of(here.registry, here.ballots, contest, region, parts)


@pytest.mark.parametrize("runs", [DAILY, pytest.param(LONG, marks=pytest.mark.slow)], ids=["daily", "long"])
def test_no_crash_anywhere_changes_a_total(runs: range) -> None:
    parts = [runs[start : start + PART] for start in range(0, len(runs), PART)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found = list(pool.map(wrong_runs, parts))
    assert sum(wrong for wrong, _ in found) == 0
    assert sum(crashes for _, crashes in found) > len(runs) or not runs


def test_without_republishing_crashes_do_change_totals() -> None:
    wrong, _ = wrong_runs(range(200), Guarantees(republishes=False, republishes_repeated=False))
    assert wrong > 0


def test_without_waiting_for_acknowledgements_crashes_do_lose_rows_or_rejected_entries() -> None:
    wrong, _ = wrong_runs(range(400), Guarantees(waits=False))
    assert wrong > 0
