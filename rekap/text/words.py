"""Words that more than one table uses, in both languages. Sentences stand with what they explain."""

from __future__ import annotations

from typing import Final

from schemas.language import Text

ALL: Final = Text(id="Jumlah", en="Total")
ANNULLED: Final = Text(id="dibatalkan", en="annulled")
BLANK: Final = Text(id="kosong", en="blank")
CLEAN: Final = Text(id="bersih", en="clean")
CODE: Final = Text(id="Kode", en="Code")
CONTEST: Final = Text(id="Pemilihan", en="Contest")
COUNT: Final = Text(id="Banyaknya", en="Count")
EVENT: Final = Text(id="Peristiwa", en="Event")
FLAGGED: Final = Text(id="ditandai", en="flagged")
INVALID: Final = Text(id="Tidak sah", en="Invalid")
NAME: Final = Text(id="Nama", en="Name")
OUTSTANDING: Final = Text(id="Belum masuk", en="Outstanding")
PARTITION: Final = Text(id="Partisi", en="Partition")
POSITION: Final = Text(id="Urutan", en="Position")
REASON: Final = Text(id="Alasan", en="Reason")
RECEIVED: Final = Text(id="masuk", en="received")
RECORDED: Final = Text(id="tercatat", en="recorded")
RECORDED_AT: Final = Text(id="Dicatat", en="Recorded")
ACCEPTED: Final = Text(id="diterima", en="accepted")
REPEATED: Final = Text(id="berulang", en="repeated")
RULE: Final = Text(id="Aturan", en="Rule")
SENTENCE: Final = Text(id="Penjelasan", en="What it says")
STATIONS: Final = Text(id="TPS", en="Stations")
DECISION: Final = Text(id="Keputusan", en="Decision")
TYPE: Final = Text(id="Jenis", en="Type")
SURPLUS: Final = Text(id="melebihi jumlah TPS", en="more than expected")
UNLISTED: Final = Text(id="di luar daftar", en="not on the list")
UNIT: Final = Text(id="TPS/wilayah", en="Station/region")
VALID: Final = Text(id="Sah", en="Valid")
VERSION: Final = Text(id="versi", en="version")
VOTERS: Final = Text(id="Pengguna hak pilih", en="Voters who voted")
VOTERS_OUT: Final = Text(id="Pemilih belum masuk", en="Voters outstanding")

STATUS: Final = {
    "clean": CLEAN,
    "flagged": FLAGGED,
    "blank": BLANK,
    "annulled": ANNULLED,
}
SEVERITY: Final = {
    "hard": Text(id="berat", en="hard"),
    "soft": Text(id="ringan", en="soft"),
}
