"""What a source shows against what is in force, and what the product writes against what it reads."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from event_log.sqlite import SqliteLog
from rekap.commands.importing import REASONS, ROLES
from schemas.events import CorrectionReason, Role
from tests.rekap.conftest import Rekap

REGIONS = """id,parent,level,name,stations,registered
31,,province,DKI,,
3171,31,district,JAKSEL,,
317101,3171,subdistrict,TEBET,,
3171011001,317101,village,A,4,1000
99,,province,LUAR NEGERI,,
9901,99,district,MALAYSIA,,
990101,9901,subdistrict,KL,,
9901011001,990101,village,KUALA LUMPUR,2,500
"""
A, B, ABROAD = "3171011001001", "3171011001002", "9901011001001"
COLUMNS = "station,contest,type,kind,reason,vote_1,vote_2,vote_3,role"

Page = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rekap: Rekap) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REKAP_DATA", "data")
    (tmp_path / "regions.csv").write_text(REGIONS)
    assert rekap("init", "--election", "pemilu2024", "--registry", "regions.csv").code == 0
    return tmp_path


@pytest.fixture
def page(files: Path) -> Page:
    """Writes a page of Sirekap about station A."""

    def write(first: int | None, ts: str | None, name: str = A) -> Path:
        chart = None if first is None else {"100025": first, "100026": 20, "100027": 30}
        path = files / f"{name}.json"
        path.write_text(
            json.dumps({"chart": chart, "images": [], "administrasi": None, "psu": None, "ts": ts})
        )
        return path

    return write


def rows(files: Path, *lines: str, name: str = "rows.csv") -> Path:
    path = files / name
    whole = [line + "," * (COLUMNS.count(",") - line.count(",")) for line in lines]
    path.write_text("\n".join([COLUMNS, *whole]) + "\n")
    return path


def imported(rekap: Rekap, *arguments: object) -> dict[str, Any]:
    ran = rekap("import", *arguments, "--format", "json")
    assert ran.code in (0, 1), ran.err
    said: dict[str, Any] = ran.json
    return {"code": ran.code} | {name: value for name, value in said.items() if value and name != "seconds"}


def in_force(rekap: Rekap, station: str = A) -> Any:
    """Votes for option 1 and status of the last version."""
    versions = [row for row in rekap("history", station, "--format", "json").json if row["version"]]
    last = versions[-1]
    return last["status"] if last["votes"] is None else last["votes"]["1"]


def test_a_ruling_stays_whatever_page_comes_and_also_after_a_restart(
    files: Path, page: Page, rekap: Rekap
) -> None:
    assert imported(rekap, page(10, "2024-02-15 10:00:00"))["accepted"] == 1
    imported(rekap, rows(files, f"{A},PPWP,correction,,plenary,12,20,30,ppk"))
    imported(rekap, rows(files, f"{A},PPWP,annulment,,revote_ordered,,,,kpu_kabko"))
    unchanged = page(10, "2024-02-20 10:00:00")
    assert imported(rekap, unchanged) == {"code": 0, "read": 1, "repeated": 1}
    assert in_force(rekap) == "annulled"
    changed = page(11, "2024-02-21 10:00:00")
    rejected = {"read": 1, "rejected": 1, "rejected_by_reason": {"ruling_in_force": 1}}
    assert imported(rekap, changed) == {"code": 1, **rejected}
    assert imported(rekap, changed) == {"code": 1, **rejected}
    assert imported(rekap, page(11, "2024-02-22 10:00:00")) == {"code": 0, "read": 1, "repeated": 1}
    assert in_force(rekap) == "annulled"
    (row,) = rekap("rejected", "--format", "json").json
    assert (row["unit"], row["contest"], row["reason"]) == (A, "PPWP", "ruling_in_force")
    assert rekap("verify").code == 0
    # A person's word moves it.
    imported(rekap, rows(files, f"{A},PPWP,count,revote,,14,20,30"))
    assert in_force(rekap) == 14


def test_the_rejected_counts_of_a_log_of_an_earlier_version_are_found(
    files: Path, page: Page, rekap: Rekap
) -> None:
    imported(rekap, rows(files, f"{A},PPWP,count,,,10,20,30"))
    assert imported(rekap, page(99, "2024-02-15 10:00:00"))["rejected"] == 1
    log = SqliteLog.open(next((files / "data").glob("*.sqlite*")))
    with log.transaction():
        log.connection.execute("DROP TABLE compared")
    log.close()
    assert imported(rekap, page(99, "2024-02-16 10:00:00")) == {"code": 0, "read": 1, "repeated": 1}


def test_two_times_of_a_page_are_kept_and_the_chosen_one_orders(
    files: Path, page: Page, rekap: Rekap
) -> None:
    (files / "later").mkdir()
    first, second = page(10, "2024-02-15 10:00:00"), page(12, "2024-02-14 10:00:00", f"later/{A}")
    (files / "times.csv").write_text(
        f"file,observed_at\n{A}.json,2024-02-16T00:00:00Z\nlater,2024-02-17T00:00:00Z\n"
    )
    pages = (first.relative_to(files), second.parent.relative_to(files))
    imported(rekap, *pages, "--observed-at", "times.csv", "--order-by", "copy")
    assert in_force(rekap) == 12
    origin = rekap("history", A, "--format", "json").json[-1]["origin"]
    assert origin["observed_at"] == "2024-02-17T00:00:00Z"
    assert origin["made_at"] == "2024-02-14T10:00:00+07:00"
    rekap("--data", "other", "init", "--election", "pemilu2024", "--registry", "regions.csv")
    rekap("--data", "other", "import", *pages, "--observed-at", "times.csv")
    row = rekap("--data", "other", "history", A, "--format", "json").json[-1]
    assert row["votes"]["1"] == 10
    assert row["origin"]["observed_at"] == "2024-02-15T10:00:00+07:00"
    assert row["origin"]["copied_at"] == "2024-02-16T00:00:00Z"


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("name,time\n", "the columns must be file, observed_at"),
        ("file,observed_at\na.json,yesterday\n", "line 2: .*yesterday"),
        ("file,observed_at\na,2024-02-16T00:00:00Z\na,2024-02-17T00:00:00Z\n", "has another time above"),
    ],
)
def test_a_table_of_times_that_can_not_be_used_is_named(
    files: Path, page: Page, rekap: Rekap, table: str, what: str
) -> None:
    import re

    (files / "times.csv").write_text(table)
    ran = rekap("import", page(10, None), "--observed-at", "times.csv")
    assert ran.code == 2
    assert re.search(what, " ".join(ran.err.split()))


def test_the_same_figures_seen_later_are_nothing_new_and_others_are_named(files: Path, rekap: Rekap) -> None:
    header = "station,contest,vote_1,vote_2,vote_3,valid,observed_at,officer,device\n"
    path = files / "counts.csv"
    path.write_text(header + f"{A},PPWP,10,20,30,60,2024-02-15T10:00:00Z,a,d1\n")
    assert imported(rekap, path)["accepted"] == 1
    path.write_text(header + f"{A},PPWP,10,20,30,60,2024-02-16T10:00:00Z,b,d2\n")
    assert imported(rekap, path) == {"code": 0, "read": 1, "repeated": 1}
    path.write_text(header + f"{A},PPWP,11,20,30,61,2024-02-16T10:00:00Z,b,d2\n")
    assert imported(rekap, path)["rejected_by_reason"] == {"already_counted": 1}
    (row,) = rekap("rejected", "--format", "json").json
    assert row["sentence"]["en"].endswith("Cells that differ: valid, votes.1.")
    assert row["sentence"]["id"].endswith("Sel yang berbeda: valid, votes.1.")


def test_a_row_that_was_superseded_is_reported_as_that(files: Path, rekap: Rekap) -> None:
    count = rows(files, f"{A},PPWP,count,,,10,20,30", name="count.csv")
    imported(rekap, count)
    imported(rekap, rows(files, f"{A},PPWP,correction,,misread,11,20,30"))
    assert imported(rekap, count) == {"code": 0, "read": 1, "repeated": 1, "superseded": 1}
    assert "1 are not in force any more" in rekap("import", count).out


def test_several_files_are_ordered_by_what_their_rows_say(files: Path, rekap: Rekap) -> None:
    counts = rows(files, f"{A},PPWP,count,,,10,20,30", f"{B},PPWP,count,,,1,2,3", name="counts.csv")
    corrections = rows(files, f"{A},PPWP,correction,,misread,11,20,30", name="corrections.csv")
    others = rows(files, f"{A},PPWP,correction,,misread,12,20,30", name="others.csv")
    said = imported(rekap, corrections, others, counts)
    assert (said["accepted"], said["unreadable"], said["code"]) == (1, 3, 1)
    assert "does not tell which comes first" in rekap("import", corrections, others, counts).err
    assert imported(rekap, corrections, counts)["accepted"] == 2
    assert in_force(rekap) == 11


def test_pages_of_one_time_with_other_numbers_are_reported(page: Page, rekap: Rekap, files: Path) -> None:
    (files / "b").mkdir()
    pages = page(10, "2024-02-15 10:00:00"), page(12, "2024-02-15 10:00:00", f"b/{A}")
    for _ in range(2):
        assert imported(rekap, *pages)["rejected_by_reason"] == {"order_unknown": 1}
    (row,) = rekap("rejected", "--reason", "order_unknown", "--format", "json").json
    assert row["unit"] == A


def test_two_keys_of_one_option_and_a_key_given_twice_are_refused(files: Path, rekap: Rekap) -> None:
    text = '{"chart":{"100025":1,"100025":2},"administrasi":null,"images":[],"psu":null,"ts":null}'
    (files / f"{A}.json").write_text(text)
    ran = rekap("import", f"{A}.json")
    assert ran.code == 1
    assert "100025" in ran.err
    assert "given twice" in ran.err


def test_changes_are_listed_also_from_and_to_an_empty_form(page: Page, files: Path, rekap: Rekap) -> None:
    blank = files / f"{A}.json"
    document = {"chart": None, "administrasi": None, "psu": None}
    blank.write_text(json.dumps({**document, "images": ["x.jpg"], "ts": "2024-02-15 10:00:00"}))
    imported(rekap, blank)
    imported(rekap, page(10, "2024-02-16 10:00:00"))
    last = rekap("history", A, "--format", "json").json[-1]
    assert last["changes"] == [
        {"cell": f"votes.{option}", "before": None, "after": votes}
        for option, votes in (("1", 10), ("2", 20), ("3", 30))
    ]


def test_rejected_messages_of_a_region_are_found_without_a_list_of_stations(
    files: Path, rekap: Rekap
) -> None:
    imported(rekap, rows(files, f"{ABROAD},PPWP,count,,,10,20,30", f"{ABROAD},DPD,count,,,10,20,30"))
    imported(rekap, rows(files, f"{ABROAD},PPWP,count,,,11,20,30", f"{A},PPWP,correction,,misread,1,1,1"))
    for region in ("99", "9901", "990101", "9901011001"):
        found = rekap("rejected", "--region", region, "--format", "json").json
        assert {row["unit"] for row in found} == {ABROAD}
        assert sorted(row["reason"] for row in found) == ["already_counted", "not_held_here"]
    assert rekap("rejected", "--region", "31", "--format", "json").json == []


def count_of_everything(rekap: Rekap, files: Path) -> None:
    """A count with corrections, annulments, a second count, conflicts, and what fits no election."""
    path = rows(
        files,
        f"{A},PPWP,count,,,10,20,30",
        f"{A},PPWP,correction,,misread,11,20,30",
        f"{A},PPWP,annulment,,revote_ordered,,,,kpu_kabko",
        f"{A},PPWP,count,revote,,14,20,30",
        f"{A},PPWP,correction,revote,pembetulan,15,20,30",
        f"{B},PPWP,count,,,1,2,3",
        f"{ABROAD},DPD,count,,,1,2,3",
        f"{ABROAD},PPWP,count,,,4,5,6",
    )
    assert imported(rekap, path)["accepted"] == 7


def other_count(rekap: Rekap, files: Path, lines: Iterable[str]) -> str:
    """The state digest of another count into which these lines were imported."""
    rekap("--data", "copy", "init", "--election", "pemilu2024", "--registry", "regions.csv")
    (files / "log.jsonl").write_text("\n".join(lines) + "\n")
    ran = rekap("--data", "copy", "import", "log.jsonl")
    assert ran.code == 0, ran.err
    digest: str = rekap("--data", "copy", "verify", "--format", "json").json["state_digest"]
    return digest


@pytest.mark.parametrize("order", ["as it is", "backwards", "shuffled"])
@pytest.mark.parametrize("form", ["jsonl", "events"])
def test_a_log_that_was_written_is_read_in_any_order(
    files: Path, rekap: Rekap, form: str, order: str
) -> None:
    count_of_everything(rekap, files)
    if form == "jsonl":  # its rows tell where they stood: also what contradicts another count
        imported(rekap, rows(files, f"{B},PPWP,count,,,9,9,9"))
    lines = rekap("log", "--format", form).out.splitlines()
    if order == "backwards":
        lines.reverse()
    elif order == "shuffled":
        random.Random(5).shuffle(lines)
    digest = rekap("verify", "--format", "json").json["state_digest"]
    assert other_count(rekap, files, lines) == digest


def test_events_that_wait_are_taken_when_what_they_replace_comes(files: Path, rekap: Rekap) -> None:
    count_of_everything(rekap, files)
    events = [json.loads(line) for line in rekap("log", "--format", "events").out.splitlines()]
    digest = rekap("verify", "--format", "json").json["state_digest"]
    of_a = [event for event in events if event["station"] == A]
    others = [event for event in events if event["station"] != A]
    rekap("--data", "copy", "init", "--election", "pemilu2024", "--registry", "regions.csv")
    accepted = []
    for event in [*of_a[1:3], of_a[0], *of_a[3:], *others]:
        (files / "one.jsonl").write_text(json.dumps(event) + "\n")
        ran = rekap("--data", "copy", "import", "one.jsonl", "--format", "json")
        accepted.append(ran.json["accepted"])
    assert accepted[:5] == [0, 0, 3, 1, 1]
    assert rekap("--data", "copy", "verify", "--format", "json").json["state_digest"] == digest


def test_a_table_of_what_the_count_is_now(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    """One station is new, one is corrected, one is as it was; the same command again changes nothing."""
    path = tmp_path / "now.csv"
    fresh, corrected, same = "1101012002001", "1101012001002", "1101012001001"
    header = "station,contest,vote_1,vote_2,vote_3,valid\n"
    path.write_text(
        f"{header}{fresh},PPWP,5,6,7,18\n{corrected},PPWP,60,40,20,120\n{same},PPWP,101,50,10,161\n"
    )
    before = rekap("--data", own_count, "history", same, "--format", "json").json
    arguments = (
        "--data",
        own_count,
        "import",
        path,
        "--current",
        "--reason",
        "plenary",
        "--role",
        "kpu_kabko",
    )
    document = rekap(*arguments, "--note", "BA 12", "--format", "json").json
    assert (document["accepted"] + document["repeated"], document["rejected"]) == (3, 0)
    rows = rekap("--data", own_count, "history", corrected, "--contest", "PPWP", "--format", "json").json
    last = [row for row in rows if row["outcome"] == "accepted"][-1]
    assert (last["type"], last["reason"], last["note"]) == ("CountCorrected", "plenary", "BA 12")
    assert last["submitted_by"] == {"officer": "commission", "role": "kpu_kabko"}
    assert len(rekap("--data", own_count, "history", same, "--format", "json").json) >= len(before)
    again = rekap(*arguments, "--note", "BA 12", "--format", "json").json
    assert (again["accepted"], again["repeated"], again["rejected"]) == (0, 3, 0)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--current",), "--current needs --reason"),
        (("--reason", "plenary"), "go with --current only"),
        (("--role", "kpu"), "go with --current only"),
        (("--note", "x"), "go with --current only"),
    ],
)
def test_options_of_such_a_table_are_given_together(
    rekap: Rekap, own_count: Path, tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    path = tmp_path / "now.csv"
    path.write_text("station,vote_1\n1101012002001,5\n")
    ran = rekap("--data", own_count, "import", path, *arguments)
    assert ran.code == 2
    assert what in ran.err


def test_the_codes_of_the_options_are_those_of_events() -> None:
    assert tuple(reason.value for reason in CorrectionReason) == REASONS
    assert {*ROLES, Role.SAKSI, Role.BAWASLU} == set(Role)
