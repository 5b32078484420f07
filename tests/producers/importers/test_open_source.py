"""Which importer reads a file, and what is said of a file that none reads."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.importers import SourceInvalid, open_source
from producers.importers.commission import CommissionSource
from producers.importers.sirekap import SirekapSource
from schemas.elections import load_election
from tests.producers.importers.support import run

ELECTION = load_election("pemilu2024")
RESPONSE: dict[str, object] = {"chart": None, "administrasi": None, "images": []}
ROW = {"station": "3101011001001", "valid": 1}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", json.dumps(RESPONSE), SirekapSource),
        ("a.json", json.dumps(RESPONSE, indent=2), SirekapSource),
        ("a.json", json.dumps({"100025": {}}), SirekapSource),
        ("a.txt", json.dumps(RESPONSE), SirekapSource),
        ("a.jsonl", json.dumps(ROW), CommissionSource),
        ("a.json", json.dumps(ROW) + "\n" + json.dumps(ROW), CommissionSource),
        ("a.txt", json.dumps({"type": "CountSubmitted", "schema_version": 1}), CommissionSource),
        ("a.csv", "station,valid\n", CommissionSource),
        ("a.txt", "contest;station;valid\n", CommissionSource),
        ("a.csv", '\ufeff"station","valid"\n', CommissionSource),
    ],
)
def test_the_content_tells_the_kind(tmp_path: Path, name: str, content: str, kind: type) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert isinstance(open_source([path], ELECTION), kind)


def test_a_zip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "download"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("3101011001001.json", json.dumps(RESPONSE))
    assert isinstance(open_source([path], ELECTION), SirekapSource)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"id,name\n1,x\n", "has no column `station`"),
        (b"\x89PNG", "is neither text nor a kind of file known here"),
        (b"{}", "is JSON of an unknown kind"),
        (b"[1, 2]", "is JSON of an unknown kind"),
    ],
)
def test_an_unknown_file_is_refused_with_all_that_is_accepted(
    tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(SourceInvalid) as error:
        open_source([path], ELECTION)
    assert what in str(error.value)
    for word in ("Sirekap", "SITUNG", ".csv", ".jsonl", "docs/importing.md"):
        assert word in str(error.value)


def test_other_encodings_and_line_ends_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("station,valid\n".encode("utf-16"))
    with pytest.raises(SourceInvalid, match="UTF-16"):
        open_source([path], ELECTION)
    path.write_bytes(b"station,valid\r3101011001001,5\r")
    with pytest.raises(SourceInvalid, match="CR"):
        open_source([path], ELECTION)


def test_a_missing_file_no_file_and_two_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="There is no file"):
        open_source([tmp_path / "x.csv"], ELECTION)
    with pytest.raises(SourceInvalid, match="name a file"):
        open_source([], ELECTION)
    (tmp_path / "a.csv").write_text("station,valid\n")
    (tmp_path / "a.json").write_text(json.dumps(RESPONSE))
    with pytest.raises(SourceInvalid, match="one kind at a time"):
        open_source([tmp_path / "a.csv", tmp_path / "a.json"], ELECTION)


def test_options_that_can_not_be_used_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("station,valid\n")
    with pytest.raises(SourceInvalid, match="choose one of: PPWP, DPR"):
        open_source([path], ELECTION, contest="DPRK")
    with pytest.raises(SourceInvalid, match="no time zone"):
        open_source([path], ELECTION, observed_at="2024-02-14T10:00:00")


@given(
    st.sampled_from([".json", ".jsonl", ".csv", ".zip", ".parquet", ""]),
    st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"station,valid\n", b'{"station":"1","valid":1}\n', b"{"]),
    st.binary(max_size=300),
)
def test_no_bytes_crash_an_importer(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, start: bytes, rest: bytes
) -> None:
    """Whatever a file holds, it is refused as a whole or its records are reported."""
    path = tmp_path_factory.getbasetemp() / f"3101011001001{suffix}"
    path.write_bytes(start + rest)
    try:
        source = open_source([path], ELECTION, contest="PPWP")
        run(source)
    except SourceInvalid as error:
        assert str(path) in str(error)  # noqa: PT017  an outcome, not the expected one
