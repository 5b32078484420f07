"""R25: when the options do not add up to V.A, whether one digit read as another would explain it.

A hint where to look, nothing more: no figure is changed, and a difference that it explains may still
have another cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.ballots import Ballot
from schemas.findings import Finding
from schemas.forms import CHasil
from schemas.language import Language, Text
from stream_processors.checks.catalogue import finding, written
from stream_processors.checks.votes import parties_of

CONFUSED: Final = frozenset(map(frozenset, ("38", "35", "58", "27", "17")))
"""Digits that look alike in the handwriting of the forms, either way round (domain of rule R25)."""

HUNDREDS: Final = range(100, 1000, 100)
"""Differences that one misread digit of the hundreds makes, whichever it is: 117 was read as 617 in 2024."""

Reading = tuple[str, int, int]
"""A place, the figure there, and the figure with which the sum would agree."""


def misreading(form: CHasil, ballot: Ballot, cast: int, valid: int) -> Finding | None:
    """R25 where the options add up to `cast` and V.A is `valid`; None where no one digit explains it."""
    difference = abs(cast - valid)
    hundreds = difference in HUNDREDS
    readings = list(_readings(form, ballot, cast, valid, any_digit=hundreds))
    if not readings and not hundreds:
        return None
    clauses_id, clauses_en = [], []
    if hundreds:
        clauses_id.append("merupakan ratusan bulat")
        clauses_en.append("is a round number of hundreds")
    if readings:
        clauses_id.append("hilang bila " + " atau bila ".join(_said(one, "id") for one in readings))
        clauses_en.append("is gone if " + " or if ".join(_said(one, "en") for one in readings))
    quoted = {
        name: number
        for place, figure, other in readings
        for name, number in ((place, figure), (f"{place}.read_as", other))
    }
    return finding(
        "R25",
        readings[0][0] if len(readings) == 1 else "IV",
        {"difference": difference, **quoted},
        id="Selisih {difference} pada R06 {clauses}.",
        en="The difference of {difference} in R06 {clauses}.",
        terms={"clauses": Text(", dan ".join(clauses_id), ", and ".join(clauses_en))},
    )


def _readings(form: CHasil, ballot: Ballot, cast: int, valid: int, *, any_digit: bool) -> Iterator[Reading]:
    """Every change of one digit in one figure that ends the difference: of look-alikes, or of `any_digit`."""
    for option, figure in _summands(form, ballot):
        other = figure + valid - cast
        if _one_digit_apart(figure, other, any_digit):
            yield f"IV.{option}", figure, other
    if _one_digit_apart(valid, cast, any_digit):
        yield "V.A", valid, cast


def _summands(form: CHasil, ballot: Ballot) -> Iterator[tuple[str, int]]:
    """The figures on the form that were added up: an option's, or a party's parts where it has no total."""
    votes = form.votes or {}
    parts = {party.top: party.parts for party in parties_of(ballot).each}
    for top in ballot.top:
        places = (top,) if votes.get(ballot.options[top]) is not None else parts.get(top, ())
        for place in places:
            figure = votes.get(ballot.options[place])
            if figure is not None:
                yield ballot.options[place], figure


def _one_digit_apart(figure: int, other: int, any_digit: bool) -> bool:
    """Whether both are written alike but for one digit, and those two digits look alike or `any_digit`."""
    if other < 0:
        return False
    one, two = str(figure), str(other)
    if len(one) != len(two):
        return False
    different = [pair for pair in zip(one, two, strict=True) if pair[0] != pair[1]]
    return len(different) == 1 and (any_digit or frozenset(different[0]) in CONFUSED)


def _said(reading: Reading, language: Language) -> str:
    place, figure, other = reading
    at, read_as = ("pada", "dibaca") if language == "id" else ("at", "is read as")
    return f"{written(figure, language)} {at} {place} {read_as} {written(other, language)}"
