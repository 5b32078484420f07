"""The keys of an election as a table, under a sentence about its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rekap.render.tables import Column, Line, Table, drawn, paragraph, width
from rekap.text.numbers import MISSING
from schemas.language import Language, Said

KINDS: Final = {
    "root": Said(id="induk", en="root"),
    "registrar": Said(id="pendaftar", en="registrar"),
    "device": Said(id="perangkat", en="device"),
}
KIND: Final = Said(id="Jenis", en="Kind")
KEY: Final = Said(id="Kunci", en="Key")
ROLE: Final = Said(id="Peran", en="Role")
PLACE: Final = Said(id="Kabupaten/kota", en="District")
SCOPE: Final = Said(id="Cakupan", en="Scope")
ENDS: Final = Said(id="Sampai", en="Until")
STATE: Final = Said(id="Keadaan", en="State")
REVOKED: Final = Said(id="dicabut", en="revoked")
VALID: Final = Said(id="berlaku", en="valid")
NOT_OPENED: Final = Said(id="Pemilihan belum dibuka.", en="The election is not open.")
PAUSED: Final = Said(id="Penghitungan dihentikan sementara.", en="Counting is paused.")
GOING_ON: Final = Said(id="Penghitungan berjalan.", en="Counting goes on.")
DIFFERS: Final = Said(
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
