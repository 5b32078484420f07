"""Other implementations of transparency logs, built from tests/transparency/peers where Go is."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from tests.transparency.trees import Files
from transparency.encoding import base64
from transparency.keys import SignatureType, VerifierKey
from transparency.merkle import EMPTY_ROOT

ROOT: Final = Path(__file__).parents[2]
MODULE: Final = Path(__file__).parent / "peers"
KEPT: Final = ROOT / ".peers"
"""Where the programs are kept from one run of the tests to the next."""

WITNESS: Final = "filippo.io/torchwood/cmd/litewitness"
OLDEST_GO: Final = (1, 26)
CALL_S: Final = 60
"""How long a peer may take for one answer."""
START_S: Final = 20
"""How long a witness may take to start."""
POLL_S: Final = 0.02


def require_go() -> None:
    """Skip the test where Go is missing or too old."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed: other implementations of transparency logs are not asked")
    told = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if version < OLDEST_GO:
        pytest.skip(
            f"{told.strip()} is too old for other implementations of transparency logs: 1.26 is needed"
        )


def build() -> Path:
    """The directory of the programs, built once for one state of the module. Skips without Go."""
    require_go()
    state = sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        state.update((MODULE / name).read_bytes())
    built = KEPT / state.hexdigest()[:16]
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:  # processes of tests that run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built / "complete").exists():
            built.mkdir(exist_ok=True)
            ran = subprocess.run(
                ["go", "build", "-mod=readonly", "-trimpath", "-o", f"{built}/", ".", WITNESS],
                cwd=MODULE,
                env={**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
                capture_output=True,
                text=True,
            )
            assert ran.returncode == 0, ran.stderr
            (built / "complete").touch()
    return built


@dataclass(frozen=True)
class Peers:
    """The programs, and a directory to hand files over in."""

    programs: Path
    directory: Path

    def ask(self, *arguments: object) -> str:
        """What the peers answer: `ok`, or what is wrong."""
        ran = subprocess.run(
            [self.programs / "peers", *(str(one) for one in arguments)],
            capture_output=True,
            text=True,
            timeout=CALL_S,
        )
        said = ran.stdout.strip()
        assert ran.returncode in (0, 1), said + ran.stderr
        assert (ran.returncode == 0) == (said == "ok"), said
        return said

    def file(self, name: str, content: bytes) -> Path:
        """A file that holds `content`."""
        path = self.directory / name
        path.write_bytes(content)
        return path

    def log(self, files: Files, key: VerifierKey) -> tuple[Path, Path]:
        """A log's directory, made anew, and the file with its key beside its checkpoint."""
        directory = self.directory / "log"
        shutil.rmtree(directory, ignore_errors=True)
        for name, content in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        vkey = directory / "log.vkey"
        vkey.write_text(f"{key.encode()}\n")
        return directory, vkey


@dataclass(frozen=True)
class LiteWitness:
    """A running witness: its key and where it listens."""

    key: VerifierKey
    url: str


@contextmanager
def litewitness(
    peers: Peers, directory: Path, name: str, seed: bytes, log: VerifierKey
) -> Iterator[LiteWitness]:
    """A witness of torchwood's on loopback that knows one log; its state is in `directory`, so that it can be
    started again."""
    directory.mkdir(exist_ok=True)
    agent_socket, database = directory / "agent", directory / "witness.db"
    agent_socket.unlink(missing_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    agent = subprocess.Popen(
        [peers.programs / "peers", "agent", agent_socket, seed.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert agent.stdout is not None
    fingerprint = agent.stdout.readline().strip()
    command: list[str | Path] = [peers.programs / "litewitness", "-name", name, "-db", database]
    with (directory / "output").open("w") as output:
        witness = subprocess.Popen(
            [*command, "-ssh-agent", agent_socket, "-listen", f"127.0.0.1:{port}", "-key", fingerprint],
            stderr=output,
            stdout=output,
        )
    try:
        deadline = time.monotonic() + START_S
        while not (found := re.search(r"vkey=(\S+)", (directory / "output").read_text())):
            assert time.monotonic() < deadline, (directory / "output").read_text()
            assert witness.poll() is None, (directory / "output").read_text()
            time.sleep(POLL_S)
        key = VerifierKey.parse(found[1])
        assert key.type is SignatureType.COSIGNATURE
        with sqlite3.connect(database, timeout=START_S) as rows:
            rows.execute("INSERT OR IGNORE INTO log VALUES (?, 0, ?)", (log.name, base64(EMPTY_ROOT)))
            rows.execute("DELETE FROM key")
            rows.execute("INSERT INTO key VALUES (?, ?)", (log.name, log.encode()))
        rows.close()
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert time.monotonic() < deadline
            time.sleep(POLL_S)
        yield LiteWitness(key, f"http://127.0.0.1:{port}")
    finally:
        witness.terminate()
        witness.wait(START_S)
        assert agent.stdin is not None
        agent.stdin.close()
        agent.wait(START_S)
        agent.stdout.close()
