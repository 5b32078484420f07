"""A signed night: every message becomes what the night says, and who has no key changes nothing."""

from __future__ import annotations

from functools import cache
from itertools import chain

from producers.simulator.night_keys import identity_of_night
from producers.simulator.signed_night import ATTACKS, SignedNight
from schemas.elections import Election
from schemas.events import CountEvent
from schemas.regions import Registry
from schemas.sources import Message
from stream_processors.fold import Folded, FoldedEntry, fold
from tests.producers.simulator.nights import SEED, four_provinces


@cache
def signed_election() -> tuple[Election, Registry]:
    """The small nation with the keys of the night."""
    election, registry = four_provinces()
    return election.with_identity(identity_of_night(SEED)), registry


@cache
def night() -> SignedNight:
    """Its signed night, of one contest."""
    return SignedNight(*signed_election(), SEED, contests=["PPWP"])


@cache
def messages() -> tuple[bytes, ...]:
    """Its messages in order."""
    records = chain.from_iterable(chunk.records() for chunk in night().chunks())
    return tuple(record.raw for record in records if isinstance(record, Message))


def folded(raws: tuple[bytes, ...]) -> tuple[Folded, list[FoldedEntry]]:
    """The fold of these messages, and what became of each."""
    entries: list[FoldedEntry] = []
    return fold(raws, *signed_election(), on_entry=entries.append), entries


def test_every_message_becomes_what_the_night_says() -> None:
    found, _ = folded(messages())
    expected = night().expected
    assert found.messages == night().size == len(messages())
    assert found.accepted == expected.accepted
    assert found.repeated == expected.repeated
    assert dict(found.rejected) == {reason: count for reason, count in expected.rejected.items() if count}
    assert {attack.value for attack in ATTACKS} <= found.rejected.keys()


def test_who_has_no_key_changes_no_total() -> None:
    """The accepted messages alone come to the same totals; without the keys nothing is counted at all."""
    found, entries = folded(messages())
    kept = tuple(raw for raw, entry in zip(messages(), entries, strict=True) if entry.outcome == "accepted")
    assert folded(kept)[0].state_digest() == found.state_digest()
    reports = tuple(raw for raw in messages() if b'"contest":' in raw)
    nothing, _ = folded(reports)
    assert nothing.accepted == 0
    assert not nothing.in_force


def test_the_same_seed_gives_the_same_night() -> None:
    again = SignedNight(*signed_election(), SEED, contests=["PPWP"])
    records = chain.from_iterable(chunk.records() for chunk in again.chunks())
    assert tuple(record.raw for record in records if isinstance(record, Message)) == messages()


def test_no_device_uses_a_number_twice() -> None:
    _, entries = folded(messages())
    used = [
        (event.key_id, event.seq)
        for entry in entries
        if entry.outcome == "accepted"
        and entry.assessed.decoded is not None
        and isinstance(event := entry.assessed.decoded.event, CountEvent)
    ]
    assert used
    assert len(set(used)) == len(used)
