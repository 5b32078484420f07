"""For every form: a consistent one passes, whatever is missing of it, and findings keep their promise."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ballots import Ballot
from schemas.elections import ContestKind
from schemas.findings import Severity, Status
from schemas.forms import MAX_FIGURE, CHasil
from stream_processors.checks import RULES, check, status_of, votes_of
from stream_processors.checks.terbilang import spell
from tests.stream_processors.checks.examples import (
    PAIRS,
    PARTIES,
    PERSONS,
    UNNAMED,
    Document,
    changed,
    findings,
    form_context,
    found_at,
    leaves,
)

BALLOTS = (PAIRS, PERSONS, PARTIES)


@st.composite
def people(draw: st.DrawFn, least: tuple[int, int] = (0, 0), most: tuple[int, int] = (150, 150)) -> Document:
    men, women = draw(st.integers(least[0], most[0])), draw(st.integers(least[1], most[1]))
    return {"l": men, "p": women, "j": men + women}


@st.composite
def shares(draw: st.DrawFn, whole: int, count: int) -> list[int]:
    """`whole` in `count` parts."""
    cuts = sorted(draw(st.lists(st.integers(0, whole), min_size=count - 1, max_size=count - 1)))
    return [end - start for start, end in zip([0, *cuts], [*cuts, whole], strict=True)]


@st.composite
def consistent(draw: st.DrawFn, ballot: Ballot) -> Document:
    """A form on which every hard rule can be checked and is met."""
    b1, b2, b3 = draw(people()), draw(people(most=(20, 20))), draw(people(most=(20, 20)))
    total = {sex: b1[sex] + b2[sex] + b3[sex] for sex in "lpj"}
    returned, unused = draw(st.integers(0, 20)), draw(st.integers(0, 300))
    valid = draw(st.integers(0, total["j"]))
    parts = [option for option in ballot.options if "." in option] or list(ballot.options)
    votes = dict(zip(parts, draw(shares(valid, len(parts))), strict=True))
    if ballot.kind is ContestKind.PARTIES:
        for party in ("1", "7"):
            votes[party] = sum(n for option, n in votes.items() if option.startswith(f"{party}."))
    return {
        "dpt": draw(people(least=(b1["l"], b1["p"]), most=(200, 200))),
        "voters": {"dpt": b1, "dptb": b2, "dpk": b3, "total": total},
        "ballots": {
            "received": total["j"] + returned + unused,
            "used": total["j"],
            "returned": returned,
            "unused": unused,
        },
        "disability": draw(people(most=(total["l"], total["p"]))),
        "votes": votes,
        "valid": valid,
        "invalid": total["j"] - valid,
        "total": total["j"],
        "words": {option: spell(figure) for option, figure in votes.items()},
    }


def hard(document: Document, ballot: Ballot) -> list[tuple[str, str]]:
    found = findings(document, form_context(ballot))
    return found_at(tuple(one for one in found if one.severity is Severity.HARD))


@pytest.mark.parametrize("ballot", BALLOTS, ids=lambda one: one.kind)
@given(data=st.data())
def test_a_consistent_form_has_no_hard_finding(ballot: Ballot, data: st.DataObject) -> None:
    assert hard(data.draw(consistent(ballot)), ballot) == []


@pytest.mark.parametrize("ballot", BALLOTS, ids=lambda one: one.kind)
@given(data=st.data())
def test_removing_fields_of_a_consistent_form_brings_no_finding_but_that_it_is_blank(
    ballot: Ballot, data: st.DataObject
) -> None:
    document = data.draw(consistent(ballot))
    before = found_at(findings(document, form_context(ballot)))
    paths = [path for path in leaves(document) if not path.startswith("words/")]
    gone = data.draw(st.sets(st.sampled_from(paths)))
    blocks = data.draw(st.sets(st.sampled_from(sorted(document))))
    poorer = changed(changed(document, dict.fromkeys(gone)), dict.fromkeys(blocks))

    after = found_at(findings(poorer, form_context(ballot)))

    blank = CHasil(**poorer).is_blank
    allowed = {("R19", "IV")}
    if ("R12", "I.A") in before:  # more voters than a station has: without I.A, R11 says it
        allowed.add(("R11", "II.1"))
    assert set(after) <= set(before) | allowed
    assert (("R19", "IV") in after) == blank


@pytest.mark.parametrize("ballot", BALLOTS, ids=lambda one: one.kind)
@given(data=st.data())
def test_one_changed_figure_of_a_full_form_never_passes_unseen(ballot: Ballot, data: st.DataObject) -> None:
    document = data.draw(consistent(ballot))
    paths = [path for path in leaves(document) if not path.startswith("words/")]
    path = data.draw(st.sampled_from(paths))
    other = data.draw(st.integers(0, 999).filter(lambda figure: figure != _at(document, path)))
    found = findings(changed(document, {path: other}), form_context(ballot, registered=document["dpt"]["j"]))
    assert found, f"{path} = {other}"


def _at(document: Document, path: str) -> Any:
    for name in path.split("/"):
        document = document[name]
    return document


figure = st.none() | st.sampled_from([0, 1, 5, 17, 100, 195, 200, 205, 617, 999, 1_000, 105_200, MAX_FIGURE])
counted = st.none() | st.fixed_dictionaries({}, optional={"l": figure, "p": figure, "j": figure})


def any_form(ballot: Ballot) -> st.SearchStrategy[Document]:
    places = [*ballot.options, "valid", "invalid", "total"]
    return st.fixed_dictionaries(
        {},
        optional={
            "dpt": counted,
            "voters": st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("dpt", "dptb", "dpk", "total"), counted)
            ),
            "ballots": st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("received", "used", "returned", "unused"), figure)
            ),
            "disability": counted,
            "votes": st.dictionaries(st.sampled_from(ballot.options), figure),
            "valid": figure,
            "invalid": figure,
            "total": figure,
            "words": st.dictionaries(st.sampled_from(places), st.integers(0, MAX_FIGURE).map(spell)),
        },
    )


@pytest.mark.parametrize("ballot", [*BALLOTS, UNNAMED], ids=lambda one: f"{one.kind}-{len(one.options)}")
@given(data=st.data())
def test_any_form_is_checked_and_its_findings_keep_their_promise(ballot: Ballot, data: st.DataObject) -> None:
    form = CHasil(**data.draw(any_form(ballot)))
    around = form_context(
        ballot,
        registered=data.draw(figure),
        listed=data.draw(st.sampled_from([True, False, None])),
        voters_limit=data.draw(st.sampled_from([300, None])),
    )
    found = findings(asdict(form), around)

    assert found == check(form, around)
    assert {one.rule for one in found} <= set(RULES)
    assert all(one.severity is RULES[one.rule].severity for one in found)
    is_flagged = any(one.severity is Severity.HARD for one in found)
    expected = Status.BLANK if form.is_blank else Status.FLAGGED if is_flagged else Status.CLEAN
    assert status_of(form, found) is expected


@pytest.mark.parametrize("ballot", [*BALLOTS, UNNAMED], ids=lambda one: f"{one.kind}-{len(one.options)}")
@given(data=st.data())
def test_votes_are_those_of_the_form_or_the_sum_of_a_party_without_total(
    ballot: Ballot, data: st.DataObject
) -> None:
    votes = data.draw(st.dictionaries(st.sampled_from(ballot.options), figure))
    figures = votes_of(CHasil(votes=votes), ballot)
    assert len(figures) == len(ballot.options)
    for option, one in zip(ballot.options, figures, strict=True):
        given_parts = [n for other, n in votes.items() if other.startswith(f"{option}.") and n is not None]
        if votes.get(option) is not None or not given_parts:
            assert one == votes.get(option)
        else:
            assert one == sum(given_parts)
