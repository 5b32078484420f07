"""What the options of a contest are called: names beside the codes that totals use.

A code without a name in the definition is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Final

from schemas.elections import Contest, Election

LONGEST_SHORT: int = 18
"""Characters of a name above a column of figures."""


CONSTITUENCY: Final = "{name} ({constituency})"
"""An option beside options of other constituencies."""


class OptionNames:
    """The options of one contest by their names in totals (`2`, `32:21`, `32-1:4.2`)."""

    def __init__(
        self, election: Election, contest: Contest, region_name: Callable[[str], str | None] | None = None
    ) -> None:
        """`region_name` gives the names of regions that are constituencies, where the register is at hand."""
        self._region_name = region_name
        self._districts = {
            district.id: district.name
            for district in election.electoral_districts
            if district.contest == contest.id
        }
        self._together = False  # options of several constituencies are listed: each with the name of its own
        self._options = {option.id: option for option in contest.options}
        self._candidates = {
            f"{one.constituency}:{one.option}": one.name
            for one in election.candidates
            if one.contest == contest.id
        }

    def listed(self, keys: Iterable[str]) -> OptionNames:
        """The same names for a list of these options: where they stand in several constituencies, each one of
        them carries the name of its own."""
        constituencies = {constituency_of(key) for key in keys} - {""}
        if (len(constituencies) > 1) == self._together:
            return self
        names = copy(self)
        names._together = not self._together
        return names

    def name(self, key: str) -> str:
        """What the option is called, or '' if nobody said."""
        option = self._options.get(key)
        return self._placed(key, self._candidates.get(key) or (option.name if option else ""))

    def short(self, key: str) -> str:
        """A name that fits above a column; the code where there is none."""
        option = self._options.get(key)
        name = (option.short or option.name) if option else self._candidates.get(key, option_of(key))
        return self._placed(key, name if len(name) <= LONGEST_SHORT else f"{name[: LONGEST_SHORT - 1]}…")

    def constituency(self, constituency: str) -> str:
        """What the constituency is called; its id where nobody said."""
        name = self._districts.get(constituency)
        if not name and self._region_name is not None:
            name = self._region_name(constituency)
        return name or constituency

    def _placed(self, key: str, name: str) -> str:
        constituency = constituency_of(key)
        if not (self._together and constituency):
            return name
        return CONSTITUENCY.format(name=name, constituency=self.constituency(constituency)).lstrip()


def constituency_of(key: str) -> str:
    """The constituency in which the option stands: `32-1:4.2` is in 32-1; '' for one of the whole contest."""
    return key.rpartition(":")[0]


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
