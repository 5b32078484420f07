"""init, import and simulate: what they report, that repeating is harmless, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from producers.simulator.night import Night
from rekap.nights import PacedNight, invented
from schemas.elections import load_election
from tests.rekap.conftest import Rekap

REGIONS = """id,parent,level,name,stations
11,,province,ACEH,
1101,11,district,ACEH SELATAN,
110101,1101,subdistrict,BAKONGAN,
1101012001,110101,village,KEUDE BAKONGAN,2
"""
STATIONS = """id,village,number,registered
1101012001001,1101012001,1,200
1101012001002,1101012001,2,210
"""
COUNTS = """station,vote_1,vote_2,vote_3,valid,invalid,voters_total_j
1101012001001,10,20,30,60,1,61
1101012001002,1,2,x,6,0,6
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REKAP_DATA", "data")
    for name, text in (("regions.csv", REGIONS), ("stations.csv", STATIONS), ("counts.csv", COUNTS)):
        (tmp_path / name).write_text(text)
    return tmp_path


INIT = ("init", "--election", "pemilu2024", "--registry", "regions.csv", "--stations", "stations.csv")


@pytest.mark.usefixtures("files")
def test_init_remembers_election_and_register_and_answers_from_the_start(rekap: Rekap) -> None:
    ran = rekap(*INIT, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    said = ran.json
    assert (said["election"], said["stations"], said["registered"]) == ("pemilu2024", 2, 410)
    assert said["regions"] == {"nation": 1, "province": 1, "district": 1, "subdistrict": 1, "village": 1}
    assert (said["built_in"], said["new"]) == (False, True)
    (row,) = rekap("results", "--format", "json").json
    assert (row["version"], row["stations"]["expected"], row["registered"]) == (0, 2, 410)


@pytest.mark.usefixtures("files")
def test_init_again_changes_nothing_and_says_so(rekap: Rekap) -> None:
    first = rekap(*INIT, "--format", "json").json
    assert rekap(*INIT, "--format", "json").json == {**first, "new": False}
    assert "nothing has changed" in rekap(*INIT).out


def test_init_with_other_things_is_refused(rekap: Rekap, files: Path) -> None:
    rekap(*INIT)
    (files / "stations.csv").write_text(STATIONS.replace("210", "211"))
    ran = rekap(*INIT)
    assert ran.code == 2
    assert "another definition, candidates or register" in " ".join(ran.err.split())


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--election pemilu2024 --stations stations.csv", "--stations needs --registry"),
        ("--election pemilu2024 --registry regions.csv --size 10", "can't go with --registry"),
        ("--election pemilu2024 --registry regions.csv --provinces 11", "can't go with --registry"),
        ("--election pemilu2024 --registry regions.csv --builtin", "can't go with --registry"),
        ("--election pemilu1955", "There is no election 'pemilu1955'"),
        ("--election here.yaml", "There is no file here.yaml"),
        ("--election pemilu2024 --registry missing.csv", "'missing.csv' does not exist"),
        ("--election pemilu2024 --registry counts.csv", "has no column for the"),
        ("--election pemilu2024 --provinces 77", "no province 77"),
        ("--election pemilu2024 --size 3", "3 stations are too few"),
        ("--election pilpres2019", "give the register of pilpres2019"),
        ("", "Missing option '--election'"),
    ],
)
def test_init_says_what_can_not_be(rekap: Rekap, options: str, sentence: str) -> None:
    ran = rekap("init", *options.split())
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())
    assert not Path("data").exists()


@pytest.mark.usefixtures("files")
def test_without_a_register_the_built_in_nation_is_used_and_said(rekap: Rekap) -> None:
    ran = rekap("init", "--election", "pemilu2024", "--provinces", "31,99", "--size", "12")
    assert ran.code == 0
    assert "the built-in nation is used" in ran.err
    assert "12 stations" in ran.out


@pytest.mark.usefixtures("files")
def test_import_reports_every_record_and_ends_with_1_when_one_is_unreadable(rekap: Rekap) -> None:
    rekap(*INIT)
    ran = rekap("import", "counts.csv", "--contest", "ppwp", "--format", "json")
    assert ran.code == 1
    said = ran.json
    assert said.pop("seconds") >= 0
    assert said == {
        "read": 2,
        "accepted": 1,
        "repeated": 0,
        "superseded": 0,
        "rejected": 0,
        "unreadable": 1,
        "empty": 0,
        "rejected_by_reason": {},
    }
    assert "Unreadable:" in ran.err
    assert "counts.csv:3" in ran.err


def test_importing_again_changes_nothing_and_says_so(rekap: Rekap, files: Path) -> None:
    rekap(*INIT)
    (files / "counts.csv").write_text(COUNTS.replace("x", "3"))
    assert rekap("import", "counts.csv", "--contest", "PPWP").code == 0
    before = rekap("verify", "--format", "json").json
    ran = rekap("import", "counts.csv", "--contest", "PPWP")
    assert ran.code == 0
    assert "Nothing new" in ran.out
    assert rekap("verify", "--format", "json").json == before


def test_only_the_first_unreadable_records_are_named_and_the_others_counted(
    rekap: Rekap, files: Path
) -> None:
    rekap(*INIT)
    lines = [COUNTS.splitlines()[0], *(f"1101012001001,{number}x,,,,," for number in range(30))]
    (files / "counts.csv").write_text("\n".join(lines) + "\n")
    ran = rekap("import", "counts.csv", "--contest", "PPWP")
    assert ran.code == 1
    assert ran.err.count("counts.csv:") == 20
    assert "and 10 more" in ran.err


@pytest.mark.usefixtures("files")
def test_the_same_night_again_is_there_already(rekap: Rekap) -> None:
    rekap("init", "--election", "pemilu2024", "--provinces", "31", "--size", "20")
    first = rekap("simulate", "--contest", "PPWP", "--seed", "3", "--format", "json").json
    assert first["accepted"] >= 20
    assert first["read"] == sum(first[name] for name in ("accepted", "repeated", "rejected"))
    again = rekap("simulate", "--contest", "PPWP", "--seed", "3", "--format", "json").json
    assert again["accepted"] == 0
    assert again["read"] == first["read"]


def small_night() -> Night:
    election, registry = invented(load_election("pemilu2024"), ["31"], 30, candidates=False)
    return Night(election, registry, 5, contests=["PPWP"])


def test_a_paced_night_sends_each_message_when_its_time_has_come() -> None:
    night = small_night()
    now = 0.0
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        assert seconds >= 0
        slept.append(seconds)
        now += max(seconds, 0.001)

    paced = PacedNight(night, speed=3600, clock=lambda: now, sleep=sleep)
    sent = 0
    for chunk in paced.chunks():
        assert chunk.first == sent
        sent += chunk.size
        late = night.arrivals[:sent] - night.arrivals[0]
        assert np.all(late <= now * 3600 + 1)
    assert sent == night.size == paced.size
    assert now >= (night.arrivals[-1] - night.arrivals[0]) / 3600
    assert max(slept) <= 0.2


def test_a_paced_night_is_the_same_night() -> None:
    night = small_night()
    whole = [record for chunk in night.chunks() for record in chunk.records()]
    clock = iter(range(10**9))
    paced = PacedNight(night, speed=10_000, clock=lambda: next(clock), sleep=lambda _: None)
    assert [record for chunk in paced.chunks() for record in chunk.records()] == whole


@pytest.mark.usefixtures("files")
def test_a_night_at_a_thousand_times_its_speed_ends_like_one_at_once(
    rekap: Rekap, monkeypatch: pytest.MonkeyPatch
) -> None:
    rekap("init", "--election", "pemilu2024", "--provinces", "31", "--size", "20")
    at_once = rekap("simulate", "--contest", "PPWP", "--format", "json").json
    digest = rekap("verify", "--format", "json").json["state_digest"]
    monkeypatch.setenv("REKAP_DATA", "other")
    rekap("init", "--election", "pemilu2024", "--provinces", "31", "--size", "20")
    paced = rekap("simulate", "--contest", "PPWP", "--speed", "1000000", "--format", "json").json
    assert {**paced, "seconds": 0} == {**at_once, "seconds": 0}
    assert rekap("verify", "--format", "json").json["state_digest"] == digest


def test_a_definition_of_one_s_own_is_read_from_its_file(rekap: Rekap, files: Path) -> None:
    from importlib.resources import files as resources

    text = (resources("schemas") / "definitions" / "pemilu2024.yaml").read_text(encoding="utf-8")
    (files / "mine.yaml").write_text(text.replace("id: pemilu2024", "id: mine2024"))
    ran = rekap("init", "--election", "mine.yaml", "--registry", "regions.csv", "--format", "json")
    assert json.loads(ran.out)["election"] == "mine2024"
