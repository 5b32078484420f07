"""The factory: three kinds of URL, one client, errors that say what to do."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from clickhouse.client import DATABASE, SinkUnavailable, connect


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("data/clickhouse", "chdb:///absolute/path"),
        ("sqlite:///x", "chdb:///absolute/path"),
        ("chdb://relative/path", "three slashes"),
        ("chdb:///", "three slashes"),
        ("chdb:///data/wh?t", "without one"),
        ("chdb:///data/wh%3Ft", "without one"),
        ("chdb:///data/no#1", "%23"),
    ],
)
def test_a_url_of_another_form_is_refused_with_the_right_form(url: str, hint: str) -> None:
    with pytest.raises(SinkUnavailable, match=hint):
        connect(url)


def test_what_was_written_is_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/with%20space"
    for expected in (0, 1):
        client = connect(url)
        client.command("CREATE TABLE IF NOT EXISTS t (x UInt8) ENGINE = MergeTree ORDER BY x")
        assert client.query("SELECT count() FROM t").result_rows == [(expected,)]
        client.command("INSERT INTO t VALUES (1)")
        client.close()
    assert (tmp_path / "with space").is_dir()


def test_several_directories_open_one_after_another_but_not_at_once(tmp_path: Path) -> None:
    first = connect(f"chdb://{tmp_path}/first")
    with pytest.raises(SinkUnavailable, match="one at a time"):
        connect(f"chdb://{tmp_path}/second")
    first.close()
    connect(f"chdb://{tmp_path}/second").close()


def test_several_clients_share_one_directory(clickhouse: Client, chdb_url: str) -> None:
    reader = connect(chdb_url, readonly=True)
    clickhouse.command("INSERT INTO sink_position VALUES ('e', 0, 7, now64())")
    assert reader.query("SELECT position FROM sink_position").result_rows == [(7,)]
    reader.close()


def test_the_engine_is_told_to_merge_on_one_thread_and_after_everybody_else(clickhouse: Client) -> None:
    asked = "SELECT name, value FROM system.server_settings WHERE name IN {names:Array(String)} AND changed"
    names = ["background_pool_size", "os_threads_nice_value_merge_mutate"]
    found = clickhouse.query(asked, parameters={"names": names}).result_rows
    assert dict(map(tuple, found)) == {
        "background_pool_size": "1",
        "os_threads_nice_value_merge_mutate": "15",
    }


def test_a_readonly_client_cannot_write_nor_become_writable(clickhouse: Client, chdb_url: str) -> None:
    reader = connect(chdb_url, readonly=True)
    for statement in (
        "INSERT INTO sink_position VALUES ('e', 0, 7, now64())",
        "DROP TABLE sink_position",
        "SET readonly = 0",
    ):
        with pytest.raises(ClickHouseError, match="READONLY"):
            reader.command(statement)
    reader.close()
    assert clickhouse.query("SELECT count() FROM sink_position").result_rows == [(0,)]


@pytest.mark.parametrize("opened", ["first", "again"])
def test_no_query_reads_a_file_through_the_database_named_default(tmp_path: Path, opened: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret,1\n")
    if opened == "again":
        connect(f"chdb://{tmp_path}/clickhouse").close()
    client = connect(f"chdb://{tmp_path}/clickhouse", readonly=True)
    for table in (f"'{secret}'", f"`{secret}`", f"default.`{secret}`", f"{DATABASE}.`{secret}`"):
        with pytest.raises(ClickHouseError, match="UNKNOWN_TABLE"):
            client.query(f"SELECT * FROM {table}")
    client.close()


def test_a_file_in_the_directory_s_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkUnavailable, match="is a file"):
        connect(f"chdb://{tmp_path}/file")


HOLD_OPEN = """
import sys
from clickhouse.client import connect
held = connect(sys.argv[1])
print("open", flush=True)
input()
"""


def test_a_directory_that_another_process_has_open_names_it_and_opens_when_it_is_gone(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/clickhouse"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(SinkUnavailable, match=f"Process {holder.pid} has .* open"):
            connect(url)
    finally:
        holder.communicate("\n")
    connect(url).close()


def test_a_directory_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    # A file in the place of the parent directory fails for every user, root included.
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkUnavailable, match=r"cannot be written .*Not a directory"):
        connect(f"chdb://{tmp_path}/file/clickhouse")


def test_a_server_that_does_not_answer_is_named_with_its_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SinkUnavailable, match=rf"does not answer at 127\.0\.0\.1:{port}"):
        connect(f"http://user:secret@127.0.0.1:{port}/rekap")


def test_a_port_that_is_no_port_is_named() -> None:
    with pytest.raises(SinkUnavailable, match="not a number from 1 to 65535"):
        connect("http://user:secret@127.0.0.1:99999/rekap")


def test_an_error_never_shows_the_password() -> None:
    with pytest.raises(SinkUnavailable) as caught:
        connect("ftp://user:hunter2@host/db")
    assert "hunter2" not in str(caught.value)
