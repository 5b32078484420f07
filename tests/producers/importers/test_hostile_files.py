"""Files for import that were made to stop the importer, to fill its memory, or to reach other files."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from producers.importers import SourceInvalid, open_source
from schemas import zip_bounds
from schemas.elections import load_election
from schemas.input_files import InputRefused
from tests.producers.importers.support import counts, run, unreadables

ROOT = Path(__file__).parents[3]
ELECTION = load_election("pemilu2024")
CODE = "3101011001001"
RESPONSE = json.dumps({"chart": None, "administrasi": None, "images": [], "ts": "2024-02-16 16:25:10"})

NAMES = ("x.json", "x.jsonl", "x.csv", "x.parquet", "x.zip", "x")
IMPORT = """
import sys
from pathlib import Path
from producers.importers import open_source
from schemas.elections import load_election
from schemas.input_files import InputRefused
try:
    source = open_source([Path(sys.argv[1])], load_election("pemilu2024"))
    for chunk in source.chunks(lambda contest, stations: {}):
        for record in chunk.records():
            print(type(record).__name__, getattr(record, "said", ""))
except InputRefused as error:
    print("refused:", error.said.en)
"""


def imported(path: Path) -> str:
    """What becomes of it in a process of its own, which must end by itself."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def make(kind: str, path: Path) -> None:
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_is_refused_at_once_whatever_its_name(tmp_path: Path, kind: str, name: str) -> None:
    make(kind, tmp_path / name)
    with pytest.raises(InputRefused, match=f"(?i)is a {kind}"):
        open_source([tmp_path / name], ELECTION)


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    make("fifo", tmp_path / "x.json")
    assert imported(tmp_path / "x.json").startswith("refused: ")


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_in_a_folder_it_is_named_and_the_others_are_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / f"{CODE}.json").write_text(RESPONSE)
    make(kind, tmp_path / "3101011001002.json")
    (tmp_path / "3101011001003.json").mkdir()
    told = imported(tmp_path).splitlines()
    assert [line.split()[0] for line in told] == ["NothingNew", "Unreadable"]
    assert "not a file" in told[1]


def test_a_zip_in_a_folder_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"{CODE}.json").write_text(RESPONSE)
    make("fifo", tmp_path / "more.zip")
    assert "more.zip is a FIFO" in imported(tmp_path)


# Zips


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_of_zeros_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {f"{CODE}-{n}.json": b"0" * 1_000_000 for n in range(20)})
    assert path.stat().st_size < 50_000
    with pytest.raises(InputRefused, match="announces 20000000 unpacked"):
        open_source([path], ELECTION)


def test_members_that_name_the_same_bytes_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {f"{CODE}.json": os.urandom(50_000)})
    raw = path.read_bytes()
    at = raw.index(b"PK\x01\x02")
    entry, end = raw[at : raw.index(b"PK\x05\x06")], bytearray(raw[raw.index(b"PK\x05\x06") :])
    struct.pack_into("<2HL", end, 8, 1_000, 1_000, len(entry) * 1_000)
    path.write_bytes(raw[:at] + entry * 1_000 + end)
    with pytest.raises(InputRefused, match="names the same part as many files"):
        open_source([path], ELECTION)


def test_a_directory_larger_than_any_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "x.zip", {f"{CODE}-{n}.json": RESPONSE.encode() for n in range(100)})

    def never(*_: object) -> None:
        raise AssertionError("the directory was read")

    with monkeypatch.context() as patched:
        patched.setattr(zip_bounds, "MAX_MEMBERS", 99)
        patched.setattr(zipfile, "ZipFile", never)
        with pytest.raises(InputRefused, match="names 100 files; at most 99"):
            open_source([path], ELECTION)
    with monkeypatch.context() as patched:
        patched.setattr(zip_bounds, "MAX_DIRECTORY_BYTES", 1_000)
        patched.setattr(zipfile, "ZipFile", never)
        with pytest.raises(InputRefused, match="never has more than 1000"):
            open_source([path], ELECTION)
    assert open_source([path], ELECTION).size == 100


def test_the_directory_of_a_large_zip_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # More members than the old end of a zip can count.
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(0x10000):
            archive.writestr(f"{number}.json", b"")
    monkeypatch.setattr(zip_bounds, "MAX_MEMBERS", 0x10000 - 1)
    with pytest.raises(InputRefused, match="names 65536 files"):
        open_source([path], ELECTION)


def test_a_name_that_leads_outside_reaches_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    secret = tmp_path / f"{CODE}.json"
    secret.write_text("outside")
    names = [f"../{CODE}.json", f"{'../' * 20}tmp/{CODE}.json", str(secret)]
    path = zipped(folder / "x.zip", {name: RESPONSE.encode() for name in names})
    before = sorted(tmp_path.rglob("*"))
    records = run(open_source([path], ELECTION))
    assert counts(records)["unreadable"] == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert secret.read_text() == "outside"


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {f"{CODE}.json": RESPONSE.encode()}).read_bytes()
    path = zipped(tmp_path / "x.zip", {"inner.zip": inner})
    with pytest.raises(SourceInvalid, match=r"holds no \.json file"):
        open_source([path], ELECTION).size  # noqa: B018


@pytest.mark.parametrize("at", range(0, 76, 3))
def test_a_changed_byte_of_the_directory_ends_with_a_sentence_or_in_records(tmp_path: Path, at: int) -> None:
    path = zipped(tmp_path / "x.zip", {f"{CODE}.json": RESPONSE.encode()})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + at] ^= 0xFF
    path.write_bytes(raw)
    try:
        records = run(open_source([path], ELECTION))
    except (SourceInvalid, InputRefused):
        return
    assert len(records) == 1


# JSON, CSV and Parquet


@pytest.mark.parametrize("text", ["[" * 200_000, '{"chart":' * 200_000, '{"chart":' + "9" * 500_000 + "}"])
def test_json_of_absurd_depth_or_numbers_is_unreadable_and_named(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / f"{CODE}.json").write_text(text)
    (place, said), *others = unreadables(run(open_source([folder], ELECTION)))
    assert (place, others) == (str(folder / f"{CODE}.json"), [])
    assert len(said) < 1_000


def test_a_cell_and_a_line_without_an_end_are_unreadable_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    row = f"{CODE},PPWP,1,2,3"
    header = "station,contest,vote_1,vote_2,vote_3"
    long_cell, long_line = f'"{"x" * 200_000}",PPWP,1,2,3', "y" * 3_000_000
    path.write_text("\n".join([header, long_cell, long_line, row, ""]))
    records = run(open_source([path], ELECTION))
    assert [type(record).__name__ for record in records] == ["Unreadable", "Unreadable", "Message"]
    assert all(len(said) < 1_000 for _, said in unreadables(records))


def test_a_parquet_of_a_megabyte_that_unpacks_to_gigabytes_is_refused_by_its_footer(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = ("kel_id", "tps_no", "kpu_pas1", "kpu_pas2", "kpu_sah", "kpu_tidak_sah", "kpu_pengguna")
    schema = pa.schema([*((name, pa.int64()) for name in columns), ("notes", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as file:
        row = {name: [1] for name in columns} | {"notes": ["0" * (64 * 1024**2)]}
        for _ in range(17):
            file.write_table(pa.table(row, schema))
    assert path.stat().st_size < 1_500_000
    with pytest.raises(InputRefused, match="Nothing was read"):
        open_source([path], load_election("pilpres2019"))


def test_nothing_is_unpacked_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "x.zip", {f"{CODE}.json": RESPONSE.encode()})

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "mkstemp", never)
    monkeypatch.setattr(tempfile, "TemporaryFile", never)
    assert len(run(open_source([path], ELECTION))) == 1
