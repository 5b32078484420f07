"""Options that say where services are: read as they are meant, and refused with what can be written."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from rekap.cluster import (
    CLICKHOUSE_VARIABLE,
    METRICS_VARIABLE,
    SESSION_VARIABLE,
    clickhouse_option,
    metrics_option,
    session_option,
)


@click.command()
@clickhouse_option
@metrics_option
@session_option
def shown(**given: Any) -> None:
    """Says what it was given."""
    click.echo(repr(given))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("metrics.internal:1", ("metrics.internal", 1)),
        ("[::1]:65535", ("::1", 65_535)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
    ],
)
def test_an_address_is_a_host_and_a_port(written: str, read: tuple[str, int]) -> None:
    for ran in (
        CliRunner().invoke(shown, ["--metrics", written]),
        CliRunner().invoke(shown, [], env={METRICS_VARIABLE: written}),
    ):
        assert ran.exit_code == 0
        assert repr(read) in ran.output


@pytest.mark.parametrize("written", ["9464", ":9464", "host:", "host:port", "host:65536", "host:-1", "[]:1"])
def test_what_is_no_address_is_refused_with_an_example(written: str) -> None:
    ran = CliRunner().invoke(shown, ["--metrics", written])
    assert ran.exit_code == 2
    assert "HOST:PORT" in ran.output
    assert "127.0.0.1:9464" in ran.output


def test_the_server_may_be_named_where_nobody_else_sees_its_password() -> None:
    url = "http://sink:secret@clickhouse:8123/rekap"
    ran = CliRunner().invoke(shown, [], env={CLICKHOUSE_VARIABLE: url})
    assert repr(url) in ran.output
    assert "'clickhouse': None" in CliRunner().invoke(shown, []).output


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    ran = CliRunner().invoke(shown, ["--clickhouse", "http://sink:secret@clickhouse:8123/rekap"])
    assert ran.exit_code == 2
    assert CLICKHOUSE_VARIABLE in ran.output
    assert "secret" not in ran.output
    for harmless in ("http://sink@clickhouse:8123/rekap", "http://default:@127.0.0.1:1/"):
        assert repr(harmless) in CliRunner().invoke(shown, ["--clickhouse", harmless]).output


def test_a_session_timeout_is_a_whole_number_of_seconds() -> None:
    assert "'session_timeout': 7" in CliRunner().invoke(shown, ["--session-timeout", "7"]).output
    assert "'session_timeout': 8" in CliRunner().invoke(shown, [], env={SESSION_VARIABLE: "8"}).output
    assert "'session_timeout': None" in CliRunner().invoke(shown, []).output
    for written in ("0", "-3", "2.5", "ten"):
        assert CliRunner().invoke(shown, ["--session-timeout", written]).exit_code == 2
