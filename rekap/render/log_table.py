"""Entries of the log as a table: when, what, about whom, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rekap.render.tables import Column, Line, Table, drawn, fits
from rekap.text import words
from rekap.text.numbers import MISSING, clock, zone_of
from schemas.language import Language, Text

Row = dict[str, Any]

ID_SHOWN: Final = 8
"""Digits of an event id: enough for `rekap log --event`."""

HAPPENED: Final = {
    "CountSubmitted": Text(id="hasil", en="counted"),
    "CountCorrected": Text(id="pembetulan", en="corrected"),
    "CountAnnulled": Text(id="pembatalan", en="annulled"),
    "RecapCertified": Text(id="pengesahan", en="certified"),
    "RecapReasonStated": Text(id="alasan", en="reason stated"),
    "ElectionOpened": Text(id="pemilihan dibuka", en="election opened"),
    "RegistrarEnrolled": Text(id="pendaftar didaftarkan", en="registrar enrolled"),
    "RegistrarRevoked": Text(id="pendaftar dicabut", en="registrar revoked"),
    "DeviceEnrolled": Text(id="perangkat didaftarkan", en="devices enrolled"),
    "DeviceRevoked": Text(id="perangkat dicabut", en="devices revoked"),
    "RuleSetChanged": Text(id="aturan berubah", en="rules changed"),
    "CountingPaused": Text(id="penghitungan dihentikan", en="counting paused"),
    "CountingResumed": Text(id="penghitungan dilanjutkan", en="counting resumed"),
}


def log_lines(
    rows: Sequence[Row],
    language: Language,
    limit: int | None,
    *,
    several: bool = False,
    head: bool = True,
) -> list[Line]:
    """The table's lines, `head` among them, and the partition where the log has `several`; without ids where
    the terminal is narrow."""
    table = _table(rows, language, several, ids=True)
    if not fits(table, limit):
        table = _table(rows, language, several, ids=False)
    lines = list(drawn(table, limit))
    return lines if head else lines[len(lines) - len(rows) :]


def _table(rows: Sequence[Row], language: Language, several: bool, *, ids: bool) -> Table:
    zone = zone_of(row["recorded_at"] for row in rows)
    columns = [
        *([Column(words.PARTITION.within(language), right=True)] if several else []),
        Column(words.POSITION.within(language), right=True, style="id"),
        Column(f"{words.RECORDED_AT.within(language)} {zone}"),
        *([Column("Id")] if ids else []),
        Column(words.EVENT.within(language)),
        Column(words.CONTEST.within(language)),
        Column(words.UNIT.within(language)),
        Column(words.DECISION.within(language), cuts=True),
    ]
    table = Table(columns)
    for place, row in enumerate(rows):
        if row["outcome"] == "rejected":
            table.styles[place] = "warn"
        happened = HAPPENED.get(row["type"])
        table.rows.append(
            [
                *([str(row["partition"])] if several else []),
                str(row["position"]),
                clock(row["recorded_at"], zone),
                *([row["event_id"][:ID_SHOWN]] if ids else []),
                happened.within(language) if happened else row["type"],
                row["contest"],
                row["unit"],
                _outcome(row, language),
            ]
        )
    return table


def _outcome(row: Row, language: Language) -> str:
    """The outcome of an entry: why it was rejected, that it repeats another one, or the version it made;
    nothing where it is not known."""
    if row["outcome"] is None:
        return MISSING
    if row["outcome"] == "rejected":
        return str(row["reason"])
    if row["outcome"] == "repeated":
        return words.REPEATED.within(language)
    if not row["version"]:
        return words.ACCEPTED.within(language)
    return f"{words.VERSION.within(language)} {row['version']}"
