"""Who may read: this account, and whoever has the token; no other account, and no page of a browser."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from clickhouse.interface.access import (
    TOKEN_FILE,
    is_foreign_page,
    is_loopback_host,
    is_own_account,
    read_token,
    url_with_token,
)
from clickhouse.interface.server import Server
from tests.clickhouse.interface.http_client import connection, request
from tests.privileges import without_privileges

SELECT = {"query": "SELECT 1"}


@pytest.fixture
def served(clickhouse: Client, chdb_url: str, tmp_path: Path) -> Iterator[Server]:  # noqa: ARG001
    with Server(chdb_url, token_directory=tmp_path) as server:
        yield server


def test_this_account_needs_no_token(served: Server) -> None:
    assert request(served, SELECT)[2] == b"1\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may connect as another account")
def test_another_account_needs_the_token_and_can_t_read_it(served: Server, tmp_path: Path) -> None:
    def ask(**headers: str) -> tuple[int, bytes]:
        used = connection(served)
        with without_privileges():  # a socket belongs to whom its maker was
            used.connect()
        used.request("GET", "/?query=SELECT+1", headers=headers)
        response = used.getresponse()
        answer = response.status, response.read()
        used.close()
        return answer

    status, refused = ask()
    assert status == 403
    assert TOKEN_FILE.encode() in refused
    assert ask(**{"X-ClickHouse-Key": "guessed"})[0] == 403
    assert ask(**{"X-ClickHouse-Key": served.token}) == (200, b"1\n")
    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600
    with without_privileges():
        assert read_token(tmp_path) is None


@pytest.mark.parametrize("place", ["basic", "bearer", "header", "url"])
def test_the_token_is_taken_where_clickhouse_takes_a_password(served: Server, place: str) -> None:
    browser = {"User-Agent": "Mozilla/5.0"}
    assert request(served, SELECT, headers=browser)[0] == 403
    for token, status in ((served.token, 200), ("x" * 43, 403)):
        fields, headers = dict(SELECT), dict(browser)
        if place == "basic":
            headers["Authorization"] = "Basic " + base64.b64encode(f"reader:{token}".encode()).decode()
        elif place == "bearer":
            headers["Authorization"] = f"Bearer {token}"
        elif place == "header":
            headers["X-ClickHouse-Key"] = token
        else:
            fields["password"] = token
        assert request(served, fields, headers=headers)[0] == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.test"},
        {"Origin": "null"},
        {"Origin": "file://"},
        {"Origin": "http://127.0.0.1.elsewhere.test"},
        {"Origin": "http://localhost@elsewhere.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_from_elsewhere_is_not_answered_even_with_the_token(
    served: Server, headers: dict[str, str]
) -> None:
    status, answered, body = request(served, SELECT, headers={"X-ClickHouse-Key": served.token, **headers})
    assert status == 403
    assert answered["Access-Control-Allow-Origin"] is None
    assert body != b"1\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Referer": "http://localhost/"},
    ],
)
def test_a_browser_of_this_account_needs_the_token(served: Server, headers: dict[str, str]) -> None:
    assert request(served, SELECT, headers=headers)[0] == 403
    assert request(served, SELECT, headers={"X-ClickHouse-Key": served.token, **headers})[0] == 200


@pytest.mark.parametrize(
    "host", ["elsewhere.test", "127.0.0.1.elsewhere.test", "localhost@x", "", "[::1", "0"]
)
def test_a_name_that_is_not_loopback_is_not_answered(served: Server, host: str) -> None:
    used = connection(served)
    used.putrequest("GET", "/?query=SELECT+1", skip_host=True)
    used.putheader("Host", host)
    used.endheaders()
    assert used.getresponse().status in (400, 403)
    assert not is_loopback_host(host)


def test_localhost_with_any_port_is_loopback() -> None:
    assert all(map(is_loopback_host, ("localhost", "127.0.0.1", "localhost:8123", "LOCALHOST:1")))
    assert not is_loopback_host(None)
    assert not is_foreign_page({"origin": "http://localhost:3000"})


def test_the_command_line_finds_the_token_by_itself(served: Server, tmp_path: Path) -> None:
    url = url_with_token(served.url, tmp_path)
    assert urlsplit(url).password == served.token
    client = connect(url, readonly=True)
    assert client.command("SELECT 1") == 1
    client.close()
    assert url_with_token(served.url, tmp_path / "missing") == served.url


def test_each_start_has_a_token_of_its_own_and_stopping_removes_it(
    clickhouse: Client,  # noqa: ARG001
    chdb_url: str,
    tmp_path: Path,
) -> None:
    tokens = []
    for _ in range(2):
        with Server(chdb_url, token_directory=tmp_path) as server:
            tokens.append(server.token)
            assert (tmp_path / TOKEN_FILE).read_text().strip() == server.token
        assert not (tmp_path / TOKEN_FILE).exists()
    assert tokens[0] != tokens[1]


def test_a_connection_that_the_kernel_does_not_list_is_nobody_s() -> None:
    assert not is_own_account(("127.0.0.1", 1), ("127.0.0.1", 2))
