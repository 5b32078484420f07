"""The limits and polls of each region, with which forms are checked.

They are derived from the election and the register alone. What they mean for a form is
stream_processors.checks.
"""

from __future__ import annotations

from schemas.ballots import Ballot
from schemas.elections import Election, Poll
from schemas.regions import UNKNOWN, Registry
from stream_processors.checks.context import VillageLimits


class LimitsByRegion:
    """The limits and polls of each region, inherited from the region above unless the election names others.

    There are few different ones, so all stations of an area share one `VillageLimits` for each ballot.
    """

    def __init__(self, election: Election, registry: Registry) -> None:
        limits = election.limits
        poll = election.poll or Poll(closes=None, until=None)
        exempt, overseas = set(limits.voters_exempt), set(election.overseas)
        exceptions = {region: poll for poll in election.poll_exceptions for region in poll.regions}
        self._limits = limits
        self._kinds: list[tuple[int | None, int, Poll]] = []
        self._limits_of_villages: dict[tuple[int, int], VillageLimits] = {}
        # By region index the number of its kind.
        self._kind_of: list[int] = [0] * len(registry.ids)
        numbers: dict[tuple[int | None, int, int], int] = {}
        for region, (code, parent) in enumerate(zip(registry.ids, registry.parent.tolist(), strict=True)):
            if parent == UNKNOWN:
                kind = (limits.voters_per_station, limits.figure, poll)
            else:
                kind = self._kinds[self._kind_of[parent]]
            if code in exempt:
                kind = (None, kind[1], kind[2])
            if code in overseas:
                kind = (kind[0], limits.figure_overseas, kind[2])
            if code in exceptions:
                kind = (kind[0], kind[1], exceptions[code])
            key = (kind[0], kind[1], id(kind[2]))  # polls live as long as the election
            if key not in numbers:
                numbers[key] = len(self._kinds)
                self._kinds.append(kind)
            self._kind_of[region] = numbers[key]

    def of(self, village: int, ballot: Ballot) -> VillageLimits:
        """The limits of a village's stations in the contest of that ballot."""
        key = (self._kind_of[village], ballot.index)
        place = self._limits_of_villages.get(key)
        if place is None:
            voters_limit, figure_limit, poll = self._kinds[key[0]]
            place = self._limits_of_villages[key] = VillageLimits(
                ballot=ballot,
                voters_limit=voters_limit,
                figure_limit=figure_limit,
                reserve_percent=self._limits.reserve_percent,
                outlier_percent=self._limits.outlier_percent,
                outlier_valid=self._limits.outlier_valid,
                closes=poll.closes,
                until=poll.until,
            )
        return place
