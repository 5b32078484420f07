"""What the rules found in the forms in force: one by one, or counted by rule.

A finding that a later version of the form put right is not listed: `queries.history` shows it. The lists
accuse nobody; they are in the order of the stations, not of any suspicion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.places import bound, inside, locate
from queries.rows import Row, in_utc, select

# The versions in force that have findings at all are few: a small set to look findings up in.
_ASKED: Final = """
FROM finding FINAL
WHERE election = {{election:String}}
    AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
    AND (empty({{rules:Array(String)}}) OR rule IN {{rules:Array(String)}})
    AND ({inside})
    AND (contest, unit, version) IN (
        SELECT contest, unit, version FROM station FINAL
        WHERE election = {{election:String}} AND notEmpty(rules) AND ({inside})
    )
"""

_LIST: Final = """
SELECT contest, unit AS station, village, subdistrict, district, province, version, rule, severity, tag,
    place, numbers, sentence_id, sentence_en, recorded_at, partition, position
{asked}
ORDER BY {order} contest, length(province), province, length(district), district, length(village), village,
    length(station), station, rule, place
{limit}
"""

_COUNT: Final = """
SELECT contest, rule, severity, count() AS count, uniqExact(unit) AS stations
{asked}
GROUP BY contest, rule, severity
ORDER BY contest, rule, severity
"""


def findings(
    client: Client,
    election: str,
    *,
    rules: Sequence[str] = (),
    region: str | None = None,
    contests: Sequence[str] = (),
    limit: int | None = None,
    newest_first: bool = False,
) -> Iterator[Row]:
    """One row for each finding: `{contest, station, village, subdistrict, district, province, version, rule,
    severity, tag, place, numbers, sentence: {id, en}, recorded_at, partition, position}`.

    `region` may be a region of any level or a station. Raises Unanswerable for an unknown one.
    """
    asked, where = _asked(client, election, rules, region, contests)
    order = "recorded_at DESC, partition, position DESC," if newest_first else ""
    cut = "" if limit is None else "LIMIT {limit:UInt64}"
    if limit is not None:
        asked["limit"] = limit
    for row in select(client, _LIST.format(asked=where, order=order, limit=cut), asked):
        row["sentence"] = {"id": row.pop("sentence_id"), "en": row.pop("sentence_en")}
        row["recorded_at"] = in_utc(row["recorded_at"])
        yield row


def count_findings(
    client: Client,
    election: str,
    *,
    rules: Sequence[str] = (),
    region: str | None = None,
    contests: Sequence[str] = (),
) -> list[Row]:
    """`{contest, rule, severity, count, stations}` by contest and rule: a form may fail a rule in more than
    one place, so `count` is not below `stations`."""
    asked, where = _asked(client, election, rules, region, contests)
    return list(select(client, _COUNT.format(asked=where), asked))


def _asked(
    client: Client, election: str, rules: Sequence[str], region: str | None, contests: Sequence[str]
) -> tuple[dict[str, Any], str]:
    place = None if region is None else locate(client, election, region)
    parameters = {"election": election, "rules": list(rules), "contests": list(contests), **bound(place)}
    return parameters, _ASKED.format(inside=inside(place))
