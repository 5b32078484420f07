"""The last step before a terminal: every sentence that the command line writes goes through here.

Nothing else in this package writes text to stdout or stderr, so nothing can forget to make what others wrote
visible. Rows for programs are written by rekap.output.formats; tables are lines of `rekap.render.tables`.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING

import click

from schemas.text import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text as RichText


def echo(text: str = "", *, err: bool = False) -> None:
    """Write one line to stdout or stderr; line feeds and all that a terminal would obey are escaped."""
    click.echo(visible(text), err=err)


def echo_lines(text: str, *, err: bool = False) -> None:
    """As `echo`, for text whose line feeds are our own."""
    click.echo(visible_lines(text), err=err)


def echo_usage_error(error: click.ClickException) -> None:
    """What click says of wrong usage, to stderr: it quotes arguments as they were typed."""
    written = io.StringIO()
    error.message = visible(error.message)
    error.show(written)
    echo_lines(written.getvalue().removesuffix("\n"), err=True)


def echo_trace(error: BaseException) -> None:
    """The trace of an error to stderr."""
    echo_lines("".join(traceback.format_exception(error)).removesuffix("\n"), err=True)


def console(*, err: bool = False) -> Console:
    """A console of rich that takes no text for markup, emoji codes or things to highlight."""
    from rich.console import Console

    return Console(stderr=err, markup=False, emoji=False, highlight=False)


def assembled(pieces: Sequence[tuple[str, str]]) -> RichText:
    """One line for rich: texts that are shown as they are, each with a style."""
    from rich.text import Text as RichText

    return RichText.assemble(*((visible(text), style) for text, style in pieces))


class _AsText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible_lines(super().format(record))


def guard_stderr() -> None:
    """Let also what is not ours be written as text: log lines of libraries that nobody set up, and the trace
    of an error that ends a thread."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_AsText())
    threading.excepthook = _thread_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        echo_trace(ended.exc_value)


def write_passing(text: str) -> None:
    """Write a sentence to a terminal that is erased again when it is over."""
    sys.stderr.write(visible(text))
    sys.stderr.flush()


def erase_passing() -> None:
    """Erase what `write_passing` wrote."""
    sys.stderr.write("\r\x1b[2K")
    sys.stderr.flush()
