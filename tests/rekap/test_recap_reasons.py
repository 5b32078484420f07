"""Reasons for differences of certified documents: stated as events, shown until the document is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rekap.conftest import Count, Rekap
from tests.rekap.test_reconcile import answer, everywhere, times
from tests.worlds import id_of, reason_stated, recap

HEADER = "contest,region,cell,reason,signer"
DIFFERING = recap("11", times(24, n1=-5, n2=3))


def shown(rekap: Rekap, path: Path, *options: object) -> dict[object, tuple[object, object]]:
    """Reason and signer of each cell that differs."""
    return {row["cell"]: (row["reason"], row["signer"]) for row in answer(rekap, path, *options)}


def send(rekap: Rekap, path: Path, *messages: bytes) -> None:
    """Import these events as lines."""
    lines = path.with_name("events.jsonl")
    lines.write_bytes(b"\n".join(messages))
    rekap("--data", path, "import", lines)


def rejected(rekap: Rekap, path: Path) -> list[tuple[str, str]]:
    rows = rekap("--data", path, "rejected", "--format", "json").json
    return [(row["reason"], row["sentence"]["en"]) for row in rows]


def equal(rekap: Rekap, path: Path) -> bool:
    """Whether every row equals the fold of the log."""
    ran = rekap("--data", path, "verify", "--format", "json")
    return bool(ran.code == 0 and ran.json["equal"])


def test_a_reason_of_a_cell_and_one_of_the_document_are_shown(rekap: Rekap, count: Count) -> None:
    reasons = [
        reason_stated("11", DIFFERING, "", "transcription"),
        reason_stated("11", DIFFERING, "votes.1", "court_ruling"),
    ]
    path = count([*everywhere(), DIFFERING, *reasons])
    assert shown(rekap, path) == {
        "votes.1": ("court_ruling", "kpu-11"),
        "votes.2": ("transcription", "kpu-11"),
    }
    (counts,) = rekap("--data", path, "reconcile", "--count", "--format", "json").json
    assert (counts["cells"], counts["open"]) == (2, 0)
    assert equal(rekap, path)


def test_the_newest_reason_of_a_cell_holds(rekap: Rekap, count: Count) -> None:
    reasons = [reason_stated("11", DIFFERING, "votes.1", one) for one in ("recount", "revote")]
    path = count([*everywhere(), DIFFERING, *reasons])
    send(rekap, path, reasons[0])  # the same once more
    assert shown(rekap, path)["votes.1"] == ("revote", "kpu-11")
    assert rejected(rekap, path) == []


def test_a_document_that_replaces_another_needs_reasons_of_its_own(rekap: Rekap, count: Count) -> None:
    later = recap("11", times(24, n1=-6), supersedes=DIFFERING)
    stale = reason_stated("11", DIFFERING, "votes.1", "revote")
    path = count([*everywhere(), DIFFERING, reason_stated("11", DIFFERING), later])
    send(rekap, path, stale)
    assert shown(rekap, path) == {"votes.1": (None, None)}
    ((reason, sentence),) = rejected(rekap, path)
    assert reason == "superseded_mismatch"
    assert id_of(DIFFERING)[:16] in sentence
    assert id_of(later)[:16] in sentence
    assert equal(rekap, path)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (reason_stated("11", "a" * 64), "superseded_mismatch"),
        (reason_stated("77", DIFFERING), "unknown_region"),
        (reason_stated("11", DIFFERING, "votes.9"), "unknown_option"),
        (reason_stated("11", DIFFERING, "ballots"), "malformed"),
        (reason_stated("11", DIFFERING, "votes.1", "because"), "malformed"),
    ],
    ids=["another document", "region", "option", "cell", "reason"],
)
def test_a_reason_that_fits_nothing_is_rejected(
    rekap: Rekap, count: Count, message: bytes, reason: str
) -> None:
    path = count([*everywhere(), DIFFERING])
    send(rekap, path, message)
    assert [one for one, _ in rejected(rekap, path)] == [reason]
    assert set(shown(rekap, path).values()) == {(None, None)}
    assert equal(rekap, path)


def test_reasons_are_imported_from_a_table_once(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    path = count([*everywhere(), DIFFERING])
    table = tmp_path / "reasons.csv"
    table.write_text(
        f"{HEADER},document\nPPWP,11,votes.1,plenary,kpu-11,\nppwp,11,,court_ruling,mk-1,D.Hasil 11\n"
        "PPWP,12,votes.1,plenary,kpu-12,\nPPWP,11,votes.1,plenary,kpu-11,D.Hasil 99\n"
        "PPWP,11,votes.1,why not,kpu-11,\nPPWP,11,votes.1,plenary,,\n"
    )
    ran = rekap("--data", path, "import", table, "--format", "json")
    text = ran.out + ran.err
    assert "No recapitulation of PPWP is certified for 12" in text
    assert "The reason is for the document D.Hasil 99, but in force at 11 is D.Hasil 11" in text
    assert text.count("reasons.csv:6: ") == text.count("reasons.csv:7: ") == 1
    assert shown(rekap, path) == {"votes.1": ("plenary", "kpu-11"), "votes.2": ("court_ruling", "mk-1")}
    events = rekap("--data", path, "log", "--format", "json").json
    rekap("--data", path, "import", table)
    assert len(rekap("--data", path, "log", "--format", "json").json) == len(events)
    assert equal(rekap, path)


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned around"])
def test_an_exported_log_brings_its_reasons(
    rekap: Rekap, count: Count, empty_count: Path, tmp_path: Path, turned: bool
) -> None:
    later = recap("11", times(24, n1=-6), supersedes=DIFFERING)
    reasons = [reason_stated("11", DIFFERING), reason_stated("11", later, "votes.1", "recount")]
    path = count([*everywhere(), DIFFERING, reasons[0], later, reasons[1]])
    exported = rekap("--data", path, "log", "--format", "events").out.splitlines()
    lines = tmp_path / "log.jsonl"
    lines.write_text("\n".join(reversed(exported) if turned else exported))
    rekap("--data", empty_count, "import", lines)
    assert rejected(rekap, empty_count) == []
    assert shown(rekap, empty_count) == shown(rekap, path) == {"votes.1": ("recount", "kpu-11")}
    assert equal(rekap, empty_count)


def test_a_file_of_reasons_is_shown_beside_those_of_the_log(
    rekap: Rekap, count: Count, tmp_path: Path
) -> None:
    path = count([*everywhere(), DIFFERING, reason_stated("11", DIFFERING, "votes.2")])
    table = tmp_path / "preview.csv"
    table.write_text(f"{HEADER}\nPPWP,11,votes.1,revote,kpu-1\n")
    assert shown(rekap, path, "--reasons", table) == {
        "votes.1": ("revote", "kpu-1"),
        "votes.2": ("plenary", "kpu-11"),
    }
    assert shown(rekap, path)["votes.1"] == (None, None)


def test_a_table_of_reasons_with_an_unknown_column_is_refused(
    rekap: Rekap, count: Count, tmp_path: Path
) -> None:
    path = count([*everywhere(), DIFFERING])
    table = tmp_path / "reasons.csv"
    table.write_text(f"{HEADER},why\nPPWP,11,votes.1,revote,kpu-1,x\n")
    ran = rekap("--data", path, "import", table)
    assert ran.code == 2
    assert "the column why is unknown" in ran.err
