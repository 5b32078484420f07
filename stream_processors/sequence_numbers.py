"""The sequence numbers that one signer has used: a few bytes for each, with the event that used it.

Numbers come mostly in order, so that a search is needed only for one that is not the highest so far. As one
`bytearray` for each signer they are small, and hold nothing that the garbage collector would traverse.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

ID_BYTES: Final = 16
"""Of an event's id: half of it, so that a second event with the same half can't be found."""
_RECORD: Final = Struct(f"<I{ID_BYTES}s")
_NUMBER: Final = Struct("<I")
RECORD_BYTES: Final = _RECORD.size


def record_of(seq: int, event_id: bytes) -> bytes:
    """The record of a number that the event used."""
    return _RECORD.pack(seq, event_id[:ID_BYTES])


def add(used: bytearray | None, records: bytes) -> bytearray:
    """`used` with more records."""
    if used is None:
        used = bytearray(_NUMBER.pack(0))
    used += records
    highest = max(number for number, _ in _RECORD.iter_unpack(records))
    if highest > _NUMBER.unpack_from(used)[0]:
        _NUMBER.pack_into(used, 0, highest)
    return used


def records_in(used: bytearray) -> bytes:
    """All records, as `add` takes them."""
    return bytes(memoryview(used)[_NUMBER.size :])


def user_of(used: bytearray | None, seq: int) -> bytes | None:
    """The first half of the id of the event that used this number; None: no event did."""
    if used is None or seq > _NUMBER.unpack_from(used)[0]:
        return None
    wanted = _NUMBER.pack(seq)
    place = used.find(wanted, _NUMBER.size)
    while place >= 0:
        if (place - _NUMBER.size) % RECORD_BYTES == 0:
            return bytes(used[place + _NUMBER.size : place + RECORD_BYTES])
        place = used.find(wanted, place + 1)
    return None
