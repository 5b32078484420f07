"""The rules as the public reads them: docs/rules.md names each, and its examples are what the code says."""

from __future__ import annotations

from pathlib import Path

from stream_processors.checks import ALL_RULES, RULES
from stream_processors.checks.replaced import replaced_by_zeros
from tests.stream_processors.checks.cases import CASES
from tests.stream_processors.checks.examples import changed, findings, form_context

DOCS = Path(__file__).parents[3] / "docs" / "rules.md"


def rows() -> dict[str, list[str]]:
    """The cells of the table in docs/rules.md, by rule code."""
    found = {}
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        code = cells[0].strip("`")
        if line.startswith("| `"):
            assert code not in found, code
            found[code] = cells
    return found


def test_every_rule_is_documented_and_every_documented_rule_exists() -> None:
    assert list(rows()) == list(ALL_RULES)


def test_the_documented_severity_is_the_severity() -> None:
    assert {code: cells[1] for code, cells in rows().items()} == {
        code: rule.severity.value for code, rule in ALL_RULES.items()
    }


def test_every_documented_example_is_a_sentence_of_that_rule() -> None:
    said: dict[str, set[tuple[str, str]]] = {}
    for case in CASES:
        around = form_context(case.ballot, **case.around)
        for one in findings(changed(case.document, case.changes), around):
            said.setdefault(one.rule, set()).add((one.said.id, one.said.en))
    zeros = replaced_by_zeros(60).said
    said["R28"] = {(zeros.id, zeros.en)}
    for code, cells in rows().items():
        if code in ("R29", "R30"):
            continue  # made by a view: tests/sinks/test_findings_across.py
        indonesian, _, english = cells[-1].partition("<br>")
        assert (indonesian, english) in said[code], code


def test_titles_are_given_in_both_languages() -> None:
    for rule in ALL_RULES.values():
        assert rule.title.id
        assert rule.title.en
        assert rule.title.id != rule.title.en or rule.code == "R02"


def test_codes_stand_in_their_order() -> None:
    assert list(RULES) == sorted(RULES)
