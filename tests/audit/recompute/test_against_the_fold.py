"""The second implementation gives every decision, finding and cell of the first, whatever the log holds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.simulator.faults import Faults
from producers.simulator.nation import builtin_candidates, builtin_registry
from producers.simulator.night import Night
from schemas.elections import load_election
from schemas.placement import key_of
from stream_processors.fold import FoldedEntry
from tests.audit.recompute.against_the_fold import compare
from tests.logs import UNHURRIED, messy_logs
from tests.producers.simulator.nights import messages as messages_of
from tests.rekap.messages import messages
from tests.worlds import (
    ABROAD,
    DPD,
    DPR,
    PPWP,
    all_stations,
    corrected,
    election,
    recap,
    registry,
    submitted,
    world,
)

MANY_FAULTS = Faults(
    **{name: 0.03 for name in Faults.__slots__ if name not in ("corrections", "repairs", "revotes")},
    corrections=0.2,
    repairs=0.5,
    revotes=0.7,
)

LIMIT_NEAR = 999
"""The limit of a figure: random figures are often at it or above."""


def rules_of(entries: list[FoldedEntry]) -> set[str]:
    """The rules that anything failed."""
    return {finding.rule for entry in entries for finding in entry.findings}


def reasons_of(entries: list[FoldedEntry]) -> set[str]:
    """The reasons for which anything was rejected."""
    return {entry.rejection.reason.value for entry in entries if entry.rejection is not None}


def test_a_night_with_every_fault(tmp_path: Path) -> None:
    definition = load_election("pemilu2024")
    register = builtin_registry(definition, provinces=["12", "94"], stations=40)
    definition = builtin_candidates(definition, register)
    entries = compare(
        tmp_path, definition, register, messages_of(Night(definition, register, 7, faults=MANY_FAULTS))
    )
    assert rules_of(entries) >= {"R01", "R02", "R03", "R06", "R07", "R08", "R12", "R17", "R19", "R24"}
    assert reasons_of(entries) >= {"malformed", "already_counted", "superseded_mismatch"}


@pytest.mark.slow
def test_many_wide_forms_take_no_more_memory_than_there_is(tmp_path: Path) -> None:
    """Ballots with hundreds of options, some thousand forms in a block of the engine."""
    definition = load_election("pemilu2024")
    register = builtin_registry(definition, stations=1_500)
    definition = builtin_candidates(definition, register)
    messages = messages_of(Night(definition, register, 7, contests=["DPR", "DPRD-KABKO"]))
    assert len(compare(tmp_path, definition, register, messages)) > 2_000


@pytest.mark.parametrize("count_unlisted", [True, False])
@pytest.mark.parametrize("station_list", [True, False])
def test_small_counts(tmp_path: Path, count_unlisted: bool, station_list: bool) -> None:
    compare(
        tmp_path,
        election(count_unlisted_stations=count_unlisted),
        registry(station_list=station_list),
        messages(),
    )


def test_an_empty_log(tmp_path: Path) -> None:
    compare(tmp_path, election(), registry(), [])


class Forms:
    """Random forms, of which any figure may be missing, near the limit, or right by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def figure(self) -> int | None:
        """A figure, as forms of one kind have them: small ones agree by chance, large ones reach limits."""
        one = self._random
        kind = one.random()
        if kind < self._missing:
            return None
        if kind < 0.9:
            return one.randint(0, self._most)
        return one.choice((LIMIT_NEAR - 1, LIMIT_NEAR, LIMIT_NEAR + 1, 500, 1_500))

    def _counted(self) -> dict[str, int | None]:
        return {letter: self.figure() for letter in "lpj"}

    def form(self, options: tuple[str, ...]) -> dict[str, Any]:
        """A form with those options."""
        one = self._random
        self._missing = one.choice((0.0, 0.2, 0.5))
        self._most = one.choice((3, 6, 300))
        form: dict[str, Any] = {
            "dpt": self._counted(),
            "voters": {name: self._counted() for name in ("dpt", "dptb", "dpk", "total")},
            "ballots": {name: self.figure() for name in ("received", "used", "returned", "unused")},
            "disability": self._counted(),
            "votes": {option: self.figure() for option in options if one.random() > self._missing / 3},
            "valid": self.figure(),
            "invalid": self.figure(),
            "total": self.figure(),
        }
        if one.random() < 0.3:
            form["words"] = {
                place: one.choice(
                    ("tiga", "Dua Ratus  tiga-belas", "seribu", "tigga", "nol", "dua puluh satu")
                )
                for place in one.sample(["valid", "invalid", "total", *options], 2)
            }
        if one.random() < 0.3:  # sums that agree, so that other rules decide
            votes = [figure for option, figure in form["votes"].items() if "." not in option]
            form["valid"] = sum(figure or 0 for figure in votes)
            form["total"] = form["valid"] + (form["invalid"] or 0)
        for block in one.sample(sorted(form), one.choice((0, 0, 1, 3, 6))):
            form[block] = None if one.random() < 0.5 else form[block]
        if one.random() < 0.7:
            form = {name: block for name, block in form.items() if block is not None}
        return form


@pytest.mark.parametrize("seed", range(2))
def test_random_forms_of_every_kind(tmp_path: Path, seed: int) -> None:
    forms = Forms(seed)
    chance = random.Random(seed)
    options = {
        PPWP: ("1", "2", "3"),
        DPR: ("1", "1.0", "1.1", "2", "2.0", "2.1"),
        DPD: ("21", "22"),
    }
    raws = []
    for number in range(900):
        contest = chance.choice((PPWP, DPR, DPD))
        station = chance.choice([*all_stations(), f"{ABROAD}001", "1101012001099"])
        form = forms.form(options[contest])
        more: dict[str, Any] = {}
        if chance.random() < 0.5:
            more["occurred_at"] = chance.choice(
                (
                    "2024-02-14T12:59:59.999999+07:00",
                    "2024-02-14T13:00+07:00",
                    "2024-02-14T06:00:00Z",
                    "2024-02-15T12:00:00.0000001+07:00",
                    "2024-02-15T12:00:00.000001+07:00",
                    "1900-02-28T01:02:03-09:30",
                    "2999-12-31T23:59:59Z",
                )
            )
        raws.append(submitted(station, form, contest, device=f"d{number}", **more))
    entries = compare(tmp_path, election(count_unlisted_stations=True), registry(), raws)
    assert len(rules_of(entries)) > 15


def test_a_log_with_keys_and_partitions(tmp_path: Path) -> None:
    """Events count only under the key and in the partition of their district."""

    def partition_of(key: bytes) -> int:
        return key[-1] % 2

    register = registry()
    chance = random.Random(5)
    placed: list[tuple[bytes, bytes | None, int]] = []
    for number, station in enumerate(all_stations()):
        key = key_of(register, station)
        assert key is not None
        raw = submitted(station, {"votes": {"1": number, "2": 1, "3": 2}, "valid": number + 3})
        kind = chance.random()
        if kind < 0.2:
            placed.append((raw, key, 1 - partition_of(key)))
        elif kind < 0.3:
            placed.append((raw, None, partition_of(key)))
        elif kind < 0.4:
            placed.append((raw, b"9999", partition_of(b"9999")))
        else:
            placed.append((raw, key, partition_of(key)))
        if kind > 0.7:
            placed.append(
                (corrected(station, raw, {"votes": {"1": 0, "2": 0, "3": 0}}), key, partition_of(key))
            )
    for region in ("1101", "11", "0"):
        key = key_of(register, region, is_region=True)
        assert key is not None
        placed.append((recap(region, {"1": 5}), key, chance.choice((0, 1))))
    entries = compare(tmp_path, election(), register, placed=placed, partition_of=partition_of)
    assert reasons_of(entries) >= {"wrong_key"}
    assert "R28" in rules_of(entries)


@given(data=st.data())
@settings(UNHURRIED, max_examples=3)
def test_messy_logs(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    of = world()
    sent = data.draw(messy_logs(of, max_size=60))
    compare(tmp_path_factory.mktemp("messy"), of.election, of.registry, [one.raw for one in sent])
