"""Reason codes in words: why a count was corrected or annulled, and why a message was rejected.

Codes are for programs and options; people read these.
"""

from __future__ import annotations

from typing import Final

from schemas.language import Language, Said

WORDS: Final[dict[str, Said]] = {
    # corrections
    "pembetulan": Said(id="pembetulan oleh petugas", en="a slip put right by the officers"),
    "misread": Said(id="salah baca", en="misread"),
    "recount": Said(id="penghitungan ulang", en="recount"),
    "plenary": Said(id="rapat pleno", en="plenary"),
    "bawaslu_ruling": Said(id="putusan Bawaslu", en="Bawaslu's ruling"),
    "court_ruling": Said(id="putusan pengadilan", en="court ruling"),
    "source_changed": Said(id="sumbernya berubah", en="the source changed"),
    # annulments
    "revote_ordered": Said(id="pemungutan suara ulang diperintahkan", en="a re-vote was ordered"),
    "recount_ordered": Said(id="penghitungan ulang diperintahkan", en="a recount was ordered"),
    "source_withdrew": Said(id="ditarik oleh sumbernya", en="the source withdrew it"),
    # rejections
    "malformed": Said(id="tidak terbaca", en="can't be read"),
    "unknown_schema_version": Said(id="versi tidak dikenal", en="unknown version"),
    "wrong_event_id": Said(id="id tidak cocok dengan isinya", en="the id does not fit the content"),
    "unknown_election": Said(id="pemilu lain", en="another election"),
    "unknown_contest": Said(id="pemilihan tidak dikenal", en="unknown contest"),
    "unknown_station": Said(id="TPS tidak dikenal", en="unknown station"),
    "unknown_region": Said(id="wilayah tidak dikenal", en="unknown region"),
    "not_held_here": Said(id="tidak diadakan di sini", en="not held here"),
    "unknown_option": Said(id="pilihan tidak dikenal", en="unknown option"),
    "not_authorised": Said(id="tidak berwenang", en="not authorised"),
    "wrong_role": Said(id="peran pengirim tidak cocok", en="not of that role"),
    "wrong_key": Said(id="kunci atau partisi keliru", en="wrong key or partition"),
    "unsigned": Said(id="tidak ditandatangani", en="not signed"),
    "bad_signature": Said(id="tanda tangan tidak sah", en="the signature does not hold"),
    "unknown_key": Said(id="kunci tidak terdaftar", en="the key is not enrolled"),
    "revoked_key": Said(id="kunci dicabut atau berakhir", en="the key was revoked or has ended"),
    "out_of_scope": Said(id="di luar cakupan kuncinya", en="outside the scope of its key"),
    "sequence_repeated": Said(id="nomor urut dipakai lagi", en="a sequence number used again"),
    "counting_paused": Said(id="penghitungan dihentikan sementara", en="counting is paused"),
    "invalid_control": Said(id="peristiwa kunci tidak dapat berlaku", en="can't take effect"),
    "already_counted": Said(id="sudah ada hasil yang berlaku", en="a count is in force already"),
    "superseded_mismatch": Said(id="yang digantikannya tidak berlaku", en="what it replaces is not in force"),
    "ruling_in_force": Said(id="ada putusan yang berlaku", en="a ruling is in force"),
    "order_unknown": Said(id="urutannya tidak diketahui", en="its order is not known"),
    "seen_earlier": Said(id="keadaan yang lebih lama", en="an older state"),
}


def reason_in_words(code: str, language: Language) -> str:
    """The code in words; a code of a newer version as it is."""
    said = WORDS.get(code)
    return code if said is None else said.within(language)
