"""PagerDuty as the page shows it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pagebridge_sandbox.pagerduty import Delivery, IncidentView, PagerDutySandbox
from pagebridge_sandbox.play.alerts import ALERTS

Json = dict[str, Any]

MOST_INCIDENTS = 60
"""How many incidents are shown, the newest."""
MOST_DELIVERIES = 60
"""How many webhooks are shown, the newest, each with all attempts to deliver it."""


def pagerduty_state(pagerduty: PagerDutySandbox) -> Json:
    """Return everything in PagerDuty that any person sees."""
    incidents = pagerduty.incidents
    names = {user.id: user.name for user in pagerduty.users}
    services = {service.id: service.name for service in pagerduty.services}
    policies = pagerduty.escalation_policies
    return {
        "people": [
            {"id": user.id, "name": user.name, "role": user.role, "email": user.email} for user in pagerduty.users
        ],
        "services": [{"id": service.id, "name": service.name} for service in pagerduty.services],
        "alerts": [
            {"id": name, "label": alert.label, "service": services[alert.service]} for name, alert in ALERTS.items()
        ],
        "escalation_policies": [
            {
                "id": policy.id,
                "name": policy.name,
                "levels": [[names[user] for user in level] for level in policy.levels],
            }
            for policy in policies
        ],
        "priorities": [priority.name for priority in pagerduty.priorities],
        "on_call": [
            {"policy": policy.name, "level": level, "name": names[user]}
            for policy in policies
            for level, users in enumerate(policy.levels, 1)
            for user in users
        ],
        "older": max(0, len(incidents) - MOST_INCIDENTS),
        "incidents": [_incident(pagerduty, each, names, services) for each in incidents[-MOST_INCIDENTS:]],
        "subscription": _subscription(pagerduty),
        "deliveries": _deliveries(pagerduty.webhooks.log, {each.id: each.number for each in incidents}),
    }


def _incident(pagerduty: PagerDutySandbox, seen: IncidentView, names: Json, services: Json) -> Json:
    log = pagerduty.log_entries(seen.id)
    ends = seen.pending_actions.get("unacknowledge")
    latest = [entry["type"] for entry in log if entry["type"].startswith(("acknowledge", "snooze"))]
    return {
        "id": seen.id,
        "number": seen.number,
        "title": seen.title,
        "status": seen.status,
        "urgency": seen.urgency,
        "priority": seen.priority,
        "service": services[seen.service],
        "assignees": [names[user] for user in seen.assignees],
        "level": seen.escalation_level,
        "created_at": _iso(seen.created_at),
        "snoozed_until": _iso(ends) if ends and latest[-1:] == ["snooze_log_entry"] else None,
        "acknowledged_until": _iso(ends) if ends else None,
        "notes": [
            {"by": (note["user"] or {}).get("summary"), "text": note["content"], "at": note["created_at"]}
            for note in pagerduty.notes(seen.id)
        ],
        "log": [
            {
                "at": entry["created_at"],
                "text": entry["summary"],
                "by": entry["agent"]["summary"] if entry["agent"] else "PagerDuty",
            }
            for entry in log
        ],
        "html_url": f"https://acme.pagerduty.com/incidents/{seen.id}",
    }


def _subscription(pagerduty: PagerDutySandbox) -> Json:
    [subscription] = pagerduty.webhooks.subscriptions.values()
    return {
        "active": subscription.active and not subscription.is_disabled(pagerduty.clock.now()),
        "url": subscription.url,
        "secret_count": len(subscription.secrets),
    }


def _deliveries(attempts: list[Delivery], numbers: dict[str, int]) -> list[Json]:
    """Show the newest webhooks, each with its attempts."""
    by_webhook: dict[str, list[Delivery]] = {}
    for attempt in attempts:
        by_webhook.setdefault(attempt.webhook_id, []).append(attempt)
    return [_delivery(each, numbers) for each in list(by_webhook.values())[-MOST_DELIVERIES:]]


def _delivery(attempts: list[Delivery], numbers: dict[str, int]) -> Json:
    first = attempts[0]
    return {
        "id": first.webhook_id,
        "at": _iso(first.at),
        "event_type": first.event_type,
        "incident": numbers.get(first.incident_id),
        "attempts": list(_attempts(attempts)),
        "state": attempts[-1].outcome,
    }


def _attempts(attempts: Iterable[Delivery]) -> Iterable[Json]:
    for attempt in attempts:
        answer = {"error": attempt.outcome} if attempt.status is None else {"status": attempt.status}
        yield {"at": _iso(attempt.at)} | answer


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
