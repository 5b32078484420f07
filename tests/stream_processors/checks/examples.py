"""Forms and their contexts to check: consistent ones, and changes to them, a field at a time.

A form is a plain document here; a field is named by its path, `voters/total/j` or `votes/7.0`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from schemas.ballots import Ballot
from schemas.elections import ContestKind
from schemas.findings import Finding
from schemas.forms import CHasil
from stream_processors.checks import FormContext, VillageLimits, check
from stream_processors.checks.catalogue import written

Document = dict[str, Any]
WIB = timezone(timedelta(hours=7))


def ballot(kind: ContestKind, *options: str) -> Ballot:
    return Ballot(
        index=0,
        contest="X",
        kind=kind,
        constituency="0",
        options=options,
        keys=options,
        top=tuple(place for place, option in enumerate(options) if "." not in option),
        place={option: place for place, option in enumerate(options)},
    )


PAIRS = ballot(ContestKind.PAIRS, "1", "2", "3")
PERSONS = ballot(ContestKind.PERSONS, "21", "22", "23", "24")
PARTIES = ballot(ContestKind.PARTIES, "1", "1.0", "7", "7.0", "1.1", "1.2", "7.1", "7.2")
UNNAMED = ballot(ContestKind.PARTIES, "1", "1.0", "7", "7.0")  # made without a file of candidates


def form_context(of: Ballot = PAIRS, **changes: Any) -> FormContext:
    """Those of a station with 250 listed voters, at 15:30 on polling day; `changes` by field name."""
    place = VillageLimits(
        ballot=of,
        voters_limit=300,
        figure_limit=999,
        reserve_percent=2,
        outlier_percent=95,
        outlier_valid=100,
        closes=datetime(2024, 2, 14, 13, tzinfo=WIB),
        until=datetime(2024, 2, 15, 12, tzinfo=WIB),
    )
    own: dict[str, Any] = {"registered": 250, "listed": True, "occurred_at": "2024-02-14T15:30:00+07:00"}
    of_place = {name: value for name, value in changes.items() if name not in own}
    own.update({name: value for name, value in changes.items() if name in own})
    return FormContext(place=replace(place, **of_place), **own)


FULL: Document = {
    "dpt": {"l": 120, "p": 130, "j": 250},
    "voters": {
        "dpt": {"l": 98, "p": 102, "j": 200},
        "dptb": {"l": 2, "p": 1, "j": 3},
        "dpk": {"l": 1, "p": 1, "j": 2},
        "total": {"l": 101, "p": 104, "j": 205},
    },
    "ballots": {"received": 255, "used": 205, "returned": 1, "unused": 49},
    "disability": {"l": 1, "p": 1, "j": 2},
    "votes": {"1": 96, "2": 64, "3": 40},
    "valid": 200,
    "invalid": 5,
    "total": 205,
    "words": {"1": "sembilan puluh enam", "valid": "dua ratus", "total": "dua ratus lima"},
}
"""A president form on which every rule can be checked, and is met."""

BY_PARTY: Document = {
    **FULL,
    "votes": {
        "1": 120,
        "1.0": 50,
        "1.1": 60,
        "1.2": 10,
        "7": 80,
        "7.0": 20,
        "7.1": 0,
        "7.2": 60,
    },
    "words": {"1": "seratus dua puluh", "7.1": "nol", "invalid": "lima"},
}
"""The same of a contest of parties."""


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """`document` with the fields at those paths set; None is a field that was not read."""
    copy = deepcopy(document)
    for path, value in changes.items():
        *blocks, field = path.split("/")
        block = copy
        for name in blocks:
            block = block[name]
        block[field] = value
    return copy


def leaves(document: Document, prefix: str = "") -> list[str]:
    """The paths of all figures of `document`."""
    return [
        path
        for name, value in document.items()
        for path in (leaves(value, f"{prefix}{name}/") if isinstance(value, dict) else [f"{prefix}{name}"])
    ]


def findings(document: Document, circumstances: FormContext | None = None) -> tuple[Finding, ...]:
    """What `check` finds, after holding what holds for all findings: see `hold_what_all_findings_promise`."""
    found = check(CHasil(**document), circumstances or form_context())
    hold_what_all_findings_promise(found)
    return found


def found_at(found: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """The rule and place of each."""
    return [(one.rule, one.place) for one in found]


def hold_what_all_findings_promise(found: tuple[Finding, ...]) -> None:
    """Each number is in both sentences, a rule at most once at a place, all in the order of the rules."""
    places = found_at(found)
    assert len(set(places)) == len(places)
    assert [rule for rule, _ in places] == sorted(rule for rule, _ in places)
    for one in found:
        for name, number in one.numbers.items():
            assert quotes(one.said.id, written(number, "id")), (one, name)
            assert quotes(one.said.en, written(number, "en")), (one, name)
        for sentence in (one.said.id, one.said.en):
            assert sentence.endswith("."), one
            assert "{" not in sentence, one


def quotes(sentence: str, number: str) -> bool:
    return re.search(rf"(?<!\d)(?<!\d[.,]){re.escape(number)}(?!\d|[.,]\d)", sentence) is not None
