"""Block II, the ballot papers: R03, R04, R10, R11, and R14 for their figures.

Whether the papers used agree with the votes counted (R07) is asked with block V. Where II.2 is missing, it is
what B4 or V.C are: `check_without_used` asks R03 of those, once block V has been read.
"""

from __future__ import annotations

from typing import Final

from schemas.findings import Finding
from schemas.forms import Ballots
from schemas.language import Text
from stream_processors.checks.catalogue import finding
from stream_processors.checks.context import VillageLimits
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import NAMES, VOTERS_LIMIT
from stream_processors.checks.spans import (
    FEWER,
    MORE,
    Amount,
    Span,
    added,
    amount,
    apart,
    exactly,
    fit,
    overflows,
    span,
    unequal,
)

NO_PAPERS: Final = Ballots()
"""Block II of a form that does not give it."""

RESERVE: Final = Text("cadangan", "reserve")


def check_papers(
    papers: Ballots, listed: int | None, voted: int | Span | None, place: VillageLimits, found: list[Finding]
) -> int | None:
    """Appends what block II fails, given the totals of I.A and I.B; returns the papers used (II.2)."""
    received, used, returned, unused = papers.received, papers.used, papers.returned, papers.unused
    limit = place.figure_limit
    # R03
    if received is not None and used is not None and returned is not None and unused is not None:
        if received != used + returned + unused:
            found.append(_r03(received, used, returned, unused))
    elif used is not None:
        _check_sum(papers, exactly(amount("used", "II.2", used)), limit, found)
    if voted is not None:
        if isinstance(voted, Span):
            _check_with_some_voters(papers, voted, found)
        else:
            # R04
            if used is not None and used != voted:
                found.append(_r04(used, voted))
            # R10; more voters than dpt alone is lawful (DPTb and DPK vote too), more than papers is not
            if received is not None and voted > received:
                found.append(_r10(voted, received))
    # R11
    if received is None or listed is None:
        check_some_reserve(papers, listed, place, found)
    else:
        reserve = -(-listed * place.reserve_percent // 100)  # a started paper is a whole one: rounded up
        if received != listed + reserve:
            found.append(_r11(received, listed, reserve, place.reserve_percent))
    # R14
    if (
        (received is not None and received > limit)
        or (used is not None and used > limit)
        or (returned is not None and returned > limit)
        or (unused is not None and unused > limit)
    ):
        for number, figure in enumerate((received, used, returned, unused), start=1):
            if figure is not None and figure > limit:
                found.append(figure_too_large(f"II.{number}", NAMES[f"II.{number}"], figure, limit))
    return used


def check_without_used(
    papers: Ballots,
    voted: int | Span | None,
    counted: int | Span | None,
    limit: int,
    found: list[Finding],
) -> None:
    """Appends R03 where II.2 is missing: it is what B4 is (R04) and what V.C is (R07), as far as known."""
    before = len(found)
    for used in _by_others(None, voted, counted) or [Span(0, None, (), (), ())]:
        if len(found) == before:  # once a form, whichever of them shows it
            missing = (*used.missing, NAMES["II.2"])
            _check_sum(papers, used._replace(missing=missing), limit, found)


def check_some_reserve(
    papers: Ballots, listed: int | None, place: VillageLimits, found: list[Finding]
) -> None:
    """Appends R11 where I.A or II.1 is missing."""
    received, percent = papers.received, place.reserve_percent
    if listed is not None:
        reserve = -(-listed * percent // 100)
        if papers is NO_PAPERS and listed + reserve <= place.figure_limit:
            return
        expected = (amount("listed", "I.A", listed), Amount("reserve", RESERVE, reserve))
        parts = _given(papers)
        if papers.used is not None:
            parts = (amount("used", "II.2", papers.used), *parts)
        absent = NAMES["II.1"]
        if added(expected) > place.figure_limit and fit(expected, place.figure_limit):
            found.append(overflows("R11", "II.1", expected, place.figure_limit, absent))
        elif added(parts) > added(expected):
            found.append(unequal("R11", "II.1", parts, MORE, expected, (absent,)))
        elif len(parts) == len(_REST) + 1 and added(parts) < added(expected):
            found.append(unequal("R11", "II.1", parts, FEWER, expected, (absent,)))
    elif received is not None:
        if place.voters_limit is not None:
            room = _room(place.voters_limit, place)
            if received > added(room):
                one = (amount("received", "II.1", received),)
                found.append(unequal("R11", "II.1", one, MORE, room, (NAMES["I.A"],)))
                return
        most = received * 100 // (100 + percent)  # the only number that a reserve could make `received`
        if most - (-most * percent // 100) != received:
            found.append(_r11_no_number(received, percent))


def check_room(
    used: int | None,
    voted: int | Span | None,
    counted: int | Span | None,
    place: VillageLimits,
    found: list[Finding],
) -> None:
    """Appends R11 where I.A and II.1 are missing: no station has papers for more than its limit of voters."""
    limit = place.voters_limit
    if limit is None:
        return
    most = limit - (-limit * place.reserve_percent // 100)
    if (
        (used is None or used <= most)
        and (voted is None or (voted if isinstance(voted, int) else voted.least) <= most)
        and (counted is None or (counted if isinstance(counted, int) else counted.least) <= most)
    ):
        return
    one = next(one for one in _by_others(used, voted, counted) if one.least > most)
    missing = (*one.missing, NAMES["I.A"], NAMES["II.1"])
    found.append(unequal("R11", "II.1", one.lower, MORE, _room(limit, place), missing))


def _room(limit: int, place: VillageLimits) -> tuple[Amount, Amount]:
    reserve = -(-limit * place.reserve_percent // 100)
    return Amount("limit", VOTERS_LIMIT, limit), Amount("reserve", RESERVE, reserve)


def _by_others(used: int | None, voted: int | Span | None, counted: int | Span | None) -> list[Span]:
    """II.2, B4 and V.C, of which one is as much as the other: those of which something is known."""
    return [
        span(key, place, figure)
        for key, place, figure in (
            ("used", "II.2", used),
            ("voted", "I.B.total", voted),
            ("counted", "V.C", counted),
        )
        if figure is not None
    ]


def _check_sum(papers: Ballots, used: Span, limit: int, found: list[Finding]) -> None:
    """R03 where a figure of it is missing, with what II.2 is or can be."""
    received = papers.received
    rest = _given(papers)
    missing = (*used.missing, *_missing(papers))
    parts = (*used.lower, *rest)
    least = added(parts)
    if received is None:
        if least > limit and fit(parts, limit):
            found.append(overflows("R03", "II.1", parts, limit, NAMES["II.1"], missing))
        return
    whole = (amount("received", "II.1", received),)
    if least > received:
        found.append(unequal("R03", "II.1", parts, MORE, whole, missing))
    elif used.most is not None and len(rest) == len(_REST) and used.most + added(rest) < received:
        found.append(unequal("R03", "II.1", (*used.upper, *rest), FEWER, whole, missing))


def _check_with_some_voters(papers: Ballots, voted: Span, found: list[Finding]) -> None:
    """R04 and R10 where B4 is missing and some of its parts are given."""
    if papers.used is not None:
        one = apart("R04", "II.2", exactly(amount("used", "II.2", papers.used)), voted)
        if one is not None:
            found.append(one)
    if papers.received is not None and voted.least > papers.received:
        whole = (amount("received", "II.1", papers.received),)
        found.append(unequal("R10", "I.B.total", voted.lower, MORE, whole, voted.missing))


_REST: Final = (("returned", "II.3"), ("unused", "II.4"))
"""What is not used of the papers received: keys among a finding's numbers, and places."""


def _given(papers: Ballots) -> tuple[Amount, ...]:
    return tuple(
        [amount(key, place, figure) for key, place in _REST if (figure := getattr(papers, key)) is not None]
    )


def _missing(papers: Ballots) -> tuple[Text, ...]:
    return tuple([NAMES[place] for key, place in _REST if getattr(papers, key) is None])


def _r03(received: int, used: int, returned: int, unused: int) -> Finding:
    return finding(
        "R03",
        "II.1",
        {
            "used": used,
            "returned": returned,
            "unused": unused,
            "sum": used + returned + unused,
            "received": received,
        },
        id="Surat suara: digunakan {used} + dikembalikan {returned} + tidak digunakan {unused} = {sum}, "
        "sedangkan yang diterima {received}.",
        en="Ballots: {used} used + {returned} returned + {unused} unused = {sum}, "
        "while {received} were received.",
    )


def _r04(used: int, voted: int) -> Finding:
    return finding(
        "R04",
        "II.2",
        {"used": used, "voted": voted},
        id="Surat suara yang digunakan {used}, sedangkan jumlah pengguna hak pilih {voted}.",
        en="Ballots used {used}, while {voted} voters voted.",
    )


def _r10(voted: int, received: int) -> Finding:
    return finding(
        "R10",
        "I.B.total",
        {"voted": voted, "received": received},
        id="Jumlah pengguna hak pilih {voted}, melebihi surat suara yang diterima {received}.",
        en="Voters who voted {voted}, more than the {received} ballots received.",
    )


def _r11(received: int, listed: int, reserve: int, percent: int) -> Finding:
    return finding(
        "R11",
        "II.1",
        {
            "received": received,
            "listed": listed,
            "percent": percent,
            "reserve": reserve,
            "expected": listed + reserve,
        },
        id="Surat suara yang diterima {received}, sedangkan DPT {listed} + cadangan {percent}% ({reserve}) "
        "= {expected}.",
        en="Ballots received {received}, while {listed} listed voters + a reserve of {percent}% ({reserve}) "
        "= {expected}.",
    )


def _r11_no_number(received: int, percent: int) -> Finding:
    return finding(
        "R11",
        "II.1",
        {"received": received, "percent": percent},
        id="Surat suara yang diterima {received}: tidak ada jumlah pemilih yang dengan cadangan {percent}% "
        "menghasilkan angka itu; tidak terisi: pemilih dalam DPT.",
        en="Ballots received {received}: no number of voters makes that with a reserve of {percent}%; "
        "missing: listed voters (DPT).",
    )
