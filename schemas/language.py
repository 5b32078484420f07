"""Sentences in the two languages that the public reads: Indonesian and English.

Only the pair and the choice between them live here; each sentence stands with the thing it explains.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["id", "en"]


class Said(NamedTuple):
    """One sentence, `id` in Indonesian and `en` in English, both with the same numbers."""

    id: str
    en: str

    def within(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.id if language == "id" else self.en
