"""The state of a unit as a few bytes: lineage, positions of its events, status and figures.

The state of a national count is 823,236 of these for each contest. As `bytes` they are small, are written
to the disk as they are, and hold nothing that the garbage collector would have to traverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.findings import Status
from stream_processors.cells import STATUS_CODE
from stream_processors.station import NOTHING_YET, Lineage

_HEAD: Final = Struct("<HBBII")  # events, status code, unlisted, ballot, region
_HEAD_COLUMNS: Final = np.dtype(
    [("version", "<u2"), ("status", "u1"), ("unlisted", "u1"), ("ballot", "<u4"), ("region", "<u4")]
)
FIGURE_BYTES: Final = 4
_ID_BYTES: Final = 32
_POSITION_BYTES: Final = 8
_ANNULLED: Final = STATUS_CODE[Status.ANNULLED]


class UnitState(NamedTuple):
    """The state of a unit, unpacked. `region` is the index of a station's village, or of the region itself;
    `figures` are little-endian uint32, one for each of the ballot's figures; a recapitulation has none."""

    lineage: Lineage
    positions: tuple[int, ...]
    status: int
    unlisted: bool
    ballot: int
    region: int
    figures: bytes


def pack(
    ids: bytes, positions: bytes, status: int, unlisted: bool, ballot: int, region: int, figures: bytes
) -> bytes:
    """The state of a unit whose accepted events have these ids and positions (both concatenated)."""
    head = _HEAD.pack(len(ids) // _ID_BYTES, status, unlisted, ballot, region)
    return head + ids + positions + figures


def position_bytes(position: int) -> bytes:
    """A position as a state holds it."""
    return position.to_bytes(_POSITION_BYTES, "little")


def lineage_of(state: bytes | None) -> Lineage:
    """Only the lineage: what a decision needs."""
    if state is None:
        return NOTHING_YET
    count, status, _, _, _ = _HEAD.unpack_from(state)
    start = _HEAD.size
    ids = tuple(state[at : at + _ID_BYTES] for at in range(start, start + count * _ID_BYTES, _ID_BYTES))
    # The last accepted event is in force, unless it took the force away.
    return Lineage(ids, None if status == _ANNULLED else ids[-1])


def extended(state: bytes | None, event_id: bytes, position: int) -> tuple[bytes, bytes]:
    """The ids and positions of `state` with one more event."""
    if state is None:
        return event_id, position_bytes(position)
    count = _HEAD.unpack_from(state)[0]
    positions = _HEAD.size + count * _ID_BYTES
    end = positions + count * _POSITION_BYTES
    return state[_HEAD.size : positions] + event_id, state[positions:end] + position_bytes(position)


def unpack(state: bytes) -> UnitState:
    """Unpack a state."""
    count, status, unlisted, ballot, region = _HEAD.unpack_from(state)
    positions = _HEAD.size + count * _ID_BYTES
    end = positions + count * _POSITION_BYTES
    return UnitState(
        lineage_of(state),
        tuple(
            int.from_bytes(state[at : at + _POSITION_BYTES], "little")
            for at in range(positions, end, _POSITION_BYTES)
        ),
        status,
        bool(unlisted),
        ballot,
        region,
        state[end:],
    )


def heads(held: Sequence[bytes]) -> NDArray[Any]:
    """`version`, `status` code, `unlisted` (0 or 1), `ballot` and `region` of many states, as columns."""
    return np.frombuffer(b"".join([state[: _HEAD.size] for state in held]), _HEAD_COLUMNS)


def version(state: bytes) -> int:
    """Only the version."""
    count: int = _HEAD.unpack_from(state)[0]
    return count


def figures(held: Sequence[bytes], count: int) -> NDArray[np.int64]:
    """Only the figures of many states that have `count` of them: a row for each."""
    start = -count * FIGURE_BYTES
    joined = b"".join([state[start:] for state in held])
    return np.frombuffer(joined, "<u4").reshape(len(held), count).astype(np.int64)
