"""Rows on their way to the sink: they come out as they went in, in messages of a bounded size, or not."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickhouse.sql_text import statements
from schemas.tables import EVENT, TABLES
from sinks.migrate import known_migrations
from sinks.row_messages import (
    FORMAT,
    LARGEST,
    RowMessage,
    RowsUndecodable,
    decode,
    encode,
    fit_together,
    goes_on_from,
    holds_position,
    more_follows,
)
from sinks.rows import Rows
from tests.sinks.handmade import AT, every_table
from tests.worlds import world

POSITION = Rows(world().election.id, world().registry, world().ballots).position(0, 9, 1_000)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.integers(0, 2**50)


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Any value of a column of that type."""
    if pa.types.is_string(kind):
        return TEXTS
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_timestamp(kind):
        return MOMENTS
    if pa.types.is_map(kind):
        return st.dictionaries(TEXTS, values(kind.item_type), max_size=3).map(lambda held: list(held.items()))
    if pa.types.is_list(kind):
        return st.lists(values(kind.value_type), max_size=3)
    signed = pa.types.is_signed_integer(kind)
    top = 2 ** (kind.bit_width - signed)
    return st.integers(-top if signed else 0, top - 1)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, pa.Table]:
    """A few rows of a few tables; nulls only where they are allowed."""
    chosen = draw(st.lists(st.sampled_from(sorted(TABLES)), max_size=3, unique=True))
    found = {}
    for name in chosen:
        count = draw(st.integers(0, 4))
        columns = []
        for field in TABLES[name]:
            one = values(field.type)
            if field.nullable:
                one = st.none() | one
            columns.append(pa.array(draw(st.lists(one, min_size=count, max_size=count)), field.type))
        found[name] = pa.Table.from_arrays(columns, schema=TABLES[name])
    return found


def together(messages: Sequence[RowMessage]) -> dict[str, pa.Table]:
    """The rows of all messages, by table."""
    found: dict[str, list[pa.Table]] = {}
    for message in messages:
        for name, table in decode(message.headers, message.value):
            found.setdefault(name, []).append(table)
    return {name: pa.concat_tables(some) for name, some in found.items()}


def event_rows(bodies: Sequence[bytes]) -> pa.Table:
    """A mirror of the log with these bodies."""
    count = len(bodies)
    given: dict[str, pa.Array] = {
        "position": pa.array(range(count), pa.uint64()),
        "recorded_at": pa.array([AT] * count, pa.timestamp("us", tz="UTC")),
        "outcome": pa.array(["rejected"] * count),
        "body": pa.Array.from_buffers(pa.string(), count, pa.array(bodies, pa.binary()).buffers()),
    }
    empty = {pa.string(): "", pa.uint32(): 0}
    moments = pa.array([datetime(2024, 2, 14, tzinfo=UTC)] * count, pa.timestamp("ms", tz="UTC"))
    return pa.Table.from_arrays(
        [
            given[field.name]
            if field.name in given
            else moments
            if field.name == "occurred_at"
            else pa.array([empty[field.type]] * count, field.type)
            for field in EVENT
        ],
        schema=EVENT,
    )


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tables())
def test_rows_come_out_as_they_went_in(given: dict[str, pa.Table]) -> None:
    assert together(encode(given)) == {name: table for name, table in given.items() if table.num_rows}


def test_the_rows_of_every_table_come_out_as_they_went_in() -> None:
    made = every_table(world(), "tiny")
    assert together(encode(made)) == made


def test_the_order_of_tables_and_rows_is_kept() -> None:
    made = every_table(world(), "tiny")
    last = {name: made[name] for name in reversed(made)}
    assert [name for message in encode(last) for name, _ in decode(*message)] == list(last)


def test_what_is_small_is_one_message_with_its_position() -> None:
    made = {**every_table(world(), "tiny"), "sink_position": POSITION}
    assert fit_together(made)
    (message,) = encode(made, after=4)
    assert [name for name, _ in decode(*message)] == list(made)
    assert holds_position(message.headers)
    assert goes_on_from(message.headers) == 4


def test_what_is_large_is_several_messages_with_the_position_in_the_last() -> None:
    made = {"event": event_rows([os.urandom(LARGEST // 3) for _ in range(4)]), "sink_position": POSITION}
    assert not fit_together(made)
    messages = encode(made, after=4)
    assert len(messages) > 1
    assert [holds_position(one.headers) for one in messages] == [*([False] * (len(messages) - 1)), True]
    assert [goes_on_from(one.headers) for one in messages] == [*([None] * (len(messages) - 1)), 4]


def test_that_more_follows_is_said_with_the_position() -> None:
    made = {"event": event_rows([os.urandom(LARGEST // 3) for _ in range(4)]), "sink_position": POSITION}
    assert [more_follows(one.headers) for one in encode(made, after=4)] == [False, False]
    assert [more_follows(one.headers) for one in encode(made, after=4, more=True)] == [False, True]
    assert [name for one in encode(made, after=4, more=True) for name, _ in decode(*one)][
        -1
    ] == "sink_position"


@given(size=st.integers(1, LARGEST // 2))
@settings(max_examples=20, deadline=None)
def test_what_is_said_to_fit_together_is_one_message(size: int) -> None:
    made = {**every_table(world(), "tiny"), "event": event_rows([os.urandom(size)])}
    assert not fit_together(made) or len(encode(made)) == 1


def test_rows_that_are_cut_out_of_many_are_sent_alone() -> None:
    made = every_table(world(), "tiny")["register_station"]
    assert together(encode({"register_station": made.slice(7, 2)})) == {"register_station": made.slice(7, 2)}
    (whole,) = encode({"register_station": made})
    (part,) = encode({"register_station": made.slice(7, 2)})
    assert len(part.value) < len(whole.value)


@pytest.mark.parametrize("size", [600, 64 * 1024], ids=["forms", "the largest messages of an event"])
def test_no_message_is_larger_than_a_broker_takes(size: int) -> None:
    rows = event_rows([os.urandom(size) for _ in range(3_000_000 // size)])  # what no compression helps
    messages = encode({"event": rows})
    assert len(messages) > 3
    assert max(len(message.value) for message in messages) <= LARGEST
    assert together(messages) == {"event": rows}


def test_a_single_row_larger_than_that_is_a_message_of_its_own() -> None:
    rows = event_rows([b"small", os.urandom(LARGEST + 1), b"small too"])
    messages = encode({"event": rows})
    assert [rows.num_rows for message in messages for _, rows in decode(*message)] == [1, 1, 1]
    assert together(messages) == {"event": rows}


def test_bytes_that_are_no_text_are_kept() -> None:
    rows = event_rows([b"\xff\x00\xfe", b""])
    (message,) = encode({"event": rows})
    ((_, decoded),) = decode(*message)
    body = decoded["body"].combine_chunks().cast(pa.binary())
    assert body.to_pylist() == [b"\xff\x00\xfe", b""]


def test_forms_compress_to_less_than_half() -> None:
    form = b'{"contest":"PPWP","payload":{"form":{"invalid":2,"valid":%d,"votes":{"1":%d,"2":%d}}}}'
    rows = event_rows([form % (n, n % 7, n % 11) for n in range(5_000)])
    assert sum(len(message.value) for message in encode({"event": rows})) < rows.nbytes / 2


def test_other_tables_are_another_format() -> None:
    """A migration that changes a table, be it by a value of an enum, changes what messages hold: readers of
    the other format must know. How a table is stored is no part of it. If this fails, raise FORMAT, and write
    the new pair here."""
    columns = [f"{name}: {schema}" for name, schema in TABLES.items()]
    made = [
        statement
        for migration in known_migrations()
        for statement in statements(migration.sql)
        if " TABLE " in statement
        and " MODIFY SETTING " not in statement
        and "region_lookup" not in statement  # made of another table: no rows of it travel
    ]
    assert len(made) >= len(TABLES)
    assert (FORMAT, zlib.crc32("\n".join(columns + made).encode())) == (10, 3603761351)


def test_columns_that_are_not_those_of_the_table_are_not_sent() -> None:
    made = every_table(world(), "tiny")
    with pytest.raises(ValueError, match="not the columns of recap"):
        encode({"recap": made["finding"]})


def changed(message: RowMessage, header: str, value: bytes | None) -> list[tuple[str, bytes]]:
    """Its headers with another value of one of them; None: without it."""
    changed = ((name, held if name != header else value) for name, held in message.headers)
    return [(name, now) for name, now in changed if now is not None]


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("format", b"1", f"rows of format 1; this version of rekap reads {FORMAT}. Use one version"),
        ("format", b"999", "rows of format 999"),
        ("format", None, "rows of format ;"),
        ("tables", b"no_such_table:9", "a table 'no_such_table:9', which there is not.*report this sentence"),
        ("tables", b"recap", "a table 'recap', which there is not"),
        ("tables", None, "a table ''"),
        ("checksum", b"00000000", "rows of recap:[0-9]+ differs from its checksum.*report this sentence"),
        ("checksum", None, "differs from its checksum"),
    ],
)
def test_a_message_with_other_headers_is_refused_with_a_sentence(
    header: str, value: bytes | None, said: str
) -> None:
    (message,) = encode({"recap": every_table(world(), "tiny")["recap"]})
    with pytest.raises(RowsUndecodable, match=said):
        decode(changed(message, header, value), message.value)


@given(st.data())
def test_a_damaged_byte_is_found_before_the_bytes_are_looked_into(data: st.DataObject) -> None:
    (message,) = encode({"finding": every_table(world(), "tiny")["finding"]})
    raw = bytearray(message.value)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(RowsUndecodable, match="differs from its checksum"):
        decode(message.headers, bytes(raw))


@pytest.mark.parametrize("value", [b"", b"none", b"\xff\xff\xff\xff\x00\x00\x00\x00"])
def test_bytes_that_are_no_rows_are_refused_although_their_checksum_fits(value: bytes) -> None:
    headers = [
        ("tables", f"event:{len(value)}".encode()),
        ("format", str(FORMAT).encode()),
        ("checksum", f"{zlib.crc32(value):08x}".encode()),
    ]
    with pytest.raises(RowsUndecodable, match="rows of event can't be read"):
        decode(headers, value)


def test_rows_of_another_table_are_refused_although_their_checksum_fits() -> None:
    (message,) = encode({"region": every_table(world(), "tiny")["region"]})
    with pytest.raises(RowsUndecodable, match="rows of event can't be read"):
        decode(changed(message, "tables", f"event:{len(message.value)}".encode()), message.value)


@pytest.mark.parametrize("less", [1, -1, 8])
def test_a_length_that_is_not_that_of_the_bytes_is_refused(less: int) -> None:
    (message,) = encode({"region": every_table(world(), "tiny")["region"]})
    said = f"region:{len(message.value) - less}".encode()
    with pytest.raises(RowsUndecodable, match=r"can't be read|has [0-9]+ bytes"):
        decode(changed(message, "tables", said), message.value)
