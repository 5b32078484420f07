"""Seats as tables: parties of the nation, and districts with the last seat and who is closest to it."""

from __future__ import annotations

from typing import Final

from determination.margins import closest
from determination.order import by_number
from determination.seats import EqualQuotients, SeatsResult
from rekap.render.tables import Column, Line, Table, drawn
from rekap.text.numbers import MISSING, percent, whole
from schemas.language import Language, Text

PARTY: Final = Text(id="Partai", en="Party")
DISTRICT: Final = Text(id="Dapil", en="Dapil")
VOTES: Final = Text(id="Suara", en="Votes")
SHARE: Final = Text(id="Bagian", en="Share")
SEATS: Final = Text(id="Kursi", en="Seats")
OF_PARTIES: Final = Text(id="Kursi partai", en="Seats of parties")
LAST: Final = Text(id="Kursi terakhir", en="Last seat")
CLOSEST: Final = Text(id="Terdekat", en="Closest")
LACKS: Final = Text(id="Kurang suara", en="Votes lacking")
BELOW: Final = Text(id="di bawah ambang batas", en="below the threshold")
THRESHOLD: Final = Text(id="Ambang batas", en="Threshold")

RULES: Final = {
    EqualQuotients.VOTES: Text(
        id="partai dengan suara lebih banyak di dapil itu", en="the party with more votes in the dapil"
    ),
    EqualQuotients.NUMBER: Text(
        id="partai dengan nomor urut lebih kecil", en="the party with the lower ballot number"
    ),
    EqualQuotients.OPEN: Text(id="tidak ada; kursi dibiarkan terbuka", en="none; the seat is left open"),
}


def party_lines(result: SeatsResult, language: Language, limit: int | None) -> list[Line]:
    """The parties with their votes, share and seats, in the order of the ballot."""
    table = Table(
        [
            Column(PARTY.within(language), style="id"),
            *(Column(said.within(language), right=True) for said in (VOTES, SHARE, SEATS)),
            Column(THRESHOLD.within(language)),
        ]
    )
    for party in sorted(result.national, key=by_number):
        votes = result.national[party]
        table.rows.append(
            [
                party,
                whole(votes, language),
                percent(votes, result.valid, language),
                whole(result.of(party), language),
                "" if party in result.passing else BELOW.within(language),
            ]
        )
    seats = sum(len(one.awarded) for one in result.districts.values())
    table.footer.append(["", whole(result.valid, language), "", whole(seats, language), ""])
    return list(drawn(table, limit))


def district_lines(result: SeatsResult, language: Language, limit: int | None) -> list[Line]:
    """The districts in the order of their codes."""
    table = Table(
        [
            Column(DISTRICT.within(language), style="id"),
            Column(SEATS.within(language), right=True),
            Column(OF_PARTIES.within(language), wraps=True),
            Column(LAST.within(language), right=True),
            Column(CLOSEST.within(language), right=True),
            Column(LACKS.within(language), right=True),
        ]
    )
    for district in sorted(result.districts, key=by_number):
        seats = result.districts[district]
        near = closest(result, district)
        having = [party for party in sorted(seats.votes, key=by_number) if seats.of(party)]
        table.rows.append(
            [
                district,
                whole(seats.size, language),
                ", ".join(f"{party}: {seats.of(party)}" for party in having) or MISSING,
                seats.awarded[-1].party if seats.awarded and not seats.open else MISSING,
                near[0] if near else MISSING,
                whole(near[1] if near else None, language),
            ]
        )
    return list(drawn(table, limit))


def equal_quotients(district: str, result: SeatsResult) -> Text | None:
    """What equal quotients decided in the district, or left open; None: nothing."""
    seats = result.districts[district]
    equal = seats.equal_last
    if equal is None:
        if not seats.open:
            return None
        return Text(
            id=f"Dapil {district}: kursi terbuka: {seats.open}; tidak ada partai yang ikut dengan suara.",
            en=f"Dapil {district}: open seats: {seats.open}; no party that takes part has votes.",
        )
    parties = ", ".join(equal.parties)
    given = ", ".join(equal.given)
    rule = RULES[equal.rule]
    got = Text(
        id=f" Menurut aturan yang dipilih (--ties {equal.rule}: {rule.id}): {given}." if given else "",
        en=f" By the rule that was chosen (--ties {equal.rule}: {rule.en}): {given}." if given else "",
    )
    left = Text(
        id=f" Kursi terbuka: {equal.open}; KPU yang menentukan." if equal.open else "",
        en=f" Open seats: {equal.open}; the commission decides." if equal.open else "",
    )
    return Text(
        id=f"Dapil {district}: partai {parties} mempunyai hasil bagi yang sama ({equal.quotient}); kursi "
        f"yang tersisa: {equal.seats}. Aturannya tidak ditemukan dalam undang-undang.{got.id}{left.id}",
        en=f"Dapil {district}: parties {parties} have equal quotients ({equal.quotient}); seats left: "
        f"{equal.seats}. No rule for that was found in the law.{got.en}{left.en}",
    )
