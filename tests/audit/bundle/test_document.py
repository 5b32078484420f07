"""Every example of docs/audit.md is what the code makes, and it names every finding that there is."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from audit.bundle import sentences
from audit.bundle.alignment import EditKind
from audit.bundle.layout import LOG_SCHEMA, FileLine, Manifest, PartitionLine
from audit.bundle.shown import _SCHEMAS
from audit.recompute.catalogue import HARD_RULES, SOFT_RULES
from schemas.canonical import canonical
from schemas.findings import Severity
from schemas.tallies import state_digest
from stream_processors.checks.catalogue import ALL_RULES
from transparency.merkle import leaf_hash

TEXT: Final = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")
BLOCKS: Final = dict(re.findall(r"^```(\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


def test_the_leaf_of_the_example() -> None:
    entry = re.search(r"zero byte and the entry\. For `(.*)`:", TEXT)
    assert entry is not None
    assert leaf_hash(entry[1].encode()).hex() == BLOCKS["leaf"].strip()


def test_the_digest_of_the_example() -> None:
    lines = BLOCKS["rows"].splitlines()
    rows = [json.loads(line) for line in lines]
    assert [canonical(row).decode() for row in rows] == lines
    hashes = sorted(sha256(line.encode()).digest() for line in lines)
    assert sha256(b"".join(hashes)).hexdigest() == BLOCKS["digest"].strip()
    assert state_digest(tuple(row) for row in rows) == BLOCKS["digest"].strip()


def test_every_file_is_described_with_its_columns() -> None:
    for name, schema in _SCHEMAS.items():
        (line,) = [one for one in TEXT.splitlines() if one.startswith(f"| `shown/{name}.parquet`")]
        assert all(f"`{column}`" in line for column in schema.names), name
    (line,) = [one for one in TEXT.splitlines() if one.startswith("| `log/<partition>/")]
    assert all(f"`{column}`" in line for column in LOG_SCHEMA.names)
    (line,) = [one for one in TEXT.splitlines() if one.startswith("| `manifest.json`")]
    for part in (Manifest, PartitionLine, FileLine):
        assert all(f'"{field}"' in line for field in part.model_fields)


def test_every_finding_is_described() -> None:
    source = Path(sentences.__file__).read_text(encoding="utf-8")
    kinds = set(re.findall(r'Found\("(\w+)"', source)) | {kind.value for kind in EditKind}
    not_in_the_table = {
        *("entries_replaced", "number_differs", "position_differs", "log_unreadable"),
        *("root_differs", "manifest_invalid", "manifest_differs"),
    }
    assert {kind for kind in kinds if f"`{kind}`" not in TEXT} == not_in_the_table


def test_the_rules_of_a_bundle_are_those_of_the_count() -> None:
    of_one_unit = {code: rule for code, rule in ALL_RULES.items() if code not in ("R29", "R30")}
    hard = {code for code, rule in of_one_unit.items() if rule.severity is Severity.HARD}
    assert (set(HARD_RULES), set(SOFT_RULES)) == (hard, set(of_one_unit) - hard)
