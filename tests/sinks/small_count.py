"""A small count, written down by hand: two villages of six stations, in every state that a station can be in.

Totals are added up here in plain Python, apart from the code that adds up in the pipeline, so that the views
can be asked about numbers that are known to be right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.tables import FINDING, REJECTED, TABLES

Row = dict[str, Any]

ELECTION: Final = "pemilu2024"
CONTEST: Final = "PPWP"
OPTIONS: Final = ("1", "2", "3")
REGISTERED: Final = 250
BEGIN: Final = datetime(2024, 2, 14, 8, 0, tzinfo=UTC)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

REGIONS: Final = [
    # unit, parent, level, name
    ("0", "", "nation", "Indonesia"),
    ("11", "0", "province", "Aceh"),
    ("1101", "11", "district", "Kab. Aceh Selatan"),
    ("110101", "1101", "subdistrict", "Bakongan"),
    ("1101012001", "110101", "village", "Keude Bakongan"),
    ("1101012002", "110101", "village", "Ujong Mangki"),
]
VILLAGES: Final = ("1101012001", "1101012002")
CHAIN: Final = ("110101", "1101", "11", "0")
STATIONS: Final = {f"{village}{number:03}": village for village in VILLAGES for number in range(1, 7)}


def _at(position: int) -> datetime:
    return BEGIN + timedelta(minutes=position)


def station(
    unit: str,
    version: int,
    position: int,
    votes: Iterable[int],
    status: str = "clean",
    voters: int | None = None,
) -> Row:
    """A row of `station_history`; four invalid votes wherever there are votes."""
    counted = dict(zip(OPTIONS, votes, strict=False))
    valid = sum(counted.values()) if counted else None
    return {
        "election": ELECTION,
        "contest": CONTEST,
        "unit": unit,
        "village": unit[:10],
        "subdistrict": unit[:6],
        "district": unit[:4],
        "province": unit[:2],
        "version": version,
        "recorded_at": _at(position),
        "partition": 0,
        "position": position,
        "event_id": f"{position:064x}",
        "type": {1: "CountSubmitted"}.get(
            version, "CountAnnulled" if status == "annulled" else "CountCorrected"
        ),
        "status": status,
        "listed": True,
        "kind": "" if status == "annulled" else "regular",
        "votes": list(counted.items()),
        "valid": valid,
        "invalid": None if valid is None else 4,
        "voters": (valid + 4 if voters is None else voters) if valid is not None else None,
        "registered": REGISTERED,
        "rules": ["R06"] if status == "flagged" else ["R19"] if status == "blank" else [],
        "complete": len(counted) == len(OPTIONS),
    }


def station_rows() -> list[Row]:
    """Every accepted count, in log order: first counts, a correction, an annulment; one station is silent."""
    first, second = VILLAGES
    rows = [station(f"{first}00{number}", 1, number, (60 + number, 100, 30)) for number in range(1, 7)]
    rows[0] = station(f"{first}001", 1, 1, (610, 100, 30), "flagged")  # a slip: 61 was read as 610
    rows += [
        station(f"{first}001", 2, 7, (61, 100, 30)),  # put right
        station(f"{second}001", 1, 8, (50, 90, 20)),
        station(f"{second}002", 1, 9, (), "blank"),
        station(f"{second}003", 1, 10, (70, 95, 25), "flagged"),
        station(f"{second}004", 1, 11, (80, 85, 35)),
        station(f"{second}004", 2, 12, (), "annulled"),  # a re-vote was ordered
        station(f"{second}005", 1, 13, (10, 15, 5)),  # a turnout unlike its neighbours'
    ]
    unlisted = station(f"{second}901", 1, 14, (80, 90, 20)) | {"listed": False, "registered": None}
    return [*rows, unlisted]


def tally_rows(stations: list[Row], position: int) -> list[Row]:
    """The snapshot of every region after `stations`, added up from the highest version of each."""
    in_force: dict[str, Row] = {}
    for row in stations:
        in_force[row["unit"]] = max(in_force.get(row["unit"], row), row, key=lambda one: one["version"])
    rows = []
    for unit, parent, level, _ in REGIONS:
        below = [
            row
            for row in in_force.values()
            if unit in (row["village"], "0") or row["village"].startswith(unit)
        ]
        expected = [one for one, village in STATIONS.items() if unit == "0" or village.startswith(unit)]
        of_region = _place(unit, parent, level, len(expected), position)
        sums = _sum(below)
        to_come = of_region["registered"] - sums["registered_received"]
        rows.append(sums | of_region | {"registered_outstanding": to_come})
    return rows


def _sum(below: list[Row]) -> Row:
    received = [row for row in below if row["status"] != "annulled"]
    clean = [row for row in below if row["status"] == "clean"]

    def figure(rows: list[Row], name: str) -> int:
        return sum(row[name] or 0 for row in rows)

    def votes(rows: list[Row]) -> list[tuple[str, int]]:
        return [(option, sum(dict(row["votes"]).get(option, 0) for row in rows)) for option in OPTIONS]

    def behind(prefix: str, rows: list[Row]) -> Row:
        """How many forms give each figure, and what shares are taken of."""
        complete = [row for row in rows if row["complete"]]
        return {
            f"{prefix}votes_forms": [sum(o in dict(row["votes"]) for row in rows) for o in OPTIONS],
            **{
                f"{prefix}{name}_forms": sum(row[name] is not None for row in rows)
                for name in ("valid", "invalid", "voters")
            },
            f"{prefix}share_forms": len(complete),
            f"{prefix}share_total": sum(number for _, number in votes(complete)),
            f"{prefix}share_votes": votes(complete),
        }

    return {
        "version": figure(below, "version"),
        "votes": votes(received),
        "clean_votes": votes(clean),
        **behind("", received),
        **behind("clean_", clean),
        **{name: figure(received, name) for name in ("valid", "invalid", "voters")},
        **{f"clean_{name}": figure(clean, name) for name in ("valid", "invalid", "voters")},
        "ballots_received": 255 * len(received),
        "ballots_used": figure(received, "voters"),
        **{f"ballots_{name}_forms": len(received) for name in ("received", "used")},
        "registered_received": sum(row["registered"] for row in received if row["listed"]),
        "stations_surplus": 0,
        "stations_received": len(received),
        "stations_unlisted": sum(not row["listed"] for row in received),
        **{
            f"stations_{status}": sum(row["status"] == status for row in below)
            for status in ("clean", "flagged", "blank", "annulled")
        },
    }


def _place(unit: str, parent: str, level: str, expected: int, position: int) -> Row:
    return {
        "election": ELECTION,
        "contest": CONTEST,
        "level": level,
        "parent": parent,
        "unit": unit,
        "recorded_at": _at(position) if position else EPOCH,
        "partition": 0,
        "position": position,
        "registered": REGISTERED * expected,
        "stations_expected": expected,
    }


def finding(
    row: Row, rule: str, place: str, numbers: dict[str, int], severity: str = "hard", tag: str = ""
) -> Row:
    """What a rule found in the version `row` of a station."""
    figures = ", ".join(f"{name} {number}" for name, number in numbers.items())
    return {name: row[name] for name in FINDING.names if name in row} | {
        "rule": rule,
        "place": place,
        "severity": severity,
        "tag": tag,
        "numbers": list(numbers.items()),
        "sentence_id": f"Angka tidak cocok: {figures}.",
        "sentence_en": f"The numbers do not agree: {figures}.",
    }


def _body(event_type: str) -> str:
    """What the views read of a message: who gave which reason."""
    if event_type == "CountCorrected":
        who, payload = {"officer": "kpps-1", "role": "kpps"}, {"reason": "pembetulan"}
    elif event_type == "CountAnnulled":
        who, payload = {"officer": "kpu-1101", "role": "kpu_kabko"}, {"reason": "revote_ordered"}
    else:
        return json.dumps({"type": event_type})
    return json.dumps({"type": event_type, "submitted_by": who, "payload": payload})


def _event(row: Row, position: int, outcome: str = "accepted", reason: str = "") -> Row:
    return {
        "election": ELECTION,
        "partition": 0,
        "position": position,
        "recorded_at": _at(position),
        "event_id": f"{position:064x}" if reason != "malformed" else "",
        "type": row.get("type", ""),
        "contest": row.get("contest", ""),
        "unit": row.get("unit", ""),
        "occurred_at": _at(position) - timedelta(minutes=20) if row else None,
        "outcome": outcome,
        "reason": reason,
        "version": row.get("version", 0) if not reason else 0,
        "body": _body(row["type"]) if row else "not json",
    }


def reason_event(region: str, position: int, recap: str, cell: str, reason: str, version: int = 1) -> Row:
    """A reason that was stated for a difference of a certified document, as the log's mirror has it."""
    payload = {"recap": recap, "cell": cell, "reason": reason, "signer": "kpu-1101"}
    who = {"officer": "kpu-1101", "role": "kpu_kabko"}
    body = {"type": "RecapReasonStated", "submitted_by": who, "payload": payload}
    place = {"type": "RecapReasonStated", "contest": CONTEST, "unit": region, "version": version}
    return _event(place, position) | {"body": json.dumps(body)}


def _rejected(event: Row) -> Row:
    return {name: event[name] for name in REJECTED.names if name in event} | {
        "sentence_id": "Pesan ini ditolak.",
        "sentence_en": "This message is rejected.",
    }


def recap(level: str, unit: str, version: int, votes: Iterable[int], **cells: int | None) -> Row:
    """A certified document."""
    certified = dict(zip(OPTIONS, votes, strict=True))
    return {
        "election": ELECTION,
        "contest": CONTEST,
        "level": level,
        "unit": unit,
        "version": version,
        "recorded_at": _at(20 + version),
        "partition": 0,
        "position": 20 + version,
        "event_id": f"{20 + version:064x}",
        "document": f"D.Hasil {unit}/{version}",
        "votes": list(certified.items()),
        "valid": cells.get("valid", sum(certified.values())),
        "invalid": cells.get("invalid"),
        "voters": cells.get("voters"),
    }


def rows() -> dict[str, list[Row]]:
    """The rows of every table that is written to, by table."""
    stations = station_rows()
    slip, flagged = stations[0], stations[9]
    rejected = [
        _event(stations[7], 15, "rejected", "already_counted"),
        _event({}, 16, "rejected", "malformed"),
    ]
    return {
        "region": [
            {
                "election": ELECTION,
                "unit": unit,
                "parent": parent,
                "level": level,
                "name": name,
                "province": "" if level == "nation" else unit[:2],
                "district": unit[:4] if len(unit) >= 4 else "",
                "subdistrict": unit[:6] if len(unit) >= 6 else "",
                "stations": sum(unit == "0" or village.startswith(unit) for village in STATIONS.values()),
                "registered": REGISTERED * sum(unit == "0" or v.startswith(unit) for v in STATIONS.values()),
            }
            for unit, parent, level, name in REGIONS
        ],
        "register_station": [
            {
                "election": ELECTION,
                "unit": unit,
                "village": village,
                "number": int(unit[10:]),
                "registered": REGISTERED,
                "listed": True,
                "name": "Balai Desa" if unit.endswith("001") else "",
            }
            for unit, village in STATIONS.items()
        ],
        "event": [*(_event(row, row["position"]) for row in stations), *rejected],
        "rejected": [_rejected(event) for event in rejected],
        "station_history": stations,
        "finding": [
            finding(slip, "R06", "V.A", {"valid": 191, "sum": 740}),
            finding(slip, "R25", "IV.1", {"read": 610}, severity="soft"),
            finding(flagged, "R08", "V.C", {"total": 194, "voters": 200}, tag="recount_trigger"),
        ],
        "tally_history": [
            *tally_rows([], 0),
            *(row for row in tally_rows(stations[:6], 6) if row["version"]),  # only what changed
            *tally_rows(stations, 14),
        ],
        "recap": [
            recap("subdistrict", "110101", 1, (600, 995, 290)),
            # Option 1 has 10 less than in the forms, option 2 has 10 more.
            recap("subdistrict", "110101", 2, _shifted()),
        ],
        "sink_position": [{"election": ELECTION, "partition": 0, "position": 16, "recorded_at": _at(16)}],
    }


def _shifted() -> tuple[int, ...]:
    counted = dict(tally_rows(station_rows(), 14)[0]["votes"])
    return counted["1"] - 10, counted["2"] + 10, counted["3"]


def insert(client: Client, tables: dict[str, list[Row]]) -> None:
    """Insert rows as the pipeline does: Arrow batches of the declared columns."""
    for name, found in tables.items():
        client.insert_arrow(name, pa.Table.from_pylist(found, schema=TABLES[name]))
