"""Messages for each topic that workers and sinks read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from random import Random
from typing import Any, Final, NamedTuple
from zlib import crc32

from schemas.canonical import dumps
from schemas.tallies import CELL
from schemas.tally_messages import TallyMessage
from sinks.row_messages import FORMAT
from tests.corpus import SEED, cut_off, damaged
from tests.hostile import HOSTILE

FAR: Final = 1_000_000_000
"""A position or version that no log of a test has."""

Headers = Sequence[tuple[str, bytes]]


class Hostile(NamedTuple):
    """A message as Kafka takes it."""

    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()


def events(counts: Sequence[bytes], key: bytes) -> Iterator[Hostile]:
    """For count-events, made from valid events; `key` is the right one of the first."""
    chance = Random(SEED)
    first = counts[0]
    for raw in chain(
        GARBAGE,
        *(damaged(raw, 4, chance) for raw in counts),
        *(cut_off(raw, 2, chance) for raw in counts),
        (json.dumps(one).encode() for one in _changed(json.loads(first))),
        (
            first.replace(b":", b": ", 1) + b"\n" + first,
            b"\xef\xbb\xbf" + first,
            first.decode().encode("utf-16"),
        ),
        (first[:-1] + b',"station":"1101012001001"}', first[:-1] + b',"unknown":1}', b"[" + first + b"]"),
    ):
        yield Hostile(raw, key)
    yield from (Hostile(first, wrong) for wrong in (None, b"", b"\xff" * 300, key + b"\x00", b"k" * 100_000))
    yield Hostile(first, b"9999", [("traceparent", b"\xff" * 5_000), ("", b"")])
    yield from (Hostile(None, key), Hostile(b"", key), Hostile(b"x" * 900_000, key))


GARBAGE: Final = (
    b"\x00",
    b"\xff\xfe\x00\x00",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"x"',
    b"{" * 50_000,
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"type":"CountSubmitted"}',
    b'{"type":{"a":1}}',
    b'{"type":"\\ud800"}',
    b"1" * 60_000,
    b"-1e999999",
    b"PK\x03\x04" + b"\x00" * 100,
    b"PAR1" + b"\x00" * 100,
    b"rekap-reference position=0 bytes=1 sha256=" + b"0" * 64 + b" reason=too_large",
    b"rekap-reference position=99999999999999999999 bytes=1 sha256=x reason=too_large",
    HOSTILE.encode(),
)


def _changed(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The event with one thing that can't be."""
    figures: tuple[Any, ...] = (-1, 1.5, 10**30, "7", True, None, [], {}, 9_999_999_999, "٣")
    for value in figures:
        yield {**document, "payload": {**document["payload"], "form": {"votes": {"1": value}}}}
    for name in ("type", "schema_version", "election", "contest", "station", "event_id", "payload"):
        others: tuple[Any, ...] = (None, 0, "", HOSTILE, "x" * 40_000, [name], {name: name})
        yield from ({**document, name: value} for value in others)
        yield {one: held for one, held in document.items() if one != name}


def raised(message: TallyMessage, by: int) -> TallyMessage:
    """The totals as if so many more events had been accepted, with 9,000 valid votes each."""
    (ballot, cells), *others = message.cells.items()
    forged = list(cells)
    forged[0] += by
    forged[CELL["valid"]] += 9_000 * by
    return replace(message, version=message.version + by, cells={ballot: tuple(forged), **dict(others)})


IMPOSSIBLE: Final[Mapping[str, Callable[[TallyMessage], TallyMessage]]] = {
    "version": lambda message: raised(message, 1_000),
    "contest": lambda message: replace(message, contest="XXX"),
    "unit": lambda message: replace(message, unit="99"),
    "cells": lambda message: replace(message, cells={b: cells[:-1] for b, cells in message.cells.items()}),
    "source": lambda message: replace(message, source={0: FAR}),
    "partition": lambda message: replace(message, source={FAR: 1}),
    "stations": lambda message: replace(
        message, cells={b: (cells[0], FAR, FAR, *cells[3:]) for b, cells in message.cells.items()}
    ),
}
"""Totals that are well formed and can't be, by what is wrong with them."""


def tallies(message: TallyMessage) -> Iterator[Hostile]:
    """For a topic of totals, made from one that is right."""
    chance = Random(SEED)
    raw = message.encode()
    document = json.loads(raw)
    yield from (Hostile(change(message).encode(), message.key) for change in IMPOSSIBLE.values())
    yield from (
        Hostile(one, message.key) for one in (*GARBAGE, *damaged(raw, 10, chance), *cut_off(raw, 5, chance))
    )
    for name in document:
        others: tuple[Any, ...] = (None, -1, 2**63, 1.5, HOSTILE, [], {"0": 2**64})
        for value in others:
            yield Hostile(_without_digest({**document, name: value}), message.key)
    yield from (Hostile(raw + b" ", message.key), Hostile(None, message.key), Hostile(None, b"\xff" * 1_000))


def _without_digest(document: dict[str, Any]) -> bytes:
    """As somebody writes it who knows the fields and not the digest."""
    try:
        return dumps(document)
    except (TypeError, ValueError):
        return json.dumps(document).encode()


def rows(messages: Iterable[tuple[Headers, bytes]]) -> Iterator[Hostile]:
    """For count-rows, made from messages that are right."""
    chance = Random(SEED)
    own = (b"format", str(FORMAT).encode())
    for headers, value in messages:
        said = dict(headers)
        for changed in (*damaged(value, 8, chance), *cut_off(value, 4, chance)):
            yield Hostile(changed, None, list(headers))
        for header in said:
            for text in (
                b"",
                b"\xff" * 50,
                b"9" * 5_000,
                b"-1",
                b"sink_position:1,event:2",
                HOSTILE.encode(),
            ):
                yield Hostile(value, None, list({**said, header: text}.items()))
            yield Hostile(value, None, [(name, held) for name, held in said.items() if name != header])
    for garbage in (*GARBAGE, bytes(2_000), b"\xff" * 2_000):
        headers = [
            ("tables", b"event:%d" % len(garbage)),
            (own[0].decode(), own[1]),
            ("checksum", b"%08x" % crc32(garbage)),
        ]
        yield Hostile(garbage, None, headers)
        yield Hostile(garbage, b"k")
    yield Hostile(None, b"k")
