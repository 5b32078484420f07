"""Forms with missing figures: docs/rules.md says where each rule is failed, and the code does just that.

The table is read from the document and tried for all values up to a small limit. That it is complete is held
against an oracle, which puts every number in place of every missing figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.elections import ContestKind
from schemas.findings import Severity
from stream_processors.checks import RULES
from tests.stream_processors.checks.examples import (
    PAIRS,
    PARTIES,
    Document,
    ballot,
    findings,
    form_context,
)

DOCS = Path(__file__).parents[3] / "docs" / "rules.md"
LIMIT: Final = 4
VOTERS: Final = 2
REGISTER: Final = 1
PERCENT: Final = 2
NAME: Final = re.compile(r"I\.A|B[1-4]|II\.[1-4]|III|IV(?:\.\d+)+|V\.[ABC]|\b[LPJ]\b")
ALL_OF_BLOCK_IV: Final = " and block IV"

PATHS: Final = {
    "I.A": "dpt/j",
    "B1": "voters/dpt/j",
    "B2": "voters/dptb/j",
    "B3": "voters/dpk/j",
    "B4": "voters/total/j",
    "II.1": "ballots/received",
    "II.2": "ballots/used",
    "II.3": "ballots/returned",
    "II.4": "ballots/unused",
    "III": "disability/j",
    "V.A": "valid",
    "V.B": "invalid",
    "V.C": "total",
}
BLOCKS: Final = ("dpt", "voters/dpt", "voters/dptb", "voters/dpk", "voters/total", "disability")

Values = Mapping[str, int]


def reserve(listed: int) -> int:
    return -(-listed * PERCENT // 100)


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    rule: str
    missing: str
    condition: str

    @property
    def never(self) -> bool:
        return self.condition.startswith("never")

    @property
    def given(self) -> tuple[str, ...]:
        """The figures that a form of this row has; where it is never failed, those of the rule's kind."""
        if self.never:
            absent = set(NAME.findall(self.missing))
            return tuple(name for name in WHEN_NEVER[self.rule] if name not in absent)
        before = re.sub(r"no ([IVAB.1-4]+): .*=", "", self.condition)
        return tuple(dict.fromkeys(NAME.findall(before)))

    def holds(self, values: Values) -> bool:
        """What the condition says of these values."""
        if self.never:
            return False
        return any(self._one(one, values) for one in self.condition.split(" or "))

    def _one(self, condition: str, values: Values) -> bool:
        if condition.startswith("no "):
            name, _, equation = condition[len("no ") :].partition(": ")
            return not any(self._one(equation, {**values, name: n}) for n in range(LIMIT + 1))
        python = NAME.sub(lambda found: f"v['{found[0]}']", condition)
        python = re.sub(r" = ", " == ", python.replace("≠", "!="))
        known = {"limit": LIMIT, "voters": VOTERS, "register": REGISTER, "reserve": reserve}
        return bool(eval(python, {"__builtins__": {}, "v": values, **known}))  # our own document

    def __str__(self) -> str:
        return f"{self.rule}: {self.condition}"


WHEN_NEVER: Final = {
    "R04": ("II.2", "B4"),
    "R07": ("II.2", "V.C", "V.A"),
    "R09": ("I.A", "B1"),
    "R10": ("B4", "II.1"),
    "R13": ("III", "B1", "B2", "B4"),
    "R14": ("IV.1", "IV.2", "V.C"),
}
"""The figures that are tried, but for the missing ones, for rules that say nothing then."""


def lines() -> list[Line]:
    """The rows of the table in the document."""
    text = DOCS.read_text(encoding="utf-8").partition("## Forms with missing figures")[2]
    rows = re.findall(r"^\| (R\d\d) \| (.+?) \| (.+?) \|$", text.partition("\n## ")[0], re.MULTILINE)
    return [Line(*row) for row in rows]


def form_of(values: Values, block: str = "") -> Document:
    """A form with these figures and no other; L, P and J are those of `block`."""
    document: Document = {}
    for name, value in values.items():
        if name.startswith("IV."):
            document.setdefault("votes", {})[name.removeprefix("IV.")] = value
            continue
        path = f"{block}/{name.lower()}" if name in ("L", "P", "J") else PATHS[name]
        *blocks, field = path.split("/")
        where = document
        for one in blocks:
            where = where.setdefault(one, {})
        where[field] = value
    return document


def all_values(names: tuple[str, ...]) -> Iterator[dict[str, int]]:
    for values in product(range(LIMIT + 1), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


def around(line: Line) -> Any:
    """The context that the row speaks of: nothing else is compared there."""
    return form_context(
        PARTIES if line.rule == "R17" else PAIRS,
        figure_limit=LIMIT,
        reserve_percent=PERCENT,
        voters_limit=VOTERS if "voters" in line.condition else None,
        registered=REGISTER if "register" in line.condition else None,
    )


@pytest.mark.parametrize("line", lines(), ids=str)
def test_a_rule_is_failed_just_where_the_table_says(line: Line) -> None:
    absent = set(NAME.findall(line.missing.removesuffix(ALL_OF_BLOCK_IV)))
    assert not absent & set(line.given), "a figure is missing or it is not"
    blocks = BLOCKS if line.rule == "R01" else ("",)
    outcomes = set()
    for block, values in product(blocks, all_values(line.given)):
        found = findings(form_of(values, block), around(line))
        failed = [one for one in found if one.rule == line.rule]
        assert len(failed) == line.holds(values), (values, failed)
        outcomes.add(bool(failed))
        for one in failed:
            if names_what_is_missing(line):
                assert "; missing: " in one.said.en, one
                assert "; tidak terisi: " in one.said.id, one
    assert outcomes == ({False} if line.never else {True, False})


def names_what_is_missing(line: Line) -> bool:
    """Not where V.A + V.B simply stand for V.C, nor where the sentence speaks of those "filled in alone"."""
    usual = ("IV.1 + IV.2 > V.A", "IV.1 > V.A", "V.A + V.B ≠ II.2", "V.A + V.B ≠ B4")
    return line.condition not in usual and not (line.rule == "R17" and "limit" not in line.condition)


def test_every_rule_that_compares_figures_is_in_the_table() -> None:
    compared = {f"R{number:02}" for number in range(1, 15)} | {"R17"}
    assert {line.rule for line in lines()} == compared
    assert compared <= set(RULES)


def test_the_examples_that_were_once_taken_for_clean_are_found() -> None:
    chained = findings({"votes": {"1": 302, "2": 404, "3": 849}, "total": 227})
    assert [one.rule for one in chained if one.severity is Severity.HARD] == ["R05", "R06"]
    alone = findings({"votes": {"1": 347, "2": 108, "3": 825}})
    assert [one.rule for one in alone if one.severity is Severity.HARD] == ["R06"]
    crowded = findings({"votes": {"1": 150, "2": 150, "3": 157}})
    assert [(one.rule, one.severity) for one in crowded] == [("R11", Severity.SOFT)]
    assert crowded[0].numbers == {"cast": 457, "limit": 300, "reserve": 6, "other_sum": 306}


def test_a_figure_beyond_its_field_is_found_by_the_rule_of_limits_alone() -> None:
    for document in (
        {"votes": {"1": 1000, "2": 1, "3": 1}},
        {"valid": 1000, "invalid": 1, "votes": {"1": 0}},
    ):
        found = findings(document, form_context(voters_limit=None))
        assert {one.rule for one in found if one.severity is Severity.HARD} == {"R14"}


# --- the oracle

SMALL: Final = 3
PAIR: Final = ballot(ContestKind.PAIRS, "1", "2")
FIGURES: Final = (
    *("I.A", "B1", "B2", "B3", "B4"),
    *("II.1", "II.2", "II.3", "II.4", "IV.1", "IV.2", "V.A", "V.B", "V.C"),
)
MOST_MISSING: Final = 7
"""4 to the power of 7 forms are tried for one: some milliseconds."""


def meets_all_hard_rules(v: Values) -> bool:
    """A whole form, by the table of rules in the document."""
    return (
        v["B4"] == v["B1"] + v["B2"] + v["B3"]
        and v["II.1"] == v["II.2"] + v["II.3"] + v["II.4"]
        and v["II.2"] == v["B4"] == v["V.C"]
        and v["V.C"] == v["V.A"] + v["V.B"]
        and v["V.A"] == v["IV.1"] + v["IV.2"]
        and v["B1"] <= v["I.A"]
        and v["B4"] <= v["II.1"]
    )


@st.composite
def incomplete(draw: st.DrawFn) -> dict[str, int]:
    """A consistent form with some figures changed and some taken away."""
    figure = st.integers(0, 2)
    values = {name: draw(figure) for name in ("B1", "B2", "B3", "II.3", "II.4")}
    values["B4"] = values["II.2"] = values["V.C"] = values["B1"] + values["B2"] + values["B3"]
    values["II.1"] = values["II.2"] + values["II.3"] + values["II.4"]
    values["I.A"] = values["B1"]
    values["V.B"] = draw(st.integers(0, values["V.C"]))
    values["V.A"] = values["V.C"] - values["V.B"]
    values["IV.1"] = draw(st.integers(0, values["V.A"]))
    values["IV.2"] = values["V.A"] - values["IV.1"]
    values = {name: min(value, SMALL) for name, value in values.items()}
    for name in draw(st.sets(st.sampled_from(FIGURES), max_size=2)):
        values[name] = draw(st.integers(0, SMALL))
    gone = draw(st.sets(st.sampled_from(FIGURES), max_size=MOST_MISSING))
    gone -= {"IV.1"} if "IV.2" in gone else set()  # a blank form has R19, whatever else
    return {name: value for name, value in values.items() if name not in gone}


@given(given_values=incomplete())
@settings(max_examples=400, deadline=None)
def test_a_form_has_a_hard_finding_just_where_no_figures_could_complete_it(given_values: Values) -> None:
    missing = [name for name in FIGURES if name not in given_values]
    can_be_met = any(
        meets_all_hard_rules({**given_values, **dict(zip(missing, values, strict=True))})
        for values in product(range(SMALL + 1), repeat=len(missing))
    )
    found = findings(form_of(given_values), form_context(PAIR, figure_limit=SMALL))
    hard = [one.rule for one in found if one.severity is Severity.HARD]
    assert bool(hard) == (not can_be_met), (given_values, found)


TWO_PARTIES: Final = ballot(ContestKind.PARTIES, "7", "7.0", "8", "8.0", "7.1", "8.1")
OF_PARTIES: Final = ("IV.7", "IV.7.0", "IV.7.1", "IV.8", "IV.8.0", "IV.8.1", "V.A", "V.B", "V.C")


def meets_the_rules_of_parties(v: Values) -> bool:
    """The votes of a whole form of parties."""
    return (
        v["IV.7"] == v["IV.7.0"] + v["IV.7.1"]
        and v["IV.8"] == v["IV.8.0"] + v["IV.8.1"]
        and v["V.A"] == v["IV.7"] + v["IV.8"]
        and v["V.C"] == v["V.A"] + v["V.B"]
    )


@st.composite
def incomplete_of_parties(draw: st.DrawFn) -> dict[str, int]:
    """As `incomplete`."""
    values = {name: draw(st.integers(0, 1)) for name in ("IV.7.0", "IV.7.1", "IV.8.0", "IV.8.1", "V.B")}
    values["IV.7"] = values["IV.7.0"] + values["IV.7.1"]
    values["IV.8"] = values["IV.8.0"] + values["IV.8.1"]
    values["V.A"] = min(values["IV.7"] + values["IV.8"], SMALL)
    values["V.C"] = min(values["V.A"] + values["V.B"], SMALL)
    for name in draw(st.sets(st.sampled_from(OF_PARTIES), max_size=2)):
        values[name] = draw(st.integers(0, SMALL))
    gone = draw(st.sets(st.sampled_from(OF_PARTIES), max_size=MOST_MISSING))
    if gone >= {name for name in OF_PARTIES if name.startswith("IV")}:
        gone.remove("IV.7")  # a blank form has R19, whatever else
    return {name: value for name, value in values.items() if name not in gone}


@given(given_values=incomplete_of_parties())
@settings(max_examples=400, deadline=None)
def test_a_form_of_parties_has_a_hard_finding_just_where_no_votes_could_complete_it(
    given_values: Values,
) -> None:
    missing = [name for name in OF_PARTIES if name not in given_values]
    can_be_met = any(
        meets_the_rules_of_parties({**given_values, **dict(zip(missing, values, strict=True))})
        for values in product(range(SMALL + 1), repeat=len(missing))
    )
    found = findings(form_of(given_values), form_context(TWO_PARTIES, figure_limit=SMALL))
    hard = [one.rule for one in found if one.severity is Severity.HARD]
    assert bool(hard) == (not can_be_met), (given_values, found)
