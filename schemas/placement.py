"""Where an event belongs on a log with several partitions: the key that all events of its unit share.

The key is the district's code, so that everything from the station to the district is added up in one stage,
and the events of one unit keep their order. Which partition a key is on is the log's affair.
"""

from __future__ import annotations

from schemas.regions import DEPTH, Level, Registry


def key_of(registry: Registry, unit: str, *, is_region: bool = False) -> bytes | None:
    """The key of the events of a station, or of a region (recapitulations): the code of its district; of a
    province or the nation its own. None: the register knows no such unit."""
    if is_region:
        region = registry.index.get(unit)
        return None if region is None else key_of_region(registry, region)
    station = registry.station(unit)
    return None if station is None else key_of_region(registry, station.village)


def key_of_region(registry: Registry, region: int) -> bytes:
    """The key of the events in the region at that index."""
    return registry.ids[home_of(registry, region)].encode()


def home_of(registry: Registry, region: int) -> int:
    """The index of the region whose code is that key: the district, or the province or nation itself."""
    if registry.depth[region] > DEPTH[Level.DISTRICT]:
        return int(registry.ancestors[DEPTH[Level.DISTRICT]][region])
    return region
