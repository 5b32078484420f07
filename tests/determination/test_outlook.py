"""What outstanding voters could still change for president: False is certain, whatever they do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from determination.outlook import could_change
from determination.presidency import elected_pair

PAIRS = st.integers(1, 4).map(lambda number: [str(one) for one in range(1, number + 1)])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[str], dict[str, dict[str, int]], dict[str, int]]:
    """Pairs, votes of some provinces, and voters who are outstanding there."""
    pairs = draw(PAIRS)
    provinces = [str(number) for number in range(draw(st.integers(1, 4)))]
    votes = {one: {pair: draw(st.integers(0, 40)) for pair in pairs} for one in provinces}
    return pairs, votes, {one: draw(st.integers(0, 6)) for one in provinces}


@given(worlds(), st.data())
def test_what_can_not_change_stays_whatever_the_outstanding_voters_do(
    world: tuple[list[str], dict[str, dict[str, int]], dict[str, int]], data: st.DataObject
) -> None:
    pairs, provinces, outstanding = world
    nation = {pair: sum(votes[pair] for votes in provinces.values()) for pair in pairs}
    result = elected_pair(nation, provinces)
    answer = could_change(result, nation, provinces, sum(outstanding.values()), outstanding)
    if answer is not False:
        return
    after = {one: dict(votes) for one, votes in provinces.items()}
    for province, left in outstanding.items():
        for pair in pairs:
            figure = data.draw(st.integers(0, left))
            after[province][pair] += figure
            left -= figure
    later = elected_pair({pair: sum(v[pair] for v in after.values()) for pair in pairs}, after)
    assert (later.winner, set(later.second_round)) == (result.winner, set(result.second_round))


def test_as_many_voters_as_the_margin_could_change_a_plurality() -> None:
    nation = {"1": 60, "2": 50}
    result = elected_pair(nation, {})
    assert could_change(result, nation, {}, 9, {}) is False
    assert could_change(result, nation, {}, 10, {}) is True
    assert could_change(result, nation, {}, None, {}) is None
    assert could_change(elected_pair({"1": 0, "2": 0}, {}), {"1": 0, "2": 0}, {}, 5, {}) is None


def test_a_majority_is_safe_only_with_its_provinces() -> None:
    nation = {"1": 80, "2": 10, "3": 10}
    provinces = {"A": {"1": 20, "2": 40, "3": 40}, "B": {"1": 60, "2": 0, "3": 0}}
    result = elected_pair(nation, provinces)
    assert result.winner == "1"
    assert could_change(result, nation, provinces, 1, {"A": 0, "B": 1}) is False
    assert could_change(result, nation, provinces, 1, {"A": 1, "B": 0}) is True
    assert could_change(result, nation, provinces, 60, {"A": 0, "B": 60}) is True


def test_a_second_round_can_become_another_or_none() -> None:
    nation = {"1": 50, "2": 30, "3": 20}
    provinces = {"A": dict(nation)}
    result = elected_pair(nation, provinces)
    assert could_change(result, nation, provinces, 1, {"A": 1}) is True  # 51 of 101
    third = {"1": 45, "2": 30, "3": 25}
    assert could_change(elected_pair(third, {}), third, {"A": third}, 4, {"A": 4}) is False
    assert could_change(elected_pair(third, {}), third, {"A": third}, 5, {"A": 5}) is True
