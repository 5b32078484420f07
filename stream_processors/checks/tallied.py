"""Blocks IV and V, the votes: R05-R08, R14 for their figures, R17, R19, R26, and R25 beside a failed R06.

A figure that is missing is never taken for zero. Where only a part of a sum is there, the rule is still
failed if that part alone is already too much: votes can't be negative, so the rest can't make it right.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.ballots import Ballot
from schemas.elections import ContestKind
from schemas.findings import Finding
from schemas.forms import CHasil
from stream_processors.checks import tallied_findings as say
from stream_processors.checks.context import VillageLimits
from stream_processors.checks.digit_slips import misreading
from stream_processors.checks.limits import figure_too_large
from stream_processors.checks.names import NAMES, option_votes
from stream_processors.checks.votes import Figures, parties_of, read_votes


def check_tallied(
    form: CHasil, used: int | None, voted: int | None, place: VillageLimits, found: list[Finding]
) -> None:
    """Appends what blocks IV and V fail, given the papers used (II.2) and the voters who voted (I.B)."""
    figures, certain = read_votes(form, place.ballot)
    # R19
    if not certain and form.is_blank:
        found.append(say.r19())
    else:
        _check_options(form, figures, certain, place, found)
    _check_sums(form, used, voted, place.figure_limit, found)


def _check_options(
    form: CHasil, figures: Figures, certain: bool, place: VillageLimits, found: list[Finding]
) -> None:
    """R06, R14, R17, R25 and R26: the figures of block IV, of which at least one is given."""
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
    # R14
    largest_of_all = max(filter(None, figures), default=0) if by_party else largest
    if largest_of_all > place.figure_limit or (valid is not None and largest > valid):
        found.extend(_block_iv_limits(form, figures, valid, place))
    # R26
    if valid is not None and valid >= place.outlier_valid and largest * 100 >= valid * place.outlier_percent:
        found.extend(_outliers(figures, valid, place))
    # R17
    if by_party:
        _check_parties(figures, ballot, found)


def _check_sums(form: CHasil, used: int | None, voted: int | None, limit: int, found: list[Finding]) -> None:
    """R05, R07, R08, and R14 for V.A, V.B, V.C."""
    valid, invalid, total = form.valid, form.invalid, form.total
    # R14
    if (
        (valid is not None and valid > limit)
        or (invalid is not None and invalid > limit)
        or (total is not None and total > limit)
    ):
        for place, figure in (("V.A", valid), ("V.B", invalid), ("V.C", total)):
            if figure is not None and figure > limit:
                found.append(figure_too_large(place, NAMES[place], figure, limit))
    # Some sources give no V.C (SITUNG 2019). It is V.A + V.B by the form's own rule, so R07 and R08 take
    # that sum then; R05 has nothing to compare.
    counted = total
    if valid is not None and invalid is not None:
        if total is None:
            counted = valid + invalid
        # R05
        elif total != valid + invalid:
            found.append(say.r05(valid, invalid, total))
    if counted is not None:
        # R07
        if used is not None and counted != used:
            found.append(say.r07(counted, used))
        # R08
        if voted is not None and counted != voted:
            found.append(say.r08(counted, voted))


def _check_parties(figures: Figures, ballot: Ballot, found: list[Finding]) -> None:
    # R17. A total that was added up from its parts agrees with them by itself.
    parties = parties_of(ballot)
    for party in parties.each:
        total = figures[party.top]
        parts = [figures[part] for part in party.parts]
        summed = sum(filter(None, parts))
        if total is None or summed == total:
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
