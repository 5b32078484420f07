"""A unit's history as a timeline: one entry for each event, with what it changed.

Cells are named as on the form where it has a name for them; the path of a cell stands in the other formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rekap.render.result_tables import top_options
from rekap.render.stations import stations_in
from rekap.render.tables import KEPT, Column, Line, Style, Table, drawn, fits, paragraph
from rekap.text import words
from rekap.text.numbers import MISSING, clock, moment, whole, zone_of
from rekap.text.options import OptionNames, in_ballot_order, is_top, option_of
from rekap.text.reasons import reason_in_words
from schemas.events import CountKind
from schemas.language import Language, Text
from stream_processors.checks.names import NAMES, SEXES

Row = dict[str, Any]

INDENT: Final = "    "
CHANGES_SHOWN: Final = 12
"""Changed cells listed under one version; a form of parties has hundreds."""
VOTES_SHOWN: Final = 6
REGION_OPTIONS: Final = 3
"""Leading options beside the other totals of a region."""

HAPPENED: Final = {
    "CountSubmitted": Text(id="hasil diterima", en="counted"),
    "CountCorrected": Text(id="dibetulkan", en="corrected"),
    "CountAnnulled": Text(id="dibatalkan", en="annulled"),
    "RecapCertified": Text(id="rekapitulasi disahkan", en="recapitulation certified"),
    "RecapReasonStated": Text(id="alasan selisih dinyatakan", en="reason for a difference stated"),
}
REJECTED: Final = Text(id="ditolak: {reason}", en="rejected: {reason}")
OF_KIND: Final = Text(id="{what} ({kind})", en="{what} ({kind})")
KINDS: Final = {
    CountKind.REVOTE: Text(id="pemungutan suara ulang", en="re-vote"),
    CountKind.RECOUNT: Text(id="penghitungan suara ulang", en="recount"),
    CountKind.FOLLOW_UP: Text(id="pemungutan suara susulan", en="vote held later"),
    CountKind.CONTINUED: Text(id="pemungutan suara lanjutan", en="vote continued"),
}
"""Counts that are not the regular one."""
VERSION: Final = Text(id="versi {version}", en="version {version}")
BY: Final = Text(id="oleh {officer} ({role})", en="by {officer} ({role})")
EVENT: Final = Text(id="peristiwa {event}", en="event {event}")
MORE_CHANGES: Final = Text(id="... dan {more} sel lain berubah", en="... and {more} more cells changed")
PLACES: Final = {
    "dpt": "I.A",
    **{f"voters.{part}": f"I.B.{part}" for part in ("dpt", "dptb", "dpk", "total")},
    **{
        f"ballots.{part}": f"II.{number}"
        for number, part in enumerate(("received", "used", "returned", "unused"), 1)
    },
    "disability": "III",
    "valid": "V.A",
    "invalid": "V.B",
    "total": "V.C",
}
"""Where on the form a path of schemas.forms stands."""

VOTES: Final = Text(id="suara", en="votes")

_STATUS_STYLE: Final[dict[str, Style]] = {
    "clean": "good",
    "flagged": "bad",
    "blank": "warn",
    "annulled": "warn",
}


def station_lines(rows: Sequence[Row], names: OptionNames | None, language: Language) -> list[Line]:
    """The timeline of one contest at a station, oldest first."""
    lines: list[Line] = []
    for row in rows:
        lines += _entry(row, names, language)
    return lines


def _entry(row: Row, names: OptionNames | None, language: Language) -> list[Line]:
    head: Line = [(moment(row["recorded_at"]), "id"), ("  ", "")]
    if row["outcome"] == "rejected":
        reason = reason_in_words(row["rejected"]["reason"], language) if row["rejected"] else MISSING
        head.append((REJECTED.within(language).format(reason=reason), "warn"))
        said = row["rejected"]["sentence"][language] if row["rejected"] else ""
        return [head, *paragraph(said, "", INDENT), *_who(row, language)]
    happened = HAPPENED.get(row["type"], Text(row["type"], row["type"])).within(language)
    if row["kind"] in KINDS:
        happened = OF_KIND.within(language).format(what=happened, kind=KINDS[row["kind"]].within(language))
    because = f": {reason_in_words(row['reason'], language)}" if row["reason"] else ""
    version = VERSION.within(language).format(version=row["version"] or MISSING)
    head += [(f"{version}, {happened}{because}", "title")]
    if row["status"]:
        status = words.STATUS[row["status"]].within(language)
        head += [("  ", ""), (status, _STATUS_STYLE[row["status"]])]
    lines = [head]
    if row["votes"] is not None:
        lines += paragraph(_figures(row, names, language), "", INDENT)
    for change in sorted(row["changes"], key=_weight)[:CHANGES_SHOWN]:
        before, after = (_cell(change[side], language) for side in ("before", "after"))
        name = cell_name(change["cell"], names, language)
        lines.append([(f"{INDENT}{name}: {before} → {after}", "")])
    if len(row["changes"]) > CHANGES_SHOWN:
        more = len(row["changes"]) - CHANGES_SHOWN
        lines.append([(INDENT + MORE_CHANGES.within(language).format(more=more), "dim")])
    for found in row["findings"]:
        style: Style = "bad" if found["severity"] == "hard" else "warn"
        lines += paragraph(f"{found['rule']}: {found['sentence'][language]}", style, INDENT)
    if row["note"]:
        lines += paragraph(f"“{row['note']}”", "", INDENT)
    return [*lines, *_who(row, language)]


def _who(row: Row, language: Language) -> list[Line]:
    parts = []
    if row["submitted_by"]:
        parts.append(BY.within(language).format(**row["submitted_by"]))
    if row["origin"]:
        parts.append(f"{row['origin'].get('source')} {row['origin'].get('record')}")
    if row["event_id"]:
        parts.append(EVENT.within(language).format(event=row["event_id"][:16]))
    return paragraph(", ".join(parts), "dim", INDENT) if parts else []


def _figures(row: Row, names: OptionNames | None, language: Language) -> str:
    """The main figures of a version in one line."""
    votes = sorted((key for key in row["votes"] if is_top(key)), key=in_ballot_order)
    parts = []
    if len(votes) <= VOTES_SHOWN:
        for key in votes:
            name = names.short(key) if names else option_of(key)
            parts.append(f"{name}{KEPT}{whole(row['votes'][key], language)}")
    for word, figure in ((words.VALID, "valid"), (words.INVALID, "invalid"), (words.VOTERS, "voters")):
        parts.append(f"{word.within(language).lower()}{KEPT}{whole(row[figure], language)}")
    return ", ".join(parts)


def _cell(value: Any, language: Language) -> str:
    return whole(value, language) if isinstance(value, int) else str(MISSING if value is None else value)


def cell_name(cell: str, names: OptionNames | None, language: Language) -> str:
    """What a cell of the form is called: `voters.dpt.j` is 'listed voters (DPT) who voted'."""
    block, _, rest = cell.partition(".")
    if block == "votes":
        return f"{VOTES.within(language)} {rest} {names.name(rest) if names else ''}".rstrip()
    path, _, last = cell.rpartition(".")
    sex = last.upper() if last in ("l", "p", "j") else ""
    place = PLACES.get(path if sex else cell)
    if place is None:
        return cell
    name = NAMES[place].within(language)
    return name if sex in ("", "J") else f"{name}, {SEXES[sex].within(language)}"


def _weight(change: Row) -> int:
    """What matters most first: votes, then other totals, then their parts."""
    cell: str = change["cell"]
    if cell.startswith("votes."):
        return 0 if is_top(cell.removeprefix("votes.")) else 2
    return 3 if cell.endswith((".l", ".p")) or cell.startswith("words.") else 1


def region_lines(
    rows: Sequence[Row], names: OptionNames, language: Language, limit: int | None
) -> list[Line]:
    """The states of a region's totals, oldest first: recorded votes and the valid ones of clean forms."""
    names = names.listed(key for key in rows[-1]["votes"] if is_top(key))
    for most in range(REGION_OPTIONS, 0, -1):
        table = _region_table(rows, top_options(rows[-1:], most)[0], names, language)
        if fits(table, limit):
            break
    return list(drawn(table, limit))


def _region_table(
    rows: Sequence[Row], options: Sequence[str], names: OptionNames, language: Language
) -> Table:
    zone = zone_of(row["recorded_at"] for row in rows)
    clean = words.CLEAN.within(language)
    table = Table(
        [
            Column(f"{words.RECORDED_AT.within(language)} {zone}", style="id"),
            Column(words.VERSION.within(language).capitalize(), right=True),
            Column(words.STATIONS.within(language), right=True),
            Column("%", right=True),
            *(Column(names.short(option), right=True) for option in options),
            Column(words.VALID.within(language), right=True),
            Column(f"{words.VALID.within(language)}, {clean}", right=True, style="dim"),
        ]
    )
    for row in rows:
        counted, share = stations_in(row, language)
        table.rows.append(
            [
                clock(row["recorded_at"] if row["version"] else None, zone),
                whole(row["version"], language),
                counted,
                share,
                *(whole(row["votes"].get(option), language) for option in options),
                whole(row["valid"], language),
                whole(row["clean"]["valid"], language),
            ]
        )
    return table
