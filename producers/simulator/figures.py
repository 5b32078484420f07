"""What truly happened at stations: who came, which ballots were used, how they voted.

Every figure is right and agrees with every other; what goes wrong when they are written down is in
defects.py. Blocks I.A, B1, B3 and III are the same on all forms of a station, moved-in voters (B2) have
fewer ballots the more local the contest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from producers.simulator.draws import Floats, Ints, below, few, normal, share_of, within
from producers.simulator.layouts import Table
from producers.simulator.purposes import Purpose
from producers.simulator.station_columns import StationColumns
from producers.simulator.votes import votes_of
from schemas.elections import ContestKind, Scope
from schemas.regions import UNKNOWN

MEN: Final = 0.499
"""Share of men among the listed voters (2024: 102.2 of 204.8 million)."""
TURNOUT: Final = 0.79
TURNOUT_OF_REGIONS: Final = 0.03
TURNOUT_OF_VILLAGES: Final = 0.045
"""Of the listed voters, and how far provinces and villages usually are from it. With voters of the other two
lists it makes 81% of the register, as in 2024."""
LEAST_TURNOUT: Final = 0.4
MOST_TURNOUT: Final = 0.97
WOMEN_COME_MORE: Final = 0.015
"""Half of the difference between women's and men's turnout."""
REVOTE_TURNOUT: Final = 0.85
"""How many of the voters come a second time."""
MOVED_IN: Final = 1.0
SPECIAL: Final = 1.3
"""Mean of moved-in (DPTb) and special-list (DPK) voters of each sex at a station."""
MOVED_IN_BALLOTS: Final = {
    Scope.NATION: 10,
    Scope.PROVINCE: 7,
    Scope.ELECTORAL_DISTRICT: 4,
    Scope.DISTRICT: 4,
}
"""Tenths of the moved-in voters who get the ballot: who left the constituency does not vote in it."""
DISABLED: Final = 0.5
RETURNED: Final = 0.3
"""Mean of disabled voters of each sex, and of ballots returned as damaged, at a station."""
INVALID: Final = {
    ContestKind.PAIRS: 0.025,
    ContestKind.PERSONS: 0.14,
    ContestKind.PARTIES: 0.09,
    ContestKind.LOCAL_PAIRS: 0.05,
}
"""Share of invalid votes: few of three large pictures, many on a ballot of persons whom few know."""
UNKNOWN_VOTERS: Final = (180, 301)
"""Range of listed voters where the register does not say."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One row a form. `people` has the columns listed men and women; of voters who voted the listed, moved-in
    and special men and women; ballots received, returned; disabled men and women; invalid votes.
    `votes` has the figures of the contest's table, flattened."""

    people: Ints
    votes: Ints


def truth_of(
    stations: StationColumns,
    table: Table,
    kind: ContestKind,
    scope: Scope,
    reserve_percent: int,
    revote: bool,
) -> Truth:
    """The true figures at each row of `stations`; `revote`: of the second vote, for which fewer come."""
    key = within(stations.station, Purpose.REVOTE) if revote else stations.station
    listed = np.where(
        stations.registered == UNKNOWN,
        UNKNOWN_VOTERS[0]
        + below(within(stations.station, Purpose.REGISTERED), UNKNOWN_VOTERS[1] - UNKNOWN_VOTERS[0]),
        stations.registered,
    )
    men = share_of(listed, MEN, within(stations.station, Purpose.LISTED_MEN))
    women = listed - men
    turnout = _turnout(stations, revote)
    voted_men = share_of(men, turnout[0], within(key, Purpose.VOTED_MEN))
    voted_women = share_of(women, turnout[1], within(key, Purpose.VOTED_WOMEN))
    received = listed + (listed * reserve_percent + 99) // 100
    room = received - voted_men - voted_women  # whoever comes beyond the ballots is sent elsewhere
    guests = []
    for purpose, mean in (
        (Purpose.SPECIAL_MEN, SPECIAL),
        (Purpose.SPECIAL_WOMEN, SPECIAL),
        (Purpose.MOVED_IN_MEN, MOVED_IN),
        (Purpose.MOVED_IN_WOMEN, MOVED_IN),
    ):
        came = np.minimum(few(mean, within(key, purpose)), room)
        room = room - came
        guests.append(came)
    tenths = MOVED_IN_BALLOTS[scope]
    moved_men, moved_women = guests[2] * tenths // 10, guests[3] * tenths // 10
    all_men = voted_men + guests[0] + moved_men
    all_women = voted_women + guests[1] + moved_women
    used = all_men + all_women
    returned = np.minimum(few(RETURNED, within(key, Purpose.RETURNED)), received - used)
    disabled_men = np.minimum(few(DISABLED, within(key, Purpose.DISABLED_MEN)), all_men)
    disabled_women = np.minimum(few(DISABLED, within(key, Purpose.DISABLED_WOMEN)), all_women)
    form = within(stations.form, Purpose.REVOTE) if revote else stations.form
    invalid = share_of(used, INVALID[kind], within(form, Purpose.INVALID))
    people = np.stack(
        [
            men,
            women,
            voted_men,
            voted_women,
            moved_men,
            moved_women,
            guests[0],
            guests[1],
            received,
            returned,
            disabled_men,
            disabled_women,
            invalid,
        ],
        axis=1,
    )
    return Truth(people, votes_of(form, used - invalid, stations, table, kind))


def _turnout(stations: StationColumns, revote: bool) -> tuple[Floats, Floats]:
    province, village = (within(stations.regions[level], Purpose.TURNOUT) for level in (1, -1))
    mean = TURNOUT + TURNOUT_OF_REGIONS * normal(province)
    mean = mean + TURNOUT_OF_VILLAGES * normal(village)
    mean = mean * (REVOTE_TURNOUT if revote else 1.0)
    mean = np.clip(mean, LEAST_TURNOUT, MOST_TURNOUT)
    everybody = np.where(stations.by_head, 1.0, 0.0)  # the village votes as one, and all of it
    return (
        np.maximum(mean - WOMEN_COME_MORE, everybody),
        np.maximum(mean + WOMEN_COME_MORE, everybody),
    )
