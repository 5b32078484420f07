"""R24, R15's words and the list of stations: what is asked around the figures of a form."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.stream_processors.checks.examples import FULL, PAIRS, changed, findings, form_context, found_at


@pytest.mark.parametrize(
    ("occurred_at", "minutes"),
    [
        ("2024-02-14T13:00:00+07:00", None),  # the close itself
        ("2024-02-15T12:00:00+07:00", None),  # the end itself
        ("2024-02-14T06:00:00Z", None),
        ("2024-02-14T12:59:59+07:00", 1),
        ("2024-02-14T13:00:00+08:00", 60),  # noon in the zone of the station
        ("2024-02-15T12:00:01+07:00", 1),
        ("2024-02-17T12:00:00+07:00", 2880),
    ],
)
def test_a_form_is_recorded_between_the_close_and_the_end_of_counting(
    occurred_at: str, minutes: int | None
) -> None:
    found = findings(FULL, form_context(occurred_at=occurred_at))
    assert [one.numbers for one in found if one.rule == "R24"] == (
        [] if minutes is None else [{"minutes": minutes}]
    )


def test_without_any_limit_no_time_is_too_early_or_late() -> None:
    around = form_context(occurred_at="1999-01-01T00:00:00+07:00", closes=None, until=None)
    assert findings(FULL, around) == ()


@pytest.mark.parametrize(
    ("occurred_at", "unlimited"),
    [("2024-02-14T12:00:00+07:00", "until"), ("2024-02-16T12:00:00+07:00", "closes")],
)
def test_one_limit_is_checked_without_the_other(occurred_at: str, unlimited: str) -> None:
    around = form_context(PAIRS, occurred_at=occurred_at, **{unlimited: None})
    assert found_at(findings(FULL, around)) == [("R24", "")]


@pytest.mark.parametrize(("hours", "zone"), [(7, "WIB"), (8, "WITA"), (9, "WIT"), (3, "+0300"), (0, "+0000")])
def test_times_are_shown_in_the_zone_of_the_poll(hours: int, zone: str) -> None:
    closes = datetime(2024, 2, 14, 13, tzinfo=timezone(timedelta(hours=hours)))
    early = closes.astimezone(timezone(timedelta(hours=-5))) - timedelta(minutes=30)
    (one,) = findings(FULL, form_context(occurred_at=early.isoformat(), closes=closes))
    for sentence in (one.said.id, one.said.en):
        assert f"2024-02-14 12:30 {zone}" in sentence
        assert f"(2024-02-14 13:00 {zone})" in sentence


@pytest.mark.parametrize("clock", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_clock_at_the_end_of_time_is_found_like_any_other_that_is_off(clock: str) -> None:
    (one,) = findings(FULL, form_context(occurred_at=clock))
    assert one.rule == "R24"
    assert clock[5:10] in one.said.id


@pytest.mark.parametrize(("listed", "found"), [(True, []), (None, []), (False, [("unlisted_station", "")])])
def test_only_a_station_that_is_said_to_be_unlisted_is_found_so(
    listed: bool | None, found: list[tuple[str, str]]
) -> None:
    assert found_at(findings(FULL, form_context(listed=listed))) == found


@pytest.mark.parametrize("words", ["dua ratos", "200", "", "tidak terbaca"])
def test_words_that_are_no_number_are_not_compared(words: str) -> None:
    assert findings(changed(FULL, {"words": {"valid": words}})) == ()


def test_words_of_a_figure_that_is_missing_are_not_compared() -> None:
    assert findings(changed(FULL, {"total": None, "words": {"total": "tiga"}})) == ()
