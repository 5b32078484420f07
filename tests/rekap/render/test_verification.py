"""What people read of a verification: the answer first, then what it leaves open, and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.comparison import Difference, NotCompared
from audit.verify import Verification
from rekap.render.verification import sentences, tell
from rekap.session import Session
from schemas.language import Language

WHOLE = Verification(
    equal=True,
    as_far_as_shown=False,
    values=12_345,
    events=678,
    state_digest="0" * 64,
    difference_count=0,
    differences=[],
    resting=True,
    not_verified=0,
    not_compared=[],
    earlier_sums=0,
    inconsistent_regions=0,
)


def test_what_is_equal_needs_one_sentence() -> None:
    assert sentences(Session("en"), WHOLE) == ["Equal: 12,345 values from 678 events agree with the log."]
    assert sentences(Session("id"), WHOLE) == ["Sama: 12.345 nilai dari 678 peristiwa cocok dengan log."]


def test_differences_are_counted() -> None:
    found = Difference("station", {"contest": "PPWP", "unit": "1"}, "valid", 1, 2)
    said = sentences(Session("en"), replace(WHOLE, equal=False, difference_count=1, differences=[found]))
    assert said == ["Different: 1 of 12,345 values (678 events) do not agree with the log."]


def test_sums_that_are_wrong_stand_before_figures_that_are_right() -> None:
    first, second = sentences(Session("en"), replace(WHOLE, equal=False, inconsistent_regions=2))
    assert first.startswith("Inconsistent: 2 totals of regions")
    assert second.startswith("Equal: ")


def test_while_the_count_goes_on_sums_may_be_behind_for_a_moment() -> None:
    first, second = sentences(Session("en"), replace(WHOLE, resting=False, inconsistent_regions=2))
    assert first.startswith("Equal: ")
    assert second.startswith("The count goes on: 2 totals")


def test_what_was_not_compared_is_named_with_the_reason_and_when_it_will_be() -> None:
    aside = [
        NotCompared("tally_history", "behind", "province", 4, 900),
        NotCompared("tally_history", "mixed", "nation", 1, 1_200),
        NotCompared("rejected", "unreadable", detail="Not enough privileges"),
    ]
    undecided = replace(WHOLE, equal=None, resting=False, not_verified=1_500, not_compared=aside)
    lines = sentences(Session("en"), undecided)
    assert lines[0].startswith("Not verified to the end. What could be compared agrees: 12,345 values")
    assert lines[1].startswith("Not compared: 900 figures (4 x province), because their sums are still on")
    assert lines[2].startswith("Not compared: 1,200 figures (1 x nation), because the count goes on")
    assert lines[3].endswith("verify again then.")
    assert lines[4] == "Not compared: rejected. The database does not give it: Not enough privileges"
    assert lines[5].startswith("1,500 events of the log were not in what is shown yet")
    so_far = replace(undecided, equal=True, as_far_as_shown=True)
    assert sentences(Session("en"), so_far)[0].startswith("Equal as far as shown: 12,345 values")
    in_indonesian = sentences(Session("id"), undecided)
    assert in_indonesian[0].startswith("Belum selesai diperiksa.")
    assert in_indonesian[1].startswith("Tidak dibandingkan: 900 angka (4 x provinsi)")


def test_earlier_sums_are_said_to_be_not_compared() -> None:
    some = replace(WHOLE, earlier_sums=1_500)
    assert sentences(Session("en"), some)[1].startswith("Not compared: 1,500 earlier totals of provinces and")
    assert sentences(Session("id"), some)[1].startswith("Tidak dibandingkan: 1.500 jumlah provinsi dan")
    assert some.as_dict()["earlier_sums"] == 1_500


@pytest.mark.parametrize(
    ("language", "workers"), [("en", "make sure that rekap worker"), ("id", "pastikan rekap worker")]
)
def test_on_kafka_no_advice_is_to_serve_a_directory(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, language: Language, workers: str
) -> None:
    behind = replace(WHOLE, equal=None, resting=False, not_verified=3)
    tell(Session(language, tmp_path), behind, elsewhere=True)
    advice = " ".join(capsys.readouterr().err.split())
    assert (workers in advice, "serve" in advice) == (True, False)
    tell(Session(language, tmp_path), behind)
    assert f"rekap --data {tmp_path} serve" in " ".join(capsys.readouterr().err.split())
