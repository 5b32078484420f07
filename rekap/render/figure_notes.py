"""What stands under a table of results: how many forms are behind its percentages and its sums."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rekap.render.tables import Line
from rekap.text import words
from rekap.text.numbers import MISSING, percent, whole
from rekap.text.options import OptionNames, constituency_of
from schemas.language import Language, Text

Row = dict[str, Any]

SHARES_OF: Final = Text(
    id="Persen suara: dari suara pada formulir yang memuat angka semua pilihan: {forms}, {clean} di "
    "antaranya bersih.",
    en="Percentages of votes: of the votes on the forms that give every option: {forms}, {clean} of them "
    "clean.",
)
SOME_FORMS: Final = Text(
    id="Tidak ada pada setiap formulir ({forms}): {figures}.", en="Not on every form ({forms}): {figures}."
)
SOME_CLEAN_FORMS: Final = Text(
    id="Tidak ada pada setiap formulir bersih ({forms}): {figures}.",
    en="Not on every clean form ({forms}): {figures}.",
)

ON: Final = Text(id="pada {forms}", en="on {forms}")
ON_NONE: Final = Text(id="tidak pada satu pun", en="on none")


def share(totals: Row, option: str, language: Language) -> str:
    """The option's share in percent, or that it has none."""
    votes = totals["share_votes"].get(option)
    return percent(votes, totals["share_total"], language) if totals["share_forms"] else MISSING


def notes(
    row: Row, options: Sequence[str], names: OptionNames, language: Language, limit: int | None
) -> list[Line]:
    """The lines for the totals in `row`, of which the votes of `options` are shown, no wider than `limit`."""
    clean = row["clean"]
    numbers = {"forms": whole(row["share_forms"], language), "clean": whole(clean["share_forms"], language)}
    texts = [SHARES_OF.within(language).format(**numbers)] if row["share_forms"] else []
    of_clean = row["stations"]["clean"]
    for said, totals, forms in (
        (SOME_FORMS, row, row["stations"]["received"]),
        (SOME_CLEAN_FORMS, clean, of_clean if of_clean < row["stations"]["received"] else 0),
    ):
        figures = ", ".join(_partly_given(totals, forms, options, names, language))
        if figures:
            texts.append(said.within(language).format(forms=whole(forms, language), figures=figures))
    lines = (textwrap.wrap(text, limit) if limit else [text] for text in texts)
    return [[(line, "dim")] for some in lines for line in some]


def _partly_given(
    totals: Row, forms: int, options: Sequence[str], names: OptionNames, language: Language
) -> Iterator[str]:
    """Each figure that fewer than `forms` forms give, with their number."""
    given = totals["forms"]
    elsewhere = len({constituency_of(key) for key in given["votes"]} - {""}) > 1
    for option in options:
        if elsewhere and constituency_of(option):
            continue  # not on every ballot: how many forms could give it is not known here
        if (count := given["votes"].get(option, 0)) < forms:
            yield f"{names.short(option)} {_on(count, language)}"
    for word, name in ((words.VALID, "valid"), (words.INVALID, "invalid"), (words.VOTERS, "voters")):
        if given[name] < forms:
            yield f"{word.within(language)} {_on(given[name], language)}"


def _on(forms: int, language: Language) -> str:
    return ON.within(language).format(forms=whole(forms, language)) if forms else ON_NONE.within(language)
