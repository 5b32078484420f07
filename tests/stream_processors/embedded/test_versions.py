"""A count above zero that a later version replaces by zeros is found, whatever the batches (R28)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clickhouse.client import connect
from queries.findings import findings
from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.stream_processors.embedded.conftest import verified
from tests.worlds import BLANK, DPR, annulled, corrected, form, id_of, pairs, submitted, world

STATION = "1101012001001"
OTHER = "1101012001002"
ZEROS = pairs(0, 0, 0, 0)
FIRST = submitted(STATION, pairs(10, 20, 30))
ZEROED = corrected(STATION, FIRST, ZEROS)


def found(directory: DataDirectory) -> list[tuple[Any, ...]]:
    """What is found of versions, as station, version and numbers."""
    client = connect(directory.clickhouse_url, readonly=True)
    try:
        rows = list(findings(client, directory.election.id, rules=["R28"]))
        return [(row["station"], row["contest"], row["version"], row["numbers"]) for row in rows]
    finally:
        client.close()


def counted(path: Path, *batches: list[bytes]) -> DataDirectory:
    """A directory in which the batches were counted one after the other, each by a new owner."""
    of = world()
    directory = DataDirectory.create(path / "count", of.election, of.registry)
    for batch in batches:
        with Runner.open(directory, command="test", workers=0) as runner:
            runner.submit(batch)
    return directory


@pytest.mark.parametrize("batches", [[[FIRST, ZEROED]], [[FIRST], [ZEROED]]], ids=["one batch", "two"])
def test_a_count_replaced_by_zeros_is_found(tmp_path: Path, batches: list[list[bytes]]) -> None:
    directory = counted(tmp_path, *batches)
    assert found(directory) == [(STATION, "PPWP", 2, {"before": 60})]
    client = connect(directory.clickhouse_url, readonly=True)
    asked = "SELECT version, rules FROM station_history FINAL ORDER BY version"
    versions: dict[int, list[str]] = dict(map(tuple, client.query(asked).result_rows))
    client.close()
    assert "R28" not in versions[1]
    assert versions[2] == sorted(versions[2])
    assert "R28" in versions[2]
    assert verified(directory).equal


def test_what_is_put_right_is_listed_no_longer(tmp_path: Path) -> None:
    again = corrected(STATION, ZEROED, pairs(10, 20, 30))
    assert found(counted(tmp_path, [FIRST, ZEROED, again])) == []


def test_the_votes_before_are_those_of_the_options_and_not_their_parts_again(tmp_path: Path) -> None:
    first = submitted(STATION, form({"1": 30, "1.0": 10, "1.1": 20, "2": 5}), DPR)
    zeroed = corrected(STATION, first, form({"1": 0}), DPR)
    assert found(counted(tmp_path, [first, zeroed])) == [(STATION, DPR, 2, {"before": 35})]


def test_zeros_after_zeros_a_blank_form_or_an_annulment_replace_no_votes(tmp_path: Path) -> None:
    nothing = submitted(OTHER, pairs(0, 0, 0, 1))
    blank = corrected(STATION, FIRST, BLANK)
    gone = annulled("1101012001003", (third := submitted("1101012001003", pairs(1, 2, 3))))
    messages = [
        *(nothing, corrected(OTHER, nothing, ZEROS)),
        *(FIRST, blank, corrected(STATION, blank, ZEROS)),
        *(third, gone, submitted("1101012001003", ZEROS)),
    ]
    assert len({id_of(one) for one in messages}) == len(messages)
    directory = counted(tmp_path, messages)
    assert found(directory) == []
    assert verified(directory).values


def test_a_blank_form_in_place_of_a_count_is_no_form_of_zeros(tmp_path: Path) -> None:
    assert found(counted(tmp_path, [FIRST, corrected(STATION, FIRST, BLANK)])) == []
