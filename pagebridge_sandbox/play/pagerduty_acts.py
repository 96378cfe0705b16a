"""The acts of monitoring and of people in PagerDuty, as the page asks for them."""

from collections.abc import Callable
from typing import Any

from pagebridge_sandbox.pagerduty import IncidentView, WebUser
from pagebridge_sandbox.play import alerts
from pagebridge_sandbox.play.playground import Playground

Json = dict[str, Any]
Verb = Callable[[WebUser, IncidentView, Json], object]

VERBS: dict[str, Verb] = {
    "acknowledge": lambda web, it, _: web.acknowledge(it.id),
    "unacknowledge": lambda web, it, _: web.unacknowledge(it.id),
    "resolve": lambda web, it, body: web.resolve(it.id, body.get("text") or None),
    "reopen": lambda web, it, _: web.reopen(it.id),
    "reassign": lambda web, it, body: web.reassign(it.id, _list(body["to"])),
    "escalate": lambda web, it, body: web.escalate(it.id, int(body.get("level") or it.escalation_level + 1)),
    "note": lambda web, it, body: web.add_note(it.id, str(body["text"])),
    "priority": lambda web, it, body: web.set_priority(it.id, body.get("priority") or None),
    "snooze": lambda web, it, body: web.snooze(it.id, int(body["seconds"])),
    "urgency": lambda web, it, body: web.set_urgency(it.id, str(body["urgency"])),
    "title": lambda web, it, body: web.set_title(it.id, str(body["text"])),
}
"""The acts that people can do to an incident."""


async def trigger(playground: Playground, body: Json) -> Json:
    """Let monitoring report one of the prepared alerts."""
    name = str(body["alert"])
    if name not in alerts.ALERTS:
        raise LookupError(f"The alerts are {', '.join(alerts.ALERTS)}.")
    if name == "flapping":
        alerts.flap(playground.pagerduty)
        return {}
    opened = alerts.raise_alert(playground.pagerduty, name, str(body.get("title") or ""))
    return {"incident": playground.pagerduty.incident(opened).number}


async def act(playground: Playground, body: Json) -> Json:
    """Let a person do something to an incident, in PagerDuty's own interface."""
    action = str(body["action"])
    if action not in VERBS:
        raise LookupError(f"The actions are {', '.join(VERBS)}.")
    incident = playground.pagerduty.incident(body["incident"])
    VERBS[action](playground.pagerduty.web(str(body["as"])), incident, body)
    return {}


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


ACTS = {"pagerduty/trigger": trigger, "pagerduty/act": act}
"""The acts by their paths under `/api/`."""
