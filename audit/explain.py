"""Explains every value that was ever shown of a unit: which events made it, who signed them, and why.

Values come from the projections and events from the log. A value is explained where as many accepted events
stand in the log between it and the one before as its version says; one that is not is named as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from event_log.leaf import leaf_hash
from event_log.reading import ReadableLog
from queries.all_rows import Part, columns_of, rows_of
from schemas.events import IDENTIFIER_PATTERN
from schemas.language import ExplainedError
from schemas.regions import Level, Registry
from schemas.tables import MANY_PARTITIONS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_NOT_SHOWN: Final = frozenset(
    {"contest", "level", "parent", "unit", "version", "partition", "position", "recorded_at", "event_id"}
    | {"village", "subdistrict", "district", "province", "occurred_at"}
)
"""Columns of a row that place it; all others are what is shown."""

_FOREVER: Final = 2**63 - 1


class UnknownUnit(ExplainedError):
    """Nothing is known of that unit; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Cause:
    """An event behind a value. `signer` is the key that it names; whether it signed is not checked here."""

    partition: int
    position: int
    event_id: str
    type: str
    unit: str
    recorded_at: str
    officer: str | None
    role: str | None
    signer: str | None
    reason: str | None
    supersedes: str | None


@dataclass(frozen=True, slots=True)
class Value:
    """What was shown of a unit from a moment on: the figures that changed, before and after, and the events
    that did it. `explained` None: the value adds up several partitions, and has no one place in the
    log."""

    contest: str
    version: int
    recorded_at: str
    changed: Mapping[str, tuple[Any, Any]]
    events: Sequence[Cause]
    explained: bool | None

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        return asdict(self)


def explain(
    log: ReadableLog,
    client: Client,
    election: str,
    registry: Registry,
    unit: str,
    between: tuple[datetime, datetime] | None = None,
) -> Iterator[Value]:
    """Every value of a station or region, in the order of its versions; `between`: only those that came up
    in that time. Raises UnknownUnit, Unreadable and LogUnavailable."""
    region = registry.region(unit)
    if region is None and (registry.station(unit) is None or not re.fullmatch(IDENTIFIER_PATTERN, unit)):
        raise UnknownUnit(
            id=f"Tidak ada TPS atau wilayah {unit} dalam daftar. Periksa kodenya.",
            en=f"There is no station or region {unit} in the register. Check its code.",
        )
    table = "station_history" if region is None else "tally_history"
    below = f"unit = '{unit}'"
    if region is not None and region.level is not Level.NATION:
        below = (
            f"unit IN (SELECT unit FROM station_history WHERE election = {{election:String}} AND "
            f"{region.level.value} = '{unit}')"
        )
    elif region is not None:
        below = "true"
    events = _events(client, election, below)
    first, last = (0, _FOREVER) if between is None else tuple(map(_microseconds, between))
    before: dict[str, dict[str, Any]] = {}
    for row in _rows(client, table, election, f"unit = '{unit}'"):
        earlier = before.get(row["contest"])
        before[row["contest"]] = row
        if not row["version"] or not first <= row["recorded_at"] <= last:
            continue
        causes = _causes(events, row, earlier)
        grown = row["version"] - (earlier["version"] if earlier else 0)
        summed = row["partition"] == MANY_PARTITIONS
        yield Value(
            contest=row["contest"],
            version=row["version"],
            recorded_at=_time(row["recorded_at"]),
            changed=_changed(earlier, row),
            events=[] if summed else [_cause(log, one) for one in causes],
            explained=None if summed else len(causes) == grown,
        )


def _rows(client: Client, table: str, election: str, where: str) -> list[dict[str, Any]]:
    names = columns_of(table)
    rows = [dict(zip(names, row, strict=True)) for row in rows_of(client, Part.of(table, election, where))]
    return sorted(rows, key=lambda row: (row["contest"], row["version"]))


def _events(client: Client, election: str, where: str) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """The accepted count events, by contest and partition, in their order."""
    names = columns_of("event")
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    accepted = f"outcome = 'accepted' AND type != 'RecapCertified' AND ({where})"
    for row in rows_of(client, Part.of("event", election, accepted)):
        one = dict(zip(names, row, strict=True))
        found.setdefault((one["contest"], one["partition"]), []).append(one)
    for rows in found.values():
        rows.sort(key=lambda one: int(one["position"]))
    return found


def _causes(
    events: Mapping[tuple[str, int], Sequence[dict[str, Any]]],
    row: dict[str, Any],
    earlier: dict[str, Any] | None,
) -> list[dict[str, Any]]:
    after = earlier["position"] if earlier is not None and earlier["version"] else -1
    here = events.get((row["contest"], row["partition"]), ())
    return [one for one in here if after < one["position"] <= row["position"]]


def _cause(log: ReadableLog, event: dict[str, Any]) -> Cause:
    """The event as the log has it; what the projection says of it is not taken for it."""
    partition, position = event["partition"], event["position"]
    said: dict[str, Any] = {}
    for entry in log.entries(partition, position, position + 1):
        if leaf_hash(entry.raw).hex() == event["body"]:
            said = json.loads(entry.raw)
    sender, payload = said.get("submitted_by") or {}, said.get("payload") or {}
    return Cause(
        partition=partition,
        position=position,
        event_id=event["event_id"],
        type=event["type"],
        unit=event["unit"],
        recorded_at=_time(event["recorded_at"]),
        officer=sender.get("officer"),
        role=sender.get("role"),
        signer=said.get("key_id"),
        reason=payload.get("reason"),
        supersedes=payload.get("supersedes"),
    )


def _changed(earlier: dict[str, Any] | None, row: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The figures in which two rows of a unit differ."""
    one, two = _flat(earlier or {}), _flat(row)
    return {
        name: (one.get(name), two.get(name))
        for name in dict.fromkeys((*one, *two))
        if one.get(name) != two.get(name)
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in _NOT_SHOWN:
            continue
        if isinstance(value, dict):
            flat |= {f"{name}.{option}": figure for option, figure in value.items()}
        else:
            flat[name] = list(value) if isinstance(value, (list, tuple)) else value
    return flat


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _time(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat()
