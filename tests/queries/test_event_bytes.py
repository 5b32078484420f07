"""Bytes in the log that are text, but no event, are told apart from events."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.client import Client

from queries.events import events
from tests.queries.world import ELECTION, insert


@pytest.mark.parametrize("raw", [b"[1]", b"", b"null", b'{"a":', "\u00e9".encode()])
def test_text_that_is_no_event_is_shown_as_hex(clickhouse: Client, raw: bytes) -> None:
    insert(clickhouse, "event", [{"outcome": "rejected", "body": raw}])
    (row,) = events(clickhouse, ELECTION)
    assert (row["event"], bytes.fromhex(row["bytes"])) == (None, raw)
