"""Whoever may append anything to the log of one machine, but has no enrolled key, changes no total."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import orjson

from audit.verify import Verification, verify
from clickhouse.client import connect
from event_log.sqlite import SqliteLog
from schemas.data_directory import DataDirectory
from schemas.decode import encode
from sinks.definitions import migrated_definitions
from stream_processors.embedded.runner import Runner
from tests.keys import by_root, device, enrolled, opened, registrar, revoked, signed, signed_world, signer
from tests.worlds import annulled, corrected, pairs, stations, submitted

FIRST, SECOND, THIRD = stations("1101012001")


def honest() -> list[bytes]:
    """A count with every kind of thing that a replay could turn round."""
    phones = [signer(f"phone of {station}") for station in (FIRST, SECOND, THIRD)]
    office = signer("office")
    counts = [
        signed(submitted(station, pairs(10, 20, 30)), 1, phone)
        for station, phone in zip((FIRST, SECOND, THIRD), phones, strict=True)
    ]
    lost = signed(submitted(FIRST, pairs(100, 0, 0)), 2, phones[0])
    return [
        opened(),
        registrar(),
        enrolled(
            *(
                device(phone, stations=[station])
                for phone, station in zip(phones, (FIRST, SECOND, THIRD), strict=True)
            ),
            device(office, "kpu_kabko", regions=["1101"]),
        ),
        *counts,
        lost,  # already counted
        signed(annulled(FIRST, counts[0]), 1, office, "kpu_kabko"),
        signed(corrected(SECOND, counts[1], pairs(11, 20, 30)), 2, phones[1]),
        by_root("CountingPaused", {"note": "putusan"}),
        by_root("CountingResumed", {"note": "selesai"}),
        revoked(phones[2]),
        signed(corrected(THIRD, counts[2], pairs(99, 0, 0)), 2, phones[2]),  # of a revoked key
    ]


def hostile(log: list[bytes]) -> Iterator[bytes]:
    """All of it again, in another order, changed, without its signature, and signed by a stranger."""
    stranger = signer("stranger")
    yield from reversed(log)
    for raw in log:
        document: dict[str, Any] = orjson.loads(raw)
        del document["event_id"]
        changed = {**document, "occurred_at": "2024-02-14T18:00:00+07:00"}
        if "form" in document["payload"]:
            changed["payload"] = {**document["payload"], "form": {"votes": {"1": 200}}}
        yield encode(changed)
        bare = {name: value for name, value in changed.items() if name not in ("signature", "signatures")}
        yield encode(stranger.cosigned(bare) if "key_id" not in bare else stranger.signed(bare))
        if "contest" in bare:
            del bare["key_id"]
            yield encode({**bare, "submitted_by": {"officer": "x", "role": "kpu"}})
        yield encode(bare)
    yield from Random("again").sample(log, len(log))


def verified(directory: DataDirectory, url: str) -> Verification:
    """What is shown, held against the log."""
    with (
        closing(SqliteLog.open(directory.log_path, readonly=True)) as log,
        closing(connect(url, readonly=True)) as client,
    ):
        return verify(log, directory.election, directory.registry, client, migrated_definitions())


def test_no_total_changes(tmp_path: Path) -> None:
    here = signed_world()
    directory = DataDirectory.create(tmp_path / "count", here.election, here.registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        report = runner.submit(honest())
        assert (report.accepted, report.rejected_by_reason) == (
            11,
            {"already_counted": 1, "revoked_key": 1},
        )
        before = verified(directory, runner.url)
        assert before.equal
    with Runner.open(directory, command="test", workers=0) as runner:  # who may submit is restored
        attacked = runner.submit(list(hostile(honest())))
        after = verified(directory, runner.url)
    assert attacked.accepted == 0
    assert after.equal
    assert after.state_digest == before.state_digest
    assert attacked.rejected_by_reason.keys() >= {
        *("bad_signature", "unknown_key", "unsigned", "revoked_key", "sequence_repeated"),
    }
