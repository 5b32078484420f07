"""An election as data: its contests, who stands where, and the limits that its rules name.

Read from a YAML file (schemas/definitions/ has those of 2024 and 2019). Persons and party candidates are
too many and too local for that file: they come from a CSV that the commission supplies. Law and form
details that may differ from election to election are settings here, never constants in code.
"""

from __future__ import annotations

import csv
import re
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.canonical import dumps
from schemas.events import Identifier
from schemas.forms import OptionId


class DefinitionInvalid(ValueError):
    """An election definition or candidates file that can't be used; the text says where and what to do."""


class ContestKind(StrEnum):
    """What a voter chooses: a pair (president), a person (DPD), or a party with its candidates."""

    PAIRS = "pairs"
    PERSONS = "persons"
    PARTIES = "parties"


class Scope(StrEnum):
    """The area whose voters share one ballot."""

    NATION = "nation"
    PROVINCE = "province"
    DISTRICT = "district"
    ELECTORAL_DISTRICT = "electoral_district"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(_Part):
    """A name in both languages."""

    id: str
    en: str

    def within(self, language: str) -> str:
        """The name in `language`."""
        return self.id if language == "id" else self.en


class Option(_Part):
    """One thing that a vote can be for. `only_in` names the regions whose ballots have it; null: all."""

    id: OptionId
    name: str
    short: str | None = None
    only_in: tuple[Identifier, ...] | None = None


class Contest(_Part):
    """One question on one ballot paper."""

    id: Identifier
    name: Name
    kind: ContestKind
    scope: Scope
    excluded: tuple[Identifier, ...] = ()
    options: tuple[Option, ...] = ()
    sources: dict[str, dict[str, OptionId]] = {}


class ElectoralDistrict(_Part):
    """A daerah pemilihan of one contest: whole regions (of any level) that share a ballot."""

    contest: Identifier
    id: Identifier
    name: str
    regions: tuple[Identifier, ...]


class Candidate(_Part):
    """A person on the ballot of one constituency: `21` in a contest of persons, `4.2` in one of parties."""

    contest: Identifier
    constituency: Identifier
    option: OptionId
    name: str


class StationIds(_Part):
    """How this election writes station ids. `format` is used to name stations known by village and number,
    `pattern` to find the village of a station that no list names."""

    format: str
    pattern: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """`pattern`, ready to match whole ids."""
        return re.compile(self.pattern)

    @field_validator("pattern")
    @classmethod
    def _names_a_village(cls, pattern: str) -> str:
        if "village" not in re.compile(pattern).groupindex:
            raise ValueError("needs a group named village: (?P<village>...)")
        return pattern


class Limits(_Part):
    """Limits that the rules compare with; each names its rule."""

    voters_per_station: int | None = None  # R12
    voters_exempt: tuple[Identifier, ...] = ()  # R12: regions without that limit
    figure: int = 999  # R14: three boxes on the form
    figure_overseas: int = 99_999  # R14
    reserve_percent: int = 2  # R11: ballots above the number of listed voters, rounded up
    outlier_percent: int = 95  # R26: one option's share of the valid votes
    outlier_valid: int = 100  # R26: the number of valid votes below which a share says little


class Poll(_Part):
    """When voting closed and until when counts may lawfully be submitted (R24); null: not checked."""

    closes: AwareDatetime | None
    until: AwareDatetime | None
    regions: tuple[Identifier, ...] = ()  # of the exceptions: the regions that they are for


class Root(_Part):
    """The region above the provinces."""

    id: Identifier
    name: str


class Election(_Part):
    """Everything that is fixed before polling day. `hash` names its content."""

    id: Identifier
    name: Name
    root: Root
    stations: StationIds
    count_unlisted_stations: bool
    overseas: tuple[Identifier, ...] = ()
    limits: Limits = Limits()
    poll: Poll | None = None
    poll_exceptions: tuple[Poll, ...] = ()
    contests: Annotated[tuple[Contest, ...], Field(min_length=1)]
    electoral_districts: tuple[ElectoralDistrict, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 over the canonical JSON of the definition with its candidates."""
        return sha256(self.to_json()).hexdigest()

    def to_json(self) -> bytes:
        """The canonical JSON that `hash` is drawn from and `from_json` reads."""
        return dumps(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, raw: bytes) -> Election:
        """The definition that `to_json` wrote."""
        return cls.model_validate_json(raw)

    def contest(self, contest: str) -> Contest:
        """The contest named `contest`, in any case of letters. Raises KeyError that lists those there are."""
        for one in self.contests:
            if one.id.lower() == contest.lower():
                return one
        known = ", ".join(one.id for one in self.contests)
        raise KeyError(f"'{contest}' is no contest of {self.id}; choose one of: {known}")


def available() -> list[str]:
    """The ids of the elections whose definitions come with the project."""
    folder = resources.files("schemas") / "definitions"
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_election(election: str) -> Election:
    """The definition named `election`: one of `available()`, or the path of a YAML file.

    Raises DefinitionInvalid when there is none, or when it says something that can't be.
    """
    path = Path(election)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise DefinitionInvalid(f"There is no file {path}.")
        text = path.read_text(encoding="utf-8")
    elif election in available():
        text = (resources.files("schemas") / "definitions" / f"{election}.yaml").read_text(encoding="utf-8")
    else:
        raise DefinitionInvalid(
            f"There is no election '{election}'. Choose one of {', '.join(available())}, "
            "or name a YAML file that describes yours."
        )
    return parse_election(text, election)


def parse_election(text: str, source: str) -> Election:
    """The definition in the YAML `text`; `source` names it in errors (DefinitionInvalid)."""
    try:
        return Election.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise DefinitionInvalid(f"{source} is not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DefinitionInvalid(f"{source}: {place}: {first['msg']}") from None


def with_candidates(election: Election, path: Path) -> Election:
    """`election` with the persons, party candidates and electoral districts of a CSV file.

    Columns `contest,constituency,option,name`. A row with the option `region` says that the region named
    in `name` belongs to the electoral district `constituency`; with the option `title` `name` is what the
    electoral district is called. Every other row is a candidate. Raises DefinitionInvalid with the line.
    """
    members: dict[tuple[str, str], list[str]] = {}
    titles: dict[tuple[str, str], str] = {}
    candidates: list[Candidate] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        needed = {"contest", "constituency", "option", "name"}
        if missing := needed - set(reader.fieldnames or ()):
            raise DefinitionInvalid(f"{path.name}: the columns {', '.join(sorted(missing))} are missing.")
        for line, row in enumerate(reader, start=2):
            try:
                contest = election.contest(row["contest"]).id
                key = (contest, row["constituency"])
                if row["option"] == "region":
                    members.setdefault(key, []).append(row["name"])
                elif row["option"] == "title":
                    titles[key] = row["name"]
                else:
                    candidates.append(Candidate.model_validate({**_plain(row), "contest": contest}))
            except KeyError as error:
                raise DefinitionInvalid(f"{path.name}, line {line}: {error.args[0]}") from None
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                raise DefinitionInvalid(
                    f"{path.name}, line {line}: {first['loc'][0]}: {first['msg']}"
                ) from None
    districts = tuple(
        ElectoralDistrict(
            contest=contest, id=id_, name=titles.get((contest, id_), id_), regions=tuple(regions)
        )
        for (contest, id_), regions in members.items()
    )
    return Election(
        **{
            **{name: getattr(election, name) for name in Election.model_fields},
            "electoral_districts": election.electoral_districts + districts,
            "candidates": election.candidates + tuple(candidates),
        }
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("contest", "constituency", "option", "name")}
