"""What a figure can be that the form does not give, and the findings about sums with a missing part.

A missing figure that is a sum (V.A, V.C, B4) is bounded by the parts that are given: votes, ballots and
people are never negative. Nothing here is called for a form that gives every figure of the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.findings import Finding
from schemas.language import Language, Text
from stream_processors.checks.catalogue import finding
from stream_processors.checks.names import NAMES, begin

MORE: Final = Text("melebihi", "more than")
FEWER: Final = Text("kurang dari", "less than")


class Amount(NamedTuple):
    """A figure as a sentence quotes it: its key among the finding's numbers, its name, its value."""

    key: str
    name: Text
    figure: int


class Span(NamedTuple):
    """What a figure can be: at least the sum of `lower`, at most that of `upper` (None: no telling).

    `missing` are the figures that the form does not give and would have to, to be sure.
    """

    least: int
    most: int | None
    lower: tuple[Amount, ...]
    upper: tuple[Amount, ...]
    missing: tuple[Text, ...]


def amount(key: str, place: str, figure: int) -> Amount:
    """The figure at a place of the form."""
    return Amount(key, NAMES[place], figure)


def exactly(one: Amount) -> Span:
    """A figure that the form gives."""
    return Span(one.figure, one.figure, (one,), (one,), ())


def span(key: str, place: str, figure: int | Span) -> Span:
    """A figure that the form gives, or what it can be."""
    return figure if isinstance(figure, Span) else exactly(amount(key, place, figure))


def added(amounts: Sequence[Amount]) -> int:
    """The sum of some figures."""
    return sum([one.figure for one in amounts])


def fit(amounts: Sequence[Amount], limit: int) -> bool:
    """Whether each fits its boxes: one that does not has R14, and then the limit is no argument elsewhere."""
    return all(one.figure <= limit for one in amounts)


def apart(rule: str, place: str, left: Span, right: Span, tag: str = "") -> Finding | None:
    """The finding that two figures can't be equal; None where they can."""
    missing = left.missing + right.missing
    if right.most is not None and left.least > right.most:
        return unequal(rule, place, left.lower, MORE, right.upper, missing, tag=tag)
    if left.most is not None and left.most < right.least:
        return unequal(rule, place, left.upper, FEWER, right.lower, missing, tag=tag)
    return None


def unequal(
    rule: str,
    place: str,
    left: Sequence[Amount],
    relation: Text,
    right: Sequence[Amount],
    missing: Sequence[Text],
    *,
    subject: Text | None = None,
    tag: str = "",
) -> Finding:
    """`left` added up is MORE or FEWER than `right` added up, whatever the `missing` figures are."""
    numbers = {one.key: one.figure for one in (*left, *right)}
    if len(left) > 1:
        numbers["sum"] = added(left)
    if len(right) > 1:
        numbers["other_sum"] = added(right)
    said = Text(
        f"{_sum(left, 'sum', 'id')}, {relation.id} {_sum(right, 'other_sum', 'id')}",
        f"{_sum(left, 'sum', 'en')}, {relation.en} {_sum(right, 'other_sum', 'en')}",
    )
    return _partial(rule, place, numbers, said, missing, subject, tag)


def overflows(
    rule: str,
    place: str,
    parts: Sequence[Amount],
    limit: int,
    whole: Text,
    missing: Sequence[Text] = (),
    *,
    subject: Text | None = None,
) -> Finding:
    """`parts` added up are more than the `whole`, which is missing, has room for."""
    numbers = {one.key: one.figure for one in parts} | {"limit": limit}
    if len(parts) > 1:
        numbers["sum"] = added(parts)
    said = Text(
        f"{_sum(parts, 'sum', 'id')}, melebihi {{limit}}, angka terbesar yang muat pada isian {whole.id}",
        f"{_sum(parts, 'sum', 'en')}, more than {{limit}}, the most that fits the field of {whole.en}",
    )
    return _partial(rule, place, numbers, said, (*missing, whole), subject, "")


def _partial(
    rule: str,
    place: str,
    numbers: dict[str, int],
    said: Text,
    missing: Sequence[Text],
    subject: Text | None,
    tag: str,
) -> Finding:
    said = begin(said) if subject is None else Text(f"{subject.id}: {said.id}", f"{subject.en}: {said.en}")
    absent = list(dict.fromkeys(missing))
    return finding(
        rule,
        place,
        numbers,
        id=f"{said.id}; tidak terisi: {', '.join(one.id for one in absent)}.",
        en=f"{said.en}; missing: {', '.join(one.en for one in absent)}.",
        tag=tag,
    )


def _sum(amounts: Sequence[Amount], total: str, language: Language) -> str:
    """`valid votes {valid} + invalid votes {invalid} = {sum}`, to be filled with the numbers."""
    parts = " + ".join(f"{one.name.within(language)} {{{one.key}}}" for one in amounts)
    return f"{parts} = {{{total}}}" if len(amounts) > 1 else parts
