"""The exported JSON Schema: it is current, and it sees what a schema can see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from schemas.export import SCHEMA_FILE, export_schema, schema_text
from schemas.rejections import Reason
from tests.schemas.examples import invalid, name, valid

CANNOT_SEE: Final = {
    "duplicate_key.json": "a parser has dropped one of the two",
    "duplicate_key_on_the_form.json": "a parser has dropped one of the two",
    "too_large.json": "size is no part of the document",
    "figure_written_as_fraction.json": "200.0 is an integer to a schema",
    "figure_with_exponent.json": "2e2 is an integer to a schema",
    "time_that_never_was.json": "30 February has the right shape",
    "lone_surrogate.json": "Python's parser lets it through",
}
"""Malformed messages that fit the schema, and why. The list may only become shorter."""


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft202012Validator(export_schema())


def parsed(path: Path) -> Any:
    """The document in `path`; None where it is no JSON in UTF-8."""
    try:
        return json.loads(path.read_bytes().decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def test_the_file_is_current() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run: python -m schemas.export"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(export_schema())


@pytest.mark.parametrize("path", valid(), ids=name)
def test_a_valid_example_fits(validator: Any, path: Path) -> None:
    validator.validate(parsed(path))


@pytest.mark.parametrize("path", invalid(Reason.MALFORMED), ids=name)
def test_a_malformed_example_does_not_fit_unless_no_schema_can_see_it(validator: Any, path: Path) -> None:
    document = parsed(path)
    assert validator.is_valid(document) == (path.name in CANNOT_SEE)


def test_what_the_schema_can_not_see_are_examples() -> None:
    assert CANNOT_SEE.keys() <= {path.name for path in invalid(Reason.MALFORMED)}


@pytest.mark.parametrize("path", invalid(Reason.UNKNOWN_SCHEMA_VERSION), ids=name)
def test_a_newer_version_does_not_fit(validator: Any, path: Path) -> None:
    assert not validator.is_valid(parsed(path))


@pytest.mark.parametrize("path", invalid(Reason.WRONG_EVENT_ID), ids=name)
def test_no_schema_can_see_a_wrong_id(validator: Any, path: Path) -> None:
    assert validator.is_valid(parsed(path))
