"""Every reason code of events and rejections has words in both languages."""

from __future__ import annotations

from rekap.text.reasons import WORDS, reason_in_words
from schemas.events import AnnulmentReason, CorrectionReason
from schemas.rejections import Reason


def test_every_code_has_words() -> None:
    codes = {one.value for kind in (CorrectionReason, AnnulmentReason, Reason) for one in kind}
    assert codes == WORDS.keys()
    assert [code for code, said in WORDS.items() if said.id == said.en] == []


def test_a_code_of_a_newer_version_is_shown_as_it_is() -> None:
    assert reason_in_words("something_new", "id") == "something_new"
