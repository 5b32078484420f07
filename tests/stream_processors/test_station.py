"""Deciding about one event of one unit: every branch, and what no order of arrival can break."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejections import Reason, Rejection
from stream_processors.station import (
    NOTHING_YET,
    REPEATED,
    Accepted,
    Decision,
    Lineage,
    Proposal,
    decide,
)
from tests.logs import UNHURRIED

UNIT = "1101012001001"


def event(name: str) -> bytes:
    """An id by a short name."""
    return sha256(name.encode()).digest()


def first(name: str) -> Proposal:
    return Proposal(event(name), UNIT)


def correction(name: str, of: str) -> Proposal:
    return Proposal(event(name), UNIT, event(of))


def annulment(name: str, of: str) -> Proposal:
    return Proposal(event(name), UNIT, event(of), annuls=True)


def after(*proposals: Proposal) -> Lineage:
    """The lineage after these, all of which must be accepted."""
    lineage = NOTHING_YET
    for proposal in proposals:
        decision = decide(lineage, proposal)
        assert isinstance(decision, Accepted), proposal
        lineage = decision.lineage
    return lineage


def rejected_for(decision: Decision) -> tuple[Reason, str, str]:
    """Why it was rejected: the reason, and the sentence in both languages."""
    assert isinstance(decision, Rejection)
    return decision.reason, decision.said.id, decision.said.en


def names(name: str, *sentences: str) -> bool:
    """Whether every sentence quotes enough of an id to find it."""
    return all(event(name).hex()[:16] in sentence for sentence in sentences)


# What is accepted


def test_a_first_count_is_accepted_when_nothing_came_before() -> None:
    assert decide(NOTHING_YET, first("a")) == Accepted(Lineage((event("a"),), event("a")))


def test_a_correction_of_the_count_in_force_takes_its_place() -> None:
    lineage = after(first("a"), correction("b", of="a"))
    assert lineage == Lineage((event("a"), event("b")), event("b"))


def test_an_annulment_of_the_count_in_force_leaves_nothing_in_force() -> None:
    lineage = after(first("a"), annulment("x", of="a"))
    assert lineage == Lineage((event("a"), event("x")), None)


def test_after_an_annulment_a_new_first_count_is_accepted() -> None:
    lineage = after(first("a"), annulment("x", of="a"), first("b"), correction("c", of="b"))
    assert lineage.in_force == event("c")
    assert lineage.version == 4


# What is repeated


@pytest.mark.parametrize(
    "again",
    [first("a"), correction("b", of="a"), annulment("x", of="b")],
    ids=["the first count", "the correction", "the annulment"],
)
def test_every_accepted_event_is_repeated_when_it_comes_again_in_force_or_not(again: Proposal) -> None:
    lineage = after(first("a"), correction("b", of="a"), annulment("x", of="b"))
    assert decide(lineage, again) == REPEATED


def test_an_annulled_count_sent_again_does_not_come_back_into_force() -> None:
    assert decide(after(first("a"), annulment("x", of="a")), first("a")) == REPEATED


def test_however_long_the_story_every_event_of_it_is_remembered() -> None:
    """A first message that comes again after dozens of corrections is still no second first count."""
    story = [first("0"), *(correction(str(number), of=str(number - 1)) for number in range(1, 60))]
    lineage = after(*story)
    assert lineage.version == len(lineage.ids) == 60
    assert all(decide(lineage, proposal) == REPEATED for proposal in story)


# What is rejected


@pytest.mark.parametrize(
    "lineage",
    [after(first("a")), after(first("z"), correction("a", of="z"))],
    ids=["after a first count", "after a correction"],
)
def test_a_second_different_first_count_is_rejected_naming_the_one_in_force(lineage: Lineage) -> None:
    reason, indonesian, english = rejected_for(decide(lineage, first("b")))
    assert reason is Reason.ALREADY_COUNTED
    assert names("a", indonesian, english)
    assert UNIT in indonesian
    assert UNIT in english


@pytest.mark.parametrize("lineage", [NOTHING_YET, after(first("a"), annulment("x", of="a"))])
@pytest.mark.parametrize("proposal", [correction("c", of="a"), annulment("c", of="a")])
def test_replacing_while_nothing_is_in_force_is_rejected_naming_what_it_replaces(
    lineage: Lineage, proposal: Proposal
) -> None:
    reason, indonesian, english = rejected_for(decide(lineage, proposal))
    assert reason is Reason.SUPERSEDED_MISMATCH
    assert names("a", indonesian, english)
    assert "again once" in english


@pytest.mark.parametrize("proposal", [correction("c", of="a"), annulment("c", of="a")])
def test_replacing_what_is_no_longer_in_force_is_rejected_naming_both(proposal: Proposal) -> None:
    lineage = after(first("a"), correction("b", of="a"))
    reason, indonesian, english = rejected_for(decide(lineage, proposal))
    assert reason is Reason.SUPERSEDED_MISMATCH
    assert names("a", indonesian, english)
    assert names("b", indonesian, english)


def test_replacing_an_annulment_is_rejected_because_it_is_not_in_force() -> None:
    lineage = after(first("a"), annulment("x", of="a"))
    reason, _, _ = rejected_for(decide(lineage, correction("c", of="x")))
    assert reason is Reason.SUPERSEDED_MISMATCH


@pytest.mark.parametrize(
    ("then", "proposal"),
    [
        ((annulment("x", of="a"),), first("b")),
        ((correction("b", of="a"),), correction("c", of="b")),
        ((correction("b", of="a"),), annulment("c", of="b")),
        ((annulment("x", of="a"), first("b")), annulment("c", of="b")),
    ],
    ids=["a first count", "a correction", "an annulment", "an annulment of a later count"],
)
def test_a_rejected_event_is_accepted_when_it_is_sent_again_after_its_obstacle_is_gone(
    then: Sequence[Proposal], proposal: Proposal
) -> None:
    assert isinstance(decide(after(first("a")), proposal), Rejection)
    assert isinstance(decide(after(first("a"), *then), proposal), Accepted)


# Any order of arrival


@st.composite
def chains(draw: st.DrawFn) -> list[Proposal]:
    """A lawful story of one unit: first counts, corrections and annulments, each of what is in force."""
    chain: list[Proposal] = []
    in_force: str | None = None
    for number in range(draw(st.integers(1, 7))):
        name = str(number)
        if in_force is None:
            chain.append(first(name))
        elif draw(st.booleans()):
            chain.append(correction(name, of=in_force))
        else:
            chain.append(annulment(name, of=in_force))
        in_force = None if chain[-1].annuls else name
    return chain


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Proposal], list[Proposal]]:
    """A lawful chain, and an arrival of it in its order with duplicates, stale and contradicting events
    between: every one of these repeats, or wants to replace something that is not in force, or to be first.
    """
    chain = draw(chains())
    arriving: list[Proposal] = []
    for number, proposal in enumerate(chain):
        arriving.append(proposal)
        in_force = None if proposal.annuls else proposal.id
        for extra in range(draw(st.integers(0, 3))):
            name = f"extra {number} {extra}"
            disturbances = [st.sampled_from(chain[: number + 1])]
            if stale := [one.id for one in chain if one.id != in_force]:
                disturbances.append(
                    st.builds(
                        Proposal, st.just(event(name)), st.just(UNIT), st.sampled_from(stale), st.booleans()
                    )
                )
            if in_force is not None:
                disturbances.append(st.just(first(name)))
            arriving.append(draw(st.one_of(disturbances)))
    return chain, arriving


@UNHURRIED
@given(arrivals())
def test_a_lawful_chain_wins_whatever_comes_between(story: tuple[list[Proposal], list[Proposal]]) -> None:
    chain, arriving = story
    lineage = NOTHING_YET
    for proposal in arriving:
        decision = decide(lineage, proposal)
        if isinstance(decision, Accepted):
            lineage = decision.lineage
    assert lineage == after(*chain)


@UNHURRIED
@given(st.lists(st.sampled_from("abcdefgh"), max_size=30).flatmap(st.permutations), st.data())
def test_the_version_never_falls_and_is_the_number_of_accepted_events(
    arriving: list[str], data: st.DataObject
) -> None:
    proposals = {
        name: data.draw(
            st.one_of(
                st.just(first(name)),
                st.builds(correction, st.just(name), st.sampled_from("abcdefgh")),
                st.builds(annulment, st.just(name), st.sampled_from("abcdefgh")),
            )
        )
        for name in set(arriving)
    }
    lineage = NOTHING_YET
    accepted: list[bytes] = []
    for name in arriving:
        before = lineage.version
        decision = decide(lineage, proposals[name])
        if isinstance(decision, Accepted):
            lineage = decision.lineage
            accepted.append(event(name))
            assert lineage.version == before + 1
        assert lineage.version == len(accepted) >= before
    assert lineage.ids == tuple(accepted)
    assert len(set(accepted)) == len(accepted)
    assert lineage.in_force is None or lineage.in_force == accepted[-1]


@UNHURRIED
@given(st.lists(st.sampled_from("abcdef"), max_size=20))
def test_deciding_depends_only_on_what_was_accepted(arriving: list[str]) -> None:
    """Rejected and repeated events leave nothing behind: leaving them out gives the same decisions."""
    accepted: list[Proposal] = []
    lineage = NOTHING_YET
    for number, name in enumerate(arriving):
        proposal = first(name) if number % 3 else correction(name, of=arriving[number - 1])
        decision = decide(lineage, proposal)
        assert decision == decide(after(*accepted), proposal)
        if isinstance(decision, Accepted):
            accepted.append(proposal)
            lineage = decision.lineage
