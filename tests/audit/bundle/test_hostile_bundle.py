"""A bundle comes from a stranger: nothing outside it is opened, and memory is bounded whatever it claims."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.bundle.layout import CHUNK_ENTRIES, LOG_SCHEMA, MANIFEST, MAX_ENTRIES, MAX_PARTITIONS
from audit.receipts import Verdict
from event_log.leaf import leaf_hash
from tests.audit.bundle.test_log import seal
from tests.audit.bundle.worlds import bundle_of, checked, numbered
from tests.transparency.trees import LOG, ORIGIN
from transparency.checkpoint import Checkpoint

MEMORY: Final = 3 * 1024**3
"""Bytes of address space for what verifies hostile logs; libraries take half a GiB of it."""
CHUNK: Final = "log/0/000000000000.parquet"

Attack = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of some entries. Never change it."""
    return bundle_of(numbered(300), tmp_path_factory.mktemp("whole"))


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to attack."""
    shutil.copytree(whole, tmp_path / "bundle")
    return tmp_path / "bundle"


def away(path: Path) -> Path:
    """Move a part of the bundle out of it; where it is now."""
    bundle = next(one for one in path.parents if one.name == "bundle")
    return Path(shutil.move(path, bundle.with_name(f"outside-{path.name}")))


def link(name: str) -> Attack:
    def attack(bundle: Path) -> None:
        (bundle / name).symlink_to(away(bundle / name))

    return attack


def pipe(name: str) -> Attack:
    def attack(bundle: Path) -> None:
        (bundle / name).unlink(missing_ok=True)
        os.mkfifo(bundle / name)

    return attack


def device(name: str) -> Attack:
    def attack(bundle: Path) -> None:
        (bundle / name).unlink(missing_ok=True)
        (bundle / name).symlink_to("/dev/zero")

    return attack


IRREGULAR: Final[dict[str, tuple[Attack, str]]] = {
    **{
        f"link {name}": (link(name), name)
        for name in ("log/0", "log", "tlog/0/tile", "tlog/0/checkpoint", "election.json", "rules.json", CHUNK)
    },
    "link registry.npz": (link("registry.npz"), "registry.npz"),
    "link manifest.json": (link("manifest.json"), "manifest.json"),
    **{
        f"pipe {name}": (pipe(name), name)
        for name in ("rules.json", "manifest.json", "witness.policy", CHUNK, "tlog/0/checkpoint")
    },
    **{f"device {name}": (device(name), name) for name in ("rules.json", "registry.npz", "tlog/0/log.vkey")},
}


@pytest.mark.parametrize("name", IRREGULAR)
def test_what_is_no_file_of_the_bundle_is_named_and_nothing_is_read(bundle: Path, name: str) -> None:
    attack, path = IRREGULAR[name]
    attack(bundle)
    report = checked(bundle)
    assert report.verdict is Verdict.FAILED
    assert [one.kind for one in report.findings] == ["file_irregular"]
    assert path in report.findings[0].sentence.en
    assert path in report.findings[0].sentence.id
    assert report.events == 0
    assert {one.verdict for one in report.checks[1:]} == {Verdict.NOT_CHECKED}


def test_a_socket_is_named(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s")
        assert [found.kind for found in checked(bundle).findings] == ["file_irregular"]


def test_names_that_lead_outside_open_nothing(bundle: Path) -> None:
    secret = bundle.parent / "secret"
    secret.write_bytes(b"secret")
    secret.chmod(0)  # reading it as anybody but root fails
    before = secret.stat()
    names = (
        "../secret",
        str(secret),
        "log/0/../../../secret",
        "log/\x1b[31m\u202e",
        "/dev/zero",
        "a" * 5_000,
    )
    document = json.loads((bundle / MANIFEST).read_bytes())
    document["files"] += [{"path": one, "bytes": 10**10, "sha256": "0" * 64} for one in names]
    write(bundle, document)
    report = checked(bundle)
    assert [one.kind for one in report.findings] == ["file_missing"] * len(names)
    said = " ".join(one.sentence.en for one in report.findings)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert secret.stat().st_atime_ns == before.st_atime_ns


def write(bundle: Path, document: dict[str, Any]) -> None:
    """The manifest, in its canonical form."""
    raw = json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    (bundle / MANIFEST).write_text(raw + "\n", "utf-8")


def lines(count: int, entries: int = 0) -> list[dict[str, Any]]:
    return [{"partition": number, "entries": entries, "covered": None} for number in range(count)]


@pytest.mark.parametrize(
    "partitions",
    [
        lines(1) * 1_000,
        lines(MAX_PARTITIONS + 1),
        lines(1, MAX_ENTRIES + 1),
        [{"partition": 10**18, "entries": 0, "covered": None}],
    ],
    ids=["one_many_times", "too_many", "too_many_entries", "far_away"],
)
def test_what_a_manifest_announces_is_bounded(bundle: Path, partitions: list[dict[str, Any]]) -> None:
    write(bundle, json.loads((bundle / MANIFEST).read_bytes()) | {"partitions": partitions})
    report = checked(bundle)
    assert report.verdict is Verdict.FAILED
    assert [one.kind for one in report.findings] == ["manifest_invalid"]


def manifest_of(raw: bytes) -> Attack:
    def attack(bundle: Path) -> None:
        (bundle / MANIFEST).write_bytes(raw)

    return attack


def values(count: int) -> bytes:
    return b'{"files":[' + b"0," * count + b'0],"partitions":[]}'


def write_log(bundle: Path, count: int, body: bytes) -> None:
    """Entries that all have this body, which is written once."""

    def same(value: bytes) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [value])

    columns = [pa.array(np.arange(count))] * 3 + [
        pa.nulls(count, pa.binary()),
        same(leaf_hash(b"")),
        same(body),
    ]
    fields = [field.with_type(column.type) for field, column in zip(LOG_SCHEMA, columns, strict=True)]
    # Without the Arrow schema, a reader takes the columns for what LOG_SCHEMA has.
    table = pa.Table.from_arrays(columns, schema=pa.schema(fields))
    pq.write_table(table, bundle / CHUNK, compression="zstd", store_schema=False)
    seal(bundle)


def texts_that_repeat(bundle: Path) -> None:
    """800 GiB in a file of some kilobytes."""
    write_log(bundle, CHUNK_ENTRIES, b"x" * 2**24)


def many_entries(bundle: Path) -> None:
    write_log(bundle, 1_000_000, b"")


def packed_register(bundle: Path) -> None:
    """A register of some megabytes that unpacks to eight gigabytes."""
    with zipfile.ZipFile(bundle / "registry.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("ids", "parent"):
            header = {"descr": "|u1", "fortran_order": False, "shape": (2**32 - 1,)}
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, header)
                for _ in range(64):
                    member.write(bytes(2**22))
    seal(bundle)


def huge_tree(bundle: Path) -> None:
    root = b"\1" * 32
    (bundle / "tlog/0/checkpoint").write_bytes(Checkpoint(ORIGIN, 2**62 + 77, root).signed(LOG).encode())
    seal(bundle)


def sparse_election(bundle: Path) -> None:
    with (bundle / "election.json").open("r+b") as file:
        file.truncate(10 * 1024**3)


BOMBS: Final[dict[str, Attack]] = {
    "many_values": manifest_of(values(7_000_000)),
    "deep": manifest_of(b"[" * 8_000_000),
    "long_number": manifest_of(b"1" * 8_000_000),
    "too_long": manifest_of(b" " * 17 * 1024**2),
    "texts_that_repeat": texts_that_repeat,
    "many_entries": many_entries,
    "packed_register": packed_register,
    "huge_tree": huge_tree,
    "sparse_election": sparse_election,
}
NAMED: Final = {
    **dict.fromkeys(("many_values", "deep", "long_number", "too_long"), "manifest_invalid"),
    "texts_that_repeat": "a file of that kind never has more",
    "many_entries": f"it has more than {CHUNK_ENTRIES} entries",
    "packed_register": "another definition of the election or register",
    "huge_tree": "tile_missing",
    "sparse_election": "file_changed",
}
SCRIPT: Final = """
import resource, sys
from pathlib import Path
from audit.bundle.report import Report
from audit.bundle.verify import verify_log
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
for bundle in sys.argv[2:]:
    report = Report()
    verify_log(Path(bundle), report, None, ())
    print(report.verdict.value, *(f"{one.kind}: {one.sentence.en}" for one in report.findings[-1:]))
"""


def test_memory_is_bounded_whatever_a_bundle_unpacks_to(whole: Path, tmp_path: Path) -> None:
    bundles = []
    for name, attack in BOMBS.items():
        shutil.copytree(whole, tmp_path / name)
        attack(tmp_path / name)
        bundles.append(tmp_path / name)
    assert sum(file.stat().st_blocks * 512 for one in bundles for file in one.rglob("*")) < 100 * 1024**2
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(MEMORY), *bundles],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    found = dict(zip(BOMBS, ran.stdout.splitlines(), strict=True))
    assert {line.partition(" ")[0] for line in found.values()} == {"failed"}
    for name, named in NAMED.items():
        assert named in found[name], (name, found[name])
