"""One factory for the one client: `connect(url)` for the engine in process and for ClickHouse servers.

`chdb:///path` opens the data directory in this process; `http://user:pass@host:port/db` and `https://...`
speak to a server. What comes back is a clickhouse-connect client each time, and callers use the same calls.
It promises neither that tables exist (`sinks.migrate`) nor that nobody else writes (`clickhouse.ownership`).

One process can have one chDB path open at a time, with any number of clients on it: close them all before
opening another path. A client is for one thread at a time: open one for each thread. A query that fails in
the middle of a large result leaves the rest of it to the next query on the same chDB client: close it then.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import re
import tempfile
import threading
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.language import ExplainedError
from schemas.private_files import use_private_umask
from schemas.text import quoted

DATABASE: Final = "rekap"
"""The database inside a chDB directory. Not `default`: the engine has the file system there (see below)."""

CONNECT_TIMEOUT_S: Final = 10
"""A server that is silent for this long is reported: the reader of the log pauses and tries again later."""

WRITE_SETTINGS: Final[dict[str, Any]] = {
    # An insert has happened when the call returns: positions are committed after it.
    "async_insert": 0,
    # Identity is in ORDER BY. Block deduplication on replicated tables would skip the materialized views of a
    # block that was stored before a crash, which is exactly the block that has to be inserted again.
    "insert_deduplicate": 0,
}

ENGINE_SETTINGS: Final[dict[str, Any]] = {
    # The engine in process is built without SEMI and ANTI joins, and does not say so: it hangs. Its optimizer
    # must therefore not turn an ANY join, or an EXISTS with a condition on the outer row, into one.
    "query_plan_convert_any_join_to_semi_or_anti_join": 0,
}
"""What every connection to the engine in process needs."""

_ENGINE_OPTIONS: Final = (
    f"config-file={Path(__file__).with_name('engine.xml')}"
    "&background_pool_size=1&os_threads_nice_value_merge_mutate=15"
)
"""What the engine is started with. A configuration of ours: it would take ./config.xml otherwise. Merging
parts can wait, who inserts and who asks can't. Two threads of the engine's own priority took both processors
at times, and one insert in ten of a live count then took twice as long. The priority needs root or
CAP_SYS_NICE, and the engine does without where it may not."""

_AUTHENTICATION_FAILED: Final = 516
_UNKNOWN_DATABASE: Final = 81

_preparing = threading.Lock()

# Exceptions tell what fails. The library's own messages are for whoever set up logging, not for stderr.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())


class SinkUnavailable(ExplainedError):
    """The database cannot be used now. The text says what to do about it."""


def connect(url: str, *, readonly: bool = False) -> Client:
    """A client for `url`, verified by one round trip; with `readonly` the engine refuses writes on it.

    Raises SinkUnavailable when the URL is none of the three forms, the directory cannot be opened or
    written, or the server cannot be reached, refuses the user or has no such database.
    """
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        return _connect_chdb(parts, readonly)
    if parts.scheme in ("http", "https"):
        return _connect_server(parts, readonly)
    begins = repr(f"{parts.scheme}:") if parts.scheme else "-"
    raise SinkUnavailable(
        id=f"URL basis data tidak dapat diawali {begins}. Pakai chdb:///jalur/mutlak untuk direktori data, "
        "atau "
        "http://user:password@host:8123/database untuk server ClickHouse.",
        en=f"A database URL cannot begin with {begins}. Use chdb:///absolute/path for a data directory, or "
        "http://user:password@host:8123/database for a ClickHouse server.",
    )


def _connect_chdb(parts: SplitResult, readonly: bool) -> Client:
    if parts.netloc or not parts.path.strip("/"):
        raise SinkUnavailable(
            id=f"{parts.geturl()!r} tidak punya jalur mutlak. Tulis tiga garis miring: chdb:///jalur/direktori.",
            en=f"{parts.geturl()!r} has no absolute path. Write three slashes: chdb:///path/to/directory.",
        )
    path = Path(unquote(parts.path))
    if "?" in str(path) or parts.query or parts.fragment:
        raise SinkUnavailable(
            id="Mesin basis data menganggap yang sesudah tanda tanya sebagai pengaturannya: "
            f"{parts.geturl()!r}. "
            "Sebutkan direktori tanpa tanda tanya; dalam URL # ditulis %23.",
            en="The engine in process takes what follows a question mark for its options: "
            f"{parts.geturl()!r}. "
            "Name a directory without one; in a URL a # is written %23.",
        )
    if path.exists() and not path.is_dir():
        raise SinkUnavailable(
            id=f"{path} adalah berkas. Sebutkan direktori untuk basis datanya.",
            en=f"{path} is a file. Name the directory that is to hold the database.",
        )
    use_private_umask()  # the engine makes its files itself
    try:
        client = clickhouse_connect.get_client(interface="chdb", path=f"{path}?{_ENGINE_OPTIONS}")
    except ImportError as error:
        raise SinkUnavailable(
            id=f"Mesin basis data tidak dapat dimuat di sini ({quoted(error)}). Pasang chdb-core-lite, atau "
            "berikan URL server ClickHouse.",
            en=f"The engine in process cannot be loaded here ({quoted(error)}). Install chdb-core-lite, or "
            "give the URL of a ClickHouse server instead.",
        ) from error
    except (ClickHouseError, RuntimeError, OSError) as error:
        raise _why_not_open(path, str(error)) from error
    try:
        _prepare_chdb(client)
        client.database = DATABASE
        for name, value in _chdb_settings(readonly).items():
            client.set_client_setting(name, value)
    except ClickHouseError as error:
        client.close()
        raise _why_not_open(path, str(error)) from error
    return client


def _chdb_settings(readonly: bool) -> dict[str, Any]:
    return ENGINE_SETTINGS | WRITE_SETTINGS | ({"readonly": 1} if readonly else {})


def _prepare_chdb(client: Client) -> None:
    """Make our database, and take the file system out of `default`.

    The engine mounts an Overlay database there in which SELECT * FROM `/any/file.csv` reads that file, under
    readonly = 1 too. It comes back at each start of the engine, so each start puts an empty one in its place.
    """
    with _preparing:  # two threads that connect at once would both find the Overlay
        client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        if client.command("SELECT engine FROM system.databases WHERE name = 'default'") == "Overlay":
            client.command("DETACH DATABASE default")
            client.command("ATTACH DATABASE default ENGINE = Memory")


def _why_not_open(path: Path, error: str) -> SinkUnavailable:
    """What to do about a directory that the engine did not open: its own text rarely names the cause."""
    if "already initialized with path" in error:
        return SinkUnavailable(
            id="Proses ini sudah membuka direktori chDB lain, dan mesinnya hanya membuka satu: tutup "
            "kliennya "
            f"sebelum membuka {path}. Kata mesinnya: {quoted(error)}",
            en="This process has another chDB directory open, and the engine takes one at a time: close its "
            f"clients before opening {path}. The engine says: {quoted(error)}",
        )
    holder = _process_holding(path)
    if holder:
        return SinkUnavailable(
            id=f"Proses {holder} sedang membuka {path}, dan satu direktori hanya untuk satu proses. Baca "
            "lewat URL "
            "yang diumumkan pemiliknya, atau hentikan proses itu.",
            en=f"Process {holder} has {path} open, and a directory belongs to one process at a time. Read "
            "through the URL that its owner announces, or stop it.",
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"0" * 65_536)
    except OSError as cause:
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return SinkUnavailable(
                id=f"Disk tempat {path} penuh. Kosongkan ruang, lalu ulangi perintah yang sama.",
                en=f"The disk under {path} is full. Free some space and run the same command again.",
            )
        return SinkUnavailable(
            id=f"{path} tidak dapat ditulis ({cause.strerror}). Beri hak menulis, atau sebutkan direktori "
            "lain.",
            en=f"{path} cannot be written ({cause.strerror}). Make it writable, or name another directory.",
        )
    # Seen once, right after a count of half a million wide forms: the engine stumbled over its own parts
    # while loading them, and opened them the next time. A failed start can't be repeated in its process.
    return SinkUnavailable(
        id=f"Basis data di {path} tidak dapat dibuka. Ulangi perintah yang sama; log tidak tersentuh. Jika "
        "gagal "
        "lagi, pindahkan direktori itu: rekap membuatnya lagi dari log. Kata mesinnya: "
        f"{quoted(error)}",
        en=f"The database in {path} cannot be opened. Run the same command again; the log is untouched. If "
        "it "
        "fails again, move that directory away: rekap makes it anew from the log. The engine says: "
        f"{quoted(error)}",
    )


def _process_holding(path: Path) -> str | None:
    """The id of the process whose engine has the directory open, from the engine's own lock file."""
    try:
        with (path / "status").open() as status:
            try:
                fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found = re.search(r"PID: (\d+)", status.read())
                return found[1] if found else "unknown"
    except OSError:
        return None
    return None


def _connect_server(parts: SplitResult, readonly: bool) -> Client:
    options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, **dict(parse_qsl(parts.query))}
    try:
        client = clickhouse_connect.get_client(
            interface=parts.scheme,
            host=parts.hostname or "localhost",
            port=parts.port or 0,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or ""),
            database=unquote(parts.path.strip("/")) or None,
            # A session would make the server refuse a second query while the first still runs.
            autogenerate_session_id=False,
            **options,
        )
        may_write = client.command("SELECT getSetting('readonly')") == 0
        for name, value in (({"readonly": 1} if readonly else WRITE_SETTINGS) if may_write else {}).items():
            client.set_client_setting(name, value)
    except (ClickHouseError, ValueError, OSError) as error:
        raise _why_no_server(parts, error) from error
    if not (readonly or may_write):
        client.close()
        raise SinkUnavailable(
            id=f"ClickHouse di {parts.hostname}:{parts.port} hanya mengizinkan pengguna ini membaca. "
            "Sebutkan "
            "pengguna yang boleh menulis.",
            en=f"ClickHouse at {parts.hostname}:{parts.port} lets this user only read. "
            "Name a user that may write.",
        )
    return client


def _why_no_server(parts: SplitResult, error: Exception) -> SinkUnavailable:
    try:
        port = parts.port or (8443 if parts.scheme == "https" else 8123)
    except ValueError:
        address = f"{parts.scheme}://{parts.hostname}"
        return SinkUnavailable(
            id=f"Port dalam {address} bukan bilangan 1 sampai 65535.",
            en=f"The port in {address} is not a number from 1 to 65535.",
        )
    where, database = f"{parts.hostname}:{port}", unquote(parts.path.strip("/"))
    code = getattr(error, "code", None)
    if code == _AUTHENTICATION_FAILED:
        return SinkUnavailable(
            id=f"ClickHouse di {where} menolak pengguna atau kata sandi dalam URL. Katanya: {quoted(error)}",
            en=f"ClickHouse at {where} refused the user or the password in the URL. It says: {quoted(error)}",
        )
    if code == _UNKNOWN_DATABASE:
        return SinkUnavailable(
            id=f"ClickHouse di {where} tidak punya basis data {database!r}. Buat: CREATE DATABASE {database}",
            en=f"ClickHouse at {where} has no database {database!r}. Make it: CREATE DATABASE {database}",
        )
    return SinkUnavailable(
        id=f"ClickHouse tidak menjawab di {where}. Apakah berjalan, dan apakah itu port HTTP-nya? Katanya: "
        f"{quoted(error)}",
        en=f"ClickHouse does not answer at {where}. Is it running, and is that its HTTP port? It says: "
        f"{quoted(error)}",
    )
