"""What is written down wrongly: a right form turned into the one that was submitted.

Each function changes the form that it is given in one way, chosen by a draw; a form to which its change
does not apply (no votes to move) stays right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from producers.simulator.scenarios import Defect

Form = dict[str, Any]

SLIPS: Final = ((3, 8), (5, 3), (5, 8), (2, 7), (1, 7))
"""Digits that look alike in handwriting."""
HUNDREDS_SLIP: Final = 500
"""117 read as 617, the misreading that was seen most in 2024."""
SMALL: Final = 9
"""A miscount is mostly by less than ten."""


class Choice:
    """Choices out of one draw of 64 bits, one after the other."""

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1, for small limits."""
        self._bits, number = divmod(self._bits, limit)
        return number

    def off(self) -> int:
        """A small difference that is not 0."""
        number = 1 + self.below(SMALL)
        return number if self.below(2) else -number


def apply_defect(form: Form, totals: tuple[str, ...], defect: Defect, bits: int) -> None:
    """Write `form` down with `defect` (not NONE); `totals` are the options with a total of their own."""
    _SPOIL[defect](form, totals, Choice(bits))


def _changed(figure: int, choice: Choice) -> int:
    """Another figure near it; never below 0."""
    off = choice.off()
    return figure + off if figure + off >= 0 else figure - off


def _bad_sums(form: Form, totals: tuple[str, ...], choice: Choice) -> None:
    """V.A was added up wrongly, or one option copied wrongly after it had been."""
    if choice.below(2):
        form["valid"] = _changed(form["valid"], choice)
    else:
        option = totals[choice.below(len(totals))]
        form["votes"][option] = _changed(form["votes"][option], choice)


def _bad_totals(form: Form, _: tuple[str, ...], choice: Choice) -> None:
    """Invalid votes were miscounted, and V.C with them."""
    form["invalid"] = _changed(form["invalid"], choice)
    form["total"] = form["valid"] + form["invalid"]


def _bad_voters(form: Form, _: tuple[str, ...], choice: Choice) -> None:
    """B2 was filled in after B4 had been added up."""
    who = form["voters"]["dptb"]
    off = 1 + choice.below(SMALL)
    who["l"] += off
    who["j"] += off


def _bad_sexes(form: Form, _: tuple[str, ...], choice: Choice) -> None:
    counted = (form["voters"]["dptb"], form["voters"]["dpk"], form["disability"])[choice.below(3)]
    counted["p"] += 1 + choice.below(SMALL)


def _bad_ballots(form: Form, _: tuple[str, ...], choice: Choice) -> None:
    ballots = form["ballots"]
    ballots["unused"] = _changed(ballots["unused"], choice)


def _no_reserve(form: Form, _: tuple[str, ...], __: Choice) -> None:
    """Received and unused without the reserve, where enough stayed unused for that."""
    ballots = form["ballots"]
    reserve = ballots["received"] - form["dpt"]["j"]
    if ballots["unused"] >= reserve:
        ballots["received"] -= reserve
        ballots["unused"] -= reserve


def _other_register(form: Form, _: tuple[str, ...], choice: Choice) -> None:
    """Voters and ballots of a list that was changed after the register was closed."""
    more = 1 + choice.below(SMALL)
    for place in (form["dpt"], form["ballots"]):
        key = "received" if place is form["ballots"] else "j"
        place[key] += more
    form["dpt"]["p"] += more
    form["ballots"]["unused"] += more


def _bad_party_sums(form: Form, totals: tuple[str, ...], choice: Choice) -> None:
    """A candidate's figure was changed after the party's was added up."""
    own = f"{totals[choice.below(len(totals))]}.0"
    if own in form["votes"]:
        form["votes"][own] += 1 + choice.below(SMALL)


def _digit_slips(form: Form, totals: tuple[str, ...], choice: Choice) -> None:
    votes = form["votes"]
    option = totals[choice.below(len(totals))]
    if choice.below(2):
        votes[option] += HUNDREDS_SLIP
        return
    digits = str(votes[option])
    slips = {str(one): str(other) for pair in SLIPS for one, other in (pair, pair[::-1])}
    if digits[0] in slips:
        votes[option] = int(slips[digits[0]] + digits[1:])
    else:
        votes[option] += HUNDREDS_SLIP


def _swapped(form: Form, totals: tuple[str, ...], choice: Choice) -> None:
    """The figures of two options, with all their parts where both have the same, exchanged."""
    votes = form["votes"]
    one, other = _two(totals, choice)
    for option in [option for option in votes if option == one or option.startswith(f"{one}.")]:
        twin = other + option[len(one) :]
        if twin in votes:
            votes[option], votes[twin] = votes[twin], votes[option]


def _blanks(form: Form, _: tuple[str, ...], choice: Choice) -> None:
    """Block IV and V empty: the options with nothing beside them, or no options at all."""
    form["votes"] = dict.fromkeys(form["votes"]) if choice.below(2) else None
    form["valid"] = form["invalid"] = form["total"] = None


def _missing_fields(form: Form, totals: tuple[str, ...], choice: Choice) -> None:
    block = ("dpt", "voters", "ballots", "disability", "valid", "invalid", "total", "votes")[choice.below(8)]
    if block == "votes":
        form["votes"][totals[choice.below(len(totals))]] = None
    elif choice.below(2):
        form[block] = None
    else:
        del form[block]


def _moved(form: Form, totals: tuple[str, ...], choice: Choice) -> None:
    """Votes of one option written to another: everything adds up."""
    votes = form["votes"]
    one, other = _two(totals, choice)
    if votes[one] < votes[other]:
        one, other = other, one
    if not votes[one]:  # neither has votes to move
        one = max(totals, key=votes.__getitem__)
    number = min(1 + choice.below(40), votes[one])
    for option, change in ((one, -number), (other, number)):
        votes[option] += change
        own = f"{option}.0"
        if own in votes:
            _carry(votes, option, own, change)


def _carry(votes: dict[str, int], total: str, own: str, change: int) -> None:
    """The parts of a party changed as its total was: the party's own line first, then its candidates'."""
    for part in [own, *(option for option in votes if option.startswith(f"{total}.") and option != own)]:
        taken = max(change, -votes[part])
        votes[part] += taken
        change -= taken
        if not change:
            return


def _two(totals: tuple[str, ...], choice: Choice) -> tuple[str, str]:
    first = choice.below(len(totals))
    second = (first + 1 + choice.below(max(len(totals) - 1, 1))) % len(totals)
    return totals[first], totals[second]


_SPOIL: Final[Mapping[Defect, Callable[[Form, tuple[str, ...], Choice], None]]] = MappingProxyType(
    {
        Defect.BAD_SUMS: _bad_sums,
        Defect.BAD_TOTALS: _bad_totals,
        Defect.BAD_VOTERS: _bad_voters,
        Defect.BAD_SEXES: _bad_sexes,
        Defect.BAD_BALLOTS: _bad_ballots,
        Defect.NO_RESERVE: _no_reserve,
        Defect.OTHER_REGISTER: _other_register,
        Defect.BAD_PARTY_SUMS: _bad_party_sums,
        Defect.DIGIT_SLIPS: _digit_slips,
        Defect.SWAPPED: _swapped,
        Defect.BLANKS: _blanks,
        Defect.MISSING_FIELDS: _missing_fields,
        Defect.MOVED: _moved,
    }
)
