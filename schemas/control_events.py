"""The events about keys and authority: who may submit, under which rules, and whether counting goes on.

What concerns the whole election is signed by keys of the commission's root and stands in every partition of
the log with the same id. What concerns the devices of a district is signed by one registrar and stands in
that district's partition. What an event changes is decided in stream_processors.authority.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from schemas.events import (
    SCHEMA_VERSION,
    CountAnnulled,
    CountCorrected,
    CountSubmitted,
    EventId,
    Identifier,
    KeyId,
    RecapCertified,
    RecapReasonStated,
    Role,
    SignatureText,
    Time,
)
from schemas.parts import part

MAX_DEVICES: Final = 500
"""Devices that one event enrols. An event has 65,535 bytes at most, and a device takes some 130."""

MAX_ROOTS: Final = 32
"""Keys of the root, and so signatures of an event."""

MAX_SCOPE: Final = 1_000
"""Stations or regions that one key is enrolled for."""

Why = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Scope = Annotated[tuple[Identifier, ...], Field(max_length=MAX_SCOPE)]


@part
class KeySignature:
    """A signature, with the key that made it."""

    key_id: KeyId
    signature: SignatureText


@part
class _Control:
    """`occurred_at` is needed: it tells a second pause from the first one sent again."""

    event_id: EventId | None = None
    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION, strict=True)]
    election: Identifier
    occurred_at: Time

    @property
    def contest(self) -> str:
        """It concerns all contests."""
        return ""


@part
class _OfElection(_Control):
    signatures: Annotated[tuple[KeySignature, ...], Field(max_length=MAX_ROOTS)] = ()

    @property
    def unit(self) -> str:
        """It concerns no single unit."""
        return ""


@part
class _OfDistrict(_Control):
    """`region` is the district whose partition it stands in: or a province, or the nation, for those who
    certify there."""

    region: Identifier
    key_id: KeyId
    signature: SignatureText | None = None

    @property
    def unit(self) -> str:
        """The region that it concerns."""
        return self.region


@part
class OpenedPayload:
    """The definition and the register by which everything is counted (hex SHA-256 of each)."""

    definition: EventId
    registry: EventId


@part
class RegistrarPayload:
    """A registrar's key, and the regions whose devices it may enrol."""

    key: KeyId
    regions: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=MAX_SCOPE)]


@part
class RegistrarRevokedPayload:
    """The key that enrols and revokes nothing more. What it enrolled before stays enrolled."""

    key: KeyId
    note: Why


@part
class Device:
    """A key, the role that it signs in, and where: `stations`, or everything within `regions`. `ends`: what
    it states to have signed later is rejected. `device` names the device for people."""

    key: KeyId
    role: Role
    stations: Scope = ()
    regions: Scope = ()
    ends: Time | None = None
    device: Identifier | None = None


@part
class DevicesPayload:
    """The keys that may sign from here on. One that is enrolled already gets this role and scope instead."""

    devices: Annotated[tuple[Device, ...], Field(min_length=1, max_length=MAX_DEVICES)]


@part
class DevicesRevokedPayload:
    """The keys whose signatures count no more from here on."""

    keys: Annotated[tuple[KeyId, ...], Field(min_length=1, max_length=MAX_DEVICES)]
    note: Why


@part
class RulesPayload:
    """The roles whose events must be signed from here on."""

    signed_roles: tuple[Role, ...]
    note: Why


@part
class NotePayload:
    """Why."""

    note: Why


@part
class ElectionOpened(_OfElection):
    """Counting by this definition and register may begin; everything below follows it."""

    type: Literal["ElectionOpened"]
    payload: OpenedPayload


@part
class RegistrarEnrolled(_OfElection):
    """A key may enrol devices in some regions."""

    type: Literal["RegistrarEnrolled"]
    payload: RegistrarPayload


@part
class RegistrarRevoked(_OfElection):
    """A registrar's key is not accepted any more."""

    type: Literal["RegistrarRevoked"]
    payload: RegistrarRevokedPayload


@part
class RuleSetChanged(_OfElection):
    """Other roles must sign."""

    type: Literal["RuleSetChanged"]
    payload: RulesPayload


@part
class CountingPaused(_OfElection):
    """Nothing is counted until counting resumes."""

    type: Literal["CountingPaused"]
    payload: NotePayload


@part
class CountingResumed(_OfElection):
    """Counting goes on."""

    type: Literal["CountingResumed"]
    payload: NotePayload


@part
class DeviceEnrolled(_OfDistrict):
    """Keys may sign events of units in the district."""

    type: Literal["DeviceEnrolled"]
    payload: DevicesPayload


@part
class DeviceRevoked(_OfDistrict):
    """Keys of the district are not accepted any more."""

    type: Literal["DeviceRevoked"]
    payload: DevicesRevokedPayload


ElectionControl = (
    ElectionOpened | RegistrarEnrolled | RegistrarRevoked | RuleSetChanged | CountingPaused | CountingResumed
)
"""Control events of the whole election."""
DistrictControl = DeviceEnrolled | DeviceRevoked
"""Control events of a district's devices."""
ControlEvent = ElectionControl | DistrictControl

ELECTION_CONTROL_TYPES: Final = frozenset(
    kind.__name__
    for kind in (
        *(ElectionOpened, RegistrarEnrolled, RegistrarRevoked),
        *(RuleSetChanged, CountingPaused, CountingResumed),
    )
)
"""The types of ElectionControl by name: what stands in every partition."""
CONTROL_TYPES: Final = ELECTION_CONTROL_TYPES | {DeviceEnrolled.__name__, DeviceRevoked.__name__}
"""The types of ControlEvent by name."""

Report = CountSubmitted | CountCorrected | CountAnnulled | RecapCertified | RecapReasonStated
"""Events about the figures of a unit, and the reasons for their differences."""
AnyEvent = Report | ControlEvent
Event = Annotated[AnyEvent, Field(discriminator="type")]
EVENT_TYPES: Final = (
    *(CountSubmitted, CountCorrected, CountAnnulled, RecapCertified, RecapReasonStated),
    *(ElectionOpened, RegistrarEnrolled, RegistrarRevoked, DeviceEnrolled, DeviceRevoked),
    *(RuleSetChanged, CountingPaused, CountingResumed),
)
"""Every type of event."""
