"""The stations of forms as columns: what their figures are drawn from.

It carries keys and sizes only; what is drawn from them stands in figures.py and votes.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.simulator.draws import Bits, Ints


@dataclass(frozen=True, slots=True)
class StationColumns:
    """One row a form. Keys, mixed with the seed: of the station; of the form (station and contest); of the
    regions (levels x rows, from the nation down to the village); of the constituency. Further the registered
    voters (UNKNOWN: not said), whether votes are handed over as the village agreed, and the number of the
    ballot's layout in its contest's table."""

    station: Bits
    form: Bits
    regions: NDArray[np.uint64]
    constituency: Bits
    registered: Ints
    by_head: NDArray[np.bool_]
    layout: Ints

    def of(self, rows: Ints) -> StationColumns:
        """The stations of those rows."""
        return StationColumns(
            self.station[rows],
            self.form[rows],
            self.regions[:, rows],
            self.constituency[rows],
            self.registered[rows],
            self.by_head[rows],
            self.layout[rows],
        )
