"""Creating and changing incidents, one or many, in the name of the user in `From`."""

from http import HTTPStatus

from pagebridge_sandbox.pagerduty import assignment, incident_updates, lifecycle
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import EscalationPolicy, Service
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.responses import (
    INVALID_INPUT,
    NOT_FOUND,
    POLICY_NOT_FOUND,
    ApiError,
    Json,
    Response,
    invalid_input,
)
from pagebridge_sandbox.pagerduty.rest import bodies
from pagebridge_sandbox.pagerduty.rest.api import Context, Routes

URGENCIES = ("high", "low")
MAX_BULK_INCIDENTS = 250
"""Incidents in one bulk update (OpenAPI)."""


def create_incident(context: Context) -> Response:
    """Open an incident. Assigned to the requester it is acknowledged from the start."""
    account, user = context.account, context.requester()
    draft = _parse_draft(account, context.request.body_object("incident"))
    incident = lifecycle.trigger(account, draft, context.actor_for_teams(user, draft.service.teams))
    return Response({"incident": context.incident_renderer.incident(incident)}, HTTPStatus.CREATED)


def _parse_draft(account: Account, fields: Json) -> lifecycle.IncidentDraft:
    bodies.require(fields, "type", "title", "service")
    bodies.optional_choice(fields, "type", ("incident",))
    bodies.forbid_assignees_with_policy(fields)
    assignees = bodies.assignee_ids(fields) or []
    if len(assignees) > 1:
        raise invalid_input("assignments must have one assignee")
    return lifecycle.IncidentDraft(
        service=_parse_service(account, fields),
        title=bodies.optional_text(fields, "title") or "",
        urgency=bodies.optional_choice(fields, "urgency", URGENCIES) or "high",
        priority=bodies.priority_id(fields, account.directory, by_name=False),
        key=bodies.optional_text(fields, "incident_key"),
        policy=_parse_policy(account, fields),
        assignee=assignees[0] if assignees else None,
        details=_parse_details(fields),
        incident_type=bodies.incident_type(fields, account.directory) or "incident_default",
        bridge=bodies.conference_bridge(fields),
    )


def update_incident(context: Context, key: str) -> Response:
    """Change an incident: everything that is asked for, or nothing."""
    account, user = context.account, context.requester()
    fields = context.request.body_object("incident")
    incident = _find_incident(account, key, fields)
    actor = context.actor_for_incident(incident, user)
    with account.transaction(incident):
        _apply_changes(account, incident, actor, _changed_fields(context, incident, fields))
    return Response({"incident": context.incident_renderer.incident(incident)})


def update_incidents(context: Context) -> Response:
    """Change up to 250 incidents: all of them, or none."""
    account, user = context.account, context.requester()
    listed = bodies.required_objects(context.request.parsed_body(), "incidents")
    if len(listed) > MAX_BULK_INCIDENTS:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raise ApiError(
            INVALID_INPUT, "Request Entity Too Large", f"{MAX_BULK_INCIDENTS} incidents at most", status=status
        )
    incidents = [_find_bulk_incident(account, fields) for fields in listed]
    if len({incident.id for incident in incidents}) < len(incidents):
        raise invalid_input("an incident must not be given twice")
    actors = [context.actor_for_incident(incident, user) for incident in incidents]
    with account.transaction(*incidents):
        for incident, actor, fields in zip(incidents, actors, listed, strict=True):
            _apply_changes(account, incident, actor, _changed_fields(context, incident, fields))
    return Response({"incidents": [context.incident_renderer.incident(incident) for incident in incidents]})


def _find_incident(account: Account, key: str, fields: Json) -> Incident:
    bodies.require(fields, "type")
    bodies.optional_choice(fields, "type", ("incident", "incident_reference"))
    return account.incident(key)


def _find_bulk_incident(account: Account, fields: Json) -> Incident:
    """Find an incident that a bulk update names; an unknown one is a mistake of the body, not of the address."""
    key = bodies.required_text(fields, "id")
    try:
        return _find_incident(account, key, fields)
    except ApiError as refusal:
        raise (invalid_input(f"Incident {key} Not Found") if refusal.code == NOT_FOUND else refusal) from None


def _changed_fields(context: Context, incident: Incident, fields: Json) -> Json:
    """Of an incident that was read, changed and sent back whole, return what was changed; of other bodies all."""
    if "incident_number" not in fields:
        return fields
    bridge = context.account.references.conference_bridge(incident)
    shown = context.incident_renderer.incident(incident) | {"conference_bridge": bridge}
    return {name: value for name, value in fields.items() if name not in shown or _bare(shown[name]) != _bare(value)}


def _bare(value: object) -> object:
    """Reduce things to their ids: `include[]` may have shown one itself in place of the reference to it."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if isinstance(value, dict):
        return value["id"] if "id" in value else {name: _bare(each) for name, each in value.items()}
    return value


def _apply_changes(account: Account, incident: Incident, actor: Actor, fields: Json) -> None:
    """Make the changes, in an order that leaves the status as it was asked for."""
    bodies.forbid_assignees_with_policy(fields)
    users, policy = bodies.assignee_ids(fields), _parse_policy(account, fields)
    _apply_attributes(account, incident, actor, fields)
    if (status := bodies.optional_choice(fields, "status", list(Status))) is not None:
        _set_status(account, incident, actor, Status(status), fields)
    if "service" in fields:
        incident_updates.set_service(account, incident, actor, _parse_service(account, fields))
    if users is not None:
        assignment.reassign(account, incident, actor, users)
    if policy is not None:
        assignment.delegate(account, incident, actor, policy)
    if (level := bodies.optional_number(fields, "escalation_level")) is not None:
        assignment.escalate(account, incident, actor, level)


def _apply_attributes(account: Account, incident: Incident, actor: Actor, fields: Json) -> None:
    """Change what the incident says of itself."""
    if (title := bodies.optional_text(fields, "title")) is not None:
        incident_updates.set_title(account, incident, actor, title)
    if (urgency := bodies.optional_choice(fields, "urgency", URGENCIES)) is not None:
        incident_updates.set_urgency(account, incident, actor, urgency)
    if (priority := bodies.priority_id(fields, account.directory)) is not None:
        incident_updates.set_priority(account, incident, actor, priority)
    if (kind := bodies.incident_type(fields, account.directory)) is not None:
        incident_updates.set_incident_type(account, incident, actor, kind)
    if (bridge := bodies.conference_bridge(fields)) is not None:
        incident_updates.set_conference_bridge(account, incident, actor, bridge)


def _set_status(account: Account, incident: Incident, actor: Actor, status: Status, fields: Json) -> None:
    resolution = bodies.optional_text(fields, "resolution")
    if account.options.lenient_repeats and incident.status is status:
        return
    if status is Status.RESOLVED:
        lifecycle.resolve(account, incident, actor, resolution)
    elif status is Status.ACKNOWLEDGED:
        lifecycle.acknowledge(account, incident, actor)
    elif incident.status is Status.RESOLVED:
        lifecycle.reopen(account, incident, actor, bodies.assignee_ids(fields))
    else:
        lifecycle.unacknowledge(account, incident, actor)


def _parse_policy(account: Account, fields: Json) -> EscalationPolicy | None:
    policy_id = bodies.optional_reference(fields, "escalation_policy", "escalation_policy")
    if policy_id is not None and policy_id not in account.directory.policies:
        raise ApiError(POLICY_NOT_FOUND, "Escalation Policy Not Found")
    return account.directory.policies[policy_id] if policy_id is not None else None


def _parse_service(account: Account, fields: Json) -> Service:
    service = account.directory.services.get(bodies.optional_reference(fields, "service", "service") or "")
    if service is None:
        raise invalid_input("Service Not Found")
    return service


def _parse_details(fields: Json) -> str | None:
    body = fields.get("body")
    if body is None:
        return None
    if not isinstance(body, dict) or body.get("type") != "incident_body":
        raise invalid_input("body must be of type incident_body")
    return bodies.optional_text(body, "details")


ROUTES: Routes = {
    ("POST", "/incidents"): create_incident,
    ("PUT", "/incidents/{}"): update_incident,
    ("PUT", "/incidents"): update_incidents,
}
