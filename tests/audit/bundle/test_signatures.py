"""Who signed what: proven from the log of an election with keys, and what one partition was not told."""

from __future__ import annotations

from pathlib import Path

from audit.bundle.recount import check_signatures
from audit.bundle.report import Report
from audit.receipts import Verdict
from audit.recompute.recompute import recompute
from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.audit.recompute.against_the_fold import write_log
from tests.audit.recompute.test_signed import PARTITIONS, partition_of, placed
from tests.keys import by_root, signed_world
from tests.rekap.conftest import run_rekap
from tests.stream_processors.embedded.test_without_a_key import honest, hostile


def test_a_bundle_of_an_election_with_keys_is_proven(tmp_path: Path) -> None:
    there = signed_world()
    directory = DataDirectory.create(tmp_path / "count", there.election, there.registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit([*honest(), *hostile(honest())])
    data = ("--data", directory.path)
    assert run_rekap(*data, "audit", "export", tmp_path / "bundle").code == 0
    ran = run_rekap("audit", "verify", tmp_path / "bundle", "--format", "json")
    verdicts = {one["name"]: one["verdict"] for one in ran.json["checks"]}
    assert (ran.code, ran.json["verdict"], verdicts["signatures"]) == (0, "proven", "proven")
    assert "signatures" not in [one["name"] for one in ran.json["not_required"]]
    verified = run_rekap(*data, "verify", "--format", "json").json
    assert ran.json["state_digest"] == verified["state_digest"]


def signatures_of(folder: Path, log: list[tuple[bytes, bytes | None, int]]) -> Report:
    """The report of that check on a log with partitions."""
    there, report = signed_world(), Report()
    logs = write_log(folder, log)
    with recompute(logs, there.election, there.registry, partition_of, folder) as done:
        check_signatures(done, report, range(PARTITIONS))
    return report


def test_a_pause_that_one_partition_was_not_told_of_is_found(tmp_path: Path) -> None:
    log = [place for raw in honest() for place in placed(raw)]
    assert signatures_of(tmp_path, log).verdict is Verdict.PROVEN
    pause = by_root("CountingPaused", {"note": "putusan"}, at="2024-02-15T12:00:00+07:00")
    report = signatures_of(tmp_path, [*log, placed(pause)[0]])
    assert report.verdict is Verdict.FAILED
    assert [(one.kind, one.partition) for one in report.findings] == [("control_missing", 1)]
