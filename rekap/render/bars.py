"""Progress bars on stderr, with rate and time left, for work that takes longer than a moment.

Nothing is drawn when nobody looks (stderr is no terminal), nor before a second has passed. Start it after
processes are forked: it draws from a thread.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rekap.session import Session
from rekap.terminal import console, erase_passing, write_passing
from schemas.language import Text
from schemas.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_S: Final = 1.0
"""Work that is done sooner needs no bar."""


class Bar:
    """A bar for `total` things (None: not known before the end), as a context manager."""

    def __init__(self, session: Session, what: Text, total: int | None) -> None:
        self._session = session
        self._what = session.text(what)
        self._total = total
        self._began = self._since = time.monotonic()  # of all, and of what is under way
        self._drawn: tuple[Progress, TaskID] | None = None

    def update(self, done: int, total: int | None = None, what: Text | None = None) -> None:
        """So many are done; `total` where that is known only now, `what` where it is something else now."""
        self._total = total if total is not None else self._total
        if what is not None and self._session.text(what) != self._what:
            self._what = self._session.text(what)
            self._since = time.monotonic()
        if not self._session.watched or time.monotonic() - self._began < QUIET_S:
            return
        progress, task = self._drawn or self._draw()
        progress.update(task, completed=done, total=self._total, description=visible(self._what))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn is not None:
            self._drawn[0].stop()

    def _draw(self) -> tuple[Progress, TaskID]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from rekap.text.numbers import whole

        language, bar = self._session.language, self
        a_second = {"id": "/detik", "en": "/s"}[language]

        class Rate(TextColumn):
            """Done of all, and how many a second since this was begun."""

            def render(self, task):  # type: ignore[no-untyped-def]
                done = int(task.completed)
                rate = int(done / max(time.monotonic() - bar._since, 0.001))
                of = "" if task.total is None else f" / {whole(int(task.total), language)}"
                self.text_format = f"{whole(done, language)}{of}  {whole(rate, language)}{a_second}"
                return super().render(task)

        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            Rate("", markup=False),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console(err=True),
            transient=True,
            expand=True,
        )
        progress.start()
        self._drawn = (progress, progress.add_task(visible(self._what), total=self._total))
        return self._drawn


class Waiting:
    """A sentence on stderr while something of unknown length is under way, gone when it is over."""

    def __init__(self, session: Session, said: Text) -> None:
        self._text = session.text(said) if session.watched else ""

    def __enter__(self) -> None:
        if self._text:
            write_passing(self._text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._text:
            erase_passing()
