"""`rekap audit export` and `verify`: a count leaves as files, and is proven where there is no count."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.bundle.report import Report
from audit.bundle.sentences import leaf_differs
from audit.receipts import Verdict
from rekap.render.audit_report import html, markdown, plain
from schemas.language import Language, Text
from tests.rekap.conftest import Rekap, run_rekap


@pytest.fixture(scope="module")
def bundle(kept_count: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the counted messages. Never change it."""
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copytree(kept_count, folder / "data", symlinks=True)
    assert run_rekap("--data", folder / "data", "adopt").code == 0
    assert run_rekap("--data", folder / "data", "audit", "export", folder / "bundle").code == 0
    return folder / "bundle"


def change(bundle: Path, table: str, row: int, **values: object) -> None:
    """Change a row of what is shown, as somebody who edits a projection would."""
    path = bundle / "shown" / f"{table}.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[row] |= values
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(path)), path)


def test_a_bundle_is_proven_with_the_digest_that_verify_prints(
    rekap: Rekap, bundle: Path, own_count: Path
) -> None:
    proven = rekap("audit", "verify", bundle, "--format", "json")
    assert proven.code == 0
    document = proven.json
    assert document["verdict"] == "proven"
    assert document["findings"] == []
    assert {check["verdict"] for check in document["checks"]} == {"proven"}
    assert [check["name"] for check in document["checks"]] == [
        *("manifest", "entries", "tree", "checkpoint", "rules", "schema"),
        *("decisions", "findings", "stations", "totals"),
    ]
    assert [one["name"] for one in document["not_required"]] == ["cosignatures", "history", "signatures"]
    verified = rekap("--data", own_count, "verify", "--format", "json").json
    assert (document["state_digest"], document["events"]) == (verified["state_digest"], verified["events"])


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_report_is_written_for_people(language: Language) -> None:
    report = Report(election="<b>pemilu|2024", events=3, state_digest="0" * 64)
    report.check("manifest", Verdict.PROVEN, Text("baik", "well"))
    report.check("entries", Verdict.FAILED, Text("buruk", "badly"))
    report.without("history", Text("tanpa", "without"))
    report.found([leaf_differs(0, 7)])
    failed, sentence = {"id": ("gagal", "hash yang tercatat"), "en": ("failed", "the hash that")}[language]
    for text in ("\n".join(plain(report, language)), markdown(report, language), html(report, language)):
        assert failed in text
        assert sentence in text
        assert "0" * 64 in text
    assert "<b>" not in html(report, language)
    assert "<b>" not in markdown(report, language)


def test_what_is_shown_and_does_not_follow_from_the_log_is_named(
    rekap: Rekap, bundle: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    totals = pq.read_table(copy / "shown/total.parquet").to_pylist()
    row = next(number for number, one in enumerate(totals) if '"votes.1":' in one["cells"])
    cells = json.loads(totals[row]["cells"])
    edited = json.dumps(cells | {"votes.1": 9_999}, sort_keys=True, separators=(",", ":"))
    change(copy, "total", row, cells=edited)
    change(copy, "decision", 3, outcome="rejected")
    for table, keep, more in (("station", slice(1, None), []), ("finding", slice(None), [0])):
        path = copy / "shown" / f"{table}.parquet"
        rows = pq.read_table(path)
        kept = rows.to_pylist()
        kept = [*kept[keep], *[kept[number] for number in more]]
        pq.write_table(pa.Table.from_pylist(kept, schema=rows.schema), path)
    failed = rekap("audit", "verify", copy, "--format", "json")
    assert failed.code == 1
    verdicts = {check["name"]: check["verdict"] for check in failed.json["checks"]}
    assert [name for name, verdict in verdicts.items() if verdict != "proven"] == [
        "manifest",
        "decisions",
        "findings",
        "stations",
        "totals",
    ]
    found = {one["kind"]: one for one in failed.json["findings"]}
    assert (found["decision_differs"]["partition"], found["decision_differs"]["index"]) == (0, 3)
    place = ", ".join((totals[row]["contest"], totals[row]["level"], totals[row]["unit"]))
    assert found["total_differs"]["sentence"]["en"] == (
        f"The total {place}, votes.1: the log gives {cells['votes.1']}, shown is 9999."
    )
    assert found["total_differs"]["sentence"]["id"].startswith(f"Jumlah {place}, votes.1:")
    told = " ".join(one["sentence"]["en"] for one in failed.json["findings"])
    assert "follows from the log, and is not shown" in told
    assert "is shown 2 times" in told


def test_a_bundle_that_shows_nothing_is_not_proven(rekap: Rekap, bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    (copy / "shown" / "station.parquet").unlink()
    (copy / "shown" / "total.parquet").write_bytes(b"PAR1 damaged PAR1")
    table = pq.read_table(copy / "shown" / "finding.parquet")
    pq.write_table(table.drop_columns("rule"), copy / "shown" / "finding.parquet")
    document = rekap("audit", "verify", copy, "--format", "json").json
    assert document["state_digest"] is not None
    verdicts = {check["name"]: check["verdict"] for check in document["checks"]}
    assert verdicts["manifest"] == "failed"
    assert {verdicts[name] for name in ("findings", "stations", "totals")} == {"not_checked"}
    assert verdicts["decisions"] == "proven"


def test_wrong_usage_is_told(rekap: Rekap, bundle: Path, tmp_path: Path, own_count: Path) -> None:
    assert rekap("audit", "verify", tmp_path / "nowhere").code == 2
    assert "There is no whole bundle" in rekap("audit", "verify", tmp_path / "nowhere").err
    assert rekap("audit", "verify", bundle, "--out", tmp_path / "x").code == 2
    assert rekap("--data", own_count, "audit", "export", bundle).code == 2
    assert rekap("--data", own_count, "audit", "export", tmp_path / "b", "--format", "html").code == 2
