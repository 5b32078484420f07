"""Names of polling stations, held only for those that a list names: eight bytes and the text for each.

Most lists have numbers and no names; then nothing is held. A nation of 823,000 names of seven characters
takes 15 MB so; as strings of Python they would take some 50 MB in every process of a count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = ("station_named", "station_name_ends", "station_name_text")
"""The arrays of a register's file that hold names."""

_FIRST_TWO_BITS: Final = 0b1100_0000
_CONTINUES: Final = 0b1000_0000
"""A byte of UTF-8 that begins so does not begin a character."""


@dataclass(frozen=True, slots=True)
class StationNames:
    """`named` are the places of the stations in the register that have names, ascending; `ends` where the
    name of each ends in `text`, which is UTF-8."""

    named: NDArray[np.int32]
    ends: NDArray[np.int32]
    text: NDArray[np.uint8]

    @classmethod
    def of(cls, names: Sequence[str | None]) -> Self:
        """The names of all stations in the register's order, None or '' for one without."""
        held = [(place, name.encode()) for place, name in enumerate(names) if name]
        return cls(
            np.array([place for place, _ in held], np.int32),
            np.cumsum([len(name) for _, name in held], dtype=np.int32),
            np.frombuffer(b"".join(name for _, name in held), np.uint8),
        )

    @classmethod
    def from_columns(cls, columns: Sequence[NDArray[Any]], stations: int) -> Self:
        """Those in a register's file with so many stations. Raises ValueError where they do not fit it."""
        named, ends, text = columns
        names = cls(named.astype(np.int32), ends.astype(np.int32), text.astype(np.uint8))
        starts = names.ends[:-1]
        fits = len(names.named) == len(names.ends) and len(names.text) == (names.ends[-1] if len(ends) else 0)
        places = np.concatenate([[-1], names.named, [stations]])
        ascends = (np.diff(places) > 0).all() and (np.diff(names.ends, prepend=0) > 0).all()
        if not fits or not ascends or (names.text[starts] & _FIRST_TWO_BITS == _CONTINUES).any():
            raise ValueError("names of stations do not fit the register")
        names.text.tobytes().decode()
        return names

    @classmethod
    def stored_in(cls, file: Mapping[str, NDArray[Any]], stations: int) -> Self | None:
        """Those in the file of a register with so many stations; None: it has none, as older ones.
        Raises ValueError, and KeyError where one array is missing."""
        if not any(name in file for name in COLUMNS):
            return None
        return cls.from_columns([file[name] for name in COLUMNS], stations)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays by the names that they have in a register's file."""
        return dict(zip(COLUMNS, (self.named, self.ends, self.text), strict=True))

    def __len__(self) -> int:
        return len(self.named)

    def texts(self, stations: int) -> list[str]:
        """The name of each of so many stations in the register's order, '' for one without."""
        found = [""] * stations
        text = self.text.tobytes()
        for place, (start, end) in zip(self.named.tolist(), pairwise([0, *self.ends.tolist()]), strict=True):
            found[place] = text[start:end].decode()
        return found


NO_NAMES: Final = StationNames.of(())
