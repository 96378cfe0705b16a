"""Creating and changing incidents, and adding notes, in the name of the user in `From`."""

from http import HTTPStatus

from pagebridge.sandbox.pagerduty import assignment, details, lifecycle
from pagebridge.sandbox.pagerduty.account import Account
from pagebridge.sandbox.pagerduty.directory import Policy, Service
from pagebridge.sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge.sandbox.pagerduty.rest import bodies
from pagebridge.sandbox.pagerduty.rest.api import Context, Routes
from pagebridge.sandbox.pagerduty.roles import require_may_act
from pagebridge.sandbox.pagerduty.wire import (
    ALREADY_ACKNOWLEDGED,
    ALREADY_RESOLVED,
    POLICY_NOT_FOUND,
    Answer,
    Json,
    Refusal,
    invalid,
)

URGENCIES = ("high", "low")
UNSUPPORTED = ("incident_type", "conference_bridge")
MOST_NOTES, LONGEST_NOTE = 2000, 65_535


def create_incident(context: Context) -> Answer:
    """Open an incident. Assigned to the requester it is acknowledged from the start."""
    account, user = context.account, context.requester()
    draft = _draft(account, context.request.json("incident"))
    if account.options.enforce_roles:
        require_may_act(account.directory, user, draft.service.teams)
    incident = lifecycle.trigger(account, draft, Actor.person(user))
    return Answer({"incident": context.show_incident.incident(incident)}, HTTPStatus.CREATED)


def _draft(account: Account, fields: Json) -> lifecycle.Draft:
    _require(fields, "type", "title", "service")
    _refuse_unsupported(fields)
    bodies.one_of(fields, "type", ("incident",))
    bodies.exclusive(fields)
    assignees = bodies.assignees(fields) or []
    if len(assignees) > 1:
        raise invalid("assignments must have one assignee")
    return lifecycle.Draft(
        service=_service(account, fields),
        title=bodies.text(fields, "title") or "",
        urgency=bodies.one_of(fields, "urgency", URGENCIES) or "high",
        priority=bodies.priority(fields, account.directory),
        key=bodies.text(fields, "incident_key"),
        policy=_policy(account, fields),
        assignee=assignees[0] if assignees else None,
        details=_details(fields),
    )


def update_incident(context: Context, key: str) -> Answer:
    """Change an incident: everything that is asked for, or nothing."""
    account, user = context.account, context.requester()
    fields = context.request.json("incident")
    _require(fields, "type")
    _refuse_unsupported(fields)
    bodies.one_of(fields, "type", ("incident", "incident_reference"))
    incident = account.incident(key)
    if account.options.enforce_roles:
        require_may_act(account.directory, user, incident.teams, incident.assignees)
    try:
        with account.changing(incident):
            _apply(account, incident, Actor.person(user), fields)
    except Refusal as refusal:
        if not (account.options.lenient_repeats and refusal.code in (ALREADY_ACKNOWLEDGED, ALREADY_RESOLVED)):
            raise
    return Answer({"incident": context.show_incident.incident(incident)})


def _apply(account: Account, incident: Incident, actor: Actor, fields: Json) -> None:
    """Make the changes, in an order that leaves the status as it was asked for."""
    bodies.exclusive(fields)
    users, policy = bodies.assignees(fields), _policy(account, fields)
    if (title := bodies.text(fields, "title")) is not None:
        details.set_title(account, incident, actor, title)
    if (urgency := bodies.one_of(fields, "urgency", URGENCIES)) is not None:
        details.set_urgency(account, incident, actor, urgency)
    if (priority := bodies.priority(fields, account.directory)) is not None:
        details.set_priority(account, incident, actor, priority)
    if (status := bodies.one_of(fields, "status", list(Status))) is not None:
        _set_status(account, incident, actor, Status(status), fields)
    if "service" in fields:
        details.set_service(account, incident, actor, _service(account, fields))
    if users is not None:
        assignment.reassign(account, incident, actor, users)
    if policy is not None:
        assignment.delegate(account, incident, actor, policy)
    if (level := bodies.number(fields, "escalation_level")) is not None:
        assignment.escalate(account, incident, actor, level)


def _set_status(account: Account, incident: Incident, actor: Actor, status: Status, fields: Json) -> None:
    resolution = bodies.text(fields, "resolution")
    if status is Status.RESOLVED:
        lifecycle.resolve(account, incident, actor, resolution)
    elif status is Status.ACKNOWLEDGED:
        lifecycle.acknowledge(account, incident, actor)
    elif incident.status is Status.RESOLVED:
        lifecycle.reopen(account, incident, actor, bodies.assignees(fields))
    else:
        lifecycle.unacknowledge(account, incident, actor)


def create_note(context: Context, key: str) -> Answer:
    """Add a note, also to a resolved incident."""
    account, user = context.account, context.requester()
    fields = context.request.json("note")
    _require(fields, "content")
    content = bodies.text(fields, "content") or ""
    incident = account.incident(key)
    if account.options.enforce_roles:
        require_may_act(account.directory, user, incident.teams, incident.assignees)
    if len(content) > LONGEST_NOTE or len(incident.notes) >= MOST_NOTES:
        raise invalid(f"An incident has {MOST_NOTES} notes of {LONGEST_NOTE} characters at most")
    with account.changing(incident):
        note = details.add_note(account, incident, Actor.person(user), content)
    return Answer({"note": context.show.note(note)})


def _policy(account: Account, fields: Json) -> Policy | None:
    policy_id = bodies.reference(fields, "escalation_policy", "escalation_policy")
    if policy_id is not None and policy_id not in account.directory.policies:
        raise Refusal(POLICY_NOT_FOUND, "Escalation Policy Not Found")
    return account.directory.policies[policy_id] if policy_id is not None else None


def _service(account: Account, fields: Json) -> Service:
    service = account.directory.services.get(bodies.reference(fields, "service", "service") or "")
    if service is None:
        raise invalid("Service Not Found")
    return service


def _details(fields: Json) -> str | None:
    body = fields.get("body")
    if body is None:
        return None
    if not isinstance(body, dict) or body.get("type") != "incident_body":
        raise invalid("body must be of type incident_body")
    return bodies.text(body, "details")


def _require(fields: Json, *names: str) -> None:
    missing = [name for name in names if name not in fields]
    if missing:
        raise invalid(*(f"{name} is missing" for name in missing))


def _refuse_unsupported(fields: Json) -> None:
    """Refuse what PagerDuty could do and this simulator cannot, which is better than to do nothing and say nothing."""
    for name in UNSUPPORTED:
        if name in fields:
            raise invalid(f"this simulator cannot set {name}")


ROUTES: Routes = {
    ("POST", "/incidents"): create_incident,
    ("PUT", "/incidents/{}"): update_incident,
    ("POST", "/incidents/{}/notes"): create_note,
}
