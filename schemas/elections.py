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
from schemas.events import CertifiedOption, Identifier, Role
from schemas.forms import OptionId
from schemas.identity import Identity
from schemas.input_files import read_text
from schemas.language import ExplainedError, ValueExplained
from schemas.regions import REGION_LEVELS, Level
from schemas.text import quoted
from schemas.validation_words import explained
from schemas.yaml_text import load_yaml, yaml_fault


class DefinitionInvalid(ExplainedError, ValueError):
    """An election definition or candidates file that can't be used; the sentence says where and what to "
    "do."""


class UnknownContest(ExplainedError):
    """There is no contest of that name; the sentence lists those there are."""


class ContestKind(StrEnum):
    """What a voter chooses: a pair (president), a person (DPD), a party with its candidates, or a pair for
    governor, regent or mayor, of whom each province or district has its own."""

    PAIRS = "pairs"
    PERSONS = "persons"
    PARTIES = "parties"
    LOCAL_PAIRS = "local_pairs"


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
    """One question on one ballot paper. `held_in` names the regions of any level in which it is held (null:
    everywhere), `excluded` those within them in which it is not. `sources` says by source what its keys mean:
    `1`, or `31:21` for the option of one constituency."""

    id: Identifier
    name: Name
    kind: ContestKind
    scope: Scope
    held_in: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = None
    excluded: tuple[Identifier, ...] = ()
    options: tuple[Option, ...] = ()
    sources: dict[str, dict[str, CertifiedOption]] = {}

    @field_validator("options")
    @classmethod
    def _have_an_id_each(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        if twice := _first_repeated(option.id for option in options):
            raise ValueExplained(
                id=f"pilihan {quoted(twice)} ada dua kali; sisakan satu",
                en=f"option {quoted(twice)} stands twice; keep one of them",
            )
        return options


class ElectoralDistrict(_Part):
    """A daerah pemilihan of one contest: whole regions (of any level) that share a ballot. A region that is
    named belongs to it with all below that no other district names. `seats`: how many it elects."""

    contest: Identifier
    id: Identifier
    name: str
    regions: tuple[Identifier, ...]
    seats: Annotated[int, Field(ge=1)] | None = None


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
            raise ValueExplained(
                id=f"bukan ekspresi reguler (di karakter ke-{error.pos or 0})",
                en=f"is no regular expression (at character {error.pos or 0})",
            ) from None
        if "village" not in groups:
            raise ValueExplained(
                id="memerlukan grup bernama village: (?P<village>...)",
                en="needs a group named village: (?P<village>...)",
            )
        return pattern

    @field_validator("format")
    @classmethod
    def _is_made_of_village_and_number(cls, format: str) -> str:
        try:
            format.format(village="1", number=1)
        except (LookupError, ValueError):
            raise ValueExplained(
                id="hanya boleh memuat {village} dan {number:03d}",
                en="may hold {village} and {number:03d} only",
            ) from None
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


CERTIFIED_LEVELS: Final = (Level.SUBDISTRICT, Level.DISTRICT, Level.PROVINCE, Level.NATION)
"""Levels that have a certified document where a definition does not say which: those of 2024, in which the
document of the sub-district has a column for each village."""

ADDED_LATER: Final = ("held_in", "seats", "certified_levels", "reason_roles", "identity")
"""Fields that definitions had not from the beginning. Where they are null they are no part of `hash`, so that
the hash of a count which exists stays as it is."""


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
    certified_levels: tuple[Level, ...] | None = None  # null: CERTIFIED_LEVELS
    contests: Annotated[tuple[Contest, ...], Field(min_length=1)]
    electoral_districts: tuple[ElectoralDistrict, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    identity: Identity | None = None  # null: signatures are carried and not verified
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
                raise ValueExplained(
                    id=f"{quoted(reason)} bukan alasan; alasan yang ada: {known}",
                    en=f"{quoted(reason)} is no reason; the reasons are: {known}",
                )
            if watching := next((role for role in roles if role in WATCHING), None):
                raise ValueExplained(
                    id=f"{watching} mengawasi dan tidak mengirim hasil; hapus dari {reason}",
                    en=f"{watching} watches and submits no count; take it out of {reason}",
                )
        return reason_roles

    @field_validator("contests")
    @classmethod
    def _have_a_name_each(cls, contests: tuple[Contest, ...]) -> tuple[Contest, ...]:
        if twice := _first_repeated(contest.id.lower() for contest in contests):
            raise ValueExplained(
                id=f"pemilihan {quoted(twice)} ada dua kali; sisakan satu",
                en=f"contest {quoted(twice)} stands twice; keep one of them",
            )
        return contests

    @field_validator("certified_levels")
    @classmethod
    def _are_of_regions(cls, levels: tuple[Level, ...] | None) -> tuple[Level, ...] | None:
        if levels is not None and Level.STATION in levels:
            raise ValueExplained(
                id="TPS punya formulir (C.Hasil) dan bukan rekapitulasi; hapus dari daftar",
                en="a station has a form (C.Hasil) and no recapitulation; leave it out",
            )
        return levels

    @property
    def certified(self) -> tuple[Level, ...]:
        """The levels that have a certified document (D.Hasil), from the nation down."""
        levels = CERTIFIED_LEVELS if self.certified_levels is None else self.certified_levels
        return tuple(level for level in REGION_LEVELS if level in levels)

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 over the canonical JSON of the definition with its candidates."""
        return sha256(self.to_json()).hexdigest()

    def with_reason_roles(self, reason_roles: dict[str, tuple[Role, ...]] | None) -> Election:
        """The same definition with other roles of reasons."""
        return Election.model_validate({**self.model_dump(), "reason_roles": reason_roles})

    def with_identity(self, identity: Identity | None) -> Election:
        """The same definition with other keys at the root of its signatures."""
        named = None if identity is None else identity.model_dump()
        return Election.model_validate({**self.model_dump(), "identity": named})  # a copy would keep `hash`

    def to_json(self) -> bytes:
        """The canonical JSON that `hash` is drawn from and `from_json` reads."""
        document = self.model_dump(mode="json")
        for part in (document, *document["contests"], *document["electoral_districts"]):
            for name in ADDED_LATER:
                if part.get(name, name) is None:
                    del part[name]
        return dumps(document)

    @classmethod
    def from_json(cls, raw: bytes) -> Election:
        """The definition that `to_json` wrote."""
        return cls.model_validate_json(raw)

    def contest(self, contest: str) -> Contest:
        """The contest named `contest`, in any case of letters. Raises UnknownContest that lists those there
        are."""
        for one in self.contests:
            if one.id.lower() == contest.lower():
                return one
        known = ", ".join(one.id for one in self.contests)
        raise UnknownContest(
            id=f"'{quoted(contest)}' bukan pemilihan dalam {quoted(self.id)}; pilih salah satu: "
            f"{quoted(known)}",
            en=f"'{quoted(contest)}' is no contest of {quoted(self.id)}; choose one of: {quoted(known)}",
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
            raise DefinitionInvalid(
                id=f"Tidak ada berkas {quoted(path)}.", en=f"There is no file {quoted(path)}."
            )
        try:
            text = read_text(path, MAX_DEFINITION_BYTES)
        except UnicodeDecodeError as error:
            raise DefinitionInvalid(
                id=f"{quoted(path)} tidak terbaca: byte ke-{error.start} bukan UTF-8; simpan sebagai UTF-8.",
                en=f"{quoted(path)} can't be read: byte {error.start} is not UTF-8; save it as UTF-8.",
            ) from None
    elif election in available():
        text = (resources.files("schemas") / "definitions" / f"{election}.yaml").read_text(encoding="utf-8")
    else:
        known = ", ".join(available())
        raise DefinitionInvalid(
            id=f"Tidak ada pemilu '{quoted(election)}'. Pilih salah satu dari {known}, atau sebutkan berkas "
            "YAML yang menerangkan pemilu Anda.",
            en=f"There is no election '{quoted(election)}'. Choose one of {known}, or name a YAML file that "
            "describes yours.",
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
        why = yaml_fault(error)
        raise DefinitionInvalid(
            id=f"{quoted(source)} bukan YAML yang dapat dipakai: {why.id}.",
            en=f"{quoted(source)} is not YAML that can be used: {why.en}.",
        ) from None
    except ValidationError as error:
        said = explained(error)
        raise DefinitionInvalid(
            id=f"{quoted(source)}: {said.id}.", en=f"{quoted(source)}: {said.en}."
        ) from None
