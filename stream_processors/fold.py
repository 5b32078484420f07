"""The specification of every result: folds the whole log from its beginning in the plainest way.

Each engine must give these results, whatever it does to be fast, to recover, or to run on many machines. So
this module shares with them what an event means (assess, decide) and nothing of how totals are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import add
from typing import Final, NamedTuple

from schemas.ballots import Ballot, Ballots
from schemas.elections import Election
from schemas.findings import Finding, Status
from schemas.regions import REGION_LEVELS, UNKNOWN, Level, Registry
from schemas.rejections import Reason, Rejection
from schemas.tallies import BY_OPTION, FIXED_CELLS, Tally, state_digest
from stream_processors.assess import (
    Assessed,
    AssessedControl,
    AssessedCount,
    AssessedReason,
    AssessedRecap,
    AssessedRejection,
    Assessor,
)
from stream_processors.authority import Authority
from stream_processors.in_force import InForce, against_the_one_before, differing_cells, in_force_of
from stream_processors.rejections import PartitionOf, Placement, naming_cells
from stream_processors.station import NOTHING_YET, Lineage, Repeated

ASSESSED_TOGETHER: Final = 1_000
"""Messages assessed at once; the results do not depend on it."""


_SURPLUS: Final = FIXED_CELLS.index("surplus")


@dataclass(slots=True)
class Folded:
    """The results of a log: every station with an accepted event, every region in which a contest is held
    (by contest and region), and the outcomes of the messages."""

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
            yield station.tally(self.contests[contest], unit, self.registry.ids[station.village])

    def state_digest(self) -> str:
        """The name of these results: hex SHA-256 over every cell (see schemas.tallies)."""
        regions = ((t.contest, t.level.value, t.unit, t.cells()) for t in self.regions.values())
        stations = (
            (self.contests[contest], Level.STATION.value, unit, station.cells())
            for (contest, unit), station in self.in_force.items()
        )
        return state_digest(chain(regions, stations))


class FoldedEntry(NamedTuple):
    """What became of a message. `version` is its unit's after it (0: it was not accepted). `rejection` is why
    it was rejected, in the sentence that readers see; `findings` are those of an accepted count, `in_force`
    what the station adds from then on, and `before` what it added until then."""

    assessed: Assessed
    outcome: str  # accepted, repeated, rejected
    version: int = 0
    rejection: Rejection | None = None
    findings: tuple[Finding, ...] = ()
    in_force: InForce | None = None
    before: InForce | None = None


OnEntry = Callable[[FoldedEntry], None]
"""Is told of each message in turn."""


class PlacedMessage(NamedTuple):
    """A message with its key and partition, on a log with several partitions."""

    raw: bytes
    placement: Placement

    @classmethod
    def of(cls, raw: bytes, key: bytes | None, partition: int) -> PlacedMessage:
        """The message `raw` with its key and partition."""
        return cls(raw, Placement(key, partition))


def fold(
    messages: Iterable[bytes | PlacedMessage],
    election: Election,
    registry: Registry,
    partition_of: PartitionOf | None = None,
    on_entry: OnEntry | None = None,
) -> Folded:
    """The results of these messages in this order. Never raises for what a message says.

    Of a log with partitions they are `PlacedMessage`s, each partition's in its order, in any order of
    partitions; `partition_of` gives the partition of a key. `on_entry` is called for each message, in this
    order; messages are read ahead of it.
    """
    ballots = Ballots(election, registry)
    folded = Folded(registry, ballots.contests)
    lineages: dict[tuple[type, int, str], Lineage] = {}
    authorities: dict[int, Authority] = {}
    for partition, one in _assessed(messages, Assessor(election, registry, ballots, partition_of)):
        if partition not in authorities:
            authorities[partition] = Authority(registry, election.identity)
        entry = _folded(folded, lineages, authorities[partition], one)
        if on_entry is not None:
            on_entry(entry)
    lineages.clear()  # a national count has a million of them, and they decide nothing any more
    _add_up(folded, registry, ballots)
    return folded


def _folded(
    folded: Folded, lineages: dict[tuple[type, int, str], Lineage], authority: Authority, one: Assessed
) -> FoldedEntry:
    """One message more."""
    folded.messages += 1
    if isinstance(one, AssessedRejection):
        return _rejected(folded, one, one.rejection)
    if isinstance(one, AssessedControl):
        taken = authority.control(one.raw, one.event, one.id)
        if isinstance(taken, Rejection):
            return _rejected(folded, one, taken)
        if isinstance(taken, Repeated):
            folded.repeated += 1
            return FoldedEntry(one, "repeated")
        folded.accepted += 1
        return FoldedEntry(one, "accepted")
    key = (type(one), one.contest, one.proposal.unit)
    region = one.village if isinstance(one, AssessedCount) else one.region
    document = None
    if isinstance(one, AssessedReason):
        document = lineages.get((AssessedRecap, one.contest, one.proposal.unit), NOTHING_YET)
    lineage = lineages.get(key, NOTHING_YET)
    decision, _ = authority.decide(one.claim, region, lineage, one.proposal, document)
    if isinstance(decision, Repeated):
        folded.repeated += 1
        return FoldedEntry(one, "repeated")
    unit = one.contest, one.proposal.unit
    before = folded.in_force.get(unit)
    if isinstance(decision, Rejection):
        if (
            decision.reason is Reason.ALREADY_COUNTED
            and isinstance(one, AssessedCount)
            and before is not None
        ):
            decision = naming_cells(decision, differing_cells(in_force_of(one, 0), before))
        return _rejected(folded, one, decision)
    folded.accepted += 1
    lineages[key] = decision.lineage
    version = decision.lineage.version
    if not isinstance(one, AssessedCount):
        return FoldedEntry(one, "accepted", version)
    here = folded.in_force[unit] = in_force_of(one, version)
    replaced = against_the_one_before(here, before)
    findings = one.findings if replaced is None else (*one.findings, replaced)
    return FoldedEntry(one, "accepted", version, None, findings, here, before)


def _rejected(folded: Folded, one: Assessed, why: Rejection) -> FoldedEntry:
    folded.rejected[why.reason] += 1
    return FoldedEntry(one, "rejected", rejection=why)


def _assessed(
    messages: Iterable[bytes | PlacedMessage], assessor: Assessor
) -> Iterator[tuple[int, Assessed]]:
    """Each message with its partition (0 on a log without partitions)."""
    source = iter(messages)
    while some := list(islice(source, ASSESSED_TOGETHER)):
        raws = [one.raw if isinstance(one, PlacedMessage) else one for one in some]
        placements = [one.placement for one in some if isinstance(one, PlacedMessage)]
        partitions = [one.partition for one in placements] or [0] * len(raws)
        yield from zip(partitions, assessor.assess(raws, placements or None), strict=True)


@dataclass(slots=True)
class _Sum:
    version: int = 0
    fixed: list[int] = field(default_factory=lambda: [0] * len(FIXED_CELLS))
    by_option: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in BY_OPTION}
    )
    expected: int = 0
    registered: int | None = None
    to_come: int | None = 0  # registered voters outstanding; None: not known

    def add_stations(self, ballot: Ballot, stations: Sequence[InForce]) -> None:
        """What the stations of a village give, all with this ballot."""
        self.version += sum(station.version for station in stations)
        self.fixed = list(map(sum, zip(self.fixed, *[station.fixed for station in stations], strict=True)))
        clean = [station for station in stations if station.status is Status.CLEAN]
        self._add_votes("", ballot, stations)
        self._add_votes("clean_", ballot, clean)

    def _add_votes(self, prefix: str, ballot: Ballot, stations: Sequence[InForce]) -> None:
        """Votes by option, how many forms give each option, and the votes of forms that give all of them."""
        names = (f"{prefix}votes", f"{prefix}votes_forms", f"{prefix}share_votes")
        votes, forms, shared = (self.by_option[name] for name in names)
        for place, key in enumerate(ballot.keys):
            given = [figure for station in stations if (figure := station.votes[place]) is not None]
            votes[key] += sum(given)
            forms[key] += len(given)
        complete = [station for station in stations if station.complete]
        for place in ballot.top:
            shared[ballot.keys[place]] += sum(station.votes[place] or 0 for station in complete)

    def add(self, child: _Sum) -> None:
        """Everything of a region right below."""
        self.version += child.version
        self.fixed = list(map(add, self.fixed, child.fixed))
        for name, figures in child.by_option.items():
            self.by_option[name].update(figures)
        self.expect(child.expected, child.registered, child.to_come)

    def expect(self, expected: int, registered: int | None, to_come: int | None) -> None:
        """What the register says of a child, and which of its voters are outstanding."""
        self.expected += expected
        if registered is not None:
            self.registered = (self.registered or 0) + registered
        self.to_come = None if self.to_come is None or to_come is None else self.to_come + to_come


def _add_up(folded: Folded, registry: Registry, ballots: Ballots) -> None:
    """Villages from their stations, every region above from the regions right below it."""
    added: dict[tuple[int, int], list[tuple[str, InForce]]] = {}
    for (contest, unit), station in folded.in_force.items():
        added.setdefault((contest, station.village), []).append((unit, station))
    for contest, name in enumerate(ballots.contests):
        sums: dict[int, _Sum] = {}
        for region, _ in reversed(list(ballots.held(contest))):  # children stand after their parents
            if ballots.of(contest, region) is not None:
                total = _of_village(ballots, registry, contest, region, added.pop((contest, region), []))
            else:
                total = sums.pop(region) if region in sums else _sum_of_nothing(ballots, contest, region)
            parent = int(registry.parent[region])
            folded.regions[name, registry.ids[region]] = Tally(
                contest=name,
                level=REGION_LEVELS[registry.depth[region]],
                unit=registry.ids[region],
                parent="" if parent == UNKNOWN else registry.ids[parent],
                version=total.version,
                fixed=tuple(total.fixed),
                expected=total.expected,
                registered=total.registered,
                registered_outstanding=total.to_come,
                **_shown(total, ballots, contest, region),
            )
            if parent != UNKNOWN:
                sums.setdefault(parent, _Sum()).add(total)


def _of_village(
    ballots: Ballots, registry: Registry, contest: int, village: int, stations: Sequence[tuple[str, InForce]]
) -> _Sum:
    """A village's sum; `stations` are those with an accepted event."""
    total = _sum_of_nothing(ballots, contest, village)
    by_ballot: dict[int, list[InForce]] = {}
    for _, station in stations:
        by_ballot.setdefault(station.ballot.index, []).append(station)
    for index, some in by_ballot.items():
        total.add_stations(ballots.ballots[index], some)
    in_force = {unit: one for unit, one in stations if one.status is not Status.ANNULLED}
    received = [one for one in in_force.values() if not one.unlisted]
    absent = [voters for unit, voters in registry.listed_in(village) if unit not in in_force]
    expected, voters = int(registry.stations[village]), int(registry.registered[village])
    total.fixed[_SURPLUS] = max(len(received) - expected, 0)
    outstanding = to_come(registry, village, received, absent)
    total.expect(expected, None if voters == UNKNOWN else voters, outstanding)
    return total


def _sum_of_nothing(ballots: Ballots, contest: int, region: int) -> _Sum:
    """Zero for every option of a village, or of a region without villages."""
    total = _Sum()
    for index in ballots.of_region(contest, region):
        ballot = ballots.ballots[index]
        for by_option, figures in total.by_option.items():
            figures.update(dict.fromkeys(ballot.top_keys if "share" in by_option else ballot.keys, 0))
    return total


def to_come(
    registry: Registry, village: int, received: Sequence[InForce], absent: Sequence[int | None]
) -> int | None:
    """The registered voters of a village's stations that are outstanding; None: nobody knows. `received` are
    its stations that are in and not unlisted, `absent` the voters of the listed ones that are not."""
    expected = int(registry.stations[village])
    voters = int(registry.registered[village]) if registry.voters_known[village] else None
    if not registry.has_station_list:
        absent = [None] * max(expected - len(received), 0)
    if not expected:
        return voters or 0
    if not absent:
        return 0
    if voters is None:
        return None
    known = [figure for figure in absent if figure is not None]
    if len(known) == len(absent):
        return min(sum(known), voters)
    if any(station.registered is None for station in received):
        return None
    return max(voters - sum(station.registered or 0 for station in received), 0)


def _shown(total: _Sum, ballots: Ballots, contest: int, region: int) -> dict[str, dict[str, int]]:
    """The figures by option as a tally has them."""
    held = [ballots.ballots[index] for index in ballots.of_region(contest, region)]
    top_keys = held[0].top_keys if held else ()
    on_every_ballot = {key for key in top_keys if all(key in ballot.keys for ballot in held)}
    return {
        name: {key: n for key, n in figures.items() if "share" not in name or key in on_every_ballot}
        for name, figures in total.by_option.items()
    }
