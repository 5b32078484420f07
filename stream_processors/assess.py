"""Assesses messages without the log: is it an event, does it fit the election, what do the rules find.

Earlier events are not needed here (stream_processors.station decides about them), so messages can be assessed
in any order and by any number of processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from schemas.authority import WATCHING
from schemas.ballots import Ballot, Ballots
from schemas.control_events import ControlEvent, Report
from schemas.decode import Decoded, content_id, decode
from schemas.elections import Election
from schemas.events import (
    CountAnnulled,
    CountCorrected,
    CountEvent,
    CountKind,
    CountSubmitted,
    RecapCertified,
    RecapReasonStated,
)
from schemas.findings import Finding, Status
from schemas.placement import key_of_region
from schemas.regions import REGION_LEVELS, Level, Region, Registry, Station
from schemas.rejections import Reason, Rejected, Rejection, reject
from schemas.text import quoted
from stream_processors.cells import Figures, figures_of, no_figures
from stream_processors.checks import check, status_of
from stream_processors.checks.context import FormContext
from stream_processors.checks.votes import read_votes
from stream_processors.control_checks import region_of_control
from stream_processors.limits_by_region import LimitsByRegion
from stream_processors.rejections import (
    PartitionOf,
    Placement,
    given_twice,
    misplaced,
    no_recap,
    not_held,
    only_recorded,
    unknown_cell,
    unknown_option,
    wrong_role,
)
from stream_processors.signatures import Claim, claim_of
from stream_processors.station import Proposal, proposal_of


class AssessedCount(NamedTuple):
    """A count event that fits the election. `contest`, `village` and `ballot` are indexes. `claim`: who has
    signed it; None in an election without keys, whose signatures are not verified."""

    raw: bytes
    decoded: Decoded
    proposal: Proposal
    contest: int
    village: int
    ballot: Ballot
    status: Status
    unlisted: bool
    registered: int | None
    votes: Sequence[int | None]  # in the ballot's order; None: not given
    complete: bool  # every option has a figure
    figures: Figures
    findings: tuple[Finding, ...]
    claim: Claim | None = None


class AssessedRecap(NamedTuple):
    """A certified recapitulation that fits the election; `votes` are by the options' names in totals."""

    raw: bytes
    decoded: Decoded
    proposal: Proposal
    contest: int
    region: int
    votes: dict[str, int]
    claim: Claim | None = None


class AssessedControl(NamedTuple):
    """A control event whose signatures hold; `region` (an index) is None where it concerns the election."""

    raw: bytes
    id: bytes
    decoded: Decoded
    region: int | None

    @property
    def event(self) -> ControlEvent:
        """The event."""
        return cast(ControlEvent, self.decoded.event)


class AssessedReason(NamedTuple):
    """A reason for a certified recapitulation's differences that fits the election."""

    raw: bytes
    decoded: Decoded
    proposal: Proposal
    contest: int
    region: int
    claim: Claim | None = None


class AssessedRejection(NamedTuple):
    """A message that can be no part of this count, whatever the log holds; `decoded` None: not an event."""

    raw: bytes
    id: bytes
    decoded: Decoded | None
    rejection: Rejection


Assessed = AssessedCount | AssessedRecap | AssessedReason | AssessedControl | AssessedRejection


class Assessor:
    """Assesses messages against one election, its register and its ballots.

    With `partition_of` it also checks their placement: on another partition than the rest of its district, an
    event could be counted beside the one that it contradicts.
    """

    def __init__(
        self,
        election: Election,
        registry: Registry,
        ballots: Ballots,
        partition_of: PartitionOf | None = None,
    ) -> None:
        self._election = election
        self.registry = registry
        self._ballots = ballots
        self._contests = {contest: number for number, contest in enumerate(ballots.contests)}
        self._limits = LimitsByRegion(election, registry)
        self._partition_of = partition_of
        self._placements: dict[int, Placement] = {}

    @property
    def contests(self) -> Sequence[str]:
        """The election's contests, in the order of their indexes."""
        return self._ballots.contests

    def assess(
        self, messages: Sequence[bytes], placements: Sequence[Placement] | None = None
    ) -> list[Assessed]:
        """Assess each message, in order. Never raises for what a message says. `placements`: the key and
        partition of each of them, on a log with partitions."""
        results: list[Assessed | None] = []
        counts: list[tuple[int, bytes, Decoded]] = []
        for raw in messages:
            try:
                decoded = decode(raw)
            except Rejected as error:
                results.append(AssessedRejection(raw, bytes.fromhex(content_id(raw)), None, error.rejection))
                continue
            if isinstance(decoded.event, CountEvent):
                counts.append((len(results), raw, decoded))
                results.append(None)
            else:
                results.append(self._guard(raw, decoded, None))
        # Stations are looked up together: one by one it would cost more than all rules.
        stations = self.registry.stations_of([decoded.event.unit for _, _, decoded in counts])
        for (index, raw, decoded), station in zip(counts, stations, strict=True):
            results[index] = self._guard(raw, decoded, station)
        assessed = [result for result in results if result is not None]
        if placements is None or self._partition_of is None:
            return assessed
        return [self._in_place(one, found) for one, found in zip(assessed, placements, strict=True)]

    def _in_place(self, one: Assessed, found: Placement) -> Assessed:
        if isinstance(one, AssessedRejection):
            return one
        region = one.village if isinstance(one, AssessedCount) else one.region
        if region is None:  # what concerns the election stands in every partition
            return one
        right = self._placements.get(region)
        if right is None:
            assert self._partition_of is not None
            key = key_of_region(self.registry, region)
            right = self._placements[region] = Placement(key, self._partition_of(key))
        return (
            one
            if found == right
            else AssessedRejection(
                one.raw, bytes.fromhex(one.decoded.event_id), one.decoded, misplaced(found, right)
            )
        )

    def _guard(self, raw: bytes, decoded: Decoded, station: Station | None) -> Assessed:
        event = decoded.event
        try:
            self._require_this_election(event.election)
            if not isinstance(event, Report):
                region = region_of_control(decoded.identity, event, self._election, self.registry)
                return AssessedControl(raw, bytes.fromhex(decoded.event_id), decoded, region)
            contest = self._contest(event)
            claim = claim_of(decoded.identity, event) if self._election.identity is not None else None
            if isinstance(event, RecapCertified):
                return self._recap(raw, decoded, contest, claim)
            if isinstance(event, RecapReasonStated):
                return self._reason(raw, decoded, contest, claim)
            return self._count(raw, decoded, contest, station, claim)
        except Rejected as error:
            return AssessedRejection(raw, bytes.fromhex(decoded.event_id), decoded, error.rejection)

    def _require_this_election(self, election: str) -> None:
        if election != self._election.id:
            raise reject(
                Reason.UNKNOWN_ELECTION,
                id=f"Peristiwa ini untuk pemilihan {election}; di sini dihitung {self._election.id}. "
                "Kirim ke sistem pemilihan itu.",
                en=f"The event is for the election {election}; here {self._election.id} is counted. "
                "Send it to the system of that election.",
            )

    def _contest(self, event: Report) -> int:
        contest = self._contests.get(event.contest)
        if contest is None:
            known = quoted(", ".join(self._contests))
            raise reject(
                Reason.UNKNOWN_CONTEST,
                id=f"Tidak ada pemilihan {event.contest} dalam {self._election.id}; yang ada: {known}.",
                en=f"{self._election.id} has no contest {event.contest}; there are: {known}.",
            )
        if event.submitted_by is not None and event.submitted_by.role in WATCHING:
            raise reject(
                Reason.NOT_AUTHORISED,
                id=f"Peran {event.submitted_by.role} mengawasi dan tidak mengirim hasil yang dihitung. "
                "Hasil harus dikirim oleh KPPS atau jajaran KPU.",
                en=f"The role {event.submitted_by.role} watches and submits no count that is added up. "
                "A count must come from the station's officers or the commission.",
            )
        if isinstance(event, CountCorrected | CountAnnulled):
            self._hold_reason_against_role(event)
        return contest

    def _hold_reason_against_role(self, event: CountCorrected | CountAnnulled) -> None:
        roles = (self._election.reason_roles or {}).get(event.payload.reason)
        role = event.submitted_by.role if event.submitted_by is not None else None
        # Nobody's role is none of those that may.
        if roles is not None and role not in roles:
            raise wrong_role(event.payload.reason, role, roles)

    def _count(
        self, raw: bytes, decoded: Decoded, contest: int, station: Station | None, claim: Claim | None
    ) -> AssessedCount:
        event = cast(CountEvent, decoded.event)
        origin = event.payload.origin
        listed = station.listed if station is not None else None
        if listed is None and origin is not None:
            listed = origin.listed  # without a list of ours, the source's own word
        if station is None or (listed is False and not self._election.count_unlisted_stations):
            raise reject(
                Reason.UNKNOWN_STATION,
                id=f"TPS {event.station} tidak ada dalam daftar TPS. Periksa kodenya; jika TPS itu memang "
                "ada, lengkapi daftar TPS.",
                en=f"Station {event.station} is not in the register of stations. Check its code; if the "
                "station exists, complete the register.",
            )
        ballot = self._ballots.of(contest, station.village)
        if ballot is None:
            raise not_held(event.contest, event.station)
        form = None if isinstance(event, CountAnnulled) else event.payload.form
        for option in (form.votes if form is not None else None) or ():
            if option not in ballot.place:
                raise unknown_option(event.contest, event.station, option, ballot)
        if origin is not None and origin.not_counted is not None:
            raise only_recorded(event.contest, event.station, origin.not_counted)
        if form is None:
            return AssessedCount(
                raw,
                decoded,
                proposal_of(decoded),
                contest,
                station.village,
                ballot,
                Status.ANNULLED,
                listed is False,
                station.registered,
                (None,) * len(ballot.options),
                False,
                no_figures(ballot),
                (),
                claim,
            )
        limits = self._limits.of(station.village, ballot)
        # The window is that of the first count: what is corrected or voted again comes later by law (R24).
        is_first = isinstance(event, CountSubmitted) and event.payload.kind == CountKind.REGULAR
        occurred_at = event.occurred_at if is_first else None
        votes, complete = read_votes(form, ballot)
        findings = check(form, FormContext(limits, station.registered, listed, occurred_at))
        return AssessedCount(
            raw,
            decoded,
            proposal_of(decoded),
            contest,
            station.village,
            ballot,
            status_of(form, findings),
            listed is False,
            station.registered,
            votes,
            complete,
            figures_of(form, votes, station.registered, complete=complete),
            findings,
            claim,
        )

    def _certified(
        self, event: RecapCertified | RecapReasonStated, contest: int
    ) -> tuple[Region, list[Ballot]]:
        """The region, which has certified documents in this election, and its ballots."""
        region = self.registry.region(event.region)
        if region is None or region.level not in self._election.certified:
            raise no_recap(event.region, self._election.certified)
        ballots = [self._ballots.ballots[i] for i in self._ballots.of_region(contest, region.index)]
        if not ballots:
            raise not_held(event.contest, event.region)
        return region, ballots

    def _reason(self, raw: bytes, decoded: Decoded, contest: int, claim: Claim | None) -> AssessedReason:
        event = decoded.event
        assert isinstance(event, RecapReasonStated)
        region, ballots = self._certified(event, contest)
        option = event.payload.cell.removeprefix("votes.")
        if option != event.payload.cell and not any(option in ballot.keys for ballot in ballots):
            raise unknown_cell(event.contest, event.region, event.payload.cell, ballots[0])
        return AssessedReason(raw, decoded, proposal_of(decoded), contest, region.index, claim)

    def _recap(self, raw: bytes, decoded: Decoded, contest: int, claim: Claim | None) -> AssessedRecap:
        event = decoded.event
        assert isinstance(event, RecapCertified)
        region, ballots = self._certified(event, contest)
        names = {key: key for ballot in ballots for key in ballot.keys}
        if len(ballots) == 1:  # as on the document: without the constituency, which is the only one
            names |= dict(zip(ballots[0].options, ballots[0].keys, strict=True))
        votes: dict[str, int] = {}
        for option, figure in event.payload.cells.votes.items():
            if option not in names:
                raise unknown_option(event.contest, event.region, option, ballots[0])
            if names[option] in votes:  # with and without its constituency: which figure is meant?
                raise given_twice(event.contest, event.region, names[option])
            votes[names[option]] = figure
        return AssessedRecap(raw, decoded, proposal_of(decoded), contest, region.index, votes, claim)


def level_of(registry: Registry, region: int) -> Level:
    """The level of the region at that index."""
    return REGION_LEVELS[registry.depth[region]]
