"""`include[]`: showing things themselves where otherwise there are references to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pagebridge_sandbox.pagerduty.responses import Json
from pagebridge_sandbox.pagerduty.rest.api import Context

INCLUDED_FIELDS: dict[str, tuple[str, ...]] = {
    "acknowledgers": ("acknowledger",),
    "agents": ("last_status_change_by", "agent"),
    "assignees": ("assignee",),
    "escalation_policies": ("escalation_policy",),
    "first_trigger_log_entries": ("first_trigger_log_entry",),
    "incidents": ("incident",),
    "priorities": ("priority",),
    "services": ("service", "services"),
    "targets": ("targets",),
    "teams": ("teams",),
    "users": ("user", "assignee", "acknowledger", "requester"),
}
"""The fields that each value is about."""

INCIDENT = (
    "acknowledgers",
    "agents",
    "assignees",
    "conference_bridge",
    "escalation_policies",
    "first_trigger_log_entries",
    "priorities",
    "services",
    "teams",
    "users",
)
ONE_INCIDENT = (*INCIDENT, "custom_fields", "body")
LOG_ENTRY = ("incidents", "services", "channels", "teams")
ALERT = ("services", "first_trigger_log_entries", "incidents")
USER = ("contact_methods", "notification_rules", "teams", "subdomains")
ONE_USER = (*USER, "calendar_urls")
TEAM = ("privileges",)
MEMBER = ("users",)
POLICY = ("services", "teams", "targets", "escalation_rule_assignment_strategies")
SERVICE = ("escalation_policies", "teams", "integrations", "auto_pause_notifications_parameters")
ONCALL = ("escalation_policies", "users", "schedules")
"""The `include[]` values of each (OpenAPI; `body` is not there, but in the page on incidents)."""


def make_expander(context: Context, allowed: Sequence[str]) -> Callable[[Json], Json]:
    """Return what shows things themselves, as the call asks for. Refused when it asks for something else."""
    include = context.request.array_param("include", allowed)
    wanted = {field for name in include for field in INCLUDED_FIELDS.get(name, ())}
    things = _object_renderers(context)
    return lambda shown: _expand(shown, wanted, things) if wanted else shown


ObjectRenderers = Mapping[str, Callable[[str], Json | None]]
"""How each kind of thing is shown by its id; None when it is there no more."""


def _object_renderers(context: Context) -> ObjectRenderers:
    account, show = context.account, context.renderer
    directory = account.directory
    return {
        "user": lambda it: show.user(directory.users[it]) if it in directory.users else None,
        "team": lambda it: show.team(directory.team(it)),
        "service": lambda it: show.service(directory.service(it)),
        "escalation_policy": lambda it: show.policy(directory.policy(it)),
        "priority": lambda it: show.priority(directory.priorities[it]),
        "incident": lambda it: context.incident_renderer.incident(account.incident(it)),
        "trigger_log_entry": lambda it: _log_entry(context, it),
    }


def _log_entry(context: Context, entry_id: str) -> Json | None:
    for incident in context.account.incidents.values():
        for entry in incident.log:
            if entry.id == entry_id:
                return context.incident_renderer.log_entry(entry, incident)
    return None


def _expand(value: Json, wanted: set[str], things: ObjectRenderers) -> Json:
    return {name: _expand_value(each, name, wanted, things) for name, each in value.items()}


def _expand_value(value: Any, name: str, wanted: set[str], things: ObjectRenderers) -> Any:  # noqa: ANN401 - walks any JSON
    if isinstance(value, list):
        return [_expand_value(each, name, wanted, things) for each in value]
    if not isinstance(value, dict):
        return value
    kind = str(value.get("type")).removesuffix("_reference")
    if name in wanted and kind != value.get("type"):
        return things[kind](value["id"]) or value
    return _expand(value, wanted, things)
