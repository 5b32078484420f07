"""Fuzzing what reads bytes of others, with coverage as a guide: `python -m tests.fuzz TARGET --seconds N`.

It needs atheris (`pip install atheris`), which the tests do not. Each target calls one reader, and allows the
one error that it may raise; anything else is a fault, which ends the run and leaves the input in a file.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Final
from zlib import crc32

import orjson

from clickhouse.interface.guard import READING, Refusal, check_anything, check_reading
from clickhouse.sql_text import meaningful
from event_log.kafka.group import GroupRecord, TopicPartition
from event_log.kafka.topics import COUNT_ROWS
from schemas.canonical import dumps
from schemas.decode import decode, encode
from schemas.plausible import LogEnds, TotalsCheck
from schemas.rejections import Rejected
from schemas.tables import TABLES
from schemas.tally_messages import TallyMalformed, decode_tally
from sinks.delivery.batch_builder import BatchBuilder, Undeliverable
from sinks.delivery.tally_rows import TallyRows
from sinks.row_messages import FORMAT
from sinks.row_messages import encode as encode_rows
from sinks.rows import Rows
from tests.corpus.messages import GARBAGE, IMPOSSIBLE
from tests.corpus.requests import HARD_TO_PARSE, STATEMENTS
from tests.sinks.delivery.support import flush, total
from tests.worlds import all_stations, annulled, pairs, recap, submitted, world

SLOW_S: Final = 1.0
"""Of processor time: longer than any input may take; one that takes longer holds up all others."""

INSTRUMENTED: Final = frozenset({"schemas", "clickhouse", "sinks"})
"""The packages whose branches guide the fuzzer: with all libraries it takes minutes to begin."""

ENDS: Final = LogEnds(lambda: [1_000, 1_000])
"""Where the log of the targets ends."""

_ROWS: Final = Rows(world().election.id, world().registry, world().ballots)
_CHECK: Final = TotalsCheck(world().election, world().registry, world().ballots, ENDS)
_NAMES: Final = sorted(TABLES)


def decode_event(raw: bytes) -> None:
    """Of any bytes an event, which says the same when it is encoded again, or Rejected."""
    try:
        decoded = decode(raw)
    except Rejected:
        return
    again = decode(encode(orjson.loads(raw)))
    assert again.event_id == decoded.event_id


def guard_statement(raw: bytes) -> None:
    """Of any text a statement or a refusal; what a reader may run begins with a word that reads."""
    sql = raw.decode("utf-8", "replace")
    check_anything(sql)
    found = check_reading(sql)
    if not isinstance(found, Refusal):
        assert meaningful(sql.lstrip("( \n\t"))[0].word in READING


def read_tally(raw: bytes) -> None:
    """Of any bytes totals of this election, or TallyMalformed. After a first byte of 1 the digest is made
    right."""
    if raw[:1] == b"\x01":
        raw = _with_digest(raw[1:])
    try:
        _CHECK.check(decode_tally(raw))
    except TallyMalformed:
        return


def _with_digest(raw: bytes) -> bytes:
    try:
        document = orjson.loads(raw)
        named = [document[name] for name in ("election", "contest", "level", "unit", "version", "cells")]
        return dumps({**document, "digest": sha256(dumps(named)).hexdigest()})
    except (ValueError, TypeError, KeyError):
        return raw


def read_rows(raw: bytes) -> None:
    """Of any bytes rows that can be inserted, or Undeliverable. The first byte chooses the table, and the
    checksum is right."""
    table = _NAMES[raw[0] % len(_NAMES)] if raw else _NAMES[0]
    value = raw[1:]
    headers = [
        ("tables", f"{table}:{len(value)}".encode()),
        ("format", str(FORMAT).encode()),
        ("checksum", f"{crc32(value):08x}".encode()),
    ]
    builder = BatchBuilder(TallyRows(world().election, world().registry, world().ballots, _ROWS, ENDS), ENDS)
    try:
        builder.add(GroupRecord(TopicPartition(COUNT_ROWS, 0), 0, value, headers), 0.0)
    except Undeliverable:
        return


Target = Callable[[bytes], None]

TARGETS: Final[Mapping[str, Target]] = {
    "decode": decode_event,
    "guard": guard_statement,
    "tally": read_tally,
    "rows": read_rows,
}


def seeds(target: str) -> Iterator[bytes]:
    """Inputs to begin with: what is right, and the hostile ones that are known."""
    if target == "guard":
        yield from (statement.encode() for statement in STATEMENTS)
        yield from (body[:2_000] for body in HARD_TO_PARSE)
        yield b"SELECT unit, sum(valid) FROM tally_now WHERE level = {level:String} GROUP BY unit FORMAT JSON"
        return
    yield from GARBAGE
    if target == "decode":
        first = submitted(all_stations()[0], pairs(1, 2, 3))
        yield from (first, annulled(all_stations()[0], first), recap("11", {"1": 1, "2": 2, "3": 3}))
    if target == "tally":
        right = total("0", 3)
        yield from (right.encode(), b"\x01" + right.encode())
        yield from (change(right).encode() for change in IMPOSSIBLE.values())
    if target == "rows":
        for name, rows in flush(0, 0, 3).items():
            for _, value in encode_rows({name: rows}):
                yield bytes([_NAMES.index(name)]) + value


def main() -> None:
    """Fuzz one target for some seconds; the last line says how many inputs it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=150)
    given = parser.parse_args()
    atheris = import_module("atheris")  # where it is installed

    target = TARGETS[given.target]

    def one(raw: bytes) -> None:
        began = time.process_time()
        target(raw)
        assert time.process_time() - began < SLOW_S, f"{len(raw)} bytes took more than {SLOW_S} s"

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds(given.target)):
            Path(corpus, str(number)).write_bytes(seed)
        options = [f"-max_total_time={given.seconds}", "-max_len=65536", "-rss_limit_mb=2048", corpus]
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and str(found.__module__).partition(".")[0] in INSTRUMENTED:
                atheris.instrument_func(found)
        atheris.Setup([sys.argv[0], *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
