"""A count small enough to add up by hand, as rows of the projection's tables.

Two provinces with one village and five stations together; abroad there is no DPD. Eight messages came in.
Nothing is computed here: every figure is written down, so that a query that adds or drops something is seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

from schemas.canonical import event_id
from schemas.decode import encode
from schemas.tables import TABLES

ELECTION: Final = "pemilu2024"
START: Final = datetime(2024, 2, 14, 8, 0, tzinfo=UTC)
VILLAGE: Final = "1101012001"


def minute(number: int) -> datetime:
    """The time so many minutes after the first event."""
    return START + timedelta(minutes=number)


def insert(client: Client, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows; columns that a row leaves out are null, or the zero of their type."""
    schema = TABLES[table]
    rows = list(rows)
    columns = [
        _array(field, [row.get(field.name, None if field.nullable else _zero(field)) for row in rows])
        for field in schema
    ]
    client.insert_arrow(table, pa.table(columns, schema=schema))


def _array(field: pa.Field, values: list[Any]) -> pa.Array:
    if field.name == "body":  # bytes as they came, UTF-8 or not
        anything = pc.CastOptions(target_type=field.type, allow_invalid_utf8=True)
        return pc.cast(pa.array(values, pa.binary()), options=anything)
    return pa.array(values, field.type)


def _zero(field: pa.Field) -> Any:
    if field.name == "election":
        return ELECTION
    if pa.types.is_timestamp(field.type):
        return START
    if pa.types.is_map(field.type):
        return {}
    if pa.types.is_list(field.type):
        return []
    return "" if pa.types.is_string(field.type) else 0


REGIONS: Final = (
    # unit, parent, level, name, province, district, subdistrict, stations, registered
    ("0", "", "nation", "INDONESIA", "", "", "", 5, 600),
    ("11", "0", "province", "ACEH", "11", "", "", 3, 600),
    ("1101", "11", "district", "ACEH SELATAN", "11", "1101", "", 3, 600),
    ("110101", "1101", "subdistrict", "BAKONGAN", "11", "1101", "110101", 3, 600),
    (VILLAGE, "110101", "village", "KEUDE BAKONGAN", "11", "1101", "110101", 3, 600),
    ("-99", "0", "province", "LUAR NEGERI", "-99", "", "", 2, None),
    ("-991", "-99", "district", "MALAYSIA", "-99", "-991", "", 2, None),
    ("-9913", "-991", "subdistrict", "KUALA LUMPUR", "-99", "-991", "-9913", 2, None),
    ("-991304", "-9913", "village", "KBRI", "-99", "-991", "-9913", 2, None),
)
STATIONS: Final = (
    ("1101012001001", VILLAGE, 1, 200),
    ("1101012001002", VILLAGE, 2, 200),
    ("1101012001010", VILLAGE, 10, 200),
    ("-991304-001", "-991304", 1, None),
    ("-991304-002", "-991304", 2, None),
)
UNLISTED: Final = "1101012001099"


def _message(number: int, type_: str, station: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": type_,
        "schema_version": 1,
        "election": ELECTION,
        "contest": "PPWP",
        "station": station,
        "occurred_at": minute(number - 1).isoformat(),
        "submitted_by": {"officer": f"kpps-{number}", "role": "kpps"},
        "device": f"phone-{number}",
        "payload": payload,
    }


def _form(one: int | None, two: int | None, valid: int | None, invalid: int | None) -> dict[str, Any]:
    voters = None if valid is None or invalid is None else {"total": {"j": valid + invalid}}
    return {"votes": {"1": one, "2": two}, "valid": valid, "invalid": invalid, "voters": voters}


def messages() -> list[bytes]:
    """The log: the bytes at each position."""
    first = _message(0, "CountSubmitted", "1101012001001", {"form": _form(100, 0, 100, 5)})
    second = _message(1, "CountSubmitted", "1101012001002", {"form": _form(60, 7, 70, 1)})
    corrected = {"form": _form(101, 0, 101, 5), "supersedes": event_id(first), "reason": "pembetulan"}
    annulled = {"supersedes": event_id(second), "reason": "revote_ordered", "note": "PSU 24-02"}
    return [
        encode(first),
        encode(second),
        encode(_message(2, "CountCorrected", "1101012001001", {**corrected, "note": "salah tulis"})),
        encode(_message(3, "CountSubmitted", "1101012001002", {"form": _form(61, 7, 68, 1)})),
        encode(_message(4, "CountSubmitted", UNLISTED, {"form": _form(3, 4, 7, 0)})),
        encode(_message(5, "CountAnnulled", "1101012001002", annulled)),
        b"\xff{",
        encode(_message(7, "CountSubmitted", "1101012001010", {"form": _form(None, None, None, None)})),
    ]


def fill(client: Client) -> None:
    """Insert the whole world."""
    columns = (
        "unit",
        "parent",
        "level",
        "name",
        "province",
        "district",
        "subdistrict",
        "stations",
        "registered",
    )
    insert(client, "region", [dict(zip(columns, region, strict=True)) for region in REGIONS])
    insert(
        client,
        "register_station",
        [
            {"unit": unit, "village": village, "number": number, "registered": registered, "listed": True}
            for unit, village, number, registered in STATIONS
        ],
    )
    insert(client, "tally_history", [*_expectations(), *_snapshots()])
    insert(client, "station_history", _counts())
    insert(client, "finding", _findings())
    insert(client, "event", _events())
    insert(client, "rejected", _rejected())
    insert(client, "sink_position", [{"position": 7, "recorded_at": minute(7)}])


def _place(village: str) -> dict[str, Any]:
    return {"village": village, "subdistrict": "110101", "district": "1101", "province": "11"}


def _expectations() -> Iterable[dict[str, Any]]:
    """The snapshots of version 0, one for each region and contest that is held there."""
    for unit, parent, level, _, _, _, _, stations, registered in REGIONS:
        row = {"level": level, "parent": parent, "unit": unit, "registered": registered}
        row["registered_outstanding"] = None if unit == "0" else registered  # abroad nobody knows
        none = {"1": 0, "2": 0}
        yield {**row, "contest": "PPWP", **_nothing(none), "stations_expected": stations}
        if not unit.startswith("-"):
            none = {"11:21": 0}
            row["registered_outstanding"] = registered
            yield {**row, "contest": "DPD", **_nothing(none), "stations_expected": 3}


def _nothing(none: dict[str, int]) -> dict[str, Any]:
    names = ("votes", "clean_votes", "share_votes", "clean_share_votes")
    forms = dict.fromkeys(("votes_forms", "clean_votes_forms"), [0] * len(none))
    return {**dict.fromkeys(names, none), **forms}


THEN: Final[dict[str, Any]] = {
    "version": 3,
    "votes": {"1": 161, "2": 7},
    "valid": 171,
    "invalid": 6,
    "voters": 177,
    "registered_received": 400,
    "stations_received": 2,
    "stations_clean": 1,
    "stations_flagged": 1,
    "clean_votes": {"1": 101, "2": 0},
    "clean_valid": 101,
    "clean_invalid": 5,
    "clean_voters": 106,
    "votes_forms": [2, 2],
    "valid_forms": 2,
    "invalid_forms": 2,
    "voters_forms": 2,
    "share_forms": 2,
    "share_total": 168,
    "share_votes": {"1": 161, "2": 7},
    "clean_votes_forms": [1, 1],
    "clean_valid_forms": 1,
    "clean_invalid_forms": 1,
    "clean_voters_forms": 1,
    "clean_share_forms": 1,
    "clean_share_total": 101,
    "clean_share_votes": {"1": 101, "2": 0},
}
"""Aceh after position 2: one station corrected, the other in but flagged."""
NOW: Final[dict[str, Any]] = {
    "version": 6,
    "votes": {"1": 104, "2": 4},
    "valid": 108,
    "invalid": 5,
    "voters": 113,
    "registered_received": 400,  # two stations of 200
    "stations_received": 3,
    "stations_clean": 2,
    "stations_blank": 1,
    "stations_annulled": 1,
    "stations_unlisted": 1,
    "clean_votes": {"1": 104, "2": 4},
    "clean_valid": 108,
    "clean_invalid": 5,
    "clean_voters": 113,
    "votes_forms": [2, 2],
    "valid_forms": 2,
    "invalid_forms": 2,
    "voters_forms": 2,
    "share_forms": 2,
    "share_total": 108,
    "share_votes": {"1": 104, "2": 4},
    "clean_votes_forms": [2, 2],
    "clean_valid_forms": 2,
    "clean_invalid_forms": 2,
    "clean_voters_forms": 2,
    "clean_share_forms": 2,
    "clean_share_total": 108,
    "clean_share_votes": {"1": 104, "2": 4},
}
"""Aceh after all: the second station's count annulled, an unlisted station in, a blank form in."""


def _snapshots() -> Iterable[dict[str, Any]]:
    for unit, parent, level, _, _, _, _, stations, registered in REGIONS:
        if unit.startswith("-"):
            continue
        for moment, cells in ((2, THEN), (7, NOW)):
            yield {
                "contest": "PPWP",
                "level": level,
                "parent": parent,
                "unit": unit,
                "recorded_at": minute(moment),
                "position": moment,
                "registered": registered,
                "registered_outstanding": None if unit == "0" else 600 - cells["registered_received"],
                "stations_expected": stations,
                **cells,
            }


def _counts() -> Iterable[dict[str, Any]]:
    def count(position: int, unit: str, version: int, status: str, **more: Any) -> dict[str, Any]:
        return {
            "contest": "PPWP",
            "unit": unit,
            **_place(VILLAGE),
            "version": version,
            "recorded_at": minute(position),
            "position": position,
            "event_id": json.loads(messages()[position])["event_id"],
            "type": json.loads(messages()[position])["type"],
            "status": status,
            "listed": unit != UNLISTED,
            "kind": "" if status == "annulled" else "regular",
            "registered": None if unit == UNLISTED else 200,
            "complete": "votes" in more,
            **more,
        }

    def figures(one: int, two: int, valid: int, invalid: int) -> dict[str, Any]:
        votes = {"1": one, "2": two}
        return {"votes": votes, "valid": valid, "invalid": invalid, "voters": valid + invalid}

    yield count(0, "1101012001001", 1, "clean", **figures(100, 0, 100, 5))
    yield count(1, "1101012001002", 1, "flagged", **figures(60, 7, 70, 1), rules=["R06"])
    yield count(2, "1101012001001", 2, "clean", **figures(101, 0, 101, 5))
    yield count(4, UNLISTED, 1, "clean", **figures(3, 4, 7, 0), rules=["unlisted_station"])
    yield count(5, "1101012001002", 2, "annulled")
    yield count(7, "1101012001010", 1, "blank", rules=["R19"])


def _findings() -> Iterable[dict[str, Any]]:
    for position, unit, rule, severity, numbers in (
        (1, "1101012001002", "R06", "hard", {"sum": 67, "valid": 70}),
        (4, UNLISTED, "unlisted_station", "soft", {}),
        (7, "1101012001010", "R19", "hard", {}),
    ):
        yield {
            "contest": "PPWP",
            "unit": unit,
            **_place(VILLAGE),
            "version": 1,
            "rule": rule,
            "place": "V.A" if rule == "R06" else "",
            "severity": severity,
            "numbers": numbers,
            "sentence_id": f"{rule} dalam bahasa Indonesia",
            "sentence_en": f"{rule} in English",
            "recorded_at": minute(position),
            "position": position,
        }


def _events() -> Iterable[dict[str, Any]]:
    outcomes = {3: ("rejected", "already_counted"), 6: ("rejected", "malformed")}
    versions = {0: 1, 1: 1, 2: 2, 4: 1, 5: 2, 7: 1}
    for position, raw in enumerate(messages()):
        outcome, reason = outcomes.get(position, ("accepted", ""))
        said = {} if reason == "malformed" else json.loads(raw)
        yield {
            "position": position,
            "recorded_at": minute(position),
            "event_id": said.get("event_id", ""),
            "type": said.get("type", ""),
            "contest": said.get("contest", ""),
            "unit": said.get("station", ""),
            "occurred_at": minute(position - 1) if said else None,
            "outcome": outcome,
            "reason": reason,
            "version": versions.get(position, 0),
            "body": raw,
        }


def _rejected() -> Iterable[dict[str, Any]]:
    for row in _events():
        if row["outcome"] == "rejected":
            kept = {
                name: row[name] for name in ("position", "recorded_at", "event_id", "type", "contest", "unit")
            }
            reason = row["reason"]
            yield {
                **kept,
                "reason": reason,
                "body": row["body"],
                "sentence_id": f"{reason} dalam bahasa Indonesia",
                "sentence_en": f"{reason} in English",
            }
