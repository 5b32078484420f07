"""Words that more than one table uses, in both languages. Sentences stand with what they explain."""

from __future__ import annotations

from typing import Final

from schemas.language import Said

ALL: Final = Said(id="Jumlah", en="Total")
ANNULLED: Final = Said(id="dibatalkan", en="annulled")
BLANK: Final = Said(id="kosong", en="blank")
CLEAN: Final = Said(id="bersih", en="clean")
CODE: Final = Said(id="Kode", en="Code")
CONTEST: Final = Said(id="Pemilihan", en="Contest")
COUNT: Final = Said(id="Banyaknya", en="Count")
EVENT: Final = Said(id="Peristiwa", en="Event")
FLAGGED: Final = Said(id="ditandai", en="flagged")
INVALID: Final = Said(id="Tidak sah", en="Invalid")
NAME: Final = Said(id="Nama", en="Name")
OUTSTANDING: Final = Said(id="Belum masuk", en="Outstanding")
PARTITION: Final = Said(id="Partisi", en="Partition")
POSITION: Final = Said(id="Urutan", en="Position")
REASON: Final = Said(id="Alasan", en="Reason")
RECEIVED: Final = Said(id="masuk", en="received")
RECORDED: Final = Said(id="tercatat", en="recorded")
RECORDED_AT: Final = Said(id="Dicatat", en="Recorded")
ACCEPTED: Final = Said(id="diterima", en="accepted")
REPEATED: Final = Said(id="berulang", en="repeated")
RULE: Final = Said(id="Aturan", en="Rule")
SENTENCE: Final = Said(id="Penjelasan", en="What it says")
STATIONS: Final = Said(id="TPS", en="Stations")
DECISION: Final = Said(id="Keputusan", en="Decision")
TYPE: Final = Said(id="Jenis", en="Type")
SURPLUS: Final = Said(id="melebihi jumlah TPS", en="more than expected")
UNLISTED: Final = Said(id="di luar daftar", en="not on the list")
UNIT: Final = Said(id="TPS/wilayah", en="Station/region")
VALID: Final = Said(id="Sah", en="Valid")
VERSION: Final = Said(id="versi", en="version")
VOTERS: Final = Said(id="Pengguna hak pilih", en="Voters who voted")
VOTERS_OUT: Final = Said(id="Pemilih belum masuk", en="Voters outstanding")

STATUS: Final = {
    "clean": CLEAN,
    "flagged": FLAGGED,
    "blank": BLANK,
    "annulled": ANNULLED,
}
SEVERITY: Final = {
    "hard": Said(id="berat", en="hard"),
    "soft": Said(id="ringan", en="soft"),
}
