"""What the rules found in the forms in force and across stations: one by one, or counted by rule.

A finding that a later version of the form put right is not listed: `queries.history` shows it. The lists
accuse nobody; they are in the order of the stations, not of any suspicion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.places import STATION_NAMES, bound, inside, locate
from queries.rows import Row, in_utc, select

# The versions in force that have findings at all are few: a small set to look findings up in.
_OF_FORMS: Final = """
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

# What is found across stations has no station where it is about a whole village.
_ACROSS: Final = """
FROM finding_across
WHERE election = {{election:String}}
    AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
    AND (empty({{rules:Array(String)}}) OR rule IN {{rules:Array(String)}})
    AND ({inside})
"""

ACROSS: Final = frozenset({"R29", "R30"})
"""The rules whose findings are in the view `finding_across`."""

_COLUMNS: Final = """
SELECT contest, if(unit = village, NULL, unit) AS station, village, subdistrict, district, province,
    toUInt64(version) AS version, rule, severity, tag, place, numbers, sentence_id, sentence_en, recorded_at,
    partition, position
"""

_LIST: Final = """
SELECT contest, station, nullIf(known_name, '') AS name, village, subdistrict, district, province, version,
    rule, severity, tag, place, numbers, sentence_id, sentence_en, recorded_at, partition, position
FROM ({asked}) AS found
ANY LEFT JOIN ({names}) AS named ON found.station = named.named_unit
ORDER BY {order} contest, length(province), province, length(district), district, length(village), village,
    length(station) NULLS FIRST, station NULLS FIRST, rule, place
{limit}
"""

_COUNT: Final = """
SELECT contest, rule, severity, count() AS count, if(count(station) = 0, NULL, uniqExact(station)) AS stations
FROM ({asked})
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
    of_forms: bool = False,
) -> Iterator[Row]:
    """One row for each finding: `{contest, station, name, village, subdistrict, district, province, version,
    rule, severity, tag, place, numbers, sentence: {id, en}, recorded_at, partition, position}`.

    `region` may be a region of any level or a station. Raises Unanswerable for an unknown one. `station` is
    None where a finding is about a village, `name` where the list does not name the station. With `of_forms`
    those that compare stations are left out: to find them, all stations are read.
    """
    asked, where = _asked(client, election, rules, region, contests, of_forms=of_forms)
    order = "recorded_at DESC, partition, position DESC," if newest_first else ""
    cut = "" if limit is None else "LIMIT {limit:UInt64}"
    if limit is not None:
        asked["limit"] = limit
    for row in select(client, _LIST.format(asked=where, names=STATION_NAMES, order=order, limit=cut), asked):
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
    one place, so `count` is not below `stations`; None where findings are about villages."""
    asked, where = _asked(client, election, rules, region, contests)
    return list(select(client, _COUNT.format(asked=where), asked))


def _asked(
    client: Client,
    election: str,
    rules: Sequence[str],
    region: str | None,
    contests: Sequence[str],
    *,
    of_forms: bool = False,
) -> tuple[dict[str, Any], str]:
    place = None if region is None else locate(client, election, region)
    parameters = {"election": election, "rules": list(rules), "contests": list(contests), **bound(place)}
    where = inside(place)
    of_all = _COLUMNS + _OF_FORMS.format(inside=where)
    if not of_forms and (not rules or ACROSS & set(rules)):
        of_all = f"{of_all} UNION ALL {_COLUMNS}{_ACROSS.format(inside=where)}"
    return parameters, of_all
