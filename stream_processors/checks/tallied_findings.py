"""The findings of blocks IV and V in words: R05-R08, R14 against V.A, R17, R19, R26, R27.

Apart from the comparisons in `tallied`, so that those can be read in one piece; only called on a failure.
"""

from __future__ import annotations

from typing import Final

from schemas.elections import ContestKind
from schemas.findings import Finding
from schemas.language import Text
from stream_processors.checks.catalogue import RECOUNT_TRIGGER, finding
from stream_processors.checks.names import NAMES, OPTIONS, begin, option_name
from stream_processors.checks.spans import Amount, Span, overflows

_VOTES_OF_ALL: Final = {
    kind: Text(f"perolehan suara {name.id}", f"votes of the {name.en}") for kind, name in OPTIONS.items()
}
_VOTES_OF_SOME: Final = {
    kind: Text(f"perolehan suara sebagian {name.id}", f"votes of some {name.en}")
    for kind, name in OPTIONS.items()
}


def r05(valid: int, invalid: int, total: int) -> Finding:
    return finding(
        "R05",
        "V.C",
        {"valid": valid, "invalid": invalid, "sum": valid + invalid, "total": total},
        id="Suara sah {valid} + suara tidak sah {invalid} = {sum}, sedangkan jumlah tertulis {total}.",
        en="{valid} valid + {invalid} invalid votes = {sum}, while the total says {total}.",
    )


def r06(kind: ContestKind, cast: int, valid: int) -> Finding:
    return finding(
        "R06",
        "V.A",
        {"sum": cast, "valid": valid, "difference": abs(cast - valid)},
        id="Perolehan suara seluruh {options} berjumlah {sum}, sedangkan suara sah {valid} "
        "(selisih {difference}).",
        en="The votes of all {options} add up to {sum}, while the valid votes are {valid} "
        "(a difference of {difference}).",
        terms={"options": OPTIONS[kind]},
    )


def r06_part(kind: ContestKind, cast: int, valid: int) -> Finding:
    return finding(
        "R06",
        "V.A",
        {"sum": cast, "valid": valid},
        id="Perolehan suara {options} yang terisi saja sudah berjumlah {sum}, melebihi suara sah {valid}.",
        en="The votes of the {options} that are filled in alone add up to {sum}, "
        "more than the {valid} valid votes.",
        terms={"options": OPTIONS[kind]},
    )


def valid_by_options(kind: ContestKind, cast: int, certain: bool) -> Span:
    """What V.A, which is missing, can be by the options' votes; `certain`: all of them are given."""
    lower = (_cast(kind, cast),)
    if certain:
        return Span(cast, cast, lower, lower, (NAMES["V.A"],))
    return Span(cast, None, lower, (), (_VOTES_OF_SOME[kind], NAMES["V.A"]))


def r06_overflows(kind: ContestKind, cast: int, limit: int) -> Finding:
    return overflows("R06", "V.A", (_cast(kind, cast),), limit, NAMES["V.A"])


def _cast(kind: ContestKind, cast: int) -> Amount:
    return Amount("cast", _VOTES_OF_ALL[kind], cast)


def r07(counted: int, used: int) -> Finding:
    return finding(
        "R07",
        "V.C",
        {"counted": counted, "used": used},
        id="Suara sah dan tidak sah {counted}, sedangkan surat suara yang digunakan {used}.",
        en="Valid and invalid votes {counted}, while {used} ballots were used.",
    )


def r08(counted: int, voted: int) -> Finding:
    return finding(
        "R08",
        "V.C",
        {"counted": counted, "voted": voted},
        id="Suara sah dan tidak sah {counted}, sedangkan jumlah pengguna hak pilih {voted} "
        "(lihat Pasal 374 ayat (2) huruf h UU Nomor 7 Tahun 2017 tentang penghitungan suara ulang).",
        en="Valid and invalid votes {counted}, while {voted} voters voted "
        "(see Law 7 of 2017, article 374(2)(h), on recounts).",
        tag=RECOUNT_TRIGGER,
    )


def r14_above_valid(kind: ContestKind, option: str, figure: int, valid: int) -> Finding:
    return finding(
        "R14",
        f"IV.{option}",
        {"figure": figure, "valid": valid},
        id="{name} memperoleh {figure} suara, melebihi suara sah {valid}.",
        en="{name} has {figure} votes, more than the {valid} valid votes.",
        terms={"name": begin(option_name(kind, option))},
    )


def r17(party: str, summed: int, total: int, *, whole: bool) -> Finding:
    """`whole`: all parts are given; else `summed` is only what is there, and already above `total`."""
    if whole:
        id = "{name}: suara partai dan suara calonnya berjumlah {sum}, sedangkan jumlah tertulis {total}."
        en = (
            "{name}: its own votes and those of its candidates add up to {sum}, while the total says {total}."
        )
    else:
        id = "{name}: suara partai dan calon yang terisi saja sudah {sum}, melebihi jumlah tertulis {total}."
        en = (
            "{name}: its votes and candidates that are filled in alone add up to {sum}, "
            "more than the total, {total}."
        )
    return finding(
        "R17",
        f"IV.{party}",
        {"sum": summed, "total": total},
        id=id,
        en=en,
        terms={"name": begin(option_name(ContestKind.PARTIES, party))},
    )


def r17_overflows(party: str, summed: int, limit: int) -> Finding:
    name = option_name(ContestKind.PARTIES, party)
    parts = Text("suara partai dan calon yang terisi", "its votes and candidates that are filled in")
    whole = Text("jumlah suara partai", "the party's total")
    return overflows(
        "R17", f"IV.{party}", (Amount("parts", parts, summed),), limit, whole, subject=begin(name)
    )


def r19() -> Finding:
    return finding(
        "R19",
        "IV",
        {},
        id="Perolehan suara belum terisi sama sekali; formulir dicatat sebagai kosong, bukan nol.",
        en="No votes are filled in at all; the form is recorded as blank, not as zero.",
    )


def r27(listed: int) -> Finding:
    return finding(
        "R27",
        "IV",
        {"listed": listed},
        id="Seluruh perolehan suara nol, sedangkan pemilih dalam DPT pada formulir {listed}.",
        en="All votes are zero, while the form has {listed} listed voters (DPT).",
    )


def r27_register(registered: int) -> Finding:
    return finding(
        "R27",
        "IV",
        {"registered": registered},
        id="Seluruh perolehan suara nol, sedangkan pemilih pada daftar pemilih {registered}.",
        en="All votes are zero, while the register has {registered} voters.",
    )


def r26(kind: ContestKind, option: str, figure: int, valid: int) -> Finding:
    tenths = figure * 1000 // valid  # of a percent, rounded down: never shown as more than it is
    percent = f"{tenths // 10}.{tenths % 10}"
    return finding(
        "R26",
        f"IV.{option}",
        {"figure": figure, "valid": valid},
        id="{name} memperoleh {figure} dari {valid} suara sah ({share}).",
        en="{name} has {figure} of {valid} valid votes ({share}).",
        terms={
            "name": begin(option_name(kind, option)),
            "share": Text(f"{percent.replace('.', ',')}%", f"{percent}%"),
        },
    )
