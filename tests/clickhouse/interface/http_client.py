"""What tests of the HTTP interface share: one request, with all that came back."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

from clickhouse.interface.server import Server

ROWS = 200_000
"""More than one block of the engine, so that results come in several."""

FILL = (
    "INSERT INTO region SELECT 'e', toString(number), '', 'village', concat('Desa ', toString(number)), "
    f"'', '', '', 1, NULL FROM numbers({ROWS})"
)

SLOW = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
"""A query that nobody waits for."""


def connection(server: Server) -> http.client.HTTPConnection:
    """A new connection to the server."""
    where = urlsplit(server.url)
    return http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)


def request(
    server: Server,
    parameters: dict[str, str] | None = None,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of a GET, or of a POST when there is a body."""
    used = connection(server)
    used.request("GET" if body is None else "POST", "/?" + urlencode(parameters or {}), body, headers or {})
    response = used.getresponse()
    answer = response.status, response.headers, response.read()
    used.close()
    return answer


def ask(server: Server, sql: str, **parameters: str) -> str:
    """The answer to `sql` as text; it must succeed."""
    status, _, body = request(server, {"query": sql, **parameters})
    assert status == 200, body
    return body.decode()
