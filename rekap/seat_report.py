"""Seats for people: the tables, and a sentence for whatever equal quotients decided or left open."""

from __future__ import annotations

from determination.order import by_number
from determination.seats import SeatsResult
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.render.seat_tables import district_lines, equal_quotients, party_lines
from rekap.render.tables import show, width
from rekap.session import Session


def show_seats(session: Session, result: SeatsResult) -> None:
    """The seats of parties and of districts as tables, on stdout."""
    language = session.language
    show([*party_lines(result, language, width()), [("", "")], *district_lines(result, language, width())])


def say_what_is_equal(session: Session, result: SeatsResult) -> int:
    """Name what equal quotients decided; the answer is no where that leaves a seat open."""
    for district in sorted(result.districts, key=by_number):
        if (said := equal_quotients(district, result)) is not None:
            session.say(said)
    return ANSWER_IS_NO if any(seats.open for seats in result.districts.values()) else DONE
