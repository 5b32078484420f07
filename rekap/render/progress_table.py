"""The state of a count as a table with bars, and a sentence on how fast messages arrive.

A bar is drawn on terminals only; the numbers that it shows stand beside it everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rekap.render.stations import extra_stations, stations_in
from rekap.render.tables import Column, Line, Table, drawn, fits, paragraph
from rekap.text import words
from rekap.text.numbers import moment, whole
from schemas.language import Language, Text

if TYPE_CHECKING:
    from event_log.clock import ClockJump

Row = dict[str, Any]

ALL_STATUSES: Final = tuple(words.STATUS)
NARROWER: Final = (
    (20, ALL_STATUSES),
    (10, ALL_STATUSES),
    (20, ("flagged",)),
    (10, ("flagged",)),
    (5, ("flagged",)),
)
"""Width of the bar and the states of forms that are shown: the first that fits the terminal."""

EVENTS: Final = Text(
    id="{events} kiriman dalam log: {accepted} diterima, {rejected} ditolak. Terakhir {last}; "
    "{rate} per menit.",
    en="{events} messages in the log: {accepted} accepted, {rejected} rejected. Last {last}; "
    "{rate} a minute.",
)
NO_EVENTS: Final = Text(id="Belum ada kiriman dalam log.", en="No message is in the log yet.")
BEHIND: Final = Text(
    id="Tampilan ini tertinggal {behind} kiriman dari log.",
    en="What is shown here is {behind} messages behind the log.",
)
CAUGHT_UP: Final = Text(
    id="Semua kiriman dalam log sudah masuk ke tampilan ini.",
    en="Every message in the log is in what is shown here.",
)

JUMPED: Final = Text(
    id="Jam mesin ini pernah melompat ({number}x). Terakhir, mulai kiriman {position} (tercatat {at}), jam "
    "menunjukkan {seconds} detik {way}. Urutan dan jumlah tidak terpengaruh; periksa jamnya.",
    en="This machine's clock has jumped ({number}x). Last, from message {position} on (recorded {at}), it "
    "was {seconds} s {way}. Order and totals do not depend on it; check the clock.",
)
AHEAD: Final = Text(id="di depan", en="ahead")
BACK: Final = Text(id="di belakang", en="behind")


def bar(done: int, of: int, width: int) -> str:
    """A bar of `width` characters. Only what is complete is drawn full, and only nothing is empty."""
    filled = width * done // of if of else 0
    if done and not filled:
        return "╸" + "─" * (width - 1)
    return "━" * filled + "─" * (width - filled)


def progress_lines(rows: Sequence[Row], level: str, language: Language, limit: int | None) -> list[Line]:
    """The table: one line for each row, with as much as fits beside the numbers of stations."""
    table = _table(rows, level, language, 0, ALL_STATUSES)
    if limit is not None:
        for width, statuses in NARROWER:
            table = _table(rows, level, language, width, statuses)
            if fits(table, limit):
                break
    return list(drawn(table, limit))


def _table(
    rows: Sequence[Row], level: str, language: Language, bar_width: int, statuses: Sequence[str]
) -> Table:
    contests = len({row["contest"] for row in rows}) > 1 or level == "nation"
    regions = level != "nation" or not contests
    columns = []
    if contests:
        columns.append(Column(words.CONTEST.within(language), style="id"))
    if regions:
        columns.append(Column(words.CODE.within(language), style="id"))
        columns.append(Column(words.NAME.within(language), cuts=True))
    if bar_width:
        columns.append(Column("", style="good"))
    extra = extra_stations(rows)
    columns += [
        Column("%", right=True),
        Column(words.STATIONS.within(language), right=True),
        *(Column(word.within(language), right=True) for _, word in extra),
        *(Column(words.STATUS[status].within(language), right=True) for status in statuses),
        Column(words.VOTERS_OUT.within(language), right=True),
    ]
    table = Table(columns)
    for row in rows:
        stations = row["stations"]
        listed = stations["expected"] - row["outstanding"]["stations"]
        cells = [row["contest"]] if contests else []
        if regions:
            cells += [row["region"], row["name"]]
        if bar_width:
            cells.append(bar(listed, stations["expected"], bar_width))
        counted, share = stations_in(row, language)
        cells += [
            share,
            counted,
            *(whole(stations[step], language) for step, _ in extra),
            *(whole(stations[status], language) for status in statuses),
            whole(row["outstanding"]["registered"], language),
        ]
        table.rows.append(cells)
    return table


def behind_said(behind: int) -> Text:
    """How far what is shown is behind the log."""
    if not behind:
        return CAUGHT_UP
    return Text(
        id=BEHIND.id.format(behind=whole(behind, "id")), en=BEHIND.en.format(behind=whole(behind, "en"))
    )


def clock_lines(jumps: Sequence[ClockJump], language: Language) -> list[Line]:
    """The last jump of the machine's clock, and how many there were; nothing without one."""
    if not jumps:
        return []
    last = jumps[-1]
    said = JUMPED.within(language).format(
        number=whole(len(jumps), language),
        position=whole(last.position, language),
        seconds=whole(abs(round(last.seconds)), language),
        way=(AHEAD if last.seconds > 0 else BACK).within(language),
        at=moment(datetime.fromtimestamp(last.recorded_at / 1_000_000, UTC)),
    )
    return paragraph(said, "warn")


def arrivals(seen: Row, behind: int | None, language: Language) -> list[Line]:
    """How many messages there are, when the last came, how fast they come; `behind` are not shown yet (None:
    say nothing of that)."""
    if not seen["events"] and not behind:
        return paragraph(NO_EVENTS.within(language))
    lines: list[Line] = []
    if seen["events"]:
        lines = paragraph(
            EVENTS.within(language).format(
                events=whole(seen["events"], language),
                accepted=whole(seen["accepted"], language),
                rejected=whole(seen["rejected"], language),
                last=moment(seen["last_recorded_at"]),
                rate=whole(seen["per_minute"], language),
            )
        )
    if behind is not None:
        lines += paragraph(behind_said(behind).within(language), "warn" if behind else "dim")
    return lines
