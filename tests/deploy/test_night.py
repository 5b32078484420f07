"""The services of docker-compose.yml in the secure profile, without containers: from a form to a result.

Each runs the command, the variables, the login and the health check that the file gives it. What containers
add is replaced: names of hosts, directories, and ClickHouse by the engine behind its HTTP protocol. What its
users may do there is tested elsewhere.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from clickhouse.client import SinkUnavailable, connect
from deploy.make_secrets import make
from devtools.brokers import free_ports
from event_log.kafka.connection import Connection
from producers.publisher import Publisher
from schemas.data_directory import DataDirectory
from tests.deploy.compose_files import BASE, arguments, read, substituted
from tests.deploy.deployed_brokers import Deployed
from tests.sinks.delivery.engine import Engine
from tests.waiting import wait_until
from tests.worlds import all_stations, pairs, submitted, world

SERVICES: Final = read(BASE)["services"]
REKAP: Final = Path(sys.executable).with_name("rekap")
TIMEOUT_S: Final = 120
"""Many times what anything here takes on an idle machine."""


class Site:
    """What the containers of one machine would see."""

    def __init__(self, place: Path, broker: Deployed, database: str) -> None:
        """`database`: the URL of an engine."""
        self.place = place
        self.broker = broker
        self.ports = dict(zip(("worker", "sink"), free_ports(2), strict=True))
        for url in place.glob("secure/*/clickhouse.url"):
            url.write_text(f"{database}\n")

    def _here(self, text: str, service: str) -> str:
        """A text of the compose file, with what is here instead of in a container."""
        user = Path(substituted(SERVICES[service]["volumes"][-1]["source"])).name
        known = {
            "/run/rekap": str(self.place / "secure" / user),
            "/snapshots": str(self.place / "snapshots"),
            "/data": str(self.place / "data"),
            "kafka:9092": self.broker.bootstrap,
            "0.0.0.0:9100": f"127.0.0.1:{self.ports.get(service)}",
            "127.0.0.1:9100": f"127.0.0.1:{self.ports.get(service)}",
        }
        for there, here in known.items():
            text = text.replace(there, here)
        return text

    def command(self, service: str, *more: str) -> list[str]:
        """What the service's container runs, with more arguments for one without a command of its own."""
        own = arguments(SERVICES[service]) if "command" in SERVICES[service] else []
        entrypoint = [substituted(part) for part in SERVICES[service]["entrypoint"]]
        return [self._here(part, service) for part in [*entrypoint, *own, *more]]

    def environment(self, service: str) -> Mapping[str, str]:
        """Its variables."""
        given = {name: substituted(value) for name, value in SERVICES[service]["environment"].items()}
        path = {"PATH": f"{REKAP.parent}:{os.environ['PATH']}"}
        return path | {name: self._here(value, service) for name, value in given.items()}

    def once(self, service: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run a service that ends."""
        return subprocess.run(
            self.command(service, *more),
            env=dict(self.environment(service)),
            capture_output=True,
            text=True,
            check=False,
        )

    def is_healthy(self, service: str) -> bool:
        """What its health check says."""
        _, _, option, code = SERVICES[service]["healthcheck"]["test"]
        check = [sys.executable, option, self._here(code, service)]
        return subprocess.run(check, capture_output=True, check=False).returncode == 0

    @contextmanager
    def running(self, service: str) -> Iterator[Path]:
        """A service that lasts, in the block; the file of its output. It has to end by itself when told."""
        output = self.place / f"{service}.log"
        with output.open("wb") as file:
            process = subprocess.Popen(
                self.command(service),
                env=dict(self.environment(service)),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        try:
            yield output
            assert process.poll() is None, output.read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
        assert code == 0, output.read_text()


@pytest.fixture
def site(startable: None, migrated_directory: Path, tmp_path: Path) -> Iterator[Site]:  # noqa: ARG001
    """A broker of the secure profile, an engine, logins, and the data directory of the tiny election."""
    make(tmp_path / "secure")
    for file in (tmp_path / "secure").rglob("*.properties"):
        file.write_text(file.read_text().replace("/run/rekap", str(file.parent)))
    DataDirectory.create(tmp_path / "data", world().election, world().registry)
    shutil.copytree(migrated_directory, tmp_path / "clickhouse", symlinks=True)
    (tmp_path / "broker").mkdir()
    with (
        Deployed(tmp_path / "broker", tmp_path / "secure/kafka") as broker,
        Engine(tmp_path / "clickhouse") as engine,
    ):
        yield Site(tmp_path, broker, engine.url)


def counted(site: Site) -> int:
    """How many messages are in the nation's total, as an analyst reads it."""
    try:
        client = connect((site.place / "secure/auditor/clickhouse.url").read_text().strip(), readonly=True)
    except SinkUnavailable:
        return -1
    sql = "SELECT max(version) FROM tally WHERE level = 'nation' AND contest = 'PPWP'"
    version = int(client.query(sql).result_rows[0][0])
    client.close()
    return version


def test_what_a_field_system_sends_is_in_the_nation_s_total(site: Site) -> None:
    for service in ("access", "setup", "setup"):  # a second time is harmless
        done = site.once(service)
        assert done.returncode == 0, done.stderr
    with site.running("worker") as worker, site.running("sink") as sink:

        def outputs() -> str:
            return worker.read_text() + sink.read_text()

        wait_until(lambda: site.is_healthy("worker") and site.is_healthy("sink"), explain=outputs)
        field = Connection.of(site.broker.bootstrap, site.place / "secure/field/broker.properties")
        stations = all_stations()
        with Publisher(field, world().registry) as publisher:
            for station in stations:
                publisher.publish(submitted(station, pairs(1, 2, 3)))
        wait_until(lambda: counted(site) == len(stations), explain=outputs)
        assert site.is_healthy("worker")
        assert site.is_healthy("sink")
        checked = site.once("cli", "topics", "check")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        changed = site.once("cli", "topics", "acls")
        assert changed.returncode == 3, "an auditor sets no rights"
    secrets = [path.read_text().strip() for path in (site.place / "secure/admin/passwords").iterdir()]
    assert not [one for one in secrets if one in worker.read_text() + sink.read_text()]
