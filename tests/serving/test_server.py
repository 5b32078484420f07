"""An HTTP server on a thread: it starts, is asked, drops half-sent requests, and frees its port."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from serving import connections
from serving.server import HttpServer


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def started() -> HttpServer:
    return HttpServer(Starlette(routes=[Route("/", hello)]), socket.create_server(("127.0.0.1", 0)), "test")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    one = started()
    yield one
    one.stop()


def ask(server: HttpServer) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=10) as answer:
        return bytes(answer.read())


def test_it_answers_from_its_making(server: HttpServer) -> None:
    assert ask(server) == b"hello"


def test_its_port_is_free_when_it_has_stopped() -> None:
    one = started()
    assert ask(one) == b"hello"
    one.stop()
    one.stop()
    with socket.create_server(("127.0.0.1", one.port)):
        pass


def test_connections_without_a_request_make_room_for_one_with_it(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 10)
    with ExitStack() as opened:
        for _ in range(30):
            half = opened.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
            half.sendall(b"GET / HT")
        assert ask(server) == b"hello"


def test_a_head_that_never_ends_is_dropped(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as half:
        half.sendall(b"GET / HTTP/1.1\r\n")
        received = b"?"
        with suppress(ConnectionResetError):
            received = half.recv(100)
        assert received in (b"", b"?")
    assert ask(server) == b"hello"
