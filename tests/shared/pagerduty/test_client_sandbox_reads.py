"""Everything that the door can read, against a PagerDuty."""

from shared.model.event_types import Status
from shared.model.ids import IncidentId
from shared.pagerduty.api.reads import IncidentFilter
from tests.shared.pagerduty.account import ALICE, BOB, P1, Account


async def test_an_incident_and_what_becomes_of_it(account: Account) -> None:
    """An open incident says when it escalates, an acknowledged one when that ends, and how many alerts it has."""
    triggered = (await account.door.incident(account.incident)).value
    assert triggered.due("escalate") is not None
    assert [stamp.by.id for stamp in triggered.assignments] == [ALICE]
    assert triggered.assignments[0].at == triggered.updated
    assert triggered.alerts is not None
    assert (triggered.alerts.all, triggered.alerts.triggered) == (1, 1)
    await account.acknowledged()
    acknowledged = (await account.door.incident(account.incident)).value
    assert (acknowledged.due("escalate"), acknowledged.due("unacknowledge") is None) == (None, False)
    assert [stamp.by.id for stamp in acknowledged.acknowledgements] == [ALICE]


async def test_a_merged_incident(account: Account) -> None:
    """A merged incident says into which one."""
    other = account.pd.trigger(account.service, "Also slow")
    account.pd.web(ALICE).merge(account.incident, [other.id])
    merged = [one async for one in account.door.incidents(IncidentFilter(statuses=[Status.RESOLVED]))]
    assert [(one.id, one.merged_into.id if one.merged_into else None) for one in merged] == [
        (other.id, account.incident)
    ]


async def test_incidents_of_one_kind(account: Account) -> None:
    """Incidents are found by state, person and age, the oldest first."""
    second = account.pd.trigger(account.service, "Also slow")
    account.pd.web(BOB).reassign(second.id, [BOB])
    open_ones = IncidentFilter(statuses=[Status.TRIGGERED, Status.ACKNOWLEDGED])
    assert [one.id async for one in account.door.incidents(open_ones)] == [account.incident, second.id]
    bobs = IncidentFilter(users=[BOB])
    assert [one.id async for one in account.door.incidents(bobs)] == [second.id]
    created = (await account.door.incident(account.incident)).value.snapshot.created_ms
    assert created is not None
    assert [one async for one in account.door.incidents(IncidentFilter(since_ms=created + 3_600_000))] == []


async def test_an_incident_by_its_number(account: Account) -> None:
    """The number on the card finds the incident as well."""
    number = account.pd.incident(account.incident).number
    found = (await account.door.incident(IncidentId(str(number)))).value
    assert found.id == account.incident


async def test_the_log(account: Account) -> None:
    """The log tells who did what in their order, from a time on if that is asked for."""
    await account.acknowledged()
    account.pd.web(BOB).add_note(account.incident, "Looking")
    log = (await account.door.log_entries(account.incident)).value
    assert [entry.type.removesuffix("_log_entry") for entry in log][:2] == ["trigger", "assign"]
    assert (log[-1].type, log[-1].note) == ("annotate_log_entry", "Looking")
    assert log[-1].agent is not None
    assert log[-1].agent.id == BOB
    assert (await account.door.log_entries(account.incident, since_ms=log[-1].at.ms + 3_600_000)).value == ()
    assert log[-1] in (await account.door.log_entries(account.incident, since_ms=log[-1].at.ms)).value


async def test_alerts(account: Account) -> None:
    """What monitoring reported is there with its source and severity."""
    (alert,) = await account.door.alerts(account.incident)
    assert (alert.summary, alert.status) == ("Checkout latency over 2s", "triggered")
    assert alert.severity
    assert alert.source


async def test_what_the_account_has(account: Account) -> None:
    """Services, teams, policies and priorities are listed and searched by name."""
    door = account.door
    account.pd.add_priority("P2", "Serious")
    account.pd.add_service("search-api", account.policy)
    assert [priority.name for priority in await door.priorities()] == ["P1", "P2"]
    assert (await door.priorities())[0].id == P1
    assert [service.name for service in await door.services("checkout")] == ["checkout-api"]
    assert len(await door.services()) == 2
    service = await door.service(account.service)
    assert service.name == "checkout-api"
    assert service.escalation_policy is not None
    assert service.escalation_policy.id == account.policy
    assert [team.name for team in await door.teams("pay")] == ["Payments"]
    assert [policy.id for policy in await door.escalation_policies("on-call")] == [account.policy]


async def test_levels_and_who_is_on_call_at_them(account: Account) -> None:
    """A policy shows its levels, and the on-calls who would be paged at each."""
    policy = await account.door.escalation_policy(account.policy)
    assert [[user.id for user in level.users] for level in policy.levels] == [[ALICE], [BOB]]
    on_calls = await account.door.on_calls(account.policy)
    assert [(entry.level, entry.user.name) for entry in on_calls] == [(1, "Alice Ng"), (2, "Bob Ray")]


async def test_looking_after_a_subscription(account: Account) -> None:
    """A subscription that PagerDuty switched off is seen, switched on again, and tried with a ping."""
    made = account.pd.subscribe("http://127.0.0.1:9/pagerduty", ["secret"], team_id=account.team)
    made.disabled_until = account.pd.clock.now().replace(year=9999)
    (seen,) = (await account.door.webhook_subscriptions()).value
    assert (seen.id, seen.url, seen.scope, seen.scope_id) == (made.id, made.url, "team", account.team)
    assert seen.disabled
    assert "incident.triggered" in seen.events
    assert not (await account.door.enable_subscription(made.id)).disabled
    await account.door.ping_subscription(made.id)
    assert account.pd.calls_to("POST", "/webhook_subscriptions/*/ping")[0].status == 202
