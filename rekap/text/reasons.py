"""Reason codes in words: why a count was corrected or annulled, and why a message was rejected.

Codes are for programs and options; people read these.
"""

from __future__ import annotations

from typing import Final

from schemas.language import Language, Text

WORDS: Final[dict[str, Text]] = {
    # corrections
    "pembetulan": Text(id="pembetulan oleh petugas", en="a slip put right by the officers"),
    "misread": Text(id="salah baca", en="misread"),
    "recount": Text(id="penghitungan ulang", en="recount"),
    "plenary": Text(id="rapat pleno", en="plenary"),
    "bawaslu_ruling": Text(id="putusan Bawaslu", en="Bawaslu's ruling"),
    "court_ruling": Text(id="putusan pengadilan", en="court ruling"),
    "source_changed": Text(id="sumbernya berubah", en="the source changed"),
    # annulments
    "revote_ordered": Text(id="pemungutan suara ulang diperintahkan", en="a re-vote was ordered"),
    "recount_ordered": Text(id="penghitungan ulang diperintahkan", en="a recount was ordered"),
    "source_withdrew": Text(id="ditarik oleh sumbernya", en="the source withdrew it"),
    # rejections
    "malformed": Text(id="tidak terbaca", en="can't be read"),
    "unknown_schema_version": Text(id="versi tidak dikenal", en="unknown version"),
    "wrong_event_id": Text(id="id tidak cocok dengan isinya", en="the id does not fit the content"),
    "unknown_election": Text(id="pemilu lain", en="another election"),
    "unknown_contest": Text(id="pemilihan tidak dikenal", en="unknown contest"),
    "unknown_station": Text(id="TPS tidak dikenal", en="unknown station"),
    "unknown_region": Text(id="wilayah tidak dikenal", en="unknown region"),
    "not_held_here": Text(id="tidak diadakan di sini", en="not held here"),
    "unknown_option": Text(id="pilihan tidak dikenal", en="unknown option"),
    "not_authorised": Text(id="tidak berwenang", en="not authorised"),
    "wrong_role": Text(id="peran pengirim tidak cocok", en="not of that role"),
    "wrong_key": Text(id="kunci atau partisi keliru", en="wrong key or partition"),
    "unsigned": Text(id="tidak ditandatangani", en="not signed"),
    "bad_signature": Text(id="tanda tangan tidak sah", en="the signature does not hold"),
    "unknown_key": Text(id="kunci tidak terdaftar", en="the key is not enrolled"),
    "revoked_key": Text(id="kunci dicabut atau berakhir", en="the key was revoked or has ended"),
    "out_of_scope": Text(id="di luar cakupan kuncinya", en="outside the scope of its key"),
    "sequence_repeated": Text(id="nomor urut dipakai lagi", en="a sequence number used again"),
    "counting_paused": Text(id="penghitungan dihentikan sementara", en="counting is paused"),
    "invalid_control": Text(id="peristiwa kunci tidak dapat berlaku", en="can't take effect"),
    "already_counted": Text(id="sudah ada hasil yang berlaku", en="a count is in force already"),
    "superseded_mismatch": Text(id="yang digantikannya tidak berlaku", en="what it replaces is not in force"),
    "ruling_in_force": Text(id="ada putusan yang berlaku", en="a ruling is in force"),
    "order_unknown": Text(id="urutannya tidak diketahui", en="its order is not known"),
    "seen_earlier": Text(id="keadaan yang lebih lama", en="an older state"),
}


def reason_in_words(code: str, language: Language) -> str:
    """The code in words; a code of a newer version as it is."""
    said = WORDS.get(code)
    return code if said is None else said.within(language)
