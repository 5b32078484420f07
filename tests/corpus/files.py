"""Files for import: damaged, cut off, under another's name, or made to fill memory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tests.corpus import SEED, cut_off, damaged
from tests.hostile import HOSTILE

DAMAGED: Final = 3
CUT_OFF: Final = 2
"""Versions of each right file."""

SITUNG_COLUMNS: Final = (
    "kel_id",
    "tps_no",
    "kpu_pas1",
    "kpu_pas2",
    "kpu_sah",
    "kpu_tidak_sah",
    "kpu_pengguna",
)


def write(folder: Path, station: str, events: Sequence[bytes]) -> Iterator[Path]:
    """Write one file after another, each into a folder of its own; `events` are valid."""
    chance = Random(SEED)
    right = _right(station, events)
    files: list[tuple[str, bytes]] = []
    for name, raw in right.items():
        versions = chain(damaged(raw, DAMAGED, chance), cut_off(raw, CUT_OFF, chance))
        files += ((name, version) for version in versions)
        files += ((other, raw) for other in right if other != name)
    files += _by_hand(station)
    for number, (name, raw) in enumerate(files):
        path = folder / str(number) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(raw)
        yield path


def _right(station: str, events: Sequence[bytes]) -> dict[str, bytes]:
    header = "station,contest,vote_1,vote_2,vote_3,valid,invalid,total"
    row = f"{station},PPWP,1,2,3,6,1,7"
    parquet = io.BytesIO()
    pq.write_table(pa.table({name: [1, 2] for name in SITUNG_COLUMNS}), parquet)
    return {
        f"{station}.json": _page({"1": 1, "2": 2, "3": 3}),
        "events.jsonl": b"\n".join(events) + b"\n",
        "counts.csv": f"{header}\n{row}\n{row}\n".encode(),
        "tps.parquet": parquet.getvalue(),
        "pages.zip": _zip({f"{station}.json": _page({"1": 1, "2": 2, "3": 3})}),
    }


def _page(chart: object) -> bytes:
    page = {"chart": chart, "administrasi": None, "images": [], "ts": "2024-02-16 16:25:10"}
    return json.dumps(page).encode()


def _zip(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _by_hand(station: str) -> Iterator[tuple[str, bytes]]:
    page = f"{station}.json"
    for chart in ({"1": -1}, {"1": 10**400}, {"1": "1"}, {"1": 1.5}, {HOSTILE: 1}, [1], "x", {"1": {"2": 3}}):
        yield page, _page(chart)
    yield page, b"[" * 200_000
    yield page, _page({"1": 1}).replace(b'"1": 1', b'"1": 1, "1": 2')
    yield "counts.csv", b"station,contest,vote_1\n" + b"x" * 3_000_000
    yield "counts.csv", b"station,contest,vote_1\n" + b'"unended'
    yield "counts.csv", b"station,contest,vote_1\n" + HOSTILE.encode() + b",PPWP,1\n"
    yield "counts.csv", b"station,contest,vote_1\n=1+1,PPWP,\xff\n"
    yield "counts.csv", b",".join([b"station"] * 2_000) + b"\n"
    yield "counts.csv", b""
    yield "events.jsonl", b"\n" * 10_000 + b"{" * 100_000
    yield "events.jsonl", b"x" * 3_000_000
    yield "pages.zip", _zip({f"../{page}": b"{}", "/etc/x.json": b"{}", "a\x00.json": b"{}"})
    yield "pages.zip", _zip({page: b"0" * 5_000_000})
    yield "tps.parquet", b"PAR1" + b"\xff" * 1_000 + b"PAR1"
