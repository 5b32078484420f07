"""`rekap audit verify` of a stranger's bundle gives an answer, never "proven", and reads nothing outside."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.audit.bundle.test_log import seal
from tests.rekap.conftest import Rekap, run_rekap

ESCAPES: Final = "\x1b]0;title\x07\x1b[31m\u202e|<script>"


@pytest.fixture(scope="module")
def whole(kept_count: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the counted messages. Never change it."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(kept_count, folder / "data", symlinks=True)
    assert run_rekap("--data", folder / "data", "adopt").code == 0
    assert run_rekap("--data", folder / "data", "audit", "export", folder / "bundle").code == 0
    return folder / "bundle"


@pytest.fixture
def bundle(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to attack."""
    shutil.copytree(whole, tmp_path / "bundle")
    return tmp_path / "bundle"


def with_rows(bundle: Path, table: str, edit: Callable[[list[dict[str, Any]]], None]) -> None:
    """Edit the rows of what is shown; text as bytes, which need not be text."""
    path = bundle / "shown" / f"{table}.parquet"
    schema = pq.read_schema(path)
    bytes_of = pa.schema(
        [field.with_type(pa.binary()) if pa.types.is_string(field.type) else field for field in schema]
    )
    rows = pq.read_table(path).cast(bytes_of).to_pylist()
    edit(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=bytes_of), path, store_schema=False)


SAID: Final = (
    *(b"", b"{", b"[]", b"null", b"1" * 5_000, b"[" * 9_000, b"\xff\xfe", b'{"votes":1}', b'{"status":[{}]}'),
    ESCAPES.encode(),
    b"x" * 3_000_000,
)


def told(rekap: Rekap, bundle: Path) -> dict[str, Any]:
    """The answer as JSON; the other forms hold no control character of a stranger."""
    ran = rekap("audit", "verify", bundle, "--format", "json")
    assert ran.code == 1, ran.err
    assert "Traceback" not in ran.err
    document: dict[str, Any] = ran.json
    assert document["verdict"] != "proven"
    return document


def test_what_is_shown_may_be_any_bytes(rekap: Rekap, bundle: Path) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        first = rows[0]
        for place, said in enumerate(SAID):
            if place < len(rows):
                rows[place] |= {"said": said}
        rows += [first | {"unit": ESCAPES.encode(), "contest": b"\xff" * 70_000}] * 3

    with_rows(bundle, "station", edit)

    def other_cells(rows: list[dict[str, Any]]) -> None:
        for place, said in enumerate(SAID):
            rows[place] |= {"cells": said}

    with_rows(bundle, "total", other_cells)
    seal(bundle)
    document = told(rekap, bundle)
    verdicts = {one["name"]: one["verdict"] for one in document["checks"]}
    assert (verdicts["stations"], verdicts["totals"]) == ("failed", "failed")
    assert verdicts["decisions"] == "proven"
    out = rekap("audit", "verify", bundle, "--format", "html").out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "<script>" not in out


@pytest.mark.parametrize("name", ["shown", "shown/station.parquet", "rules.json", "keys"])
def test_what_leads_outside_is_not_read(rekap: Rekap, bundle: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    if (bundle / name).exists():
        shutil.move(bundle / name, outside)
    (bundle / name).symlink_to(outside)
    document = told(rekap, bundle)
    assert [one["kind"] for one in document["findings"]] == ["file_irregular"]
    assert {one["verdict"] for one in document["checks"][1:]} == {"not_checked"}
    assert document["events"] == 0


def test_a_pipe_is_not_waited_for(rekap: Rekap, bundle: Path) -> None:
    os.mkfifo(bundle / "shown" / "more.parquet")
    assert [one["kind"] for one in told(rekap, bundle)["findings"]] == ["file_irregular"]


def test_a_name_of_the_election_is_shown_as_text(rekap: Rekap, bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_bytes()) | {"election": ESCAPES}
    raw = json.dumps(manifest, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    (bundle / "manifest.json").write_text(raw + "\n", "utf-8")
    assert told(rekap, bundle)["election"] == ESCAPES
    out = rekap("audit", "verify", bundle).out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
