"""The key with which each message goes into the log on Kafka: that of the unit it is about.

Only the unit's id is looked for. Whether the rest makes an event, and whether it stands where it belongs, is
found out by who reads the log (stream_processors.assess).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from schemas.control_events import ELECTION_CONTROL_TYPES
from schemas.placement import key_of_region
from schemas.regions import Registry

NO_UNIT: Final = b""
"""The key of a message about no unit that the register knows, and of what is no event: always the same one,
so that the same bytes stand in the same partition however often they are sent. No unit's key is empty."""

_CONTROL_TYPES: Final = tuple(f'"{kind}"'.encode() for kind in ELECTION_CONTROL_TYPES)


class Addresses:
    """Keys in the register of one election."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[int, bytes] = {}  # by the index of a village or other region

    def key_of(self, raw: bytes) -> bytes:
        """The key of one message."""
        return self.keys_of([raw])[0]

    def keys_of(self, raws: Sequence[bytes]) -> list[bytes]:
        """The key of each message, at a fraction of the cost of asking one by one."""
        keys = [NO_UNIT] * len(raws)
        places: list[int] = []
        stations: list[str] = []
        for place, raw in enumerate(raws):
            station, region = _unit_of(raw)
            if station is not None:
                places.append(place)
                stations.append(station)
            elif region is not None and (index := self._registry.index.get(region)) is not None:
                keys[place] = self._key(index)
        if stations:
            for place, found in zip(places, self._registry.stations_of(stations), strict=True):
                if found is not None:
                    keys[place] = self._key(found.village)
        return keys

    def _key(self, region: int) -> bytes:
        key = self._known.get(region)
        if key is None:
            key = self._known[region] = key_of_region(self._registry, region)
        return key


def is_of_every_partition(raw: bytes) -> bool:
    """Whether the message is about the keys of the whole election: every partition has to have it."""
    if not any(kind in raw for kind in _CONTROL_TYPES):
        return False
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and document.get("type") in ELECTION_CONTROL_TYPES


def unit_of(raw: bytes) -> str | None:
    """The id of the station or region that a message is about, as far as it says so."""
    station, region = _unit_of(raw)
    return station if station is not None else region


def _unit_of(raw: bytes) -> tuple[str | None, str | None]:
    """The station and the region that a message names."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, None
    if not isinstance(document, dict):
        return None, None
    return _text(document.get("station")), _text(document.get("region"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
