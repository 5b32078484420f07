"""The events as a JSON Schema (draft 2020-12), for senders in other languages.

A schema sees the shape of a message only: not a key given twice, the size, the encoding, an integer written
`200.0`, a day that the calendar lacks, or an id that is not the hash of its event. `decode` is the judge.

    python -m schemas.export            writes schemas/jsonschema/event.schema.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from schemas.control_events import Event

SCHEMA_FILE: Final = Path(__file__).parent / "jsonschema" / "event.schema.json"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def export_schema() -> dict[str, Any]:
    """The JSON Schema of every event that today's version writes."""
    schema = TypeAdapter[Any](Event).json_schema()
    closed: dict[str, Any] = _closed(schema)
    return {
        "$schema": DIALECT,
        "title": "Event",
        "description": "One report about a count of votes. See docs/events.md for what each field means.",
        **closed,
    }


def schema_text() -> str:
    """The text of SCHEMA_FILE."""
    return json.dumps(export_schema(), indent=2, ensure_ascii=False) + "\n"


def _closed(value: Any) -> Any:
    """Maps whose keys have a pattern take no other keys: pydantic checks that and does not write it."""
    if isinstance(value, dict):
        inner = {key: _closed(part) for key, part in value.items()}
        if "patternProperties" in inner:
            inner["additionalProperties"] = False
        return inner
    return [_closed(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
