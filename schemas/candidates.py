"""Persons, party candidates and electoral districts, from the CSV that the commission supplies.

Columns `contest,constituency,option,name`. A row with the option `region` says that the region named in
`name` belongs to the electoral district `constituency`; with the option `title`, `name` is what that district
is called, and with the option `seats` how many seats it has. Every other row is a candidate, or a local pair.
Whether the regions exist is not known here. A column `sirekap`, if there is one, has the key that Sirekap
gives to the candidate.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.elections import Candidate, Contest, ContestKind, DefinitionInvalid, Election, ElectoralDistrict
from schemas.input_files import open_input
from schemas.text import quoted

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
    for line, row in _rows(path):
        try:
            read.row(row)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise DefinitionInvalid(
                f"{quoted(path.name)}, line {line}: {quoted(place)}: {quoted(first['msg'])}"
            ) from None
        except (KeyError, ValueError) as error:
            raise DefinitionInvalid(f"{quoted(path.name)}, line {line}: {error.args[0]}") from None
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
        """Take in one row. Raises ValueError and KeyError that say what is wrong with it."""
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
                raise ValueError(
                    f"the region {quoted(row['name'])} belongs to {quoted(held)} already; keep one of them."
                )
        elif row["option"] == "seats":
            if not _SEATS.fullmatch(candidate.name):
                raise ValueError(
                    f"{quoted(repr(candidate.name))} is no number of seats; write a whole number from 1."
                )
            if self._seats.setdefault(key, candidate.name) != candidate.name:
                raise ValueError(f"{quoted(key[1])} has other seats above; keep one of them.")
        else:
            _refuse_misfit(contest, candidate)
            if self.candidates.setdefault((*key, candidate.option), candidate) is not candidate:
                raise ValueError(
                    f"candidate {quoted(candidate.option)} of {quoted(candidate.constituency)} stands "
                    "twice; keep one."
                )
            if source_key := row.get(KEY_COLUMN):
                self._take_key(contest, source_key, f"{candidate.constituency}:{candidate.option}")

    def _take_key(self, contest: Contest, key: str, option: str) -> None:
        named = contest.sources.get(KEY_COLUMN, {}).get(key)
        held = self.keys.setdefault((contest.id, key), named or option)
        if held != option:
            raise ValueError(
                f"the key {quoted(key)} of {KEY_COLUMN} is that of {quoted(held)} already; keep one of them."
            )

    def districts(self) -> tuple[ElectoralDistrict, ...]:
        """The electoral districts, in the order in which the file first names them."""
        regions: dict[tuple[str, str], list[str]] = {}
        for (contest, region), district in self._district_of.items():
            regions.setdefault((contest, district), []).append(region)
        if nowhere := next((key for key in self._seats if key not in regions), None):
            raise DefinitionInvalid(
                f"{quoted(self._file)}: {quoted(nowhere[1])} of {quoted(nowhere[0])} has a row `seats` and "
                "no row `region`; say which regions it holds."
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


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with (
            open_input(path, MAX_CANDIDATES_BYTES) as raw,
            io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file,
        ):
            reader = csv.DictReader(file)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise DefinitionInvalid(
                    f"{quoted(path.name)}: the columns {', '.join(sorted(missing))} are missing."
                )
            for row in reader:
                yield reader.line_num, {name: row.get(name) or "" for name in (*COLUMNS, KEY_COLUMN)}
    except (UnicodeDecodeError, csv.Error) as error:
        raise DefinitionInvalid(
            f"{quoted(path.name)} can't be read ({quoted(error)}); save it as CSV UTF-8."
        ) from None


def _refuse_misfit(contest: Contest, candidate: Candidate) -> None:
    """A person or a local pair stands for itself, a party's candidate under its party, and national pairs are
    in the definition."""
    party, _, person = candidate.option.partition(".")
    if candidate.option in {option.id for option in contest.options}:
        raise ValueError(
            f"{quoted(candidate.option)} stands in the definition of {contest.id} already; keep one of them."
        )
    match contest.kind:
        case ContestKind.PAIRS:
            raise ValueError(f"the options of {contest.id} stand in the definition, not here.")
        case ContestKind.PERSONS | ContestKind.LOCAL_PAIRS if person:
            what = "persons" if contest.kind is ContestKind.PERSONS else "pairs"
            raise ValueError(
                f"{contest.id} is a contest of {what}; write {quoted(party)} instead of a party's number."
            )
        case ContestKind.PARTIES if not person or int(person) == 0:
            raise ValueError(
                f"{contest.id} is a contest of parties; write a candidate as party.number, such as 4.1."
            )
        case ContestKind.PARTIES if party not in {option.id for option in contest.options}:
            raise ValueError(f"there is no party {quoted(party)} in {contest.id}.")
