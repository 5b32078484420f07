"""Stations as a simulated night needs them: their keys, their voters, when their poll closed.

Columns by village and by station, taken from an election and its register. Nothing is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator.draws import Ints, keys_of
from schemas.elections import Election, Poll
from schemas.language import ValueExplained
from schemas.regions import UNKNOWN, VILLAGE_DEPTH, Registry

WINDOW: Final = 23 * 3600
"""Seconds for counting where the election sets no end: until noon of the next day."""


@dataclass(frozen=True, slots=True)
class Villages:
    """By region index; rows of regions above the villages mean nothing. `keys` has a row for each level from
    the nation down to the village; `closes` is in seconds since 1970, `window` in seconds, `zone` in minutes
    ahead of UTC; `by_head`: votes may be handed over as the village agreed (noken)."""

    keys: NDArray[np.uint64]
    closes: Ints
    window: Ints
    zone: Ints
    by_head: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stations:
    """The stations that vote: ids, region index of their village, registered voters (UNKNOWN: not said)."""

    ids: NDArray[np.bytes_]
    village: NDArray[np.int32]
    registered: NDArray[np.int32]


def villages_of(election: Election, registry: Registry) -> Villages:
    """The villages of `registry`. Raises ValueError when `election` does not say when the poll closed."""
    base = election.poll
    if base is None or base.closes is None:
        raise ValueExplained(
            id=f"{election.id} tidak menyebut kapan pemungutan suara ditutup; isi poll.closes dalam "
            "definisinya: "
            "dari situ malam simulasi dimulai.",
            en=f"{election.id} does not say when voting closed; set poll.closes in its definition, "
            "from which a simulated night begins.",
        )
    polls = [*election.poll_exceptions, base]
    exempt = set(election.limits.voters_exempt) - set(election.overseas)
    exception_of = {code: place for place in range(len(polls) - 1, -1, -1) for code in polls[place].regions}
    poll_of = [exception_of.get(code, len(polls) - 1) for code in registry.ids]
    by_head = [code in exempt for code in registry.ids]
    for region, parent in enumerate(registry.parent.tolist()):
        if parent != UNKNOWN:  # parents stand first
            poll_of[region] = min(poll_of[region], poll_of[parent])
            by_head[region] = by_head[region] or by_head[parent]
    closing = np.array([_closing(poll, base.closes) for poll in polls], np.int64)[poll_of]
    own = keys_of(np.array([code.encode() for code in registry.ids]))
    return Villages(
        keys=np.stack([own[ancestors] for ancestors in registry.ancestors]),
        closes=closing[:, 0],
        window=closing[:, 1],
        zone=closing[:, 2],
        by_head=np.array(by_head, np.bool_),
    )


def _closing(poll: Poll, usual: datetime) -> tuple[int, int, int]:
    """Close, window and zone. Where votes are cast on several days, counting is on the usual day."""
    closes = poll.closes or usual
    offset = closes.utcoffset()
    assert offset is not None  # the definition takes times with a zone only
    window = WINDOW if poll.until is None else int((poll.until - closes).total_seconds())
    return int(closes.timestamp()), window, int(offset.total_seconds()) // 60


def stations_of(election: Election, registry: Registry) -> Stations:
    """The stations of the list that count; without a list, as many as the register expects in each village,
    numbered from 1, with the village's voters shared out evenly."""
    if registry.has_station_list:
        counts = registry.station_listed | election.count_unlisted_stations
        kept = slice(None) if counts.all() else counts
        return Stations(
            registry.station_ids[kept], registry.station_village[kept], registry.station_registered[kept]
        )
    villages = np.flatnonzero((registry.depth == VILLAGE_DEPTH) & (registry.stations > 0))
    sizes = registry.stations[villages]
    written = election.stations.format
    ids = [
        written.format(village=registry.ids[village], number=number).encode()
        for village, size in zip(villages.tolist(), sizes.tolist(), strict=True)
        for number in range(1, size + 1)
    ]
    known = registry.registered[villages]
    voters = np.where(known == UNKNOWN, UNKNOWN, known // sizes)
    return Stations(
        np.array(ids, "S"),
        np.repeat(villages, sizes).astype(np.int32),
        np.repeat(voters, sizes).astype(np.int32),
    )
