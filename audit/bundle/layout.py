"""The files of a bundle: their names, the columns of the log, and the manifest.

    manifest.json                  every other file with its size and SHA-256; counts by partition
    election.json  registry.npz    definition and register, as in a data directory
    rules.json                     the rules of forms: code and severity
    witness.policy                 the witnesses asked for (absent: none)
    log/<partition>/<first>.parquet   the entries of the log, in order
    tlog/<partition>/              checkpoint, log.vkey and tiles (c2sp.org/tlog-tiles)
    shown/<table>.parquet          what the count shows: decisions, findings, stations and totals
    keys/                          keys and their enrolments (absent: no event is signed)

The manifest is written last: a bundle without one is not whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError, model_validator

from schemas.canonical import dumps

FORMAT: Final = 1
"""Of the bundles that this code writes."""

MANIFEST: Final = "manifest.json"
JOURNAL: Final = "export.json"
ELECTION: Final = "election.json"
REGISTRY: Final = "registry.npz"
RULES: Final = "rules.json"
POLICY: Final = "witness.policy"
LOG: Final = "log"
TLOG: Final = "tlog"
SHOWN: Final = "shown"
VKEY: Final = "log.vkey"

CHUNK_ENTRIES: Final = 51_200
"""Entries of a Parquet file: 200 bundles of the tree, some 30 to 80 MB of bytes unpacked."""

MAX_MANIFEST_BYTES: Final = 16 * 1024**2
"""Four million entries have 32,000 tiles of 150 bytes a line: 5 MB. As values it is twenty times as large."""

MAX_ENTRIES: Final = 10_000_000
"""Of all partitions: a nation has four million forms and some corrections. Of each a hash is in memory."""

MAX_PARTITIONS: Final = 1_000
"""A log of a nation on Kafka has 64 at most."""

READ_BYTES: Final = 1024**2
"""Read at once to hash a file."""

LOG_SCHEMA: Final = pa.schema(
    [
        pa.field("index", pa.int64(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("recorded_at", pa.int64(), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("leaf", pa.binary(), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
    ]
)
"""An entry: its number in the tree, its position in the log, when it was recorded (microseconds since 1970),
its key on Kafka, its leaf hash as the log keeps it, and its bytes as they stand in the tree."""

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileLine(_Part):
    """A file: its path below the bundle, its size and its hash."""

    path: str
    bytes: Annotated[int, Field(ge=0)]
    sha256: Hash


class PartitionLine(_Part):
    """A partition: how many entries are in the bundle, and how many the checkpoint covers (null: no
    checkpoint)."""

    partition: Annotated[int, Field(ge=0)]
    entries: Annotated[int, Field(ge=0)]
    covered: Annotated[int, Field(ge=0)] | None


class Manifest(_Part):
    """The manifest. `keyed`: the log's entries have keys that decide their partition (Kafka)."""

    format: int
    election: str
    election_hash: Hash
    registry_hash: Hash
    keyed: bool
    partitions: Annotated[list[PartitionLine], FailFast(), Field(max_length=MAX_PARTITIONS)]
    files: Annotated[list[FileLine], FailFast()]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if [line.partition for line in self.partitions] != list(range(len(self.partitions))):
            raise ValueError("its partitions are not 0, 1, 2 and so on")
        if sum(line.entries for line in self.partitions) > MAX_ENTRIES:
            raise ValueError(f"it announces more than {MAX_ENTRIES} entries")
        return self

    def encode(self) -> bytes:
        """The one spelling of this manifest: canonical JSON and a line feed."""
        return dumps(self.model_dump(mode="json")) + b"\n"

    @classmethod
    def parse(cls, raw: bytes) -> Manifest:
        """The manifest that `encode` wrote. Raises ValueError, also for another spelling of it."""
        try:
            manifest = cls.model_validate(json.loads(raw))
        except (ValidationError, RecursionError, UnicodeDecodeError) as error:
            raise ValueError(str(error)) from None
        if manifest.encode() != raw:
            raise ValueError("it is not in its canonical form")
        return manifest


@dataclass(frozen=True, slots=True)
class Journal:
    """What a bundle is made of, written first: an export goes on only where all of it is the same."""

    election_hash: str
    registry_hash: str
    checkpoints: tuple[str, ...]

    def encode(self) -> bytes:
        """As a file."""
        document: dict[str, Any] = asdict(self) | {"checkpoints": list(self.checkpoints)}
        return dumps(document) + b"\n"


def chunk_name(first: int) -> str:
    """The file of the entries from `first` on."""
    return f"{first:012}.parquet"


def file_line(root: Path, path: Path) -> FileLine:
    """The line of a file below `root`. Raises OSError."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
            size += len(part)
    return FileLine(path=path.relative_to(root).as_posix(), bytes=size, sha256=digest.hexdigest())


def files_below(root: Path) -> Iterator[Path]:
    """Every file of a bundle but its manifest and journal, in the order of their names."""
    for path in sorted(root.rglob("*")):
        if not path.is_dir() and path not in (root / MANIFEST, root / JOURNAL):
            yield path
