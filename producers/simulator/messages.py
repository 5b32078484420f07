"""The messages of a night: the bytes of its events, and bytes that a bad line made of them.

Every message is canonical but for those that are malformed on purpose. What they say stands in documents.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from producers.simulator import documents
from producers.simulator.defects import Choice
from producers.simulator.documents import Document, FormColumns, first_count
from producers.simulator.night_keys import key_of_night
from producers.simulator.scenarios import Malformation
from producers.simulator.timetable import Action
from schemas.canonical import dumps, event_id
from schemas.decode import encode

NOT_ON_ANY_BALLOT: Final = "999"
"""An option id that a form can hold and no ballot has."""
MISTYPED: Final = "TPS"
"""Written before a station's code: a code that no register has."""


def message(columns: FormColumns, row: int) -> bytes:
    """The message in that row of `columns`."""
    if columns.action[row] == Action.MALFORMED:
        return _malformed(columns, row)
    return _encoded(columns, _DOCUMENT[columns.action[row]](columns, row))


def signed_message(seed: int, document: Document) -> Document:
    """The event signed by its device, on the night of that seed."""
    return key_of_night(seed, document["device"]).signed(document)


def _encoded(columns: FormColumns, document: Document) -> bytes:
    return encode(document if columns.seed is None else signed_message(columns.seed, document))


def _malformed(columns: FormColumns, row: int) -> bytes:
    """The first count as it arrived before it arrived whole."""
    document = first_count(columns, row)
    choice = Choice(columns.draws[row][2])
    match Malformation(columns.malformation[row]):
        case Malformation.ALTERED:
            altered = {**document, "device": f"{document['device']}0"}
            return dumps({**altered, "event_id": event_id(document)})
        case Malformation.UNKNOWN_STATION:
            return _encoded(columns, {**document, "station": f"{MISTYPED}{document['station']}"})
        case Malformation.UNKNOWN_OPTION:
            form = document["payload"]["form"]
            form["votes"] = {**(form["votes"] or {}), NOT_ON_ANY_BALLOT: 1 + choice.below(9)}
            return _encoded(columns, document)
    raw = encode(document)
    how = choice.below(3)
    if how == 0:  # cut off on the way
        return raw[: 1 + choice.below(len(raw) - 1)]
    if how == 1:  # a key twice
        return raw[:-1] + b',"station":"' + columns.station[row].encode() + b'"}'
    return raw.replace(b'"kpps-', b'"kpps\xff', 1)  # not UTF-8


_DOCUMENT: Final[Mapping[int, Callable[[FormColumns, int], Document]]] = MappingProxyType(
    {
        Action.EARLY: documents.correction,
        Action.COUNT: documents.first_count,
        Action.CONTRADICTION: documents.second_count,
        Action.CORRECTION: documents.correction,
        Action.STALE: documents.stale_correction,
        Action.ANNULMENT: documents.annulment,
        Action.REVOTE: documents.revote,
    }
)
