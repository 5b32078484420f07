"""Votes that a result is determined from: of each region the certified document where there is one, otherwise
what was counted, with what is outstanding there.

Nothing is decided here. Votes of a region are None where an option has no figure, and never 0 for that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from queries.figures import is_top
from queries.recaps import recaps
from queries.results import results
from queries.rows import Row
from schemas.regions import Level


@dataclass(frozen=True, slots=True)
class Standing:
    """One region. `votes` are by option; `certified`: they are those of a certified document, to which
    nothing is to come. `stations` and `outstanding` voters are still to come (None: not known). `unread`:
    some forms lack votes of an option."""

    region: str
    name: str
    votes: dict[str, int | None]
    clean: dict[str, int | None]
    certified: bool
    stations: int
    outstanding: int | None
    unread: bool

    @property
    def known(self) -> dict[str, int] | None:
        """The votes of the options that add up to the valid votes; None: one of them has no figure."""
        return whole(self.votes)


def whole(votes: dict[str, int | None]) -> dict[str, int] | None:
    """The votes of the options that add up to the valid votes; None: one of them has no figure."""
    known = {option: figure for option, figure in votes.items() if is_top(option) and figure is not None}
    return known if known and len(known) == sum(map(is_top, votes)) else None


def standings(client: Client, election: str, contest: str, level: Level) -> dict[str, Standing]:
    """The standing of each region of `level` in which the contest is held."""
    signed = {row["region"]: row for row in recaps(client, election, level=level, contests=[contest])}
    return {
        row["region"]: _standing(row, signed.get(row["region"]))
        for row in results(client, election, contest, level)
    }


def standings_of(
    client: Client, election: str, contest: str, regions: Collection[str], levels: Iterable[Level]
) -> dict[str, Standing]:
    """The standings of `regions`, which are of `levels`."""
    found: dict[str, Standing] = {}
    for level in levels:
        found |= {
            region: standing
            for region, standing in standings(client, election, contest, level).items()
            if region in regions
        }
    return found


def _standing(row: Row, signed: Row | None) -> Standing:
    stations, outstanding = row["stations"], row["outstanding"]
    votes: dict[str, int | None] = dict(row["votes"])
    forms = row["forms"]["votes"]
    unread = any(count < stations["received"] for option, count in forms.items() if is_top(option))
    if signed is not None:
        votes = {option: signed["votes"].get(option) for option in votes} | signed["votes"]
        return Standing(
            region=row["region"],
            name=row["name"],
            votes=votes,
            clean=dict(row["clean"]["votes"]),
            certified=True,
            stations=0,
            outstanding=0,
            unread=False,
        )
    return Standing(
        region=row["region"],
        name=row["name"],
        votes=votes,
        clean=dict(row["clean"]["votes"]),
        certified=False,
        stations=outstanding["stations"],
        outstanding=0 if not outstanding["stations"] else outstanding["registered"],
        unread=unread,
    )
