"""The definition of every table and view as the migrations make it, told by the engine itself.

A process of its own migrates an empty directory, because a process can have one directory open; nothing is
kept by hand that a migration could leave behind. It takes some seconds, once a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

from clickhouse.client import SinkUnavailable, connect
from schemas.text import quoted
from sinks.migrate import migrate

TIMEOUT_S: Final = 120
"""Many times the second or two that it takes on a busy machine."""

_ASKED: Final = (
    "SELECT name, create_table_query, currentDatabase() FROM system.tables WHERE database = currentDatabase()"
)


@cache
def migrated_definitions() -> tuple[tuple[str, str, str], ...]:
    """(name, statement, database in it) of all that the migrations make. Raises SinkUnavailable."""
    with tempfile.TemporaryDirectory(prefix="rekap-") as folder:
        answer = Path(folder, "definitions.json")
        try:
            subprocess.run(
                [sys.executable, "-m", "sinks.definitions", str(answer)],
                capture_output=True,
                timeout=TIMEOUT_S,
                check=True,
            )
            rows = json.loads(answer.read_bytes())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            stderr = getattr(error, "stderr", None) or str(error).encode()
            why = quoted(stderr.decode(errors="replace").strip())
            raise SinkUnavailable(
                id="Apa yang dibuat migrasi tidak dapat diketahui: basis data kosong tidak dapat dibuat "
                f"dalam direktori untuk berkas sementara. Katanya: {why}",
                en="What the migrations make could not be found out: no empty database could be made in the "
                f"directory for temporary files. It says: {why}",
            ) from error
    return tuple((name, text, database) for name, text, database in rows)


def main(answer: Path) -> None:
    """Migrate an empty directory beside the file `answer`, and write there what is in it."""
    with closing(connect(f"chdb://{answer.with_name('clickhouse')}")) as client:
        migrate(client)
        rows = [list(row) for row in client.query(_ASKED).result_rows]
    answer.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
