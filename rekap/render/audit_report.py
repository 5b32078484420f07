"""The report on a bundle for people: on a terminal, as Markdown and as one HTML page, in either language."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from rekap.terminal import echo, echo_lines
from schemas.language import Language, Text
from schemas.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.bundle.report import Report
    from audit.explain import Value
    from rekap.session import Session

VERDICTS: Final = {
    "proven": Text("terbukti", "proven"),
    "failed": Text("gagal", "failed"),
    "not_checked": Text("tidak diperiksa", "not checked"),
}
TITLE: Final = Text("Audit {election}: {verdict}", "Audit of {election}: {verdict}")
EVENTS: Final = Text("{events} peristiwa; state_digest {digest}", "{events} events; state_digest {digest}")
FOUND: Final = Text("{count} temuan", "{count} findings")
MORE: Final = Text("... dan {count} lagi", "... and {count} more")
NOT_REQUIRED: Final = Text("Tidak disyaratkan", "Not required")
CHECK: Final = Text("Pemeriksaan", "Check")
VERDICT: Final = Text("Hasil", "Verdict")
DETAIL: Final = Text("Keterangan", "Detail")
FINDINGS_SHOWN: Final = 20
"""On a terminal; files have all that are kept."""


def tell(session: Session, report: Report, written: str) -> None:
    """Write the report to stdout, in that form."""
    if written == "markdown":
        echo_lines(markdown(report, session.language))
    elif written == "html":
        echo_lines(html(report, session.language))
    else:
        for line in plain(report, session.language):
            echo(line)


def plain(report: Report, language: Language) -> list[str]:
    """Lines for a terminal."""
    lines = [_title(report, language), ""]
    lines += [
        f"{VERDICTS[one.verdict].within(language):<16}{one.name:<14}{one.detail.within(language)}"
        for one in report.checks
    ]
    if report.not_required:
        lines += ["", f"{NOT_REQUIRED.within(language)}:"]
        lines += [f"{one.name:<14}{one.detail.within(language)}" for one in report.not_required]
    if report.finding_count:
        lines += ["", FOUND.within(language).format(count=report.finding_count) + ":"]
        lines += [one.sentence.within(language) for one in report.findings[:FINDINGS_SHOWN]]
        if report.finding_count > FINDINGS_SHOWN:
            lines.append(MORE.within(language).format(count=report.finding_count - FINDINGS_SHOWN))
    lines += ["", _events(report, language)]
    return lines


def markdown(report: Report, language: Language) -> str:
    """The whole report as Markdown."""
    lines = [f"# {_cell(_title(report, language))}", "", _cell(_events(report, language)), ""]
    lines += [
        "| " + " | ".join(one.within(language) for one in (CHECK, VERDICT, DETAIL)) + " |",
        "|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {VERDICTS[one.verdict].within(language)} | {_cell(one.detail.within(language))} |"
        for one in report.checks
    ]
    if report.not_required:
        lines += ["", f"## {NOT_REQUIRED.within(language)}", ""]
        lines += [f"- {one.name}: {_cell(one.detail.within(language))}" for one in report.not_required]
    if report.finding_count:
        lines += ["", f"## {FOUND.within(language).format(count=report.finding_count)}", ""]
        lines += [f"- `{one.kind}` {_cell(one.sentence.within(language))}" for one in report.findings]
    return "\n".join(lines)


def html(report: Report, language: Language) -> str:
    """The whole report as one page that needs no other file."""
    rows = "\n".join(
        f'<tr class="{one.verdict}"><td>{escape(one.name)}</td>'
        f"<td>{VERDICTS[one.verdict].within(language)}</td>"
        f"<td>{_escaped(one.detail.within(language))}</td></tr>"
        for one in report.checks
    )
    heads = "".join(f"<th>{one.within(language)}</th>" for one in (CHECK, VERDICT, DETAIL))
    parts = [
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">',
        f"<title>{_escaped(_title(report, language))}</title>",
        "<style>body{font:16px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "td,th{text-align:left;padding:.3em .8em;border-bottom:1px solid #ccc;vertical-align:top}"
        ".failed{background:#fdd}.not_checked{background:#ffd}code{overflow-wrap:anywhere}</style></head><body>",
        f"<h1>{_escaped(_title(report, language))}</h1>",
        f"<p><code>{_escaped(_events(report, language))}</code></p>",
        f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table>",
    ]
    if report.not_required:
        items = "\n".join(
            f"<li>{escape(one.name)}: {_escaped(one.detail.within(language))}</li>"
            for one in report.not_required
        )
        parts.append(f"<h2>{NOT_REQUIRED.within(language)}</h2><ul>\n{items}\n</ul>")
    if report.finding_count:
        items = "\n".join(
            f"<li><code>{escape(one.kind)}</code> {_escaped(one.sentence.within(language))}</li>"
            for one in report.findings
        )
        parts.append(
            f"<h2>{FOUND.within(language).format(count=report.finding_count)}</h2><ul>\n{items}\n</ul>"
        )
    parts.append("</body></html>")
    return "\n".join(parts)


def _title(report: Report, language: Language) -> str:
    verdict = VERDICTS[report.verdict].within(language)
    return TITLE.within(language).format(election=report.election or "-", verdict=verdict)


def _events(report: Report, language: Language) -> str:
    return EVENTS.within(language).format(events=report.events, digest=report.state_digest or "-")


def _escaped(text: str) -> str:
    return escape(visible(text))


def _cell(text: str) -> str:
    """Text that others wrote, as text in a table of Markdown."""
    shown = visible(text)
    for character in "\\|`*_<>[]#":
        shown = shown.replace(character, f"\\{character}")
    return shown


VALUE: Final = Text("{contest} versi {version}, {time}", "{contest} version {version}, {time}")
BY: Final = Text(
    "  oleh {type} {unit} ({event}), peran {role}, kunci {signer}, alasan {reason}",
    "  by {type} {unit} ({event}), role {role}, key {signer}, reason {reason}",
)
UNEXPLAINED: Final = Text(
    "  TIDAK DITERANGKAN oleh peristiwa dalam log", "  NOT EXPLAINED by the events in the log"
)
SUMMED: Final = Text(
    "  jumlah dari beberapa partisi: tidak punya satu tempat dalam log",
    "  a sum of several partitions: it has no one place in the log",
)
NOTHING: Final = Text("{unit}: belum ada yang ditampilkan.", "{unit}: nothing was shown yet.")
ID_SHOWN: Final = 16
"""Characters of an event's id: enough to find it with `rekap log --event`."""


def tell_values(session: Session, unit: str, values: Sequence[Value]) -> None:
    """Write to stdout what was shown of a unit, and why."""
    if not values:
        echo(session.text(NOTHING).format(unit=unit))
    for value in values:
        place = {"contest": value.contest, "version": value.version, "time": value.recorded_at}
        echo(session.text(VALUE).format(**place))
        for name, (before, after) in value.changed.items():
            echo(f"  {name}: {_figure(before)} -> {_figure(after)}")
        for event in value.events:
            told = {
                "type": event.type,
                "unit": event.unit,
                "event": event.event_id[:ID_SHOWN],
                "role": event.role or "-",
                "signer": event.signer or "-",
                "reason": event.reason or "-",
            }
            echo(session.text(BY).format(**told))
        if value.explained is not True:
            echo(session.text(UNEXPLAINED if value.explained is False else SUMMED))


def _figure(value: object) -> str:
    return "-" if value is None else str(value)
