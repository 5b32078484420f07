"""The rows that one entry of the log gives, made from the fold alone.

Nothing is shared here with what makes the rows that are shown (sinks.rows): two mistakes would have to be the
same. Totals are not here: they are of many entries (audit.running_totals).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from event_log.reading import LogEntry
from queries.all_rows import Row, columns_of
from schemas.events import CountAnnulled, CountCorrected, CountSubmitted, RecapCertified
from schemas.partial_event import partial_event
from schemas.regions import REGION_LEVELS, UNKNOWN, Registry
from stream_processors.assess import Assessed, AssessedCount, AssessedRecap
from stream_processors.fold import FoldedEntry

_COLUMNS: Final = {
    table: columns_of(table) for table in ("event", "station_history", "finding", "rejected", "recap")
}
_VALUES: Final = {table: itemgetter(*columns) for table, columns in _COLUMNS.items()}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rows_given(
    entry: LogEntry, folded: FoldedEntry, partition: int, registry: Registry
) -> Iterator[tuple[str, Row]]:
    """The rows that the entry gives to each table, with the values as queries.all_rows reads them."""
    one = folded.assessed
    given = _envelope(one)
    given["partition"] = partition
    given["position"] = entry.position
    given["recorded_at"] = entry.recorded_at
    given["body"] = entry.leaf.hex()
    given["version"] = folded.version
    given["outcome"] = folded.outcome
    given["reason"] = "" if folded.rejection is None else folded.rejection.reason.value
    yield _row("event", given)
    if folded.rejection is not None:
        said = folded.rejection.said
        yield _row("rejected", given | {"sentence_id": said.id, "sentence_en": said.en})
    if folded.outcome != "accepted":
        return
    if isinstance(one, AssessedCount):
        given.update(_path(registry, one.village))
        given.update(_station(one, folded))
        yield _row("station_history", given)
        for finding in folded.findings:
            of_finding = {
                "rule": finding.rule,
                "place": finding.place,
                "severity": finding.severity.value,
                "tag": finding.tag,
                "numbers": dict(finding.numbers),
                "sentence_id": finding.said.id,
                "sentence_en": finding.said.en,
            }
            yield _row("finding", given | of_finding)
    elif isinstance(one, AssessedRecap):
        yield _row("recap", given | _recap(one, registry))


@lru_cache(maxsize=1_000)
def _path(registry: Registry, village: int) -> dict[str, str]:
    """`path`, remembered for the villages of late: the stations of one often come together."""
    return path(registry, village)


def path(registry: Registry, region: int) -> dict[str, str]:
    """The ids of the regions above (and at) a region, by level; '' where there is none."""
    chain = registry.chain(region)
    above = {REGION_LEVELS[registry.depth[index]].value: registry.ids[index] for index in chain}
    return {level: above.get(level, "") for level in ("village", "subdistrict", "district", "province")}


def parent_of(registry: Registry, region: int) -> str:
    """The id of the region right above; '' of the nation."""
    parent = int(registry.parent[region])
    return "" if parent == UNKNOWN else registry.ids[parent]


def _envelope(one: Assessed) -> dict[str, Any]:
    """What the event says of itself; a message that is no event, what its bytes tell all the same."""
    decoded = one.decoded
    if decoded is None:
        return {"event_id": "", **partial_event(one.raw)._asdict(), "occurred_at": None}
    event = decoded.event
    occurred_at = None
    if event.occurred_at:
        since = datetime.fromisoformat(event.occurred_at) - _EPOCH
        occurred_at = (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
    return {
        "event_id": decoded.event_id,
        "type": event.type,
        "contest": event.contest,
        "unit": event.unit,
        "occurred_at": occurred_at,
    }


def _station(one: AssessedCount, folded: FoldedEntry) -> dict[str, Any]:
    """The form in force: a missing figure stays None, a missing option is absent."""
    event = one.decoded.event
    shared: dict[str, Any] = {
        "status": one.status.value,
        "listed": not one.unlisted,
        "registered": one.registered,
        "rules": sorted({finding.rule for finding in folded.findings}),
        "complete": one.complete,
    }
    if isinstance(event, CountAnnulled):
        return shared | {"kind": "", "votes": {}, "valid": None, "invalid": None, "voters": None}
    assert isinstance(event, (CountSubmitted, CountCorrected))
    form = event.payload.form
    voters = form.voters.total.j if form.voters is not None and form.voters.total is not None else None
    pairs = zip(one.ballot.keys, one.votes, strict=True)
    return shared | {
        "kind": event.payload.kind.value,
        "votes": {key: figure for key, figure in pairs if figure is not None},
        "valid": form.valid,
        "invalid": form.invalid,
        "voters": voters,
    }


def _recap(one: AssessedRecap, registry: Registry) -> dict[str, Any]:
    event = one.decoded.event
    assert isinstance(event, RecapCertified)
    cells = event.payload.cells
    return {
        "level": REGION_LEVELS[registry.depth[one.region]].value,
        "unit": registry.ids[one.region],
        "document": event.payload.document,
        "votes": dict(one.votes),
        "valid": cells.valid,
        "invalid": cells.invalid,
        "voters": cells.voters,
    }


def _row(table: str, values: dict[str, Any]) -> tuple[str, Row]:
    return table, _VALUES[table](values)
