"""Certified documents reconciled, as rows: each cell that differs with its reason, counts by level, and the
three columns of a court's table.

The formulas are those of `determination.reconcile`. A difference is arithmetic and accuses nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from determination.reconcile import VOTES, Shift, differences, shifts, sum_of
from queries.figures import is_top
from queries.reconciliation import Held, against_documents, against_forms, documents_by_level
from rekap.recap_reasons import Reasons

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from rekap.text.options import OptionNames

Row = dict[str, Any]


def reconciled(
    client: Client,
    election: str,
    *,
    level: str | None,
    region: str | None,
    contests: Sequence[str],
    reasons: Reasons,
    documents: bool = False,
) -> Iterator[Row]:
    """A row for each cell in which a document differs from the sum of the forms below it, or with `documents`
    from the sum of the documents right below it."""
    for held in _held(client, election, level, region, contests, documents):
        moved = shifts(held.certified, held.computed)
        of_region = reasons.of(held.contest, held.region)
        for one in differences(held.certified, held.computed):
            stated = of_region.get(one.cell) or of_region.get("")
            yield {
                "level": held.level,
                "region": held.region,
                "name": held.name,
                "contest": held.contest,
                "cell": one.cell,
                "complete": held.complete,
                "certified": one.certified,
                "computed": one.computed,
                "difference": one.difference,
                "reason": None if stated is None else stated.reason.value,
                "signer": None if stated is None else stated.signer,
                "shift": _shift_of(one.cell, moved),
                "document": held.document,
                "version": held.version,
            }


def _held(
    client: Client,
    election: str,
    level: str | None,
    region: str | None,
    contests: Sequence[str],
    documents: bool,
) -> Iterator[Held]:
    if not documents:
        yield from against_forms(client, election, level=level, region=region, contests=contests)
        return
    for held, below in against_documents(client, election, level=level, region=region, contests=contests):
        yield Held(
            **{
                name: getattr(held, name)
                for name in ("level", "region", "name", "parent", "contest", "document", "version")
            },
            complete=True,
            certified=held.certified,
            computed=sum_of(below),
        )


def _shift_of(cell: str, moved: Sequence[Shift]) -> str | None:
    """The kind of the zero-sum shift that the cell is part of."""
    option = cell.removeprefix(VOTES)
    return next((one.kind.value for one in moved if cell != option and option in one.differences), None)


@dataclass(frozen=True, slots=True)
class Documents:
    """How many certified documents there are, and how many of them were compared in a cell at least."""

    documents: int
    compared: int


def documents_of(
    client: Client,
    election: str,
    *,
    level: str | None,
    region: str | None,
    contests: Sequence[str],
    documents: bool,
) -> dict[tuple[str, str], Documents]:
    """The documents in force by contest and level; compared with the forms, or with `documents` with the
    documents right below."""
    found = {
        key: Documents(*numbers)
        for key, numbers in documents_by_level(client, election, region=region, contests=contests).items()
        if level in (None, key[1])
    }
    if not documents:
        return found
    compared = Counter(
        (held.contest, held.level)
        for held in _held(client, election, level, region, contests, documents)
        if any(
            one is not None and held.computed.get(cell) is not None for cell, one in held.certified.items()
        )
    )
    return {key: Documents(one.documents, compared[key]) for key, one in found.items()}


def counted(rows: Iterable[Row], documents: Mapping[tuple[str, str], Documents]) -> Iterator[Row]:
    """How many regions and cells differ, by contest and level; complete regions apart from others. `open`
    are cells without a reason."""
    found: dict[tuple[str, str], tuple[set[str], set[str], list[int]]] = {}
    for row in rows:
        complete, incomplete, cells = found.setdefault((row["contest"], row["level"]), (set(), set(), [0, 0]))
        (complete if row["complete"] else incomplete).add(row["region"])
        cells[0] += 1
        cells[1] += row["reason"] is None
    for (contest, of_level), number in documents.items():
        complete, incomplete, cells = found.get((contest, of_level), (set(), set(), [0, 0]))
        yield {
            "contest": contest,
            "level": of_level,
            "documents": number.documents,
            "compared": number.compared,
            "differing": len(complete),
            "differing_incomplete": len(incomplete),
            "cells": cells[0],
            "open": cells[1],
        }


def court_rows(
    client: Client,
    election: str,
    names: Mapping[str, OptionNames],
    *,
    level: str | None,
    region: str | None,
    contests: Sequence[str],
) -> Iterator[Row]:
    """The table that a court asks for: every option of each document with three columns, equal ones too.
    Where nothing was counted, `computed` and `difference` are None; where not everything was, `complete` is
    false."""
    for held in against_forms(
        client, election, level=level, region=region, contests=contests, equal_too=True
    ):
        for cell, certified in held.certified.items():
            option = cell.removeprefix(VOTES)
            if cell == option or not is_top(option):
                continue
            computed = held.computed.get(cell)
            known = certified is not None and computed is not None
            yield {
                "level": held.level,
                "region": held.region,
                "name": held.name,
                "contest": held.contest,
                "option": option,
                "option_name": names[held.contest].name(option),
                "complete": held.complete,
                "certified": certified,
                "computed": computed,
                "difference": (certified or 0) - (computed or 0) if known else None,
            }
