"""`rekap determination`: what votes decide under the law, of a count or of files."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rekap.command import Option, subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, chosen_format, row_options, write_rows
from rekap.session import Session, pass_session, session_of
from schemas.language import Said
from schemas.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from determination.seats import SeatsResult
    from rekap.output.json_rows import Row

MORE = Said(
    id="determination seats membagi kursi dari dua berkas CSV: suara menurut dapil dan partai, dan kursi "
    "menurut dapil. votes_to_last_seat: suara tambahan paling sedikit untuk mendapat kursi terakhir dapil.",
    en="determination seats divides the seats of two CSV files: votes by dapil and party, and seats by "
    "dapil. votes_to_last_seat: the fewest further votes with which the party would have the last seat.",
)
EXAMPLES = (
    "rekap determination seats --votes votes.csv --districts dapil.csv",
    "rekap determination seats --votes votes.csv --districts dapil.csv --threshold 0 --format json",
)
VOTES_HELP = Said(
    id="seats: CSV dengan kolom dapil_code,party_number,total_votes.",
    en="seats: CSV with the columns dapil_code,party_number,total_votes.",
)
DISTRICTS_HELP = Said(
    id="seats: CSV dengan kolom dapil_code,seats.", en="seats: CSV with the columns dapil_code,seats."
)
THRESHOLD_HELP = Said(
    id="Bagian suara sah nasional yang harus dicapai: DPR 0.04, DPRD 0.",
    en="The part of the valid votes of the nation to reach: DPR 0.04, DPRD 0.",
)
TIES_HELP = Said(
    id="Siapa mendapat kursi terakhir bila hasil bagi sama: votes (semula), number, atau open.",
    en="Who has the last seat when quotients are equal: votes (default), number or open.",
)
DEFAULT_THRESHOLD: Final = "0.04"
"""DPR (art. 414 (1))."""
TIES: Final = ("votes", "number", "open")
"""The values of determination.seats.EqualQuotients."""


PART: Final = re.compile(r"(0?\.[0-9]{1,9}|0|1(\.0{1,9})?)")
"""A part of one as it is written; finer than a vote of a nation is not needed."""


def fraction_option(context: click.Context, parameter: click.Parameter, value: str | None) -> Fraction | None:
    """A part of one, exactly as it is written."""
    if value is None:
        return None
    if not PART.fullmatch(value):
        said = Said(
            id=f"{quoted(repr(value))} bukan bagian dari satu; tulis 4% sebagai 0.04, dan 0 bila tanpa "
            "ambang batas",
            en=f"{quoted(repr(value))} is no part of one; write 4% as 0.04, and 0 for no threshold",
        )
        raise click.BadParameter(session_of(context).text(said), param=parameter)
    return Fraction(value)


@subcommand("determination", MORE, EXAMPLES)
@click.argument("action", type=click.Choice(["seats"]))
@click.option("--votes", cls=Option, said=VOTES_HELP, metavar="FILE", type=click.Path(path_type=Path))
@click.option("--districts", cls=Option, said=DISTRICTS_HELP, metavar="FILE", type=click.Path(path_type=Path))
@click.option("--threshold", cls=Option, said=THRESHOLD_HELP, metavar="PART", callback=fraction_option)
@click.option("--ties", cls=Option, said=TIES_HELP, type=click.Choice(TIES))
@row_options
@pass_session
def command(session: Session, /, action: str, **chosen: Any) -> int:
    assert action == "seats"
    return _seats(session, **chosen)


def _seats(
    session: Session,
    votes: Path | None,
    districts: Path | None,
    threshold: Fraction | None,
    ties: str | None,
    output: Path | None,
    written: str | None,
) -> int:
    form = chosen_format(session, written, output)
    if votes is None or districts is None:
        raise click.UsageError(
            session.text(
                Said(
                    id="rekap determination seats memerlukan --votes BERKAS dan --districts BERKAS.",
                    en="rekap determination seats needs --votes FILE and --districts FILE.",
                )
            )
        )
    from determination.seats import EqualQuotients, determine_seats
    from rekap.vote_files import read_sizes, read_votes, require_the_same_districts

    of_districts, sizes = read_votes(votes), read_sizes(districts)
    require_the_same_districts(of_districts, sizes, votes, districts)
    part = Fraction(DEFAULT_THRESHOLD) if threshold is None else threshold
    result = determine_seats(of_districts, sizes, part, EqualQuotients(ties or TIES[0]))
    if form is Format.TABLE:
        _show(session, result)
    else:
        from rekap.output.parquet_rows import seats_schema

        write_rows(_rows(result), form, output, seats_schema)
    return _say_what_is_equal(session, result)


def _rows(result: SeatsResult) -> Iterator[Row]:
    from determination.margins import votes_to_last_seat
    from determination.order import by_number

    for district in sorted(result.districts, key=by_number):
        seats = result.districts[district]
        for party in sorted(seats.votes, key=by_number):
            yield {
                "dapil": district,
                "party": party,
                "seats": seats.of(party),
                "votes": seats.votes[party],
                "votes_to_last_seat": votes_to_last_seat(result, district, party),
            }


def _show(session: Session, result: SeatsResult) -> None:
    from rekap.render.seat_tables import district_lines, party_lines
    from rekap.render.tables import show, width

    language = session.language
    show([*party_lines(result, language, width()), [("", "")], *district_lines(result, language, width())])


def _say_what_is_equal(session: Session, result: SeatsResult) -> int:
    """Name what equal quotients decided; the answer is no where that leaves a seat open."""
    from determination.order import by_number
    from rekap.render.seat_tables import equal_quotients

    for district in sorted(result.districts, key=by_number):
        if (said := equal_quotients(district, result)) is not None:
            session.say(said)
    return ANSWER_IS_NO if any(seats.open for seats in result.districts.values()) else DONE
