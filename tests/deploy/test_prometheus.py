"""What Prometheus is told to ask and to watch: metrics that there are, where they are."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from monitoring.metrics import REGISTRY
from tests.deploy.compose_files import ROOT, parsed, services, substituted

RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
OPERATIONS: Final = (ROOT / "docs/operations.md").read_text("utf-8")


def series() -> set[str]:
    """The names of all series that a process shows; those of a histogram have endings of their own."""
    kinds = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {
        metric.name + ending
        for metric in REGISTRY.collect()
        if metric.name.startswith("rekap_")
        for ending in kinds[metric.type]
    }


def test_alarms_are_about_metrics_that_there_are() -> None:
    asked = {name for rule in RULES for name in re.findall(r"\brekap_\w+", rule["expr"])}
    assert len(asked) >= 6
    assert asked <= series()


def test_every_alarm_says_what_it_means_and_is_documented() -> None:
    for rule in RULES:
        assert rule["annotations"]["summary"]
        assert f"`{rule['alert']}`" in OPERATIONS


def test_every_metric_is_documented() -> None:
    names = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("rekap_")}
    assert {name for name in names if f"`{name}" not in OPERATIONS} == set()


def test_processes_are_asked_where_they_answer() -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/scrape.yml").read_text("utf-8"))["scrape_configs"]
    (found,) = jobs[0]["dns_sd_configs"]
    assert jobs[0]["job_name"] == "rekap"
    assert all('{job="rekap"}' in rule["expr"] for rule in RULES if "up{" in rule["expr"])
    for name in found["names"]:
        service = services()[name]
        environment = {key: substituted(value) for key, value in service["environment"].items()}
        assert environment["REKAP_METRICS"] == f"0.0.0.0:{found['port']}"
        assert parsed([name], environment).params["metrics"] == ("0.0.0.0", found["port"])
