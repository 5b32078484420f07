"""Random logs of the tiny election as a real night makes them: mostly lawful, never tidy.

A strategy for hypothesis. FaultyProxy counts, corrections and annulments come duplicates, stale and
contradicting events, certified recapitulations, and messages that can be no part of the count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from schemas.ballots import Ballot
from tests.worlds import ABROAD, DPD, DPR, ELECTION_ID, PPWP, World, annulled, corrected, recap, submitted

UNHURRIED: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For every test with random input: how long one takes says how busy the machine is, and nothing else."""

UNLISTED: Final = "1101012001099"
"""A station of a known village that is on no list."""

STATIONS: Final = (
    "1101012001001",
    "1101012001002",  # of the same village
    "1101012002001",  # of the same sub-district
    "1101022001001",  # of the same district
    "1102012001003",  # of the same province, another electoral district
    "1202022002003",
    f"{ABROAD}001",
    UNLISTED,
)

_ELSEWHERE: Final = "1103012001001"
"""A station of a village that the register does not have."""

MOST_VOTES: Final = 40
"""For one option: small, so that no limit of a form is ever reached."""

_FIGURE: Final = st.one_of(st.none(), st.integers(0, MOST_VOTES))
_GARBAGE: Final = (b"", b"\xff\xfe{", b"[1, 2]", b'{"type":"CountSubmitted"}', b"null", b"{" * 200)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message. `possible`: it fits the election, so what is in force decides whether it counts; other
    messages can be no part of the count whatever came before."""

    raw: bytes
    possible: bool = True


@st.composite
def messy_logs(draw: st.DrawFn, world: World, max_size: int = 30) -> list[Sent]:
    """Messages in the order of the log."""
    night = _Night(draw, world)
    for number in range(draw(st.integers(0, max_size))):
        night.happen(number)
    return night.sent


class _Night:
    """What was sent so far, and what is in force by this module's own simple account of it."""

    def __init__(self, draw: st.DrawFn, world: World) -> None:
        self._draw = draw
        self._world = world
        self._history: dict[tuple[str, str], list[bytes]] = {}
        self._in_force: dict[tuple[str, str], bytes | None] = {}
        self.sent: list[Sent] = []

    def happen(self, number: int) -> None:
        """One more message."""
        what = self._draw(st.integers(0, 9))
        if what == 0 and self.sent:
            self.sent.append(self._draw(st.sampled_from(self.sent)))
        elif what == 1:
            self.sent.append(Sent(self._impossible(f"stray-{number}"), possible=False))
        elif what == 2:
            region = self._draw(st.sampled_from(("0", "11", "1101", "110101", "12")))
            said = recap(region, {"1": self._draw(st.integers(0, 99))}, device=f"plenary-{number}")
            self.sent.append(Sent(said))
        else:
            self.sent.append(Sent(self._event(f"phone-{number}")))

    def _event(self, device: str) -> bytes:
        station = self._draw(st.sampled_from(STATIONS))
        contest = self._draw(st.sampled_from((PPWP, DPR) if station.startswith(ABROAD) else (PPWP, DPR, DPD)))
        key = (contest, station)
        history = self._history.setdefault(key, [])
        in_force = named = self._in_force.get(key)
        if history and self._draw(st.integers(0, 5)) == 0:  # now and then one that may have lost its force
            named = self._draw(st.sampled_from(history))
        said = form(self._draw, ballot_of(self._world, contest, station))
        kind = self._draw(st.sampled_from(("first", "annul", "correct", "correct", "correct")))
        if kind == "first" or named is None:
            raw = submitted(station, said, contest, device=device)
            lawful = in_force is None
        elif kind == "annul":
            raw = annulled(station, named, contest, device=device)
            lawful = named == in_force
        else:
            raw = corrected(station, named, said, contest, device=device)
            lawful = named == in_force
        if lawful:
            history.append(raw)
            self._in_force[key] = None if b'"CountAnnulled"' in raw else raw
        return raw

    def _impossible(self, device: str) -> bytes:
        ppwp = {"votes": {"1": 5, "2": 6, "3": 7}}
        station = STATIONS[0]
        whole = submitted(station, ppwp, device=device)
        changed = {**orjson.loads(whole), "contest": DPD}
        newer = {**orjson.loads(whole), "schema_version": 99}
        del newer["event_id"]
        return self._draw(
            st.sampled_from(
                (
                    *_GARBAGE,
                    submitted(_ELSEWHERE, ppwp, device=device),
                    submitted(station, ppwp, "PILKADA", device=device),
                    submitted(station, {"votes": {"4": 5}}, device=device),
                    submitted(station, ppwp, device=device, election=f"{ELECTION_ID}-elsewhere"),
                    submitted(f"{ABROAD}001", {"votes": {"21": 5}}, DPD, device=device),
                    recap("1199", {"1": 5}, device=device),
                    orjson.dumps(changed),  # not what its id names
                    orjson.dumps(newer),
                    whole.replace(b'"votes"', b'"votes":{},"votes"'),
                )
            )
        )


def ballot_of(world: World, contest: str, station: str) -> Ballot:
    """The ballot of a station in a contest that is held there."""
    found = world.ballots.of(world.ballots.contests.index(contest), world.registry.index[station[:10]])
    assert found is not None
    return found


def form(draw: st.DrawFn, ballot: Ballot) -> dict[str, Any]:
    """A form of that ballot. What it gives adds up, except that sometimes the voters are one too many,
    which is a hard finding (R08); options or whole blocks may be missing."""
    votes = {option: draw(_FIGURE) for option in ballot.options}
    for party in ballot.options if "1.0" in votes else ():
        if "." not in party and votes[party] is not None:  # given, it is the sum of its parts; else derived
            parts = [option for option in votes if option.startswith(f"{party}.")]
            votes |= {part: votes[part] or 0 for part in parts}
            votes[party] = sum(votes[part] or 0 for part in parts)
    valid = sum(figure or 0 for figure in top_votes(votes).values())
    invalid = draw(st.integers(0, 9))
    whole: dict[str, Any] = {
        "voters": {"total": {"j": valid + invalid}},
        "ballots": {"received": valid + invalid + 20, "used": valid + invalid, "returned": 0, "unused": 20},
        "votes": votes,
        "valid": valid,
        "invalid": invalid,
        "total": valid + invalid,
    }
    if draw(st.integers(0, 3)) == 0:
        return {**whole, "voters": {"total": {"j": valid + invalid + 1}}}
    missing = draw(st.sets(st.sampled_from(sorted(whole)), max_size=2))
    return {block: figure for block, figure in whole.items() if block not in missing}


def top_votes(votes: dict[str, int | None]) -> dict[str, int | None]:
    """By option the figure of pairs, persons or whole parties; a party's that was not read, added up."""
    tops: dict[str, int | None] = {}
    for option, figure in votes.items():
        top, dot, _ = option.partition(".")
        if not dot:
            tops[top] = figure if figure is not None else tops.get(top)
    for option, figure in votes.items():
        top, dot, _ = option.partition(".")
        if dot and votes.get(top) is None and figure is not None:
            tops[top] = (tops.get(top) or 0) + figure
    return tops
