"""One connection to ClickHouse's HTTP interface: requests in, answers and errors out, as ClickHouse has them.

Errors before the first byte of an answer have a status and X-ClickHouse-Exception-Code; later ones end the
body with ClickHouse's exception block and close the connection. What may be asked is decided by
`sinks.http_query`, and run by `sinks.http_session`; everything is flushed before the query's turn is given
back.
"""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final, Protocol

from sinks.http_body import MAX_READ_BODY, MAX_WRITE_BODY, read_body
from sinks.http_codec import BodyDamaged, BodyTooLarge, Encoder, encoder_for
from sinks.http_errors import BAD_ARGUMENTS, TOO_MANY_SIMULTANEOUS_QUERIES, error_text, status_of
from sinks.http_query import Asked, BadRequest, read_request
from sinks.http_session import Answer, EngineError, Session

QUEUE_S: Final = 10
"""How long a query waits for its turn before it is told to come again."""
IDLE_S: Final = 30
"""A silent connection is closed after this; clients connect again without being asked."""
_CONTENT_TYPES: Final = {
    "CSV": "text/csv; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONLines": "application/x-ndjson; charset=UTF-8",
    "NDJSON": "application/x-ndjson; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "Tab": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
    "Vertical": "text/plain; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Parquet": "application/octet-stream",
}
"""Content types by the beginning of a format's name; the first that fits."""


class Served(Protocol):
    """What a handler needs of the server that it belongs to."""

    directory: Path
    allow_writes: bool
    turns: threading.BoundedSemaphore
    stopping: bool
    version: str
    timezone: str


class Handler(BaseHTTPRequestHandler):
    """One connection of one client."""

    server: Served  # type: ignore[assignment]  # it is a server too
    protocol_version = "HTTP/1.1"
    server_version = "rekap"
    sys_version = ""
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        self._handle(b"", is_get=True)

    def do_HEAD(self) -> None:
        self._handle(b"", is_get=True)

    def do_POST(self) -> None:
        try:
            limit = MAX_WRITE_BODY if self.server.allow_writes else MAX_READ_BODY
            body = read_body(self.rfile, self.headers, limit)
        except BodyTooLarge:
            self.close_connection = True
            self._fail(BAD_ARGUMENTS, "The request is too large. Send less at a time.", status=413)
        except BodyDamaged as error:
            self.close_connection = True
            self._fail(BAD_ARGUMENTS, str(error))
        else:
            self._handle(body, is_get=False)

    def log_message(self, *_: object) -> None:
        """Requests are nobody's business."""

    def _handle(self, body: bytes, *, is_get: bool) -> None:
        path, _, url_query = self.path.partition("?")
        if path == "/ping":
            self._send(200, {}, b"Ok.\n")
            return
        if path != "/":
            self._send(404, {}, f"There is no handle {path}. Try /ping, or /?query=SHOW+TABLES\n".encode())
            return
        try:
            asked = read_request(
                url_query,
                self.headers,
                body,
                is_get=is_get,
                allow_writes=self.server.allow_writes,
                can_stream=self.request_version != "HTTP/1.0",
            )
        except BadRequest as error:
            self._fail(error.code, str(error))
            return
        if asked is None:
            self._send(200, {}, b"Ok.\n")
            return
        if self.server.stopping or not self.server.turns.acquire(timeout=QUEUE_S):
            self._fail(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                f"As many queries as may are running, and none ended within {QUEUE_S} s. Try again.",
            )
            return
        try:
            with Session(self.server.directory, asked.query) as session:
                self._answer(asked, session.run())
        except EngineError as error:
            self._fail(error.code, str(error))
        finally:
            self.server.turns.release()

    def _answer(self, asked: Asked, answer: Answer) -> None:
        headers = {
            "Content-Type": next(
                (kind for start, kind in _CONTENT_TYPES.items() if asked.format.startswith(start)),
                "application/octet-stream",
            ),
            "X-ClickHouse-Format": asked.format,
            "X-ClickHouse-Query-Id": asked.query_id or str(uuid.uuid4()),
        }
        if answer.summary:
            headers["X-ClickHouse-Summary"] = json.dumps(answer.summary)
            if answer.summary["result_bytes"] == "0" and not asked.query.readonly:
                del headers["X-ClickHouse-Format"]  # an insert or a command has no result, so no format
        encoder = None
        offered = encoder_for(self.headers.get("Accept-Encoding", "")) if asked.compressed else None
        if offered is not None:
            headers["Content-Encoding"], encoder = offered
        if asked.query.streamed:
            self._stream(headers, answer.chunks, encoder)
            return
        body = b"".join(answer.chunks)
        self._send(200, headers, body if encoder is None else encoder.compress(body) + encoder.flush())

    def _stream(self, headers: Mapping[str, str], chunks: Iterator[bytes], encoder: Encoder | None) -> None:
        tag = secrets.token_hex(8)
        self._head(200, {**headers, "Transfer-Encoding": "chunked", "X-ClickHouse-Exception-Tag": tag})
        if self.command == "HEAD":
            self.wfile.flush()
            return
        try:
            for chunk in chunks:
                self._chunk(chunk if encoder is None else encoder.compress(chunk))
        except EngineError as error:
            # Too late for a status. As ClickHouse: the error, marked by the tag, and a body cut short.
            text = f"{error}\n".encode()
            mark = tag.encode()
            said = b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (mark, text, len(text), mark)
            self._chunk(said if encoder is None else encoder.compress(said) + encoder.flush())
            self.close_connection = True
            self.wfile.flush()
            return
        if encoder is not None:
            self._chunk(encoder.flush())
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _fail(self, code: int, text: str, status: int | None = None) -> None:
        said = error_text(code, text, self.server.version)
        headers = {"X-ClickHouse-Exception-Code": str(code)}
        self._send(status or status_of(code), headers, f"{said}\n".encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._head(
            status, {"Content-Type": "text/plain; charset=UTF-8", **headers, "Content-Length": str(len(body))}
        )
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Server-Display-Name", "rekap")
        self.send_header("X-ClickHouse-Timezone", self.server.timezone)
        for name, value in headers.items():
            # A value may be the client's own (query id): it must not begin a header of its own.
            self.send_header(name, "".join(sign for sign in value if sign.isascii() and sign.isprintable()))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        if not self.close_connection:
            self.send_header("Keep-Alive", f"timeout={IDLE_S}")
        self.end_headers()
