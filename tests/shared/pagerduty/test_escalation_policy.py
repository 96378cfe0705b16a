"""What PagerDuty's escalation policies and on-calls mean."""

import pytest

from shared.errors import Malformed
from shared.model.event import Instant
from shared.pagerduty.models import escalation_policy as escalation_policy_model
from tests.shared.pagerduty.responses import BOB, EPOCH_MS, on_call, policy


def test_a_policy_has_levels() -> None:
    """Each level names people and schedules, and how long it waits; the order is that of the levels."""
    read = escalation_policy_model.parse_escalation_policy({"escalation_policy": policy()})
    first, second = read.levels
    assert ([one.name for one in first.users], [one.name for one in first.schedules]) == (
        ["Alice Ng"],
        ["Payments rota"],
    )
    assert (first.delay_minutes, second.delay_minutes, read.loops) == (15, 30, 2)
    assert not first.round_robin
    assert [one.name for one in read.teams] == ["Payments"]


def test_the_people_whom_a_policy_names() -> None:
    """Only people named themselves are targets; who is on call by schedule is another read."""
    read = escalation_policy_model.parse_escalation_policy({"escalation_policy": policy()})
    assert read.targets == {"PALICE1", "PBOB001"}


def test_a_level_that_takes_turns() -> None:
    """Round robin pages one person at a time."""
    rule = {"targets": [BOB], "escalation_rule_assignment_strategy": "round_robin"}
    (read,) = escalation_policy_model.parse_escalation_policies(
        {"escalation_policies": [policy(escalation_rules=[rule])]}
    )
    assert read.levels[0].round_robin
    assert read.levels[0].delay_minutes is None


def test_who_is_on_call() -> None:
    """Somebody is on call at a level, by a schedule until a time, or always."""
    always = on_call(user=BOB, schedule=None, escalation_level=2, start=None, end=None)
    by_schedule, for_good = escalation_policy_model.parse_on_calls({"oncalls": [on_call(), always]})
    assert (by_schedule.level, by_schedule.user.name, by_schedule.policy.id) == (1, "Alice Ng", "PPOL001")
    assert by_schedule.schedule is not None
    assert by_schedule.schedule.name == "Payments rota"
    assert by_schedule.until == Instant(EPOCH_MS - (13 * 3600 + 13 * 60 + 20) * 1000 + 24 * 3_600_000, 1000)
    assert (for_good.level, for_good.user.id, for_good.schedule, for_good.until) == (2, "PBOB001", None, None)


def test_a_target_of_no_kind() -> None:
    """What a target is has to be a word."""
    with pytest.raises(Malformed):
        escalation_policy_model.parse_escalation_policy(
            {"escalation_policy": policy(escalation_rules=[{"targets": [{**BOB, "type": []}]}])}
        )


def test_on_call_at_no_level() -> None:
    """An entry without its level could not be told from another."""
    with pytest.raises(Malformed):
        escalation_policy_model.parse_on_calls({"oncalls": [on_call(escalation_level=None)]})
