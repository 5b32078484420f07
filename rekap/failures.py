"""What an exception means to whoever typed the command: one sentence, and the exit code.

Modules that were not imported can't have raised anything, so they are not imported to find out. An exception
of no known kind is a mistake of ours: it is said so, with the trace where REKAP_DEBUG=1.
"""

from __future__ import annotations

import os
import sys
from typing import Final

import click

from rekap.session import Session
from rekap.terminal import echo, echo_lines, echo_trace, echo_usage_error
from schemas.language import Text
from schemas.text import quoted

DONE: Final = 0
ANSWER_IS_NO: Final = 1
WRONG_USAGE: Final = 2
OUTSIDE_FAILED: Final = 3
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells have it."""

MAX_ANSWER: Final = 1_000
"""Characters that are shown of what a database or a mistake of ours says: whoever looks into it needs more of
it than a sentence quotes."""

DEBUG_VARIABLE: Final = "REKAP_DEBUG"

KINDS: Final = {
    ("schemas.data_directory", "DirectoryMissing"): WRONG_USAGE,
    ("audit.bundle.export", "ExportRefused"): WRONG_USAGE,
    ("audit.explain", "UnknownUnit"): WRONG_USAGE,
    ("audit.bundle.manifest", "NoBundle"): WRONG_USAGE,
    ("audit.bundle.shown", "NotArrived"): OUTSIDE_FAILED,
    ("schemas.data_directory", "DirectoryConflict"): WRONG_USAGE,
    ("schemas.data_directory", "DirectoryUnwritable"): OUTSIDE_FAILED,
    ("schemas.private_files", "NotOurs"): OUTSIDE_FAILED,
    ("schemas.input_files", "InputRefused"): WRONG_USAGE,
    ("schemas.directory_identity", "DirectoryCopied"): WRONG_USAGE,
    ("schemas.language", "ValueExplained"): WRONG_USAGE,
    ("schemas.elections", "DefinitionInvalid"): WRONG_USAGE,
    ("schemas.regions", "RegistryInvalid"): WRONG_USAGE,
    ("producers.importers.problems", "SourceInvalid"): WRONG_USAGE,
    ("rekap.key_events", "KeysUnusable"): WRONG_USAGE,
    ("schemas.key_files", "KeyFileUnusable"): WRONG_USAGE,
    ("schemas.key_files", "PassphraseWrong"): WRONG_USAGE,
    ("queries.places", "Unanswerable"): WRONG_USAGE,
    ("rekap.reading", "Unreadable"): OUTSIDE_FAILED,
    ("clickhouse.ownership", "AlreadyOwned"): OUTSIDE_FAILED,
    ("clickhouse.ownership", "DirectoryUnusable"): OUTSIDE_FAILED,
    ("clickhouse.client", "SinkUnavailable"): OUTSIDE_FAILED,
    ("sinks.migrate", "MigrationError"): OUTSIDE_FAILED,
    ("event_log.errors", "LogUnavailable"): OUTSIDE_FAILED,
    ("audit.receipts", "NoReceipt"): ANSWER_IS_NO,
    ("transparency.notary.refusals", "Refused"): OUTSIDE_FAILED,
    ("monitoring.endpoint", "EndpointUnusable"): OUTSIDE_FAILED,
    ("event_log.kafka.connection", "ConnectionInvalid"): WRONG_USAGE,
    ("clickhouse_connect.driver.exceptions", "ClickHouseError"): OUTSIDE_FAILED,
}
"""Exceptions whose text is for people, and the exit code of each."""

OF_LINES: Final = frozenset({"SourceInvalid"})
"""Those whose text has several lines of ours: it lists what would be right."""

INTERRUPTED_SAID: Final = Text(
    id="Dihentikan. Tidak ada yang hilang: perintah yang sama melanjutkan dari sini.",
    en="Stopped. Nothing is lost: the same command continues from here.",
)
UNKNOWN_SAID: Final = Text(
    id="Kesalahan dalam rekap: {error}. Mohon laporkan kalimat ini; REKAP_DEBUG=1 menampilkan rinciannya. "
    "Log tidak berubah oleh kesalahan ini.",
    en="A mistake in rekap: {error}. Please report this sentence; REKAP_DEBUG=1 shows the details. "
    "The log is not harmed by it.",
)
OS_SAID: Final = Text(
    id="{file}: {error}. Perbaiki, lalu ulangi perintah yang sama.",
    en="{file}: {error}. Put that right and run the same command again.",
)


def exit_code(error: BaseException, session: Session) -> int:
    """Say on stderr what `error` means, and how the process is to end."""
    if isinstance(error, KeyboardInterrupt):
        if session.watched:
            echo(err=True)  # the terminal has written ^C
        session.say(INTERRUPTED_SAID)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        echo_usage_error(error)
        return WRONG_USAGE
    if os.environ.get(DEBUG_VARIABLE) == "1":
        echo_trace(error)
    for (module, name), code in KINDS.items():
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            said = getattr(error, "said", None)
            if name in OF_LINES:
                echo_lines(session.text(said) if isinstance(said, Text) else str(error), err=True)
            elif module.startswith("clickhouse_connect"):
                echo(quoted(error, MAX_ANSWER), err=True)
            else:
                echo(session.text(said) if isinstance(said, Text) else str(error), err=True)
            return code
    if isinstance(error, BrokenPipeError):
        return _stop_writing()
    if isinstance(error, OSError):
        said = session.text(OS_SAID).format(
            file=quoted(error.filename or ""), error=quoted(error.strerror or error)
        )
        echo(said.removeprefix(": "), err=True)
        return OUTSIDE_FAILED
    echo(
        session.text(UNKNOWN_SAID).format(error=f"{type(error).__name__}: {quoted(error, MAX_ANSWER)}"),
        err=True,
    )
    return OUTSIDE_FAILED


def _stop_writing() -> int:
    """Whoever read our output has read enough (`rekap results | head`): nothing failed."""
    # The interpreter would flush stdout once more at its end, and fail.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
