"""Passwords of Kafka's users, from files: a directory of secrets as containers get it, one file a user.

They are never taken from the command line or the environment, where other processes can see them.
"""

from __future__ import annotations

from pathlib import Path

import click

from rekap.session import Session
from schemas.language import Text


def read_password(session: Session, file: Path) -> str:
    """The password in that file. Raises UsageError for an empty one."""
    password = file.read_text(encoding="utf-8").rstrip("\r\n")
    if not password:
        said = Text(
            id=f"{file} kosong; isi dengan kata sandinya.", en=f"{file} is empty; write the password into it."
        )
        raise click.UsageError(session.text(said))
    return password


def read_passwords(session: Session, folder: Path) -> dict[str, str]:
    """The passwords of the users that have a file there. Raises UsageError for an empty file, and for
    none."""
    from event_log.kafka.admin.access import ADMIN, USERS

    names = [user.name for user in USERS] + [ADMIN]
    found = {
        name: (folder / name).read_text(encoding="utf-8").rstrip("\r\n")
        for name in names
        if (folder / name).is_file()
    }
    empty = [name for name, password in found.items() if not password]
    if empty or not found:
        said = Text(
            id=f"{folder}: {', '.join(empty)} kosong; isi dengan kata sandinya."
            if empty
            else f"{folder} tidak berisi berkas bernama {', '.join(names)}; satu baris berisi kata sandinya.",
            en=f"{folder}: {', '.join(empty)} is empty; write the password into it."
            if empty
            else f"{folder} has no file named {', '.join(names)}; one line with the user's password.",
        )
        raise click.UsageError(session.text(said))
    return found
