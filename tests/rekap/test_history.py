"""The timeline of a station tells a re-vote from a first count."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.data_directory import DataDirectory
from schemas.events import CountKind
from stream_processors.embedded.runner import Runner
from tests.rekap.conftest import Rekap
from tests.worlds import all_stations, annulled, pairs, submitted, world

STATION = all_stations()[0]


@pytest.mark.parametrize(
    ("kind", "in_english", "in_indonesian"),
    [
        (CountKind.REGULAR, "version 3, counted", "versi 3, hasil diterima"),
        (
            CountKind.REVOTE,
            "version 3, counted (re-vote)",
            "versi 3, hasil diterima (pemungutan suara ulang)",
        ),
        (CountKind.RECOUNT, "version 3, counted (recount)", "hasil diterima (penghitungan suara ulang)"),
    ],
)
def test_the_kind_of_a_count_is_named(
    rekap: Rekap, tmp_path: Path, kind: CountKind, in_english: str, in_indonesian: str
) -> None:
    first = submitted(STATION, pairs(1, 2, 3))
    again = submitted(STATION, pairs(4, 5, 6), payload={"form": pairs(4, 5, 6), "kind": kind.value})
    directory = DataDirectory.create(tmp_path / "data", world().election, world().registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        assert runner.submit([first, annulled(STATION, first), again]).accepted == 3
    shown = rekap("--data", directory.path, "history", STATION).out.splitlines()
    assert [line for line in shown if "version 1, counted  " in line]
    (line,) = [line for line in shown if "version 3" in line]
    assert f"{in_english}  " in line
    assert in_indonesian in rekap("--data", directory.path, "--lang", "id", "history", STATION).out
