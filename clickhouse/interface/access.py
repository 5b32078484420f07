"""Who may use the interface: this account, and whoever has the token.

Loopback is open to every account of the machine, and to every page that is open in a browser on it. So a
request has to name a loopback host (a page that made its own name point here does not), may not come from a
foreign page (`Origin`, `Sec-Fetch-Site`), and then needs the token or comes from this account. The kernel's
list of sockets tells which account a connection is from; where there is no such list, or the request looks
like a browser's, only the token counts. It does not protect from the account's own programs, which may read
the directory anyway.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

TOKEN_FILE: Final = "reader.token"
"""In the data directory, for its owner alone: made anew each time the interface starts."""
TOKEN_BYTES: Final = 32
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost"})
"""The interface listens on 127.0.0.1 alone, so a request for it names one of these."""

_SOCKETS: Final = Path("/proc/net/tcp")
_ESTABLISHED: Final = "01"
"""In other states the kernel may list account 0: the program has closed its end."""
_BROWSER_HEADERS: Final = ("origin", "referer", "sec-fetch-mode", "sec-fetch-site")
_SAME_PAGE: Final = ("none", "same-origin")


def new_token(directory: Path | None) -> str:
    """A token, kept in `directory` for those who may read its files; None keeps it in memory alone.

    Raises OSError when the file can't be written.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if directory is not None:
        part = directory / f"{TOKEN_FILE}.{os.getpid()}"
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", encoding="ascii") as file:  # noqa: PTH123  a descriptor, not a path
            file.write(f"{token}\n")
        part.replace(directory / TOKEN_FILE)
    return token


def read_token(directory: Path) -> str | None:
    """The token of whoever serves `directory`, None when there is none or this account may not read it."""
    try:
        return (directory / TOKEN_FILE).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def url_with_token(url: str, directory: Path) -> str:
    """The URL to connect to, with the directory's token where it can be read. Not to be shown to anybody."""
    token = read_token(directory)
    return url if token is None else url.replace("://", f"://reader:{token}@", 1)


def is_loopback_host(host: str | None) -> bool:
    """Whether a Host header names this machine's loopback address, with or without a port."""
    if host is None:
        return False
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK_NAMES and "@" not in host and "/" not in host
    except ValueError:
        return False


def is_foreign_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page from elsewhere sends the request."""
    origin = headers.get("origin")
    if origin is not None and not is_loopback_host(origin.partition("://")[2] or None):
        return True
    return headers.get("sec-fetch-site", "none") not in _SAME_PAGE


def is_browser(headers: Mapping[str, str]) -> bool:
    """Whether the request may be a browser's: it sends what any page asks it to, as this account."""
    return any(name in headers for name in _BROWSER_HEADERS) or headers.get("user-agent", "").startswith(
        "Mozilla/"
    )


def given_token(headers: Mapping[str, str], fields: Mapping[str, str]) -> str | None:
    """The token of a request: from the places where ClickHouse takes a password, or a bearer token."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return headers.get("x-clickhouse-key") or fields.get("password") or None


def is_token(given: str, token: str) -> bool:
    """Compares in a time that tells nothing of the token."""
    return hmac.compare_digest(given.encode(), token.encode())


def is_own_account(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Whether the program at the other end of the connection runs as this account. False where the kernel
    does not tell."""
    here, there = _written(server), _written(client)
    try:
        with _SOCKETS.open(encoding="ascii") as listed:
            for line in listed:
                columns = line.split()
                if columns[1:4] == [there, here, _ESTABLISHED]:
                    return int(columns[7]) == os.geteuid()
    except (OSError, ValueError, IndexError):
        return False
    return False


def _written(address: tuple[str, int]) -> str:
    """An address as the kernel lists it: the number in this machine's byte order, in hex."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"
