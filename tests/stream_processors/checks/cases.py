"""One failing form for every rule, with the fields that it needs: docs quote them and tests vary them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.ballots import Ballot
from tests.stream_processors.checks.examples import BY_PARTY, FULL, PAIRS, PARTIES, Document


@dataclass(frozen=True)
class Case:
    """`changes` to `document`, in `form_context`, make the rule fail at `place` with `numbers`.

    Without any one of the fields in `needs` the rule is not checked there; without any of
    `needs_around` in the context neither.
    """

    rule: str
    place: str
    changes: Mapping[str, Any]
    numbers: Mapping[str, int]
    needs: tuple[str, ...] = ()
    around: Mapping[str, Any] = field(default_factory=dict)
    needs_around: tuple[str, ...] = ()
    ballot: Ballot = PAIRS
    tag: str = ""

    @property
    def document(self) -> Document:
        return BY_PARTY if self.ballot is PARTIES else FULL

    def __str__(self) -> str:
        return f"{self.rule}-{self.place}"


def _r01(place: str, path: str) -> Case:
    return Case(
        "R01",
        place,
        {f"{path}/l": 7, f"{path}/p": 8, f"{path}/j": 14},
        {"men": 7, "women": 8, "sum": 15, "total": 14},
        needs=(f"{path}/l", f"{path}/p", f"{path}/j"),
    )


def _r14(place: str, path: str, ballot: Ballot = PAIRS) -> Case:
    return Case("R14", place, {path: 1000}, {"figure": 1000, "limit": 999}, needs=(path,), ballot=ballot)


def _r15(place: str, path: str, words: str, ballot: Ballot = PAIRS) -> Case:
    return Case(
        "R15",
        place,
        {path: 214, f"words/{words}": "dua ratus empat"},
        {"figure": 214, "in_words": 204},
        needs=(path,),
        ballot=ballot,
    )


_TOTALS = {"votes/1": 96, "votes/2": 64, "votes/3": 40}

_ZEROS = {**dict.fromkeys(_TOTALS, 0), "valid": 0}

CASES = (
    _r01("I.A", "dpt"),
    _r01("I.B.dpt", "voters/dpt"),
    _r01("I.B.dptb", "voters/dptb"),
    _r01("I.B.dpk", "voters/dpk"),
    _r01("I.B.total", "voters/total"),
    _r01("III", "disability"),
    Case(
        "R02",
        "I.B.total",
        {"voters/total/j": 206},
        {"dpt": 200, "dptb": 3, "dpk": 2, "sum": 205, "total": 206},
        needs=("voters/dpt/j", "voters/dptb/j", "voters/dpk/j", "voters/total/j"),
    ),
    Case(
        "R03",
        "II.1",
        {"ballots/received": 256},
        {"used": 205, "returned": 1, "unused": 49, "sum": 255, "received": 256},
        needs=("ballots/received", "ballots/returned", "ballots/unused"),  # without II.2, B4 is in its place
    ),
    Case(
        "R04",
        "II.2",
        {"ballots/used": 206},
        {"used": 206, "voted": 205},
        needs=("ballots/used",),  # without B4, its parts are added up
    ),
    Case(
        "R05",
        "V.C",
        {"total": 206},
        {"valid": 200, "invalid": 5, "sum": 205, "total": 206},
        needs=("invalid", "total"),  # without V.A, the options are added up
    ),
    Case(
        "R06",
        "V.A",
        {"votes/3": 33},
        {"sum": 193, "valid": 200, "difference": 7},
        needs=("valid", "votes/1", "votes/2", "votes/3"),
    ),
    Case("R07", "V.C", {"ballots/used": 206}, {"counted": 205, "used": 206}, needs=("ballots/used",)),
    Case(
        "R08",
        "V.C",
        {"voters/total/j": 206},
        {"counted": 205, "voted": 206},
        needs=("voters/total/j",),
        tag="recount_trigger",
    ),
    *(
        Case(
            "R09",
            f"I.B.dpt.{letter.upper()}",
            {f"dpt/{letter}": 90, f"voters/dpt/{letter}": 91},
            {"voted": 91, "listed": 90},
            needs=(f"dpt/{letter}", f"voters/dpt/{letter}"),
        )
        for letter in ("l", "p", "j")
    ),
    Case(
        "R10",
        "I.B.total",
        {"ballots/received": 204},
        {"voted": 205, "received": 204},
        needs=("ballots/received",),
    ),
    Case(
        "R11",
        "II.1",
        {"ballots/received": 254},
        {"received": 254, "listed": 250, "percent": 2, "reserve": 5, "expected": 255},
        needs=("ballots/received", "dpt/j"),
    ),
    Case(
        "R12",
        "I.A",
        {},
        {"listed": 250, "registered": 251},
        needs=("dpt/j",),
        around={"registered": 251},
        needs_around=("registered",),
    ),
    Case(
        "R12",
        "I.A",
        {"dpt/j": 312},
        {"listed": 312, "limit": 300},
        needs=("dpt/j",),
        around={"registered": 312},
        needs_around=("voters_limit",),
    ),
    Case("R12", "I.A", {"dpt/j": 312}, {"listed": 312, "registered": 250, "limit": 300}, needs=("dpt/j",)),
    Case(
        "R13",
        "III",
        {"disability/j": 206},
        {"disabled": 206, "voted": 205},
        needs=("disability/j",),
    ),
    *(
        _r14(f"{place}.{letter.upper()}", f"{path}/{letter}")
        for place, path in (
            ("I.A", "dpt"),
            ("I.B.dpt", "voters/dpt"),
            ("I.B.dptb", "voters/dptb"),
            ("I.B.dpk", "voters/dpk"),
            ("I.B.total", "voters/total"),
            ("III", "disability"),
        )
        for letter in ("l", "p", "j")
    ),
    _r14("II.1", "ballots/received"),
    _r14("II.2", "ballots/used"),
    _r14("II.3", "ballots/returned"),
    _r14("II.4", "ballots/unused"),
    _r14("IV.2", "votes/2"),
    _r14("IV.7", "votes/7", PARTIES),
    _r14("IV.7.0", "votes/7.0", PARTIES),
    _r14("IV.7.2", "votes/7.2", PARTIES),
    _r14("V.A", "valid"),
    _r14("V.B", "invalid"),
    _r14("V.C", "total"),
    Case(
        "R14",
        "IV.2",
        {"votes/2": 617},
        {"figure": 617, "valid": 200},
        needs=("votes/2", "valid"),
    ),
    Case(
        "R14",
        "IV.7",
        {"votes/7": 201},
        {"figure": 201, "valid": 200},
        needs=("valid",),  # without the total, its parts are added up: 80
        ballot=PARTIES,
    ),
    _r15("IV.1", "votes/1", "1"),
    _r15("V.A", "valid", "valid"),
    _r15("V.B", "invalid", "invalid"),
    _r15("V.C", "total", "total"),
    _r15("IV.7.2", "votes/7.2", "7.2", PARTIES),
    Case(
        "R17",
        "IV.7",
        {"votes/7.2": 55},
        {"sum": 75, "total": 80},
        needs=("votes/7", "votes/7.0", "votes/7.1", "votes/7.2"),
        ballot=PARTIES,
    ),
    Case("R19", "IV", dict.fromkeys(_TOTALS), {}),
    Case(
        "R24",
        "",
        {},
        {"minutes": 30},
        around={"occurred_at": "2024-02-14T12:30:00+07:00"},
        needs_around=("occurred_at", "closes"),
    ),
    Case(
        "R24",
        "",
        {},
        {"minutes": 75},
        around={"occurred_at": "2024-02-15T13:15:00+07:00"},
        needs_around=("occurred_at", "until"),
    ),
    Case(
        "R25",
        "IV.1",
        {"votes/1": 36, "votes/2": 69, "votes/3": 45},  # 36 for 86
        {"difference": 50, "IV.1": 36, "IV.1.read_as": 86},
        needs=("valid", "votes/1", "votes/2", "votes/3"),
    ),
    Case(
        "R26",
        "IV.1",
        {"votes/1": 198, "votes/2": 2, "votes/3": 0},
        {"figure": 198, "valid": 200},
        needs=("votes/1", "valid"),
    ),
    Case("R27", "IV", _ZEROS, {"listed": 250}),
    Case("R27", "IV", {**_ZEROS, "dpt": None}, {"registered": 250}, needs_around=("registered",)),
    Case("unlisted_station", "", {}, {}, around={"listed": False}, needs_around=("listed",)),
)
