"""One unit's state as a few bytes: lineage, positions of its events, status and figures.

The state of a national count is 823,236 of these for each contest. As `bytes` they are small, are written
to the disk as they are, and hold nothing that the garbage collector would have to walk.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from schemas.findings import Status
from stream_processors.cells import STATUS_CODE, STATUSES
from stream_processors.station import NOTHING_YET, Lineage

_HEAD: Final = Struct("<HBBII")  # events, status code, unlisted, ballot, region
_ID_BYTES: Final = 32
_POSITION_BYTES: Final = 8
_ANNULLED: Final = STATUS_CODE[Status.ANNULLED]


class Record(NamedTuple):
    """A unit's state. `region` is the index of a station's village, or of the region itself; `figures` are
    little-endian uint32, one for each of the ballot's figures; a recapitulation has none."""

    lineage: Lineage
    positions: tuple[int, ...]
    status: int
    unlisted: bool
    ballot: int
    region: int
    figures: bytes

    @property
    def status_word(self) -> Status:
        """The status by its name."""
        return STATUSES[self.status]


def pack(
    ids: bytes, positions: bytes, status: int, unlisted: bool, ballot: int, region: int, figures: bytes
) -> bytes:
    """The record of a unit whose accepted events have these ids and positions (both concatenated)."""
    head = _HEAD.pack(len(ids) // _ID_BYTES, status, unlisted, ballot, region)
    return head + ids + positions + figures


def position_bytes(position: int) -> bytes:
    """A position as a record holds it."""
    return position.to_bytes(_POSITION_BYTES, "little")


def lineage_of(record: bytes | None) -> Lineage:
    """Only the lineage: what a decision needs."""
    if record is None:
        return NOTHING_YET
    count, status, _, _, _ = _HEAD.unpack_from(record)
    start = _HEAD.size
    ids = tuple(record[at : at + _ID_BYTES] for at in range(start, start + count * _ID_BYTES, _ID_BYTES))
    # The last accepted event is in force, unless it took the force away.
    return Lineage(ids, None if status == _ANNULLED else ids[-1])


def extended(record: bytes | None, event_id: bytes, position: int) -> tuple[bytes, bytes]:
    """The ids and positions of `record` with one more event."""
    if record is None:
        return event_id, position_bytes(position)
    count = _HEAD.unpack_from(record)[0]
    positions = _HEAD.size + count * _ID_BYTES
    end = positions + count * _POSITION_BYTES
    return record[_HEAD.size : positions] + event_id, record[positions:end] + position_bytes(position)


def unpack(record: bytes) -> Record:
    """All of a record."""
    count, status, unlisted, ballot, region = _HEAD.unpack_from(record)
    positions = _HEAD.size + count * _ID_BYTES
    end = positions + count * _POSITION_BYTES
    return Record(
        lineage_of(record),
        tuple(
            int.from_bytes(record[at : at + _POSITION_BYTES], "little")
            for at in range(positions, end, _POSITION_BYTES)
        ),
        status,
        bool(unlisted),
        ballot,
        region,
        record[end:],
    )


def head(record: bytes) -> tuple[int, int, int, int, int]:
    """Version, status code, unlisted (0 or 1), ballot, region: what adding up needs beside the figures."""
    return _HEAD.unpack_from(record)


def figures(record: bytes) -> bytes:
    """Only the figures."""
    count = _HEAD.unpack_from(record)[0]
    return record[_HEAD.size + count * (_ID_BYTES + _POSITION_BYTES) :]
