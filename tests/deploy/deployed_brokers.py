"""Brokers as docker-compose.yml runs them: start.sh with the settings of deploy/, outside containers.

What a container gives them is given here: directories, names, ports of their own, and Kafka's two commands.
They end with the process that started them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devtools.brokers import JARS, START_S, answers, free_ports
from tests.deploy.compose_files import ROOT

LISTENERS: Final = ("CLIENT", "CONTROLLER", "HOST", "BROKER")
CLUSTER: Final = "cmVrYXAtZWxlY3Rpb24tMQ"

COMMANDS: Final = {"kafka-storage.sh": "kafka.tools.StorageTool", "kafka-server-start.sh": "kafka.Kafka"}
"""The commands of Kafka that start.sh uses, and what they run."""


class Deployed:
    """One broker (`copies` = alone) or three of them (of-three), from `start` to the end of the block.

    `access`: the directory that says who may connect (deploy/open/kafka, or what make_secrets made).
    """

    def __init__(self, scratch: Path, access: Path, copies: str = "alone") -> None:
        """Nothing runs yet."""
        self.access = access
        self.copies = copies
        self.scratch = scratch
        self.nodes = 3 if copies == "of-three" else 1
        ports = free_ports(len(LISTENERS) * self.nodes)
        self.ports = [
            dict(zip(LISTENERS, ports[node :: self.nodes], strict=True)) for node in range(self.nodes)
        ]
        self.processes: list[subprocess.Popen[bytes]] = []
        self._commands()

    @property
    def bootstrap(self) -> str:
        """Where clients in the network of the services would connect."""
        return ",".join(f"127.0.0.1:{each['CLIENT']}" for each in self.ports)

    def __enter__(self) -> Deployed:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run the brokers and wait until their ports are open, which is what the health check waits for."""
        self.processes = [self._run(node) for node in range(self.nodes)]
        deadline = time.monotonic() + START_S
        for node, process in enumerate(self.processes):
            while not answers(self.ports[node]["CLIENT"]):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The broker does not answer:\n{self.output(node)}")
                time.sleep(0.05)

    def stop(self) -> None:
        """End them as `docker compose stop` does."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def output(self, node: int = 0) -> str:
        """What a broker wrote."""
        return (self.scratch / f"output-{node}").read_text(errors="replace")

    def environment(self, node: int) -> Mapping[str, str]:
        """The variables that a broker's service has, and those for what is not as in a container."""
        ports = self.ports[node]
        voters = (f"{1 + other}@127.0.0.1:{self.ports[other]['CONTROLLER']}" for other in range(self.nodes))
        return {
            "PATH": os.environ["PATH"],
            "BROKER_ID": str(1 + node),
            "BROKER_NAME": "127.0.0.1",
            "BROKER_VOTERS": ",".join(voters),
            "BROKER_COPIES": self.copies,
            "BROKER_CLUSTER": CLUSTER,
            "BROKER_HOST_PORT": str(ports["HOST"]),
            "BROKER_CLIENT_PORT": str(ports["CLIENT"]),
            "BROKER_CONTROLLER_PORT": str(ports["CONTROLLER"]),
            "BROKER_BROKER_PORT": str(ports["BROKER"]),
            "BROKER_LISTENS_ON": "127.0.0.1",
            "BROKER_GIVEN": str(ROOT / "deploy/broker"),
            "BROKER_ACCESS": str(self.access),
            "BROKER_WRITTEN": str(self._own(node)),
            "BROKER_DATA": str(self._own(node) / "data"),
            "KAFKA_BIN": str(self.scratch / "bin"),
            "KAFKA_HEAP_OPTS": "-Xmx384m",
        }

    def _own(self, node: int) -> Path:
        own = self.scratch / f"node-{node}"
        own.mkdir(exist_ok=True)
        return own

    def _run(self, node: int) -> subprocess.Popen[bytes]:
        with (self.scratch / f"output-{node}").open("ab") as output:
            return subprocess.Popen(
                ["/bin/sh", ROOT / "deploy/broker/start.sh"],
                env=dict(self.environment(node)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_dies_with_its_parent,
            )

    def _commands(self) -> None:
        (self.scratch / "bin").mkdir()
        for name, main in COMMANDS.items():
            command = self.scratch / "bin" / name
            level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
            command.write_text(f'#!/bin/sh\nexec java $KAFKA_HEAP_OPTS {level} -cp "{JARS}/*" {main} "$@"\n')
            command.chmod(0o755)


def _dies_with_its_parent() -> None:
    """The kernel ends the process with the one that started it; what it executes inherits that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
