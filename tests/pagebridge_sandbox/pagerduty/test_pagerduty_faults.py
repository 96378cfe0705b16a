"""Calls that go wrong on demand, each in its own way."""

import asyncio
from typing import Any, Literal

import aiohttp
import pytest

from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from tests.pagebridge_sandbox.pagerduty.conftest import Acme, Reply, wait_until

PUT: dict[str, Any] = {"method": "PUT", "path": "/incidents/*"}


async def acknowledge(acme: Acme, timeout: float = 5) -> tuple[str, Reply | type[BaseException]]:  # noqa: ASYNC109 - passed on
    """Acknowledge a new incident; return its state afterwards, and the answer or what happened instead."""
    incident = acme.trigger()
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    try:
        reply: Reply | type[BaseException] = await acme.call("PUT", f"/incidents/{incident.id}", body, timeout=timeout)
    except (aiohttp.ClientError, TimeoutError) as error:
        reply = type(error)
    return acme.pd.incident(incident.id).status, reply


@pytest.mark.parametrize(("after_effect", "status"), [(False, "triggered"), (True, "acknowledged")])
async def test_failure_before_or_after_effect(acme: Acme, *, after_effect: bool, status: str) -> None:
    """A 503 says nothing about whether the call took effect; the log does."""
    acme.pd.add_fault(Fault(**PUT, status=503, after_effect=after_effect, times=1))

    state, reply = await acknowledge(acme)

    assert isinstance(reply, Reply)
    assert (status, 503, 2000) == (state, reply.status, reply.code)
    call = acme.pd.calls[-1]
    assert (503, 2000, after_effect) == (call.status, call.code, call.took_effect)


@pytest.mark.parametrize(("after_effect", "status"), [(False, "triggered"), (True, "acknowledged")])
async def test_drop_before_or_after_effect(acme: Acme, *, after_effect: bool, status: str) -> None:
    """The connection is cut, and the client cannot know."""
    acme.pd.add_fault(Fault(**PUT, drop=True, after_effect=after_effect, times=1))

    state, reply = await acknowledge(acme)

    assert status == state
    assert reply in (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
    assert (None, after_effect) == (acme.pd.calls[-1].status, acme.pd.calls[-1].took_effect)


@pytest.mark.parametrize("late", [{"hang": True, "effect_after": 0.6}, {"delay": 0.6}])
async def test_effect_after_response(acme: Acme, late: dict[str, Any]) -> None:
    """The client has given up when the call takes effect after all."""
    acme.pd.add_fault(Fault(**PUT, **late, times=1))

    state, reply = await acknowledge(acme, timeout=0.3)

    assert "triggered" == state
    assert isinstance(reply, type)
    assert issubclass(reply, TimeoutError)
    await wait_until(lambda: acme.pd.calls[-1].took_effect)
    assert "acknowledged" == acme.pd.incident(1).status


async def test_hanging_call_ends_with_sandbox(acme: Acme) -> None:
    """A call that hangs gets no answer; it does not keep the sandbox from closing."""
    acme.pd.add_fault(Fault(**PUT, hang=True, times=1))

    state, reply = await acknowledge(acme, timeout=0.05)

    assert "triggered" == state
    assert isinstance(reply, type)


@pytest.mark.parametrize("after_effect", [False, True])
async def test_slow_calls(acme: Acme, *, after_effect: bool) -> None:
    """The answer comes late and is as usual; the effect comes after the delay, or before it."""
    acme.pd.add_fault(Fault(**PUT, delay=0.1, after_effect=after_effect, times=1))
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(acknowledge(acme))
        await wait_until(lambda: len(acme.pd.calls) > 0)
        assert ("acknowledged" if after_effect else "triggered") == acme.pd.incident(1).status

    state, reply = task.result()
    assert loop.time() - began >= 0.1
    assert isinstance(reply, Reply)
    assert ("acknowledged", 200) == (state, reply.status)


async def test_fault_status_and_code(acme: Acme) -> None:
    """A status with the code that is given, or the one that PagerDuty usually has for it."""
    acme.pd.add_fault(Fault(**PUT, status=400, code=1005, message="Data Has Been Updated", times=1))
    acme.pd.add_fault(Fault(**PUT, status=403, times=1))

    _, given = await acknowledge(acme)
    _, usual = await acknowledge(acme)

    assert isinstance(given, Reply)
    assert isinstance(usual, Reply)
    assert {"error": {"message": "Data Has Been Updated", "code": 1005}} == given.body
    assert (403, 2010) == (usual.status, usual.code)


async def test_rate_limited_with_and_without_headers(acme: Acme) -> None:
    """A 429 may say when to come back, or nothing, or not even in JSON."""
    acme.pd.add_fault(Fault(**PUT, status=429, ratelimit_reset=7, times=1))
    acme.pd.add_fault(Fault(**PUT, status=429, times=1))
    acme.pd.add_fault(Fault(**PUT, status=429, text="slow down", times=1))

    replies = [(await acknowledge(acme))[1] for _ in range(3)]

    told = [(reply.body, reply.headers.get("ratelimit-reset")) for reply in replies if isinstance(reply, Reply)]
    body = {"error": {"message": "Rate Limit Exceeded", "code": 2020}}
    assert [(body, "7"), (body, None), ("slow down", None)] == told


async def test_gateway_error_without_json(acme: Acme) -> None:
    """A 502 may be a page for people."""
    acme.pd.add_fault(Fault(**PUT, status=502, text="<html>Bad Gateway</html>", times=1))

    _, reply = await acknowledge(acme)

    assert isinstance(reply, Reply)
    assert (502, "<html>Bad Gateway</html>", "text/plain; charset=utf-8") == (
        reply.status,
        reply.body,
        reply.headers["Content-Type"],
    )


async def test_fault_matches_method_and_path(acme: Acme) -> None:
    """By method and path, where `*` is one segment, so many times or until it is removed; the oldest fault first."""
    incident = acme.trigger()
    puts = acme.pd.add_fault(Fault(**PUT, status=500))
    twice = acme.pd.add_fault(Fault(path="/incidents/**", status=502, times=2))

    async def status(method: str, path: str) -> int:
        return (await acme.call(method, path, {"note": {"content": "x"}})).status

    assert 500 == await status("PUT", f"/incidents/{incident.id}")
    assert 502 == await status("POST", f"/incidents/{incident.id}/notes")
    assert 200 == await status("GET", "/users")
    assert [500, 500] == [await status("PUT", f"/incidents/{incident.id}") for _ in range(2)]
    assert [502, 200] == [await status("GET", f"/incidents/{incident.id}") for _ in range(2)]
    assert [puts] == acme.pd.faults
    puts.remove()
    puts.remove()
    assert 400 == await status("PUT", f"/incidents/{incident.id}")
    assert (3, 2) == (puts.match_count, twice.match_count)


@pytest.mark.parametrize(
    "contradiction",
    [
        {"status": 500, "drop": True},
        {"drop": True, "hang": True},
        {"effect_after": 1.0},
        {"hang": True, "after_effect": True, "effect_after": 1.0},
        {"code": 1001},
        {"text": "x"},
        {"status": 200},
        {"times": 0},
    ],
)
def test_contradictory_fault_is_rejected(contradiction: dict[str, Any]) -> None:
    """A fault that cannot mean anything is not made."""
    with pytest.raises(ValueError, match=r"."):
        Fault(**contradiction)


async def test_stop_and_resume_answering(acme: Acme) -> None:
    """While it is down connections are refused and open ones are cut; it comes back at the same address."""
    url = acme.pd.url
    await acme.get("/users")

    acme.pd.stop_answering()
    acme.pd.stop_answering()
    _, cut = await acknowledge(acme)
    state, refused = await acknowledge(acme)
    assert isinstance(cut, type)
    assert ("triggered", aiohttp.ClientConnectorError) == (state, refused)
    acme.pd.answer_again()
    acme.pd.answer_again()

    assert url == acme.pd.url
    await acme.get("/users")


@pytest.mark.parametrize("how", ["refuse", "reset"])
async def test_outage_drops_call_in_progress(acme: Acme, how: Literal["refuse", "reset"]) -> None:
    """A call under way when it goes down gets no answer, whether or not it has taken effect."""
    acme.pd.add_fault(Fault(**PUT, delay=0.05, after_effect=True, times=1))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(acknowledge(acme))
        await wait_until(lambda: len(acme.pd.calls) > 0)
        acme.pd.stop_answering(how)

    state, reply = task.result()
    assert "acknowledged" == state
    assert isinstance(reply, type)


async def test_outage_by_connection_reset(acme: Acme) -> None:
    """Connections may also be accepted and cut once the call was sent, which never takes effect nor is logged."""
    acme.pd.stop_answering("reset")

    state, reply = await acknowledge(acme)

    assert "triggered" == state
    assert isinstance(reply, type)
    assert reply is not aiohttp.ClientConnectorError
    assert [] == acme.pd.calls


async def test_webhooks_continue_during_outage(acme: Acme) -> None:
    """Only the REST API is down."""
    acme.pd.stop_answering()
    acme.pd.subscribe("http://127.0.0.1:9/", secrets=["s"])
    acme.trigger()

    await wait_until(lambda: len(acme.pd.webhooks.log) > 0)


async def test_call_log_records_every_call(acme: Acme) -> None:
    """Everything about a call is kept, also of those that are refused."""
    incident = acme.trigger()
    await acme.call("GET", "/incidents?statuses[]=triggered&statuses[]=resolved", sender=None)
    await acme.update_incident(incident.id, "bob@example.com", status="acknowledged")
    await acme.call("GET", "/users", authorization="Token token=wrong")

    read, write, refused = acme.pd.calls
    assert {"statuses[]": ["triggered", "resolved"]} == read.query
    assert (None, None, 200, False) == (read.from_email, read.body, read.status, read.took_effect)
    assert {"incident": {"type": "incident_reference", "status": "acknowledged"}} == write.body
    assert ("bob@example.com", f"/incidents/{incident.id}", True) == (write.from_email, write.path, write.took_effect)
    assert (401, 2006) == (refused.status, refused.code)
    assert read.at < write.at < refused.at
    assert [write] == acme.pd.calls_to("PUT", "/incidents/*") == acme.pd.calls_to("*", "/incidents/Q*")
    assert [] == acme.pd.calls_to("PUT", "/incidents/*/notes")


async def test_seeded_chance_is_repeatable(acme: Acme) -> None:
    """With a chance some calls fail, and with the same seed the same ones."""
    outcomes = []
    for seed in (1, 1, 2):
        fault = acme.pd.add_fault(Fault(path="/users", status=500, chance=0.5, seed=seed))
        outcomes.append([(await acme.call("GET", "/users")).status for _ in range(20)])
        fault.remove()

    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert {200, 500} == set(outcomes[0])
    with pytest.raises(ValueError, match="chance"):
        Fault(status=500, chance=2)


async def test_operation_rate_limits() -> None:
    """Creating, bulk updates and who is on call are limited more than the rest, each by itself."""
    async with PagerDutySandbox(operation_limit=1) as pd, aiohttp.ClientSession() as session:
        acme = Acme(pd, session)
        replies = [await acme.call("GET", "/oncalls") for _ in range(2)]
        other = await acme.call("GET", "/users")

    assert [200, 429] == [reply.status for reply in replies]
    assert ("1", "0") == (replies[1].headers["ratelimit-limit"], replies[1].headers["ratelimit-remaining"])
    assert 200 == other.status


async def test_odd_values_in_some_places(acme: Acme) -> None:
    """The call is carried out, and its answer is as usual but for these places; what it does not have stays missing."""
    odd: dict[str, object] = {
        "incidents.*.title": 7,
        "incidents.0.service.id": None,
        "incidents.9": {},
        "users.0": None,
        "incidents.1": [],
    }
    acme.trigger()
    acme.trigger()
    acme.pd.add_fault(Fault(path="/incidents", odd=odd, times=1))

    body = (await acme.call("GET", "/incidents")).body
    assert isinstance(body, dict)
    first, second = body["incidents"]
    assert (7, None, []) == (first["title"], first["service"]["id"], second)
    assert "users" not in body
    with pytest.raises(ValueError, match="odd"):
        Fault(odd=odd, status=500)
