"""Every alert fires at the first occurrence of what it is for, and ends with it: asked from Prometheus's own tools."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus import tool
from tests.deploy.users import ROOT

RULES = ROOT / "deploy/prometheus/alerts.yaml"
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"]
}


@dataclass(frozen=True)
class Case:
    """
    What happens, one sample a minute, and at which minutes the alert is quiet, fires, and is over.

    `series` are in the notation of promtool: `0x10` is eleven times 0, `0+1x3` is 0, 1, 2, 3, and `_` is no sample.
    """

    alert: str
    series: Mapping[str, str]
    fires: int
    over: int
    quiet: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


READY, RECEIVER = "pagebridge_worker_ready", "pagebridge_receiver_ready"
CASES = (
    Case("PagebridgeNoWorkerReady", {READY: "1x2 0x5 1x9"}, fires=5, over=9, quiet=4),
    Case("PagebridgeNoWorkerReady", {READY: "1x2 _x12 1x9"}, fires=12, over=16, quiet=2),
    Case(
        "PagebridgeNoSlackConnection",
        {
            'pagebridge_slack_connections{instance="a"}': "2x2 0x5 2x9",
            'pagebridge_slack_connections{instance="b"}': "0x16",
        },
        fires=4,
        over=9,
        quiet=3,
    ),
    Case("PagebridgeNoReceiverReady", {RECEIVER: "1x2 0x5 1x9"}, fires=5, over=9, quiet=4),
    Case("PagebridgeNoReceiverReady", {RECEIVER: "1x2 _x12 1x9"}, fires=12, over=16, quiet=2),
    Case(
        "PagebridgeWorkNotPossible",
        {'pagebridge_worker_problem{what="pagerduty"}': "0x2 1x5 0x9"},
        fires=4,
        over=9,
        quiet=3,
        labels={"what": "pagerduty"},
    ),
    Case(
        "PagebridgeWorkNotPossible",
        {'pagebridge_worker_problem{what="requests"}': "0x2 1x5 0x9"},
        fires=4,
        over=9,
        quiet=3,
        labels={"what": "requests"},
    ),
    Case("PagebridgeTokenEnds", {'pagebridge_worker_problem{what="token"}': "0x2 1x9 0x9"}, fires=5, over=13, quiet=4),
    Case(
        "PagebridgeClockWrong",
        {'pagebridge_worker_problem{what="clock"}': "0x2 1x9 0x9"},
        fires=8,
        over=13,
        quiet=7,
    ),
    Case(
        "PagebridgeConfigsDiffer",
        {
            'pagebridge_config_hash{instance="a"}': "211106232532992x40",
            'pagebridge_config_hash{instance="b"}': "211106232532992x2 211106232532993x18 211106232532992x19",
        },
        fires=19,
        over=23,
        quiet=17,
    ),
    Case(
        "PagebridgeDeliveriesNotStored",
        {'pagebridge_deliveries_total{answer="503"}': "0x2 1+1x9 11x9"},
        fires=9,
        over=19,
        quiet=2,
    ),
    Case(
        "PagebridgeDeliveriesRefused",
        {'pagebridge_deliveries_total{answer="401"}': "0x2 1+1x19 21x19"},
        fires=14,
        over=34,
        quiet=2,
    ),
    Case(
        "PagebridgeSlackRequestsRefused",
        {'pagebridge_slack_requests_refused_total{why="time"}': "_x2 1x40"},
        fires=6,
        over=16,
        quiet=2,
        labels={"why": "time"},
    ),
    Case("PagebridgeSubscriptionUnhealthy", {"pagebridge_subscription_healthy": "1x2 0x15 1x9"}, fires=13, over=20),
    Case("PagebridgeClicksNotStored", {'pagebridge_clicks_total{stored="no"}': "0x2 1x19"}, fires=3, over=9, quiet=2),
    Case(
        "PagebridgeCommandsFail",
        {'pagebridge_commands_total{action="note",outcome="expired"}': "0x2 1x29"},
        fires=3,
        over=14,
        quiet=2,
        labels={"action": "note"},
    ),
    Case(
        "PagebridgeStreamStuck",
        {'pagebridge_stream_oldest_seconds{stream="commands"}': "0x2 61+60x5 0x9"},
        fires=5,
        over=9,
        quiet=4,
        labels={"stream": "commands"},
    ),
    Case(
        "PagebridgeQueueOverdue",
        {'pagebridge_queue_overdue_seconds{queue="dirty"}': "0x2 121+60x9 0x9"},
        fires=8,
        over=13,
        quiet=7,
        labels={"queue": "dirty"},
    ),
    Case(
        "PagebridgePassesFail",
        {'pagebridge_passes_broken_off_total{work="slack",why="unavailable"}': "0x2 1+1x19 21x19"},
        fires=14,
        over=29,
        quiet=2,
        labels={"work": "slack", "why": "unavailable"},
    ),
    Case(
        "PagebridgeCardsLate",
        {
            'pagebridge_card_delay_seconds_bucket{le="60"}': "0x60",
            'pagebridge_card_delay_seconds_bucket{le="120"}': "0x2 1+1x19 21x38",
            'pagebridge_card_delay_seconds_bucket{le="+Inf"}': "0x2 1+1x19 21x38",
        },
        fires=14,
        over=34,
        quiet=2,
    ),
    Case("PagebridgeDeadLetters", {"pagebridge_dead_letters_kept": "0x2 1x19 0x9"}, fires=18, over=24, quiet=17),
    Case(
        "PagebridgeStoreUnreadable",
        {'pagebridge_documents_unreadable_total{kind="incident"}': "0x2 1x99"},
        fires=4,
        over=65,
        quiet=1,
        labels={"kind": "incident"},
    ),
    Case(
        "PagebridgeStoreLostWrites",
        {'pagebridge_store_losses_total{what="maybe"}': "0x2 1x99"},
        fires=4,
        over=65,
        quiet=1,
        labels={"what": "maybe"},
    ),
    Case(
        "PagebridgeEventsLost",
        {'pagebridge_resync_repairs_total{missing="event"}': "_x2 4x99"},
        fires=3,
        over=65,
        quiet=1,
    ),
    Case(
        "PagebridgeNothingArrives",
        {
            'pagebridge_resync_repairs_total{missing="incident.triggered"}': "_x2 1+1x99",
            'pagebridge_deliveries_total{answer="202"}': "0+1x30 30x50 31+1x19",
        },
        fires=70,
        over=85,
        quiet=45,
    ),
    Case("PagebridgeResyncStopped", {"pagebridge_resync_age_seconds": "0+60x70 0x9"}, fires=62, over=72, quiet=59),
    Case(
        "PagebridgeChannelRefuses",
        {'pagebridge_channel_refusals_total{channel="C1",why="is_archived"}': "_x2 1+1x19 20x40"},
        fires=18,
        over=40,
        quiet=4,
        labels={"channel": "C1", "why": "is_archived"},
    ),
    Case("PagebridgePagerDutyBudgetLow", {"pagebridge_pagerduty_calls_left": "900x2 99x9 900x9"}, fires=8, over=13),
)


def test_every_alert_has_a_case() -> None:
    """No rule is there that is never seen to fire."""
    assert ALERTS.keys() == {case.alert for case in CASES}


def test_the_files_are_what_prometheus_takes() -> None:
    """Prometheus's own check finds nothing in the rules, nor in the configuration that is shipped with them."""
    checked("check", "config", str(ROOT / "deploy/prometheus/prometheus.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_and_ends(case: Case, tmp_path: Path) -> None:
    """Quiet while all is well, firing from the first occurrence on, over when it is over."""
    rule = ALERTS[case.alert]
    firing = {"exp_labels": rule["labels"] | dict(case.labels), "exp_annotations": annotations(rule, case.labels)}
    moments = [(case.quiet, []), (case.fires, [firing]), (case.over, [])]
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
                "alert_rule_test": [
                    {"eval_time": f"{minute}m", "alertname": case.alert, "exp_alerts": expected}
                    for minute, expected in moments
                ],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(test), encoding="utf-8")

    checked("test", "rules", str(file))


def annotations(rule: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    """Fill in the labels."""
    found = dict(rule["annotations"])
    for name, value in labels.items():
        found = {key: text.replace(f"{{{{ $labels.{name} }}}}", value) for key, text in found.items()}
    return found


def checked(*arguments: str) -> None:
    """Run promtool, which has nothing to say against it."""
    done = subprocess.run([tool("promtool"), *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    assert 0 == done.returncode, done.stdout + done.stderr
