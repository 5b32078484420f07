"""Every reason code of events and rejections has words in both languages."""

from __future__ import annotations

from rekap.render.import_report import by_reason
from rekap.text.reasons import WORDS, reason_in_words
from schemas.events import AnnulmentReason, CorrectionReason
from schemas.rejections import Reason


def test_every_code_has_words() -> None:
    codes = {one.value for kind in (CorrectionReason, AnnulmentReason, Reason) for one in kind}
    assert codes == WORDS.keys()
    assert [code for code, said in WORDS.items() if said.id == said.en] == []


def test_a_code_of_a_newer_version_is_shown_as_it_is() -> None:
    assert reason_in_words("something_new", "id") == "something_new"


def test_what_an_import_rejected_is_told_in_words_and_by_the_code_that_options_take() -> None:
    numbers = {"already_counted": 1200, "malformed": 1}
    assert by_reason(numbers, "en") == "a count is in force already (already_counted) 1,200, " + (
        "can't be read (malformed) 1"
    )
    assert by_reason(numbers, "id").startswith("sudah ada hasil yang berlaku (already_counted) 1.200")
