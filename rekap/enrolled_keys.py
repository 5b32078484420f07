"""The keys that a log names, with their state: what `rekap keys list` shows.

Only events about keys are read of the log, with the rules of every engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from event_log.kafka.partitioner import partition_of
from schemas.ballots import Ballots
from schemas.control_events import CONTROL_TYPES
from schemas.elections import Election
from schemas.regions import Registry
from stream_processors.assess import AssessedControl, Assessor
from stream_processors.authority import Authority
from stream_processors.rejections import Placement

if TYPE_CHECKING:
    from event_log.reading import ReadableLog

_TYPES: Final = tuple(f'"{kind}"'.encode() for kind in CONTROL_TYPES)


@dataclass(slots=True)
class EnrolledKeys:
    """The authority in each partition of a log, at its end."""

    registry: Registry
    election: Election
    partitions: list[Authority] = field(default_factory=list)

    @classmethod
    def read(cls, log: ReadableLog | None, election: Election, registry: Registry) -> EnrolledKeys:
        """Fold the events about keys of the whole log; None: there is none yet. Raises LogUnavailable."""
        if log is None:
            return cls(registry, election, [Authority(registry, election.identity)])
        where = None if log.partition_of is None else partial(partition_of, partitions=log.partitions)
        assessor = Assessor(election, registry, Ballots(election, registry), where)
        found = cls(registry, election)
        for partition in range(log.partitions):
            authority = Authority(registry, election.identity)
            for entry in log.entries(partition):
                if not any(kind in entry.raw for kind in _TYPES):
                    continue
                placements = None if where is None else [Placement(entry.key, partition)]
                (one,) = assessor.assess([entry.raw], placements)
                if isinstance(one, AssessedControl):
                    authority.control(one.raw, one.event, one.id)
            found.partitions.append(authority)
        return found

    @property
    def is_paused(self) -> bool | None:
        """Whether counting is paused; None: partitions differ."""
        paused = {authority.paused for authority in self.partitions}
        return paused.pop() if len(paused) == 1 else None

    @property
    def is_opened(self) -> bool:
        """Whether the election is open in every partition."""
        return all(authority.opened for authority in self.partitions)

    def homes_of(self, key: str) -> list[str]:
        """The districts in which the device's key is enrolled and not revoked."""
        return [
            self.registry.ids[home]
            for authority in self.partitions
            for (home, held), device in authority.devices.items()
            if held == key and not device.revoked
        ]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every key: roots, registrars, devices. `partitions`: how many have the same of a registrar."""
        ids = self.registry.ids
        if self.election.identity is not None:
            for key in self.election.identity.roots:
                yield _row("root", key)
        keys = {key: None for authority in self.partitions for key in authority.registrars}
        for key in keys:
            held = [authority.registrars.get(key) for authority in self.partitions]
            known = [one for one in held if one is not None]
            last = known[-1]
            regions = [ids[region] for region in last.regions]
            revoked = any(one.revoked for one in known)
            yield _row("registrar", key, regions=regions, revoked=revoked, partitions=held.count(last))
        for authority in self.partitions:
            for (home, key), device in authority.devices.items():
                yield _row(
                    "device",
                    key,
                    role=device.role,
                    district=ids[home],
                    stations=list(device.stations),
                    regions=[ids[region] for region in device.regions],
                    ends=device.ends or None,
                    device=device.name or None,
                    revoked=device.revoked,
                )


def _row(kind: str, key: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": kind,
        "key": key,
        "role": None,
        "district": None,
        "stations": [],
        "regions": [],
    }
    return {**row, "ends": None, "device": None, "revoked": False, "partitions": None, **more}
