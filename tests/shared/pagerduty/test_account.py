"""What PagerDuty tells of people and of an account: services, priorities, policies, webhook subscriptions."""

import pytest

from shared.errors import Malformed
from shared.model.event import Instant
from shared.model.ids import TeamId
from shared.pagerduty.models import account as account_model
from shared.pagerduty.models import webhook_subscription as webhook_subscription_model
from tests.shared.pagerduty.responses import (
    ALICE,
    BOB,
    EPOCH_MS,
    on_call,
    policy,
    reference,
    service,
    subscription,
    team,
    user,
)


def test_a_user() -> None:
    """A user has a role, teams and an address."""
    read = account_model.parse_user({"user": user("PALICE1", teams=[reference("PTEAM01", "team", "Payments")])})
    assert (read.id, read.email, read.role, read.kind) == ("PALICE1", "palice1@example.com", "user", "user")
    assert read.team_ids == {"PTEAM01"}
    assert not read.deleted
    assert account_model.parse_user({"user": user("P1", deleted_at="2023-11-14T22:13:20Z")}).deleted


def test_a_page_of_people() -> None:
    """Lists are read whole: users, and members with their team role."""
    users = account_model.parse_users({"users": [user("P1"), user("P2")], "more": True}).members
    assert [one.id for one in users] == ["P1", "P2"]
    members = [{"user": ALICE, "role": "manager"}, {"user": BOB, "role": "observer"}]
    read = account_model.parse_members({"members": members}).members
    assert {one.user: one.role for one in read} == {"PALICE1": "manager", "PBOB001": "observer"}


ODD_ROLES: tuple[object, ...] = (None, 7, "", [], "NONE", " none")


@pytest.mark.parametrize(
    ("default_role", "private"),
    [("none", True), ("manager", False), *[(odd, True) for odd in ODD_ROLES]],
)
def test_a_team(default_role: object, private: bool) -> None:  # noqa: FBT001 # the two columns of a table
    """A team whose outsiders have no role is private, and so is one of which PagerDuty does not say it."""
    wanted = account_model.Team(TeamId("PTEAM01"), "Payments", private=private)
    assert account_model.parse_team({"team": team(default_role=default_role)}) == wanted
    assert account_model.parse_teams({"teams": [team(default_role=default_role)]}).members == (wanted,)


def test_a_service() -> None:
    """A service has a policy and teams."""
    read = account_model.parse_service({"service": service()})
    assert (read.id, read.name) == ("PSVC001", "checkout-api")
    assert read.escalation_policy is not None
    assert read.escalation_policy.name == "Payments on-call"
    assert [team.id for team in read.teams or ()] == ["PTEAM01"]
    assert account_model.parse_services({"services": [service()]}).members == (read,)


def test_priorities_and_abilities() -> None:
    """Priorities keep PagerDuty's order; abilities are names."""
    listed = [{"id": "PP1", "name": "P1", "description": "Critical"}, {"id": "PP2", "name": "P2", "description": None}]
    assert account_model.parse_priorities({"priorities": listed}).members == (
        account_model.Priority("PP1", "P1", "Critical"),
        account_model.Priority("PP2", "P2", ""),
    )
    assert account_model.parse_abilities({"abilities": ["teams", "urgencies"]}) == {"teams", "urgencies"}
    with pytest.raises(Malformed):
        account_model.parse_abilities({"abilities": "teams"})


def test_a_subscription() -> None:
    """A subscription tells where it delivers what about what, and never its secret."""
    read = webhook_subscription_model.parse_subscription({"webhook_subscription": subscription()})
    assert (read.url, read.scope, read.scope_id) == ("https://bridge.example.com/pagerduty", "team", "PTEAM01")
    assert read.events == {"incident.triggered", "incident.resolved"}
    assert (read.active, read.disabled) == (True, False)


def test_a_subscription_that_pagerduty_switched_off() -> None:
    """`disabled` is PagerDuty's doing, `active` the owner's."""
    delivery = {"url": "https://bridge.example.com/pagerduty", "temporarily_disabled": True, "secret": "s3cret"}
    listed = [subscription(delivery_method=delivery, active=False, filter={"type": "account_reference"})]
    (read,) = webhook_subscription_model.parse_subscriptions({"webhook_subscriptions": listed}).members
    assert (read.active, read.disabled, read.scope, read.scope_id) == (False, True, "account", "")
    assert "s3cret" not in repr(read)


def test_a_policy_has_levels() -> None:
    """Each level names people, and its schedules are none of them; the order is that of the levels."""
    read = account_model.parse_escalation_policy({"escalation_policy": policy()})
    assert [[one.name for one in level.users] for level in read.levels] == [["Alice Ng"], ["Bob Ray"]]
    assert not read.levels[0].round_robin
    assert [one.name for one in read.teams or ()] == ["Payments"]


def test_the_people_whom_a_policy_names() -> None:
    """Only people named themselves are targets; who is on call by schedule is another read."""
    read = account_model.parse_escalation_policy({"escalation_policy": policy()})
    assert read.targets == {"PALICE1", "PBOB001"}


def test_a_level_that_takes_turns() -> None:
    """Round robin pages one person at a time."""
    rule = {"targets": [BOB], "escalation_rule_assignment_strategy": "round_robin"}
    (read,) = account_model.parse_escalation_policies(
        {"escalation_policies": [policy(escalation_rules=[rule])]}
    ).members
    assert read.levels[0].round_robin


def test_who_is_on_call() -> None:
    """Somebody is on call at a level, until a time or always."""
    always = on_call(user=BOB, schedule=None, escalation_level=2, start=None, end=None)
    by_schedule, for_good = account_model.parse_on_calls({"oncalls": [on_call(), always]}).members
    assert (by_schedule.level, by_schedule.user.name, by_schedule.policy.id) == (1, "Alice Ng", "PPOL001")
    assert by_schedule.until == Instant(EPOCH_MS - (13 * 3600 + 13 * 60 + 20) * 1000 + 24 * 3_600_000, 1000)
    assert (for_good.level, for_good.user.id, for_good.until) == (2, "PBOB001", None)


def test_a_target_of_no_kind() -> None:
    """What a target is has to be a word."""
    with pytest.raises(Malformed):
        account_model.parse_escalation_policy(
            {"escalation_policy": policy(escalation_rules=[{"targets": [{**BOB, "type": []}]}])}
        )


def test_on_call_at_no_level() -> None:
    """An entry without its level could not be told from another: it is left out, and costs no other."""
    read = account_model.parse_on_calls({"oncalls": [on_call(escalation_level=None), on_call()]})
    assert ([1], ["#1"]) == ([one.level for one in read.members], [one.id for one in read.skipped])


def test_who_was_deleted_is_no_target() -> None:
    """PagerDuty goes on naming them in a policy; nobody reaches them."""
    rule = {"targets": [{**ALICE, "deleted_at": "2023-11-14T22:13:20Z"}, BOB]}
    read = account_model.parse_escalation_policy({"escalation_policy": policy(escalation_rules=[rule])})
    assert {"PBOB001"} == read.targets
