"""R14, first half: no figure of the form exceeds what its boxes can hold.

Which figures those are is known to the module of each block. The lower end, zero, is held by the schema.
"""

from __future__ import annotations

from schemas.findings import Finding
from schemas.language import Text
from stream_processors.checks.catalogue import finding
from stream_processors.checks.names import begin


def figure_too_large(place: str, name: Text, figure: int, limit: int) -> Finding:
    """R14 for the figure at `place`, which is called `name` in the sentence."""
    return finding(
        "R14",
        place,
        {"figure": figure, "limit": limit},
        id="{name} tertulis {figure}, di luar batas isian 0 sampai {limit}.",
        en="{name}: the form says {figure}, outside the range of the field, 0 to {limit}.",
        terms={"name": begin(name)},
    )
