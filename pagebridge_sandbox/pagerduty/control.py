"""
Control endpoints, so that anything that speaks HTTP can drive the simulator: JSON in, JSON out, under `/_sandbox/`.

Arguments are those of the Python verbs. A wrong request is answered with 400 and `{"error": ...}` in plain words.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.pagerduty.clock import webhook_timestamp
from pagebridge_sandbox.pagerduty.delivery_faults import WebhookFaultPlan
from pagebridge_sandbox.pagerduty.faults import Fault
from pagebridge_sandbox.pagerduty.responses import ApiError, Json
from pagebridge_sandbox.pagerduty.simulator import PagerDutySimulator

Endpoint = Callable[[PagerDutySimulator, Json], Any]
"""Does something with the arguments of a request; what it returns is the answer."""

SANDBOX_VERBS = {
    "users": "add_user",
    "users/change": "change_user",
    "users/remove": "remove_user",
    "teams": "add_team",
    "members": "add_member",
    "members/remove": "remove_member",
    "escalation_policies": "add_escalation_policy",
    "services": "add_service",
    "priorities": "add_priority",
    "abilities": "set_ability",
    "incident_types": "add_incident_type",
    "subscriptions": "subscribe",
    "trigger": "trigger",
}
"""Endpoints that are verbs of the sandbox."""
WEB_VERBS = frozenset(
    {"trigger", "acknowledge", "unacknowledge", "resolve", "reopen", "reassign", "delegate", "escalate"}
) | {
    "add_note",
    "set_priority",
    "set_service",
    "set_urgency",
    "set_title",
    "set_incident_type",
    "set_conference_bridge",
    "edit_note",
    "delete_note",
    "snooze",
    "merge",
    "request_responders",
    "join",
    "decline",
    "publish_status_update",
}
AUTOMATION_VERBS = frozenset({"unacknowledge", "resolve", "escalate"})
WEBHOOK_VERBS = frozenset({"duplicate_next", "hold", "reverse_next", "redeliver", "ping", "enable", "lose_next"})


def routes(sandbox: PagerDutySimulator) -> list[web.RouteDef]:
    """Make the routes: everything that reads is a GET, everything else a POST."""
    reading = [web.get(f"/_sandbox/{name}", _handler(sandbox, verb)) for name, verb in GET_ENDPOINTS.items()]
    return reading + [web.post(f"/_sandbox/{name}", _handler(sandbox, verb)) for name, verb in POST_ENDPOINTS.items()]


def _handler(sandbox: PagerDutySimulator, verb: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            arguments = await request.json(loads=decode) if request.body_exists else {}
            return web.json_response(_to_json(verb(sandbox, {**arguments})))
        except (ApiError, LookupError, TypeError, ValueError, AttributeError) as error:
            # A missing or wrong argument, or something that PagerDuty would not let happen.
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return handle


def _to_json(value: Any) -> Any:  # noqa: ANN401 - walks any JSON
    """Turn what the verbs return into JSON, without the secrets of subscriptions."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if not field.name.startswith("_") and field.repr]
        return {name: _to_json(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: _to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return [_to_json(each) for each in value]
    if isinstance(value, datetime):
        return webhook_timestamp(value)
    return value.decode() if isinstance(value, bytes) else value


def _describe(sandbox: PagerDutySimulator, _arguments: Json) -> Json:
    return {
        "url": sandbox.url,
        "token": sandbox.token,
        "users": sandbox.users,
        "teams": sandbox.teams,
        "services": sandbox.services,
        "subscriptions": list(sandbox.webhooks.subscriptions.values()),
        "options": sandbox.options,
        "endpoints": [f"GET {name}" for name in GET_ENDPOINTS] + [f"POST {name}" for name in POST_ENDPOINTS],
    }


def _sandbox_endpoint(name: str) -> Endpoint:
    return lambda sandbox, arguments: getattr(sandbox, name)(**arguments)


def _call_web(sandbox: PagerDutySimulator, arguments: Json) -> object:
    person = sandbox.web(arguments.pop("user"))
    return getattr(person, _pop_verb(arguments, WEB_VERBS))(**arguments)


def _call_automation(sandbox: PagerDutySimulator, arguments: Json) -> object:
    return getattr(sandbox.automation, _pop_verb(arguments, AUTOMATION_VERBS))(**arguments)


def _pop_verb(arguments: Json, allowed: frozenset[str]) -> str:
    verb = str(arguments.pop("verb"))
    if verb not in allowed:
        raise LookupError(f"verb must be one of {', '.join(sorted(allowed))}")
    return verb


def _webhook_endpoint(name: str) -> Endpoint:
    return lambda sandbox, arguments: getattr(sandbox.webhooks, name)(**arguments)


def _release(sandbox: PagerDutySimulator, arguments: Json) -> None:
    hold = {hold.id: hold for hold in sandbox.webhooks.holds}[arguments["id"]]
    hold.release(reverse=arguments.get("reverse", False))


def _remove_fault(sandbox: PagerDutySimulator, arguments: Json) -> None:
    {active.id: active for active in sandbox.faults}[arguments["id"]].remove()


def _set_options(sandbox: PagerDutySimulator, arguments: Json) -> object:
    known = {field.name for field in dataclasses.fields(sandbox.options)}
    for name, value in arguments.items():
        if name not in known or type(value) is not type(getattr(sandbox.options, name)):
            raise LookupError(f"options are {', '.join(sorted(known))}, each true or false, or a number")
        setattr(sandbox.options, name, value)
    return sandbox.options


GET_ENDPOINTS: dict[str, Endpoint] = {
    "": _describe,
    "calls": lambda sandbox, _: sandbox.calls,
    "deliveries": lambda sandbox, _: sandbox.webhooks.log,
    "incidents": lambda sandbox, _: sandbox.incidents,
    "faults": lambda sandbox, _: sandbox.faults,
    "holds": lambda sandbox, _: sandbox.webhooks.holds,
}
POST_ENDPOINTS: dict[str, Endpoint] = {
    **{endpoint: _sandbox_endpoint(name) for endpoint, name in SANDBOX_VERBS.items()},
    **{f"webhooks/{name}": _webhook_endpoint(name) for name in sorted(WEBHOOK_VERBS)},
    "webhooks/release": _release,
    "webhooks/misbehave": lambda sandbox, plan: sandbox.webhooks.set_fault_plan(
        WebhookFaultPlan(**plan) if plan else None
    ),
    "web": _call_web,
    "automation": _call_automation,
    "faults": lambda sandbox, arguments: sandbox.add_fault(Fault(**arguments)),
    "faults/remove": _remove_fault,
    "options": _set_options,
    "clock/advance": lambda sandbox, arguments: sandbox.clock.advance(**arguments),
    "clock/tie_next": lambda sandbox, arguments: sandbox.clock.tie_next(**arguments),
    "stop_answering": lambda sandbox, _: sandbox.stop_answering("reset"),
    "answer_again": lambda sandbox, _: sandbox.answer_again(),
}
