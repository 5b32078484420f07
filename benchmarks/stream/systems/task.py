"""What every system is told, and the little that all of them do: find a form's figures, add figures up.

The environment says where the broker is, which topics to use and where the regions' parents stand. A form is
already parsed when it comes here: how it is parsed is each system's own affair.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from operator import add, sub
from pathlib import Path
from typing import Any, Final, NamedTuple

BROKER: Final = os.environ["BENCH_BROKER"]
PREFIX: Final = os.environ["BENCH_PREFIX"]
EVENTS: Final = f"{PREFIX}count-events"
TOTALS: Final = f"{PREFIX}nation-totals"
PARTITIONS: Final = int(os.environ["BENCH_PARTITIONS"])
FOLDER: Final = Path(os.environ["BENCH_FOLDER"])
"""Files of this system's own: its state, and what it says to the benchmark."""

NOTHING: Final = (0,) * 6
"""Figures of a region before its first form, in the order that `figures_of` gives."""

NATION: Final = "0"


class StationPath(NamedTuple):
    """Where a station stands."""

    station: str
    village: str
    subdistrict: str
    district: str
    province: str


def parents() -> dict[str, str]:
    """The region above each region."""
    text = Path(os.environ["BENCH_PARENTS"]).read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)
    return found


def path_of(event: Mapping[str, Any], above: Mapping[str, str]) -> StationPath:
    """The station of a form and its regions; a station of 2019 is named after its village."""
    station = event["station"]
    village = station.rpartition("-")[0]
    subdistrict = above[village]
    district = above[subdistrict]
    return StationPath(station, village, subdistrict, district, above[district])


def figures_of(event: Mapping[str, Any]) -> list[int]:
    """One form, votes of both pairs, valid and invalid votes, voters."""
    form = event["payload"]["form"]
    votes = form["votes"]
    return [1, votes["1"], votes["2"], form["valid"], form["invalid"], form["voters"]["total"]["j"]]


def more(figures: Sequence[int], change: Sequence[int]) -> list[int]:
    """The sum, figure by figure."""
    return list(map(add, figures, change))


def less(figures: Sequence[int], before: Sequence[int]) -> list[int]:
    """The difference, figure by figure."""
    return list(map(sub, figures, before))


def say(count: int) -> None:
    """Tell the benchmark that so many events have been taken by now."""
    with (FOLDER / "marks.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"events": count, "at": time.time()}) + "\n")
