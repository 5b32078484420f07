"""How large anything on Kafka may be: the one home of the bounds of brokers, producers and readers.

A broker bounds the packed size of a record batch (max.message.bytes). What it unpacks to no broker bounds:
16 KB of zstd can hold 500 MB. So readers bound that themselves (event_log.kafka.unpacking). Each bound is at
least the one before it in the path of a message, so that what was taken can always be read, rejected and
published; `rekap topics check` compares those of the brokers.
"""

from __future__ import annotations

from typing import Final

from schemas.decode import MAX_BYTES

MIB: Final = 1024 * 1024

ENTRY_BYTES: Final = MAX_BYTES
"""The largest event, and the largest entry of the log: no door takes more, and readers keep a reference
(schemas.references) in place of what others wrote to the topic all the same. A Merkle tree's entry bundles
have two bytes for the size of an entry."""

LOG_BATCH_BYTES: Final = MIB
"""max.message.bytes of count-events: some 400 events in one batch, packed."""

ROWS_BATCH_BYTES: Final = 2 * MIB
"""max.message.bytes of count-rows: the rows of the largest entry."""

REJECTED_BATCH_BYTES: Final = 2 * MIB
"""max.message.bytes of count-events.rejected: an entry and its key, and the headers that say why."""

TALLY_BATCH_BYTES: Final = 16 * MIB
"""max.message.bytes of totals: the nation's of a contest with thousands of local lists. A worker's producer
sends no larger request either."""

UNPACKED_BYTES: Final = 16 * MIB + 64 * 1024
"""Bytes that one record batch may unpack to, and after which a reader takes no further batch out of one
fetch: the largest message of totals with Kafka's own bytes around it. An honest batch of events packs 1 MiB
of at most ten times as much."""
