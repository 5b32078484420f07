"""What one form says about itself: every rule that a single C.Hasil can be checked by, in one call.

Rules that compare documents (R20-R22), a station with its neighbours (half of R26, R29, R30), a form with its
ballot (R18, rejected at intake) are not here. A rule is failed where no figures in place of the missing
ones could meet it, else not: docs/rules.md has a table of that. Nothing here changes a figure or leaves a
form out; whoever reads the findings does.
"""

from __future__ import annotations

from operator import attrgetter

from schemas.findings import Finding, Severity, Status
from schemas.forms import CHasil
from stream_processors.checks.catalogue import ALL_RULES, RECOUNT_TRIGGER, RULES, UNLISTED_STATION, Rule
from stream_processors.checks.context import FormContext, VillageLimits
from stream_processors.checks.event_checks import check_time, unlisted_station
from stream_processors.checks.papers import (
    NO_PAPERS,
    check_papers,
    check_room,
    check_some_reserve,
    check_without_used,
)
from stream_processors.checks.people import check_people
from stream_processors.checks.tallied import check_tallied
from stream_processors.checks.votes import votes_of
from stream_processors.checks.written import check_written

__all__ = [
    "ALL_RULES",
    "RECOUNT_TRIGGER",
    "RULES",
    "UNLISTED_STATION",
    "FormContext",
    "Rule",
    "VillageLimits",
    "check",
    "status_of",
    "votes_of",
]

_BY_RULE = attrgetter("rule")


def check(form: CHasil, circumstances: FormContext) -> tuple[Finding, ...]:
    """What `form` fails, by rule code and, within a rule, in the order of the form; () if nothing.

    A rule is found at most once at a place. The form's options must be those of the ballot (R18 is decided
    before), and `occurred_at` a time with a zone, as every event has.
    """
    found: list[Finding] = []
    place = circumstances.place
    listed, voted = check_people(form, circumstances, found)
    used = None
    if form.ballots is not None:
        used = check_papers(form.ballots, listed, voted, place, found)
    elif listed is not None:
        check_some_reserve(NO_PAPERS, listed, place, found)
    counted = check_tallied(form, listed, used, voted, circumstances, found)
    if used is None and form.ballots is not None:
        check_without_used(form.ballots, voted, counted, place.figure_limit, found)
    if listed is None and (form.ballots is None or form.ballots.received is None):
        check_room(used, voted, counted, place, found)
    if form.words:
        check_written(form, form.words, place.ballot, found)
    if circumstances.occurred_at is not None:
        check_time(circumstances.occurred_at, place, found)
    if circumstances.listed is False:
        found.append(unlisted_station())
    if len(found) > 1:
        found.sort(key=_BY_RULE)
    return tuple(found)


def status_of(form: CHasil, findings: tuple[Finding, ...]) -> Status:
    """What the count of `form` is while in force, `findings` being what `check` found in it."""
    for one in findings:
        if one.severity is Severity.HARD:
            return Status.BLANK if form.is_blank else Status.FLAGGED
    return Status.CLEAN  # not blank: a blank form always has R19, which is hard
