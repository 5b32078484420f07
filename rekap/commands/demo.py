"""`rekap demo`: an invented election, counted before one's eyes, then asked and verified."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.command import subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.session import DEMO_DIRECTORY, Session, pass_session
from rekap.terminal import echo
from schemas.language import Text

if TYPE_CHECKING:
    from audit.verify import Verification
    from rekap.render.live import LiveView
    from stream_processors.embedded.runner import Runner

ELECTION = "pemilu2024"
CONTEST = "PPWP"
STATIONS = 8_000
"""Five forms each: counted in some 20 seconds on two cores, and every level of the nation is there."""
SEED = 2024

MORE = Text(
    id="Negara percontohan dengan provinsi dan kabupaten/kota yang nyata dan suara yang dikarang, dihitung "
    "dalam sekitar setengah menit di ./demo-data (atau --data DIR). Sementara itu terminal kedua bisa "
    "bertanya: rekap --data demo-data results. Mengulang demo melanjutkan yang ada.",
    en="The built-in nation, with real provinces and districts and invented votes, counted in about half a "
    "minute in ./demo-data (or --data DIR). Meanwhile a second terminal can ask: rekap --data demo-data "
    "results. The demo again continues what is there.",
)
EXAMPLES = ("rekap demo", "rekap --lang id demo", "rekap --data elsewhere demo")

ABOUT = Text(
    id="Pemilu 2024 yang dikarang: {stations} TPS, {contests} pemilihan, {messages} kiriman, dihitung di "
    "{path}.",
    en="An invented general election: {stations} stations, {contests} contests, {messages} messages, counted "
    "in {path}.",
)
MEANWHILE = Text(
    id="Sementara itu, di terminal lain: {rekap} --data {path} results --level province",
    en="Meanwhile, in another terminal: {rekap} --data {path} results --level province",
)
CONTINUED = Text(
    id="{path} sudah berisi demo: dilanjutkan. Untuk mulai dari awal, sebut direktori lain: rekap --data DIR "
    "demo",
    en="{path} holds a demo already: it is continued. To start afresh, name another directory: rekap --data "
    "DIR demo",
)
ANOTHER = Text(
    id="{path} berisi penghitungan lain. Sebut direktori baru: rekap --data DIR demo",
    en="{path} holds another count. Name a new directory: rekap --data DIR demo",
)
SETTING_UP = Text(id="Menyiapkan negara percontohan ...", en="Setting up the nation ...")
FOUND = Text(id="Temuan menurut aturan ({contest})", en="Findings by rule ({contest})")
VERIFICATION = Text(id="Dihitung ulang dari log", en="Counted again from the log")
TRY_NEXT = Text(id="Coba selanjutnya", en="What to try next")


@subcommand("demo", MORE, EXAMPLES)
@pass_session
def command(session: Session) -> int:
    from rekap.counting import FORM, take_in
    from rekap.nights import night
    from rekap.render.import_report import sentences
    from rekap.render.tables import on_terminal, write

    session.data = session.data or DEMO_DIRECTORY
    _set_up(session)
    source = night(session, SEED, None)
    _introduce(session, source.size)

    def live(runner: Runner) -> LiveView:
        from rekap.render.live import LiveView

        return LiveView(session, runner.url, CONTEST, source.size)

    report = take_in(session, source, "demo", view=live if on_terminal() else None)
    for line in sentences(session, report, FORM):
        write(line)
    return DONE if _look_around(session).equal else ANSWER_IS_NO


def _set_up(session: Session) -> None:
    """Make the demo's directory, or see that it is the demo's."""
    from rekap.commands.init import prepare
    from rekap.nights import invented
    from rekap.render.bars import Waiting
    from rekap.render.tables import write
    from schemas.data_directory import ELECTION_FILE, DataDirectory, DirectoryConflict
    from schemas.elections import load_election

    path = session.path
    existed = (path / ELECTION_FILE).is_file()
    with Waiting(session, SETTING_UP):
        election, registry = invented(load_election(ELECTION), None, STATIONS, candidates=True)
        try:
            prepare(DataDirectory.create(path, election, registry))
        except DirectoryConflict:
            raise click.UsageError(session.text(ANOTHER).format(path=path)) from None
    if existed:
        write(session.text(CONTINUED).format(path=path))


def _introduce(session: Session, messages: int) -> None:
    from rekap.render.tables import write
    from rekap.text.numbers import whole

    language = session.language
    said = session.text(ABOUT).format(
        stations=whole(STATIONS, language),
        contests=len(session.election.contests),
        messages=whole(messages, language),
        path=session.path,
    )
    write(said)
    echo(session.text(MEANWHILE).format(rekap=_rekap(), path=session.path))
    echo()


def _look_around(session: Session) -> Verification:
    """The result, what was found, whether it holds, and what to ask next."""
    from queries.findings import count_findings
    from queries.history import most_versions
    from queries.results import results
    from rekap.commands.results import show_results
    from rekap.commands.verify import verified
    from rekap.reading import reader
    from rekap.render.finding_tables import finding_counts
    from rekap.render.tables import show, width
    from rekap.render.verification import tell

    election = session.election.id
    with reader(session, "demo") as client:
        echo()
        show_results(
            session, client, (CONTEST,), "nation", results(client, election, CONTEST, "nation"), None
        )
        counts = count_findings(client, election, contests=[CONTEST])
        title = session.text(FOUND).format(contest=CONTEST)
        show([[("", "")], [(title, "title")], *finding_counts(counts, session.language, width())])
        station = most_versions(client, election, CONTEST)
    show([[("", "")], [(session.text(VERIFICATION), "title")]])
    verification = verified(session)
    tell(session, verification)
    asked = ["results --level province", "results --contest DPR --level district --region 32"]
    asked += ["findings --rule R08 --limit 20"]
    asked += [f"history {station} --contest {CONTEST}"] if station else []
    asked += ["progress --level province --contest DPR", "serve"]
    show([[("", "")], [(session.text(TRY_NEXT), "title")]])
    for one in asked:
        echo(f"  {_rekap()} --data {session.path} {one}")
    return verification


def _rekap() -> str:
    """How this command is called from where the user is."""
    called = Path(sys.argv[0])
    on_path = shutil.which("rekap")
    if on_path is not None and called.exists() and Path(on_path).samefile(called):
        return "rekap"
    if called.is_absolute() and called.is_relative_to(Path.cwd()):
        return str(called.relative_to(Path.cwd()))
    return str(called)
