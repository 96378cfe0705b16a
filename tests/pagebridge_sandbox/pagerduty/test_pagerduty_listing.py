"""Reading: one thing, many things, chosen, sorted and in pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, BOB, CAROL, Acme, OfficialClient


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/QNONE",
        "/incidents/99",
        "/incidents/QNONE/notes",
        "/incidents/QNONE/log_entries",
        "/log_entries/RNONE",
        "/users/PNONE",
        "/teams/PNONE",
        "/teams/PNONE/members",
        "/services/PNONE",
        "/escalation_policies/PNONE",
        "/nonsense",
        "/",
        "/incidents/a%2Fb",
    ],
)
async def test_unknown_id_is_404(acme: Acme, path: str) -> None:
    """404, with PagerDuty's body."""
    reply = await acme.call("GET", path)

    assert (404, 2100) == (reply.status, reply.code)
    assert "Not Found" == reply.body["error"]["message"]


async def test_incidents_are_read_by_id_or_number(acme: Acme) -> None:
    """Both are the same incident."""
    incident = acme.trigger()

    assert await acme.get(f"/incidents/{incident.id}") == await acme.get(f"/incidents/{incident.number}")


async def test_incident_filters(acme: Acme) -> None:
    """Every filter counts, and several values of one are alternatives."""
    one, two, three = (
        acme.trigger(title, urgency=urgency) for title, urgency in (("1", "high"), ("2", "low"), ("3", "low"))
    )
    acme.pd.web(BOB).acknowledge(two.id)
    acme.pd.web(BOB).resolve(three.id)
    other = acme.pd.trigger(acme.pd.add_service("other", acme.policy, [acme.pd.add_team("Other")]).id, "4")

    async def chosen(query: str) -> list[str]:
        return [incident["id"] for incident in (await acme.get(f"/incidents?{query}"))["incidents"]]

    assert [one.id, two.id, three.id, other.id] == await chosen("")
    assert [one.id, two.id, other.id] == await chosen("statuses[]=triggered&statuses[]=acknowledged")
    assert [two.id] == await chosen("urgencies[]=low&statuses[]=acknowledged")
    assert [two.id] == await chosen(f"user_ids[]={BOB}")
    assert [one.id, two.id, three.id] == await chosen(f"team_ids[]={acme.team}")
    assert [one.id, two.id, three.id] == await chosen(f"service_ids[]={acme.service}")
    assert [two.id] == await chosen(
        f"incident_key={(await acme.get(f'/incidents/{two.id}'))['incident']['incident_key']}"
    )
    assert [three.id, two.id, other.id, one.id] == await chosen("sort_by=urgency:asc,incident_number:desc")
    assert [three.id, one.id, two.id, other.id] == await chosen("sort_by=resolved_at")


async def test_incident_list_defaults_to_30_days(acme: Acme) -> None:
    """Older ones need `since`, at most six months, or `date_range=all`."""
    incident = acme.trigger()
    acme.pd.clock.advance(40 * 86_400)
    since = incident.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")

    assert [] == (await acme.get("/incidents"))["incidents"]
    assert 1 == len((await acme.get(f"/incidents?since={since}"))["incidents"])
    assert 1 == len((await acme.get("/incidents?date_range=all"))["incidents"])
    assert [] == (await acme.get(f"/incidents?until={since[:10]}"))["incidents"]
    assert 400 == (await acme.call("GET", "/incidents?since=2020-01-01T00:00:00Z")).status


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "offset=-1",
        "offset=9990&limit=25",
        "statuses[]=closed",
        "urgencies[]=medium",
        "sort_by=title",
        "sort_by=urgency:up",
        "sort_by=urgency,created_at,incident_number",
        "since=yesterday",
        "date_range=some",
    ],
)
async def test_invalid_parameters_are_rejected(acme: Acme, query: str) -> None:
    """400 with code 2001."""
    reply = await acme.call("GET", f"/incidents?{query}")

    assert (400, 2001) == (reply.status, reply.code)


async def test_pagination(acme: Acme) -> None:
    """25 entries unless asked otherwise, `more` until the last page, and a `total` for whoever wants it."""
    for number in range(27):
        acme.pd.add_user(f"User {number:02}", f"user{number}@example.com")

    first = await acme.get("/users")
    last = await acme.get("/users?offset=25&total=true")
    none = await acme.get("/users?offset=100")

    assert (25, True, None) == (len(first["users"]), first["more"], first["total"])
    assert (5, False, 30, 25) == (len(last["users"]), last["more"], last["total"], last["offset"])
    assert ([], False) == (none["users"], none["more"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("alice", [ALICE]),
        ("ALICE@example.com", [ALICE, "PALICE2"]),
        ("example bob", [BOB]),
        ("díaz", [CAROL]),
        ("zed", []),
    ],
)
async def test_user_query_matches_words(acme: Acme, query: str, found: list[str]) -> None:
    """It looks for the words anywhere in name and address, so what it finds need not be who was meant."""
    acme.pd.add_user("Zoe", "malice@example.com.au", id="PALICE2") if "@" in query else None

    users = (await acme.get(f"/users?query={query}"))["users"]

    assert found == [user["id"] for user in users]


async def test_users_and_teams(acme: Acme) -> None:
    """A user shows their teams, a team its members with their roles there."""
    acme.pd.add_member(acme.team, BOB, "manager")

    assert [acme.team] == [team["id"] for team in (await acme.get(f"/users/{ALICE}"))["user"]["teams"]]
    members = (await acme.get(f"/teams/{acme.team}/members"))["members"]
    assert [(ALICE, "responder"), (BOB, "manager")] == [(each["user"]["id"], each["role"]) for each in members]
    assert "manager" == (await acme.get(f"/teams/{acme.team}"))["team"]["default_role"]
    assert [acme.team] == [team["id"] for team in (await acme.get("/teams?query=pay"))["teams"]]
    assert {ALICE, BOB} == {user["id"] for user in (await acme.get(f"/users?team_ids[]={acme.team}"))["users"]}


async def test_current_user_is_rejected_for_account_key(acme: Acme, official: OfficialClient) -> None:
    """An account-level key is nobody's; the refusal is a text, by which the official client knows such a key."""
    reply = await acme.call("GET", "/users/me")

    assert 400 == reply.status
    assert isinstance(reply.body["error"], str)
    assert "account" == await official(lambda client: client.api_key_access)


async def test_policies_and_services(acme: Acme) -> None:
    """The place of a rule in its policy is its level; a service has the teams of its policy unless it has its own."""
    policy = (await acme.get(f"/escalation_policies/{acme.policy}"))["escalation_policy"]
    service = (await acme.get(f"/services/{acme.service}"))["service"]

    assert [[ALICE], [BOB]] == [[target["id"] for target in rule["targets"]] for rule in policy["escalation_rules"]]
    assert [acme.service] == [each["id"] for each in policy["services"]]
    assert (acme.policy, [acme.team]) == (service["escalation_policy"]["id"], [team["id"] for team in service["teams"]])
    assert 1 == len((await acme.get(f"/escalation_policies?user_ids[]={BOB}&query=on-call"))["escalation_policies"])
    assert 1 == len((await acme.get(f"/services?team_ids[]={acme.team}&name=checkout-api"))["services"])


async def test_oncalls(acme: Acme) -> None:
    """One entry for each user and level, chosen by policy and user; by a schedule only who has a shift of it."""

    async def on_call(query: str) -> list[tuple[str, int]]:
        oncalls = (await acme.get(f"/oncalls?{query}"))["oncalls"]
        return [(oncall["user"]["id"], oncall["escalation_level"]) for oncall in oncalls]

    acme.pd.add_escalation_policy("Other", [[CAROL]])

    assert [(ALICE, 1), (BOB, 2)] == await on_call(f"escalation_policy_ids[]={acme.policy}")
    assert [(CAROL, 1)] == await on_call(f"user_ids[]={CAROL}&schedule_ids[]=null")
    assert [] == await on_call("schedule_ids[]=PSCHED1")

    now = datetime.now(UTC)
    acme.pd.set_shifts(acme.policy, [(CAROL, now - timedelta(1), now + timedelta(1))], schedule="PSCHED1")

    assert [(CAROL, 1)] == await on_call("schedule_ids[]=PSCHED1")
    assert [] == await on_call(
        f"schedule_ids[]=PSCHED1&since={(now + timedelta(2)):%Y-%m-%dT%H:%M:%SZ}&until=2099-01-01"
    )
    assert [(CAROL, 1), (BOB, 2)] == await on_call(f"escalation_policy_ids[]={acme.policy}")
    [entry] = (await acme.get("/oncalls?schedule_ids[]=PSCHED1"))["oncalls"]
    assert ("PSCHED1", "schedule_reference") == (entry["schedule"]["id"], entry["schedule"]["type"])


async def test_shifts_are_given_in_utc(acme: Acme) -> None:
    """Whichever offsets they were made with."""
    begin, end = (
        datetime.fromisoformat("2026-10-25T02:59:00+02:00"),
        datetime.fromisoformat("2099-10-25T02:00:00+01:00"),
    )
    acme.pd.set_shifts(acme.policy, [(CAROL, begin, end)])

    [entry, _] = (await acme.get("/oncalls"))["oncalls"]

    assert ("2026-10-25T00:59:00Z", "2099-10-25T01:00:00Z") == (entry["start"], entry["end"])


async def test_priorities_are_in_order(acme: Acme) -> None:
    """In the order of the account."""
    assert ["P1", "P2"] == [each["name"] for each in (await acme.get("/priorities"))["priorities"]]


async def test_log_entries(acme: Acme) -> None:
    """The newest line first; of one incident, of all, or one line; an overview leaves out assignments and notes."""
    incident = acme.trigger()
    acme.pd.web(BOB).acknowledge(incident.id)
    acme.pd.web(BOB).add_note(incident.id, "looking")

    log = (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"]
    overview = (await acme.get(f"/incidents/{incident.id}/log_entries?is_overview=true"))["log_entries"]

    kinds = ["annotate", "acknowledge", "assign", "trigger"]
    assert [f"{kind}_log_entry" for kind in kinds] == [entry["type"] for entry in log]
    assert ["acknowledge_log_entry", "trigger_log_entry"] == [entry["type"] for entry in overview]
    assert log == (await acme.get(f"/log_entries?team_ids[]={acme.team}"))["log_entries"]
    assert [] == (await acme.get("/log_entries?since=2999-01-01T00:00:00Z"))["log_entries"]
    assert [] == (await acme.get("/log_entries?until=2020-01-01"))["log_entries"]
    assert log[0] == (await acme.get(f"/log_entries/{log[0]['id']}"))["log_entry"]
    assert "Acknowledged by Bob Ray" == log[1]["summary"]


@pytest.mark.parametrize(
    ("path", "include", "at"),
    [
        ("/incidents/1", "assignees", "incident.assignments.0.assignee.email"),
        ("/incidents/1", "acknowledgers", "incident.acknowledgements.0.acknowledger.email"),
        ("/incidents/1", "agents", "incident.last_status_change_by.email"),
        ("/incidents/1", "users", "incident.assignments.0.assignee.email"),
        ("/incidents/1", "teams", "incident.teams.0.default_role"),
        ("/incidents/1", "services", "incident.service.status"),
        ("/incidents/1", "escalation_policies", "incident.escalation_policy.num_loops"),
        ("/incidents/1", "priorities", "incident.priority.name"),
        ("/incidents/1", "first_trigger_log_entries", "incident.first_trigger_log_entry.channel"),
        ("/incidents/1", "custom_fields", "incident.custom_fields"),
        ("/incidents", "conference_bridge", "incidents.0.conference_bridge"),
        ("/incidents/1/alerts", "incidents", "alerts.0.incident.status"),
        ("/incidents/1/log_entries", "services", "log_entries.0.service.status"),
        ("/users/PALICE1", "teams", "user.teams.0.default_role"),
        ("/users", "teams", "users.0.teams.0.default_role"),
        ("/oncalls", "users", "oncalls.0.user.email"),
        ("/teams/PPAYTM1/members", "users", "members.0.user.email"),
        ("/escalation_policies/PPAYEP1", "targets", "escalation_policy.escalation_rules.0.targets.0.email"),
        ("/services", "escalation_policies", "services.0.escalation_policy.num_loops"),
    ],
)
async def test_include_expands_references(acme: Acme, path: str, include: str, at: str) -> None:
    """With `include[]` the thing itself stands where otherwise a reference does; anything unknown is refused."""
    acme.pd.web(BOB).acknowledge(acme.trigger(priority="P1").id)

    def found(value: Any) -> bool:  # noqa: ANN401 - JSON
        for name in at.split("."):
            if isinstance(value, list):
                value = value[int(name)]
            elif name in value:
                value = value[name]
            else:
                return False
        return True

    assert found(await acme.get(f"{path}?include[]={include}"))
    assert not found(await acme.get(path))
    assert 400 == (await acme.call("GET", f"{path}?include[]=everything")).status
