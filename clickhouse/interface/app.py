"""ClickHouse's HTTP interface as an ASGI application: requests in, answers and errors out, as ClickHouse has
them.

Errors before the first byte of an answer have a status and X-ClickHouse-Exception-Code; later ones end the
body with ClickHouse's exception block and close the connection. Who may ask is decided by
`clickhouse.interface.access`, what may be asked by `clickhouse.interface.request`, and it is run by
`clickhouse.interface.session` on one of MAX_QUERIES threads.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from clickhouse.interface import access
from clickhouse.interface.body import (
    ENCODINGS,
    MAX_READ_BODY,
    MAX_WRITE_BODY,
    BodyDamaged,
    BodyTooLarge,
    decode,
)
from clickhouse.interface.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    TIMEOUT_EXCEEDED,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    error_text,
    status_of,
)
from clickhouse.interface.execution import Execution
from clickhouse.interface.guard import NOT_IMPLEMENTED
from clickhouse.interface.request import (
    MAX_FIELDS,
    Asked,
    BadRequest,
    body_is_form,
    fields_of,
    read_request,
)
from clickhouse.interface.session import EngineError

MAX_QUERIES: Final = 8
"""Queries that run at once. On a machine's few cores more would only make each other slow, and each may take
READER_MEMORY_BYTES."""
QUEUE_S: Final = 10
"""How long a query waits for its turn before it is told to come again."""
MAX_WAITING: Final = 64
"""Requests that wait for a turn: with more in front nobody would get one within QUEUE_S."""
BODY_S: Final = 10
"""The whole time in which a request's body has to be there: a megabyte over loopback takes milliseconds."""
DISCARDED_BODY: Final = 16 << 20
"""Bytes of a body too large that are read and dropped: who is still sending does not hear a refusal."""
ANSWER_S: Final = 1_800
"""The whole time for sending an answer to a client that reads it slowly: it holds one of the turns."""

_TYPES: Final = {
    "CSV": "text/csv; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONLines": "application/x-ndjson; charset=UTF-8",
    "NDJSON": "application/x-ndjson; charset=UTF-8",
    "JSON": "application/json; charset=UTF-8",
    "Tab": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
    "Vertical": "text/plain; charset=UTF-8",
    "MD": "text/markdown; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Parquet": "application/octet-stream",
}
"""Content types by the beginning of a format's name; the first that fits."""

_HARDENED: Final = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
"""A browser neither guesses a type for an answer nor gives it to a page from elsewhere."""

_TURNED_AWAY: Final = (
    "This interface is for the account that counts. Another account, or a browser, needs its token, the text "
    f"of {access.TOKEN_FILE} in the data directory, as a password: curl --user reader:TOKEN ..."
)


@dataclass(slots=True)
class Served:
    """What the requests of one server share; `running` counts the queries under way."""

    directory: Path
    token: str
    allow_writes: bool
    version: str
    timezone: str
    stopping: bool = False
    running: int = 0
    _waiting: int = 0
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_QUERIES))

    async def take_turn(self) -> None:
        """Wait for one of MAX_QUERIES turns; give it back with `end_turn`. Raises TimeoutError when none
        comes in time, when too many wait already, or when the server is stopping."""
        if self.stopping or self._waiting >= MAX_WAITING:
            raise TimeoutError
        self._waiting += 1
        try:
            async with asyncio.timeout(QUEUE_S):
                await self._turns.acquire()
        finally:
            self._waiting -= 1
        self.running += 1
        if self.stopping:
            self.end_turn()
            raise TimeoutError

    def end_turn(self) -> None:
        """Give a turn back."""
        self.running -= 1
        self._turns.release()


class _Refused(Exception):
    """A request that gets an error instead of an answer."""

    def __init__(self, code: int, text: str, status: int | None = None, *, close: bool = False) -> None:
        super().__init__(text)
        self.code, self.status, self.close = code, status, close


def application(served: Served) -> Starlette:
    """The application that serves `served`."""

    async def root(request: Request) -> Response | _Streamed:
        try:
            return await _answer(served, request)
        except _Refused as error:
            return _error(served, error)

    async def ping(_: Request) -> Response:
        return PlainTextResponse("Ok.\n", headers=_headers(served))

    async def missing(request: Request, _: Exception) -> Response:
        text = f"There is no handle {request.url.path[:60]!r}. Try /ping, or /?query=SHOW+TABLES\n"
        return PlainTextResponse(text, 404, headers=_headers(served))

    def wrong_method(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return PlainTextResponse("Use GET or POST.\n", 405, headers=_headers(served))

    return Starlette(
        routes=[
            Route("/", root, methods=["GET", "POST"]),
            Route("/ping", ping, methods=["GET"]),
        ],
        exception_handlers={404: missing, 405: wrong_method},
    )


async def _answer(served: Served, request: Request) -> Response | _Streamed:
    fields = _read(fields_of, str(request.scope["query_string"], "latin-1"))
    _admit(served, request, fields)
    body = await _body(served, request)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        fields |= await _multipart(request.scope, body)
        body = b""
    elif body_is_form(content_type, fields, body):
        fields, body = fields | _read(fields_of, body.decode("utf-8", "replace")), b""
    try:
        await served.take_turn()
    except TimeoutError:
        text = f"As many queries as may are running, and none ended within {QUEUE_S} s. Try again."
        raise _Refused(TOO_MANY_SIMULTANEOUS_QUERIES, text) from None
    try:
        asked = await asyncio.to_thread(_asked, served, request, fields, body)
        if asked is None:
            served.end_turn()
            return PlainTextResponse("Ok.\n", headers=_headers(served))
        execution = Execution(served.directory, asked.query, on_end=served.end_turn)
    except BaseException:
        served.end_turn()
        raise
    try:
        summary = await execution.begin()
    except EngineError as error:
        raise _Refused(error.code, str(error)) from error
    headers = _headers(served) | _answer_headers(asked, summary)
    if asked.query.streamed:
        return _Streamed(execution, headers, head_only=request.method == "HEAD")
    return Response(await execution.rest(), headers=headers)


def _read(parse: Callable[[str], dict[str, str]], text: str) -> dict[str, str]:
    try:
        return parse(text)
    except BadRequest as error:
        raise _Refused(error.code, str(error)) from error


def _admit(served: Served, request: Request, fields: Mapping[str, str]) -> None:
    """Raises _Refused when the request may not be made, before anything of its body is read."""
    headers = request.headers
    if not access.is_loopback_host(headers.get("host")):
        raise _Refused(
            AUTHENTICATION_FAILED, "Name this machine: http://127.0.0.1:PORT/", status=403, close=True
        )
    if access.is_foreign_page(headers):
        raise _Refused(
            AUTHENTICATION_FAILED, "Pages from elsewhere are not answered.", status=403, close=True
        )
    token = access.given_token(headers, fields)
    if token is not None:
        if access.is_token(token, served.token):
            return
        raise _Refused(AUTHENTICATION_FAILED, f"The token is wrong. {_TURNED_AWAY}", status=403, close=True)
    client, server = request.scope.get("client"), request.scope.get("server")
    own = client is not None and server is not None and access.is_own_account(client, server)
    if not own or access.is_browser(headers):
        raise _Refused(AUTHENTICATION_FAILED, _TURNED_AWAY, status=403, close=True)


async def _body(served: Served, request: Request) -> bytes:
    """The decoded body, within its size and its time. Raises _Refused."""
    limit = MAX_WRITE_BODY if served.allow_writes else MAX_READ_BODY
    encoding = request.headers.get("content-encoding", "identity")
    if encoding not in (*ENCODINGS, "identity"):
        text = f"Content-Encoding {encoding[:60]!r} is not known here; use {', '.join(ENCODINGS)}."
        raise _Refused(BAD_ARGUMENTS, text, close=True)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > limit + DISCARDED_BODY:
                    break
                if size <= limit:
                    parts.append(part)
        if size > limit:
            raise BodyTooLarge
        body = b"".join(parts)
        return body if encoding == "identity" else await asyncio.to_thread(decode, body, encoding, limit)
    except TimeoutError:
        text = f"The body was not there within {BODY_S} s. Send it again."
        raise _Refused(TIMEOUT_EXCEEDED, text, close=True) from None
    except BodyTooLarge:
        text = "The request is too large. Send less at a time."
        raise _Refused(BAD_ARGUMENTS, text, status=413, close=True) from None
    except BodyDamaged as error:
        raise _Refused(BAD_ARGUMENTS, str(error), close=True) from error
    except ClientDisconnect:
        raise _Refused(BAD_ARGUMENTS, "The body was cut short. Send it again.", close=True) from None


async def _multipart(scope: Scope, body: bytes) -> dict[str, str]:
    """The fields of a multipart form; clickhouse-connect sends long parameters in one."""

    async def whole() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form = await Request(scope, whole).form(
            max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_READ_BODY
        )
    except (MultiPartException, HTTPException) as error:
        text = str(getattr(error, "message", None) or getattr(error, "detail", ""))
        if "files" in text:
            raise _Refused(NOT_IMPLEMENTED, "External tables are not spoken here: use a subquery.") from error
        raise _Refused(BAD_ARGUMENTS, f"The form can't be read: {text[:200]}") from error
    except UnicodeDecodeError:
        raise _Refused(BAD_ARGUMENTS, "A form field is not UTF-8 text.") from None
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _asked(served: Served, request: Request, fields: Mapping[str, str], body: bytes) -> Asked | None:
    try:
        return read_request(
            fields,
            request.headers,
            body,
            is_get=request.method != "POST",
            allow_writes=served.allow_writes,
            can_stream=request.scope["http_version"] != "1.0",
        )
    except BadRequest as error:
        raise _Refused(error.code, str(error)) from error


def _headers(served: Served) -> dict[str, str]:
    return {
        "X-ClickHouse-Server-Display-Name": "rekap",
        "X-ClickHouse-Timezone": served.timezone,
        **_HARDENED,
    }


def _answer_headers(asked: Asked, summary: Mapping[str, str]) -> dict[str, str]:
    # A value may be the client's own (query id): it must not begin a header of its own.
    query_id = "".join(sign for sign in asked.query_id or "" if sign.isascii() and sign.isprintable())
    headers = {
        "Content-Type": next(
            (kind for start, kind in _TYPES.items() if asked.format.startswith(start)),
            "application/octet-stream",
        ),
        "X-ClickHouse-Format": asked.format,
        "X-ClickHouse-Query-Id": query_id or str(uuid.uuid4()),
    }
    if summary:
        headers["X-ClickHouse-Summary"] = json.dumps(summary)
        if summary["result_bytes"] == "0" and not asked.query.readonly:
            del headers["X-ClickHouse-Format"]  # an insert or a command has no result, so no format
    return headers


def _error(served: Served, error: _Refused) -> Response:
    text = error_text(error.code, str(error), served.version)
    headers = _headers(served) | {"X-ClickHouse-Exception-Code": str(error.code)}
    if error.close:  # the rest of its body is not waited for
        headers["Connection"] = "close"
    return PlainTextResponse(f"{text}\n", error.status or status_of(error.code), headers=headers)


class _Streamed:
    """An answer that is sent block by block, while the query runs."""

    def __init__(self, execution: Execution, headers: Mapping[str, str], *, head_only: bool) -> None:
        self._execution = execution
        self._tag = secrets.token_hex(8)
        self._headers = {**headers, "X-ClickHouse-Exception-Tag": self._tag}
        self._head_only = head_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. What can't be sent to its end is cut off: the connection closes without a last chunk."""
        head = Response(headers=self._headers).raw_headers
        head = [(name, value) for name, value in head if name != b"content-length"]
        try:
            async with asyncio.timeout(ANSWER_S):
                await send({"type": "http.response.start", "status": 200, "headers": head})
                if not self._head_only:
                    await self._send_blocks(scope, receive, send)
                await send({"type": "http.response.body", "body": b""})
        except (_CutOff, TimeoutError):
            return
        finally:
            self._execution.abandon()

    async def _send_blocks(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            async for block in self._execution.blocks():
                await send({"type": "http.response.body", "body": block, "more_body": True})
                if gone.done():
                    raise _CutOff
        except EngineError as error:
            # Too late for a status. As ClickHouse: the error, marked by the tag, and a body cut short.
            text, mark = f"{error}\n".encode(), self._tag.encode()
            block = b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (mark, text, len(text), mark)
            await send({"type": "http.response.body", "body": block, "more_body": True})
            raise _CutOff from error
        finally:
            gone.cancel()


class _CutOff(Exception):
    """An answer that ends before its end."""


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
