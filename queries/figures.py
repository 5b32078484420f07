"""Figures of totals as questions are answered: what no form gives is None, and shares with what they are of.

A share's numerator and denominator come from the same forms: those on which every option of the ballot has a
figure. An option that is not on every ballot of a region has no share there: not everybody could vote for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from queries.rows import Row

FIGURES: Final = ("valid", "invalid", "voters")

COLUMNS: Final = tuple(
    f"{prefix}{name}"
    for prefix in ("", "clean_")
    for name in (
        *("votes", "votes_forms", "share_votes", "share_total", "share_forms"),
        *(name for figure in FIGURES for name in (figure, f"{figure}_forms")),
    )
)
"""The columns of `tally` that `of_tally` reads."""


def of_tally(row: Mapping[str, Any], prefix: str = "") -> Row:
    """The recorded figures of a row of `tally` (those of clean forms with the prefix `clean_`):
    `{votes, valid, invalid, voters, shares, share_forms, share_total, share_votes, forms}`."""
    votes, given = row[f"{prefix}votes"], _aligned(row[f"{prefix}votes_forms"], len(row[f"{prefix}votes"]))
    forms = dict(zip(votes, given, strict=True))
    figures = {name: row[f"{prefix}{name}"] if row[f"{prefix}{name}_forms"] else None for name in FIGURES}
    return {
        "votes": {option: number if forms[option] else None for option, number in votes.items()},
        **figures,
        **shares(
            row[f"{prefix}share_votes"], row[f"{prefix}share_total"], row[f"{prefix}share_forms"], votes
        ),
        "forms": {"votes": forms, **{name: row[f"{prefix}{name}_forms"] for name in FIGURES}},
    }


def shares(
    votes: Mapping[str, int], total: int, forms: int, options: Sequence[str] | Mapping[str, Any]
) -> Row:
    """`{shares, share_forms, share_total, share_votes}`: a share (0 to 1, None: there is none) for each of
    `options` that is not on a party's list, out of its `votes` on so many `forms` with so many votes in
    `total`."""
    return {
        "shares": {
            option: votes[option] / total if total and option in votes else None
            for option in options
            if is_top(option)
        },
        "share_forms": forms,
        "share_total": total,
        "share_votes": dict(votes),
    }


def is_top(option: str) -> bool:
    """Whether the option (by its name in totals) is one of those that add up to the valid votes; candidates
    on a party's list (`32-1:4.2`) are in the party's votes."""
    return "." not in option.rpartition(":")[2]


def _aligned(forms: Sequence[int], count: int) -> Sequence[int]:
    """One number for each of `count` options; rows of earlier versions say nothing of them."""
    return forms if len(forms) == count else [0] * count
