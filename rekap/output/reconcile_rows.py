"""The columns of `rekap reconcile` in CSV and Parquet."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_TEXT: Final = pa.string()
_INT: Final = pa.int64()
_PLACE: Final = [(name, _TEXT) for name in ("level", "region", "name", "contest")]
_COMPARED: Final = [(name, _INT) for name in ("certified", "computed", "difference")]


def differences_schema() -> pa.Schema:
    """Rows of cells that differ."""
    return pa.schema(
        [
            *_PLACE,
            ("cell", _TEXT),
            ("complete", pa.bool_()),
            *_COMPARED,
            *((name, _TEXT) for name in ("reason", "signer", "shift", "document")),
            ("version", _INT),
        ]
    )


def counts_schema() -> pa.Schema:
    """Rows of `--count`."""
    numbers = ("documents", "compared", "differing", "differing_incomplete", "cells", "open")
    return pa.schema([("contest", _TEXT), ("level", _TEXT), *((name, _INT) for name in numbers)])


def court_schema() -> pa.Schema:
    """Rows of `--court`."""
    return pa.schema(
        [*_PLACE, ("option", _TEXT), ("option_name", _TEXT), ("complete", pa.bool_()), *_COMPARED]
    )
