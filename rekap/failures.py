"""What an exception means to whoever typed the command: one sentence, and the exit code.

Modules that were not imported can't have raised anything, so they are not imported to find out. An exception
of no known kind is a mistake of ours: it is said so, with the trace where REKAP_DEBUG=1.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final

import click

from rekap.session import Session
from schemas.language import Said

DONE: Final = 0
ANSWER_IS_NO: Final = 1
WRONG_USAGE: Final = 2
OUTSIDE_FAILED: Final = 3
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells have it."""

DEBUG_VARIABLE: Final = "REKAP_DEBUG"

KINDS: Final = {
    ("stream_processors.embedded.directory", "DirectoryMissing"): WRONG_USAGE,
    ("stream_processors.embedded.directory", "DirectoryConflict"): WRONG_USAGE,
    ("stream_processors.embedded.directory", "DirectoryUnwritable"): OUTSIDE_FAILED,
    ("schemas.private_files", "NotOurs"): OUTSIDE_FAILED,
    ("schemas.input_files", "InputRefused"): WRONG_USAGE,
    ("schemas.directory_identity", "DirectoryCopied"): WRONG_USAGE,
    ("schemas.elections", "DefinitionInvalid"): WRONG_USAGE,
    ("schemas.regions", "RegistryInvalid"): WRONG_USAGE,
    ("producers.importers.problems", "SourceInvalid"): WRONG_USAGE,
    ("queries.places", "Unanswerable"): WRONG_USAGE,
    ("rekap.reading", "Unreadable"): OUTSIDE_FAILED,
    ("sinks.ownership", "AlreadyOwned"): OUTSIDE_FAILED,
    ("sinks.ownership", "DirectoryUnusable"): OUTSIDE_FAILED,
    ("sinks.client", "SinkUnavailable"): OUTSIDE_FAILED,
    ("sinks.migrate", "MigrationError"): OUTSIDE_FAILED,
    ("event_log.errors", "LogUnavailable"): OUTSIDE_FAILED,
    ("sinks.delivery.taking", "Undeliverable"): OUTSIDE_FAILED,
    ("monitoring.endpoint", "EndpointUnusable"): OUTSIDE_FAILED,
    ("event_log.kafka.connection", "ConnectionInvalid"): WRONG_USAGE,
    ("clickhouse_connect.driver.exceptions", "ClickHouseError"): OUTSIDE_FAILED,
}
"""Exceptions whose text is for people, and the exit code of each."""

INTERRUPTED_SAID: Final = Said(
    id="Dihentikan. Tidak ada yang hilang: perintah yang sama melanjutkan dari sini.",
    en="Stopped. Nothing is lost: the same command continues from here.",
)
UNKNOWN_SAID: Final = Said(
    id="Kesalahan dalam rekap: {error}. Mohon laporkan kalimat ini; REKAP_DEBUG=1 menampilkan rinciannya. "
    "Log tidak berubah oleh kesalahan ini.",
    en="A mistake in rekap: {error}. Please report this sentence; REKAP_DEBUG=1 shows the details. "
    "The log is not harmed by it.",
)
OS_SAID: Final = Said(
    id="{file}: {error}. Perbaiki, lalu ulangi perintah yang sama.",
    en="{file}: {error}. Put that right and run the same command again.",
)


def exit_code(error: BaseException, session: Session) -> int:
    """Say on stderr what `error` means, and how the process is to end."""
    if isinstance(error, KeyboardInterrupt):
        if session.watched:
            click.echo(err=True)  # the terminal has written ^C
        session.say(INTERRUPTED_SAID)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return WRONG_USAGE
    if os.environ.get(DEBUG_VARIABLE) == "1":
        traceback.print_exception(error, file=sys.stderr)
    for (module, name), code in KINDS.items():
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            said = getattr(error, "said", None)
            click.echo(session.text(said) if isinstance(said, Said) else str(error), err=True)
            return code
    if isinstance(error, BrokenPipeError):
        return _stop_writing()
    if isinstance(error, OSError):
        said = session.text(OS_SAID).format(file=error.filename or "", error=error.strerror or error)
        click.echo(said.removeprefix(": "), err=True)
        return OUTSIDE_FAILED
    click.echo(
        session.text(UNKNOWN_SAID).format(error=f"{type(error).__name__}: {error}"),
        err=True,
    )
    return OUTSIDE_FAILED


def _stop_writing() -> int:
    """Whoever read our output has read enough (`rekap results | head`): nothing failed."""
    # The interpreter would flush stdout once more at its end, and fail.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
