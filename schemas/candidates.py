"""Persons, party candidates and electoral districts, from the table that the commission supplies.

Columns `contest,constituency,option,name`. A row with the option `region` says that the region named in
`name` belongs to the electoral district `constituency`; with the option `title`, `name` is what that district
is called. Every other row is a candidate. Whether the regions exist is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.elections import Candidate, Contest, ContestKind, DefinitionInvalid, Election, ElectoralDistrict
from schemas.language import ExplainedError, Said
from schemas.text import quoted
from schemas.text_tables import read_rows
from schemas.validation_words import explained

COLUMNS: Final = ("contest", "constituency", "option", "name")

MAX_CANDIDATES_BYTES: Final = 64 * 1024**2
"""The some 250,000 candidates of all legislative contests of 2024 have about 15 MB."""


def with_candidates(election: Election, path: Path) -> Election:
    """`election` with what the file at `path` adds. Raises DefinitionInvalid with the line,
    InputRefused and OSError."""
    read = _Reader(election)
    for line, row in rows_of_candidates(path):
        try:
            read.row(row)
        except ValidationError as error:
            said = explained(error)
            raise _in_line(path, line, Said(f"{said.id}.", f"{said.en}.")) from None
        except ExplainedError as error:
            raise _in_line(path, line, error.said) from None
    kept = {name: getattr(election, name) for name in Election.model_fields}
    kept["electoral_districts"] += read.districts()
    kept["candidates"] += tuple(read.candidates.values())
    return Election(**kept)


class _Reader:
    """What the rows so far have said."""

    def __init__(self, election: Election) -> None:
        self._election = election
        self.candidates: dict[tuple[str, str, str], Candidate] = {}
        self._titles: dict[tuple[str, str], str] = {}
        self._district_of: dict[tuple[str, str], str] = {}

    def row(self, row: dict[str, str]) -> None:
        """Take in one row. Raises ExplainedError and ValidationError that tell what is wrong with it."""
        contest = self._election.contest(row["contest"])
        candidate = Candidate(
            contest=contest.id,
            constituency=row["constituency"],
            option="0" if row["option"] in ("region", "title") else row["option"],
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
        else:
            _refuse_misfit(contest, candidate)
            if self.candidates.setdefault((*key, candidate.option), candidate) is not candidate:
                option, where = quoted(candidate.option), quoted(candidate.constituency)
                raise ExplainedError(
                    id=f"calon {option} di {where} ada dua kali; sisakan satu.",
                    en=f"candidate {option} of {where} stands twice; keep one.",
                )

    def districts(self) -> tuple[ElectoralDistrict, ...]:
        """The electoral districts, in the order in which the file first names them."""
        regions: dict[tuple[str, str], list[str]] = {}
        for (contest, region), district in self._district_of.items():
            regions.setdefault((contest, district), []).append(region)
        return tuple(
            ElectoralDistrict(
                contest=contest,
                id=district,
                name=self._titles.get((contest, district), district),
                regions=tuple(members),
            )
            for (contest, district), members in regions.items()
        )


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
    places = {name: names.index(name) for name in COLUMNS}
    for line, cells in rows:
        yield line, {name: cells[place].strip() for name, place in places.items()}


def _in_line(path: Path, line: int, why: Said) -> DefinitionInvalid:
    return DefinitionInvalid(
        id=f"{quoted(path.name)}, baris {line}: {why.id}",
        en=f"{quoted(path.name)}, line {line}: {why.en}",
    )


def _refuse_misfit(contest: Contest, candidate: Candidate) -> None:
    """A person stands for himself, a party's candidate under its party, and pairs are in the definition."""
    party, _, person = candidate.option.partition(".")
    match contest.kind:
        case ContestKind.PAIRS:
            raise ExplainedError(
                id=f"pilihan {contest.id} ada dalam definisi pemilu, bukan di sini.",
                en=f"the options of {contest.id} stand in the definition, not here.",
            )
        case ContestKind.PERSONS if person:
            raise ExplainedError(
                id=f"{contest.id} memilih orang; tulis {quoted(party)}, bukan nomor partai.",
                en=f"{contest.id} is a contest of persons; write {quoted(party)} instead of a party's "
                "number.",
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
