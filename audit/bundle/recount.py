"""Counts the log of a bundle again, by audit.recompute, and compares with what the bundle shows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from audit.bundle import sentences as say
from audit.bundle.compare import COMPARED, difference_count, differences
from audit.bundle.report import Report
from audit.bundle.shown import TOTALS
from audit.receipts import Verdict
from audit.recompute.catalogue import rules_document
from audit.recompute.engine import EngineFailed
from audit.recompute.in_order import PartitionOf
from audit.recompute.recompute import Recomputed, recompute
from schemas.canonical import dumps
from schemas.elections import Election
from schemas.language import Text
from schemas.regions import Registry
from schemas.text import quoted

NAMES: Final = {"decision": "decisions", "finding": "findings", "station": "stations", "total": "totals"}
"""The checks, by the table that each compares."""


ANSWER_SHOWN: Final = 300
"""Characters of the engine's answer in a report."""


def rules_hold(path: Path) -> bool | None:
    """Whether the bundle was counted by the rules that this program knows; None: it does not say."""
    try:
        return path.read_bytes() == dumps(rules_document()) + b"\n"
    except FileNotFoundError:
        return None


def recount(
    report: Report,
    logs: Mapping[int, Sequence[Path]],
    election: Election,
    registry: Registry,
    shown: Path,
    partition_of: PartitionOf | None,
) -> None:
    """Add what the log gives to the report, and the checks of what is shown beside it."""
    try:
        _recount(report, logs, election, registry, shown, partition_of)
    except EngineFailed as error:
        made = {check.name for check in report.checks}
        for name in checks_of(election):
            if name not in made:
                report.check(name, Verdict.NOT_CHECKED, _failed(error))


def _recount(
    report: Report,
    logs: Mapping[int, Sequence[Path]],
    election: Election,
    registry: Registry,
    shown: Path,
    partition_of: PartitionOf | None,
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="rekap-audit-") as folder,
        recompute(logs, election, registry, partition_of, Path(folder)) as done,
    ):
        decided = int(done.engine.value("SELECT count() FROM decision"))
        rows = done.engine.rows(
            "SELECT outcome, count() AS number FROM decision GROUP BY outcome ORDER BY outcome"
        ).to_pylist()
        told = ", ".join(f"{row['number']} {row['outcome']}" for row in rows) or "-"
        report.check(
            "schema",
            Verdict.PROVEN if decided == report.events else Verdict.NOT_CHECKED,
            Text(f"{decided} entri diputuskan: {told}", f"{decided} entries decided: {told}"),
        )
        if election.identity is not None:
            check_signatures(done, report, sorted(logs))
        keyed = partition_of is not None
        report.state_digest = done.units.digest()
        for table in COMPARED:
            name = NAMES[table]
            if not (shown / f"{table}.parquet").is_file():
                report.check(name, Verdict.NOT_CHECKED, _NOT_SHOWN)
                continue
            try:
                wrong = difference_count(done, table, shown, logs, keyed=keyed)
                if wrong:
                    report.found(differences(done, table, shown, logs, keyed=keyed))
            except EngineFailed as error:
                report.check(name, Verdict.NOT_CHECKED, _failed(error))
                continue
            report.check(name, Verdict.FAILED if wrong else Verdict.PROVEN, _compared(done, table, wrong))


def check_signatures(done: Recomputed, report: Report, partitions: Sequence[int]) -> None:
    """That every decision rests on who sent what, and that all partitions were told the same of keys."""
    engine = done.engine
    accepted, signed = (
        engine.rows(
            "SELECT count() AS accepted, countIf(signer != '') AS signed FROM assessed AS a INNER JOIN "
            "(SELECT partition, at FROM decision WHERE outcome = 'accepted') AS d "
            "ON a.partition = d.partition AND a.at = d.at"
        )
        .to_pylist()[0]
        .values()
    )
    invalid = engine.value("SELECT count() FROM decision WHERE reason = 'bad_signature'")
    told = {
        row["partition"]: set(row["ids"])
        for row in engine.rows(
            "SELECT partition, groupArray(id) AS ids FROM decision "
            "WHERE outcome = 'accepted' AND contest = '' AND unit = '' GROUP BY partition"
        ).to_pylist()
    }
    everywhere = set().union(*told.values())
    missing = {one: len(everywhere - told.get(one, set())) for one in partitions}
    wrong = report.found(say.control_missing(one, count) for one, count in missing.items() if count)
    report.check(
        "signatures",
        Verdict.FAILED if wrong else Verdict.PROVEN,
        Text(
            f"{signed} dari {accepted} formulir yang diterima ditandatangani kunci terdaftar; {invalid} "
            "pesan dengan tanda tangan tidak sah ditolak",
            f"{signed} of {accepted} accepted forms are signed by enrolled keys; {invalid} messages with an "
            "invalid signature are rejected",
        ),
    )


def _failed(error: EngineFailed) -> Text:
    why = quoted(error, ANSWER_SHOWN)
    return Text(f"tidak dapat dihitung: {why}", f"could not be counted: {why}")


def checks_of(election: Election | None) -> Sequence[str]:
    """The checks that a recount makes; of an election that can't be read, all but that of signatures."""
    has_keys = election is not None and election.identity is not None
    return ("schema", *(("signatures",) if has_keys else ()), *NAMES.values())


def not_recounted(report: Report, election: Election | None, why: Text) -> None:
    """The checks of a log that could not be counted again."""
    for name in checks_of(election):
        report.check(name, Verdict.NOT_CHECKED, why)


def _compared(done: Recomputed, table: str, wrong: int) -> Text:
    source = {"station": "version", TOTALS: "shown WHERE level != 'station'"}.get(table, table)
    number = int(done.engine.value(f"SELECT count() FROM {source}"))
    return Text(
        f"{number} baris menurut hitungan kedua, {wrong} berbeda dari yang ditampilkan",
        f"{number} rows by the second count, {wrong} differ from what is shown",
    )


_NOT_SHOWN: Final = Text(
    "dihitung ulang, tetapi bundel ini tidak memuat yang ditampilkan",
    "counted again, but this bundle has nothing of what is shown",
)

UNREADABLE: Final = Text(
    "log, definisi, atau daftar wilayah tidak terbaca seluruhnya",
    "the log, the definition or the register can't be read as a whole",
)
