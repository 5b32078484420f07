"""What is held against a control event before the log is asked: its signatures, its keys, its places."""

from __future__ import annotations

from schemas.control_events import (
    ControlEvent,
    DeviceEnrolled,
    DeviceRevoked,
    ElectionOpened,
    RegistrarEnrolled,
)
from schemas.elections import Election
from schemas.placement import home_of
from schemas.regions import Registry
from schemas.signing import is_sound
from stream_processors import authority_rejections as why
from stream_processors.signatures import require_root, require_signed


def region_of_control(
    identity: bytes, event: ControlEvent, election: Election, registry: Registry
) -> int | None:
    """The index of the region that the event with these identity bytes concerns; None: it concerns the whole
    election. Raises Rejected (bad_signature, unknown_key, invalid_control)."""
    region = None
    if isinstance(event, DeviceEnrolled | DeviceRevoked):
        require_signed(identity, event)
        region = registry.index.get(event.region)
        if region is None:
            raise why.unknown_region(event.region)
        if home_of(registry, region) != region:
            raise why.no_home(event.region)
    else:
        require_root(identity, event, election.identity)
    if isinstance(event, ElectionOpened):
        _require_same("definition", event.payload.definition, election.hash)
        _require_same("registry", event.payload.registry, registry.hash)
    for key in _new_keys(event):
        if not is_sound(key):
            raise why.odd_key(key)
    return region


def _require_same(what: str, stated: str, here: str) -> None:
    if stated != here:
        raise why.other_definition(what, stated, here)


def _new_keys(event: ControlEvent) -> list[str]:
    if isinstance(event, RegistrarEnrolled):
        return [event.payload.key]
    if isinstance(event, DeviceEnrolled):
        return [device.key for device in event.payload.devices]
    return []
