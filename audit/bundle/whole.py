"""Verifies a whole bundle: its log, and what the log gives beside what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from audit.bundle.layout import RULES, SHOWN, Manifest
from audit.bundle.recount import UNREADABLE, not_recounted, recount, rules_hold
from audit.bundle.report import Report
from audit.bundle.verify import OnProgress, Opened, verify_log
from audit.receipts import Verdict
from audit.recompute.in_order import PartitionOf
from event_log.kafka.partitioner import partition_of as partition_of_key
from schemas.language import Text
from transparency.policy import Policy


def verify_bundle(
    bundle: Path,
    policy: Policy | None,
    known: Sequence[bytes],
    on_progress: OnProgress | None = None,
    on_recount: Callable[[], None] | None = None,
) -> Report:
    """The report on a bundle; see verify_log for what is given. Raises NoBundle and OSError."""
    report = Report()
    opened = verify_log(bundle, report, policy, known, on_progress)
    if on_recount is not None:
        on_recount()
    _recount(bundle, opened, report)
    if opened.election is not None and opened.election.identity is None:
        report.without("signatures", _NOT_SIGNED)
    return report


def _recount(bundle: Path, opened: Opened, report: Report) -> None:
    manifest, election, registry = opened.manifest, opened.election, opened.registry
    unreadable = any(chain.unreadable for chain in opened.chains.values())
    if manifest is None or election is None or registry is None or unreadable:
        not_recounted(report, election, UNREADABLE)
        return
    if rules_hold(bundle / RULES) is not True:
        report.check("rules", Verdict.FAILED, _OTHER_RULES)
    else:
        report.check("rules", Verdict.PROVEN, _SAME_RULES)
    recount(report, opened.chunks, election, registry, bundle / SHOWN, partitions_of(manifest))


def partitions_of(manifest: Manifest) -> PartitionOf | None:
    """The partition of a key, in a log whose entries have keys."""
    if not manifest.keyed:
        return None
    count = len(manifest.partitions)
    return lambda key: partition_of_key(key, count)


_SAME_RULES: Final = Text(
    "aturan formulir sama dengan yang dikenal di sini",
    "the rules of forms are those known here",
)
_OTHER_RULES: Final = Text(
    "bundel ini dihitung dengan aturan formulir yang lain, atau tidak menyebutkannya",
    "this bundle was counted by other rules of forms, or does not state them",
)
_NOT_SIGNED: Final = Text(
    "definisi pemilu ini tidak menyebut kunci: siapa yang mengirim suatu peristiwa tidak terbukti",
    "the definition of this election names no keys: who sent an event is not proven",
)
