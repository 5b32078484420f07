"""The votes of a form in the order of its ballot, and how the figures of a party hang together.

A party stands on the form with its total (`7`), the votes for the party itself (`7.0`) and those for its
candidates (`7.1`, ...). Where the total was not read it is added up from the others. Nothing here judges
a figure; the rules do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from schemas.ballots import Ballot
from schemas.elections import ContestKind
from schemas.forms import CHasil

Figures = tuple[int | None, ...]
"""Votes in the order of `ballot.options`; None where the form gives none."""


@dataclass(frozen=True, slots=True)
class Party:
    """Where a party's figures stand on its ballot: `top` its total, `parts` what the total is the sum of."""

    top: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parties:
    """The parties of a ballot. `named`: whether it names candidates at all; a ballot made without the
    commission's file of candidates does not, and then the parts of a total are not all known."""

    each: tuple[Party, ...]
    named: bool


def votes_of(form: CHasil, ballot: Ballot) -> Figures:
    """The form's votes in the order of `ballot.options`; None is a figure that the form does not give.

    In a contest of parties the figure of party N is the field `N` if that is given, else `N.0` and its
    candidates added up, as many as are given; None if none is. Options that are not on the ballot (R18)
    are not looked at.
    """
    return read_votes(form, ballot)[0]


def read_votes(form: CHasil, ballot: Ballot) -> tuple[Figures, bool]:
    """`votes_of`, and whether the options' sum is certain: every option's figure is there and whole.

    It is not when an option has no figure, nor when a party's was added up from some of its parts: then
    the sum of what is there is only the least that the options can have together.
    """
    votes = form.votes
    if not votes:
        return (None,) * len(ballot.options), False
    figures = tuple(map(votes.get, ballot.options))
    if ballot.kind is not ContestKind.PARTIES:
        return figures, None not in figures
    if None not in [figures[top] for top in ballot.top]:
        return figures, True
    return _with_party_totals(figures, parties_of(ballot))


def parties_of(ballot: Ballot) -> Parties:
    """The parties of `ballot`; none in a contest of pairs or persons."""
    return _parties(ballot.options)


def _with_party_totals(figures: Figures, parties: Parties) -> tuple[Figures, bool]:
    totals = list(figures)
    certain = True
    for party in parties.each:
        if figures[party.top] is not None:
            continue
        parts = [figures[part] for part in party.parts]
        given = [part for part in parts if part is not None]
        totals[party.top] = sum(given) if given else None
        certain = certain and parties.named and len(given) == len(parts)
    return tuple(totals), certain


@cache  # as many entries as an election has ballots: some hundreds
def _parties(options: tuple[str, ...]) -> Parties:
    parts: dict[str, list[int]] = {}
    named = False
    for place, option in enumerate(options):
        party, dot, candidate = option.partition(".")
        if dot:
            parts.setdefault(party, []).append(place)
            named = named or candidate != "0"
    place_of = {option: place for place, option in enumerate(options)}
    each = tuple(
        Party(place_of[party], tuple(places)) for party, places in parts.items() if party in place_of
    )
    return Parties(each, named)
