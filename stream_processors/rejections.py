"""The rejections of events that do not fit the election, in sentences that say what to do.

stream_processors.assess decides which of them applies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from schemas.ballots import Ballot
from schemas.elections import ContestKind
from schemas.events import NotCounted, Role
from schemas.language import Text
from schemas.regions import Level
from schemas.rejections import Reason, Rejected, Rejection, reject
from schemas.text import quoted


class Placement(NamedTuple):
    """The key of a message, and its partition on a log with several of them."""

    key: bytes | None
    partition: int


PartitionOf = Callable[[bytes], int]
"""The partition of a key."""


CELLS_NAMED: Final = 20
"""A sentence names no more: a ballot of a party contest has hundreds of cells."""


def naming_cells(rejection: Rejection, differing: Sequence[str]) -> Rejection:
    """`rejection` of a count beside the one in force, from which these cells differ."""
    shown = ", ".join(differing[:CELLS_NAMED])
    if len(differing) > CELLS_NAMED:
        shown += ", ..."
    if differing:
        more = Text(id=f" Sel yang berbeda: {shown}.", en=f" Cells that differ: {shown}.")
    else:
        more = Text(
            id=" Suara dan jumlahnya sama; yang berbeda isian lain, jenis, atau waktunya.",
            en=" Votes and sums are the same; what differs are other cells, the kind or the time.",
        )
    return replace(rejection, said=Text(rejection.said.id + more.id, rejection.said.en + more.en))


def not_held(contest: str, unit: str) -> Rejected:
    return reject(
        Reason.NOT_HELD_HERE,
        id=f"Pemilihan {contest} tidak diadakan di {unit}. Periksa jenis pemilihan dan kodenya.",
        en=f"{contest} is not held at {unit}. Check the contest and the code.",
    )


def no_recap(region: str, levels: Sequence[Level]) -> Rejected:
    """The region is none of those levels, which have a certified document in this election."""
    named = [_LEVEL_NAMES[level] for level in reversed(levels)]
    return reject(
        Reason.UNKNOWN_REGION,
        id=f"Wilayah {region} bukan {_listed([one.id for one in named], 'atau')} dalam daftar wilayah; hanya "
        "itu yang direkapitulasi dalam pemilihan ini. Periksa kodenya.",
        en=f"Region {region} is no {_listed([one.en for one in named], 'or')} of the register; only these "
        "have a recapitulation in this election. Check its code.",
    )


def _listed(words: Sequence[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


_LEVEL_NAMES: Final = {
    Level.NATION: Text("nasional", "nation"),
    Level.PROVINCE: Text("provinsi", "province"),
    Level.DISTRICT: Text("kabupaten/kota", "district"),
    Level.SUBDISTRICT: Text("kecamatan", "sub-district"),
    Level.VILLAGE: Text("desa/kelurahan", "village"),
}


def wrong_role(reason: str, role: Role | None, roles: Sequence[Role]) -> Rejected:
    may = ", ".join(roles) or "-"
    by_id = f"peran {role}" if role is not None else "pengirim tanpa peran (submitted_by kosong)"
    by_en = f"the role {role}" if role is not None else "a sender without a role (submitted_by is empty)"
    return reject(
        Reason.WRONG_ROLE,
        id=f"Alasan {reason} tidak dapat diberikan oleh {by_id}; yang berwenang menurut definisi pemilihan: "
        f"{may}. Peristiwa itu harus dikirim oleh salah satu dari mereka, atau dengan alasan yang benar.",
        en=f"The reason {reason} can't be given by {by_en}; by the election's definition these may: {may}. "
        "Have one of them send the event, or give the reason that is right.",
    )


def misplaced(found: Placement, right: Placement) -> Rejection:
    key, wanted = ("-" if key is None else quoted(key) for key in (found.key, right.key))
    return Rejection(
        Reason.WRONG_KEY,
        Text(
            id=f"Pesan ini memakai kunci {key} di partisi {found.partition}; tempatnya kunci {wanted} di "
            f"partisi {right.partition}. Kirim lewat rekap, atau dengan kode kabupaten/kota sebagai kunci "
            "dan pembagi bawaan Kafka (murmur2).",
            en=f"The message has the key {key} on partition {found.partition}; its place is the key "
            f"{wanted} on partition {right.partition}. Send it through rekap, or with the code of the "
            "district as key and Kafka's default partitioner (murmur2).",
        ),
    )


def given_twice(contest: str, unit: str, key: str) -> Rejected:
    _, _, option = key.partition(":")
    return reject(
        Reason.MALFORMED,
        id=f"Pilihan {option} {contest} di {unit} tertulis dua kali, sebagai {option} dan {key}; "
        "tulis sekali saja.",
        en=f"Option {option} of {contest} at {unit} is given twice, as {option} and as {key}; give it once.",
    )


def unknown_option(contest: str, unit: str, option: str, ballot: Ballot) -> Rejected:
    if not ballot.options:
        return reject(
            Reason.UNKNOWN_OPTION,
            id=f"Belum ada calon {contest} yang dikenal untuk {unit}. Berikan berkas calon pada rekap init.",
            en=f"No candidates of {contest} are known for {unit}. Give their file to rekap init.",
        )
    party, _, candidate = option.partition(".")
    is_list = ballot.kind is ContestKind.PARTIES and party in ballot.place
    if is_list and candidate and all(one.partition(".")[2] in ("", "0") for one in ballot.options):
        return reject(
            Reason.UNKNOWN_OPTION,
            id=f"Calon {option} tidak dikenal: pada surat suara {contest} di {unit} hanya ada partai, belum "
            "ada calon. Berikan berkas calon (--candidates) pada rekap init.",
            en=f"Candidate {option} is not known: the ballot of {contest} at {unit} has parties only, and no "
            "candidates yet. Give their file (--candidates) to rekap init.",
        )
    shown = quoted(", ".join(ballot.options[:24])) + (", ..." if len(ballot.options) > 24 else "")
    return reject(
        Reason.UNKNOWN_OPTION,
        id=f"Pilihan {option} tidak ada pada surat suara {contest} di {unit}; yang ada: {shown}.",
        en=f"Option {option} is not on the ballot of {contest} at {unit}; there are: {shown}.",
    )


def unknown_cell(contest: str, unit: str, cell: str, ballot: Ballot) -> Rejected:
    """A reason for a cell of an option that is on none of the region's ballots, by its name in totals."""
    shown = quoted(", ".join(ballot.keys[:24])) + (", ..." if len(ballot.keys) > 24 else "")
    return reject(
        Reason.UNKNOWN_OPTION,
        id=f"Sel {cell} tidak ada dalam rekapitulasi {contest} di {unit}. Tulis seperti dalam rekap "
        f"reconcile: votes. dan salah satu dari {shown}.",
        en=f"The recapitulation of {contest} at {unit} has no cell {cell}. Write it as rekap reconcile does: "
        f"votes. and one of {shown}.",
    )


def only_recorded(contest: str, unit: str, why: NotCounted) -> Rejected:
    """What an importer sends of a source that must not change the count."""
    contest, unit = quoted(contest), quoted(unit)
    by_reason = {
        NotCounted.RULING_IN_FORCE: (
            f"Sumbernya memperlihatkan angka lain untuk {contest} di {unit}, padahal di sana ada putusan "
            "(pleno, Bawaslu, pengadilan, atau pemungutan/penghitungan ulang). Putusan itu tetap berlaku. "
            "Jika angka sumber itu benar, petugas mengirimnya sebagai correction atau count.",
            f"The source shows something else of {contest} at {unit}, where a ruling (of a plenary, Bawaslu "
            "or a court, or an ordered re-vote or recount) was made. The ruling stays in force. If the "
            "source is right, an officer sends it as a correction or count.",
        ),
        NotCounted.ORDER_UNKNOWN: (
            f"Sumbernya memperlihatkan dua keadaan {contest} di {unit}, dan waktunya tidak menunjukkan mana "
            "yang lebih baru. Yang berlaku tidak diubah. Sebutkan waktunya dengan --observed-at, atau "
            "petugas mengirim hasil yang benar.",
            f"The source shows two states of {contest} at {unit}, and their times do not tell which is "
            "newer. What is in force stays. Give the times with --observed-at, or have an officer send the "
            "right one.",
        ),
        NotCounted.SEEN_EARLIER: (
            f"Sumber yang sama memperlihatkan keadaan {contest} di {unit} yang lebih baru, yang sudah "
            "tercatat. Yang ini hanya dicatat.",
            f"The same source showed a newer state of {contest} at {unit}, which is recorded already. This "
            "one is only recorded.",
        ),
    }
    said_id, said_en = by_reason[why]
    return reject(Reason(why.value), id=said_id, en=said_en)
