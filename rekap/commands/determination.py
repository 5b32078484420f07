"""`rekap determination`: what votes decide under the law, of a count or of files."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rekap.cluster import clickhouse_option
from rekap.command import Argument, Option, subcommand
from rekap.output.formats import (
    Format,
    chosen_format,
    row_options,
    write_rows,
)
from rekap.session import Session, pass_session, session_of
from schemas.language import Text
from schemas.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from determination.seats import SeatsResult
    from rekap.output.json_rows import Row

MORE = Text(
    id="Tanpa seats: apa yang diputuskan suatu penghitungan sejauh ini; proyeksi sampai disahkan. "
    "Pemilihan partai memerlukan --districts. determination seats membagi kursi dari dua berkas CSV. "
    "votes_to_last_seat: suara tambahan paling sedikit untuk mendapat kursi terakhir dapil.",
    en="Without seats: what a count decides as it stands; a projection until it is certified. A contest of "
    "parties needs --districts. determination seats divides the seats of two CSV files. "
    "votes_to_last_seat: the fewest further votes with which the party would have the last seat.",
)
EXAMPLES = (
    "rekap --data count determination --contest PPWP --format json",
    "rekap --data count determination --contest DPR --districts dapil.csv --format csv",
    "rekap determination seats --votes votes.csv --districts dapil.csv --threshold 0.04 --format json",
)
CONTEST_HELP = Text(
    id="Pemilihan yang mana dari penghitungan; tanpa ini yang pertama.",
    en="Which contest of the count; without it the first.",
)
VOTES_HELP = Text(
    id="seats: CSV dengan kolom dapil_code,party_number,total_votes.",
    en="seats: CSV with the columns dapil_code,party_number,total_votes.",
)
DISTRICTS_HELP = Text(
    id="Kursi setiap dapil: CSV dengan kolom dapil_code,seats.",
    en="The seats of each dapil: CSV with the columns dapil_code,seats.",
)
THRESHOLD_HELP = Text(
    id="Bagian suara sah nasional yang harus dicapai partai; semula 0.04, dan 0 untuk DPRD dari "
    "penghitungan.",
    en="The part of the valid votes of the nation that a party has to reach; default 0.04, and 0 for the "
    "DPRD of a count.",
)
TIES_HELP = Text(
    id="Siapa mendapat kursi terakhir bila hasil bagi sama: votes (semula), number, atau open.",
    en="Who has the last seat when quotients are equal: votes (default), number or open.",
)
DPR_PART: Final = "0.04"
"""What `seats` takes where no threshold is named (art. 414 (1))."""
TIES: Final = ("votes", "number", "open")
"""The values of determination.seats.EqualQuotients."""
PART: Final = re.compile(r"(0?\.[0-9]{1,9}|0|1(\.0{1,9})?)")
"""A part of one as it is written; finer than a vote of a nation is not needed."""


def fraction_option(context: click.Context, parameter: click.Parameter, value: str | None) -> Fraction | None:
    """A part of one, exactly as it is written."""
    if value is None:
        return None
    if not PART.fullmatch(value):
        said = Text(
            id=f"{quoted(repr(value))} bukan bagian dari satu; tulis 4% sebagai 0.04, dan 0 bila tanpa "
            "ambang batas",
            en=f"{quoted(repr(value))} is no part of one; write 4% as 0.04, and 0 for no threshold",
        )
        raise click.BadParameter(session_of(context).text(said), param=parameter)
    return Fraction(value)


@subcommand("determination", MORE, EXAMPLES)
@click.argument("action", cls=Argument, type=click.Choice(["seats"]), required=False)
@click.option("--contest", "-c", cls=Option, said=CONTEST_HELP, metavar="CONTEST")
@click.option("--votes", cls=Option, said=VOTES_HELP, metavar="FILE", type=click.Path(path_type=Path))
@click.option("--districts", cls=Option, said=DISTRICTS_HELP, metavar="FILE", type=click.Path(path_type=Path))
@click.option("--threshold", cls=Option, said=THRESHOLD_HELP, metavar="PART", callback=fraction_option)
@click.option("--ties", cls=Option, said=TIES_HELP, type=click.Choice(TIES))
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    /,
    action: str | None,
    contest: str | None,
    votes: Path | None,
    districts: Path | None,
    threshold: Fraction | None,
    ties: str | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> int:
    form = chosen_format(session, written, output)
    if action is None:
        if votes is not None:
            raise _usage(
                session,
                id="--votes hanya untuk rekap determination seats.",
                en="--votes is for rekap determination seats only.",
            )
        from determination.seats import EqualQuotients
        from rekap.outcomes import SeatsAsked, of_count
        from schemas.elections import ContestKind

        chosen = session.contest(contest)
        if chosen.kind is not ContestKind.PARTIES and (districts, threshold, ties) != (None, None, None):
            raise _usage(
                session,
                id=f"{chosen.id} tidak membagi kursi partai: tanpa --districts, --threshold, dan --ties.",
                en=f"{chosen.id} divides no seats of parties: leave out --districts, --threshold and --ties.",
            )
        asked = SeatsAsked(districts, threshold, EqualQuotients(ties or TIES[0]))
        return of_count(session, chosen, asked, clickhouse, form, output)
    if contest is not None:
        raise _usage(
            session,
            id="--contest hanya untuk penghitungan: rekap --data DIR determination --contest PEMILIHAN.",
            en="--contest is for a count only: rekap --data DIR determination --contest CONTEST.",
        )
    if votes is None or districts is None:
        raise _usage(
            session,
            id="rekap determination seats memerlukan --votes BERKAS dan --districts BERKAS.",
            en="rekap determination seats needs --votes FILE and --districts FILE.",
        )
    return _of_files(session, votes, districts, threshold, ties, form, output)


def _usage(session: Session, *, id: str, en: str) -> click.UsageError:
    return click.UsageError(session.text(Text(id=id, en=en)))


def _of_files(
    session: Session,
    votes: Path,
    districts: Path,
    threshold: Fraction | None,
    ties: str | None,
    form: Format,
    output: Path | None,
) -> int:
    from determination.seats import EqualQuotients, determine_seats
    from rekap.seat_report import say_what_is_equal, show_seats
    from rekap.vote_files import read_sizes, read_votes, require_the_same_districts

    of_districts, sizes = read_votes(votes), read_sizes(districts)
    require_the_same_districts(of_districts, sizes, votes, districts)
    part = Fraction(DPR_PART) if threshold is None else threshold
    result = determine_seats(of_districts, sizes, part, EqualQuotients(ties or TIES[0]))
    if form is Format.TABLE:
        show_seats(session, result)
    else:
        from rekap.output.parquet_rows import seats_schema

        write_rows(_rows(result), form, output, seats_schema)
    return say_what_is_equal(session, result)


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
