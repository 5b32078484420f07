"""The rules: code, severity and title of each, and how a finding of one is made.

The codes are part of the public contract. What each rule compares stands in the module of its block
(people, papers, tallied, written); docs/rules.md has them all in one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from schemas.findings import Finding, Severity
from schemas.language import Language, Text


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its public code, whether a failure leaves the form out of the clean totals, its title."""

    code: str
    severity: Severity
    title: Text


def _hard(code: str, id: str, en: str) -> Rule:
    return Rule(code, Severity.HARD, Text(id, en))


def _soft(code: str, id: str, en: str) -> Rule:
    return Rule(code, Severity.SOFT, Text(id, en))


RECOUNT_TRIGGER: Final = "recount_trigger"
"""Tag of R08: UU 7/2017 art. 374(2)(h) names this difference as a ground for a recount at the station."""

UNLISTED_STATION: Final = "unlisted_station"

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            _soft("R01", "Laki-laki + perempuan = jumlah", "Men + women = total"),
            _hard("R02", "Pengguna hak pilih = DPT + DPTb + DPK", "Voters who voted = DPT + DPTb + DPK"),
            _hard(
                "R03",
                "Surat suara diterima = digunakan + dikembalikan + tidak digunakan",
                "Ballots received = used + returned + unused",
            ),
            _hard("R04", "Surat suara digunakan = pengguna hak pilih", "Ballots used = voters who voted"),
            _hard(
                "R05",
                "Suara sah dan tidak sah = suara sah + suara tidak sah",
                "All votes = valid + invalid votes",
            ),
            _hard("R06", "Suara sah = jumlah perolehan suara", "Valid votes = sum of the votes by option"),
            _hard("R07", "Suara sah dan tidak sah = surat suara digunakan", "All votes = ballots used"),
            _hard("R08", "Suara sah dan tidak sah = pengguna hak pilih", "All votes = voters who voted"),
            _hard(
                "R09",
                "Pengguna hak pilih dalam DPT tidak melebihi DPT",
                "Listed voters who voted do not exceed the listed voters",
            ),
            _hard(
                "R10",
                "Pengguna hak pilih tidak melebihi surat suara diterima",
                "Voters who voted do not exceed the ballots received",
            ),
            _soft(
                "R11",
                "Surat suara diterima = DPT + surat suara cadangan",
                "Ballots received = listed voters + reserve",
            ),
            _soft(
                "R12",
                "DPT sesuai daftar pemilih dan batas pemilih per TPS",
                "Listed voters agree with the register and the limit for a station",
            ),
            _soft(
                "R13",
                "Pemilih disabilitas tidak melebihi pengguna hak pilih",
                "Voters with a disability do not exceed the voters who voted",
            ),
            _hard(
                "R14",
                "Setiap angka dalam batas isian; setiap perolehan suara tidak melebihi suara sah",
                "Every figure fits its boxes; no option exceeds the valid votes",
            ),
            _soft("R15", "Angka = huruf", "Figures = words"),
            _hard(
                "R17",
                "Jumlah suara partai = suara partai + suara calonnya",
                "Party total = votes for the party + for its candidates",
            ),
            _hard("R19", "Perolehan suara terisi", "Votes by option are filled in"),
            _soft(
                "R24",
                "Dicatat setelah pemungutan suara ditutup dan dalam waktu penghitungan",
                "Recorded after the poll closed and within the counting time",
            ),
            _soft(
                "R25",
                "Petunjuk salah baca satu angka pada R06",
                "Hint at one misread digit behind R06",
            ),
            _soft(
                "R26",
                "Satu pilihan memperoleh hampir seluruh suara sah",
                "One option has nearly all valid votes",
            ),
            _soft(
                "R27",
                "Tidak seluruh suara nol di TPS yang memiliki pemilih",
                "Not all votes are zero at a station with registered voters",
            ),
            _soft(
                UNLISTED_STATION, "TPS tercantum dalam daftar TPS", "The station is on the list of stations"
            ),
        )
    }
)
"""Every rule that one form can be checked by, in the order of the codes. The titles say what holds when the
rule is met."""

ACROSS: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            _soft(
                "R28",
                "Hasil yang memuat suara tidak diganti dengan nol",
                "A count with votes is not replaced by zeros",
            ),
            _soft(
                "R29",
                "Angka satu TPS tidak sama semuanya dengan angka TPS lain di desa/kelurahannya",
                "A station's figures are not all those of another station of its village",
            ),
            _soft(
                "R30",
                "TPS yang melaporkan tidak lebih banyak daripada TPS di desa/kelurahan",
                "No more stations report than the village has",
            ),
        )
    }
)
"""Every rule that asks more than one form: the version before (R28), the other stations of the village."""

ALL_RULES: Final[Mapping[str, Rule]] = MappingProxyType({**RULES, **ACROSS})
"""Every rule that there are findings of."""


def finding(
    rule: str,
    place: str,
    numbers: Mapping[str, int],
    *,
    id: str,
    en: str,
    terms: Mapping[str, Text] | None = None,
    tag: str = "",
) -> Finding:
    """The finding of `rule` at `place`, whose sentences are the templates `id` and `en` filled in.

    `numbers` fill the braces of both templates, written as the language writes numbers; `terms` fill braces
    with words that differ between the languages.
    """
    english = {name: written(number, "en") for name, number in numbers.items()}
    indonesian = {name: written(number, "id") for name, number in numbers.items()}
    for name, term in (terms or {}).items():
        english[name], indonesian[name] = term.en, term.id
    return Finding(
        rule=rule,
        severity=ALL_RULES[rule].severity,
        place=place,
        numbers=numbers,
        said=Text(id.format_map(indonesian), en.format_map(english)),
        tag=tag,
    )


def written(number: int, language: Language) -> str:
    """`number` with its thousands marked: 105.200 in Indonesian, 105,200 in English."""
    return f"{number:,}".replace(",", ".") if language == "id" else f"{number:,}"
