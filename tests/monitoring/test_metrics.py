"""Metrics: each declared once, under a name that says its unit, with what moves it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from monitoring import metrics
from schemas.rejections import Reason
from tests.test_architecture import PACKAGES

ROOT = Path(__file__).parents[2]
DECLARED: dict[str, MetricWrapperBase] = {
    name: value for name, value in vars(metrics).items() if isinstance(value, Counter | Gauge | Histogram)
}


def family(metric: MetricWrapperBase) -> tuple[str, str]:
    """The name and help of a metric as Prometheus sees them."""
    described = next(iter(metric.describe()))
    return described.name, described.documentation


@pytest.mark.parametrize("name", DECLARED)
def test_a_metric_is_ours_and_says_what_moves_it(name: str) -> None:
    shown, said = family(DECLARED[name])
    assert shown.startswith("rekap_")
    assert "Moved by" in said or "Set " in said
    assert said.endswith(".")


def moved_in(tree: ast.AST) -> Iterator[str]:
    """The names of what a module counts, sets or observes, as in metrics.METRIC.labels(...).inc()."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in ("inc", "set", "observe"):
            metric = node.func.value
            if isinstance(metric, ast.Call) and isinstance(metric.func, ast.Attribute):
                metric = metric.func.value  # of .labels(...)
            if isinstance(metric, ast.Name):
                yield metric.id
            elif isinstance(metric, ast.Attribute):
                yield metric.attr


def test_every_metric_is_moved_by_some_module() -> None:
    moved = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path != Path(metrics.__file__)
        for name in moved_in(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert DECLARED.keys() - moved == set()


def test_no_two_metrics_have_one_name() -> None:
    names = [family(metric)[0] for metric in DECLARED.values()]
    assert len(set(names)) == len(names)


def test_all_of_them_are_shown_and_can_be_read() -> None:
    text = generate_latest(metrics.REGISTRY).decode()
    shown = {found.name for found in text_string_to_metric_families(text)}
    assert {family(metric)[0] for metric in DECLARED.values()} <= shown
    assert "process_resident_memory_bytes" in shown


def test_every_reason_has_a_series_before_anything_was_rejected() -> None:
    text = generate_latest(metrics.REGISTRY).decode()
    for reason in Reason:
        assert f'rekap_events_rejected_total{{reason="{reason}"}}' in text


def test_metrics_are_declared_nowhere_else() -> None:
    elsewhere = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        if package != "monitoring"
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prometheus_client")
    ]
    assert elsewhere == []
