"""R15: a figure agrees with the same figure in words, where the form gives both.

Words that spell no number are not checked: unread or misspelt words are no other number, and the words
themselves stay in the event for whoever looks. Nor are words whose figure is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.ballots import Ballot
from schemas.findings import Finding
from schemas.forms import CHasil
from schemas.language import Text
from stream_processors.checks import terbilang
from stream_processors.checks.catalogue import finding
from stream_processors.checks.names import NAMES, begin, option_votes

PLACES = {"valid": "V.A", "invalid": "V.B", "total": "V.C"}


def check_written(form: CHasil, words: Mapping[str, str], ballot: Ballot, found: list[Finding]) -> None:
    """Appends R15 for every figure that its words contradict."""
    votes = form.votes or {}
    sums = {"valid": form.valid, "invalid": form.invalid, "total": form.total}
    for field, text in words.items():
        figure = sums[field] if field in sums else votes.get(field)
        in_words = terbilang.read(text)
        # R15
        if figure is not None and in_words is not None and figure != in_words:
            if field in PLACES:
                found.append(_r15(PLACES[field], NAMES[PLACES[field]], figure, in_words))
            else:
                found.append(_r15(f"IV.{field}", option_votes(ballot.kind, field), figure, in_words))


def _r15(place: str, name: Text, figure: int, in_words: int) -> Finding:
    spelt = terbilang.spell(in_words)
    return finding(
        "R15",
        place,
        {"figure": figure, "in_words": in_words},
        id='{name}: dengan angka {figure}, dengan huruf "{spelt}" ({in_words}).',
        en='{name}: {figure} in figures, "{spelt}" ({in_words}) in words.',
        terms={"name": begin(name), "spelt": Text(spelt, spelt)},
    )
