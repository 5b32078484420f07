"""The count form C.Hasil as data, field by field, with what was not read kept apart from zero.

A form here may be wrong: sums need not add up, options need not exist. Whether they do is the work
of stream_processors.checks; this module only says which fields a form has and which values a field
can hold at all. Blocks are named as on the form (KPU's C.Hasil, blocks I to V).
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from schemas.parts import part

MAX_FIGURE: Final = 9_999_999
"""Seven digits: more than any polling station, and enough to keep every misreading seen so far
(105,200 invalid votes at one station in 2019) as evidence instead of rejecting it."""

MAX_OPTIONS: Final = 1_000
"""Options and candidates on one ballot. The longest of 2024 (24 parties of up to 12 candidates) has 336."""

Figure = Annotated[int, Field(ge=0, le=MAX_FIGURE, strict=True)]
"""A number written on the form: voters, ballots or votes."""

OptionId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$")]
"""`7` is option 7 (a pair, a person, or all votes of party 7); `7.0` the votes for party 7 itself;
`7.3` those for its candidate 3."""

WordsPlace = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}(\.[0-9]{1,2})?|valid|invalid|total)$")]
InWords = Annotated[str, StringConstraints(max_length=120)]


@part
class Counted:
    """A count of people by sex: `l` men (laki-laki), `p` women (perempuan), `j` total (jumlah)."""

    l: Figure | None = None  # noqa: E741  the form's own letter
    p: Figure | None = None
    j: Figure | None = None


@part
class Voters:
    """Block I.B, who voted: `dpt` (B1, listed), `dptb` (B2, moved in), `dpk` (B3, special), `total` (B4)."""

    dpt: Counted | None = None
    dptb: Counted | None = None
    dpk: Counted | None = None
    total: Counted | None = None


@part
class Ballots:
    """Block II, ballots: received with the reserve, used, returned damaged, unused."""

    received: Figure | None = None
    used: Figure | None = None
    returned: Figure | None = None
    unused: Figure | None = None


@part
class CHasil:
    """One C.Hasil of one station and one contest.

    `dpt` is block I.A, `voters` I.B, `ballots` II, `disability` III, `votes` IV by option,
    `valid`, `invalid`, `total` are V.A, V.B, V.C. `words` holds the figures written out in words,
    by the place they stand at (an option id, `valid`, `invalid` or `total`). A field that is absent
    or null was not read or not given: it is never zero.
    """

    dpt: Counted | None = None
    voters: Voters | None = None
    ballots: Ballots | None = None
    disability: Counted | None = None
    votes: Annotated[dict[OptionId, Figure | None], Field(max_length=MAX_OPTIONS)] | None = None
    valid: Figure | None = None
    invalid: Figure | None = None
    total: Figure | None = None
    words: Annotated[dict[WordsPlace, InWords], Field(max_length=MAX_OPTIONS)] | None = None

    @property
    def is_blank(self) -> bool:
        """True when no option at all is filled: a blank form, which is not a form of zeros (R19)."""
        return self.votes is None or all(figure is None for figure in self.votes.values())
