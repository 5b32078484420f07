"""Sentences in the two languages that the public reads: Indonesian and English.

Only the pair, the choice between them and the errors that carry them live here; each sentence stands with the
thing it explains.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Language = Literal["id", "en"]
LANGUAGES: Final[tuple[Language, Language]] = ("id", "en")


class Text(NamedTuple):
    """One sentence, `id` in Indonesian and `en` in English, both with the same numbers."""

    id: str
    en: str

    def within(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.id if language == "id" else self.en


class ExplainedError(Exception):
    """An error for people: `said` tells what is wrong and what to do, in both languages."""

    def __init__(self, *, id: str, en: str) -> None:
        super().__init__(en)
        self.said = Text(id, en)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors of other processes are sent to this one.
        return _again, (type(self), self.said)


def _again(kind: type[ExplainedError], said: Text) -> ExplainedError:
    return kind(id=said.id, en=said.en)


class ValueExplained(ExplainedError, ValueError):
    """What is wrong with one value. A ValueError, because the validators of models raise those."""
