"""What the importers' tests share: running a source, and registers of what it said."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.sources import Message, NothingNew, Source, SourceRecord, Unreadable

REAL_DATA = Path(os.environ.get("REKAP_REAL_DATA", "/nowhere"))

needs_real_data = pytest.mark.skipif(
    not (REAL_DATA / "pilpres2019").is_dir(),
    reason="REKAP_REAL_DATA names no folder with pilpres2019/ and pilpres2024/ (real results, not in here)",
)


def no_lineage(_contest: str, _stations: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
    """An empty log."""
    return {}


def lineage_of(messages: Sequence[bytes]) -> Any:
    """A log that accepted these messages, as a source asks it."""
    known: dict[tuple[str, str], list[bytes]] = {}
    for raw in messages:
        document = orjson.loads(raw)
        known.setdefault((document["contest"], document["station"]), []).append(raw)
    return lambda contest, stations: {
        station: known[contest, station] for station in stations if (contest, station) in known
    }


def run(source: Source, lineage: Any = no_lineage) -> list[SourceRecord]:
    """All records, each chunk sent through pickle as to another process; their number is checked."""
    records: list[SourceRecord] = []
    for chunk in source.chunks(lineage):
        sent = pickle.loads(pickle.dumps(chunk))
        said = list(sent.records())
        assert len(said) == sent.size
        records += said
    assert source.size in (None, len(records))
    return records


def messages(records: Sequence[SourceRecord]) -> list[dict[str, Any]]:
    """The events of the messages, as JSON."""
    return [orjson.loads(record.raw) for record in records if isinstance(record, Message)]


def raws(records: Sequence[SourceRecord]) -> list[bytes]:
    """The bytes of the messages."""
    return [record.raw for record in records if isinstance(record, Message)]


def unreadables(records: Sequence[SourceRecord]) -> list[tuple[str, str]]:
    """Place and English sentence of what could not be read."""
    return [(record.place, record.said.en) for record in records if isinstance(record, Unreadable)]


def counts(records: Sequence[SourceRecord]) -> dict[str, int]:
    """How many records of which sort."""
    return {
        "messages": sum(isinstance(record, Message) for record in records),
        "unreadable": sum(isinstance(record, Unreadable) for record in records),
        "nothing_new": sum(isinstance(record, NothingNew) and not record.empty for record in records),
        "empty": sum(isinstance(record, NothingNew) and record.empty for record in records),
    }
