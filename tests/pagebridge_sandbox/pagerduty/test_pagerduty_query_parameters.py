"""The parameters of a query: times in a zone, flags, orders, and what a filter needs."""

import pytest

from tests.pagebridge_sandbox.pagerduty.conftest import ALICE, Acme

ZONED = ["/incidents", "/incidents/1/log_entries", "/log_entries", "/oncalls", "/services"]


@pytest.mark.parametrize("path", ZONED)
async def test_unknown_time_zone_is_rejected(acme: Acme, path: str) -> None:
    """A time zone that nobody knows is refused by every operation that takes one."""
    acme.trigger()

    reply = await acme.call("GET", f"{path}?time_zone=Nowhere/Never")

    assert (400, 2001) == (reply.status, reply.code)
    assert 200 == (await acme.call("GET", f"{path}?time_zone=Asia/Kathmandu")).status


async def test_times_use_requested_zone(acme: Acme) -> None:
    """The same moment is written with the offset of the zone, in nested objects too, and titles are left alone."""
    incident = acme.trigger("2026-01-01T00:00:00Z", urgency="high")
    plain = (await acme.get("/incidents"))["incidents"][0]

    zoned = (await acme.get("/incidents?time_zone=Asia/Kathmandu"))["incidents"][0]
    entry = (await acme.get(f"/incidents/{incident.id}/log_entries"))["log_entries"][0]["id"]
    one = (await acme.get(f"/log_entries/{entry}?time_zone=Asia/Kathmandu"))["log_entry"]

    assert plain["created_at"].endswith("Z")
    assert zoned["created_at"].endswith("+05:45")
    assert zoned["assignments"][0]["at"].endswith("+05:45")
    assert one["created_at"].endswith("+05:45")
    assert plain["title"] == zoned["title"]


async def test_naive_times_use_requested_zone(acme: Acme) -> None:
    """`since` at noon of a place is that place's noon."""
    incident = acme.trigger()
    acme.pd.clock.advance(60)
    soon = incident.created_at.replace(tzinfo=None).isoformat()

    assert 1 == len((await acme.get(f"/incidents?since={soon}"))["incidents"])
    assert [] == (await acme.get(f"/incidents?since={soon}&time_zone=America/New_York"))["incidents"]


@pytest.mark.parametrize(
    "query",
    [
        "/incidents?total=maybe",
        "/log_entries?is_overview=maybe",
        "/oncalls?earliest=maybe",
        "/oncalls?since=yesterday",
        "/oncalls?since=2026-02-02T00:00:00Z&until=2026-02-01T00:00:00Z",
        "/services?sort_by=age",
        "/escalation_policies?sort_by=name:up",
        "/teams/PPAYTM1?include[]=members",
        "/webhook_subscriptions?filter_type=service",
    ],
)
async def test_query_parameters_are_validated(acme: Acme, query: str) -> None:
    """A value that the description does not allow is refused."""
    reply = await acme.call("GET", query)

    assert (400, 2001) == (reply.status, reply.code)


@pytest.mark.parametrize("kind", ["services", "escalation_policies"])
async def test_sort_by_name(acme: Acme, kind: str) -> None:
    """Services and policies come by name, either way round."""
    policy = acme.pd.add_escalation_policy("a first one", [[ALICE]])
    acme.pd.add_service("a first one", policy.id)

    async def names(query: str) -> list[str]:
        return [each["name"] for each in (await acme.get(f"/{kind}{query}"))[kind]]

    assert "a first one" == (await names(""))[0]
    assert (await names("?sort_by=name:asc")) == (await names("?sort_by=name:desc"))[::-1]


@pytest.mark.parametrize(
    ("ability", "path"),
    [("teams", "/teams"), ("teams", "/incidents?team_ids[]=PPAYTM1"), ("urgencies", "/incidents?urgencies[]=high")],
)
async def test_filters_need_abilities(acme: Acme, ability: str, path: str) -> None:
    """What the account has not paid for is 402."""
    acme.pd.set_ability(ability, present=False)

    reply = await acme.call("GET", path)

    assert (402, 2014) == (reply.status, reply.code)


async def test_incident_is_found_by_alert_key(acme: Acme) -> None:
    """After a merge the alert is the target's, and so is what is found by its key."""
    target, source = acme.trigger("target", incident_key="one"), acme.trigger("source", incident_key="two")
    acme.pd.web(ALICE).merge(target.id, [source.id])

    found = (await acme.get("/incidents?incident_key=two"))["incidents"]

    assert target.id in [each["id"] for each in found]


async def test_acknowledge_log_entry_without_timeout(acme: Acme) -> None:
    """The log entry of an acknowledge has a time-out only where the service has one."""
    acme.pd.web(ALICE).acknowledge(acme.trigger().id)

    log = (await acme.get("/log_entries"))["log_entries"]

    assert "acknowledgement_timeout" not in next(each for each in log if each["type"] == "acknowledge_log_entry")


async def test_service_status_follows_incidents(acme: Acme) -> None:
    """Triggered ones make it critical, acknowledged ones alone are a warning, and without open ones it is active."""
    first, second = acme.trigger(), acme.trigger()

    async def status() -> str:
        return str((await acme.get(f"/services/{acme.service}"))["service"]["status"])

    seen = [await status()]
    acme.pd.web(ALICE).resolve(first.id)
    acme.pd.web(ALICE).acknowledge(second.id)
    seen.append(await status())
    acme.pd.web(ALICE).resolve(second.id)

    assert ["critical", "warning", "active"] == [*seen, await status()]


async def test_bulk_update_of_unknown_incident_is_400(acme: Acme) -> None:
    """The operation has no 404, and the other incidents stay as they are."""
    incident = acme.trigger()
    listed = [{"id": each, "type": "incident_reference", "status": "resolved"} for each in (incident.id, "QNONE")]

    reply = await acme.call("PUT", "/incidents", {"incidents": listed})

    assert (400, 2001) == (reply.status, reply.code)
    assert "triggered" == acme.pd.incident(incident.id).status
