"""How a unit came to its present count: every version, what changed from one to the next, why, and who.

Nothing is left out: messages about a station that were rejected stand between its versions. Who somebody is
behind an officer's id is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.events import of_unit
from queries.results import COLUMNS, shaped
from queries.rows import Row, first, in_utc, select
from schemas.regions import Level
from schemas.tables import MANY_PARTITIONS

_NAME: Final = """
SELECT nullIf(name, '') AS name FROM register_station FINAL
WHERE election = {election:String} AND unit = {unit:String}
"""
_VERSIONS: Final = """
SELECT partition, position, contest, version, status, listed, kind, votes, valid, invalid, voters
FROM station_history FINAL WHERE election = {election:String} AND unit = {unit:String}
"""
_FINDINGS: Final = """
SELECT partition, position, rule, severity, place, tag, numbers, sentence_id, sentence_en
FROM finding FINAL WHERE election = {election:String} AND unit = {unit:String} ORDER BY rule, place
"""
_REJECTED: Final = """
SELECT partition, position, reason, sentence_id, sentence_en
FROM rejected FINAL WHERE election = {election:String} AND unit = {unit:String}
"""
_SNAPSHOTS: Final = f"""
SELECT contest, parent, recorded_at, partition, position, {COLUMNS}
FROM tally_history FINAL
WHERE election = {{election:String}} AND level = {{level:String}} AND unit = {{unit:String}}
    AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
ORDER BY contest, version
"""

_FIGURES: Final = ("valid", "invalid", "voters")
_FORM_ORDER: Final = (
    *("dpt", "dptb", "dpk"),
    *("voters", "ballots", "disability", "votes", "valid", "invalid", "total", "words"),
)
"""Blocks and their fields as on the form: stored documents have their keys by alphabet."""


def station_history(client: Client, election: str, station: str, contests: tuple[str, ...] = ()) -> list[Row]:
    """One row for each event about a station, oldest first, accepted ones with the version they made:

    `{partition, position, recorded_at, name, contest, event_id, type, outcome, version, status, listed, kind,
    reason, note, supersedes, submitted_by, device, occurred_at, origin, votes, valid, invalid, voters,
    changes, findings, rejected}`. `changes` are `{cell, before, after}` of the form against the last accepted
    one of the same contest; `reason` is that of a correction or annulment, `rejected` `{reason, sentence}` of
    a rejected one.
    """
    asked = {"election": election, "unit": station}
    name = (first(client, _NAME, asked) or {}).get("name")
    versions = {_place(row): row for row in select(client, _VERSIONS, asked)}
    found: dict[tuple[int, int], list[Row]] = {}
    for row in select(client, _FINDINGS, asked):
        found.setdefault(_place(row), []).append(_with_sentence(row))
    rejected = {_place(row): _with_sentence(row) for row in select(client, _REJECTED, asked)}
    last: dict[str, dict[str, Any]] = {}
    rows = []
    for event in of_unit(client, election, station):
        contest = event["contest"]
        if contests and contest not in contests:
            continue
        place = event["partition"], event["position"]
        version = versions.get(place)
        document = event["event"] or {}
        payload = document.get("payload") or {}
        form = cells_of(payload.get("form") or {})
        changes = []
        if version is not None and payload.get("form") is not None:  # also a form with nothing on it
            changes = differences(last[contest], form) if contest in last else []
            last[contest] = form
        rows.append(
            {
                "partition": event["partition"],
                "position": event["position"],
                "recorded_at": event["recorded_at"],
                "name": name,
                "contest": contest,
                "event_id": event["event_id"],
                "type": event["type"],
                "outcome": event["outcome"],
                "version": version and version["version"],
                "status": version and version["status"],
                "listed": version and version["listed"],
                "kind": (version and version["kind"]) or None,
                "reason": payload.get("reason"),
                "note": payload.get("note"),
                "supersedes": payload.get("supersedes"),
                "submitted_by": document.get("submitted_by"),
                "device": document.get("device"),
                "occurred_at": event["occurred_at"],
                "origin": payload.get("origin"),
                "votes": version and (version["votes"] if version["status"] != "annulled" else None),
                **{figure: version and version[figure] for figure in _FIGURES},
                "changes": changes,
                "findings": found.get(place, []),
                "rejected": rejected.get(place),
            }
        )
    return rows


def region_history(
    client: Client, election: str, region: str, level: Level, contests: tuple[str, ...] = ()
) -> Iterator[Row]:
    """The snapshots of a region's totals, oldest first: rows as of `queries.results`, and with them
    `recorded_at`, `partition`, `position` and `changes` (`{cell, before, after}` against the snapshot
    before). Totals that add up several partitions of the log have neither partition nor position."""
    before: dict[str, dict[str, Any]] = {}
    asked = {"election": election, "unit": region, "level": level.value, "contests": list(contests)}
    for row in select(client, _SNAPSHOTS, asked):
        contest = row["contest"]
        snapshot = shaped({**row, "name": None}, contest, level)
        del snapshot["name"]
        cells = cells_of({key: snapshot[key] for key in ("votes", *_FIGURES, "stations")})
        snapshot["recorded_at"] = in_utc(row["recorded_at"])
        has_place = row["version"] and row["partition"] != MANY_PARTITIONS
        snapshot["partition"] = row["partition"] if has_place else None
        snapshot["position"] = row["position"] if has_place else None
        snapshot["changes"] = differences(before[contest], cells) if contest in before else []
        before[contest] = cells
        yield snapshot


def cells_of(form: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The cells of a form by their path (`voters.dpt.j`, `votes.2`); absent and null ones are left out."""
    cells: dict[str, Any] = {}
    for name, value in sorted(form.items(), key=_as_on_the_form):
        if isinstance(value, Mapping):
            cells.update(cells_of(value, f"{prefix}{name}."))
        elif value is not None:
            cells[f"{prefix}{name}"] = value
    return cells


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Row]:
    """`{cell, before, after}` for each cell that is not the same; None: not given."""
    return [
        {"cell": cell, "before": before.get(cell), "after": after.get(cell)}
        for cell in dict.fromkeys((*before, *after))
        if before.get(cell) != after.get(cell)
    ]


def _as_on_the_form(cell: tuple[str, Any]) -> tuple[int, list[tuple[int, str]]]:
    name = cell[0]
    block = _FORM_ORDER.index(name) if name in _FORM_ORDER else len(_FORM_ORDER)
    return block, [(len(part), part) for part in name.split(".")]


def _place(row: Row) -> tuple[int, int]:
    """The partition and position of a row, taken out of it."""
    return row.pop("partition"), row.pop("position")


def _with_sentence(row: Row) -> Row:
    row["sentence"] = {"id": row.pop("sentence_id"), "en": row.pop("sentence_en")}
    return row


def most_versions(client: Client, election: str, contest: str) -> str | None:
    """The station whose count was replaced most often: where there is most to see. None: none has one."""
    row = first(
        client,
        "SELECT unit FROM station FINAL WHERE election = {election:String} AND contest = {contest:String} "
        "ORDER BY version DESC, unit LIMIT 1",
        {"election": election, "contest": contest},
    )
    return None if row is None else str(row["unit"])
