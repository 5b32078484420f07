"""One page of Sirekap's certified recapitulations (the tree `hr`), as the cells of one region's document.

`chart` has the region's own figures, `table` those of each region or station right below it. What only the
table has is added up where all of them give it; a sum of some of them would not be the region's figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any, Final

from producers.importers.accepted import Document
from producers.importers.problems import RecordInvalid
from producers.importers.sirekap_keys import Keys, figure
from producers.importers.sirekap_response import LOCAL, observed_at, read_json
from schemas.ballots import Ballots
from schemas.events import MAX_CELL
from schemas.regions import REGION_LEVELS, VILLAGE_DEPTH, Registry
from schemas.text import quoted

TREE: Final = "hr"
"""The mode of a page, and the folder of Sirekap's addresses, of certified recapitulations."""
COUNTED: Final = "hhcw"
"""The same of what stations sent: not certified."""

NO_OPTIONS: Final = ("psu", "status_progress", "progres", "persen")
"""Further keys of a chart, or of a row of the table, that stand for no option."""

ADMINISTRATION: Final = {"suara_sah": "valid", "suara_tidak_sah": "invalid", "pengguna_total_j": "voters"}
"""The cells of a certified document that `administrasi` has."""

MISSING_NAMED: Final = 5
"""Regions or stations that a sentence names."""

_WORD: Final = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class RecapPage:
    """A page as it is: the index of its region, its figures, and its rows by the code of each child."""

    region: int
    chart: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]
    sums: Document  # valid, invalid, voters
    made_at: str | None

    @property
    def keys(self) -> set[str]:
        """Every key that may stand for an option."""
        return {key for one in (self.chart, *self.rows.values()) for key in one} - {*NO_OPTIONS, "null"}


class Places:
    """Where the children of a page are in the register, and which of them a whole table has."""

    def __init__(self, registry: Registry, ballots: Ballots) -> None:
        self.registry = registry
        self.ballots = ballots

    def parent_of(self, code: str) -> int:
        """The region above a region or station. Raises RecordInvalid where the register has none."""
        index = self.registry.index.get(code)
        if index is not None:
            return int(self.registry.parent[index])
        station = self.registry.station(code)
        if station is None:
            raise RecordInvalid(
                id=f"table memuat {quoted(repr(code))}, yang bukan wilayah atau TPS dalam daftar.",
                en=f"table holds {quoted(repr(code))}, which is no region or station of the register.",
            )
        return station.village

    def children(self, contest: int, region: int) -> set[str] | None:
        """The codes of all regions or stations right below one, where the contest is held; None: the register
        has no list of stations."""
        if self.registry.depth[region] == VILLAGE_DEPTH:
            return self._stations.get(region, set()) if self.registry.has_station_list else None
        below = self.registry.children[region]
        return {self.registry.ids[one] for one in below if self.ballots.of_region(contest, one)}

    def options(self, contest: int, code: str) -> set[str]:
        """The options, as totals name them, that stand in a region or at a station."""
        index = self.registry.index.get(code)
        held = self.ballots.of_region(contest, self.parent_of(code) if index is None else index)
        return {key for ballot in held for key in self.ballots.ballots[ballot].keys}

    @cached_property
    def _stations(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for station, village, listed in zip(
            self.registry.station_ids.tolist(),
            self.registry.station_village.tolist(),
            self.registry.station_listed.tolist(),
            strict=True,
        ):
            if listed:
                found.setdefault(village, set()).add(station.decode())
        return found


def read_page(raw: bytes, path: PurePath, places: Places) -> RecapPage:
    """The page in `raw`, which lies at `path`. Raises RecordInvalid."""
    document = read_json(raw)
    if isinstance(document, dict) and isinstance(inner := document.get(LOCAL), dict):
        document = {**document, **inner}
    if not isinstance(document, dict) or not document:
        raise _no_page()
    if not document.keys() & {"chart", "table"}:  # a table that was saved without what is around it
        document = {"table": document}
    folders = [part.lower() for part in path.parts[:-1]]
    if document.get("mode", TREE) != TREE or (COUNTED in folders and TREE not in folders):
        raise RecordInvalid(
            id="Halaman ini memuat hasil dari TPS (hhcw), bukan rekapitulasi yang disahkan (hr).",
            en="This page has what stations sent (hhcw), not a certified recapitulation (hr).",
        )
    chart, rows = document.get("chart") or {}, document.get("table") or {}
    if not isinstance(chart, dict) or not isinstance(rows, dict):
        raise _no_page()
    if not all(isinstance(row, dict) for row in rows.values()):
        raise _no_page()
    figures = document.get("administrasi") or {}
    if not isinstance(figures, dict):
        raise _no_page()
    sums = {
        cell: value
        for key, cell in ADMINISTRATION.items()
        if (value := figure(f"administrasi.{key}", figures.get(key), MAX_CELL)) is not None
    }
    region = _region(rows, path, places)
    return RecapPage(region, chart, rows, sums, observed_at(document.get("ts")))


def cells_of(page: RecapPage, contest: int, keys: Keys, places: Places) -> Document:
    """The cells of the page's document; without votes where it has none. Raises RecordInvalid."""
    ballots = [places.ballots.ballots[one] for one in places.ballots.of_region(contest, page.region)]
    alone = dict(zip(ballots[0].options, ballots[0].keys, strict=True)) if len(ballots) == 1 else {}

    def votes_of(chart: Mapping[str, Any]) -> dict[str, int]:
        """By the names in totals, as far as they are known."""
        return {
            alone.get(option, option): cell
            for option, cell in keys.votes(chart, MAX_CELL, NO_OPTIONS).items()
        }

    rows = {code: votes_of(row) for code, row in page.rows.items()}
    votes = _added_up(rows, contest, page.region, places, needed=not page.chart)
    votes |= votes_of(page.chart)
    return {"votes": votes, **page.sums}


def _added_up(
    rows: Mapping[str, Mapping[str, int]], contest: int, region: int, places: Places, *, needed: bool
) -> dict[str, int]:
    """The options that every row gives in which they stand. Where rows are missing there is no sum; where
    one is `needed`, that raises RecordInvalid."""
    if not rows:
        return {}
    expected = places.children(contest, region)
    missing = [] if expected is None else sorted(expected - rows.keys())
    lacking = len(missing) if expected is not None else int(places.registry.stations[region]) - len(rows)
    if lacking > 0:
        if not needed:
            return {}
        shown = ", ".join(missing[:MISSING_NAMED])
        raise RecordInvalid(
            id=f"table tidak memuat {lacking} wilayah atau TPS di bawahnya ({quoted(shown)}), sehingga "
            "jumlahnya bukan angka wilayah itu. Ambil halaman yang lengkap.",
            en=f"table lacks {lacking} regions or stations below it ({quoted(shown)}), so its sum is not the "
            "region's figure. Get the whole page.",
        )
    sums: dict[str, int] = {}
    unknown: set[str] = set()
    for code, row in rows.items():
        for option in places.options(contest, code) | row.keys():
            if option in row:
                sums[option] = sums.get(option, 0) + row[option]
            else:
                unknown.add(option)
    return {option: cell for option, cell in sums.items() if option not in unknown}


def _region(rows: Mapping[str, Any], path: PurePath, places: Places) -> int:
    """The index of the region that the page is about: the one above all rows, and named by the file."""
    index = places.registry.index
    named = [word for word in _WORD.findall(path.stem) if word in index]
    above = {places.parent_of(code) for code in rows}
    if len(above) > 1:
        raise RecordInvalid(
            id="table memuat wilayah atau TPS dari beberapa wilayah; satu halaman adalah tentang satu "
            "wilayah.",
            en="table holds regions or stations of several regions; a page is about one.",
        )
    if above:
        [region] = above
        if named and region not in {index[word] for word in named}:
            raise RecordInvalid(
                id=f"Nama berkas menyebut {quoted(', '.join(named))}, padahal table memuat bawahan "
                f"{places.registry.ids[region]}; perbaiki nama berkasnya.",
                en=f"The file's name says {quoted(', '.join(named))}, but table holds what is below "
                f"{places.registry.ids[region]}; correct the file's name.",
            )
        return region
    if len(named) != 1:
        raise RecordInvalid(
            id="Halaman ini tidak memuat table, dan nama berkasnya tidak memuat tepat satu kode wilayah; "
            "namai berkas dengan kodenya, misalnya 310101.json.",
            en="This page has no table, and its file's name does not hold exactly one code of a region; "
            "name the file with it, such as 310101.json.",
        )
    return index[named[0]]


def level_of(registry: Registry, region: int) -> str:
    """The level of the region at that index."""
    return REGION_LEVELS[registry.depth[region]]


def _no_page() -> RecordInvalid:
    return RecordInvalid(
        id="Bukan halaman rekapitulasi Sirekap (tidak ada chart atau table, atau bentuknya lain).",
        en="This is no page of Sirekap's recapitulations (it has no chart or table, or of another shape).",
    )
