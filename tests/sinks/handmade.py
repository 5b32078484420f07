"""One table of rows for every table of the projections, made by hand from the tiny election.

Small enough to write down what must come out. Position 0 is a clean count, 1 a flagged one with a missing
figure, 2 an annulment, 3 bytes that are no text, 4 a rejected count, 5 a recapitulation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.findings import Finding, Severity
from schemas.language import Text
from schemas.named_rows import FindingRow, RecapCells, RecapRow
from schemas.rejections import Reason, Rejection
from schemas.tallies import CELL, OUTSTANDING
from schemas.tally_cells import cell_count
from sinks.rows import Rows
from stream_processors.partition.message_rows import EVENT_COLUMNS, STATION_COLUMNS
from stream_processors.rollup import Rollup
from tests.worlds import World

AT: Final = 1_707_890_400_123_456
"""When the log took the batch in: microseconds since 1970, UTC."""
TIME: Final = datetime(2024, 2, 14, 6, 0, 0, 123_456, tzinfo=UTC)
OCCURRED: Final = datetime(2024, 2, 14, 5, 59, 58, 250_000, tzinfo=UTC)

STATION: Final = "1101012001001"
ABROAD_STATION: Final = "9901012001001"
IDS: Final = tuple(letter * 64 for letter in "abcdef")
BODIES: Final = (b'{"a":1}', b'{"b":2}', b'{"c":3}', b"\xff\x00\xfe", "héé".encode(), b"")
REJECTIONS: Final = {
    3: Rejection(Reason.MALFORMED, Text("tidak terbaca", "can't be read")),
    4: Rejection(Reason.ALREADY_COUNTED, Text("sudah ada", "already there")),
}
FINDING: Final = Finding(
    rule="R08",
    severity=Severity.HARD,
    place="V.C",
    numbers={"counted": 5, "voted": -6},
    said=Text("lima", "five"),
    tag="recount_trigger",
)


def integers(*figures: int) -> NDArray[np.int64]:
    """Figures as the row makers take them."""
    return np.array(figures, np.int64)


def every_table(world: World, election: str, partition: int = 0) -> dict[str, pa.Table]:
    """Rows for every table that rows are inserted into, for an election of that name, from one partition."""
    rows = Rows(election, world.registry, world.ballots)
    event_columns = _columns(
        EVENT_COLUMNS,
        (IDS[0], "CountSubmitted", "PPWP", STATION, OCCURRED),
        (IDS[1], "CountSubmitted", "PPWP", ABROAD_STATION, None),
        (IDS[2], "CountAnnulled", "PPWP", STATION, OCCURRED),
        ("", "", "", "", None),
        (IDS[4], "CountSubmitted", "PPWP", STATION, OCCURRED),
        (IDS[5], "RecapCertified", "DPD", "11", OCCURRED),
    )
    form_columns = _columns(
        STATION_COLUMNS,
        ("regular", [("1", 10), ("2", 0)], 10, 2, 12, 201, [], True),
        ("revote", [("3", 7)], 7, None, None, None, ["R08", "R25"], False),
        ("", [], None, None, None, 201, [], False),
    )
    villages = integers(*(world.registry.index[unit[:10]] for unit in (STATION, ABROAD_STATION, STATION)))
    taken = pa.array([0, 1, 2])
    rejected = pa.array(list(REJECTIONS))
    recap = RecapCells("D.Hasil 11", [("11:21", 2**40)], 2**40, None, 0)
    regions, of_regions = region_cells(world)
    several = Rollup(world.registry, world.ballots)
    for ballot in (1, 2, 3):  # DPR: the nation has several ballots
        village = world.registry.index[{1: "1101012001", 2: "1102012001", 3: "1201012001"}[ballot]]
        width = cell_count(world.ballots.ballots[ballot])
        cells = np.arange(1, width + 1)[None, :] * ballot
        cells[:, [CELL[name] for name in (*OUTSTANDING, "surplus")]] = 0
        several.add(ballot, integers(village), cells)
    several.settle()
    return {
        "event": rows.events(
            event_columns,
            BODIES,
            integers(0, 1, 2, 3, 4, 5),
            AT,
            REJECTIONS,
            integers(1, 1, 2, 0, 0, 1),
            partition,
        ),
        "station_history": rows.stations(
            form_columns | {name: column.take(taken) for name, column in event_columns.items()},
            villages,
            ["clean", "flagged", "annulled"],
            [True, False, True],
            integers(1, 1, 2),
            integers(0, 1, 2),
            AT,
            partition,
        ),
        "finding": rows.findings(
            [FindingRow("PPWP", ABROAD_STATION, int(villages[1]), 1, 1, FINDING)], AT, partition
        ),
        "rejected": rows.rejected(
            {name: column.take(rejected) for name, column in event_columns.items()},
            [BODIES[row] for row in REJECTIONS],
            integers(3, 4),
            AT,
            list(REJECTIONS.values()),
            partition,
        ),
        "recap": rows.recaps(
            [RecapRow("DPD", world.registry.index["11"], 1, 5, IDS[5], recap)], AT, partition
        ),
        "tally_history": pa.concat_tables(
            [
                rows.tallies(world.ballots.ballots[0], regions, of_regions, 5, AT, partition),
                rows.whole_tallies([several.tally(1, 0)], 5, AT, partition),
            ]
        ),
        "region": rows.regions(),
        "register_station": rows.register_stations(),
    }


def region_cells(world: World) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every region, with cells of the first ballot in which every figure is another, but for those that tell
    which registered voters are outstanding: all of them, or nobody knows."""
    regions = np.arange(len(world.registry.ids))
    width = cell_count(world.ballots.ballots[0])
    cells = (regions[:, None] + 1) * 1_000 + np.arange(width)[None, :]
    cells[:, [CELL[name] for name in OUTSTANDING]] = 0
    return regions, cells


def _columns(schema: pa.Schema, *rows: tuple[Any, ...]) -> dict[str, pa.Array]:
    columns = zip(*rows, strict=True)
    return {field.name: pa.array(column, field.type) for field, column in zip(schema, columns, strict=True)}
