"""What verifying a bundle comes to: checks with a verdict each, and findings that name a place.

A check is proven, failed or not checked; a bundle is proven only where every check is. What an election does
not require is listed apart, with the reason, and is never counted as proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from audit.receipts import Verdict
from schemas.language import Language, Text

FINDINGS_KEPT: Final = 1_000
"""Findings that are listed; the count of them covers all."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name for programs, its verdict, and what was compared, in a sentence."""

    name: str
    verdict: Verdict
    detail: Text


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is not as it should be. `partition` and `index` (in the tree) are None where no entry
    is concerned."""

    kind: str
    partition: int | None
    index: int | None
    sentence: Text

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "kind": self.kind,
            "partition": self.partition,
            "index": self.index,
            "sentence": self.sentence._asdict(),
        }


@dataclass(slots=True)
class Report:
    """The report on one bundle. `not_required`: what the election or the auditor asks nothing of."""

    election: str = ""
    checks: list[Check] = field(default_factory=list)
    not_required: list[Check] = field(default_factory=list)
    findings: list[Found] = field(default_factory=list)
    finding_count: int = 0
    events: int = 0
    state_digest: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Failed where any check failed, proven only where all are."""
        verdicts = {check.verdict for check in self.checks}
        if Verdict.FAILED in verdicts:
            return Verdict.FAILED
        return Verdict.PROVEN if verdicts == {Verdict.PROVEN} else Verdict.NOT_CHECKED

    def found(self, findings: Iterable[Found]) -> int:
        """Take findings in; how many there were."""
        count = 0
        for one in findings:
            count += 1
            if len(self.findings) < FINDINGS_KEPT:
                self.findings.append(one)
        self.finding_count += count
        return count

    def check(self, name: str, verdict: Verdict, detail: Text) -> None:
        """Add a check."""
        self.checks.append(Check(name, verdict, detail))

    def without(self, name: str, detail: Text) -> None:
        """Add a check that nobody requires."""
        self.not_required.append(Check(name, Verdict.NOT_CHECKED, detail))

    def as_dict(self, language: Language) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "verdict": self.verdict.value,
            "election": self.election,
            "checks": [
                {"name": one.name, "verdict": one.verdict.value, "detail": one.detail.within(language)}
                for one in self.checks
            ],
            "not_required": [
                {"name": one.name, "detail": one.detail.within(language)} for one in self.not_required
            ],
            "events": self.events,
            "state_digest": self.state_digest,
            "finding_count": self.finding_count,
            "findings": [one.as_dict() for one in self.findings],
        }
