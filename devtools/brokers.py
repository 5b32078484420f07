"""Real Kafka for the tests: one broker, or a cluster of them, each a Java process on loopback.

A broker dies with the process that started it, however that one ends. Its ports stay its own while it is
down, so `restart` brings it back at the same address; its data is in a temporary directory that `stop`
removes.

Nothing here pretends to be a broker: without Java 17 and the jars (`make kafka-jars`) there is none, and
`why_not` says so. By itself (`make kafka`) this module runs one broker until Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from devtools.broker_settings import ADMIN, INTERNAL, PASSWORDS, properties_of

JARS: Final = Path(__file__).parents[1] / ".kafka"
"""Where `make kafka-jars` puts them."""

OLDEST_JAVA: Final = 17
"""What Kafka 4's broker is compiled for."""

HEAP_MB: Final = {1: 512, 3: 384}
"""Java heap of each broker, by their number: a lone broker then takes 370 MB, three take 1 GB."""

PORTS: Final = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections, which could take a port while its broker is down."""

SIDE_BY_SIDE: Final = 16
"""Processes of pytest-xdist that never choose the same port."""

START_S: Final = 90
"""How long to wait for a broker: 3 s on an idle machine, much longer while 2 cores do ten other things."""

CLUSTER_ID: Final = "cmVrYXAtdGVzdC1jbHVzdA"
"""16 bytes in base64, as Kafka wants it."""

_SHORT_LIVED: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Java's optimizing compiler takes both cores for the first minute, which is most of a test's broker's life;
so does a collector that works beside the program."""

_DIES_WITH_ITS_PARENT: Final = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the process that wanted a broker is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Runs before Java in the same process, so that its id is the broker's. The kernel ends it when the thread
that started it ends: start brokers in the main thread."""


def why_not() -> str | None:
    """Why no broker can be started here, or None if one can."""
    java = shutil.which("java")
    if java is None:
        return f"no Java: install Java {OLDEST_JAVA} or newer, or set KAFKA_BOOTSTRAP_SERVERS"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        return f"Kafka needs Java {OLDEST_JAVA} or newer; this one says: {said.strip().partition(chr(10))[0]}"
    if not (JARS / "complete").exists():
        return "no Kafka: run `make kafka-jars` (needs Maven), or set KAFKA_BOOTSTRAP_SERVERS"
    return None


class Broker:
    """One broker (`nodes` = 1) or a cluster of several, which are broker and controller in one process each.

    `secure`: clients must log in with SCRAM-SHA-256 and may do what ACLs allow; the user ADMIN may do
    everything. `properties`: more of Kafka's settings, or others, for every node; `client`: what its clients
    then need besides.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        secure: bool = False,
        properties: Mapping[str, str] | None = None,
        client: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Nothing runs yet: use `start`."""
        self.nodes = nodes
        self.secure = secure
        self.client = client or {}
        self.keeps_data = directory is not None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="rekap-kafka-"))
        self.directory.mkdir(exist_ok=True)
        self.ports = self._ports(2 * nodes)
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        for node in range(nodes):
            own = properties_of(node, self.ports[:nodes], self.ports[nodes:], secure=secure)
            own |= {"log.dirs": str(self.directory / f"data-{node}"), **(properties or {})}
            self._file(node).write_text("".join(f"{name}={value}\n" for name, value in own.items()))

    @classmethod
    def start(
        cls,
        nodes: int = 1,
        *,
        secure: bool = False,
        properties: Mapping[str, str] | None = None,
        client: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> Self:
        """A running broker that answers. `directory` keeps its data and its address for the next start.
        Raises RuntimeError with the end of its output."""
        broker = cls(nodes, secure=secure, properties=properties, client=client, directory=directory)
        try:
            if not (broker.directory / "data-0" / "meta.properties").exists():
                broker._format()
            for node in range(nodes):
                broker._run(node)
            broker.wait()
        except BaseException:
            broker.stop()
            raise
        return broker

    @property
    def bootstrap(self) -> str:
        """`host:port` of every node, separated by commas; whether it is up or not."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports[: self.nodes])

    def settings(self, user: str = ADMIN, password: str | None = None) -> dict[str, Any]:
        """What a kafka-python client needs to reach it, as this user where it is secure."""
        settings: dict[str, Any] = {"bootstrap_servers": self.bootstrap.split(",")}
        if self.secure:
            settings |= {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "SCRAM-SHA-256",
                "sasl_plain_username": user,
                "sasl_plain_password": PASSWORDS[user] if password is None else password,
            }
        return {**settings, **self.client}

    def kill(self, node: int = 0) -> None:
        """End a node as a power cut would: no chance to say goodbye."""
        process = self.processes.pop(node)
        process.kill()
        process.wait()

    def restart(self, node: int = 0) -> None:
        """Bring a node that was killed back, with its data and its address; until it answers."""
        self._run(node)
        self.wait()

    def stop(self) -> None:
        """End every node and remove the data that is not to be kept. Nothing if that was done before."""
        if self.keeps_data:
            for process in self.processes.values():
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(START_S)
        for node in list(self.processes):
            self.kill(node)
        if self.keeps_data:
            return
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Until every node that runs answers and is part of the cluster. Raises RuntimeError if one isn't."""
        deadline = time.monotonic() + START_S
        for node, process in self.processes.items():
            while not self._ready(node):
                if process.poll() is not None:
                    raise RuntimeError(f"Kafka ended with code {process.returncode}:\n{self.output(node)}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"Kafka does not answer after {START_S} s:\n{self.output(node)}")
                time.sleep(0.1)

    def output(self, node: int = 0) -> str:
        """The last lines that a node wrote."""
        return "\n".join(self._log(node).read_text(errors="replace").splitlines()[-30:])

    def _ready(self, node: int) -> bool:
        """Whether a node answers and the cluster has taken it in."""
        if not answers(self.ports[node]):
            return False
        settings = self.settings() | {"bootstrap_servers": f"127.0.0.1:{self.ports[node]}"}
        with contextlib.suppress(KafkaError):
            admin = KafkaAdminClient(**settings, bootstrap_timeout_ms=2_000, request_timeout_ms=2_000)
            try:
                brokers = admin.describe_cluster()["brokers"]
                return node in {one["broker_id"] for one in brokers if not one["is_fenced"]}
            finally:
                admin.close()
        return False

    def _format(self) -> None:
        """Write each node's empty data directory."""
        arguments = ["format", "--cluster-id", CLUSTER_ID]
        for user in (ADMIN, INTERNAL) if self.secure else ():
            arguments += ["--add-scram", f"SCRAM-SHA-256=[name={user},password={PASSWORDS[user]}]"]
        formats = [
            self._java(node, 128, "kafka.tools.StorageTool", [*arguments, "--config", str(self._file(node))])
            for node in range(self.nodes)
        ]
        for node, process in enumerate(formats):
            if process.wait() != 0:
                raise RuntimeError(f"Kafka's data directory can't be formatted:\n{self.output(node)}")

    def _run(self, node: int) -> None:
        heap = HEAP_MB.get(self.nodes, min(HEAP_MB.values()))
        self.processes[node] = self._java(node, heap, "kafka.Kafka", [str(self._file(node))])

    def _java(self, node: int, heap_mb: int, main: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        java = ["java", f"-Xmx{heap_mb}m", *_SHORT_LIVED, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        java += ["-cp", f"{JARS}/*", main, *arguments]
        with self._log(node).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", _DIES_WITH_ITS_PARENT, str(os.getpid()), *java],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then end the broker
            )

    def _ports(self, count: int) -> list[int]:
        """Free ports; those of the last time where data are kept, because clients know the address."""
        kept = self.directory / "ports"
        if kept.exists():
            return [int(port) for port in kept.read_text().split()]
        ports = free_ports(count)
        if self.keeps_data:
            kept.write_text(" ".join(map(str, ports)))
        return ports

    def _file(self, node: int) -> Path:
        return self.directory / f"server-{node}.properties"

    def _log(self, node: int) -> Path:
        return self.directory / f"output-{node}.log"


def answers(port: int) -> bool:
    """Whether something listens on this loopback port."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, and that tests in other processes do not choose."""
    found: list[int] = []
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SIDE_BY_SIDE
    own = PORTS[process::SIDE_BY_SIDE]
    for port in random.sample(own, len(own)):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError(f"No {count} free ports between {PORTS.start} and {PORTS.stop} on loopback.")


def main() -> None:
    """Run one broker until Ctrl-C or SIGTERM; an argument names the directory that keeps its data."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if (reason := why_not()) is not None:
        sys.exit(reason)
    for one in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with Ctrl-C ignored
        signal.signal(one, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Broker.start(directory=directory) as broker:
        kept = f"its data stay in {directory} (make kafka-clean)" if directory else "its data are removed"
        print(f"Kafka answers at {broker.bootstrap}. Ctrl-C ends it; {kept}.", flush=True)
        broker.processes[0].wait()
        sys.exit(f"Kafka ended by itself:\n{broker.output()}")


if __name__ == "__main__":
    main()
