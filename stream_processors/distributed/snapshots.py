"""Snapshots of partitions' states on the local disk: they only make the next start faster.

A snapshot is a prefix of the log folded: read from a disk or folded again, the state is the same. One that is
of another election, register or version of the code, or damaged, is left aside, and the log is read from its
beginning instead. Nothing is lost with it, and nothing has to be kept.
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
from stream_processors.distributed.count_hop import CountHop

FORMAT: Final = 2
"""Of the file and of records; a change of what decisions mean changes it too."""

_SCHEMA: Final = pa.schema(
    [("is_recap", pa.uint8()), ("contest", pa.uint16()), ("unit", pa.string()), ("record", pa.binary())]
)

ROWS_AT_ONCE: Final = 50_000

log = logging.getLogger(__name__)


class Snapshots:
    """A directory with a file for each partition. `of` names the election, register and partitioning."""

    def __init__(self, directory: Path, of: str) -> None:
        """Make the directory. Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._of = of

    def save(self, hop: CountHop) -> bool:
        """Keep the hop's state; whether that worked (a full disk is said and does no harm)."""
        rows = list(hop.state.rows())
        about = {
            **{"format": FORMAT, "of": self._of, "partition": hop.partition, "position": hop.position},
            **{"newest": hop.newest, "accepted": hop.accepted, "leaf": hop.leaf.hex()},
        }
        path = self._path(hop.partition)
        part = path.with_suffix(f".{os.getpid()}.part")  # a worker that lost the partition may save it too
        try:
            schema = _SCHEMA.with_metadata({"about": json.dumps(about)})
            with pa.ipc.new_stream(str(part), schema) as writer:
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    columns = zip(*rows[start : start + ROWS_AT_ONCE], strict=True)
                    arrays = [
                        pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)
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

    def restore(self, hop: CountHop) -> bool:
        """Put a fresh hop where its snapshot stands; False when there is none that can be used, and the hop
        can't either then."""
        path = self._path(hop.partition)
        if not path.exists():
            return False
        try:
            if _sum(path) != path.with_suffix(".sum").read_text(encoding="ascii"):
                raise ValueError("it differs from its checksum")
            with pa.ipc.open_stream(str(path)) as reader:
                about = json.loads(reader.schema.metadata[b"about"])
                _compare(about, {"format": FORMAT, "of": self._of, "partition": hop.partition})
                for batch in reader:
                    hop.state.restore(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            log.warning(
                "A snapshot is left aside; the log is read from its beginning.",
                extra=fields(path=str(path), error=str(error)),
            )
            return False
        hop.state.finish_restoring()
        hop.position, hop.newest, hop.accepted = about["position"], about["newest"], about["accepted"]
        hop.leaf = bytes.fromhex(about["leaf"])
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
