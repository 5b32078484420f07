"""Rejected messages are found by the station that their bytes name, whatever is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.rekap.conftest import Ran, run_rekap
from tests.worlds import ABROAD, all_stations, election, pairs, registry, submitted

STATION = all_stations()[0]
NOWHERE = "9999999999001"
"""A station of no village in the register."""
OVERSEAS_UNLISTED = f"{ABROAD}077"
NO_VILLAGE = f"{STATION[:6]}9999001"
"""A station of a village that the register does not have, in a sub-district that it has."""


def _broken(station: str, **more: Any) -> bytes:
    return json.dumps({**json.loads(submitted(station, pairs(1, 2, 3))), "event_id": None, **more}).encode()


MESSAGES = [
    submitted(STATION, pairs(1, 2, 3)),
    _broken(STATION, payload={"form": {"votes": {"1": -1}}}),
    _broken(STATION)[:-1],
    _broken(STATION, schema_version=99),
    _broken(STATION, event_id="0" * 64),
    _broken(OVERSEAS_UNLISTED, payload={}),
    submitted(NOWHERE, pairs(1, 2, 3)),
    b"\xff\xfe garbage",
    submitted(NO_VILLAGE, pairs(1, 2, 3)),
]
"""One that counts, four rejected ones of its station, one of a station abroad, of none, of nothing, and of a
village that is not there."""
OF_STATION = [1, 2, 3, 4]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which they were counted."""
    directory = DataDirectory.create(
        tmp_path_factory.mktemp("places") / "data", election(count_unlisted_stations=True), registry()
    )
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit(MESSAGES)
    return directory.path


def _rekap(data: Path, *arguments: str) -> Ran:
    return run_rekap("--data", data, *arguments, "--format", "json")


def test_the_rows_have_type_contest_and_unit(data: Path) -> None:
    rows = _rekap(data, "rejected").json
    assert [(row["type"], row["contest"], row["unit"]) for row in rows] == [
        *[("CountSubmitted", "PPWP", STATION)] * 4,
        ("CountSubmitted", "PPWP", OVERSEAS_UNLISTED),
        ("CountSubmitted", "PPWP", NOWHERE),
        ("", "", ""),
        ("CountSubmitted", "PPWP", NO_VILLAGE),
    ]


@pytest.mark.parametrize(
    ("region", "positions"),
    [
        (STATION, OF_STATION),
        (STATION[:2], [*OF_STATION, 8]),
        (STATION[:6], [*OF_STATION, 8]),
        (STATION[:10], OF_STATION),
        (NO_VILLAGE, [8]),
        (ABROAD, [5]),
        (NOWHERE, [6]),
        ("0", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_rejected_messages_are_found_by_region(data: Path, region: str, positions: list[int]) -> None:
    assert [row["position"] for row in _rekap(data, "rejected", "--region", region).json] == positions


def test_a_region_that_nothing_names_is_refused(data: Path) -> None:
    assert _rekap(data, "rejected", "--region", "9999999999002").code == 2


def test_history_shows_them_between_the_versions(data: Path) -> None:
    rows = _rekap(data, "history", STATION).json
    assert [(row["position"], row["outcome"]) for row in rows] == [
        (0, "accepted"),
        *((place, "rejected") for place in OF_STATION),
    ]
    assert {row["rejected"]["reason"] for row in rows[1:]} == {
        "malformed",
        "unknown_schema_version",
        "wrong_event_id",
    }


def test_history_of_a_station_that_only_rejected_messages_name(data: Path) -> None:
    (row,) = _rekap(data, "history", NOWHERE).json
    assert row["rejected"]["reason"] == "unknown_station"
    assert NOWHERE in run_rekap("--data", data, "history", NOWHERE).out


def test_the_log_shows_what_the_projections_show(data: Path) -> None:
    rows = _rekap(data, "log").json
    assert [row["unit"] for row in rows if row["outcome"] == "rejected"] == [
        *[STATION] * 4,
        OVERSEAS_UNLISTED,
        NOWHERE,
        "",
        NO_VILLAGE,
    ]
