"""The cost of questions to a count that is there: every view, a region's page, reconciling, seats.

Each question is asked beside the bare ClickHouse query on the same rows in one run, by turns, so that both
meet the same machine. Times are of the engine in process with the rows fetched. `--data` is a directory that
a count was made in; nothing else may have it open. Reconciling is measured where the count has certified
documents (2019: import the stations, then official_recap.csv); seats with files of votes and seats.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from clickhouse.client import connect
from determination.margins import votes_to_last_seat
from determination.seats import determine_seats
from queries.progress import progress
from queries.reconciliation import against_forms
from queries.results import results
from schemas.data_directory import DataDirectory
from schemas.regions import Level

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ROUNDS: Final = 7
"""Times that a view is asked; the median is reported, and the first time apart: nothing is cached then."""
PAGES: Final = 400
"""Regions whose page is asked: enough that the 99th percentile is not one accident."""
CHANGES: Final = 200
"""Changes of one cell after each of which the seats are determined again."""
THRESHOLD: Final = Fraction(4, 100)
SEED: Final = 2024

BARE: Final = {
    "result_now": "SELECT count(), sum(valid) FROM tally FINAL WHERE level = 'district'",
    "leader_now": "SELECT count(), sum(valid) FROM tally FINAL WHERE level = 'district'",
    "progress_now": "SELECT count(), sum(stations_received) FROM tally FINAL WHERE level = 'district'",
    "tally_now": "SELECT count(), sum(valid) FROM tally FINAL WHERE level = 'district'",
    "outstanding_by_level": "SELECT level, sum(stations_received) FROM tally FINAL GROUP BY level",
    "turnout_now": "SELECT district, sum(voters), sum(registered) FROM station FINAL GROUP BY district",
    "arrival": "SELECT toStartOfMinute(recorded_at) AS m, count() FROM event FINAL GROUP BY m",
}
"""What asks the same of the tables alone: no names, no shares, no NULL for what nobody gave."""
OF_DISTRICTS: Final = frozenset({"tally_now", "result_now", "leader_now", "progress_now", "turnout_now"})
"""Views that are asked for one level, as a dashboard does; the others as a whole."""


def main() -> int:
    """Measure, and write a JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the directory of a count")
    parser.add_argument("--contest", default="PPWP")
    parser.add_argument("--votes", type=Path, help="CSV: dapil_code,party_number,total_votes")
    parser.add_argument("--districts", type=Path, help="CSV: dapil_code,seats")
    asked = parser.parse_args()
    directory = DataDirectory.open(asked.data)
    election = directory.election.id
    report: dict[str, Any] = {}
    with closing(connect(directory.clickhouse_url)) as client:
        report["size"] = size(client)
        report["views"] = views(client)
        report["page"] = pages(client, election, asked.contest)
        report["reconcile"] = reconcile(client, election)
    if asked.votes is not None and asked.districts is not None:
        report["seats"] = seats(asked.votes, asked.districts)
    json.dump(report, sys.stdout, indent=2)
    print()
    return 0


def timed(ask: Callable[[], object]) -> float:
    """Milliseconds of one question."""
    begin = time.perf_counter()
    ask()
    return (time.perf_counter() - begin) * 1_000


def size(client: Client) -> dict[str, int]:
    """Rows of what the questions read, and how many stations were corrected."""
    tables = ("station", "station_history", "tally", "event", "recap", "region")
    rows = {name: int(client.query(f"SELECT count() FROM {name} FINAL").result_rows[0][0]) for name in tables}
    corrected = client.query("SELECT count() FROM station FINAL WHERE version > 1").result_rows[0][0]
    return {**rows, "corrected": int(corrected)}


def views(client: Client) -> dict[str, dict[str, float | int | None]]:
    """Each view of the database, by turns with its bare query where it has one: milliseconds."""
    names = client.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name"
    ).result_rows
    found: dict[str, dict[str, float | int | None]] = {}
    for (name,) in names:
        sql = f"SELECT * FROM {name}"
        if name == "result_as_of":
            sql += "(moment = '2099-01-01 00:00:00', contest = 'PPWP', level = 'district')"
        elif name in OF_DISTRICTS:
            sql += " WHERE level = 'district'"
        counted = f"SELECT count() FROM ({sql})"
        # All columns have to be made: a count alone would leave most of them out.
        whole = f"SELECT count(), sum(cityHash64(toString(tuple(*)))) FROM ({sql})"
        of_view, of_bare = [], []
        for _ in range(ROUNDS):
            of_view.append(timed(lambda: client.query(whole)))  # noqa: B023 - asked at once
            if name in BARE:
                of_bare.append(timed(lambda: client.query(BARE[name])))  # noqa: B023
        found[name] = {
            "rows": int(client.query(counted).result_rows[0][0]),
            "first_ms": round(of_view[0], 1),
            "median_ms": round(statistics.median(of_view), 1),
            "bare_median_ms": round(statistics.median(of_bare), 1) if of_bare else None,
        }
    return found


def pages(client: Client, election: str, contest: str) -> dict[str, Mapping[str, float]]:
    """What a region's page asks (its progress, and the results of the regions right below), for regions drawn
    from all levels, by turns with the bare query of the same rows."""
    below = {Level.NATION: Level.PROVINCE, Level.PROVINCE: Level.DISTRICT, Level.DISTRICT: Level.SUBDISTRICT}
    below[Level.SUBDISTRICT] = Level.VILLAGE
    rows = client.query(
        "SELECT unit, level FROM tally FINAL WHERE contest = {contest:String} AND level != 'village'",
        parameters={"contest": contest},
    ).result_rows
    drawn = Random(SEED).choices([(str(unit), Level(level)) for unit, level in rows], k=PAGES)
    of_page, of_bare = [], []
    bare = (
        "SELECT * FROM tally FINAL WHERE election = {election:String} AND contest = {contest:String} "
        "AND level = {level:String} AND parent = {unit:String}"
    )
    for unit, level in drawn:
        of_page.append(timed(lambda: results(client, election, contest, below[level], unit)))  # noqa: B023
        of_page[-1] += timed(lambda: list(progress(client, election, level, unit, (contest,))))  # noqa: B023
        asked = {"election": election, "contest": contest, "level": below[level].value, "unit": unit}
        of_bare.append(timed(lambda: client.query(bare, parameters=asked)))  # noqa: B023
    return {"page_ms": percentiles(of_page), "bare_ms": percentiles(of_bare)}


def percentiles(taken: Sequence[float]) -> dict[str, float]:
    """The middle, the 99th of a hundred, the slowest."""
    ordered = sorted(taken)
    return {
        "median": round(statistics.median(ordered), 1),
        "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 1),
        "max": round(ordered[-1], 1),
    }


def reconcile(client: Client, election: str) -> dict[str, float | int]:
    """All documents of all levels held against their forms: those that differ, and seconds."""
    begin = time.perf_counter()
    differing = sum(1 for _ in against_forms(client, election))
    taken = time.perf_counter() - begin
    begin = time.perf_counter()
    rows = client.query(
        "SELECT count() FROM recap_now INNER JOIN (SELECT * FROM tally FINAL) AS t USING unit"
    )
    bare = time.perf_counter() - begin
    return {
        "documents": int(rows.result_rows[0][0]),
        "differing": differing,
        "seconds": round(taken, 3),
        "bare_seconds": round(bare, 3),
    }


def seats(votes: Path, districts: Path) -> dict[str, float | int]:
    """The seats of all districts again after each change of one cell; with what each party lacks for its last
    seat."""
    by_district: dict[str, dict[str, int]] = {}
    with votes.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_district.setdefault(row["dapil_code"], {})[row["party_number"]] = int(row["total_votes"])
    with districts.open(encoding="utf-8") as file:
        sizes = {row["dapil_code"]: int(row["seats"]) for row in csv.DictReader(file)}
    chance = Random(SEED)
    alone, with_margins = [], []
    for _ in range(CHANGES):
        district = chance.choice(sorted(by_district))
        party = chance.choice(sorted(by_district[district]))
        by_district[district][party] += chance.randrange(1, 1_000)
        begin = time.perf_counter()
        result = determine_seats(by_district, sizes, THRESHOLD)
        alone.append((time.perf_counter() - begin) * 1_000)
        for one, of_parties in by_district.items():
            for each in of_parties:
                votes_to_last_seat(result, one, each)
        with_margins.append((time.perf_counter() - begin) * 1_000)
    return {
        "districts": len(sizes),
        **{f"seats_ms_{name}": one for name, one in percentiles(alone).items()},
        **{f"with_margins_ms_{name}": one for name, one in percentiles(with_margins).items()},
    }


if __name__ == "__main__":
    sys.exit(main())
