"""Persons, party candidates and electoral districts, from the table that the commission supplies.

Columns `contest,constituency,option,name`. A row with the option `region` says that the region named in
`name` belongs to the electoral district `constituency`; with the option `title`, `name` is what that district
is called, and with the option `seats` how many seats it has. Every other row is a candidate, or a local pair.
Whether the regions exist is not known here. A column `sirekap`, if there is one, has the key that Sirekap
gives to the candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.elections import Candidate, Contest, ContestKind, DefinitionInvalid, Election, ElectoralDistrict
from schemas.language import ExplainedError, Text
from schemas.text import quoted
from schemas.text_tables import read_rows
from schemas.validation_words import explained

COLUMNS: Final = ("contest", "constituency", "option", "name")
KEY_COLUMN: Final = "sirekap"
"""The column with a source's keys, named as that source is in `sources`; it may be left out."""

MAX_CANDIDATES_BYTES: Final = 64 * 1024**2
"""The some 250,000 candidates of all legislative contests of 2024 have about 15 MB."""

_SEATS: Final = re.compile("[1-9][0-9]{0,3}")


def with_candidates(election: Election, path: Path) -> Election:
    """`election` with what the file at `path` adds. Raises DefinitionInvalid with the line,
    InputRefused and OSError."""
    read = _Reader(election, path.name)
    for line, row in rows_of_candidates(path):
        try:
            read.row(row)
        except ValidationError as error:
            said = explained(error)
            raise _in_line(path, line, Text(f"{said.id}.", f"{said.en}.")) from None
        except ExplainedError as error:
            raise _in_line(path, line, error.said) from None
    kept = {name: getattr(election, name) for name in Election.model_fields}
    kept["electoral_districts"] += read.districts()
    kept["candidates"] += tuple(read.candidates.values())
    kept["contests"] = tuple(_with_keys(contest, read.keys) for contest in election.contests)
    return Election(**kept)


class _Reader:
    """What the rows so far have said."""

    def __init__(self, election: Election, file: str) -> None:
        self._election = election
        self._file = file
        self.candidates: dict[tuple[str, str, str], Candidate] = {}
        self.keys: dict[tuple[str, str], str] = {}
        """By contest and key of the source the option, with its constituency."""
        self._seats: dict[tuple[str, str], str] = {}
        self._titles: dict[tuple[str, str], str] = {}
        self._district_of: dict[tuple[str, str], str] = {}

    def row(self, row: dict[str, str]) -> None:
        """Take in one row. Raises ExplainedError and ValidationError that tell what is wrong with it."""
        contest = self._election.contest(row["contest"])
        candidate = Candidate(
            contest=contest.id,
            constituency=row["constituency"],
            option="0" if row["option"] in ("region", "title", "seats") else row["option"],
            name=row["name"],
        )
        key = (contest.id, candidate.constituency)
        if row["option"] == "title":
            self._titles[key] = candidate.name
        elif row["option"] == "region":
            district = ElectoralDistrict(
                contest=contest.id, id=candidate.constituency, name="", regions=(row["name"],)
            )
            held = self._district_of.setdefault((contest.id, row["name"]), district.id)
            if held != district.id:
                region = quoted(row["name"])
                raise ExplainedError(
                    id=f"wilayah {region} sudah termasuk {quoted(held)}; sisakan satu.",
                    en=f"the region {region} belongs to {quoted(held)} already; keep one of them.",
                )
        elif row["option"] == "seats":
            if not _SEATS.fullmatch(candidate.name):
                seats = quoted(repr(candidate.name))
                raise ExplainedError(
                    id=f"{seats} bukan jumlah kursi; tulis bilangan bulat mulai 1.",
                    en=f"{seats} is no number of seats; write a whole number from 1.",
                )
            if self._seats.setdefault(key, candidate.name) != candidate.name:
                raise ExplainedError(
                    id=f"{quoted(key[1])} punya jumlah kursi lain di atas; sisakan satu.",
                    en=f"{quoted(key[1])} has other seats above; keep one of them.",
                )
        else:
            _refuse_misfit(contest, candidate)
            if self.candidates.setdefault((*key, candidate.option), candidate) is not candidate:
                option, where = quoted(candidate.option), quoted(candidate.constituency)
                raise ExplainedError(
                    id=f"calon {option} di {where} ada dua kali; sisakan satu.",
                    en=f"candidate {option} of {where} stands twice; keep one.",
                )
            if source_key := row.get(KEY_COLUMN):
                self._take_key(contest, source_key, f"{candidate.constituency}:{candidate.option}")

    def _take_key(self, contest: Contest, key: str, option: str) -> None:
        named = contest.sources.get(KEY_COLUMN, {}).get(key)
        held = self.keys.setdefault((contest.id, key), named or option)
        if held != option:
            raise ExplainedError(
                id=f"kunci {quoted(key)} dari {KEY_COLUMN} sudah milik {quoted(held)}; sisakan satu.",
                en=f"the key {quoted(key)} of {KEY_COLUMN} is that of {quoted(held)} already; keep one.",
            )

    def districts(self) -> tuple[ElectoralDistrict, ...]:
        """The electoral districts, in the order in which the file first names them."""
        regions: dict[tuple[str, str], list[str]] = {}
        for (contest, region), district in self._district_of.items():
            regions.setdefault((contest, district), []).append(region)
        if nowhere := next((key for key in self._seats if key not in regions), None):
            contest, district = map(quoted, nowhere)
            raise DefinitionInvalid(
                id=f"{quoted(self._file)}: {district} dari {contest} punya baris `seats` dan tidak punya "
                "baris `region`; sebutkan wilayahnya.",
                en=f"{quoted(self._file)}: {district} of {contest} has a row `seats` and no row `region`; "
                "say which regions it holds.",
            )
        return tuple(
            ElectoralDistrict(
                contest=contest,
                id=district,
                name=self._titles.get((contest, district), district),
                regions=tuple(members),
                seats=self._seats_of(contest, district),
            )
            for (contest, district), members in regions.items()
        )

    def _seats_of(self, contest: str, district: str) -> int | None:
        seats = self._seats.get((contest, district))
        return None if seats is None else int(seats)


def _with_keys(contest: Contest, keys: dict[tuple[str, str], str]) -> Contest:
    own = {key: option for (contest_id, key), option in keys.items() if contest_id == contest.id}
    if not own:
        return contest
    sources = {**contest.sources, KEY_COLUMN: {**contest.sources.get(KEY_COLUMN, {}), **own}}
    return contest.model_copy(update={"sources": sources})


def rows_of_candidates(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file of candidates with the numbers of their lines. Raises DefinitionInvalid,
    InputRefused and OSError."""
    rows = read_rows(path, MAX_CANDIDATES_BYTES, DefinitionInvalid)
    _, names = next(rows)
    if missing := ", ".join(sorted(set(COLUMNS) - set(names))):
        raise DefinitionInvalid(
            id=f"{quoted(path.name)}: kolom {missing} tidak ada.",
            en=f"{quoted(path.name)}: the columns {missing} are missing.",
        )
    places = {name: names.index(name) for name in (*COLUMNS, KEY_COLUMN) if name in names}
    for line, cells in rows:
        yield line, {name: cells[place].strip() for name, place in places.items()}


def _in_line(path: Path, line: int, why: Text) -> DefinitionInvalid:
    return DefinitionInvalid(
        id=f"{quoted(path.name)}, baris {line}: {why.id}",
        en=f"{quoted(path.name)}, line {line}: {why.en}",
    )


def _refuse_misfit(contest: Contest, candidate: Candidate) -> None:
    """A person or a local pair stands for itself, a party's candidate under its party, and national pairs are
    in the definition."""
    party, _, person = candidate.option.partition(".")
    if candidate.option in {option.id for option in contest.options}:
        raise ExplainedError(
            id=f"{quoted(candidate.option)} sudah ada dalam definisi {contest.id}; sisakan satu.",
            en=f"{quoted(candidate.option)} stands in the definition of {contest.id} already; keep one.",
        )
    match contest.kind:
        case ContestKind.PAIRS:
            raise ExplainedError(
                id=f"pilihan {contest.id} ada dalam definisi pemilu, bukan di sini.",
                en=f"the options of {contest.id} stand in the definition, not here.",
            )
        case ContestKind.PERSONS | ContestKind.LOCAL_PAIRS if person:
            persons = contest.kind is ContestKind.PERSONS
            raise ExplainedError(
                id=f"{contest.id} memilih {'orang' if persons else 'pasangan'}; tulis {quoted(party)}, bukan "
                "nomor partai.",
                en=f"{contest.id} is a contest of {'persons' if persons else 'pairs'}; write {quoted(party)} "
                "instead of a party's number.",
            )
        case ContestKind.PARTIES if not person or int(person) == 0:
            raise ExplainedError(
                id=f"{contest.id} memilih partai; tulis calon sebagai partai.nomor, misalnya 4.1.",
                en=f"{contest.id} is a contest of parties; write a candidate as party.number, such as 4.1.",
            )
        case ContestKind.PARTIES if party not in {option.id for option in contest.options}:
            raise ExplainedError(
                id=f"tidak ada partai {quoted(party)} dalam {contest.id}.",
                en=f"there is no party {quoted(party)} in {contest.id}.",
            )
