"""A count being watched: bars, leading options, the latest findings, redrawn while it runs.

It asks the count as any other reader does, over the interface that the owner serves, from a thread of its
own. What it can't ask in time it shows as it was: it never holds the count up.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from clickhouse.client import connect
from clickhouse.interface.access import url_with_token
from queries.findings import findings
from queries.progress import progress
from queries.results import results
from rekap.render.progress_table import progress_lines
from rekap.render.result_sheet import options_table
from rekap.render.tables import STYLES, Line, drawn, terminal_width
from rekap.session import Session
from rekap.terminal import assembled, console
from rekap.text.numbers import whole
from rekap.text.options import OptionNames
from schemas.language import Text
from schemas.text import visible

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from rich.console import RenderableType

REFRESH_S: Final = 1.0
"""Between two questions: each costs the count some tens of milliseconds of its two cores."""
FINDINGS_SHOWN: Final = 4

HEAD: Final = Text(
    id="{done} dari {total} kiriman, {rate} per detik, sisa {left}",
    en="{done} of {total} messages, {rate}/s, {left} left",
)
ALL_IN: Final = Text(
    id="Semua {total} kiriman ada dalam log; hasilnya menyusul",
    en="All {total} messages are in the log; the totals follow",
)
LATEST: Final = Text(id="Temuan terbaru", en="Latest findings")


class LiveView:
    """The view of one contest of a running count, as a context manager; `url` is where its owner serves."""

    def __init__(self, session: Session, url: str, contest: str, total: int | None) -> None:
        from rich.live import Live

        self._session = session
        self._url = url
        self._contest = session.election.contest(contest)
        self._began = time.monotonic()
        self._done, self._total = 0, total
        self._lines: list[Line] = []
        self._over = threading.Event()
        self._asking = threading.Thread(target=self._ask, name="live view", daemon=True)
        self._live = Live(
            get_renderable=self._drawing,
            console=console(),
            transient=True,
            refresh_per_second=4,
        )

    def update(self, done: int) -> None:
        """So many messages are done."""
        self._done = done

    def __enter__(self) -> Self:
        self._live.start()
        self._asking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._asking.join()
        self._live.stop()

    def _ask(self) -> None:
        try:
            with closing(connect(url_with_token(self._url, self._session.path), readonly=True)) as client:
                self._lines = self._seen(client)
                while not self._over.wait(REFRESH_S):
                    self._lines = self._seen(client)
        except Exception:
            # Whatever it was: the picture stays as it is, and the count goes on and reports by itself.
            return

    def _seen(self, client: Client) -> list[Line]:
        session, language = self._session, self._session.language
        election = session.election.id
        (row,) = results(client, election, self._contest.id, "nation")
        rows = list(progress(client, election))
        order = [contest.id for contest in session.election.contests]
        rows.sort(key=lambda one: order.index(one["contest"]))
        limit = terminal_width()
        title = f"{self._contest.name.within(language)} ({self._contest.id})"
        names = OptionNames(session.election, self._contest, session.region_name)
        lines = progress_lines(rows, "nation", language, limit)
        lines += [[("", "")], [(title, "title")], *drawn(options_table(row, names, language, limit), limit)]
        latest = list(findings(client, election, limit=FINDINGS_SHOWN, newest_first=True, of_forms=True))
        if latest:
            lines += [[("", "")], [(session.text(LATEST), "title")], *map(self._finding, latest)]
        return lines

    def _finding(self, row: dict[str, Any]) -> Line:
        text = visible(f"{row['rule']}  {row['sentence'][self._session.language]}")
        station = " ".join(visible(one) for one in (row["station"], row["name"]) if one)
        room = max(terminal_width() - len(station) - 2, 10)
        return [(f"{station}  ", "id"), (text if len(text) <= room else f"{text[: room - 1]}…", "")]

    def _drawing(self) -> RenderableType:
        from rich.text import Text as RichText

        lines: list[Line] = [[(self._head(), "title")], [("", "")], *self._lines]
        return RichText("\n").join(
            assembled([(text, STYLES[style]) for text, style in line]) for line in lines
        )

    def _head(self) -> str:
        language = self._session.language
        if self._done == self._total:
            return self._session.text(ALL_IN).format(total=whole(self._total, language))
        rate = self._done / max(time.monotonic() - self._began, 0.1)
        left = int((self._total - self._done) / rate) if rate and self._total else 0
        return self._session.text(HEAD).format(
            done=whole(self._done, language),
            total=whole(self._total, language),
            rate=whole(int(rate), language),
            left=f"{left // 60}:{left % 60:02}",
        )
