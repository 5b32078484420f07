"""Block II, the ballot papers: R03, R04, R10, R11, and R14 for their figures.

Whether the papers used agree with the votes counted (R07) is asked with block V.
"""

from __future__ import annotations

from schemas.findings import Finding
from schemas.forms import Ballots
from stream_processors.checks.catalogue import finding
from stream_processors.checks.context import VillageLimits
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import NAMES


def check_papers(
    papers: Ballots, listed: int | None, voted: int | None, place: VillageLimits, found: list[Finding]
) -> int | None:
    """Appends what block II fails, given the totals of I.A and I.B; returns the papers used (II.2)."""
    received, used, returned, unused = papers.received, papers.used, papers.returned, papers.unused
    limit = place.figure_limit
    # R03
    if (
        received is not None
        and used is not None
        and returned is not None
        and unused is not None
        and received != used + returned + unused
    ):
        found.append(_r03(received, used, returned, unused))
    if voted is not None:
        # R04
        if used is not None and used != voted:
            found.append(_r04(used, voted))
        # R10; more voters than dpt alone is lawful (DPTb and DPK vote too), more than papers is not
        if received is not None and voted > received:
            found.append(_r10(voted, received))
    # R11
    if received is not None and listed is not None:
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
