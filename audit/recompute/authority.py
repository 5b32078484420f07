"""Who may submit what, folded from the control events of one partition: the second implementation of it.

docs/keys.md and docs/decisions/0015 say what is decided here. The events of a partition are asked about in
the order of its log; what an answer depends on stands before it in the same partition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from schemas.control_events import (
    ControlEvent,
    CountingPaused,
    CountingResumed,
    Device,
    DeviceEnrolled,
    DeviceRevoked,
    ElectionControl,
    ElectionOpened,
    RegistrarEnrolled,
    RegistrarRevoked,
    RuleSetChanged,
)
from schemas.elections import Election
from schemas.events import CountEvent, RecapCertified, RecapReasonStated
from schemas.placement import home_of
from schemas.regions import Registry
from schemas.signing import is_sound, signed_of, verifies

INVALID = "invalid_control"

NUMBER_OWNER_DIGITS = 32
"""Of the event that used a sequence number, half of its id is compared, as the counting program keeps it."""


class Sender(NamedTuple):
    """Who sent an event, as it says itself: the key whose signature holds ('': nobody signed), the number,
    the role and the time ('': not said)."""

    key: str
    seq: int
    role: str
    occurred_at: str


def sender_of(event: CountEvent | RecapCertified | RecapReasonStated, identity: bytes) -> Sender | None:
    """Who sent the event with these identity bytes; None where its signature does not hold."""
    role = event.submitted_by.role.value if event.submitted_by is not None else ""
    time = event.occurred_at or ""
    if event.signature is None and event.key_id is None:
        return Sender("", 0, role, time)
    if event.signature is None or event.key_id is None or event.seq is None:
        return None
    if not verifies(event.key_id, event.signature, signed_of(identity)):
        return None
    return Sender(event.key_id, event.seq, role, time)


@dataclass(slots=True)
class _Key:
    """An enrolled device."""

    device: Device
    regions: frozenset[int]
    is_revoked: bool = False


@dataclass(slots=True)
class Authority:
    """What holds in one partition after the events so far."""

    registry: Registry
    election: Election
    taken: set[str] = field(default_factory=set)
    is_opened: bool = False
    is_paused: bool = False
    signed_roles: frozenset[str] = frozenset()
    registrars: dict[str, frozenset[int] | None] = field(default_factory=dict)  # None: revoked
    keys: dict[tuple[int, str], _Key] = field(default_factory=dict)
    numbers: dict[tuple[int, str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.election.identity is not None:
            self.signed_roles = frozenset(role.value for role in self.election.identity.signed_roles)

    def refusal(self, sender: Sender, unit: str, region: int, event_id: str) -> str:
        """Why this sender may not send the event about the unit in that region; '' where it may."""
        if not sender.key:
            if self.signed_roles and (not sender.role or sender.role in self.signed_roles):
                return "unsigned"
            return "counting_paused" if self.is_paused else ""
        held = self.keys.get((home_of(self.registry, region), sender.key))
        if held is None:
            return "unknown_key"
        if held.is_revoked or _is_over(held.device.ends, sender.occurred_at):
            return "revoked_key"
        if sender.role != held.device.role.value:
            return "wrong_role"
        if unit not in held.device.stations and held.regions.isdisjoint(self.registry.chain(region)):
            return "out_of_scope"
        if self.is_paused:
            return "counting_paused"
        user = self.user(sender, region)
        if user is not None and user != event_id[:NUMBER_OWNER_DIGITS]:
            return "sequence_repeated"
        return ""

    def user(self, sender: Sender, region: int) -> str | None:
        """The beginning of the id of the event that used the sender's number; None: no event did."""
        return self.numbers.get((home_of(self.registry, region), sender.key, sender.seq))

    def use(self, sender: Sender, region: int, event_id: str) -> None:
        """The event uses its number from here on."""
        place = home_of(self.registry, region), sender.key, sender.seq
        self.numbers[place] = event_id[:NUMBER_OWNER_DIGITS]

    def control(self, event: ControlEvent, event_id: str) -> tuple[str, str]:
        """Outcome and reason of a control event whose signatures hold; an accepted one holds from here on."""
        if event_id in self.taken:
            return "repeated", ""
        reason = self._take(event)
        if reason:
            return "rejected", reason
        self.taken.add(event_id)
        return "accepted", ""

    def _take(self, event: ControlEvent) -> str:
        match event:
            case ElectionOpened():
                if self.is_opened:
                    return INVALID
                self.is_opened = True
            case CountingResumed():
                if not self.is_paused:
                    return INVALID
                self.is_paused = False
            case RegistrarRevoked():
                if event.payload.key not in self.registrars:
                    return INVALID
                self.registrars[event.payload.key] = None
            case DeviceEnrolled() | DeviceRevoked():
                return self._of_district(event)
            case _ if not self.is_opened:
                return INVALID
            case RegistrarEnrolled():
                return self._enrol_registrar(event)
            case RuleSetChanged():
                self.signed_roles = frozenset(role.value for role in event.payload.signed_roles)
            case CountingPaused():
                if self.is_paused:
                    return INVALID
                self.is_paused = True
        return ""

    def _enrol_registrar(self, event: RegistrarEnrolled) -> str:
        regions = self._indexes(event.payload.regions)
        if self.registrars.get(event.payload.key, frozenset()) is None or regions is None:
            return INVALID
        self.registrars[event.payload.key] = regions
        return ""

    def _of_district(self, event: DeviceEnrolled | DeviceRevoked) -> str:
        home = self.registry.index[event.region]
        if event.key_id not in self.registrars:
            return "unknown_key"
        may_enrol_in = self.registrars[event.key_id]
        if may_enrol_in is None:
            return "revoked_key"
        if may_enrol_in.isdisjoint(self.registry.chain(home)):
            return "out_of_scope"
        if isinstance(event, DeviceRevoked):
            held = [self.keys.get((home, key)) for key in event.payload.keys]
            for one in held:
                if one is None:
                    return INVALID
            for one in held:
                assert one is not None
                one.is_revoked = True
            return ""
        fresh: dict[str, _Key] = {}
        for device in event.payload.devices:
            made = self._enrolled(device, home)
            if made is None or device.key in fresh:
                return INVALID
            fresh[device.key] = made
        self.keys |= {(home, key): one for key, one in fresh.items()}
        return ""

    def _enrolled(self, device: Device, home: int) -> _Key | None:
        held = self.keys.get((home, device.key))
        regions = self._indexes(device.regions)
        if (held is not None and held.is_revoked) or regions is None:
            return None
        stations = [self.registry.station(one) for one in device.stations]
        villages = [None if one is None else one.village for one in stations]
        places = [*regions, *villages]
        if not places or any(one is None or home not in self.registry.chain(one) for one in places):
            return None
        return _Key(device, regions)

    def _indexes(self, regions: Iterable[str]) -> frozenset[int] | None:
        """The regions by index; None where one is unknown."""
        found = [self.registry.index.get(region) for region in regions]
        known = [one for one in found if one is not None]
        return frozenset(known) if len(known) == len(found) else None


def control_reason(identity: bytes, event: ControlEvent, election: Election, registry: Registry) -> str:
    """Why a control event is none of this election, whatever stands before it; '' where it may be one.
    `identity` are the bytes that its id is the hash of."""
    message = signed_of(identity)
    if isinstance(event, DeviceEnrolled | DeviceRevoked):
        if event.signature is None or not verifies(event.key_id, event.signature, message):
            return "bad_signature"
        home = registry.index.get(event.region)
        if home is None or home_of(registry, home) != home:
            return INVALID
    else:
        reason = _root_reason(event, message, election)
        if reason:
            return reason
    if isinstance(event, ElectionOpened) and (
        event.payload.definition != election.hash or event.payload.registry != registry.hash
    ):
        return INVALID
    new: tuple[str, ...] = ()
    if isinstance(event, RegistrarEnrolled):
        new = (event.payload.key,)
    elif isinstance(event, DeviceEnrolled):
        new = tuple(device.key for device in event.payload.devices)
    return "" if all(map(is_sound, new)) else INVALID


def _root_reason(event: ElectionControl, message: bytes, election: Election) -> str:
    roots: tuple[str, ...] = ()
    needed = 1
    if election.identity is not None:
        roots, needed = election.identity.roots, election.identity.threshold
    signers = {one.key_id for one in event.signatures}
    if not signers <= set(roots):
        return "unknown_key"
    held = all(verifies(one.key_id, one.signature, message) for one in event.signatures)
    return "" if held and len(signers) >= needed else "bad_signature"


def _is_over(ends: str | None, occurred_at: str) -> bool:
    """Whether the key had ended when the event happened, as it says itself; without a time it may have."""
    if not ends:
        return False
    return not occurred_at or datetime.fromisoformat(occurred_at) > datetime.fromisoformat(ends)
