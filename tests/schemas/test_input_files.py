"""Files that somebody else made: nothing waits for them, and nothing of an absurd size is unpacked."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas import candidates, elections, input_files, parquet_files, registry_files
from schemas.candidates import with_candidates
from schemas.elections import DefinitionInvalid, load_election
from schemas.input_files import InputRefused, open_input, read_text
from schemas.parquet_files import batches, open_parquet
from schemas.parquet_pages import unpacked_sizes
from schemas.regions import RegistryInvalid
from schemas.registry_files import read_registry
from schemas.yaml_text import load_yaml
from tests.producers.importers.support import REAL_DATA, needs_real_data
from tests.worlds import election

ROOT = Path(__file__).parents[2]


def special(kind: str, path: Path) -> Path:
    """Something at `path` that is no regular file."""
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            bound = socket.socket(socket.AF_UNIX)
            bound.bind(str(path))
            bound.close()
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "link to fifo":
            os.mkfifo(path.with_name("pipe"))
            path.symlink_to(path.with_name("pipe"))
    return path


KINDS = ("fifo", "socket", "device", "folder", "link to fifo")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_refused_and_named(tmp_path: Path, kind: str) -> None:
    path = special(kind, tmp_path / "x.json")
    with pytest.raises(InputRefused) as refused:
        open_input(path)
    word = {"fifo": "FIFO", "link to fifo": "FIFO"}.get(kind, kind)
    assert f"is a {word}" in refused.value.said.en
    assert "berkas biasa" in refused.value.said.id


def test_one_that_took_the_place_of_a_file_after_the_look_is_refused_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    path.touch()
    look = input_files._require_regular

    def then_swap(named: Path, about: os.stat_result) -> None:
        look(named, about)
        if path.is_file():
            path.unlink()
            os.mkfifo(path)

    monkeypatch.setattr(input_files, "_require_regular", then_swap)
    with pytest.raises(InputRefused, match="is a FIFO"):
        open_input(path)


def test_a_file_with_more_than_it_may_have_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a" * 11)
    with pytest.raises(InputRefused, match=r"holds 11 bytes.*more than 10"):
        read_text(path, 10)
    assert read_text(path, 11) == "a" * 11


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["election", "registry", "stations", "candidates"])
def test_init_refuses_what_is_no_file_at_once(tmp_path: Path, kind: str, option: str) -> None:
    names = {"election": "e.yaml", "registry": "r.csv", "stations": "s.parquet", "candidates": "c.csv"}
    (tmp_path / "regions.csv").write_text("id,parent,level,name\n0,,nation,N\n")
    path = special(kind, tmp_path / names[option])
    given = {"election": "pemilu2024", "registry": tmp_path / "regions.csv", option: path}
    arguments = [argument for name, value in given.items() for argument in (f"--{name}", str(value))]
    ran = subprocess.run(
        [*(sys.executable, "-m", "rekap", "--lang", "en"), "--data", str(tmp_path / "d"), "init", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 2, ran.stderr
    assert path.name in ran.stderr
    assert "mistake in rekap" not in ran.stderr
    assert not (tmp_path / "d" / "election.json").exists()


# Parquet


def one_row(**columns: Any) -> pa.Table:
    return pa.table({name: [value] for name, value in columns.items()})


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file that unpacks to more than a gigabyte of zeros."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.parquet"
    schema = pa.schema([("id", pa.string())])
    options = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
    zeros = pa.table({"id": ["0" * (64 * 1024**2)]}, schema)
    with pq.ParquetWriter(path, schema, **options) as file:
        for _ in range(17):
            file.write_table(zeros)
    return path


def test_one_that_unpacks_to_gigabytes_is_refused_by_its_footer(bomb: Path) -> None:
    path = bomb
    assert path.stat().st_size < 1_500_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputRefused, match=r"holds 11\d{8} bytes"):
        open_parquet(path)
    with pytest.raises(InputRefused):
        read_registry(election(), path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def number(value: int, length: int = 0) -> bytes:
    """A whole number as Thrift's compact protocol has it, made longer up to `length` bytes."""
    parts, value = bytearray(), value << 1
    while value or not parts or len(parts) < length:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts[-1] &= 0x7F
    return bytes(parts)


def test_one_whose_footer_says_less_than_its_pages_is_refused_all_the_same(
    bomb: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(bomb, tmp_path / "lie.parquet"))
    size = pq.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size
    raw = path.read_bytes()
    footer = len(raw) - 8 - int.from_bytes(raw[-8:-4], "little")
    honest = number(size)
    assert raw.count(honest, footer) >= 17
    path.write_bytes(raw[:footer] + raw[footer:].replace(honest, number(1_000, len(honest))))
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).total_uncompressed_size == 1_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputRefused, match="Nothing was read"):
        open_parquet(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


@pytest.mark.parametrize("at", range(4, 60))
def test_a_changed_byte_of_a_page_s_header_ends_with_a_sentence_or_in_rows(tmp_path: Path, at: int) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(one_row(id="0", parent=None, level="nation", name="N"), path)
    raw = bytearray(path.read_bytes())
    for flipped in (0x01, 0x55, 0xFF):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ flipped]) + raw[at + 1 :])
        with contextlib.suppress(RegistryInvalid, InputRefused):
            read_registry(election(), path)


def test_all_pages_of_any_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "pages.parquet"
    table = pa.table(
        {
            "n": pa.array(range(20_000), pa.int64()),
            "t": [f"text {n % 7}" for n in range(20_000)],
            "l": [[n, n] for n in range(20_000)],
            "b": [n % 3 == 0 for n in range(20_000)],
        }
    )
    for version in ("1.0", "2.0"):
        for compression in ("none", "snappy", "zstd", "gzip"):
            pq.write_table(
                table, path, compression=compression, data_page_version=version, data_page_size=4_000
            )
            opened = open_parquet(path)
            footer = opened.metadata.row_group(0)
            with path.open("rb") as file:
                for column in range(footer.num_columns):
                    chunk = footer.column(column)
                    sizes = list(unpacked_sizes(file, chunk))
                    # The footer's sum has the headers too.
                    assert 0 < chunk.total_uncompressed_size - sum(sizes) < 200 * len(sizes)
            assert opened.read().equals(table)


def test_one_that_announces_too_many_rows_is_refused_by_its_footer(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": pa.nulls(parquet_files.MAX_ROWS + 1, pa.int8())}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputRefused, match=r"announces 5000001 rows"):
        open_parquet(path)


def test_one_with_too_many_columns_is_refused_by_its_footer(tmp_path: Path) -> None:
    path = tmp_path / "columns.parquet"
    pq.write_table(one_row(**{f"c{number}": 1 for number in range(parquet_files.MAX_COLUMNS + 1)}), path)
    with pytest.raises(InputRefused, match=r"announces 1001 columns"):
        open_parquet(path)


def test_lists_hide_no_values_from_the_footer(tmp_path: Path) -> None:
    path = tmp_path / "lists.parquet"
    values = pa.nulls(parquet_files.MAX_ROWS + 1, pa.int8())
    pq.write_table(pa.table({"id": pa.ListArray.from_arrays([0, len(values)], values)}), path)
    with pytest.raises(InputRefused, match=r"announces 5000001 values in a column"):
        open_parquet(path)


def test_one_long_text_in_every_row_is_refused_before_it_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "text.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 100_000])
    pq.write_table(pa.table({"id": text, "name": text}), path)
    assert path.stat().st_size < 1_500_000
    file = open_parquet(path, texts=True)
    with pytest.raises(InputRefused, match="never has more than"):
        list(batches(path, file, registry_files.BATCH_ROWS, ["id"]))
    with pytest.raises(InputRefused, match="never has more than"):
        read_registry(election(), path)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"PAR1\x7f\xff\xff\x7fPAR1"]
)
def test_a_damaged_one_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.parquet"
    path.write_bytes(content)
    with pytest.raises(RegistryInvalid, match=r"r\.parquet can't be read as \.parquet"):
        read_registry(election(), path)


@pytest.mark.parametrize("at", range(0, 200, 7))
def test_a_changed_byte_of_the_footer_ends_with_a_sentence_or_in_rows(tmp_path: Path, at: int) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(one_row(id="0", parent=None, level="nation", name="N"), path)
    raw = bytearray(path.read_bytes())
    raw[-9 - at] ^= 0x55
    path.write_bytes(raw)
    with contextlib.suppress(RegistryInvalid, InputRefused):
        read_registry(election(), path)


# CSV


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(b"id" * 1_000_000)
    with pytest.raises(InputRefused, match="too long for names of columns"):
        read_registry(election(), path)
    path.write_bytes(b"id,level\n" + b"9" * 8_000_000)
    with pytest.raises(RegistryInvalid, match=r"r\.csv"):
        read_registry(election(), path)
    monkeypatch.setattr(registry_files, "MAX_CSV_BYTES", 1_000)
    with pytest.raises(InputRefused, match="more than 1000"):
        read_registry(election(), path)


def test_a_cell_of_candidates_without_an_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b'contest,constituency,option,name\n"' + b"x" * 1_000_000)
    with pytest.raises(DefinitionInvalid, match="its quotes don't match, a cell is too long"):
        with_candidates(load_election("pemilu2024"), path)
    monkeypatch.setattr(candidates, "MAX_CANDIDATES_BYTES", 1_000)
    with pytest.raises(InputRefused, match="more than 1000"):
        with_candidates(load_election("pemilu2024"), path)


# YAML


def test_aliases_that_stand_for_billions_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path = tmp_path / "e.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(DefinitionInvalid, match="with its aliases it has more than"):
        load_election(str(path))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &a [*a]", "inside its own anchor"),
        ("[" * 5_000, "deep"),
        ("a: " * 3_000, "not YAML"),
        ("- " * 5_000, "deep"),
        ("id: " + "9" * 10_000, "not YAML"),
        ("id: 2024-99-99", "not YAML"),
        ("? {a: [1]} : 2", "not YAML"),
        ("!!python/object/apply:os.system [id]", "not YAML"),
    ],
)
def test_a_definition_that_is_made_to_do_harm_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    with pytest.raises(DefinitionInvalid, match=what):
        load_election(str(path))


def test_a_definition_larger_than_any_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_bytes(b"#" * (elections.MAX_DEFINITION_BYTES + 1))
    with pytest.raises(InputRefused, match="Nothing was read"):
        load_election(str(path))


def test_aliases_as_people_use_them_are_read() -> None:
    assert load_yaml("a: &x [1, 2]\nb: *x\nc: {<<: {d: 1}}") == {"a": [1, 2], "b": [1, 2], "c": {"d": 1}}


# The real ones


@pytest.mark.real_data
@needs_real_data
def test_the_national_tables_are_within_the_bounds() -> None:
    for name, rows in (("pilpres2019/tps.parquet", 816_920), ("pilpres2024/stations.parquet", 823_366)):
        assert open_parquet(REAL_DATA / name, texts=True).metadata.num_rows == rows
