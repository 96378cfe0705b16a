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
MOST_AT_ONCE = 250
"""Incidents in one bulk update (OpenAPI)."""


def create_incident(context: Context) -> Response:
    """Open an incident. Assigned to the requester it is acknowledged from the start."""
    account, user = context.account, context.requester()
    draft = _draft(account, context.request.json("incident"))
    incident = lifecycle.trigger(account, draft, context.acting_for(user, draft.service.teams))
    return Response({"incident": context.show_incident.incident(incident)}, HTTPStatus.CREATED)


def _draft(account: Account, fields: Json) -> lifecycle.IncidentDraft:
    bodies.require(fields, "type", "title", "service")
    bodies.one_of(fields, "type", ("incident",))
    bodies.exclusive(fields)
    assignees = bodies.assignees(fields) or []
    if len(assignees) > 1:
        raise invalid_input("assignments must have one assignee")
    return lifecycle.IncidentDraft(
        service=_service(account, fields),
        title=bodies.text(fields, "title") or "",
        urgency=bodies.one_of(fields, "urgency", URGENCIES) or "high",
        priority=bodies.priority(fields, account.directory, by_name=False),
        key=bodies.text(fields, "incident_key"),
        policy=_policy(account, fields),
        assignee=assignees[0] if assignees else None,
        details=_details(fields),
        incident_type=bodies.incident_type(fields, account.directory) or "incident_default",
        bridge=bodies.bridge(fields),
    )


def update_incident(context: Context, key: str) -> Response:
    """Change an incident: everything that is asked for, or nothing."""
    account, user = context.account, context.requester()
    fields = context.request.json("incident")
    incident = _addressed(account, key, fields)
    actor = context.acting_on(incident, user)
    with account.transaction(incident):
        _apply(account, incident, actor, fields)
    return Response({"incident": context.show_incident.incident(incident)})


def update_incidents(context: Context) -> Response:
    """Change up to 250 incidents: all of them, or none."""
    account, user = context.account, context.requester()
    listed = bodies.objects(context.request.object(), "incidents")
    if len(listed) > MOST_AT_ONCE:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raise ApiError(INVALID_INPUT, "Request Entity Too Large", f"{MOST_AT_ONCE} incidents at most", status=status)
    incidents = [_listed(account, fields) for fields in listed]
    if len({incident.id for incident in incidents}) < len(incidents):
        raise invalid_input("an incident must not be given twice")
    actors = [context.acting_on(incident, user) for incident in incidents]
    with account.transaction(*incidents):
        for incident, actor, fields in zip(incidents, actors, listed, strict=True):
            _apply(account, incident, actor, fields)
    return Response({"incidents": [context.show_incident.incident(incident) for incident in incidents]})


def _addressed(account: Account, key: str, fields: Json) -> Incident:
    bodies.require(fields, "type")
    bodies.one_of(fields, "type", ("incident", "incident_reference"))
    return account.incident(key)


def _listed(account: Account, fields: Json) -> Incident:
    """Find an incident that a bulk update names; an unknown one is a mistake of the body, not of the address."""
    key = bodies.needed_text(fields, "id")
    try:
        return _addressed(account, key, fields)
    except ApiError as refusal:
        raise (invalid_input(f"Incident {key} Not Found") if refusal.code == NOT_FOUND else refusal) from None


def _apply(account: Account, incident: Incident, actor: Actor, fields: Json) -> None:
    """Make the changes, in an order that leaves the status as it was asked for."""
    bodies.exclusive(fields)
    users, policy = bodies.assignees(fields), _policy(account, fields)
    _describe(account, incident, actor, fields)
    if (status := bodies.one_of(fields, "status", list(Status))) is not None:
        _set_status(account, incident, actor, Status(status), fields)
    if "service" in fields:
        incident_updates.set_service(account, incident, actor, _service(account, fields))
    if users is not None:
        assignment.reassign(account, incident, actor, users)
    if policy is not None:
        assignment.delegate(account, incident, actor, policy)
    if (level := bodies.number(fields, "escalation_level")) is not None:
        assignment.escalate(account, incident, actor, level)


def _describe(account: Account, incident: Incident, actor: Actor, fields: Json) -> None:
    """Change what the incident says of itself."""
    if (title := bodies.text(fields, "title")) is not None:
        incident_updates.set_title(account, incident, actor, title)
    if (urgency := bodies.one_of(fields, "urgency", URGENCIES)) is not None:
        incident_updates.set_urgency(account, incident, actor, urgency)
    if (priority := bodies.priority(fields, account.directory)) is not None:
        incident_updates.set_priority(account, incident, actor, priority)
    if (kind := bodies.incident_type(fields, account.directory)) is not None:
        incident_updates.set_incident_type(account, incident, actor, kind)
    if (bridge := bodies.bridge(fields)) is not None:
        incident_updates.set_conference_bridge(account, incident, actor, bridge)


def _set_status(account: Account, incident: Incident, actor: Actor, status: Status, fields: Json) -> None:
    resolution = bodies.text(fields, "resolution")
    if account.options.lenient_repeats and incident.status is status:
        return
    if status is Status.RESOLVED:
        lifecycle.resolve(account, incident, actor, resolution)
    elif status is Status.ACKNOWLEDGED:
        lifecycle.acknowledge(account, incident, actor)
    elif incident.status is Status.RESOLVED:
        lifecycle.reopen(account, incident, actor, bodies.assignees(fields))
    else:
        lifecycle.unacknowledge(account, incident, actor)


def _policy(account: Account, fields: Json) -> EscalationPolicy | None:
    policy_id = bodies.reference(fields, "escalation_policy", "escalation_policy")
    if policy_id is not None and policy_id not in account.directory.policies:
        raise ApiError(POLICY_NOT_FOUND, "Escalation Policy Not Found")
    return account.directory.policies[policy_id] if policy_id is not None else None


def _service(account: Account, fields: Json) -> Service:
    service = account.directory.services.get(bodies.reference(fields, "service", "service") or "")
    if service is None:
        raise invalid_input("Service Not Found")
    return service


def _details(fields: Json) -> str | None:
    body = fields.get("body")
    if body is None:
        return None
    if not isinstance(body, dict) or body.get("type") != "incident_body":
        raise invalid_input("body must be of type incident_body")
    return bodies.text(body, "details")


ROUTES: Routes = {
    ("POST", "/incidents"): create_incident,
    ("PUT", "/incidents/{}"): update_incident,
    ("PUT", "/incidents"): update_incidents,
}
