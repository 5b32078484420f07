"""A night whose messages are signed: keys are enrolled first, and some come from who may not send them.

What must become of each message is known here: whoever has no enrolled key for a station changes nothing, and
a count that differs has decided wrongly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator import plan
from producers.simulator.chunks import NightChunk, NightRows
from producers.simulator.documents import first_count
from producers.simulator.messages import signed_message
from producers.simulator.night import Night
from producers.simulator.night_keys import THRESHOLD, key_of_night, roots_of_night
from producers.simulator.timetable import Action
from schemas.decode import encode
from schemas.elections import Election
from schemas.events import SCHEMA_VERSION, Role
from schemas.placement import home_of
from schemas.regions import DEPTH, Level, Registry
from schemas.sources import Lineage, Message, SourceRecord

STATIONS_AN_EVENT: Final = 100
"""Stations whose devices are enrolled together: 400 devices, some 50 kB."""
ATTACKED: Final = 10
"""Every so many first counts one is followed by a message of somebody who may not send it."""

_BEGUN: Final = "2024-02-13T08:00:00+07:00"


class Attack(StrEnum):
    """What is tried, by the reason with which it must be rejected."""

    FORGED = "bad_signature"
    STRANGER = "unknown_key"
    REUSED = "sequence_repeated"
    REVOKED = "revoked_key"
    ELSEWHERE = "out_of_scope"
    OTHER_ROLE = "wrong_role"
    UNSIGNED = "unsigned"


ATTACKS: Final = tuple(Attack)


@dataclass(frozen=True, slots=True)
class Home:
    """A district (or what is one for its stations): its id, that of its province, and its stations."""

    id: str
    province: str
    stations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ControlChunk:
    """Events about keys: of the election with its registrars, or of one district's devices."""

    seed: int
    election: str
    definition: str
    registry: str
    provinces: tuple[str, ...]
    home: Home | None = None

    @property
    def size(self) -> int:
        """How many messages it holds."""
        if self.home is None:
            return 1 + len(self.provinces)
        return -(-len(self.home.stations) // STATIONS_AN_EVENT) + 2

    def records(self) -> Iterator[SourceRecord]:
        """Its messages in order."""
        events = self._of_election() if self.home is None else self._of_district(self.home)
        for number, document in enumerate(events):
            yield Message(
                encode(document), f"keys of {self.home.id if self.home else 'the nation'}, {number}"
            )

    def _of_election(self) -> Iterator[dict[str, Any]]:
        hashes = {"definition": self.definition, "registry": self.registry}
        yield self._by_root("ElectionOpened", hashes)
        for province in self.provinces:
            registrar = key_of_night(self.seed, f"registrar {province}")
            yield self._by_root("RegistrarEnrolled", {"key": registrar.key_id, "regions": [province]})

    def _of_district(self, home: Home) -> Iterator[dict[str, Any]]:
        for start in range(0, len(home.stations), STATIONS_AN_EVENT):
            some = home.stations[start : start + STATIONS_AN_EVENT]
            devices = list(chain.from_iterable(map(self._devices, some)))
            yield self._by_registrar(home, "DeviceEnrolled", {"devices": devices})
        stolen = key_of_night(self.seed, f"stolen {home.id}").key_id
        others = [
            {"key": stolen, "role": Role.KPPS.value, "regions": [home.id]},
            {
                "key": key_of_night(self.seed, f"elsewhere {home.id}").key_id,
                "role": Role.KPPS.value,
                "stations": [home.stations[0]],
            },
        ]
        yield self._by_registrar(home, "DeviceEnrolled", {"devices": others})
        yield self._by_registrar(home, "DeviceRevoked", {"keys": [stolen], "note": "dicuri"})

    def _devices(self, station: str) -> Iterator[dict[str, Any]]:
        for device, role in (
            (f"hp-{station}-1", Role.KPPS),
            (f"hp-{station}-2", Role.KPPS),
            (f"ppk-device-{station}", Role.PPK),
            (f"kpu-device-{station}", Role.KPU_KABKO),
        ):
            key = key_of_night(self.seed, device).key_id
            yield {"key": key, "role": role.value, "stations": [station]}

    def _by_root(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        document = self._event(kind, payload)
        for root in roots_of_night(self.seed)[:THRESHOLD]:
            document = root.cosigned(document)
        return document

    def _by_registrar(self, home: Home, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        registrar = key_of_night(self.seed, f"registrar {home.province}")
        return registrar.signed({**self._event(kind, payload), "region": home.id})

    def _event(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": kind,
            "schema_version": SCHEMA_VERSION,
            "election": self.election,
            "occurred_at": _BEGUN,
            "payload": payload,
        }


@dataclass(frozen=True, slots=True)
class AttackChunk:
    """What is tried after a part of a night: with the forms in these rows, one kind each. `homes` are their
    districts."""

    part: NightChunk
    kinds: tuple[Attack, ...]
    homes: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many messages it holds."""
        return len(self.kinds)

    def records(self) -> Iterator[SourceRecord]:
        """Its messages in order."""
        seed = self.part.setting.seed
        for kind, home, document in zip(self.kinds, self.homes, first_counts(self.part), strict=True):
            yield Message(encode(_attack(kind, home, seed, document)), f"night {seed}, {kind.name.lower()}")


def first_counts(chunk: NightChunk) -> list[dict[str, Any]]:
    """The first count of each form in the chunk, unsigned, in order."""
    found: list[dict[str, Any]] = [{}] * chunk.size
    for columns, here in chunk.columns_by_contest():
        for row, place in enumerate(here.tolist()):
            found[place] = first_count(columns, row)
    return found


def _attack(kind: Attack, home: str, seed: int, document: dict[str, Any]) -> dict[str, Any]:
    """The form as somebody sends it who may not."""
    form = {**document["payload"]["form"], "invalid": 0, "total": None}
    other = {**document, "payload": {**document["payload"], "form": form}}
    officer = document["submitted_by"]["officer"]
    match kind:
        case Attack.FORGED:
            return {**other, "signature": signed_message(seed, document)["signature"]}
        case Attack.STRANGER:
            return key_of_night(seed, f"stranger {home}").signed(other)
        case Attack.REUSED:
            return signed_message(seed, other)
        case Attack.REVOKED:
            return key_of_night(seed, f"stolen {home}").signed(other)
        case Attack.ELSEWHERE:
            return key_of_night(seed, f"elsewhere {home}").signed(other)
        case Attack.OTHER_ROLE:
            return signed_message(
                seed, {**other, "submitted_by": {"officer": officer, "role": Role.PPK.value}}
            )
    return {name: value for name, value in other.items() if name not in ("key_id", "seq")}


class SignedNight:
    """A night, signed, with its keys and those who have none."""

    def __init__(
        self,
        election: Election,
        registry: Registry,
        seed: int,
        *,
        contests: Sequence[str] | None = None,
        **arguments: Any,
    ) -> None:
        """As Night, in an election whose identity is that of the seed. Raises ValueExplained."""
        self._night = Night(election, registry, seed, contests=contests, signed=True, **arguments)
        self._homes = _homes(registry)
        self._home_of = {station: home for home in self._homes for station in home.stations}
        provinces = tuple(sorted({home.province for home in self._homes}))
        self._controls = [
            ControlChunk(seed, election.id, election.hash, registry.hash, provinces, home)
            for home in (None, *self._homes)
        ]
        parts = self._night.chunks()
        self._attacks = [self._attack_chunk(part) for part in parts]

    @property
    def size(self) -> int:
        """How many messages arrive."""
        attacks = sum(one.size for one in self._attacks)
        return sum(one.size for one in self._controls) + self._night.size + attacks

    @property
    def expected(self) -> plan.Expected:
        """What a count that starts with this night, and takes nothing else, must come to."""
        night = self._night.expected
        tried = Counter(kind.value for one in self._attacks for kind in one.kinds)
        return replace(
            night,
            accepted=night.accepted + sum(one.size for one in self._controls),
            rejected=dict(Counter(night.rejected) + tried),
        )

    def chunks(
        self,
        lineage: Lineage | None = None,  # noqa: ARG002
    ) -> Iterator[ControlChunk | NightChunk | AttackChunk]:
        """Keys first, then the night, each part followed by what is tried with its forms."""
        yield from self._controls
        for part, attack in zip(self._night.chunks(), self._attacks, strict=True):
            yield part
            if attack.size:
                yield attack

    def _attack_chunk(self, part: NightChunk) -> AttackChunk:
        rows = part.rows
        chosen = np.flatnonzero(rows.action == Action.COUNT)[::ATTACKED]
        kinds, homes = [], []
        for number, station in enumerate(rows.station[chosen].tolist()):
            home = self._home_of[station.decode()]
            kind = ATTACKS[number % len(ATTACKS)]
            if kind is Attack.ELSEWHERE and home.stations[0] == station.decode():
                kind = Attack.STRANGER  # there it is enrolled
            kinds.append(kind)
            homes.append(home.id)
        return AttackChunk(replace(part, rows=_of(rows, chosen)), tuple(kinds), tuple(homes))


def _of(rows: NightRows, chosen: NDArray[np.int64]) -> NightRows:
    """Some of the rows."""
    taken = {
        name: getattr(rows, name)[..., chosen] if name == "regions" else getattr(rows, name)[chosen]
        for name in NightRows.__slots__
    }
    return NightRows(**taken)


def _homes(registry: Registry) -> list[Home]:
    """The districts with their stations."""
    stations: dict[int, list[str]] = {}
    for village, station in zip(
        registry.station_village.tolist(), registry.station_ids.tolist(), strict=True
    ):
        stations.setdefault(home_of(registry, village), []).append(station.decode())
    province = registry.ancestors[DEPTH[Level.PROVINCE]]
    return [
        Home(registry.ids[home], registry.ids[int(province[home])], tuple(some))
        for home, some in stations.items()
    ]
