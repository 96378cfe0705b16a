"""What is seen from outside: the table of metrics, the dashboard and the alert rules name what the code really has."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import bolt_app
import shared
import webhook_receiver

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs/metrics.md").read_text("utf-8")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/pagebridge.json").read_text("utf-8"))
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
UNITS = ("_seconds", "_bytes")
NUMBERS = ("le", "instance", "job")
"""Labels that every metric may have in Prometheus."""


def metrics() -> list[MetricWrapperBase]:
    """List every metric of the project, each where its module is imported."""
    for package in (bolt_app, shared, webhook_receiver):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = {id(each): each for each in REGISTRY._names_to_collectors.values() if isinstance(each, MetricWrapperBase)}
    ours = [each for each in found.values() if each._name.startswith("pagebridge_")]
    return sorted(ours, key=lambda each: each._name)


METRICS = metrics()
SAMPLES = {each._name + suffix: each for each in METRICS for suffix in SUFFIXES[str(each._type)]}


def table() -> Iterator[str]:
    """Write the table of docs/metrics.md."""
    yield "| Metric | Kind | Labels | Meaning |"
    yield "| --- | --- | --- | --- |"
    for each in METRICS:
        name = each._name + ("_total" if each._type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in each._labelnames) or "-"
        yield f"| `{name}` | {each._type} | {labels} | {each._documentation}. |"


def test_the_table_is_what_the_code_has(pytestconfig: pytest.Config) -> None:
    """The document lists every metric; `make words` writes it."""
    head, begin, rest = DOCUMENT.partition("<!-- metrics:begin -->\n")
    listed, end, tail = rest.partition("<!-- metrics:end -->")
    wanted = "".join(f"{row}\n" for row in table())
    if pytestconfig.getoption("--update-words"):
        (ROOT / "docs/metrics.md").write_text(f"{head}{begin}{wanted}{end}{tail}", "utf-8")
    else:
        assert wanted == listed, "if this is meant, run `make words`"


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each._name)
def test_each_metric_is_named_as_prometheus_wants(metric: MetricWrapperBase) -> None:
    """Times in seconds, words that tell, and no label with more values than somebody could list."""
    assert re.fullmatch(r"pagebridge(_[a-z]+)+", metric._name)
    assert not re.search(r"_(ms|milliseconds|minutes|total)$", metric._name)
    assert metric._type != "histogram" or metric._name.endswith(UNITS)
    assert len(metric._documentation) > 20
    assert not {"incident", "command", "event", "user", "reference"} & set(metric._labelnames)
    assert len(metric._labelnames) <= 3


def queries() -> Iterator[tuple[str, str]]:
    """Give every query of rules and dashboard, with where it is."""
    for rule in RULES:
        yield rule.get("alert", "?"), rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("where", "query"), list(queries()))
def test_rules_and_dashboard_name_what_there_is(where: str, query: str) -> None:
    """Each sample they read exists, with the labels by which they tell its series apart."""
    names = re.findall(r"\bpagebridge_\w+", query)
    assert names, where
    assert set(names) <= SAMPLES.keys()
    labels = {label for name in names for label in SAMPLES[name]._labelnames} | set(NUMBERS)
    asked = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query)
    grouped = [label for group in re.findall(r"\bby\s*\(([^)]*)\)", query) for label in re.split(r"[,\s]+", group)]
    assert {*asked, *filter(None, grouped)} <= labels


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    """A summary and an impact in words, how bad it is, and a section of its own in the runbook."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"[A-Z].{3,}[^.]", rule["annotations"]["impact"])
    assert re.fullmatch(r"[A-Z].{20,}[^.]", rule["annotations"]["summary"])
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
    _, _, section = (ROOT / "docs/runbook.md").read_text("utf-8").partition(f"\n## {rule['alert']}\n")
    steps = re.findall(r"^\*\*(\w+)\.\*\* \S", section.partition("\n## ")[0], re.MULTILINE)
    assert ["Impact", "Check", "Fix", "Escalate"] == steps


def test_alerts_have_names_of_their_own() -> None:
    """Two rules under one name would hide each other."""
    names = [rule["alert"] for rule in RULES]
    assert sorted(set(names)) == sorted(names)


def test_the_dashboard_can_be_imported() -> None:
    """Each panel has a title, a place and a source that whoever imports it chooses."""
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert sorted(set(ids)) == sorted(ids)
    assert {"datasource"} == {each["name"] for each in DASHBOARD["templating"]["list"]}
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        assert panel["gridPos"].keys() == {"x", "y", "w", "h"}
        assert panel["datasource"]["uid"] == "${datasource}"
