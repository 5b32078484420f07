"""What the options of a contest are called: names beside the codes that totals use.

A code without a name in the definition is shown as it is.
"""

from __future__ import annotations

from schemas.elections import Contest, Election

LONGEST_SHORT: int = 18
"""Characters of a name above a column of figures."""


class OptionNames:
    """The options of one contest by their names in totals (`2`, `32:21`, `32-1:4.2`)."""

    def __init__(self, election: Election, contest: Contest) -> None:
        self._options = {option.id: option for option in contest.options}
        self._candidates = {
            f"{one.constituency}:{one.option}": one.name
            for one in election.candidates
            if one.contest == contest.id
        }

    def name(self, key: str) -> str:
        """What the option is called, or '' if nobody said."""
        if key in self._candidates:
            return self._candidates[key]
        option = self._options.get(key)
        return option.name if option else ""

    def short(self, key: str) -> str:
        """A name that fits above a column; the code where there is none."""
        option = self._options.get(key)
        name = (option.short or option.name) if option else self._candidates.get(key, key)
        return name if len(name) <= LONGEST_SHORT else f"{name[: LONGEST_SHORT - 1]}…"


def option_of(key: str) -> str:
    """The option as on the ballot: `32-1:4.2` is 4.2."""
    return key.rpartition(":")[2]


def is_top(key: str) -> bool:
    """Whether the option's figure is one of those that add up to the valid votes (R06)."""
    return "." not in option_of(key)


def in_ballot_order(key: str) -> tuple[int, str, list[int]]:
    """Sorts options as ballots do: shared ones first, then those of each constituency, by number."""
    constituency, _, option = key.rpartition(":")
    numbers = [int(part) if part.isdigit() else 0 for part in option.split(".")]
    return len(constituency), constituency, numbers
