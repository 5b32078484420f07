"""Blocks I and III, the people: R01, R02, R09, R12, R13, and R14 for their figures.

Only figures that the form gives are compared: a total J that is missing is not made up from L and P.
"""

from __future__ import annotations

from schemas.findings import Finding
from schemas.forms import CHasil, Counted
from schemas.language import Said
from stream_processors.checks.catalogue import finding
from stream_processors.checks.context import FormContext
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import NAMES, SEXES, begin


def check_people(
    form: CHasil, circumstances: FormContext, found: list[Finding]
) -> tuple[int | None, int | None]:
    """Appends what blocks I and III fail; returns the totals of I.A (listed) and of I.B (who voted)."""
    limit = circumstances.place.figure_limit
    listed = voted = None
    dpt, voters = form.dpt, form.voters
    if dpt is not None:
        listed = _check_counted("I.A", dpt, limit, found)
        if listed is not None:
            _check_listed(listed, circumstances, found)
    if voters is not None:
        b1 = b2 = b3 = None
        if voters.dpt is not None:
            b1 = _check_counted("I.B.dpt", voters.dpt, limit, found)
            if dpt is not None:
                _check_listed_who_voted(dpt, voters.dpt, found)
        if voters.dptb is not None:
            b2 = _check_counted("I.B.dptb", voters.dptb, limit, found)
        if voters.dpk is not None:
            b3 = _check_counted("I.B.dpk", voters.dpk, limit, found)
        if voters.total is not None:
            voted = _check_counted("I.B.total", voters.total, limit, found)
            # R02
            if (
                b1 is not None
                and b2 is not None
                and b3 is not None
                and voted is not None
                and b1 + b2 + b3 != voted
            ):
                found.append(_r02(b1, b2, b3, voted))
    if form.disability is not None:
        disabled = _check_counted("III", form.disability, limit, found)
        # R13
        if disabled is not None and voted is not None and disabled > voted:
            found.append(_r13(disabled, voted))
    return listed, voted


def _check_counted(place: str, counted: Counted, limit: int, found: list[Finding]) -> int | None:
    """R01 and R14 for one count of people; returns its total J."""
    l, p, j = counted.l, counted.p, counted.j  # noqa: E741  the form's own letters
    # R01
    if l is not None and p is not None and j is not None and l + p != j:
        found.append(_r01(place, l, p, j))
    # R14
    if (j is not None and j > limit) or (l is not None and l > limit) or (p is not None and p > limit):
        for letter, figure in (("L", l), ("P", p), ("J", j)):
            if figure is not None and figure > limit:
                name = NAMES[place]
                sex = SEXES[letter]
                said = Said(f"{name.id} ({sex.id})", f"{name.en}, {sex.en}")
                found.append(figure_too_large(f"{place}.{letter}", said, figure, limit))
    return j


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
