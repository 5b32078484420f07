"""What came out, held against what the specification makes of the same log: cell by cell, and entry by entry.

`assert_right` is 0 lost, 0 doubled, every cell equal, and no total that is not the sum of its parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from clickhouse_connect.driver.client import Client

from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import NATION_TALLIES, REJECTED
from queries.cells import Key, region_cells
from schemas.regions import REGION_LEVELS, Level
from schemas.tallies import Tally, state_digest
from schemas.tally_messages import TallyMalformed, TallyMessage, decode_tally
from stream_processors.fold import Folded
from tests.distributed.cluster import Cluster
from tests.distributed.station_cells import station_cells

Cells = dict[str, Any]


def assert_right(cluster: Cluster, folded: Folded, *, forged: bool = False) -> None:
    """The database and the topics say what `folded` says, which is the fold of the whole log. `forged`:
    others have written to the topics of totals, which are not looked at."""
    election, ends = cluster.directory.election.id, cluster.ends()
    with closing(cluster.look()) as client:
        assert_entries(client, ends, folded)
        digests = []
        for level in REGION_LEVELS:
            ours = {key: tally for key, tally in folded.regions.items() if tally.level is level}
            shown = dict(region_cells(client, election, level, ends))
            digests += [(contest, level.value, unit, cells) for (contest, unit), cells in shown.items()]
            assert different(ours, shown.items()) == []
        stations = {(tally.contest, tally.unit): tally for tally in folded.stations()}
        assert different(stations, station_cells(client, election, ends)) == []
        regions = [(t.contest, t.level.value, t.unit, t.cells()) for t in folded.regions.values()]
        assert state_digest(digests) == state_digest(regions)
        assert client.query("SELECT * FROM inconsistency").result_rows == []
    if not forged:
        assert_published(cluster, folded)
    assert_rejected(cluster, folded)


def assert_entries(client: Client, ends: dict[int, int], folded: Folded) -> None:
    """Every entry of the log has its row and its outcome, every accepted count its version: none is missing
    and none is there twice."""
    found = client.query("SELECT partition, position FROM event FINAL ORDER BY 1, 2").result_rows
    assert list(found) == [(one, position) for one in sorted(ends) for position in range(ends[one])]
    found = client.query("SELECT toString(outcome), count() FROM event FINAL GROUP BY 1").result_rows
    outcomes = dict(map(tuple, found))
    rejected = sum(folded.rejected.values())
    expected = {"accepted": folded.accepted, "repeated": folded.repeated, "rejected": rejected}
    assert outcomes == {outcome: count for outcome, count in expected.items() if count}
    reasons = client.query("SELECT reason, count() FROM rejected FINAL GROUP BY 1").result_rows
    assert dict(map(tuple, reasons)) == {
        str(reason): count for reason, count in folded.rejected.items() if count
    }
    versions = client.query("SELECT contest, unit, version FROM station_history FINAL").result_rows
    assert Counter(versions) == Counter(
        (tally.contest, tally.unit, version)
        for tally in folded.stations()
        for version in range(1, tally.version + 1)
    )


def different(ours: dict[Key, Tally], shown: Iterable[tuple[Key, Cells]]) -> list[tuple[Key, str, Any, Any]]:
    """The cells that differ, some first ones: unit, cell, what the log gives, what is shown. Takes what it
    compared out of `ours`."""
    found: list[tuple[Key, str, Any, Any]] = []
    for key, cells in shown:
        tally = ours.pop(key, None)
        expected = tally.cells() if tally is not None else {}
        for name in expected.keys() | cells.keys():
            if name not in cells and (
                name.startswith("ballots_") or (expected[name] == 0 and "votes" in name)
            ):
                continue  # a station's row has no ballots, and leaves out what its form does not fill
            if expected.get(name) != cells.get(name):
                found.append((key, name, expected.get(name), cells.get(name)))
    return [*found[:10], *((key, "", "every cell", None) for key in list(ours)[:10])]


def assert_published(cluster: Cluster, folded: Folded) -> None:
    """The newest totals on the nation's topic are those of the fold."""
    newest: dict[str, TallyMessage] = {}
    with KafkaLog(cluster.connection, NATION_TALLIES) as log:
        for records in log.read(0, 0):
            for record in records:
                try:
                    message = decode_tally(record.raw)
                except TallyMalformed:
                    continue  # somebody else's
                if message.contest not in newest or message.version > newest[message.contest].version:
                    newest[message.contest] = message
    nation = (tally for tally in folded.regions.values() if tally.level is Level.NATION)
    expected = {tally.contest: tally.version for tally in nation if tally.version}
    assert {contest: message.version for contest, message in newest.items()} == expected


def assert_rejected(cluster: Cluster, folded: Folded) -> None:
    """What was rejected is on its topic with the reason, each entry of the log at least once."""
    said: dict[tuple[int, int], str] = {}
    with KafkaLog(cluster.connection, REJECTED) as log:
        for partition in range(log.partitions):
            for records in log.read(partition, 0):
                for record in records:
                    headers = dict(record.headers)
                    place = int(headers["partition"]), int(headers["position"])
                    assert place[0] == partition
                    assert said.setdefault(place, headers["reason"].decode()) == headers["reason"].decode()
    expected = {str(reason): count for reason, count in folded.rejected.items() if count}
    found = dict(Counter(said.values()))
    assert found == expected, f"{found} is on the topic, {expected} is right"
