"""The keys of an election as a table, under a sentence about its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rekap.render.tables import Column, Line, Table, drawn, paragraph, width
from rekap.text.numbers import MISSING
from schemas.language import Language, Text

KINDS: Final = {
    "root": Text(id="induk", en="root"),
    "registrar": Text(id="pendaftar", en="registrar"),
    "device": Text(id="perangkat", en="device"),
}
KIND: Final = Text(id="Jenis", en="Kind")
KEY: Final = Text(id="Kunci", en="Key")
ROLE: Final = Text(id="Peran", en="Role")
PLACE: Final = Text(id="Kabupaten/kota", en="District")
SCOPE: Final = Text(id="Cakupan", en="Scope")
ENDS: Final = Text(id="Sampai", en="Until")
STATE: Final = Text(id="Keadaan", en="State")
REVOKED: Final = Text(id="dicabut", en="revoked")
VALID: Final = Text(id="berlaku", en="valid")
NOT_OPENED: Final = Text(id="Pemilihan belum dibuka.", en="The election is not open.")
PAUSED: Final = Text(id="Penghitungan dihentikan sementara.", en="Counting is paused.")
GOING_ON: Final = Text(id="Penghitungan berjalan.", en="Counting goes on.")
DIFFERS: Final = Text(
    id="Partisi berbeda tentang penghentian: kirim ulang peristiwa pause atau resume.",
    en="Partitions differ about a pause: send the event that pauses or resumes again.",
)
UNITS_SHOWN: Final = 3
"""Stations and regions of a key that are named."""


def key_lines(
    rows: Iterable[dict[str, Any]], language: Language, *, opened: bool, paused: bool | None
) -> Iterator[Line]:
    """The state of the election, and its keys."""
    state = DIFFERS if paused is None else PAUSED if paused else GOING_ON
    yield from paragraph((state if opened else NOT_OPENED).within(language))
    columns = [
        Column(KIND.within(language)),
        Column(KEY.within(language), style="id"),
        Column(ROLE.within(language)),
        Column(PLACE.within(language)),
        Column(SCOPE.within(language), cuts=True),
        Column(ENDS.within(language)),
        Column(STATE.within(language)),
    ]
    table = Table(columns)
    for row in rows:
        units = [*row["stations"], *row["regions"]]
        shown = " ".join(units[:UNITS_SHOWN]) + (" …" if len(units) > UNITS_SHOWN else "")
        table.rows.append(
            [
                KINDS[row["kind"]].within(language),
                row["key"],
                row["role"] or MISSING,
                row["district"] or MISSING,
                shown or MISSING,
                row["ends"] or MISSING,
                (REVOKED if row["revoked"] else VALID).within(language),
            ]
        )
    yield from drawn(table, width())
