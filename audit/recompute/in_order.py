"""Decides entry by entry what depends on the order of the log: who may send what, documents, and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from audit.recompute.authority import Authority, Sender, control_reason
from audit.recompute.engine import Engine
from audit.recompute.messages import Other
from audit.recompute.units import REJECTED, Claim, Decided, Unit, insert
from schemas.authority import WATCHING
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.events import RecapCertified, RecapReasonStated
from schemas.placement import key_of_region
from schemas.regions import Registry

PartitionOf = Callable[[bytes], int]


def decide_in_order(
    engine: Engine,
    election: Election,
    registry: Registry,
    ballots: Ballots,
    others: Sequence[Other],
    partition_of: PartitionOf | None,
    fits: str,
) -> None:
    """What is decided entry by entry: events that are no counts, on which no total depends, and in an
    election with keys the counts as well. Units of recapitulations begin with a colon, since a region may be
    named as a station is."""
    decided: list[tuple[Decided, str, str, str]] = []
    asked: list[tuple[int, int, _Asked | Other]] = []
    for other in others:
        reason = _other_reason(other, election, registry, ballots, partition_of)
        if reason:
            contest, unit = _place_of(other)
            rejected = Decided(other.partition, other.at, REJECTED, 0, reason)
            decided.append((rejected, other.id, contest, unit))
        else:
            asked.append((other.partition, other.at, _asked(other, registry) or other))
    if election.identity is not None:
        asked += [(count.partition, count.at, count) for count in _counts(engine, fits)]
    asked.sort(key=lambda one: one[:2])
    units: dict[tuple[str, str], Unit] = {}
    authorities: dict[int, Authority] = {}
    for partition, at, one in asked:
        authority = authorities.get(partition)
        if authority is None:
            authority = authorities[partition] = Authority(registry, election)
        if isinstance(one, Other):
            outcome, reason = authority.control(one.event, one.id)  # type: ignore[arg-type]
            contest, unit = _place_of(one)
            decided.append((Decided(partition, at, outcome, 0, reason), one.id, contest, unit))
            continue
        keyed = authority if election.identity is not None else None
        outcome, version, reason = _with_authority(one, units, keyed)
        decided.append(
            (Decided(partition, at, outcome, version, reason), one.claim.id, one.contest, one.unit)
        )
    insert(engine, decided)


class _Asked(NamedTuple):
    """An event about a unit. `name` is the unit's own, `unit` tells regions from stations; `about`: of a
    reason, the unit of the documents that it is about."""

    partition: int
    at: int
    contest: str
    unit: str
    name: str
    region: int
    claim: Claim
    sender: Sender | None
    about: str | None = None


def _asked(one: Other, registry: Registry) -> _Asked | None:
    """What a document or a reason asks; None for a control event."""
    event = one.event
    if isinstance(event, RecapCertified):
        supersedes, unit, about = event.payload.supersedes, f":{event.region}", None
    elif isinstance(event, RecapReasonStated):
        supersedes, unit, about = event.payload.recap, f":reason:{event.region}", f":{event.region}"
    else:
        return None
    claim = Claim(one.partition, one.at, one.id, supersedes, annuls=False)
    region = registry.index[event.region]
    return _Asked(one.partition, one.at, event.contest, unit, event.region, region, claim, one.sender, about)


def _counts(engine: Engine, fits: str) -> Iterable[_Asked]:
    rows = engine.rows(
        "SELECT contest, unit, village, partition, at, id, supersedes, annuls, signer, seq, role, "
        f"occurred_at FROM placed WHERE {fits} ORDER BY partition, at"
    )
    for contest, unit, village, partition, at, event_id, supersedes, annuls, signer, seq, role, time in zip(
        *[rows[name].to_pylist() for name in rows.column_names], strict=True
    ):
        sender = Sender(signer or "", seq, role or "", time or "")
        claim = Claim(partition, at, event_id, supersedes, bool(annuls))
        yield _Asked(partition, at, contest, unit, unit, village, claim, sender)


def _with_authority(
    one: _Asked, units: dict[tuple[str, str], Unit], authority: Authority | None
) -> tuple[str, int, str]:
    """Outcome, version and reason. `authority` None: nobody asks who sent it."""
    unit = units.setdefault((one.contest, one.unit), Unit())
    document = None if one.about is None else units.get((one.contest, one.about), Unit())
    if authority is None:
        return unit.decide(one.claim, document)
    sender = one.sender
    assert sender is not None  # a signature that does not hold is rejected before
    refusal = authority.refusal(sender, one.name, one.region, one.claim.id)
    if refusal:
        return REJECTED, 0, refusal
    if sender.key and authority.user(sender, one.region) is not None:
        # It used its number when it was decided first. What was rejected then is not accepted later, unless
        # it names what it replaces.
        if one.claim.supersedes is None and unit.would_accept(one.claim, document):
            return REJECTED, 0, "sequence_repeated"
    elif sender.key:
        authority.use(sender, one.region, one.claim.id)
    return unit.decide(one.claim, document)


def _place_of(one: Other) -> tuple[str, str]:
    event = one.event
    unit = f":{event.unit}" if event.unit else ""
    return event.contest, unit


def _other_reason(
    one: Other,
    election: Election,
    registry: Registry,
    ballots: Ballots,
    partition_of: PartitionOf | None,
) -> str:
    event = one.event
    if event.election != election.id:
        return "unknown_election"
    if isinstance(event, RecapCertified | RecapReasonStated):
        reason = _region_reason(one, event, election, registry, ballots)
    else:
        reason = control_reason(one.identity, event, election, registry)  # type: ignore[arg-type]
    if reason or partition_of is None or not event.unit:
        return reason
    key = key_of_region(registry, registry.index[event.unit])
    return "" if one.key == key and one.partition == partition_of(key) else "wrong_key"


def _region_reason(
    one: Other,
    event: RecapCertified | RecapReasonStated,
    election: Election,
    registry: Registry,
    ballots: Ballots,
) -> str:
    if event.contest not in ballots.contests:
        return "unknown_contest"
    if event.submitted_by is not None and event.submitted_by.role in WATCHING:
        return "not_authorised"
    if election.identity is not None and one.sender is None:
        return "bad_signature"
    region = registry.region(event.region)
    if region is None or region.level not in election.certified:
        return "unknown_region"
    held = [
        ballots.ballots[index]
        for index in ballots.of_region(ballots.contests.index(event.contest), region.index)
    ]
    if not held:
        return "not_held_here"
    if isinstance(event, RecapReasonStated):
        option = event.payload.cell.removeprefix("votes.")
        is_known = option == event.payload.cell or any(option in ballot.keys for ballot in held)
        return "" if is_known else "unknown_option"
    names = {key: key for ballot in held for key in ballot.keys}
    if len(held) == 1:
        names.update(zip(held[0].options, held[0].keys, strict=True))
    seen: set[str] = set()
    for option in event.payload.cells.votes:
        if option not in names:
            return "unknown_option"
        if names[option] in seen:
            return "malformed"
        seen.add(names[option])
    return ""
