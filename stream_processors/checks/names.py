"""What the fields of C.Hasil are called in sentences, by their place on the form.

A place is written block by block as on the form: `I.B.dptb`, `II.3`, `V.A`; `.L`, `.P` or `.J` behind it is
one of its three figures. Options are `IV.` and their id; their names belong to the election, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.elections import ContestKind
from schemas.language import Text

NAMES: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "I.A": Text("pemilih dalam DPT", "listed voters (DPT)"),
        "I.B.dpt": Text("pengguna hak pilih dalam DPT", "listed voters (DPT) who voted"),
        "I.B.dptb": Text("pengguna hak pilih dalam DPTb", "moved-in voters (DPTb) who voted"),
        "I.B.dpk": Text("pengguna hak pilih dalam DPK", "special-list voters (DPK) who voted"),
        "I.B.total": Text("jumlah pengguna hak pilih", "all voters who voted"),
        "II.1": Text("surat suara yang diterima", "ballots received"),
        "II.2": Text("surat suara yang digunakan", "ballots used"),
        "II.3": Text("surat suara yang dikembalikan", "ballots returned"),
        "II.4": Text("surat suara yang tidak digunakan", "ballots unused"),
        "III": Text("pemilih disabilitas yang menggunakan hak pilih", "voters with a disability who voted"),
        "V.A": Text("suara sah", "valid votes"),
        "V.B": Text("suara tidak sah", "invalid votes"),
        "V.C": Text("suara sah dan tidak sah", "valid and invalid votes"),
    }
)

VOTERS_LIMIT: Final = Text("batas pemilih per TPS", "limit of voters a station")

SEXES: Final[Mapping[str, Text]] = MappingProxyType(
    {"L": Text("laki-laki", "men"), "P": Text("perempuan", "women"), "J": Text("jumlah", "total")}
)

OPTIONS: Final[Mapping[ContestKind, Text]] = MappingProxyType(
    {
        ContestKind.PAIRS: Text("pasangan calon", "pairs"),
        ContestKind.PERSONS: Text("calon", "candidates"),
        ContestKind.PARTIES: Text("partai politik", "parties"),
        ContestKind.LOCAL_PAIRS: Text("pasangan calon", "pairs"),
    }
)


def option_name(kind: ContestKind, option: str) -> Text:
    """What the option with that id is called: `2` of pairs is 'pasangan calon nomor urut 2'."""
    if kind in (ContestKind.PAIRS, ContestKind.LOCAL_PAIRS):
        return Text(f"pasangan calon nomor urut {option}", f"pair {option}")
    if kind is ContestKind.PERSONS:
        return Text(f"calon nomor urut {option}", f"candidate {option}")
    party, _, candidate = option.partition(".")
    if not candidate:
        return Text(f"partai nomor urut {party}", f"party {party}")
    if candidate == "0":
        return Text(f"partai nomor urut {party} sendiri", f"party {party} itself")
    return Text(
        f"calon nomor urut {candidate} dari partai nomor urut {party}",
        f"candidate {candidate} of party {party}",
    )


def option_votes(kind: ContestKind, option: str) -> Text:
    """What the votes of that option are called: `7.0` of parties is 'suara partai nomor urut 7 sendiri'."""
    name = option_name(kind, option)
    return Text(f"suara {name.id}", f"votes for {name.en}")


def begin(name: Text) -> Text:
    """`name` as the first words of a sentence."""
    return Text(name.id[:1].upper() + name.id[1:], name.en[:1].upper() + name.en[1:])
