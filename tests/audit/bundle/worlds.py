"""Small bundles: a log in memory, published as its notary would, and exported into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audit.bundle.export import Exported, Source, export_bundle
from audit.bundle.report import Report
from audit.bundle.verify import verify_log
from audit.recompute.catalogue import rules_document
from schemas.regions import Registry
from tests.transparency.notary_worlds import MemoryLog
from tests.transparency.trees import LOG, ORIGIN
from tests.worlds import election, registry
from transparency.checkpoint import Checkpoint
from transparency.keys import NoteSigner
from transparency.tile_builder import TileBuilder

ELECTION: Final = election(count_unlisted_stations=True)
REGISTRY: Final[Registry] = registry()


def publish(raws: Sequence[bytes], folder: Path, signer: NoteSigner = LOG) -> bytes:
    """Write checkpoint, key and tiles of a log of these entries; the checkpoint."""
    builder = TileBuilder()
    for resource in [*builder.add(raws), *builder.partial()]:
        path = folder / resource.tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(resource.content)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.vkey").write_text(f"{signer.verifier.encode()}\n")
    note = Checkpoint(ORIGIN, builder.size, builder.root()).signed(signer).encode()
    (folder / "checkpoint").write_bytes(note)
    return note


def export(raws: Sequence[bytes], published: Path, out: Path) -> Exported:
    """The bundle of a log of these entries, beside what is published."""
    log = MemoryLog()
    log.append(*raws)
    return export_bundle(Source(log, ELECTION, REGISTRY, [published], rules_document()), out)


def bundle_of(raws: Sequence[bytes], folder: Path) -> Path:
    """An untouched bundle of a log of these entries."""
    publish(raws, folder / "published")
    export(raws, folder / "published", folder / "bundle")
    return folder / "bundle"


def checked(bundle: Path, known: Sequence[bytes] = ()) -> Report:
    """The report on files and log of a bundle."""
    report = Report()
    verify_log(bundle, report, None, known)
    return report


def numbered(count: int) -> list[bytes]:
    """Entries that are all different."""
    return [b'{"number":%d}' % number for number in range(count)]
