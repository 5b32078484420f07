"""The hostile requests and files of tests.corpus, against real processes of the command line."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.corpus import files
from tests.corpus.requests import HARD_TO_PARSE, STATEMENTS, raw_requests
from tests.rekap.conftest import Rekap
from tests.worlds import all_stations, pairs, submitted

TOTAL = "SELECT valid FROM tally_now WHERE level = 'nation' AND contest = 'PPWP'"

IMPORT_EACH = """
import json, sys
from rekap.application import run
codes = [run(["--lang", "en", "--data", sys.argv[1], "import", path]) for path in json.load(sys.stdin)]
print("codes", json.dumps(codes))
"""
"""Many commands in one process, which none of them may end."""

CODES = frozenset({0, 1, 2})
"""Done, done with a reservation, refused."""


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below, with what it holds."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the data, which has to stay as it is."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "kept.csv").write_text("kept,secret\n")
    return folder


@pytest.fixture
def serving(own_count: Path, outside: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`rekap serve`, and its URL."""
    command = [sys.executable, "-m", "rekap", "--lang", "en", "--data", str(own_count), "serve"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=outside,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    found = re.search(r"http://\S+", process.stderr.readline())
    assert found
    yield process, found[0]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


ROOT = Path(__file__).parents[2]


def test_no_request_ends_the_process_or_reaches_a_file(
    serving: tuple[subprocess.Popen[str], str], outside: Path
) -> None:
    process, url = serving
    where = urllib.parse.urlsplit(url)
    before = listing(outside)

    def total() -> bytes:
        with urllib.request.urlopen(url, TOTAL.encode(), timeout=30) as answer:
            return bytes(answer.read())

    right = total()
    for statement in STATEMENTS:
        sql = statement.format(path=outside / "kept.csv", new=outside / "new", port=where.port)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, sql.encode(), timeout=30)
        assert b"secret" not in refused.value.read()
    for body in HARD_TO_PARSE:
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url, body, timeout=30)
    sent = 0
    for raw in raw_requests():
        with (
            socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=5) as used,
            suppress(ConnectionError),
        ):
            used.sendall(raw)
            used.shutdown(socket.SHUT_WR)
            while used.recv(65_536):
                pass
        sent += 1
    assert sent + len(STATEMENTS) + len(HARD_TO_PARSE) >= 100
    assert process.poll() is None
    assert total() == right
    assert listing(outside) == before


def test_no_file_ends_an_import_and_the_count_is_what_the_log_gives(
    rekap: Rekap, empty_count: Path, outside: Path, tmp_path: Path
) -> None:
    station, *others = all_stations()[:4]
    events = [submitted(one, pairs(1, 2, 3)) for one in (station, *others)]
    paths = [str(path) for path in files.write(tmp_path / "in", station, events)]
    assert len(paths) >= 60
    before = listing(outside)
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, str(empty_count)],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        check=False,
        cwd=outside,
        env={"PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    codes = json.loads(ran.stdout.rpartition("codes ")[2])
    wrong = {path: code for path, code in zip(paths, codes, strict=True) if code not in CODES}
    assert wrong == {}, ran.stderr[-2_000:]
    assert "Traceback" not in ran.stderr
    assert "mistake in rekap" not in ran.stderr
    assert len(set(codes)) > 1
    assert listing(outside) == before
    verified = rekap("--data", empty_count, "verify", "--format", "json")
    assert (verified.code, verified.json["equal"]) == (0, True)
