"""R28: a count above zero that a later version of the form replaces by zeros.

One form does not say it: whoever knows the version before asks.
"""

from __future__ import annotations

from schemas.findings import Finding
from stream_processors.checks.catalogue import finding


def replaced_by_zeros(before: int) -> Finding:
    """The finding, where the options had `before` votes together, above zero."""
    return finding(
        "R28",
        "IV",
        {"before": before},
        id="Versi sebelumnya memuat {before} suara; pada versi ini seluruh perolehan suara nol.",
        en="The version before had {before} votes; in this version all votes are zero.",
    )
