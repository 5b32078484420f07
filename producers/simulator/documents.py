"""The events of a night as documents, written from figures, scenarios and times.

Whatever an event builds on (the count that it corrects or annuls) is written anew from the same draws, never
looked up, so that every event can be made alone. Bytes are not made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from producers.simulator.defects import Form, apply_defect
from producers.simulator.layouts import Layout
from producers.simulator.night_keys import key_of_night
from producers.simulator.scenarios import Defect, Delay, Reread
from producers.simulator.timetable import Action
from schemas.canonical import event_id
from schemas.events import SCHEMA_VERSION, AnnulmentReason, CorrectionReason, CountKind, Role

Document = dict[str, Any]

OFFICERS: Final = 7
"""A station's officers (KPPS)."""
CONTINUED_OF_POSTPONED: Final = (117, 375)
"""Of postponed votes, those continued from where they were broken off (2024: 117 PSL, 258 PSS)."""

_REGULAR: Final = CountKind.REGULAR.value
_KPPS: Final = Role.KPPS.value
_REASONS: Final = {
    Reread.MISREAD: CorrectionReason.MISREAD.value,
    Reread.PEMBETULAN: CorrectionReason.PEMBETULAN.value,
    Reread.PLENARY: CorrectionReason.PLENARY.value,
    Reread.RECOUNT: CorrectionReason.RECOUNT.value,
}


@dataclass(frozen=True, slots=True)
class FormColumns:
    """The forms of one contest that some messages speak of, one item a message in each sequence.

    `people`, `votes` and `again` (the re-vote's, by row, only where a message needs it) are as in
    figures.Truth; `counted` is the time in the first count, `stamped` the time in the message.
    `draws` has the details of the defect, the contradiction and the malformation, and the officer.
    `rank` is the contest's place in the order of counting, `seed` the night's if it is signed (None: it is
    not).
    """

    election: str
    contest: str
    rank: int
    seed: int | None
    action: Sequence[int]
    station: Sequence[str]
    layout: Sequence[Layout]
    people: Sequence[Sequence[int]]
    votes: Sequence[Sequence[int]]
    again: Mapping[int, tuple[Sequence[int], Sequence[int]]]
    counted: Sequence[str]
    stamped: Sequence[str]
    defect: Sequence[int]
    malformation: Sequence[int]
    delay: Sequence[int]
    reread: Sequence[int]
    revoted: Sequence[bool]
    draws: Sequence[Sequence[int]]


def _form(people: Sequence[int], layout: Layout, votes: Sequence[int]) -> Form:
    """A right form. Keys stand in canonical order, which makes encoding faster."""
    dpt_l, dpt_p, b1_l, b1_p, b2_l, b2_p, b3_l, b3_p, received, returned, iii_l, iii_p, invalid = people
    b4_l, b4_p = b1_l + b2_l + b3_l, b1_p + b2_p + b3_p
    used = b4_l + b4_p
    return {
        "ballots": {
            "received": received,
            "returned": returned,
            "unused": received - used - returned,
            "used": used,
        },
        "disability": {"j": iii_l + iii_p, "l": iii_l, "p": iii_p},
        "dpt": {"j": dpt_l + dpt_p, "l": dpt_l, "p": dpt_p},
        "invalid": invalid,
        "total": used,
        "valid": used - invalid,
        "voters": {
            "dpk": {"j": b3_l + b3_p, "l": b3_l, "p": b3_p},
            "dpt": {"j": b1_l + b1_p, "l": b1_l, "p": b1_p},
            "dptb": {"j": b2_l + b2_p, "l": b2_l, "p": b2_p},
            "total": {"j": used, "l": b4_l, "p": b4_p},
        },
        "votes": dict(zip(layout.options, layout.read(votes), strict=True)),
    }


def _event(
    columns: FormColumns,
    row: int,
    action: Action,
    kind: str,
    stamped: str,
    payload: Document,
    device: str,
    officer: str,
    role: str,
) -> Document:
    document = {
        "contest": columns.contest,
        "device": device,
        "election": columns.election,
        "occurred_at": stamped,
        "payload": payload,
        "schema_version": SCHEMA_VERSION,
        "station": columns.station[row],
        "submitted_by": {"officer": officer, "role": role},
        "type": kind,
    }
    if columns.seed is not None:
        # A device numbers what it may send of each contest; what is not sent leaves a gap.
        document["key_id"] = key_of_night(columns.seed, device).key_id
        document["seq"] = columns.rank * len(Action) + action + 1
    return document


def _submitted(
    columns: FormColumns, row: int, action: Action, stamped: str, form: Form, kind: str, device: int
) -> Document:
    """A count of the station's own officers, from its first or second device."""
    station = columns.station[row]
    officer = (columns.draws[row][3] + device) % OFFICERS + 1
    return _event(
        columns,
        row,
        action,
        "CountSubmitted",
        stamped,
        {"form": form, "kind": kind},
        f"hp-{station}-{device + 1}",
        f"kpps-{station}-{officer}",
        _KPPS,
    )


def _truth(columns: FormColumns, row: int) -> Form:
    return _form(columns.people[row], columns.layout[row], columns.votes[row])


def first_count(columns: FormColumns, row: int) -> Document:
    """The first count of the form, with what is wrong on it."""
    form = _truth(columns, row)
    if columns.defect[row]:
        apply_defect(form, columns.layout[row].totals, Defect(columns.defect[row]), columns.draws[row][0])
    kind = _REGULAR
    if columns.delay[row] == Delay.POSTPONED:
        some, of = CONTINUED_OF_POSTPONED
        kind = (CountKind.CONTINUED if columns.draws[row][2] % of < some else CountKind.FOLLOW_UP).value
    return _submitted(columns, row, Action.COUNT, columns.counted[row], form, kind, 0)


def second_count(columns: FormColumns, row: int) -> Document:
    """Another device of the station submits a first count too, with other figures."""
    form = _truth(columns, row)
    apply_defect(form, columns.layout[row].totals, Defect.MOVED, columns.draws[row][1])
    return _submitted(columns, row, Action.CONTRADICTION, columns.stamped[row], form, _REGULAR, 1)


def correction(columns: FormColumns, row: int) -> Document:
    """The first count put right."""
    return _corrected(columns, row, Action.CORRECTION, _truth(columns, row), Reread(columns.reread[row]))


def stale_correction(columns: FormColumns, row: int) -> Document:
    """A second officer had the first count before them, too, and put right something else."""
    form = _truth(columns, row)
    apply_defect(form, columns.layout[row].totals, Defect.MOVED, columns.draws[row][1])
    return _corrected(columns, row, Action.STALE, form, Reread.PLENARY)


def _corrected(columns: FormColumns, row: int, action: Action, form: Form, why: Reread) -> Document:
    station = columns.station[row]
    plenary = why is Reread.PLENARY
    office = "ppk" if plenary else "kpps"
    return _event(
        columns,
        row,
        action,
        "CountCorrected",
        columns.stamped[row],
        {
            "form": form,
            "kind": CountKind.RECOUNT.value if why is Reread.RECOUNT else _REGULAR,
            "reason": _REASONS[why],
            "supersedes": event_id(first_count(columns, row)),
        },
        f"{office}-device-{station}" if plenary else f"hp-{station}-1",
        f"{office}-{station}-{columns.draws[row][3] % OFFICERS + 1}",
        Role.PPK.value if plenary else _KPPS,
    )


def annulment(columns: FormColumns, row: int) -> Document:
    """The first count has lost its force: a re-vote was ordered, or it was only struck out."""
    reason = AnnulmentReason.REVOTE_ORDERED if columns.revoted[row] else AnnulmentReason.BAWASLU_RULING
    station = columns.station[row]
    return _event(
        columns,
        row,
        Action.ANNULMENT,
        "CountAnnulled",
        columns.stamped[row],
        {"reason": reason.value, "supersedes": event_id(first_count(columns, row))},
        f"kpu-device-{station}",
        f"kpu-{station}",
        Role.KPU_KABKO.value,
    )


def revote(columns: FormColumns, row: int) -> Document:
    """The count of the second vote; needs the row in `columns.again`."""
    people, votes = columns.again[row]
    form = _form(people, columns.layout[row], votes)
    return _submitted(columns, row, Action.REVOTE, columns.stamped[row], form, CountKind.REVOTE.value, 0)
