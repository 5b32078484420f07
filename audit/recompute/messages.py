"""From entries to events: which are one in its canonical form is decided in SQL, all others by schemas.

An entry is an event by SQL alone where its bytes, written again from its fields, are the same bytes: then no
field is unknown, none is given twice, and every figure is a whole number. Whatever is not plainly so is
decoded by schemas.decode, which says whether and why it is none: signed counts, certified recapitulations and
control events are among those.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from audit.recompute.authority import Sender, sender_of
from audit.recompute.engine import Engine, Step, parquet, text
from schemas.canonical import dumps
from schemas.control_events import AnyEvent, Report
from schemas.decode import MAX_BYTES, decode
from schemas.events import (
    IDENTIFIER_PATTERN,
    AnnulmentReason,
    CorrectionReason,
    CountEvent,
    CountKind,
    NotCounted,
    Role,
)
from schemas.forms import MAX_FIGURE, MAX_OPTIONS
from schemas.rejections import Rejected

_FIGURE: Final = "Nullable(UInt32)"
_TEXT: Final = "Nullable(String)"
_COUNTED: Final = f"Tuple(j {_FIGURE}, l {_FIGURE}, p {_FIGURE})"
_FORM: Final = (
    f"Tuple(ballots Tuple(received {_FIGURE}, returned {_FIGURE}, unused {_FIGURE}, used {_FIGURE}), "
    f"disability {_COUNTED}, dpt {_COUNTED}, invalid {_FIGURE}, total {_FIGURE}, valid {_FIGURE}, "
    f"voters Tuple(dpk {_COUNTED}, dpt {_COUNTED}, dptb {_COUNTED}, total {_COUNTED}), "
    f"votes Map(String, {_FIGURE}), words Map(String, String))"
)
_ORIGIN: Final = (
    f"Tuple(copied_at {_TEXT}, listed Nullable(Bool), made_at {_TEXT}, not_counted {_TEXT}, "
    f"observed_at {_TEXT}, record {_TEXT}, source {_TEXT})"
)
EVENT_TYPE: Final = (
    f"Tuple(contest String, device {_TEXT}, election String, event_id {_TEXT}, key_id {_TEXT}, "
    f"occurred_at {_TEXT}, payload Tuple(form {_FORM}, images Array(Tuple(page UInt8, sha256 String)), "
    f"kind {_TEXT}, note {_TEXT}, origin {_ORIGIN}, reason {_TEXT}, supersedes {_TEXT}), "
    f"schema_version UInt8, signature {_TEXT}, station String, "
    f"submitted_by Tuple(officer {_TEXT}, role {_TEXT}), type String)"
)
"""What JSONExtract reads; the fields of every object in the order of their names."""

Part = tuple[str, str, str]
"""A field of an object: its name, the SQL of its JSON, and the SQL that tells whether it is there."""


def _members(parts: list[Part]) -> str:
    """The SQL of an object's members, each with a comma before it; '' where it has none."""
    members = ", ".join(
        f"if({present}, concat({text(f',{chr(34)}{name}{chr(34)}:')}, {value}), '')"
        for name, value, present in parts
    )
    return f"concat({members}, '')"


def _braces(column: str) -> str:
    """The SQL of an object out of its members."""
    return f"if({column} = '', '', concat('{{', substring({column}, 2), '}}'))"


def _made(name: str, column: str) -> Part:
    """An object whose members are in a column."""
    return name, _braces(column), f"{column} != ''"


def _figure(path: str) -> Part:
    name = path.rsplit(".", 1)[-1]
    return name, f"toString(assumeNotNull({path}))", f"isNotNull({path})"


def _string(path: str) -> Part:
    name = path.rsplit(".", 1)[-1]
    return name, f"concat('\"', assumeNotNull({path}), '\"')", f"isNotNull({path})"


def _always(name: str) -> Part:
    return name, f"concat('\"', d.{name}, '\"')", "true"


_F: Final = "d.payload.form"
_COUNTED_PLACES: Final = {
    "of_disability": f"{_F}.disability",
    "of_dpt": f"{_F}.dpt",
    "of_b1": f"{_F}.voters.dpt",
    "of_b2": f"{_F}.voters.dptb",
    "of_b3": f"{_F}.voters.dpk",
    "of_b4": f"{_F}.voters.total",
}

_OBJECTS: Final[Step] = (
    *[
        (column, _members([_figure(f"{path}.{letter}") for letter in "jlp"]))
        for column, path in _COUNTED_PLACES.items()
    ],
    (
        "of_papers",
        _members([_figure(f"{_F}.ballots.{name}") for name in ("received", "returned", "unused", "used")]),
    ),
    (
        "of_votes",
        "arrayStringConcat(arrayMap((k, v) -> concat('\"', k, '\":', ifNull(toString(v), 'null')), "
        f"mapKeys({_F}.votes), mapValues({_F}.votes)), ',')",
    ),
    (
        "of_words",
        "arrayStringConcat(arrayMap((k, v) -> concat('\"', k, '\":\"', v, '\"'), "
        f"mapKeys({_F}.words), mapValues({_F}.words)), ',')",
    ),
    (
        "of_images",
        "arrayStringConcat(arrayMap(i -> concat('{\"page\":', toString(i.1), ',\"sha256\":\"', i.2, '\"}'), "
        "d.payload.images), ',')",
    ),
    (
        "of_origin",
        _members(
            [
                _string("d.payload.origin.copied_at"),
                (
                    "listed",
                    "if(assumeNotNull(d.payload.origin.listed), 'true', 'false')",
                    "isNotNull(d.payload.origin.listed)",
                ),
                *[
                    _string(f"d.payload.origin.{name}")
                    for name in ("made_at", "not_counted", "observed_at", "record", "source")
                ],
            ]
        ),
    ),
    ("of_sender", _members([_string("d.submitted_by.officer"), _string("d.submitted_by.role")])),
    (
        "of_voters",
        _members(
            [_made("dpk", "of_b3"), _made("dpt", "of_b1"), _made("dptb", "of_b2"), _made("total", "of_b4")]
        ),
    ),
    (
        "of_form",
        _members(
            [
                _made("ballots", "of_papers"),
                _made("disability", "of_disability"),
                _made("dpt", "of_dpt"),
                *[_figure(f"{_F}.{name}") for name in ("invalid", "total", "valid")],
                _made("voters", "of_voters"),
                ("votes", "concat('{', of_votes, '}')", "of_votes != ''"),
                ("words", "concat('{', of_words, '}')", "of_words != ''"),
            ]
        ),
    ),
    (
        "of_payload",
        _members(
            [
                _made("form", "of_form"),
                ("images", "concat('[', of_images, ']')", "of_images != ''"),
                _string("d.payload.kind"),
                _string("d.payload.note"),
                _made("origin", "of_origin"),
                _string("d.payload.reason"),
                _string("d.payload.supersedes"),
            ]
        ),
    ),
)
"""The JSON of the parts of an event, from the inside out."""


def _written(*, identity: bool) -> str:
    """The SQL of an event's canonical JSON; `identity`: without id and signature, as its id is made."""
    fields = [
        _always("contest"),
        _string("d.device"),
        _always("election"),
        _string("d.event_id"),
        _string("d.key_id"),
        _string("d.occurred_at"),
        _made("payload", "of_payload"),
        ("schema_version", "'1'", "true"),
        _string("d.signature"),
        _always("station"),
        _made("submitted_by", "of_sender"),
        _always("type"),
    ]
    if identity:
        fields = [one for one in fields if one[0] not in ("event_id", "signature")]
    return f"concat('{{', substring({_members(fields)}, 2), '}}')"


def _listed(values: Iterable[StrEnum]) -> str:
    return f"({', '.join(text(one.value) for one in values)})"


def _all(condition: Callable[[str], str], *paths: str) -> str:
    return " AND ".join(f"(isNull({path}) OR {condition(f'assumeNotNull({path})')})" for path in paths)


_ID: Final = text(IDENTIFIER_PATTERN)
_HASH: Final = "'^[0-9a-f]{64}$'"
_TIME: Final = text(
    r"^(19[7-9][0-9]|20[0-9][0-9])-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|"
    r"(0[13578]|1[02])-31)T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""Times of an election; a stranger one, or a leap day, is left to schemas.decode."""

_PLAIN: Final = " AND ".join(
    (
        f"length(body) <= {MAX_BYTES}",
        "isValidUTF8(body)",
        "position(body, char(92)) = 0 AND NOT match(body, '[[:cntrl:]]')",
        "d.type IN ('CountSubmitted', 'CountCorrected', 'CountAnnulled')",
        "d.schema_version = 1",
        f"match(d.contest, {_ID}) AND match(d.election, {_ID}) AND match(d.station, {_ID})",
        _all(
            lambda path: f"match({path}, {_ID})",
            *("d.device", "d.key_id", "d.submitted_by.officer", "d.payload.origin.source"),
        ),
        _all(lambda path: f"match({path}, {_HASH})", "d.event_id", "d.payload.supersedes"),
        _all(
            lambda path: f"match({path}, {_TIME})",
            *("d.occurred_at", "d.payload.origin.copied_at", "d.payload.origin.made_at"),
            "d.payload.origin.observed_at",
        ),
        _all(lambda path: f"match({path}, '^[A-Za-z0-9+/]{{86}}==$')", "d.signature"),
        _all(lambda path: f"lengthUTF8({path}) <= 200", "d.payload.origin.record"),
        _all(lambda path: f"lengthUTF8({path}) <= 2000", "d.payload.note"),
        _all(lambda path: f"{path} IN {_listed(Role)}", "d.submitted_by.role"),
        _all(lambda path: f"{path} IN {_listed(CountKind)}", "d.payload.kind"),
        _all(lambda path: f"{path} IN {_listed(NotCounted)}", "d.payload.origin.not_counted"),
        "isNull(d.submitted_by.officer) = isNull(d.submitted_by.role)",
        "isNull(d.payload.origin.source) = isNull(d.payload.origin.record)",
        "(isNotNull(d.payload.origin.source) OR (isNull(d.payload.origin.listed) AND "
        "isNull(d.payload.origin.copied_at) AND isNull(d.payload.origin.made_at) AND "
        "isNull(d.payload.origin.observed_at) AND isNull(d.payload.origin.not_counted)))",
        f"length(d.payload.form.votes) <= {MAX_OPTIONS} AND length(d.payload.form.words) <= {MAX_OPTIONS}",
        "arraySort(mapKeys(d.payload.form.votes)) = mapKeys(d.payload.form.votes)",
        "arraySort(mapKeys(d.payload.form.words)) = mapKeys(d.payload.form.words)",
        "length(arrayDistinct(mapKeys(d.payload.form.votes))) = length(d.payload.form.votes)",
        "length(arrayDistinct(mapKeys(d.payload.form.words))) = length(d.payload.form.words)",
        "arrayAll(k -> match(k, '^[0-9]{1,3}([.][0-9]{1,2})?$'), mapKeys(d.payload.form.votes))",
        "arrayAll(k -> match(k, '^([0-9]{1,3}([.][0-9]{1,2})?|valid|invalid|total)$'), "
        "mapKeys(d.payload.form.words))",
        "arrayAll(v -> lengthUTF8(v) <= 120, mapValues(d.payload.form.words))",
        "length(d.payload.images) <= 40",
        "arrayAll(i -> i.1 BETWEEN 1 AND 99 AND match(i.2, " + _HASH + "), d.payload.images)",
        f"NOT match(body, '[:,][0-9]{{{len(str(MAX_FIGURE)) + 1},}}[,}}]')",
        "multiIf("
        "d.type = 'CountSubmitted', isNull(d.payload.reason) AND isNull(d.payload.supersedes) AND "
        "isNull(d.payload.note) AND of_form != '', "
        f"d.type = 'CountCorrected', ifNull(d.payload.reason IN {_listed(CorrectionReason)}, false) AND "
        "isNotNull(d.payload.supersedes) AND of_form != '', "
        f"ifNull(d.payload.reason IN {_listed(AnnulmentReason)}, false) AND isNotNull(d.payload.supersedes) "
        "AND isNull(d.payload.kind) AND empty(d.payload.images) AND of_form = '')",
        f"{_written(identity=False)} = body",
    )
)
"""Whether bytes are plainly a count event; nothing here says that other bytes are none."""

EVENT_COLUMNS: Final = (
    "partition, at, key, id, d.type AS type, d.election AS election, d.contest AS contest, "
    "d.station AS unit, d.occurred_at AS occurred_at, d.submitted_by.role AS role, d.payload.kind AS kind, "
    "d.payload.reason AS why, d.payload.supersedes AS supersedes, d.payload.origin.listed AS said_listed, "
    "d.payload.origin.not_counted AS not_counted, d.payload.form AS form, "
    "JSONType(body, 'payload', 'form', 'ballots') = 'Object' AS has_papers"
)


_PLAIN_SIGNER: Final = (
    "CAST(if(isNull(d.key_id) AND isNull(d.signature), '', NULL) AS Nullable(String)) AS signer, "
    "toUInt32(0) AS seq"
)
"""Of an event that is plainly one: it has no sequence number, and so no signature that could hold."""


class Refused(NamedTuple):
    """What is no event: where it stands, and why."""

    partition: int
    at: int
    reason: str


class Other(NamedTuple):
    """An event that is no count: where it stands, and what it says. `identity` are the bytes that its id is
    the hash of, `sender` who sent it (None: nobody by that signature)."""

    partition: int
    at: int
    key: bytes | None
    id: str
    event: AnyEvent
    identity: bytes
    sender: Sender | None


CHECKS: Final[Step] = (
    *_OBJECTS,
    ("is_shaped", _PLAIN),
    ("id", f"lower(hex(SHA256({_written(identity=True)})))"),
)


class Chunk(NamedTuple):
    """Some entries of the log as events: `source` selects the count events, EVENT_COLUMNS, from the table
    `parsed` and what is beside it; the rest are other events and what is no event."""

    source: str
    parsed: str
    others: list[Other]
    refused: list[Refused]


def read_chunk(engine: Engine, partition: int, files: Sequence[Path]) -> Chunk:
    """The events of some Parquet files of a partition."""
    entries = " UNION ALL ".join(
        f"SELECT toUInt64(index) AS at, CAST(key AS Nullable(String)) AS key, CAST(body AS String) AS body "
        f"FROM {parquet(path)}"
        for path in files
    )
    table = engine.steps(
        "parsed",
        f"SELECT toUInt32({partition}) AS partition, at, key, body, "
        f"JSONExtract(body, {text(EVENT_TYPE)}) AS d FROM ({entries})",
        [CHECKS],
    )
    plain = "is_shaped AND ifNull(d.event_id = id, true)"
    rest = engine.rows(
        f"SELECT at, hex(key) AS key, hex(body) AS body FROM {table} WHERE NOT ({plain}) ORDER BY at"
    )
    source = f"SELECT {EVENT_COLUMNS}, {_PLAIN_SIGNER} FROM {table} WHERE {plain}"
    others: list[Other] = []
    refused: list[Refused] = []
    events: list[dict[str, Any]] = []
    for at, key, kept in zip(*[rest[name].to_pylist() for name in ("at", "key", "body")], strict=True):
        body, place = bytes.fromhex(kept), None if key is None else bytes.fromhex(key)
        try:
            decoded = decode(body)
        except Rejected as error:
            refused.append(Refused(partition, at, error.rejection.reason.value))
            continue
        event, identity = decoded.event, decoded.identity
        sender = sender_of(event, identity) if isinstance(event, Report) else None
        if not isinstance(event, CountEvent):
            others.append(Other(partition, at, place, decoded.event_id, event, identity, sender))
            continue
        events.append(
            {
                "at": at,
                "key": place,
                "id": decoded.event_id,
                "body": dumps(json.loads(body)),
                "signer": None if sender is None else sender.key,
                "seq": 0 if sender is None else sender.seq,
            }
        )
    if events:
        schema = pa.schema(
            [
                *(("at", pa.uint64()), ("key", pa.binary()), ("id", pa.string()), ("body", pa.binary())),
                *(("signer", pa.string()), ("seq", pa.uint32())),
            ]
        )
        added = engine.file(pa.Table.from_pylist(events, schema=schema))
        source += (
            f" UNION ALL SELECT {EVENT_COLUMNS}, signer, seq FROM (SELECT toUInt32({partition}) AS "
            "partition, at, CAST(key AS Nullable(String)) AS key, id, CAST(body AS String) AS body, "
            "CAST(signer AS Nullable(String)) AS signer, seq, "
            f"JSONExtract(body, {text(EVENT_TYPE)}) AS d FROM {added})"
        )
    return Chunk(source, table, others, refused)
