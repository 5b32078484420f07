"""The notary of a data directory: where its key, its heads and the published files are.

DIR/notary/0.key         the private key of the log (mode 0600)
DIR/notary/heads.sqlite  the heads that it has bound itself to sign
OUT/0/                   what is published: tiles, checkpoint, log.vkey
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from schemas.directory_identity import require_original
from schemas.input_files import open_input
from schemas.language import Text
from schemas.private_files import make_directory
from schemas.text import quoted
from transparency.errors import Malformed
from transparency.keys import MAX_NAME, NoteSigner, VerifierKey
from transparency.notary.heads import HeadStore
from transparency.notary.log_files import VKEY, LogFiles
from transparency.notary.notary import NO_POLICY, Notary
from transparency.notary.refusals import OfAnotherDirectory
from transparency.notary.signing_key import KeyUnusable, load_key, make_key
from transparency.policy import MAX_POLICY_BYTES, Policy

if TYPE_CHECKING:
    from event_log.reading import ReadableLog
    from rekap.session import Session

PARTITION: Final = 0
"""The one of the SQLite log."""

MAX_VKEY_BYTES: Final = 4 * MAX_NAME + 100
"""Of the file with a public key: a name in UTF-8 and some 60 characters."""

STATE_FOLDER: Final = "notary"
PUBLIC_FOLDER: Final = "tlog"
HEADS_FILE: Final = "heads.sqlite"

KEY_MISSING: Final = Text(
    id="{path} tidak ada, padahal log ini sudah pernah ditandatangani. Pulihkan kuncinya dari cadangan. "
    "Kunci yang baru berarti log yang baru: pindahkan folder itu, dan sebutkan --origin dan --out yang lain.",
    en="{path} is missing, and this log has been signed before. Restore its key from a copy. A new key "
    "means a new log: move that folder away, and name another --origin and --out.",
)
OTHER_ORIGIN: Final = Text(
    id="log ini bernama {there}; nama log tidak berubah",
    en="this log has the name {there}; the name of a log does not change",
)


@contextmanager
def notaries_of(
    session: Session,
    log: ReadableLog,
    origin: str | None,
    out: Path | None,
    policy: Policy,
    *,
    take_over: bool,
) -> Iterator[list[Notary]]:
    """The notaries of the directory's log, one a partition, not started; a key is made where nothing was
    signed before. Raises LogUnavailable, DirectoryCopied, BadParameter, OSError, and
    transparency.notary.refusals."""
    directory = session.directory
    identity = require_original(directory.path)
    state = directory.path / STATE_FOLDER
    make_directory(state)
    with HeadStore.open(state / HEADS_FILE) as heads:
        if heads.directory() not in (None, identity) and not take_over:
            raise OfAnotherDirectory(str(state))
        if heads.directory() != identity:
            heads.take_over(identity)
        notaries = []
        signed_before = heads.any()
        for partition in range(log.partitions):
            files = LogFiles((out or directory.path / PUBLIC_FOLDER) / str(partition))
            name = f"{origin or directory.election.id}/{partition}"
            signer = _key(
                state / f"{partition}.key",
                name,
                signed_before=signed_before or files.checkpoint() is not None,
            )
            if origin is not None and signer.name != name:
                said = session.text(OTHER_ORIGIN).format(there=quoted(signer.name))
                raise click.BadParameter(said, param_hint="--origin")
            notaries.append(Notary(log, partition, files, heads, signer, policy))
        yield notaries


def read_policy(path: Path | None) -> Policy:
    """The policy in a file. Raises BadParameter, InputRefused and OSError."""
    if path is None:
        return NO_POLICY
    with open_input(path, MAX_POLICY_BYTES) as file:
        raw = file.read()
    try:
        return Policy.parse(raw)
    except Malformed as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--policy") from None


def public_key(folder: Path) -> VerifierKey:
    """The key that is published beside a log. Raises KeyUnusable and OSError."""
    path = folder / VKEY
    with open_input(path, MAX_VKEY_BYTES) as file:
        raw = file.read()
    try:
        return VerifierKey.parse(raw.decode("utf-8").strip())
    except (UnicodeDecodeError, Malformed) as error:
        raise KeyUnusable(
            id=f"{path}: {quoted(error)}. Pulihkan kunci publik log itu.",
            en=f"{path}: {quoted(error)}. Restore the public key of that log.",
        ) from None


def _key(path: Path, origin: str, *, signed_before: bool) -> NoteSigner:
    try:
        return load_key(path)
    except FileNotFoundError:
        if signed_before:
            said = Text(KEY_MISSING.id.format(path=path), KEY_MISSING.en.format(path=path))
            raise KeyUnusable(id=said.id, en=said.en) from None
    try:
        return make_key(path, origin)
    except Malformed as error:
        raise click.BadParameter(str(error), param_hint="--origin") from None
