"""Block V against itself and the blocks before it: R05, R07, R08, and R14 for V.A, V.B and V.C."""

from __future__ import annotations

from schemas.findings import Finding
from schemas.forms import CHasil
from stream_processors.checks import tallied_findings as say
from stream_processors.checks.catalogue import RECOUNT_TRIGGER
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import NAMES
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


def check_sums(
    form: CHasil,
    valid: int | Span | None,
    used: int | None,
    voted: int | Span | None,
    limit: int,
    found: list[Finding],
) -> int | Span | None:
    """Appends what block V fails; `valid` is V.A, or what it can be by block IV. Returns as check_tallied."""
    invalid, total = form.invalid, form.total
    # R14
    if (
        (form.valid is not None and form.valid > limit)
        or (invalid is not None and invalid > limit)
        or (total is not None and total > limit)
    ):
        for place, figure in (("V.A", form.valid), ("V.B", invalid), ("V.C", total)):
            if figure is not None and figure > limit:
                found.append(figure_too_large(place, NAMES[place], figure, limit))
    # Some sources give no V.C (SITUNG 2019). It is V.A + V.B by the form's own rule, so R07 and R08 take
    # that sum then, as far as it is known.
    counted: int | Span | None = total
    if isinstance(valid, int) and invalid is not None:
        # R05
        if total is None:
            counted = valid + invalid
            if counted > limit >= valid and invalid <= limit:
                parts = (amount("valid", "V.A", valid), amount("invalid", "V.B", invalid))
                found.append(overflows("R05", "V.C", parts, limit, NAMES["V.C"]))
        elif total != valid + invalid:
            found.append(say.r05(valid, invalid, total))
    elif valid is not None or invalid is not None:
        parts_of_total = _by_parts(valid, invalid)
        _check_some_parts(parts_of_total, total, limit, found)
        if total is None:
            counted = parts_of_total._replace(missing=(*parts_of_total.missing, NAMES["V.C"]))
    if isinstance(counted, int) and not isinstance(voted, Span):
        # R07
        if used is not None and counted != used:
            found.append(say.r07(counted, used))
        # R08
        if voted is not None and counted != voted:
            found.append(say.r08(counted, voted))
    elif counted is not None:
        _compare_spans(counted, used, voted, found)
    return counted


def _compare_spans(
    counted: int | Span, used: int | None, voted: int | Span | None, found: list[Finding]
) -> None:
    """R07 and R08 where V.C or B4 is only known in part."""
    if used is not None:
        if isinstance(counted, Span):
            _add(apart("R07", "V.C", counted, exactly(amount("used", "II.2", used))), found)
        elif counted != used:
            found.append(say.r07(counted, used))
    if voted is not None:
        left, right = span("counted", "V.C", counted), span("voted", "I.B.total", voted)
        _add(apart("R08", "V.C", left, right, RECOUNT_TRIGGER), found)


def _by_parts(valid: int | Span | None, invalid: int | None) -> Span:
    """What V.C can be by V.A and V.B, one of which is not given."""
    votes = exactly(amount("valid", "V.A", valid)) if isinstance(valid, int) else valid
    lower = (*(votes.lower if votes else ()), *(() if invalid is None else _invalid(invalid)))
    missing = (
        *((NAMES["V.A"],) if votes is None else votes.missing),
        *((NAMES["V.B"],) if invalid is None else ()),
    )
    if votes is None or votes.most is None or invalid is None:
        return Span(added(lower), None, lower, (), missing)
    return Span(added(lower), added(lower), lower, lower, missing)


def _invalid(figure: int) -> tuple[Amount, ...]:
    return (amount("invalid", "V.B", figure),)


def _check_some_parts(parts: Span, total: int | None, limit: int, found: list[Finding]) -> None:
    """R05 where a figure of it is missing."""
    if total is None:
        # What is too much for V.A alone is found by R06.
        if parts.least > limit and fit(parts.lower, limit):
            found.append(overflows("R05", "V.C", parts.lower, limit, NAMES["V.C"], parts.missing))
        return
    whole = (amount("total", "V.C", total),)
    if parts.least > total:
        found.append(unequal("R05", "V.C", parts.lower, MORE, whole, parts.missing))
    elif parts.most is not None and parts.most < total:
        found.append(unequal("R05", "V.C", parts.upper, FEWER, whole, parts.missing))


def _add(one: Finding | None, found: list[Finding]) -> None:
    if one is not None:
        found.append(one)
