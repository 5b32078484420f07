"""Health and metrics over HTTP: whether the process works, and why not."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from monitoring.endpoint import Endpoint, EndpointUnusable
from monitoring.health import SILENT_S, STARTING, STUCK, Health
from monitoring.metrics import HEALTHY, REGISTRY


class Clock:
    """A clock that is moved by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock=clock)


@pytest.fixture
def endpoint(health: Health) -> Iterator[Endpoint]:
    with Endpoint("127.0.0.1", 0, health) as one:
        yield one


def ask(endpoint: Endpoint, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    """Status, type and body."""
    where = urlsplit(endpoint.url)
    used = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    used.request(method, path)
    answer = used.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    used.close()
    return found


def said(endpoint: Endpoint) -> tuple[int, dict[str, Any]]:
    """Status and document of /health."""
    status, kind, body = ask(endpoint, "/health")
    assert kind == "application/json"
    return status, json.loads(body)


def test_nothing_wrong_is_healthy(endpoint: Endpoint) -> None:
    assert said(endpoint) == (200, {"healthy": True, "troubles": {}})


def test_a_trouble_is_told_with_its_reason_until_it_is_over(endpoint: Endpoint, health: Health) -> None:
    health.trouble("clickhouse", "It does not answer.")
    health.trouble("kafka", "Nor does this.")
    troubles = {"clickhouse": "It does not answer.", "kafka": "Nor does this."}
    assert said(endpoint) == (503, {"healthy": False, "troubles": troubles})
    health.well("kafka")
    assert said(endpoint) == (503, {"healthy": False, "troubles": {"clickhouse": "It does not answer."}})
    assert REGISTRY.get_sample_value("rekap_healthy") == 0
    health.well("clickhouse")
    health.well("clickhouse")
    assert said(endpoint)[0] == 200
    assert REGISTRY.get_sample_value("rekap_healthy") == 1


def test_a_process_that_does_not_move_any_more_is_not_healthy(
    endpoint: Endpoint, health: Health, clock: Clock
) -> None:
    health.beat()
    clock.now += SILENT_S
    assert said(endpoint)[0] == 200
    clock.now += 1
    status, document = said(endpoint)
    assert (status, list(document["troubles"])) == (503, [STUCK])
    assert "Restart the process" in document["troubles"][STUCK]
    _, _, metrics = ask(endpoint, "/metrics")
    assert b"\nrekap_healthy 0.0\n" in metrics
    assert b'\nrekap_trouble{part="stuck"} 1.0\n' in metrics
    health.beat()
    assert said(endpoint)[0] == 200


def test_a_process_that_is_starting_is_not_known_to_be_well(endpoint: Endpoint, health: Health) -> None:
    health.starting()
    status, document = said(endpoint)
    assert (status, document["troubles"]) == (503, {STARTING: "The process is still starting."})
    health.well(STARTING)
    assert said(endpoint)[0] == 200


def test_who_never_beats_is_not_expected_to(health: Health, clock: Clock) -> None:
    clock.now += 100 * SILENT_S
    assert health.troubles() == {}


def test_metrics_are_served_as_prometheus_reads_them(endpoint: Endpoint) -> None:
    HEALTHY.set(1)
    status, kind, body = ask(endpoint, "/metrics?name[]=all")
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    assert b"\nrekap_healthy 1.0\n" in body


def test_a_head_request_gets_no_body(endpoint: Endpoint) -> None:
    status, _, body = ask(endpoint, "/health", "HEAD")
    assert (status, body) == (200, b"")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/health", 405)])
def test_there_is_nothing_else(endpoint: Endpoint, method: str, path: str, status: int) -> None:
    assert ask(endpoint, path, method)[0] == status


def test_a_client_that_says_nothing_keeps_nobody_waiting(endpoint: Endpoint) -> None:
    where = urlsplit(endpoint.url)
    with socket.create_connection((str(where.hostname), int(where.port or 0))):
        assert said(endpoint)[0] == 200


def test_an_address_that_is_taken_is_named_with_what_to_do(endpoint: Endpoint, health: Health) -> None:
    port = int(urlsplit(endpoint.url).port or 0)
    with pytest.raises(EndpointUnusable, match=rf"127\.0\.0\.1:{port} \(.*in use.*--metrics HOST:PORT"):
        Endpoint("127.0.0.1", port, health)


@pytest.mark.parametrize(("host", "port"), [("no-such-host.invalid", 9), ("127.0.0.1", 99_999)])
def test_an_address_that_can_not_be_is_named(health: Health, host: str, port: int) -> None:
    with pytest.raises(EndpointUnusable, match=f"{host}:{port}"):
        Endpoint(host, port, health)


def test_its_port_is_free_when_it_has_stopped(health: Health) -> None:
    with Endpoint("127.0.0.1", 0, health) as one:
        port = int(urlsplit(one.url).port or 0)
    with Endpoint("127.0.0.1", port, health) as again:
        assert said(again)[0] == 200
