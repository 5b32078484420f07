"""The HTTP interface for readers: real clients get what a server would give them, and can only read."""

from __future__ import annotations

import gc
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from clickhouse.client import SinkUnavailable, connect
from clickhouse.interface.server import Server
from tests.clickhouse.interface.http_client import FILL, ROWS, ask, connection, request


@pytest.fixture(scope="module")
def opened(
    migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, Server]]:
    gc.collect()
    directory = tmp_path_factory.mktemp("served") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    writer = connect(f"chdb://{directory}")
    writer.command(FILL)
    with Server(f"chdb://{directory}") as server:
        yield writer, server
    writer.close()


@pytest.fixture
def served(opened: tuple[Client, Server]) -> Server:
    return opened[1]


@pytest.fixture
def writer(opened: tuple[Client, Server]) -> Client:
    return opened[0]


# --- the protocol
# ---------------------------------------------------------------------------------------------


def test_it_listens_on_loopback_only(served: Server) -> None:
    assert served.url.startswith("http://127.0.0.1:")


def test_ping_and_an_empty_request_say_ok_as_clickhouse_does(served: Server) -> None:
    assert request(served)[2] == b"Ok.\n"
    used = connection(served)
    for path, status in (("/ping", 200), ("/nothing", 404)):
        used.request("GET", path)
        response = used.getresponse()
        assert response.read().startswith(b"Ok." if status == 200 else b"There is no handle '/nothing'")
        assert response.status == status


def test_get_and_post_and_both_together_give_the_statement(served: Server) -> None:
    assert ask(served, "SELECT 1") == "1\n"
    assert request(served, {}, b"SELECT 2")[2] == b"2\n"
    assert request(served, {"query": "SELECT"}, b"3")[2] == b"3\n"


def test_format_comes_from_the_clause_then_the_parameter_then_the_header(served: Server) -> None:
    assert ask(served, "SELECT 1 AS a FORMAT JSONEachRow", default_format="CSV") == '{"a":1}\n'
    assert ask(served, "SELECT 'x'", default_format="CSV") == '"x"\n'
    status, headers, body = request(
        served, {"query": "SELECT 'x'"}, headers={"X-ClickHouse-Format": "CSVWithNames"}
    )
    assert (status, body) == (200, b'"\'x\'"\n"x"\n')
    assert headers["X-ClickHouse-Format"] == "CSVWithNames"
    assert headers["Content-Type"] == "text/csv; charset=UTF-8"


def test_parameters_are_bound_and_not_pasted(served: Server) -> None:
    assert (
        ask(served, "SELECT {n:UInt32} + 1, {s:String}", param_n="41", param_s="' OR 1") == "42\t\\' OR 1\n"
    )
    assert request(served, {"query": "SELECT {n:UInt32}", "param_n": "x"})[0] >= 400


def test_headers_carry_query_id_timezone_and_counters(served: Server) -> None:
    _, headers, _ = request(
        served, {"query": "SELECT count() FROM region", "query_id": "mine", "wait_end_of_query": "1"}
    )
    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert headers["X-ClickHouse-Timezone"]
    assert json.loads(headers["X-ClickHouse-Summary"])["result_rows"] == "1"


def test_a_header_cannot_be_smuggled_in_through_a_parameter(served: Server) -> None:
    for query_id in ("a\r\nX-Evil: 1", "a\u0100\u2028b"):
        status, headers, body = request(served, {"query": "SELECT 1", "query_id": query_id})
        assert (status, body) == (200, b"1\n")
        assert "X-Evil" not in headers


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM missing", 404, 60),
        ("SELEC 1", 500, 164),
        ("SELECT 1 +", 400, 62),
        ("DROP TABLE region", 500, 164),
        ("SELECT throwIf(1)", 500, 395),
    ],
)
def test_errors_are_clickhouse_s_status_header_and_text(
    served: Server, sql: str, status: int, code: int
) -> None:
    for extra in ({}, {"wait_end_of_query": "1"}):
        got, headers, body = request(served, {"query": sql, **extra})
        assert (got, headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
        assert body.decode().startswith(f"Code: {code}. DB::Exception: ")


def test_answers_are_sent_plain(served: Server) -> None:
    """On one machine compressing costs more than it saves."""
    asked = {"query": "SELECT 1", "enable_http_compression": "1"}
    answer = request(served, asked, headers={"Accept-Encoding": "gzip, zstd"})
    assert (answer[1]["Content-Encoding"], answer[2]) == (None, b"1\n")


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES", "DESCRIBE TABLE region", "EXISTS TABLE region", "EXPLAIN SELECT 1"]
)
@pytest.mark.parametrize("name", ["TSV", "CSV", "JSONEachRow", "JSON"])
def test_what_is_no_query_is_answered_in_every_format(served: Server, sql: str, name: str) -> None:
    for fields in ({"query": sql, "default_format": name}, {"query": f"{sql} FORMAT {name}"}):
        status, _, body = request(served, fields)
        assert status == 200, body
        assert body


def test_a_whole_result_and_a_streamed_one_are_the_same(served: Server) -> None:
    sql = "SELECT unit, name FROM region ORDER BY unit"
    for name in ("TSV", "CSV", "JSONEachRow", "RowBinary"):
        streamed = request(served, {"query": sql, "default_format": name})
        whole = request(served, {"query": sql, "default_format": name, "wait_end_of_query": "1"})
        assert streamed[1]["Transfer-Encoding"] == "chunked"
        assert whole[1]["Content-Length"] == str(len(whole[2]))
        assert streamed[2] == whole[2]


@pytest.mark.parametrize("name", ["JSON", "CSVWithNames", "TSVWithNamesAndTypes", "Parquet", "Arrow"])
def test_formats_with_a_head_have_one_head(served: Server, name: str) -> None:
    status, headers, body = request(served, {"query": "SELECT unit FROM region", "default_format": name})
    assert (status, headers["Transfer-Encoding"]) == (200, None)
    assert body.count(b"unit\n") <= 1 or name in ("Parquet", "Arrow")


def test_head_has_no_body(served: Server) -> None:
    used = connection(served)
    for path in ("/?query=SELECT+1", "/ping"):
        used.request("HEAD", path)
        response = used.getresponse()
        assert (response.status, response.read()) == (200, b"")


# --- clickhouse-connect and curl
# ------------------------------------------------------------------------------


def test_clickhouse_connect_reads_as_from_any_server(served: Server, writer: Client) -> None:
    client = connect(served.url, readonly=True)
    sql = "SELECT * FROM region ORDER BY unit LIMIT 1000"
    assert client.query(sql).result_rows == writer.query(sql).result_rows
    assert client.query_arrow("SELECT unit FROM region").num_rows == ROWS
    with client.query_row_block_stream("SELECT unit FROM region") as blocks:
        assert sum(len(block) for block in blocks) == ROWS
    assert client.query("SELECT unit, level FROM region LIMIT 0").column_names == ("unit", "level")
    assert client.command("SELECT currentDatabase()") == "rekap"
    client.close()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", "it's \\ \n \t \" ` é €"),
        ("String", "x" * 60_000),  # sent in a form
        ("Array(String)", ["a'b", "c\\d", ""]),
        ("Nullable(String)", None),
        ("DateTime64(6)", "2024-02-14 00:00:00.123456"),
        ("Int64", -(2**53)),
    ],
)
def test_parameters_mean_the_same_over_http_as_in_process(
    served: Server, writer: Client, kind: str, value: Any
) -> None:
    over_http = connect(served.url, readonly=True)
    sql = f"SELECT {{v:{kind}}} AS v"
    here = writer.query(sql, parameters={"v": value}).result_rows
    assert over_http.query(sql, parameters={"v": value}).result_rows == here
    over_http.close()


def test_a_client_that_names_the_database_default_finds_the_tables(served: Server) -> None:
    client = connect(f"{served.url}/default", readonly=True)
    assert client.command("SELECT count() FROM region") == ROWS
    client.close()


def test_an_error_in_the_middle_of_a_stream_reaches_the_client(served: Server) -> None:
    client = connect(served.url, readonly=True)
    sql = f"SELECT throwIf(toUInt64(unit) = {ROWS - 1}) FROM region ORDER BY toUInt64(unit)"
    # A machine that is slow to send finds the error before its first block is on the way.
    failed = pytest.raises((StreamFailureError, DatabaseError), match="throwIf")
    with failed, client.query_row_block_stream(sql) as blocks:
        for _ in blocks:
            pass
    client.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_reads_with_a_url_and_with_a_body(served: Server) -> None:
    def curl(*arguments: str) -> str:
        return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=True).stdout

    assert curl(f"{served.url}/?query=SELECT+1") == "1\n"
    assert curl(served.url, "--data-binary", "SELECT count() FROM region FORMAT CSV") == f"{ROWS}\n"
    assert curl(served.url, "-d", "SELECT 1 = 1") == "1\n"
    assert (
        curl(f"{served.url}/?param_u=7", "-d", "SELECT name FROM region WHERE unit = {u:String}")
        == "Desa 7\n"
    )
    compressed = f"{served.url}/?enable_http_compression=1&query=SELECT+1"
    assert curl("--compressed", compressed) == "1\n"


# --- readers only read
# ----------------------------------------------------------------------------------------

FORBIDDEN = [
    "INSERT INTO sink_position VALUES ('e', 0, 1, now64())",
    "DROP TABLE region",
    "ALTER TABLE region DELETE WHERE 1",
    "CREATE TABLE t (x Int8) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (x Int8)",
    "TRUNCATE TABLE region",
    "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT * FROM url('http://127.0.0.1:1/')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SYSTEM SHUTDOWN",
    "KILL QUERY WHERE 1",
    "DETACH TABLE region",
    "BACKUP TABLE region TO File('x')",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_reader_can_neither_write_nor_change_settings_nor_reach_outside(
    served: Server, writer: Client, sql: str
) -> None:
    for attempt in (request(served, {"query": sql}), request(served, {}, sql.encode())):
        assert attempt[0] >= 400, attempt
    assert writer.command("SELECT count() FROM region") == ROWS


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('{path}', CSV, 'a String')",
        "SELECT * FROM '{path}'",
        "SELECT * FROM `{path}`",
        "SELECT * FROM default.`{path}`",
        "SELECT * FROM rekap.`{path}`",
        "DESCRIBE TABLE file('{path}')",
        "DESCRIBE `{path}`",
        "SELECT * FROM merge('default', '.*')",
        "SELECT * FROM filesystem('{path}')",
    ],
)
def test_a_reader_cannot_read_a_file(served: Server, tmp_path: Path, sql: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("hidden\n")
    status, _, body = request(served, {"query": sql.format(path=secret)})
    assert status >= 400
    assert b"hidden" not in body


def test_a_reader_cannot_write_a_file(served: Server, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("kept")
    for clause in ("INTO OUTFILE '{}'", "INTO OUTFILE '{}' TRUNCATE", "into\noutfile '{}' APPEND"):
        assert request(served, {"query": f"SELECT 1 {clause.format(target)} FORMAT CSV"})[0] >= 400
    assert target.read_text() == "kept"


@pytest.mark.parametrize(
    ("name", "value"),
    [("readonly", "0"), ("readonly", "2"), ("max_memory_usage", "0"), ("max_threads", "64")],
)
def test_a_setting_in_the_url_does_not_loosen_a_limit(served: Server, name: str, value: str) -> None:
    status, headers, _ = request(served, {"query": "SELECT 1", name: value})
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "164")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM numbers(10) AS l ANY LEFT JOIN (SELECT number, 1 AS found FROM numbers(5)) AS r "
        "USING (number) WHERE found = 1",
        "SELECT count() FROM numbers(10) AS l WHERE EXISTS (SELECT 1 FROM numbers(5) AS r "
        "WHERE r.number = l.number)",
        "SELECT count() FROM numbers(10) WHERE number NOT IN (SELECT number FROM numbers(5))",
    ],
)
def test_questions_that_the_optimizer_would_turn_into_a_missing_join_are_answered(
    served: Server, writer: Client, sql: str
) -> None:
    assert ask(served, sql) == "5\n"
    assert writer.command(sql) == 5


def test_a_setting_of_how_the_answer_is_written_is_taken(served: Server) -> None:
    answer = ask(
        served, "SELECT toUInt64(1) AS a FORMAT JSONEachRow", output_format_json_quote_64bit_integers="1"
    )
    assert answer == '{"a":"1"}\n'


GRAFANA = {
    "client_protocol_version": "54471",
    "database": "rekap",
    "default_format": "Native",
    "enable_http_compression": "1",
    "max_execution_time": "60",
}
"""What Grafana's driver (clickhouse-go over HTTP) puts into every URL."""
METABASE = {
    "database": "rekap",
    "default_format": "RowBinaryWithNamesAndTypes",
    "compress": "0",
    "extremes": "0",
    "max_result_rows": "2",
    "result_overflow_mode": "break",
    "session_timezone": "Asia/Jakarta",
}
"""What a JDBC driver does, with setMaxRows and without ClickHouse's own compression."""


def test_grafana_and_metabase_ask_with_their_settings(served: Server) -> None:
    gzip = {"Accept-Encoding": "gzip", "User-Agent": "grafana/12.0 clickhouse-go/2.40"}
    hello = b"SELECT displayName(), version(), revision(), timezone()"
    for sql in (hello, b"SELECT name, engine FROM system.tables WHERE database = 'rekap'"):
        status, headers, body = request(served, GRAFANA, sql, gzip)
        assert (status, headers["X-ClickHouse-Format"]) == (200, "Native"), body
    status, headers, body = request(served, METABASE, b"SELECT toUInt8(number) AS n FROM numbers(100)")
    assert (status, headers["X-ClickHouse-Format"]) == (200, "RowBinaryWithNamesAndTypes"), body
    assert body == b"\x01\x01n\x05UInt8\x00\x01"  # the head, and two rows
    whole = request(served, METABASE | {"result_overflow_mode": "throw"}, b"SELECT number FROM numbers(9)")
    assert whole[0] == 500


@pytest.mark.parametrize(
    ("asked", "taken"),
    [("60", "60"), ("5", "5"), ("600", "60"), ("0", "60")],
    ids=["max", "less", "more", "none"],
)
def test_a_time_that_a_tool_sets_stays_within_the_bound(served: Server, asked: str, taken: str) -> None:
    answer = ask(served, "SELECT getSetting('max_execution_time')", max_execution_time=asked)
    assert float(answer) == float(taken)


def test_views_with_joins_answer_whatever_a_reader_sets_for_joins(served: Server, writer: Client) -> None:
    names = writer.query("SELECT name FROM system.tables WHERE database = 'rekap' AND engine = 'View'")
    for (view,) in names.result_rows:
        if view not in ("result_as_of", "correction_by_region"):  # the second is of an earlier migration
            ask(served, f"SELECT count() FROM (SELECT * FROM {view})", join_use_nulls="1")
    as_of = "result_as_of(moment = '2024-02-14 08:00:00', contest = 'PPWP', level = 'nation')"
    assert ask(served, f"SELECT count() FROM (SELECT * FROM {as_of})", join_use_nulls="1") == "0\n"


def test_one_request_leaves_nothing_for_the_next(served: Server) -> None:
    assert ask(served, "SELECT currentDatabase()", database="information_schema") == "information_schema\n"
    assert ask(served, "SELECT currentDatabase()") == "rekap\n"
    # On one connection this engine gives what was made of a failed result to the query after it.
    failing = "SELECT *, throwIf(unit = '99999') FROM region FORMAT Native"
    assert request(served, {"query": failing, "wait_end_of_query": "1"})[0] == 500
    assert ask(served, "SELECT 1") == "1\n"


def test_a_client_that_wants_to_write_is_told_that_it_cannot(served: Server) -> None:
    with pytest.raises(SinkUnavailable, match="only read"):
        connect(served.url)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * ((1 << 20) + 1), {}, 413),
        (b"SELECT 1", {"Content-Encoding": "br"}, 400),
        (b"SELECT 1", {"Content-Encoding": "gzip"}, 400),
        (b"SELECT '\xff'", {}, 400),
        (b"\xffINSERT", {}, 500),
    ],
)
def test_a_body_too_large_or_damaged_is_refused(
    served: Server, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert request(served, {}, body, headers)[0] == status
    assert ask(served, "SELECT 1") == "1\n"


def test_a_request_cut_short_does_not_hurt_the_next(served: Server) -> None:
    where = urlsplit(served.url)
    for sent in (b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nSELECT", b"\x00\x01\x02\r\n\r\n", b"GET /"):
        with socket.create_connection((str(where.hostname), where.port or 0)) as raw:
            raw.sendall(sent)
    assert ask(served, "SELECT 1") == "1\n"


def test_a_client_that_goes_away_in_the_middle_of_an_answer_hurts_nobody(served: Server) -> None:
    where = urlsplit(served.url)
    head = "HTTP/1.1\r\nHost: localhost\r\n\r\n"
    asked = f"GET /?query=SELECT+number+FROM+numbers(100000000)+FORMAT+RowBinary {head}"
    for _ in range(12):  # more often than there are turns: each must be given back
        with socket.create_connection((str(where.hostname), where.port or 0)) as raw:
            raw.sendall(asked.encode())
            assert raw.recv(1000).startswith(b"HTTP/1.1 200")
    assert ask(served, "SELECT 1") == "1\n"


def test_concurrent_readers_each_get_their_own_answer(served: Server) -> None:
    def read(number: int) -> bool:
        return ask(served, f"SELECT name FROM region WHERE unit = '{number}'") == f"Desa {number}\n"

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(read, range(100)))
