"""Who may submit what: a fold of the control events and sequence numbers of one partition of the log.

It is asked before `station.decide`, by every engine and by the fold alike. What holds for an event follows
from the entries before it in its own partition, never from clocks or from other partitions, so that every
verifier comes to the same answer. Devices are kept by their home, the region that is the key of their
events, so that an election on one partition decides as one on many.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import datetime
from functools import singledispatchmethod
from typing import Final, NamedTuple

from schemas.control_events import (
    ControlEvent,
    CountingPaused,
    CountingResumed,
    Device,
    DeviceEnrolled,
    DeviceRevoked,
    ElectionOpened,
    RegistrarEnrolled,
    RegistrarRevoked,
    RuleSetChanged,
)
from schemas.decode import decode
from schemas.identity import Identity
from schemas.placement import home_of
from schemas.regions import Registry
from schemas.rejections import Rejected, Rejection
from stream_processors import authority_rejections as why
from stream_processors import sequence_numbers
from stream_processors.signatures import UNSIGNED, Claim
from stream_processors.station import (
    NOTHING_YET,
    REPEATED,
    Accepted,
    Decision,
    Lineage,
    Proposal,
    decide,
    decide_reason,
)

Signer = tuple[int, str]
"""(home, key): a device acts in the region where it is enrolled and nowhere else."""


TAKEN: Final = Accepted(NOTHING_YET)
"""A control event took effect; it has no unit whose lineage would be longer."""


class Registrar(NamedTuple):
    """A registrar's key: the regions (indexes) whose devices it enrols."""

    regions: tuple[int, ...]
    revoked: bool = False


class Enrolled(NamedTuple):
    """A device's key: its role, where it may act (stations by id, regions by index), until when."""

    role: str
    stations: tuple[str, ...]
    regions: tuple[int, ...]
    ends: str
    name: str
    revoked: bool = False


class Decided(NamedTuple):
    """A decision, and the sequence number that the event is the first to use: its signer and record."""

    decision: Decision
    used: tuple[Signer, bytes] | None = None


class Authority:
    """The authority in one partition, after the entries that were folded so far."""

    def __init__(self, registry: Registry, identity: Identity | None, base: Authority | None = None) -> None:
        """With `base` it is what `fork` returns."""
        self._registry = registry
        self._identity = identity
        self._base = base
        self.registrars: MutableMapping[str, Registrar] = {}
        self.devices: MutableMapping[Signer, Enrolled] = {}
        self._used: dict[Signer, bytearray] = {}
        self._controls: dict[bytes, bytes] = {}  # accepted control events by id, in the order of the log
        self.opened = self.paused = False
        self.signed_roles = (
            frozenset(role.value for role in identity.signed_roles) if identity else frozenset()
        )
        if base is not None:
            self.registrars = ChainMap({}, base.registrars)
            self.devices = ChainMap({}, base.devices)
            self.opened, self.paused, self.signed_roles = base.opened, base.paused, base.signed_roles

    @property
    def has_keys(self) -> bool:
        """Whether the election's definition names keys."""
        return self._identity is not None

    def fork(self) -> Authority:
        """The same authority, which can be advanced without changing this one; see `join`."""
        return Authority(self._registry, self._identity, self)

    def join(self, fork: Authority) -> None:
        """Take over what a fork of this was advanced by."""
        for mine, theirs in ((self.registrars, fork.registrars), (self.devices, fork.devices)):
            assert isinstance(theirs, ChainMap)
            mine.update(theirs.maps[0])
        for signer, used in fork._used.items():
            self.use(signer, sequence_numbers.records_in(used))
        self._controls |= fork._controls
        self.opened, self.paused, self.signed_roles = fork.opened, fork.paused, fork.signed_roles

    # Counts and recapitulations

    def decide(
        self,
        claim: Claim | None,
        region: int,
        lineage: Lineage,
        proposal: Proposal,
        documents: Lineage | None = None,
    ) -> Decided:
        """Whether an event about a unit in the region at that index is accepted: what its sender may not send
        is rejected, and `station.decide` decides about the rest. A number that it uses is used from then on.

        A first count that was decided before and not accepted is never accepted later: whoever writes to the
        log could bring it in again once the count in force is annulled. A correction names what it replaces,
        so that it can only be accepted where its signer meant it to be. `documents`: of a reason, the lineage
        of the documents that it is about.
        """
        if claim is None:
            return Decided(_decide(lineage, proposal, documents))
        refusal = self._refusal(claim, proposal, region)
        if refusal is not None:
            return Decided(refusal)
        decision = _decide(lineage, proposal, documents)
        if claim.key == UNSIGNED:
            return Decided(decision)
        signer = home_of(self._registry, region), claim.key
        if self._user(signer, claim.seq) is None:
            record = sequence_numbers.record_of(claim.seq, proposal.id)
            self.use(signer, record)
            return Decided(decision, (signer, record))
        if isinstance(decision, Accepted) and proposal.supersedes is None:
            return Decided(why.decided_before(claim.key, claim.seq))
        return Decided(decision)

    def _refusal(self, claim: Claim, proposal: Proposal, region: int) -> Rejection | None:
        if claim.key == UNSIGNED:
            if self.signed_roles and (not claim.role or claim.role in self.signed_roles):
                return why.unsigned(claim.role, sorted(self.signed_roles))
            return why.paused() if self.paused else None
        home = home_of(self._registry, region)
        device = self.devices.get((home, claim.key))
        if device is None:
            return why.unknown_key(claim.key, self._registry.ids[home])
        if device.revoked:
            return why.revoked(claim.key)
        if device.ends and _is_past(device.ends, claim.occurred_at):
            return why.ended(claim.key, device.ends, claim.occurred_at)
        if claim.role != device.role:
            return why.other_role(claim.key, device.role, claim.role)
        if proposal.unit not in device.stations and not self._within(region, device.regions):
            return why.out_of_scope(claim.key, proposal.unit)
        if self.paused:
            return why.paused()
        user = self._user((home, claim.key), claim.seq)
        if user is not None and user != proposal.id[: sequence_numbers.ID_BYTES]:
            return why.sequence_repeated(claim.key, claim.seq, user)
        return None

    def use(self, signer: Signer, records: bytes) -> None:
        """Restore numbers from their records (see `numbers`)."""
        self._used[signer] = sequence_numbers.add(self._used.get(signer), records)

    def numbers(self) -> Iterator[tuple[Signer, bytes]]:
        """The records of all numbers that were used, by signer."""
        for signer, used in self._used.items():
            yield signer, sequence_numbers.records_in(used)

    def _user(self, signer: Signer, seq: int) -> bytes | None:
        found = sequence_numbers.user_of(self._used.get(signer), seq)
        if found is None and self._base is not None:
            return self._base._user(signer, seq)
        return found

    def _within(self, region: int, regions: tuple[int, ...]) -> bool:
        return bool(regions) and any(above in regions for above in self._registry.chain(region))

    # Control events

    def control(self, raw: bytes, event: ControlEvent, event_id: bytes) -> Decision:
        """Decide about a control event whose signatures hold, and let it take effect if it is accepted."""
        if event_id in self._controls or (self._base is not None and event_id in self._base._controls):
            return REPEATED
        try:
            self._take(event)
        except Rejected as error:
            return error.rejection
        self._controls[event_id] = raw
        return TAKEN

    def controls(self) -> Iterable[bytes]:
        """The accepted control events, in the order of the log: what `restore` takes."""
        return self._controls.values()

    def restore(self, raw: bytes) -> None:
        """Let an event of `controls` take effect again."""
        decoded = decode(raw)
        self._take(decoded.event)
        self._controls[bytes.fromhex(decoded.event_id)] = raw

    @singledispatchmethod
    def _take(self, event: ControlEvent) -> None:
        raise TypeError(f"{type(event).__name__} is no control event")

    @_take.register
    def _(self, _: ElectionOpened) -> None:
        if self.opened:
            raise why.already("ElectionOpened")
        self.opened = True

    @_take.register
    def _(self, event: RegistrarEnrolled) -> None:
        self._require_opened()
        held = self.registrars.get(event.payload.key)
        if held is not None and held.revoked:
            raise why.revoked_for_good(event.payload.key)
        regions = tuple(self._index(region) for region in event.payload.regions)
        self.registrars[event.payload.key] = Registrar(regions)

    @_take.register
    def _(self, event: RegistrarRevoked) -> None:
        registrar = self.registrars.get(event.payload.key)
        if registrar is None:
            raise why.never_enrolled(event.payload.key)
        self.registrars[event.payload.key] = registrar._replace(revoked=True)

    @_take.register
    def _(self, event: RuleSetChanged) -> None:
        self._require_opened()
        self.signed_roles = frozenset(role.value for role in event.payload.signed_roles)

    @_take.register
    def _(self, _: CountingPaused) -> None:
        self._require_opened()
        if self.paused:
            raise why.already("CountingPaused")
        self.paused = True

    @_take.register
    def _(self, _: CountingResumed) -> None:
        if not self.paused:
            raise why.not_paused()
        self.paused = False

    @_take.register
    def _(self, event: DeviceEnrolled) -> None:
        home = self._home_for_registrar(event)
        enrolled = {device.key: self._enrolled(device, home) for device in event.payload.devices}
        if len(enrolled) != len(event.payload.devices):
            raise why.twice_in_one_event()
        for key, device in enrolled.items():
            self.devices[home, key] = device

    @_take.register
    def _(self, event: DeviceRevoked) -> None:
        home = self._home_for_registrar(event)
        for key in event.payload.keys:
            if (home, key) not in self.devices:
                raise why.never_enrolled(key)
        for key in event.payload.keys:
            self.devices[home, key] = self.devices[home, key]._replace(revoked=True)

    def _require_opened(self) -> None:
        if not self.opened:
            raise why.not_opened()

    def _home_for_registrar(self, event: DeviceEnrolled | DeviceRevoked) -> int:
        """The region of the event, for whose devices its signer may speak."""
        home = self._index(event.region)
        registrar = self.registrars.get(event.key_id)
        if registrar is None:
            raise Rejected(why.unknown_registrar(event.key_id))
        if registrar.revoked:
            raise Rejected(why.revoked(event.key_id))
        if not self._within(home, registrar.regions):
            raise Rejected(why.out_of_scope(event.key_id, event.region))
        return home

    def _enrolled(self, device: Device, home: int) -> Enrolled:
        held = self.devices.get((home, device.key))
        if held is not None and held.revoked:
            raise why.revoked_for_good(device.key)
        regions = tuple(self._index(region) for region in device.regions)
        inside = [home in self._registry.chain(region) for region in regions]
        inside += [self._is_station_in(station, home) for station in device.stations]
        if not inside or not all(inside):
            raise why.scope_outside(device.key, self._registry.ids[home])
        return Enrolled(device.role.value, device.stations, regions, device.ends or "", device.device or "")

    def _is_station_in(self, station: str, home: int) -> bool:
        found = self._registry.station(station)
        return found is not None and home in self._registry.chain(found.village)

    def _index(self, region: str) -> int:
        index = self._registry.index.get(region)
        if index is None:
            raise why.unknown_region(region)
        return index


def _decide(lineage: Lineage, proposal: Proposal, documents: Lineage | None) -> Decision:
    return decide(lineage, proposal) if documents is None else decide_reason(documents, lineage, proposal)


def _is_past(ends: str, occurred_at: str) -> bool:
    """Whether something happened, as it says itself, after `ends`; what doesn't say when, may have."""
    return not occurred_at or datetime.fromisoformat(occurred_at) > datetime.fromisoformat(ends)
