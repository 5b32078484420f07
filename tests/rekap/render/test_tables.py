"""Tables: one row one line on a pipe, never wider than the terminal on one, and what is cut is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from rekap.render.log_table import log_lines
from rekap.render.progress_table import bar
from rekap.render.result_tables import several, top_options
from rekap.render.tables import Column, Line, Table, drawn, fits
from rekap.text.options import OptionNames, in_ballot_order, is_top
from schemas.elections import load_election
from schemas.language import Text
from tests.worlds import DPD, DPR, election

PROVINCE = Text(id="provinsi", en="province")


def text(lines: list[Line]) -> list[str]:
    return ["".join(piece for piece, _ in line) for line in lines]


def table(**columns: Any) -> Table:
    return Table(
        [Column("Code"), Column("Voters outstanding", right=True), Column("Name", **columns)],
        [["11", "1,234", "A long name of a region"], ["12", "5", "Short"]],
    )


def test_on_a_pipe_nothing_is_cut_and_numbers_stand_to_the_right() -> None:
    assert text(list(drawn(table(cuts=True), None))) == [
        "Code  Voters outstanding  Name                   ",
        "11                 1,234  A long name of a region",
        "12                     5  Short                  ",
    ]


def test_on_a_terminal_a_title_takes_a_line_for_each_word_before_anything_is_cut() -> None:
    assert text(list(drawn(table(cuts=True), 42))) == [
        "           Voters                         ",
        "Code  outstanding  Name                   ",
        "11          1,234  A long name of a region",
        "12              5  Short                  ",
    ]


def test_what_does_not_fit_is_cut_and_shows_it() -> None:
    lines = text(list(drawn(table(cuts=True), 32)))
    assert max(map(len, lines)) == 32
    assert lines[2] == "11          1,234  A long name …"


def test_what_does_not_fit_goes_on_in_the_next_line() -> None:
    lines = text(list(drawn(table(wraps=True), 32)))
    assert max(map(len, lines)) == 32
    assert lines[2:4] == ["11          1,234  A long name  ", "                   of a region  "]


def test_it_is_known_whether_a_table_fits() -> None:
    assert fits(table(), None)
    assert fits(table(), 42)
    assert not fits(table(), 41)
    assert fits(table(cuts=True), 30)
    assert not fits(table(cuts=True), 20)  # ten characters of a name are the least


def test_a_sentence_below_a_row_is_indented_under_its_second_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rekap.render.tables.width", lambda: 20)
    one = Table([Column("No"), Column("What")], [["1", "x"]], below={0: "why it was not counted"})
    assert text(list(drawn(one, 20))) == ["No  What", "1   x   ", "    why it was not", "    counted"]


@pytest.mark.parametrize(
    ("done", "of", "drawing"),
    [(0, 9, "────"), (1, 823_236, "╸───"), (1, 2, "━━──"), (8, 9, "━━━─"), (9, 9, "━━━━"), (0, 0, "────")],
)
def test_a_bar_is_full_only_when_all_is_done_and_empty_only_when_nothing_is(
    done: int, of: int, drawing: str
) -> None:
    assert bar(done, of, 4) == drawing


def row(region: str, votes: dict[str, int | None], **more: Any) -> dict[str, Any]:
    valid = sum(figure or 0 for figure in votes.values())
    clean_votes = {option: (figure or 0) // 2 for option, figure in votes.items()}
    totals = {"votes": votes, "valid": valid, "invalid": 1, "voters": valid + 1}
    return {
        "region": region,
        "name": f"PROVINCE {region}",
        **totals,
        **behind(votes, 9),
        "clean": {**totals, "votes": clean_votes, **behind(clean_votes, 5)},
        "stations": {
            "expected": 10,
            "received": 9,
            "clean": 5,
            "flagged": 3,
            "blank": 1,
            "annulled": 0,
            "unlisted": 1,
            "surplus": 0,
        },
        "outstanding": {"stations": 2, "registered": 450},
        **more,
    }


def behind(votes: Mapping[str, int | None], forms: int) -> dict[str, Any]:
    """What stands behind figures that all of so many forms give; one without any figure is given by none."""
    total = sum(figure or 0 for figure in votes.values())
    given = 0 if None in votes.values() else forms
    return {
        "shares": {option: figure / total if figure and total else None for option, figure in votes.items()},
        "share_forms": given,
        "share_total": total,
        "share_votes": {} if not given else dict(votes),
        "forms": {
            "votes": dict.fromkeys(votes, given),
            **dict.fromkeys(("valid", "invalid", "voters"), forms),
        },
    }


def names(contest: str) -> OptionNames:
    return OptionNames(election(), election().contest(contest))


def test_results_on_a_pipe_are_a_line_a_unit_with_both_totals_and_a_sum() -> None:
    rows = [row("11", {"1": 1000, "2": 3000, "3": 0}), row("12", {"1": 500, "2": 0, "3": 0})]
    lines = text(several(rows, PROVINCE, names("PPWP"), "en", None))
    assert len(lines) == 1 + 2 + 2 + 1
    first = "11 PROVINCE 11 8/10 80.0% 1 450 1,000 25.0% 500 25.0% 3,000 75.0% 1,500 75.0% 0 0.0% 0 0.0%"
    total = "Total 16/20 80.0% 2 900 1,500 33.3% 750 33.3% 3,000 66.7% 1,500 66.7% 0 0.0% 0 0.0%"
    assert " ".join(lines[1].split()) == f"{first} 4,000 4,000"
    assert " ".join(lines[4].split()) == f"{total} 4,500 4,500"
    assert (
        lines[5]
        == "Percentages of votes: of the votes on the forms that give every option: 18, 10 of them clean."
    )


@pytest.mark.parametrize("limit", [60, 80, 100, 120])
def test_results_on_a_terminal_are_never_wider_and_always_have_both_totals(limit: int) -> None:
    rows = [row("11", {"1": 98_000_000, "2": 3_000, "3": 7}), row("12", {"1": 500, "2": 0, "3": 0})]
    lines = text(several(rows, PROVINCE, names("PPWP"), "en", limit))
    assert max(map(len, lines)) <= limit
    assert "98,000,000" in " ".join(lines)
    assert "49,000,000" in " ".join(lines)
    assert "clean" in " ".join(lines)


def test_a_narrow_terminal_says_how_many_options_it_leaves_out() -> None:
    many: dict[str, int | None] = {str(number): 10 * number for number in range(1, 19)}
    lines = text(several([row("11", many)], PROVINCE, names("PPWP"), "en", 80))
    assert any("more options" in line and "--format" in line for line in lines)
    shown, more = top_options([row("11", many)], 4)
    assert (shown, more) == (["15", "16", "17", "18"], 14)


def test_a_missing_figure_is_a_dash_and_adds_nothing() -> None:
    blank = row("12", {"1": None, "2": None, "3": None}, valid=None)
    rows = [row("11", {"1": 5, "2": 5, "3": 0}), blank]
    lines = text(several(rows, PROVINCE, names("PPWP"), "en", None))
    assert lines[2].split()[7] == "-"
    assert lines[4].split()[5:7] == ["5", "50.0%"]
    assert lines[6].startswith("Not on every form (18): Pasangan 1 on 9, ")


def test_options_of_several_constituencies_carry_the_names_of_their_own() -> None:
    persons = OptionNames(election(), election().contest(DPD), {"11": "ACEH", "12": "SUMUT"}.get)
    together = persons.listed(["11:21", "12:21"])
    assert (together.name("11:21"), together.name("12:21")) == ("Calon 21 (ACEH)", "Calon 21 (SUMUT)")
    assert together.short("12:21") == "Calon 21 (SUMUT)"
    assert persons.listed(["11:21", "11:22"]).name("11:21") == persons.name("11:21") == "Calon 21"
    parties = OptionNames(election(), election().contest(DPR)).listed(["1", "11-A:1.1", "12-A:1.1"])
    assert (parties.name("1"), parties.name("11-A:1.1")) == ("Satu", "Calon 1.1 (ACEH A)")


def test_options_have_names_in_every_kind_of_contest() -> None:
    definition = load_election("pemilu2024")
    pairs = OptionNames(definition, definition.contest("PPWP"))
    assert pairs.name("2") == "Prabowo Subianto - Gibran Rakabuming Raka"
    assert pairs.short("2") == "Prabowo-Gibran"
    assert names(DPD).name("12:23") == "Calon 23"
    assert names(DPR).short("11-A:1.2") == "Calon 1.2"
    assert names(DPR).short("77") == "77"  # nobody said: the code itself


def test_only_what_adds_up_to_the_valid_votes_is_compared() -> None:
    assert [key for key in ("1", "1.0", "11-A:1.2", "12:23") if is_top(key)] == ["1", "12:23"]
    ordered = sorted(["12:2", "10", "2", "11:21", "11:3"], key=in_ballot_order)
    assert ordered == ["2", "10", "11:3", "11:21", "12:2"]


def test_the_log_says_what_became_of_each_entry() -> None:
    entry = {
        "position": 7,
        "recorded_at": datetime(2024, 2, 14, tzinfo=UTC),
        "event_id": "0" * 64,
        "type": "CountSubmitted",
        "contest": "PPWP",
        "unit": "1101012001001",
    }
    outcomes = [
        {"outcome": "accepted", "reason": "", "version": 2},
        {"outcome": "repeated", "reason": "", "version": 0},
        {"outcome": "rejected", "reason": "malformed", "version": 0},
    ]
    lines = text(log_lines([entry | outcome for outcome in outcomes], "en", None))
    assert [line.rsplit("  ", 1)[1].strip() for line in map(str.rstrip, lines[1:])] == [
        "version 2",
        "repeated",
        "malformed",
    ]
