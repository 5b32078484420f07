"""The specification of every result: the whole log from its beginning, added up in the plainest way.

Each runner must come to these results, whatever it does to be fast, to recover, or to run on many machines.
So this module shares with them what an event means (assess, decide) and nothing of how totals are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final, NamedTuple

from schemas.ballots import Ballot, Ballots
from schemas.elections import Election
from schemas.events import CountCorrected, CountSubmitted
from schemas.findings import Status
from schemas.regions import REGION_LEVELS, UNKNOWN, VILLAGE_DEPTH, Level, Registry
from schemas.tallies import FIXED_CELLS, Tally, state_digest
from stream_processors.assess import Assessed, AssessedCount, AssessedRejection, Assessor
from stream_processors.rejections import PartitionOf, Placed
from stream_processors.station import NOTHING_YET, Accepted, Lineage, Repeated, decide

TOGETHER: Final = 1_000
"""Messages assessed at once; the results do not depend on it."""


class InForce(NamedTuple):
    """What a station adds to the totals above it, in one contest."""

    village: int
    ballot: Ballot
    version: int
    registered: int | None
    fixed: tuple[int, ...]  # by FIXED_CELLS
    votes: tuple[int, ...]  # by the ballot's options
    clean_votes: tuple[int, ...]


@dataclass(slots=True)
class Folded:
    """The results of a log: every station with an accepted event, every region in which a contest is held
    (by contest and region), and what became of the messages."""

    registry: Registry
    contests: Sequence[str]
    in_force: dict[tuple[int, str], InForce] = field(default_factory=dict)  # by contest index and station
    regions: dict[tuple[str, str], Tally] = field(default_factory=dict)
    messages: int = 0
    accepted: int = 0
    repeated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def stations(self) -> Iterator[Tally]:
        """The stations as tallies, made one by one: a nation has too many to hold them all."""
        for (contest, unit), station in self.in_force.items():
            yield Tally(
                contest=self.contests[contest],
                level=Level.STATION,
                unit=unit,
                parent=self.registry.ids[station.village],
                version=station.version,
                fixed=station.fixed,
                votes=dict(zip(station.ballot.keys, station.votes, strict=True)),
                clean_votes=dict(zip(station.ballot.keys, station.clean_votes, strict=True)),
                expected=1,
                registered=station.registered,
            )

    def state_digest(self) -> str:
        """The name of these results: hex SHA-256 over every cell (see schemas.tallies)."""
        tallies = chain(self.regions.values(), self.stations())
        return state_digest((t.contest, t.level.value, t.unit, t.cells()) for t in tallies)


class Stood(NamedTuple):
    """A message, and where it stood on a log with several partitions."""

    raw: bytes
    placed: Placed


def stood(raw: bytes, key: bytes | None, partition: int) -> Stood:
    """The message `raw`, which was sent with `key` and stands on that partition."""
    return Stood(raw, Placed(key, partition))


def fold(
    messages: Iterable[bytes | Stood],
    election: Election,
    registry: Registry,
    partition_of: PartitionOf | None = None,
) -> Folded:
    """The results of these messages in this order. Never raises for what a message says.

    Of a log with partitions they are `Stood`, each partition's in its order, whichever partition comes first;
    `partition_of` tells where a key belongs.
    """
    ballots = Ballots(election, registry)
    folded = Folded(registry, ballots.contests)
    lineages: dict[tuple[type, int, str], Lineage] = {}
    in_force = folded.in_force
    for one in _assessed(messages, Assessor(election, registry, ballots, partition_of)):
        folded.messages += 1
        if isinstance(one, AssessedRejection):
            folded.rejected[one.rejection.reason] += 1
            continue
        key = (type(one), one.contest, one.proposal.unit)
        decision = decide(lineages.get(key, NOTHING_YET), one.proposal)
        if isinstance(decision, Accepted):
            folded.accepted += 1
            lineages[key] = decision.lineage
            if isinstance(one, AssessedCount):
                in_force[one.contest, one.proposal.unit] = _in_force(one, decision.lineage.version)
        elif isinstance(decision, Repeated):
            folded.repeated += 1
        else:
            folded.rejected[decision.reason] += 1
    _add_up(folded, registry, ballots)
    return folded


def _assessed(messages: Iterable[bytes | Stood], assessor: Assessor) -> Iterator[Assessed]:
    source = iter(messages)
    while some := list(islice(source, TOGETHER)):
        raws = [one.raw if isinstance(one, Stood) else one for one in some]
        placed = [one.placed for one in some if isinstance(one, Stood)]
        yield from assessor.assess(raws, placed or None)


def _in_force(one: AssessedCount, version: int) -> InForce:
    cells = dict.fromkeys(FIXED_CELLS, 0)
    votes = (0,) * len(one.ballot.options)
    clean_votes = votes
    event = one.decoded.event
    if isinstance(event, (CountSubmitted, CountCorrected)):
        form = event.payload.form
        voters = form.voters.total.j if form.voters and form.voters.total else None
        cells["received"] = 1
        cells["unlisted"] = int(one.unlisted)
        cells["registered_received"] = one.registered or 0
        cells["voters"] = voters or 0
        cells["valid"] = form.valid or 0
        cells["invalid"] = form.invalid or 0
        if form.ballots:
            cells["ballots_received"] = form.ballots.received or 0
            cells["ballots_used"] = form.ballots.used or 0
        votes = tuple(figure or 0 for figure in one.votes)
        if one.status is Status.CLEAN:
            clean_votes = votes
            for name in ("voters", "valid", "invalid"):
                cells[f"clean_{name}"] = cells[name]
    cells[one.status.value] = 1
    return InForce(
        one.village, one.ballot, version, one.registered, tuple(cells.values()), votes, clean_votes
    )


@dataclass(slots=True)
class _Sum:
    version: int = 0
    fixed: Counter[str] = field(default_factory=Counter)
    votes: Counter[str] = field(default_factory=Counter)
    clean_votes: Counter[str] = field(default_factory=Counter)
    expected: int = 0
    registered: int | None = None

    def add(self, child: Tally | _Sum) -> None:
        """Everything that is a sum of what came."""
        self.version += child.version
        fixed = child.fixed if isinstance(child, _Sum) else dict(zip(FIXED_CELLS, child.fixed, strict=True))
        for sums, figures in (
            (self.fixed, fixed),
            (self.votes, child.votes),
            (self.clean_votes, child.clean_votes),
        ):
            for name, figure in figures.items():
                sums[name] += figure

    def expect(self, expected: int, registered: int | None) -> None:
        """What the register says of a child."""
        self.expected += expected
        if registered is not None:
            self.registered = (self.registered or 0) + registered


def _add_up(folded: Folded, registry: Registry, ballots: Ballots) -> None:
    """Villages from their stations, every region above from the regions right below it."""
    sums: dict[tuple[int, int], _Sum] = {}
    for contest in range(len(ballots.contests)):
        for village in range(len(registry.ids)):
            ballot = ballots.of(contest, village) if registry.depth[village] == VILLAGE_DEPTH else None
            if ballot is not None:
                total = sums[contest, village] = _Sum()
                voters = int(registry.registered[village])
                total.expect(int(registry.stations[village]), None if voters == UNKNOWN else voters)
                for option in ballot.keys:
                    total.votes[option] = total.clean_votes[option] = 0
    stations = zip(folded.in_force, folded.stations(), strict=True)
    for (contest, unit), tally in stations:
        sums[contest, folded.in_force[contest, unit].village].add(tally)
    for contest, name in enumerate(ballots.contests):
        for region in range(len(registry.ids) - 1, -1, -1):  # children stand after their parents
            if (contest, region) not in sums:
                continue
            total = sums[contest, region]
            parent = int(registry.parent[region])
            folded.regions[name, registry.ids[region]] = Tally(
                contest=name,
                level=REGION_LEVELS[registry.depth[region]],
                unit=registry.ids[region],
                parent="" if parent == UNKNOWN else registry.ids[parent],
                version=total.version,
                fixed=tuple(total.fixed[cell] for cell in FIXED_CELLS),
                votes=dict(total.votes),
                clean_votes=dict(total.clean_votes),
                expected=total.expected,
                registered=total.registered,
            )
            if parent != UNKNOWN:
                above = sums.setdefault((contest, parent), _Sum())
                above.add(total)
                above.expect(total.expected, total.registered)
