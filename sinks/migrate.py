"""Brings a database to the schema that this code knows, one numbered file after the other.

Each file of `sinks/migrations` is applied once and remembered with its checksum in `schema_migration`. DDL
has no transactions: every statement is written so that running it again is harmless (IF NOT EXISTS, OR
REPLACE), and a file is remembered after its last statement; so a crash anywhere is cured by running again,
and two processes that migrate at once do not hurt each other. It does not go backwards.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Final

from clickhouse_connect.driver.client import Client

from clickhouse.sql_text import statements
from schemas.language import ExplainedError

_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

_OWN_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migration
(
    number     UInt32,
    name       String,
    checksum   String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY number
"""


class MigrationError(ExplainedError):
    """The schema cannot be brought up to date. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Hex sha256 of the text with one kind of line end, so that it is the same on every system."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()


def known_migrations() -> tuple[Migration, ...]:
    """The migrations that come with this code, by number, without gaps."""
    found = []
    for file in resources.files("sinks").joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        numbers = ", ".join(str(migration.number) for migration in found) or "none"
        raise MigrationError(
            id=f"Migrasi bernomor 1, 2, 3 ... tanpa lompatan, tetapi yang ada {numbers}. Pasang ulang rekap.",
            en=f"Migrations are numbered 1, 2, 3 ... without gaps, but found {numbers}. Reinstall rekap.",
        )
    return tuple(found)


def migrate(client: Client, known: tuple[Migration, ...] | None = None) -> list[int]:
    """Apply what is missing to the client's database; the numbers applied, [] when it was up to date.

    Raises MigrationError when the database was made by a newer version, or when a file that was applied
    has changed since. Errors of the server leave as they are: run it again.
    """
    known = known_migrations() if known is None else known
    client.command(_OWN_TABLE)
    applied = _applied(client)
    _compare(known, applied)
    done = []
    for migration in known:
        if migration.number in applied:
            continue
        for statement in statements(migration.sql):
            client.command(statement)
        # The commit point: before this row the file counts as not applied and all of it runs again.
        client.insert(
            "schema_migration",
            [[migration.number, migration.name, migration.checksum]],
            column_names=["number", "name", "checksum"],
        )
        done.append(migration.number)
    return done


def require_schema(client: Client, known: tuple[Migration, ...] | None = None) -> None:
    """Raise MigrationError unless the client's database has exactly the schema that this code knows. It needs
    to read `schema_migration` and no other right."""
    known = known_migrations() if known is None else known
    applied: dict[int, tuple[str, str]] = {}
    if client.command("EXISTS TABLE schema_migration"):
        applied = _applied(client)
    _compare(known, applied)
    missing = [migration for migration in known if migration.number not in applied]
    if missing:
        has, needs = max(applied, default=0), missing[-1].number
        raise MigrationError(
            id=f"Basis data ini berskema {has}, sedangkan versi rekap ini memerlukan {needs}. Perbarui "
            "sebagai pengguna yang berhak: rekap migrate (dengan docker compose: docker compose up migrate).",
            en=f"This database has schema {has}, and this version of rekap needs {needs}. Bring it up to "
            "date as a user who may: rekap migrate (with docker compose: docker compose up migrate).",
        )


def _applied(client: Client) -> dict[int, tuple[str, str]]:
    """Name and checksum of each migration that was applied."""
    return {
        int(number): (name, checksum)
        for number, name, checksum in client.query(
            "SELECT number, name, checksum FROM schema_migration FINAL ORDER BY number"
        ).result_rows
    }


def _compare(known: tuple[Migration, ...], applied: dict[int, tuple[str, str]]) -> None:
    newest = max((migration.number for migration in known), default=0)
    if applied and max(applied) > newest:
        raise MigrationError(
            id=f"Basis data ini berskema {max(applied)} ({applied[max(applied)][0]}), dibuat oleh versi "
            "rekap yang "
            f"lebih baru; yang ini mengenal {newest}. Perbarui rekap, atau sebutkan basis data lain.",
            en=f"This database has schema {max(applied)} ({applied[max(applied)][0]}), made by a newer "
            "version "
            f"of rekap; this one knows {newest}. Upgrade rekap, or point it at another database.",
        )
    for migration in known:
        name, checksum = applied.get(migration.number, (migration.name, migration.checksum))
        if checksum != migration.checksum:
            raise MigrationError(
                id=f"Migrasi {migration.number:04} diterapkan di sini sebagai {name!r} dengan checksum "
                f"{checksum[:9]}, tetapi berkas {migration.number:04}_{migration.name}.sql punya "
                f"{migration.checksum[:9]}. Migrasi yang sudah diterapkan tidak pernah berubah: kembalikan "
                "teks "
                "lamanya dan tulis berkas baru.",
                en=f"Migration {migration.number:04} was applied here as {name!r} with checksum "
                f"{checksum[:9]}, "
                f"but the file {migration.number:04}_{migration.name}.sql has {migration.checksum[:9]}. "
                "A migration never changes once applied: put the old text back and write a new file.",
            )
