"""Blocks IV and V, the votes: R05-R08, R14 for their figures, R17, R19, R26, and R25 beside a failed R06.

A figure that is missing is never taken for zero. Where only a part of a sum is there, the rule is still
failed if that part alone is already too much: votes can't be negative, so the rest can't make it right. V.A
that is missing is bounded by block IV, V.C by V.A and V.B.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.elections import ContestKind
from schemas.findings import Finding
from schemas.forms import CHasil
from stream_processors.checks import tallied_findings as say
from stream_processors.checks.context import FormContext, VillageLimits
from stream_processors.checks.digit_slips import misreading
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import option_votes
from stream_processors.checks.spans import Span
from stream_processors.checks.sums import check_sums
from stream_processors.checks.votes import Figures, parties_of, read_votes


def check_tallied(
    form: CHasil,
    listed: int | None,
    used: int | None,
    voted: int | Span | None,
    circumstances: FormContext,
    found: list[Finding],
) -> int | Span | None:
    """Appends what blocks IV and V fail, given the totals of I.A and I.B and the papers used (II.2).

    Returns V.C, or what it is or can be by V.A and V.B; None where nothing of it is given.
    """
    place = circumstances.place
    figures, certain = read_votes(form, place.ballot)
    valid: int | Span | None = form.valid
    # R19
    if not certain and form.is_blank:
        found.append(say.r19())
    else:
        cast = _check_options(form, figures, certain, place, found)
        # R27; an option that is not given may have votes
        if certain and cast == 0 and not form.valid and not any(figures):
            _check_zeros(listed, circumstances.registered, found)
        if valid is None:
            valid = say.valid_by_options(place.ballot.kind, cast, certain)
    return check_sums(form, valid, used, voted, place.figure_limit, found)


def _check_zeros(listed: int | None, registered: int | None, found: list[Finding]) -> None:
    """R27, given that all votes are zero; the form's own listed voters go before the register's."""
    if listed or registered:
        found.append(say.r27(listed) if listed else say.r27_register(registered or 0))


def _check_options(
    form: CHasil, figures: Figures, certain: bool, place: VillageLimits, found: list[Finding]
) -> int:
    """R06, R14, R17, R25 and R26: the figures of block IV, of which at least one is given. Returns their
    sum, of a party without its total that of its parts."""
    ballot, valid = place.ballot, form.valid
    by_party = ballot.kind is ContestKind.PARTIES
    top = [figures[index] for index in ballot.top] if by_party else figures
    cast = sum(filter(None, top))
    largest = max(filter(None, top), default=0)
    # R06
    if valid is not None and cast != valid:
        if certain:
            found.append(say.r06(ballot.kind, cast, valid))
            # R25; only where the whole sum is known, for otherwise the difference is not
            hint = misreading(form, ballot, cast, valid)
            if hint is not None:
                found.append(hint)
        elif cast > valid:
            found.append(say.r06_part(ballot.kind, cast, valid))
    largest_of_all = max(filter(None, figures), default=0) if by_party else largest
    if valid is None and cast > place.figure_limit >= largest_of_all:
        found.append(say.r06_overflows(ballot.kind, cast, place.figure_limit))
    # R14
    if largest_of_all > place.figure_limit or (valid is not None and largest > valid):
        found.extend(_block_iv_limits(form, figures, valid, place))
    # R26
    if valid is not None and valid >= place.outlier_valid and largest * 100 >= valid * place.outlier_percent:
        found.extend(_outliers(figures, valid, place))
    # R17
    if by_party:
        _check_parties(form, figures, place, found)
    return cast


def _check_parties(form: CHasil, figures: Figures, place: VillageLimits, found: list[Finding]) -> None:
    # R17. A total that was added up from its parts agrees with them by itself, if its field has room for it.
    ballot, limit = place.ballot, place.figure_limit
    parties = parties_of(ballot)
    for party in parties.each:
        total = figures[party.top]
        parts = [figures[part] for part in party.parts]
        summed = sum(filter(None, parts))
        if total is None or summed == total:
            if summed > limit >= max(filter(None, parts), default=0):
                option = ballot.options[party.top]
                if (form.votes or {}).get(option) is None:
                    found.append(say.r17_overflows(option, summed, limit))
            continue
        whole = parties.named and None not in parts
        if whole or summed > total:
            found.append(say.r17(ballot.options[party.top], summed, total, whole=whole))


def _block_iv_limits(
    form: CHasil, figures: Figures, valid: int | None, place: VillageLimits
) -> Iterator[Finding]:
    """R14 for block IV, once a place. What was added up from other figures is not held against the boxes."""
    votes, ballot = form.votes or {}, place.ballot
    for index, option in enumerate(ballot.options):
        written, figure = votes.get(option), figures[index]
        if written is not None and written > place.figure_limit:
            name = option_votes(ballot.kind, option)
            yield figure_too_large(f"IV.{option}", name, written, place.figure_limit)
        elif valid is not None and figure is not None and figure > valid and index in ballot.top:
            yield say.r14_above_valid(ballot.kind, option, figure, valid)


def _outliers(figures: Figures, valid: int, place: VillageLimits) -> Iterator[Finding]:
    """R26. A figure above V.A is no share of it; that is what R14 says."""
    ballot = place.ballot
    for index in ballot.top:
        figure = figures[index]
        if figure is not None and valid * place.outlier_percent <= figure * 100 <= valid * 100:
            yield say.r26(ballot.kind, ballot.options[index], figure, valid)
