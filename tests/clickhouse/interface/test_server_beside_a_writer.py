"""The HTTP interface beside a writer: limits, stopping, other processes, and writing where tests need it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from clickhouse.client import SinkUnavailable, connect
from clickhouse.interface import app
from clickhouse.interface.app import MAX_QUERIES
from clickhouse.interface.server import Server
from schemas.tables import SINK_POSITION
from sinks.migrate import migrate
from tests.clickhouse.interface.http_client import SLOW, ask, request


@pytest.fixture
def served(clickhouse: Client, chdb_url: str) -> Iterator[Server]:  # noqa: ARG001  it has the directory open
    with Server(chdb_url) as server:
        yield server


@pytest.fixture
def writable(clickhouse: Client, chdb_url: str) -> Iterator[Server]:  # noqa: ARG001
    with Server(chdb_url, allow_writes=True) as server:
        yield server


# --- many readers, one writer
# ---------------------------------------------------------------------------------


def test_readers_beyond_the_limit_wait_and_are_told_when_it_takes_too_long(
    served: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "QUEUE_S", 0.3)
    with ThreadPoolExecutor(MAX_QUERIES) as pool:
        slow = [pool.submit(request, served, {"query": SLOW}) for _ in range(MAX_QUERIES)]
        time.sleep(1)
        status, headers, body = request(served, {"query": "SELECT 1"})
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (503, "202")
        assert b"Try again" in body
        served.stop()
        assert {answer.result()[0] for answer in slow} == {500}


def test_stopping_ends_running_queries_and_frees_the_engine(
    clickhouse: Client, chdb_url: str, tmp_path: Path
) -> None:
    server = Server(chdb_url)
    server.start()
    url = server.url
    answers: list[Any] = []
    reader = threading.Thread(target=lambda: answers.append(request(server, {"query": SLOW})))
    reader.start()
    time.sleep(0.5)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 5
    reader.join()
    assert b"QUERY_WAS_CANCELLED" in answers[0][2]
    server.stop()  # again is harmless
    with pytest.raises(SinkUnavailable):
        connect(url, readonly=True)
    clickhouse.close()
    connect(f"chdb://{tmp_path}/another").close()  # nothing holds the first directory any more


def test_idle_clients_do_not_delay_stopping(chdb_url: str) -> None:
    with Server(chdb_url) as server:
        client = connect(server.url, readonly=True)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    client.close()


def test_a_long_query_does_not_block_the_writer(served: Server, clickhouse: Client) -> None:
    reader = threading.Thread(target=lambda: request(served, {"query": SLOW}))
    reader.start()
    time.sleep(0.3)
    began = time.monotonic()
    for number in range(10):
        clickhouse.insert("sink_position", [["e", number, 1, 0]], column_names=SINK_POSITION.names)
    assert time.monotonic() - began < 10
    assert reader.is_alive()
    served.stop()
    reader.join()


READ_FROM_ELSEWHERE = """
import sys
from clickhouse.client import connect
client = connect(sys.argv[1], readonly=True)
seen = -1
while seen < int(sys.argv[2]):
    now = client.command("SELECT max(position) FROM sink_position FINAL")
    assert now >= seen, (now, seen)
    seen = now
print("saw", seen)
"""


def test_another_process_reads_while_the_writer_inserts(served: Server, clickhouse: Client) -> None:
    last = 60
    reader = subprocess.Popen(
        [sys.executable, "-c", READ_FROM_ELSEWHERE, served.url, str(last)], stdout=subprocess.PIPE, text=True
    )
    for position in range(1, last + 1):
        clickhouse.insert("sink_position", [["e", 0, position, 0]], column_names=SINK_POSITION.names)
        time.sleep(0.01)
    assert reader.communicate(timeout=60)[0] == f"saw {last}\n"


# --- writing, for tests of what writes over HTTP
# --------------------------------------------------------------


@pytest.mark.parametrize("compress", ["false", "lz4", "zstd", "gzip"])
def test_clickhouse_connect_writes_where_writing_is_allowed(
    writable: Server, clickhouse: Client, compress: str
) -> None:
    client = connect(f"{writable.url}/?compress={compress}")
    rows = [["e", number, 7, 0] for number in range(1000)]
    assert client.insert("sink_position", rows, column_names=SINK_POSITION.names).written_rows == 1000
    table = pa.Table.from_pylist(
        [{"election": "f", "partition": n, "position": n, "recorded_at": n} for n in range(1000)],
        schema=SINK_POSITION,
    )
    assert client.insert_arrow("sink_position", table).written_rows == 1000
    assert clickhouse.query(
        "SELECT election, count() FROM sink_position GROUP BY 1 ORDER BY 1"
    ).result_rows == [
        ("e", 1000),
        ("f", 1000),
    ]
    client.close()


@pytest.mark.parametrize("form", ["Arrow", "CSV"])
def test_data_goes_on_after_an_empty_line(writable: Server, clickhouse: Client, form: str) -> None:
    """The engine alone would take the rest of it for the next statement."""
    client = connect(writable.url)
    names = ["a\n\nb", "'; DROP TABLE sink_position", "\n\n"]
    rows = [{"election": name, "partition": 1, "position": 2, "recorded_at": 0} for name in names]
    table = pa.Table.from_pylist(rows, schema=SINK_POSITION)
    if form == "Arrow":
        body = pa.BufferOutputStream()
        with pa.ipc.new_file(body, table.schema) as writer:
            writer.write_table(table)
        block = bytes(body.getvalue())
    else:
        block = b"".join(b'"%s",1,2,"1970-01-01 00:00:00"\n' % name.encode() for name in names)
    assert b"\n\n" in block
    client.raw_insert("sink_position", insert_block=block, fmt=form)
    found = clickhouse.query("SELECT election FROM sink_position ORDER BY election").result_rows
    assert found == sorted((name,) for name in names)
    client.close()


def test_an_insert_whose_answer_was_lost_may_be_sent_again(writable: Server, clickhouse: Client) -> None:
    row = b"e,0,5,2024-02-14 00:00:00\n"
    where = urlsplit(writable.url)
    asked = "POST /?query=INSERT+INTO+sink_position+FORMAT+CSV HTTP/1.1\r\n"
    with socket.create_connection((str(where.hostname), where.port or 0)) as raw:
        raw.sendall(f"{asked}Content-Length: {len(row)}\r\n\r\n".encode() + row)
    for _ in range(100):  # it arrives though nobody hears of it
        if clickhouse.command("SELECT count() FROM sink_position"):
            break
        time.sleep(0.05)
    assert request(writable, {"query": "INSERT INTO sink_position FORMAT CSV"}, row)[0] == 200
    assert clickhouse.query("SELECT count(), max(position) FROM sink_position FINAL").result_rows == [(1, 5)]


def test_an_insert_that_was_cut_short_leaves_nothing(writable: Server, clickhouse: Client) -> None:
    where = urlsplit(writable.url)
    asked = "POST /?query=INSERT+INTO+sink_position+FORMAT+CSV HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((str(where.hostname), where.port or 0)) as raw:
        raw.sendall(asked.encode() + b"e,0,5,2024-02-14 00:00:00\n")
        raw.shutdown(socket.SHUT_WR)
        assert b" 400 " in raw.recv(1000)
    assert clickhouse.command("SELECT count() FROM sink_position") == 0


def test_migrations_run_over_http(writable: Server) -> None:
    client = connect(writable.url)
    assert migrate(client) == []
    client.command("DROP TABLE schema_migration")
    assert migrate(client) == [
        row[0] for row in client.query("SELECT number FROM schema_migration ORDER BY number").result_rows
    ]
    client.close()


def test_get_only_reads_even_where_writing_is_allowed(writable: Server) -> None:
    assert request(writable, {"query": "DROP TABLE region"})[0] == 500
    assert (
        request(writable, {"query": "INSERT INTO sink_position FORMAT CSV"}, b"e,0,5,2024-02-14 00:00:00\n")[
            0
        ]
        == 200
    )
    assert ask(writable, "SELECT position FROM sink_position") == "5\n"


def test_a_readonly_client_stays_one_where_writing_is_allowed(writable: Server) -> None:
    client = connect(writable.url, readonly=True)
    assert client.command("SELECT count() FROM region") == 0
    with pytest.raises(DatabaseError, match="READONLY"):
        client.command("DROP TABLE region")
    client.close()


def test_a_failed_insert_is_an_error_at_the_client(writable: Server) -> None:
    client = connect(writable.url)
    with pytest.raises(ClickHouseError):
        client.raw_insert("sink_position", insert_block=b"not,a,number,0\n", fmt="CSV")
    client.close()


def test_an_unknown_database_is_named_with_what_to_do(writable: Server) -> None:
    with pytest.raises(SinkUnavailable, match=r"no database 'missing'.*CREATE DATABASE missing"):
        connect(f"{writable.url}/missing")


def test_a_taken_port_is_an_error_and_frees_everything(chdb_url: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            Server(chdb_url, port=taken.getsockname()[1]).start()
    connect(f"chdb://{tmp_path}/another").close()


def test_the_url_is_known_only_while_it_listens(chdb_url: str) -> None:
    server = Server(chdb_url)
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.url
    with server:
        assert clickhouse_connect.get_client(dsn=server.url.replace("http://", "clickhouse://")).ping()
