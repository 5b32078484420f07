"""Rows of the projections that are made one by one, by name, and how named rows become columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.findings import Finding


class FindingRow(NamedTuple):
    """A finding of an accepted count."""

    contest: str
    unit: str
    village: int  # its index
    version: int
    position: int
    finding: Finding


class RecapCells(NamedTuple):
    """The figures of a certified recapitulation; None: not given."""

    document: str
    votes: Sequence[tuple[str, int]]
    valid: int | None
    invalid: int | None
    voters: int | None


class RecapRow(NamedTuple):
    """An accepted recapitulation."""

    contest: str
    region: int  # its index
    version: int
    position: int
    event_id: str
    cells: RecapCells


def columns_of(fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """The values of each of these fields; `rows` are tuples of exactly these fields, there may be none."""
    return dict(zip(fields, zip(*rows, strict=True) if rows else [()] * len(fields), strict=True))
