"""A tiny election, its register, and builders of its events, small enough to add up by hand.

    11  (ACEH)   1101, 1102 > 2 sub-districts each > 2 villages each > 3 stations each
    12  (SUMUT)  1201, 1202 > the same
    99  (ABROAD) one district, one sub-district, one village with 2 stations whose voters nobody knows

    PPWP  pairs 1, 2, 3          the whole nation, abroad too: 50 stations
    DPR   parties 1, 2 (20: 11)  electoral districts 11-A (1101), 11-B (1102), 12-A (12 and abroad)
    DPD   persons                by province, not abroad: 21, 22 in 11 and 21, 22, 23 in 12: 48 stations

Station 11010120010NN is number NN of village 1101012001; station number N has 200 + N registered voters.
Forms that the builders make break no rule unless a test changes them. Nothing here decides or adds up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson

from schemas.authority import DEFAULT_REASON_ROLES
from schemas.ballots import Ballots
from schemas.canonical import event_id
from schemas.decode import encode
from schemas.elections import Election
from schemas.regions import Level, Registry
from schemas.registry_build import RegionRow, StationRow, build_registry
from stream_processors.assess import Assessor

Document = dict[str, Any]

ELECTION_ID: Final = "tiny2024"
PPWP, DPR, DPD = "PPWP", "DPR", "DPD"

NATION: Final = "0"
ABROAD: Final = "9901012001"
"""The village abroad; its stations are ABROAD + 001 and 002."""

_PARTY_CANDIDATES: Final = {"11-A": ("1.1", "1.2", "2.1"), "11-B": ("1.1", "2.1"), "12-A": ("1.1", "2.1")}
_PERSONS: Final = {"11": ("21", "22"), "12": ("21", "22", "23")}


def election(*, count_unlisted_stations: bool = False) -> Election:
    """The definition. Party 20 stands in province 11 only, and names no candidates."""
    name = {"id": "Pemilu Kecil", "en": "Tiny election"}
    parties: list[Document] = [
        {"id": "1", "name": "Satu"},
        {"id": "2", "name": "Dua"},
        {"id": "20", "name": "Lokal", "only_in": ["11"]},
    ]
    candidates = [
        {"contest": DPR, "constituency": district, "option": option, "name": f"Calon {option}"}
        for district, options in _PARTY_CANDIDATES.items()
        for option in options
    ]
    candidates += [
        {"contest": DPD, "constituency": province, "option": option, "name": f"Calon {option}"}
        for province, options in _PERSONS.items()
        for option in options
    ]
    return Election.model_validate(
        {
            "id": ELECTION_ID,
            "name": name,
            "root": {"id": NATION, "name": "INDONESIA"},
            "stations": {
                "format": "{village}{number:03d}",
                "pattern": "(?P<village>[0-9]{10})(?P<number>[0-9]{3})",
            },
            "count_unlisted_stations": count_unlisted_stations,
            "overseas": ["99"],
            "limits": {"voters_per_station": 300, "voters_exempt": ["99"]},
            "poll": {"closes": "2024-02-14T13:00:00+07:00", "until": "2024-02-15T12:00:00+07:00"},
            "poll_exceptions": [
                {
                    "regions": ["1202"],
                    "closes": "2024-02-14T13:00:00+08:00",
                    "until": "2024-02-15T12:00:00+08:00",
                },
                {"regions": ["99"], "closes": None, "until": None},
            ],
            "contests": [
                {
                    "id": PPWP,
                    "name": name,
                    "kind": "pairs",
                    "scope": "nation",
                    "options": [{"id": str(number), "name": f"Pasangan {number}"} for number in (1, 2, 3)],
                },
                {
                    "id": DPR,
                    "name": name,
                    "kind": "parties",
                    "scope": "electoral_district",
                    "options": parties,
                },
                {"id": DPD, "name": name, "kind": "persons", "scope": "province", "excluded": ["99"]},
            ],
            "electoral_districts": [
                {"contest": DPR, "id": "11-A", "name": "ACEH A", "regions": ["1101"]},
                {"contest": DPR, "id": "11-B", "name": "ACEH B", "regions": ["1102"]},
                {"contest": DPR, "id": "12-A", "name": "SUMUT A", "regions": ["12", "99"]},
            ],
            "candidates": candidates,
            "reason_roles": DEFAULT_REASON_ROLES,
        }
    )


def villages() -> list[str]:
    """The ids of all villages, in the order of their codes, abroad last."""
    domestic = [
        f"{province}{district}{subdistrict}{village}"
        for province in ("11", "12")
        for district in ("01", "02")
        for subdistrict in ("01", "02")
        for village in ("2001", "2002")
    ]
    return [*domestic, ABROAD]


def stations(village: str) -> list[str]:
    """The ids of a village's listed stations."""
    return [f"{village}{number:03d}" for number in range(1, 3 if village == ABROAD else 4)]


def all_stations() -> list[str]:
    """The ids of all listed stations."""
    return [station for village in villages() for station in stations(village)]


def registered(station: str) -> int | None:
    """The register's voters of a listed station; abroad nobody knows."""
    return None if station.startswith(ABROAD) else 200 + int(station[-3:])


def registry(*, station_list: bool = True) -> Registry:
    """The register; without `station_list` villages only say how many stations and voters they have."""
    rows: dict[str, RegionRow] = {}
    for village in villages():
        parent = None
        for level, width in (
            (Level.PROVINCE, 2),
            (Level.DISTRICT, 4),
            (Level.SUBDISTRICT, 6),
            (Level.VILLAGE, 10),
        ):
            code = village[:width]
            rows.setdefault(code, RegionRow(code, parent, level, f"{level.upper()} {code}"))
            parent = code
        voters = [registered(station) for station in stations(village)]
        known = [figure for figure in voters if figure is not None]
        rows[village] = RegionRow(
            village,
            village[:6],
            Level.VILLAGE,
            f"VILLAGE {village}",
            len(voters),
            sum(known) if known else None,
        )
    listed = [
        StationRow(station, village, int(station[-3:]), registered(station))
        for village in villages()
        for station in stations(village)
    ]
    definition = election()
    return build_registry(
        rows.values(),
        listed if station_list else [],
        root=(definition.root.id, definition.root.name),
        unlisted_pattern=definition.stations.pattern,
    )


@dataclass(frozen=True, slots=True)
class World:
    """What fixed things a count needs, together."""

    election: Election
    registry: Registry
    ballots: Ballots
    assessor: Assessor


@cache
def world(*, count_unlisted_stations: bool = False, station_list: bool = True) -> World:
    """The election, its register, its ballots and an assessor for them, made once."""
    definition = election(count_unlisted_stations=count_unlisted_stations)
    register = registry(station_list=station_list)
    ballots = Ballots(definition, register)
    return World(definition, register, ballots, Assessor(definition, register, ballots))


def form(votes: Mapping[str, int | None], invalid: int = 2, **changes: Any) -> Document:
    """A form of these votes on which everything adds up; `changes` replace its blocks afterwards (None:
    the block was not read)."""
    valid = sum(figure or 0 for option, figure in votes.items() if "." not in option)
    total = valid + invalid
    made = {
        "voters": {"total": {"j": total}},
        "ballots": {"received": total + 10, "used": total, "returned": 1, "unused": 9},
        "votes": dict(votes),
        "valid": valid,
        "invalid": invalid,
        "total": total,
        **changes,
    }
    return {block: content for block, content in made.items() if content is not None}


def pairs(one: int | None, two: int | None, three: int | None, invalid: int = 2, **changes: Any) -> Document:
    """A form of PPWP on which everything adds up, as `form`."""
    return form({"1": one, "2": two, "3": three}, invalid, **changes)


BLANK: Final[Document] = {"votes": {"1": None, "2": None, "3": None}}
"""A form of PPWP on which nothing was filled in."""


def submitted(station: str, said: Document, contest: str = PPWP, **envelope: Any) -> bytes:
    """The bytes of a CountSubmitted of that form; `envelope` adds or replaces members of the event."""
    return encode(_event("CountSubmitted", contest, {"form": said}, {"station": station, **envelope}))


def corrected(
    station: str, supersedes: bytes | str, said: Document, contest: str = PPWP, **envelope: Any
) -> bytes:
    """The bytes of a CountCorrected that replaces `supersedes` (an event's bytes, or an id)."""
    payload = {"form": said, "supersedes": _id(supersedes), "reason": "pembetulan"}
    return encode(_event("CountCorrected", contest, payload, {"station": station, **envelope}))


def annulled(station: str, supersedes: bytes | str, contest: str = PPWP, **envelope: Any) -> bytes:
    """The bytes of a CountAnnulled of `supersedes` (an event's bytes, or an id)."""
    payload = {"supersedes": _id(supersedes), "reason": "revote_ordered"}
    who = {"submitted_by": {"officer": "kpu-1101", "role": "kpu_kabko"}}
    return encode(_event("CountAnnulled", contest, payload, {"station": station, **who, **envelope}))


def recap(
    region: str,
    votes: Mapping[str, int],
    contest: str = PPWP,
    supersedes: bytes | str | None = None,
    **envelope: Any,
) -> bytes:
    """The bytes of a RecapCertified of that region; with `supersedes` it replaces an earlier one."""
    payload: Document = {"document": f"D.Hasil {region}", "cells": {"votes": dict(votes)}}
    if supersedes is not None:
        payload["supersedes"] = _id(supersedes)
    return encode(_event("RecapCertified", contest, payload, {"region": region, **envelope}))


def reason_stated(
    region: str,
    about: bytes | str,
    cell: str = "",
    reason: str = "plenary",
    contest: str = PPWP,
    **envelope: Any,
) -> bytes:
    """The bytes of a RecapReasonStated about that document (an event's bytes, or an id)."""
    payload: Document = {"recap": _id(about), "reason": reason, "signer": "kpu-11"}
    if cell:
        payload["cell"] = cell
    return encode(_event("RecapReasonStated", contest, payload, {"region": region, **envelope}))


def id_of(raw: bytes) -> str:
    """The event id (hex) of an event that a builder made."""
    return event_id(_read(raw))


def _event(type_: str, contest: str, payload: Document, more: Document) -> Document:
    return {
        "type": type_,
        "schema_version": 1,
        "election": ELECTION_ID,
        "contest": contest,
        "payload": payload,
        **more,
    }


def _id(event: bytes | str) -> str:
    return event if isinstance(event, str) else id_of(event)


def _read(raw: bytes) -> Document:
    read: Document = orjson.loads(raw)
    return read
