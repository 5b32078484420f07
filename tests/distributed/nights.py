"""What is sent in these tests: a small election night with more faults than a real one has.

The messages of a night are in the order of their arrival, so that a slice of them is an hour of the night.
Nothing here knows what should come out.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any, Final

import numpy as np
import orjson

from producers.simulator.faults import Faults
from producers.simulator.nation import builtin_candidates, builtin_registry
from producers.simulator.night import Night
from schemas.decode import encode
from schemas.elections import Election, load_election
from schemas.regions import DEPTH, Level, Registry
from schemas.sources import Message

PROVINCES: Final = ["11", "31", "34"]
"""One with parties of its own, one with many stations in few villages, one small."""

STATIONS: Final = 300
"""Of all three: some 2,000 messages in all contests."""

FAULTS: Final = Faults(corrections=0.2, contradictions=0.05, annulments=0.05, stale_corrections=0.2)

GARBAGE: Final = (b"", b"\xff\xfe{", b"[1, 2]", b'{"type":"CountSubmitted"}', b"{" * 200, b"\x00" * 5_000)


@cache
def nation() -> tuple[Election, Registry]:
    """The election with candidates for every contest, and its register."""
    election = load_election("pemilu2024")
    registry = builtin_registry(election, provinces=PROVINCES, stations=STATIONS)
    return builtin_candidates(election, registry), registry


@cache
def night(seed: int = 2024) -> tuple[bytes, ...]:
    """The messages of a night."""
    chunks = Night(*nation(), seed, faults=FAULTS, chunk_messages=200).chunks(lambda _contest, _stations: {})
    return tuple(record.raw for chunk in chunks for record in chunk.records() if isinstance(record, Message))


@cache
def recaps() -> tuple[bytes, ...]:
    """A certified document of one region of each level that has them; the nation's, another one's, and a
    correction that supersedes nothing."""
    election, registry = nation()
    documents = []
    for depth in range(DEPTH[Level.VILLAGE]):
        region = registry.ids[int(np.flatnonzero(registry.depth == depth)[-1])]
        documents.append(
            _recap(election, region, {"votes": {"1": 5, "2": 7, "3": depth}, "valid": 12 + depth})
        )
    reasons = [
        _reason(election, registry.ids[0], orjson.loads(documents[0])["event_id"]),
        _reason(election, registry.ids[0], "0" * 64),  # of a document that nobody sent
    ]
    return (*documents, _recap(election, "0", {"votes": {"1": 6}}, supersedes="0" * 64), *reasons)


def _recap(election: Election, region: str, cells: dict[str, Any], **more: str) -> bytes:
    payload = {"document": f"D.Hasil {region}", "cells": cells, **more}
    head = {"type": "RecapCertified", "schema_version": 1, "election": election.id, "contest": "PPWP"}
    return encode({**head, "region": region, "payload": payload})


def _reason(election: Election, region: str, document: str) -> bytes:
    payload = {"recap": document, "reason": "plenary", "signer": "kpu", "cell": "votes.1"}
    head = {"type": "RecapReasonStated", "schema_version": 1, "election": election.id, "contest": "PPWP"}
    return encode({**head, "region": region, "payload": payload})


def untidy(messages: tuple[bytes, ...], chance: Random) -> list[bytes]:
    """The messages in their order, among them garbage, and some that are sent again later."""
    sent: list[bytes] = []
    for message in messages:
        sent.append(message)
        if chance.random() < 0.03:
            sent.append(chance.choice(sent))
        if chance.random() < 0.01:
            sent.append(chance.choice(GARBAGE))
    return sent
