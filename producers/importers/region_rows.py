"""What tables of regions share: the first line, the contest that a row names, and events of many regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from producers.importers.commission_columns import bad_cell
from producers.importers.problems import SourceInvalid
from producers.importers.text_lines import Line, read_lines
from schemas.sources import Lineage
from schemas.text import quoted

RegionKey = tuple[str, str]
"""Contest and region."""


def first_line(path: Path) -> Line:
    """The line with the names of the columns. Raises SourceInvalid where there is none, and OSError."""
    first = next(read_lines(path), None)
    if first is None:
        raise SourceInvalid(id=f"{quoted(path)} kosong.", en=f"{quoted(path)} is empty.")
    return first


def contest_named(named: Any, contest: str | None, contests: Sequence[str]) -> str:
    """The contest of a row that names `named`, in any case of letters; `contest` where it names none. Raises
    RecordInvalid that lists those there are."""
    wanted = named or contest
    found = next((one for one in contests if one.lower() == str(wanted).lower()), None)
    if found is None:
        known = quoted(", ".join(contests))
        raise bad_cell("contest", wanted, f"one of {known}", id_ending=f"salah satu dari {known}")
    return found


def events_of(keys: Iterable[RegionKey | None], lineage: Lineage) -> Mapping[RegionKey, Sequence[bytes]]:
    """The events of these regions in their contests, asked for contest by contest."""
    by_contest: dict[str, dict[str, None]] = {}
    for key in keys:
        if key is not None:
            by_contest.setdefault(key[0], {})[key[1]] = None
    return {
        (contest, region): events
        for contest, regions in by_contest.items()
        for region, events in lineage(contest, list(regions)).items()
    }
