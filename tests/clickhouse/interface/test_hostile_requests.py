"""What a hostile reader sends: nothing outside the data directory is touched, nobody is locked out, and the
process goes on.

Every setting and every format that the engine lists is tried, so a newer engine brings its own cases.
"""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.interface import app
from clickhouse.interface.allowed import FORMATS
from clickhouse.interface.request import INTERFACE_PARAMETERS
from clickhouse.interface.server import Server
from clickhouse.interface.settings import READER_SETTINGS
from serving import connections
from tests.clickhouse.interface.http_client import ask, connection, request
from tests.corpus.requests import HARD_TO_PARSE, STATEMENTS


@pytest.fixture
def served(clickhouse: Client, chdb_url: str) -> Iterator[Server]:  # noqa: ARG001
    with Server(chdb_url) as server:
        yield server


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory beside the data, and the working directory; it has to stay as it is."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "kept.csv").write_text("kept,secret\n")
    monkeypatch.chdir(directory)
    return directory


def assert_untouched(outside: Path) -> None:
    assert [path.name for path in outside.iterdir()] == ["kept.csv"]
    assert (outside / "kept.csv").read_text() == "kept,secret\n"


@pytest.mark.parametrize(
    "paths_of_each", [1, pytest.param(2, marks=pytest.mark.slow)], ids=["one path each", "both paths each"]
)
def test_no_setting_of_the_engine_writes_a_file(
    served: Server, clickhouse: Client, outside: Path, paths_of_each: int
) -> None:
    names = [name for (name,) in clickhouse.query("SELECT name FROM system.settings").result_rows]
    assert len(names) > 1_000
    used, taken = connection(served), set()
    paths = (f"{outside}/new", "../outside/new")
    for number, name in enumerate(names):
        for value in (paths[number % 2], paths[1 - number % 2])[:paths_of_each]:
            asked = {"query": "SELECT 1 AS a", name: value}
            used.request("GET", f"/?{urlencode(asked)}")
            answer = used.getresponse()
            if answer.status == 200:
                taken.add(name)
            answer.read()
    assert_untouched(outside)
    # No setting that may be chosen takes a path; parameters of the interface itself are not applied.
    assert taken == INTERFACE_PARAMETERS & set(names) - {"readonly"}
    assert ask(served, "SELECT 1") == "1\n"


def test_no_format_of_the_engine_writes_a_file(served: Server, clickhouse: Client, outside: Path) -> None:
    listed = "SELECT name FROM system.formats WHERE is_output"
    names = {str(name) for (name,) in clickhouse.query(listed).result_rows}
    schema = {"output_format_schema": f"{outside}/new", "format_schema": f"{outside}/new:Message"}
    for name in sorted(names):
        for fields in (
            {"query": f"SELECT 1 AS a FORMAT {name}"},
            {"query": "SELECT 1 AS a", "default_format": name},
        ):
            assert request(served, {**fields, **schema})[0] in (404, 500)
            status = request(served, fields)[0]
            assert (status == 200) == (name in FORMATS), name
    assert_untouched(outside)


def test_the_engine_does_not_take_its_configuration_from_the_working_directory(
    outside: Path, chdb_url: str
) -> None:
    """Whoever can write where a command is started would configure it."""
    (outside / "config.xml").write_text(
        "<clickhouse><google_protos_path>/hostile</google_protos_path></clickhouse>"
    )
    script = (
        "import sys; from clickhouse.client import connect\n"
        'print(connect(sys.argv[1]).command("SELECT value FROM system.server_settings '
        "WHERE name = 'google_protos_path'\"))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, chdb_url],
        capture_output=True,
        text=True,
        check=True,
        cwd=outside,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert found.stdout.strip() == "/dev/null"


@pytest.mark.parametrize(
    "statement",
    STATEMENTS,
)
def test_no_statement_reaches_a_file_or_another_host(served: Server, outside: Path, statement: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        sql = statement.format(
            path=outside / "kept.csv", new=outside / "new", port=elsewhere.getsockname()[1]
        )
        for answer in (request(served, {"query": sql}), request(served, {}, sql.encode())):
            assert answer[0] >= 400
            assert b"secret" not in answer[2]
        with pytest.raises(BlockingIOError):  # nobody called
            elsewhere.accept()
    assert_untouched(outside)
    assert ask(served, "SELECT 1") == "1\n"


def test_half_sent_requests_lock_nobody_out(served: Server) -> None:
    where = urlsplit(served.url)
    address = (str(where.hostname), int(where.port or 0))
    beginnings = (
        b"",
        b"GET /?query=SELECT",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nSEL",
    )
    with ExitStack() as opened:
        for number in range(connections.MAX_CONNECTIONS + 50):
            half = opened.enter_context(closing(socket.create_connection(address)))
            half.sendall(beginnings[number % len(beginnings)])
            if number % 50 == 0:
                assert ask(served, "SELECT 1") == "1\n"
        assert ask(served, "SELECT 1") == "1\n"


def read_to_end(half: socket.socket) -> bytes:
    """What the server sends until it closes; nothing when it drops the connection."""
    try:
        return half.recv(1_000)
    except ConnectionResetError:
        return b""


def test_a_half_sent_head_has_a_deadline(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    where = urlsplit(served.url)
    for beginning in (b"", b"GET /?query=SELECT"):
        with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as half:
            half.sendall(beginning)
            assert read_to_end(half) == b""


def test_a_half_sent_body_has_a_deadline(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_S", 0.3)
    where = urlsplit(served.url)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nSELECT"
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as half:
        half.sendall(head)
        assert half.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_byte_at_a_time_does_not_extend_a_deadline(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    where = urlsplit(served.url)
    sent = 0
    with (
        socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as slow,
        suppress(ConnectionError),
    ):
        for _ in range(100):
            slow.sendall(b"G")
            sent += 1
            time.sleep(0.05)
    assert sent < 50


@pytest.mark.parametrize(
    "body",
    HARD_TO_PARSE,
)
def test_a_statement_that_is_hard_to_parse_is_refused_and_the_process_goes_on(
    served: Server, body: bytes
) -> None:
    for sent, headers in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
        assert request(served, {}, sent, headers)[0] >= 400
    assert ask(served, "SELECT 1") == "1\n"


def test_an_answer_that_does_not_fit_into_memory_is_an_error(served: Server) -> None:
    for sql in (
        "SELECT groupArray(number) FROM numbers(1000000000)",
        "SELECT repeat('x', 1000000000), repeat('y', 1000000000)",
        "SELECT number, count() FROM numbers(1000000000) GROUP BY number FORMAT JSON",
    ):
        status, headers, _ = request(served, {"query": sql, "wait_end_of_query": "1"})
        assert (status, headers["X-ClickHouse-Exception-Code"]) in ((500, "241"), (500, "131"), (500, "396"))
    assert ask(served, "SELECT 1") == "1\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format_csv_delimiter", "ab"),
        ("format_csv_delimiter", '"'),
        ("session_timezone", "../../etc/passwd\n"),
        ("session_timezone", "x" * 65),
        ("max_result_rows", "-1"),
        ("max_block_size", "many"),
        ("date_time_output_format", "other"),
        ("extremes", "2"),
        ("result_overflow_mode", "ignore"),
    ],
)
def test_a_value_out_of_bounds_says_what_it_may_be(served: Server, name: str, value: str) -> None:
    status, _, body = request(served, {"query": "SELECT 1", name: value})
    assert status == 400
    assert name.encode() in body


def test_a_longer_time_limit_is_shortened_and_a_shorter_one_taken() -> None:
    bound = READER_SETTINGS["max_execution_time"]
    assert (bound("5"), bound("100000"), bound("0")) == ("5", "60", "60")


def test_ten_thousand_fields_are_refused(served: Server) -> None:
    form = urlencode({"query": "SELECT 1", **{f"param_{n}": "1" for n in range(5_000)}}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert request(served, {}, form, headers)[0] == 400
