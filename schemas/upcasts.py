"""Old events read by today's code: one small function for each step from a version to the next.

Stored bytes are never rewritten, and an event's id is always that of its stored bytes; only what is
read from them is lifted. A step must be total: every document valid in its version has a successor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Document = dict[str, Any]
Upcast = Callable[[Document], Document]

UPCASTS: Final[dict[tuple[str, int], Upcast]] = {}
"""(event type, version) -> the function that turns such a document into one of version + 1."""


def upcast(document: Document, current: int, steps: Mapping[tuple[str, int], Upcast] = UPCASTS) -> Document:
    """`document` lifted step by step to version `current`; a document without steps is returned as it is.

    Types without a step for a version did not change in it. The result of a step need not state its
    version; it is set here.
    """
    version = document.get("schema_version")
    kind = document.get("type")
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(kind, str):
        return document
    while 1 <= version < current:
        step = steps.get((kind, version))
        version += 1
        document = {**(step(document) if step else document), "schema_version": version}
    return document
