"""Outcomes for people: president as a sheet with each condition, persons elected as a table.

A projection is called one in the first lines, with what is outstanding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from determination.presidency import PLURALITY_PAIRS
from rekap.render.seat_tables import LACKS
from rekap.render.tables import Column, Line, Table, drawn, paragraph
from rekap.text import words
from rekap.text.numbers import MISSING, percent, whole
from rekap.text.options import OptionNames
from schemas.language import Language, Text

if TYPE_CHECKING:
    from rekap.determining_seats import District

Row = dict[str, Any]

PAIR: Final = Text(id="Pasangan", en="Pair")
PROVINCES_20: Final = Text(id="Provinsi dengan 20%", en="Provinces with 20%")
SHARE: Final = Text(id="Bagian", en="Share")
VOTES: Final = Text(id="Suara", en="Votes")
ELECTED: Final = Text(id="Terpilih", en="Elected")
PROVINCE: Final = Text(id="Provinsi", en="Province")
YES: Final = Text(id="ya", en="yes")
EQUAL: Final = Text(id="suara sama", en="equal votes")

RULES: Final = {
    "plurality": Text(
        id="Dua pasangan atau kurang: suara terbanyak (Putusan MK 50/PUU-XII/2014).",
        en="Two pairs or fewer: the most votes (Constitutional Court 50/PUU-XII/2014).",
    ),
    "majority_and_spread": Text(
        id="Lebih dari setengah suara, dan sedikitnya 20% di lebih dari setengah provinsi (Pasal 416 ayat "
        "1).",
        en="More than half of the votes, and at least 20% in more than half of the provinces (art. 416 (1)).",
    ),
    "second_round": Text(
        id="Tidak ada pasangan yang memenuhi kedua syarat: putaran kedua (Pasal 416 ayat 2).",
        en="No pair has both: a second round (art. 416 (2)).",
    ),
}
DECIDED: Final = Text(id="Terpilih menurut angka ini: {pair}.", en="Elected by these figures: {pair}.")
SECOND_ROUND: Final = Text(id="Ke putaran kedua: {pairs}.", en="To the second round: {pairs}.")
UNKNOWN: Final = Text(
    id="Belum diketahui: angka yang menentukan belum ada.",
    en="Not known: figures that decide are not there yet.",
)
CERTIFIED: Final = Text(id="Menurut rekapitulasi yang disahkan.", en="By the certified recapitulation.")
PROJECTION: Final = Text(
    id="Proyeksi, bukan hasil: belum masuk {stations} TPS dengan {voters} pemilih terdaftar.",
    en="A projection, not a result: {stations} stations with {voters} registered voters are outstanding.",
)
CHANGES: Final = {
    True: Text(
        id="Pemilih yang belum masuk masih dapat mengubahnya.", en="Outstanding voters could still change it."
    ),
    False: Text(
        id="Pemilih yang belum masuk tidak dapat lagi mengubahnya.",
        en="Outstanding voters can't change it any more.",
    ),
    None: Text(
        id="Apakah pemilih yang belum masuk masih dapat mengubahnya tidak diketahui.",
        en="Whether outstanding voters could still change it is not known.",
    ),
}
SAME_VOTES: Final = Text(
    id="Suara kedua pasangan sama: pemungutan suara diulang untuk keduanya (Pasal 416 ayat 3).",
    en="Both pairs have the same votes: the two are voted on again (art. 416 (3)).",
)
EQUAL_PAIRS: Final = Text(
    id="Suara sama: {pairs}. Menurut persebaran wilayah: {chosen}.",
    en="Equal votes: {pairs}. By spread over regions: {chosen}.",
)


def president_lines(
    document: Mapping[str, Any], names: OptionNames, language: Language, limit: int | None
) -> list[Line]:
    """The sheet of the outcome for president."""
    table = Table(
        [
            Column(PAIR.within(language), cuts=True),
            Column(VOTES.within(language), right=True),
            Column(SHARE.within(language), right=True),
            Column(PROVINCES_20.within(language), right=True),
        ]
    )
    provinces = document["provinces"]
    for pair, votes in document["votes"].items():
        reached = whole(provinces["with_20_percent"].get(pair), language)
        table.rows.append(
            [
                f"{pair} {names.name(pair)}".strip(),
                whole(votes, language),
                percent(votes, document["valid"], language),
                f"{reached}/{whole(provinces['total'], language)}",
            ]
        )
    lines: list[Line] = [*drawn(table, limit), [("", "")]]

    def add(said: Text, **values: str) -> None:
        lines.extend(paragraph(said.within(language).format(**values)))

    equal = document["equal"]
    if len(document["votes"]) <= PLURALITY_PAIRS and equal is not None:
        add(SAME_VOTES)
    else:
        add(RULES[document["rule"]])
    if document["winner"] is not None:
        add(DECIDED, pair=f"{document['winner']} {names.name(document['winner'])}".strip())
    elif document["decided"] is None:
        add(UNKNOWN)
    else:
        add(SECOND_ROUND, pairs=", ".join(document["second_round"]) or MISSING)
    if equal is not None and len(equal["pairs"]) > equal["places"]:  # otherwise nothing had to be chosen
        add(EQUAL_PAIRS, pairs=", ".join(equal["pairs"]), chosen=", ".join(equal["chosen"]) or MISSING)
    if document["projection"]:
        outstanding = document["outstanding"]
        add(
            PROJECTION,
            stations=whole(outstanding["stations"], language),
            voters=whole(outstanding["registered"], language),
        )
        add(CHANGES[document["could_change"]])
    else:
        add(CERTIFIED)
    return lines


def person_lines(
    rows: Sequence[Row], names: OptionNames, language: Language, limit: int | None
) -> list[Line]:
    """The persons of each province by votes, with who is elected."""
    table = Table(
        [
            Column(PROVINCE.within(language), cuts=True),
            Column(words.NAME.within(language), cuts=True),
            Column(VOTES.within(language), right=True),
            Column(ELECTED.within(language)),
            Column(LACKS.within(language), right=True),
        ]
    )
    for row in rows:
        elected = YES.within(language) if row["elected"] else ""
        if row["elected"] is None:
            elected = EQUAL.within(language) if row["equal"] else MISSING
        name = names.name(f"{row['province']}:{row['person']}")
        table.rows.append(
            [
                f"{row['province']} {row['name']}",
                f"{row['person']} {name}".strip(),
                whole(row["votes"], language),
                elected,
                "" if row["elected"] else whole(row["votes_to_be_elected"], language),
            ]
        )
    return list(drawn(table, limit))


def projection_of(districts: Mapping[str, District]) -> Text:
    """Whether the seats of a count are a projection, with what is outstanding in all districts together."""
    if all(one.certified for one in districts.values()):
        return CERTIFIED
    stations = sum(one.stations for one in districts.values())
    voters = [one.outstanding for one in districts.values()]
    known = None if None in voters else sum(one or 0 for one in voters)

    def filled(language: Language) -> str:
        return PROJECTION.within(language).format(
            stations=whole(stations, language), voters=whole(known, language)
        )

    return Text(id=filled("id"), en=filled("en"))
