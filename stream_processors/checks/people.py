"""Blocks I and III, the people: R01, R02, R09, R12, R13, and R14 for their figures.

A total J that is missing is not made up from L and P; B4 that is missing is bounded by B1, B2 and B3.
"""

from __future__ import annotations

from schemas.findings import Finding
from schemas.forms import CHasil, Counted
from schemas.language import Text
from stream_processors.checks.catalogue import finding
from stream_processors.checks.context import FormContext
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import NAMES, SEXES, VOTERS_LIMIT, begin
from stream_processors.checks.spans import (
    FEWER,
    MORE,
    Amount,
    Span,
    added,
    amount,
    fit,
    overflows,
    unequal,
)

_PARTS = (("dpt", "I.B.dpt"), ("dptb", "I.B.dptb"), ("dpk", "I.B.dpk"))
"""B1, B2 and B3: their keys among a finding's numbers, and their places."""


def check_people(
    form: CHasil, circumstances: FormContext, found: list[Finding]
) -> tuple[int | None, int | Span | None]:
    """Appends what blocks I and III fail; returns the totals of I.A (listed) and of I.B (who voted).

    The latter is a span where the form gives parts of it alone, None where it gives nothing of it.
    """
    limit = circumstances.place.figure_limit
    listed: int | None = None
    voted: int | Span | None = None
    dpt, voters = form.dpt, form.voters
    if dpt is not None:
        listed = _check_counted("I.A", dpt, limit, found)
        if listed is not None:
            _check_listed(listed, circumstances, found)
    if voters is not None:
        b1 = b2 = b3 = total = None
        if voters.dpt is not None:
            b1 = _check_counted("I.B.dpt", voters.dpt, limit, found)
            if dpt is not None:
                _check_listed_who_voted(dpt, voters.dpt, found)
        if voters.dptb is not None:
            b2 = _check_counted("I.B.dptb", voters.dptb, limit, found)
        if voters.dpk is not None:
            b3 = _check_counted("I.B.dpk", voters.dpk, limit, found)
        if voters.total is not None:
            voted = total = _check_counted("I.B.total", voters.total, limit, found)
        # R02
        if total is None:
            if b1 is not None or b2 is not None or b3 is not None:
                voted = _voted_by_parts((b1, b2, b3), listed, limit, found)
        elif b1 is None or b2 is None or b3 is None:
            if b1 is not None or b2 is not None or b3 is not None:
                _check_some_parts((b1, b2, b3), total, listed, found)
        elif b1 + b2 + b3 != total:
            found.append(_r02(b1, b2, b3, total))
        # R12; who voted as a listed voter is listed (R09)
        if b1 is not None and listed is None:
            _check_least_listed(b1, circumstances, found)
    if form.disability is not None:
        disabled = _check_counted("III", form.disability, limit, found)
        # R13
        if disabled is not None and voted is not None:
            if isinstance(voted, Span):
                if voted.most is not None and disabled > voted.most:
                    who = (amount("disabled", "III", disabled),)
                    found.append(unequal("R13", "III", who, MORE, voted.upper, voted.missing))
            elif disabled > voted:
                found.append(_r13(disabled, voted))
    return listed, voted


def _check_counted(place: str, counted: Counted, limit: int, found: list[Finding]) -> int | None:
    """R01 and R14 for one count of people; returns its total J."""
    l, p, j = counted.l, counted.p, counted.j  # noqa: E741  the form's own letters
    # R01
    if l is not None and p is not None and j is not None:
        if l + p != j:
            found.append(_r01(place, l, p, j))
    elif l is not None or p is not None:
        _check_some_sexes(place, counted, limit, found)
    # R14
    if (j is not None and j > limit) or (l is not None and l > limit) or (p is not None and p > limit):
        for letter, figure in (("L", l), ("P", p), ("J", j)):
            if figure is not None and figure > limit:
                name = NAMES[place]
                sex = SEXES[letter]
                said = Text(f"{name.id} ({sex.id})", f"{name.en}, {sex.en}")
                found.append(figure_too_large(f"{place}.{letter}", said, figure, limit))
    return j


def _check_some_sexes(place: str, counted: Counted, limit: int, found: list[Finding]) -> None:
    """R01 where one of L, P and J is missing, or more of them."""
    parts = [
        Amount(key, SEXES[letter], figure)
        for key, letter, figure in (("men", "L", counted.l), ("women", "P", counted.p))
        if figure is not None
    ]
    name, total = begin(NAMES[place]), counted.j
    if total is None:
        if added(parts) > limit and fit(parts, limit):
            found.append(overflows("R01", place, parts, limit, SEXES["J"], subject=name))
    elif added(parts) > total:
        missing = SEXES["P" if counted.p is None else "L"]
        whole = (Amount("total", SEXES["J"], total),)
        found.append(unequal("R01", place, parts, MORE, whole, (missing,), subject=name))


def _voted_by_parts(
    parts: tuple[int | None, ...], listed: int | None, limit: int, found: list[Finding]
) -> Span:
    """What B4, which is missing, can be; R02 where its field has no room for it."""
    lower, upper, missing = _parts_of_voted(parts, listed)
    least = added(lower)
    if least > limit and fit(lower, limit):
        found.append(overflows("R02", "I.B.total", lower, limit, NAMES["I.B.total"], missing))
    most = None if upper is None else added(upper)
    return Span(least, most, lower, upper or (), (*missing, NAMES["I.B.total"]))


def _check_some_parts(
    parts: tuple[int | None, ...], voted: int, listed: int | None, found: list[Finding]
) -> None:
    """R02 where B4 is given and not all of its parts are."""
    lower, upper, missing = _parts_of_voted(parts, listed)
    whole = (amount("total", "I.B.total", voted),)
    if added(lower) > voted:
        found.append(unequal("R02", "I.B.total", lower, MORE, whole, missing))
    elif upper is not None and added(upper) < voted:
        found.append(unequal("R02", "I.B.total", upper, FEWER, whole, missing))


def _parts_of_voted(
    parts: tuple[int | None, ...], listed: int | None
) -> tuple[tuple[Amount, ...], tuple[Amount, ...] | None, tuple[Text, ...]]:
    """The parts of B4 that are given, those that make the most of it (None: no telling), and the missing."""
    named = [(key, place, figure) for (key, place), figure in zip(_PARTS, parts, strict=True)]
    lower = tuple([amount(key, place, figure) for key, place, figure in named if figure is not None])
    missing = tuple([NAMES[place] for _, place, figure in named if figure is None])
    if not missing:
        return lower, lower, missing
    if listed is not None and missing == (NAMES["I.B.dpt"],):  # by R09, B1 is at most I.A
        return lower, (amount("listed", "I.A", listed), *lower), missing
    return lower, None, missing


def _check_listed_who_voted(dpt: Counted, who_voted: Counted, found: list[Finding]) -> None:
    # R09
    for letter, listed, voted in (
        ("L", dpt.l, who_voted.l),
        ("P", dpt.p, who_voted.p),
        ("J", dpt.j, who_voted.j),
    ):
        if listed is not None and voted is not None and voted > listed:
            found.append(_r09(letter, listed, voted))


def _check_listed(listed: int, circumstances: FormContext, found: list[Finding]) -> None:
    # R12
    registered = circumstances.registered
    most = circumstances.place.voters_limit
    if registered is not None and listed != registered:
        if most is not None and listed > most:
            found.append(_r12_both(listed, registered, most))
        else:
            found.append(_r12_register(listed, registered))
    elif most is not None and listed > most:
        found.append(_r12_limit(listed, most))


def _check_least_listed(voted: int, circumstances: FormContext, found: list[Finding]) -> None:
    """R12 where I.A is missing: it is at least `voted`, which is B1."""
    registered = circumstances.registered
    most = circumstances.place.voters_limit
    if registered is not None and voted > registered:
        right = Amount(
            "registered", Text("pemilih pada daftar pemilih", "voters in the register"), registered
        )
    elif most is not None and voted > most:
        right = Amount("limit", VOTERS_LIMIT, most)
    else:
        return
    left = (amount("voted", "I.B.dpt", voted),)
    found.append(unequal("R12", "I.A", left, MORE, (right,), (NAMES["I.A"],)))


def _r01(place: str, men: int, women: int, total: int) -> Finding:
    return finding(
        "R01",
        place,
        {"men": men, "women": women, "sum": men + women, "total": total},
        id="{name}: laki-laki {men} + perempuan {women} = {sum}, sedangkan jumlah tertulis {total}.",
        en="{name}: {men} men + {women} women = {sum}, while the total says {total}.",
        terms={"name": begin(NAMES[place])},
    )


def _r02(dpt: int, dptb: int, dpk: int, total: int) -> Finding:
    return finding(
        "R02",
        "I.B.total",
        {"dpt": dpt, "dptb": dptb, "dpk": dpk, "sum": dpt + dptb + dpk, "total": total},
        id="Pengguna hak pilih: DPT {dpt} + DPTb {dptb} + DPK {dpk} = {sum}, "
        "sedangkan jumlah tertulis {total}.",
        en="Voters who voted: DPT {dpt} + DPTb {dptb} + DPK {dpk} = {sum}, while the total says {total}.",
    )


def _r09(letter: str, listed: int, voted: int) -> Finding:
    return finding(
        "R09",
        f"I.B.dpt.{letter}",
        {"voted": voted, "listed": listed},
        id="Pengguna hak pilih dalam DPT ({sex}) {voted}, melebihi pemilih dalam DPT {listed}.",
        en="Listed voters who voted ({sex}) {voted}, more than the {listed} listed voters (DPT).",
        terms={"sex": SEXES[letter]},
    )


def _r12_register(listed: int, registered: int) -> Finding:
    return finding(
        "R12",
        "I.A",
        {"listed": listed, "registered": registered},
        id="Pemilih dalam DPT pada formulir {listed}, sedangkan pada daftar pemilih {registered}.",
        en="Listed voters on the form {listed}, in the register {registered}.",
    )


def _r12_limit(listed: int, limit: int) -> Finding:
    return finding(
        "R12",
        "I.A",
        {"listed": listed, "limit": limit},
        id="Pemilih dalam DPT pada formulir {listed}, melebihi batas {limit} pemilih per TPS.",
        en="Listed voters on the form {listed}, above the limit of {limit} voters a station.",
    )


def _r12_both(listed: int, registered: int, limit: int) -> Finding:
    return finding(
        "R12",
        "I.A",
        {"listed": listed, "registered": registered, "limit": limit},
        id="Pemilih dalam DPT pada formulir {listed}, sedangkan pada daftar pemilih {registered}; "
        "batasnya {limit} pemilih per TPS.",
        en="Listed voters on the form {listed}, in the register {registered}; "
        "the limit is {limit} voters a station.",
    )


def _r13(disabled: int, voted: int) -> Finding:
    return finding(
        "R13",
        "III",
        {"disabled": disabled, "voted": voted},
        id="Pemilih disabilitas yang menggunakan hak pilih {disabled}, "
        "melebihi jumlah pengguna hak pilih {voted}.",
        en="Voters with a disability who voted {disabled}, more than the {voted} voters who voted.",
    )
