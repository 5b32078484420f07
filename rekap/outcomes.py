"""Outcomes of a count, by the kind of its contest: determined, and written as rows, a document or a table.

The formulas are those of `determination`; the figures come from the projections.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from determination.seats import DPR_THRESHOLD, NO_THRESHOLD, EqualQuotients
from rekap.determining import presidency
from rekap.determining_seats import districts_of, dpd_rows, seat_rows, seats_of_count
from rekap.failures import DONE
from rekap.output.formats import DOCUMENTS, Format, write_document, write_rows
from rekap.output.parquet_rows import count_seats_schema, persons_schema
from rekap.reading import reader
from rekap.render.outcome import person_lines, president_lines, projection_of
from rekap.render.tables import show, width
from rekap.seat_report import say_what_is_equal, show_seats
from rekap.session import Session
from rekap.text.options import OptionNames
from rekap.vote_files import read_sizes, require_the_same_districts
from schemas.elections import Contest, ContestKind, Scope
from schemas.language import Text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DPR: Final = "DPR"
"""The contest that has a threshold (art. 414); all others of parties have none."""


@dataclass(frozen=True, slots=True)
class SeatsAsked:
    """How seats of a count are to be divided: `districts` is a file of their seats (None: those of the
    election), `threshold` None: that of the contest."""

    districts: Path | None
    threshold: Fraction | None
    ties: EqualQuotients


def of_count(
    session: Session,
    contest: Contest,
    asked: SeatsAsked,
    clickhouse: str | None,
    form: Format,
    output: Path | None,
) -> int:
    """The outcome of the contest as the count stands, written; how the process is to end."""
    if contest.kind is ContestKind.LOCAL_PAIRS:
        raise _usage(
            session,
            id=f"{contest.id} adalah pemilihan kepala daerah; undang-undangnya belum ada di sini.",
            en=f"{contest.id} elects a head of a region; its law is not implemented here.",
        )
    if contest.kind is ContestKind.PAIRS:
        if form not in DOCUMENTS:
            raise _usage(
                session,
                id=f"{contest.id} dijawab dengan satu dokumen; pilih --format table atau json.",
                en=f"{contest.id} is answered with one document; choose --format table or json.",
            )
        with reader(session, "determination", clickhouse) as client:
            return _president(session, client, contest, form)
    if contest.kind is ContestKind.PERSONS:
        if contest.scope is not Scope.PROVINCE:
            raise _usage(
                session,
                id=f"{contest.id} memilih perseorangan, bukan per provinsi; undang-undangnya belum ada "
                "di sini.",
                en=f"{contest.id} elects persons not by province; its law is not implemented here.",
            )
        with reader(session, "determination", clickhouse) as client:
            return _persons(session, client, contest, form, output)
    with reader(session, "determination", clickhouse) as client:
        return _parties(session, client, contest, asked, form, output)


def _president(session: Session, client: Client, contest: Contest, form: Format) -> int:
    document = presidency(client, session.election, contest)
    if form is Format.JSON:
        write_document(document)
        return DONE

    names = OptionNames(session.election, contest, session.region_name)
    show(president_lines(document, names, session.language, width()))
    return DONE


def _persons(session: Session, client: Client, contest: Contest, form: Format, output: Path | None) -> int:
    rows = dpd_rows(client, session.election, contest, session.directory.registry)
    if form is Format.TABLE:
        names = OptionNames(session.election, contest, session.region_name)
        show(person_lines(list(rows), names, session.language, width()))
        return DONE

    write_rows(rows, form, output, persons_schema)
    return DONE


def _parties(
    session: Session,
    client: Client,
    contest: Contest,
    asked: SeatsAsked,
    form: Format,
    output: Path | None,
) -> int:
    districts = districts_of(client, session.election, session.directory.registry, contest)
    if not districts:
        raise _usage(
            session,
            id=f"Pemilu ini tidak memuat dapil {contest.id}; sebutkan dapilnya dalam --candidates saat rekap "
            "init.",
            en=f"This election names no electoral districts of {contest.id}; give them with --candidates at "
            "rekap init.",
        )
    if asked.districts is not None:
        sizes = read_sizes(asked.districts)
        of_districts = {one.id: one.votes for one in districts.values()}
        require_the_same_districts(of_districts, sizes, session.path, asked.districts)
    else:
        sizes = {one.id: one.seats for one in districts.values() if one.seats is not None}
    if len(sizes) < len(districts):
        raise _usage(
            session,
            id=f"Kursi dapil {contest.id} tidak diketahui: --districts BERKAS dengan dapil_code,seats, atau "
            "baris seats dalam --candidates saat rekap init.",
            en=f"The seats of each dapil of {contest.id} are not known: --districts FILE with "
            "dapil_code,seats, or rows seats in --candidates at rekap init.",
        )
    threshold = DPR_THRESHOLD if contest.id.upper() == DPR else NO_THRESHOLD
    result = seats_of_count(
        districts, sizes, threshold if asked.threshold is None else asked.threshold, asked.ties
    )
    if form is Format.TABLE:
        show_seats(session, result)
        session.say(projection_of(districts))
    else:
        write_rows(seat_rows(districts, result), form, output, count_seats_schema)
    return say_what_is_equal(session, result)


def _usage(session: Session, *, id: str, en: str) -> click.UsageError:
    return click.UsageError(session.text(Text(id=id, en=en)))
