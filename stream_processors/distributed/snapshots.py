"""Snapshots of partition states on the local disk: they only make the next recovery faster.

A snapshot is the fold of a prefix of the log: loaded or folded again, the state is the same. A snapshot of
another election, register or version of the code, or a damaged one, is ignored, and the log is read from its
beginning instead. Losing a snapshot loses no data.
"""

from __future__ import annotations

import json
import logging
import os
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from monitoring.logs import fields
from schemas.private_files import make_directory
from stream_processors.distributed.count_stage import CountStage
from stream_processors.partition.state import UnitState

FORMAT: Final = 4
"""Of the file and of records; a change of what decisions mean changes it too."""

_SCHEMA: Final = pa.schema(
    [("kind", pa.uint8()), ("contest", pa.uint16()), ("unit", pa.string()), ("record", pa.binary())]
)

ROWS_AT_ONCE: Final = 50_000

log = logging.getLogger(__name__)


class Snapshots:
    """A directory with a file for each partition. `of` names the election, register and partitioning."""

    def __init__(self, directory: Path, of: str) -> None:
        """Make the directory, for this account alone. Raises NotOurs and OSError."""
        make_directory(directory)
        self._directory = directory
        self._of = of

    def save(self, stage: CountStage) -> bool:
        """Save the state of a stage; whether that worked (a full disk is logged and does no harm)."""
        rows = list(stage.state.rows())
        about = {
            **{"format": FORMAT, "of": self._of, "partition": stage.partition, "position": stage.position},
            **{"newest": stage.newest, "accepted": stage.accepted, "leaf": stage.leaf.hex()},
        }
        path = self._path(stage.partition)
        part = path.with_suffix(f".{os.getpid()}.part")  # a worker that lost the partition may save it too
        try:
            schema = _SCHEMA.with_metadata({"about": json.dumps(about)})
            with pa.ipc.new_stream(str(part), schema) as writer:
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    columns = zip(*rows[start : start + ROWS_AT_ONCE], strict=True)
                    arrays = [
                        pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)
                    ]
                    writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            checked = part.with_suffix(".sum")
            checked.write_text(_sum(part), encoding="ascii")
            checked.replace(path.with_suffix(".sum"))
            part.replace(path)  # last: a file whose sum is not its own is not used
        except OSError as error:
            log.warning("A snapshot could not be written.", extra=fields(path=str(path), error=str(error)))
            return False
        return True

    def restore(self, stage: CountStage) -> bool:
        """Restore a fresh stage from its snapshot; False when there is no usable one, and the stage is not
        usable then."""
        path = self._path(stage.partition)
        if not path.exists():
            return False
        try:
            if _sum(path) != path.with_suffix(".sum").read_text(encoding="ascii"):
                raise ValueError("it differs from its checksum")
            with pa.ipc.open_stream(str(path)) as reader:
                about = json.loads(reader.schema.metadata[b"about"])
                _compare(about, {"format": FORMAT, "of": self._of, "partition": stage.partition})
                for batch in reader:
                    columns = (column.to_pylist() for column in batch.columns)
                    stage.state.restore(map(UnitState, *columns))
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            log.warning(
                "Snapshot ignored; the log is read from its beginning.",
                extra=fields(path=str(path), error=str(error)),
            )
            return False
        stage.state.finish_restoring()
        stage.position, stage.newest, stage.accepted = about["position"], about["newest"], about["accepted"]
        stage.leaf = bytes.fromhex(about["leaf"])
        return True

    def _path(self, partition: int) -> Path:
        return self._directory / f"count-events-{partition}.arrow"


def _compare(about: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        if about.get(name) != value:
            raise ValueError(f"its {name} is {about.get(name)}, not {value}")


def _sum(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while some := file.read(1 << 20):
            digest.update(some)
    return digest.hexdigest()
