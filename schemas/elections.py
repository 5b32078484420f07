"""An election as data: its contests, who stands where, and the limits that its rules name.

Read from a YAML file (schemas/definitions/ has those of 2024 and 2019). Persons and party candidates are too
many and too local for that file: schemas.candidates reads them from a CSV that the commission supplies. Law
and form details that may differ from election to election are settings here, never constants in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.authority import DEFAULT_REASON_ROLES, REASONS, WATCHING
from schemas.canonical import dumps
from schemas.events import Identifier, Role
from schemas.forms import OptionId
from schemas.input_files import read_text
from schemas.text import quoted
from schemas.yaml_text import load_yaml


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


def _first_repeated(ids: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            return one
        seen.add(one)
    return None


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

    @field_validator("options")
    @classmethod
    def _have_an_id_each(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        if twice := _first_repeated(option.id for option in options):
            raise ValueError(f"option {quoted(twice)} stands twice; keep one of them")
        return options


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
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"is no regular expression: {quoted(error)}") from None
        if "village" not in groups:
            raise ValueError("needs a group named village: (?P<village>...)")
        return pattern

    @field_validator("format")
    @classmethod
    def _is_made_of_village_and_number(cls, format: str) -> str:
        try:
            format.format(village="1", number=1)
        except (LookupError, ValueError) as error:
            raise ValueError(f"may hold {{village}} and {{number:03d}} only: {quoted(repr(error))}") from None
        return format


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
    reason_roles: dict[str, tuple[Role, ...]] | None = None
    """The roles that may give a reason for a correction or annulment; others may be given by all. None in
    definitions of older versions: all may give all, or their logs would mean something else."""

    @field_validator("reason_roles")
    @classmethod
    def _name_reasons_and_roles_that_submit(
        cls, reason_roles: dict[str, tuple[Role, ...]] | None
    ) -> dict[str, tuple[Role, ...]] | None:
        for reason, roles in (reason_roles or {}).items():
            if reason not in REASONS:
                known = ", ".join(sorted(REASONS))
                raise ValueError(f"{quoted(reason)} is no reason; the reasons are: {known}")
            if watching := next((role for role in roles if role in WATCHING), None):
                raise ValueError(f"{watching} watches and submits no count; take it out of {reason}")
        return reason_roles

    @field_validator("contests")
    @classmethod
    def _have_a_name_each(cls, contests: tuple[Contest, ...]) -> tuple[Contest, ...]:
        if twice := _first_repeated(contest.id.lower() for contest in contests):
            raise ValueError(f"contest {quoted(twice)} stands twice; keep one of them")
        return contests

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 over the canonical JSON of the definition with its candidates."""
        return sha256(self.to_json()).hexdigest()

    def with_reason_roles(self, reason_roles: dict[str, tuple[Role, ...]] | None) -> Election:
        """The same definition with other roles of reasons."""
        return Election.model_validate({**self.model_dump(), "reason_roles": reason_roles})

    def to_json(self) -> bytes:
        """The canonical JSON that `hash` is drawn from and `from_json` reads."""
        # Left out where it is None, so that definitions of older versions keep their hash.
        unset = {"reason_roles"} if self.reason_roles is None else None
        return dumps(self.model_dump(mode="json", exclude=unset))

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
        raise KeyError(
            f"'{quoted(contest)}' is no contest of {quoted(self.id)}; choose one of: {quoted(known)}"
        )


def available() -> list[str]:
    """The ids of the elections whose definitions come with the project."""
    folder = resources.files("schemas") / "definitions"
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


MAX_DEFINITION_BYTES: Final = 1024**2
"""The definition of the general election of 2024 has 5 KB."""


def load_election(election: str) -> Election:
    """The definition named `election`: one of `available()`, or the path of a YAML file.

    Raises DefinitionInvalid when there is none, or when it says something that can't be, and InputRefused
    when it is no regular file, or larger than any definition.
    """
    path = Path(election)
    if path.suffix in (".yaml", ".yml"):
        if not path.exists():
            raise DefinitionInvalid(f"There is no file {quoted(path)}.")
        try:
            text = read_text(path, MAX_DEFINITION_BYTES)
        except UnicodeDecodeError as error:
            raise DefinitionInvalid(
                f"{quoted(path)} can't be read ({quoted(error)}); save it as UTF-8."
            ) from None
    elif election in available():
        text = (resources.files("schemas") / "definitions" / f"{election}.yaml").read_text(encoding="utf-8")
    else:
        raise DefinitionInvalid(
            f"There is no election '{quoted(election)}'. Choose one of {', '.join(available())}, "
            "or name a YAML file that describes yours."
        )
    return parse_election(text, election)


def parse_election(text: str, source: str) -> Election:
    """The definition in the YAML `text`; `source` names it in errors (DefinitionInvalid)."""
    try:
        document = load_yaml(text)
        if isinstance(document, dict):
            document = {"reason_roles": DEFAULT_REASON_ROLES, **document}
        return Election.model_validate(document)
    except yaml.YAMLError as error:
        raise DefinitionInvalid(
            f"{quoted(source)} is not YAML: {quoted(' '.join(str(error).split()))}"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DefinitionInvalid(f"{quoted(source)}: {quoted(place)}: {quoted(first['msg'])}") from None
