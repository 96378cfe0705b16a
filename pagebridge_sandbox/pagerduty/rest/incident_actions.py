"""The other actions on an incident: snooze, merge, ask others to help, publish a status update."""

from http import HTTPStatus
from typing import Literal, cast

from pagebridge_sandbox.pagerduty import incident_merge, pending_actions, responders
from pagebridge_sandbox.pagerduty.incident_parts import ResponderTarget
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident
from pagebridge_sandbox.pagerduty.responses import (
    INVALID_SNOOZE,
    REQUESTER_NOT_FOUND,
    ApiError,
    Json,
    Response,
    invalid_input,
)
from pagebridge_sandbox.pagerduty.rest import bodies
from pagebridge_sandbox.pagerduty.rest.api import Context, Routes

TARGET_TYPES = ("user", "escalation_policy")


def snooze(context: Context, key: str) -> Response:
    """Snooze an acknowledged incident for `duration` seconds."""
    account, user, fields = context.account, context.requester(), context.request.parsed_body()
    bodies.require(fields, "duration")
    duration = fields["duration"]
    if not isinstance(duration, int) or isinstance(duration, bool):
        raise ApiError(INVALID_SNOOZE, "Invalid Snooze Duration", "duration must be a whole number of seconds")
    incident = account.incident(key)
    actor = context.actor_for_incident(incident, user)
    with account.transaction(incident):
        pending_actions.snooze(account, incident, actor, duration)
    return Response({"incident": context.incident_renderer.incident(incident)}, HTTPStatus.CREATED)


def merge(context: Context, key: str) -> Response:
    """Merge the `source_incidents` into this one; all of them, or none."""
    account, user = context.account, context.requester()
    listed = bodies.required_objects(context.request.parsed_body(), "source_incidents")
    ids = dict.fromkeys(bodies.reference_id(each, "source_incidents", "incident", full=False) for each in listed)
    target, sources = account.incident(key), [account.incident(source) for source in ids]
    actors = [context.actor_for_incident(each, user) for each in (target, *sources)]
    with account.transaction(target, *sources):
        incident_merge.merge(account, target, actors[0], sources)
    return Response({"incident": account.references.incident(target)})


def request_responders(context: Context, key: str) -> Response:
    """Ask users and escalation policies to help, in the name of the `requester_id` in the body."""
    account, fields = context.account, context.request.parsed_body()
    responders.require_ability(account)
    bodies.require(fields, "requester_id", "message", "responder_request_targets")
    message = bodies.required_text(fields, "message")
    listed = bodies.required_objects(fields, "responder_request_targets")
    targets = [_parse_target(each.get("responder_request_target")) for each in listed]
    incident = account.incident(key)
    actor = _requester_actor(context, fields, incident)
    with account.transaction(incident):
        request = responders.request_responders(account, incident, actor, message, targets)
    return Response({"responder_request": context.incident_renderer.responder_request(incident, request)})


def cancel_requests(context: Context, key: str) -> Response:
    """Take back what was asked of these users and escalation policies, and say for each what came of it."""
    account, fields = context.account, context.request.parsed_body()
    responders.require_ability(account)
    bodies.require(fields, "requester_id", "responder_request_targets")
    targets = [_parse_target(each) for each in bodies.required_objects(fields, "responder_request_targets")]
    incident = account.incident(key)
    _requester_actor(context, fields, incident)
    with account.transaction(incident):
        results = [
            {
                "type": f"{each.kind}_reference",
                "id": each.id,
                "result": responders.cancel_requests(account, incident, each),
            }
            for each in targets
        ]
    return Response({"responder_request_targets": results})


def _parse_target(value: object) -> ResponderTarget:
    fields = value if isinstance(value, dict) else {}
    kind = str(fields.get("type", "")).removesuffix("_reference")
    if kind not in TARGET_TYPES or fields["type"] != f"{kind}_reference":
        raise invalid_input("responder_request_targets must be references to users or escalation policies")
    return ResponderTarget(cast("Literal['user', 'escalation_policy']", kind), bodies.required_text(fields, "id"))


def _requester_actor(context: Context, fields: Json, incident: Incident) -> Actor:
    user = context.account.directory.users.get(bodies.required_text(fields, "requester_id"))
    if user is None:
        raise ApiError(REQUESTER_NOT_FOUND, "Requester User Not Found")
    return context.actor_for_incident(incident, user)


def publish_status_update(context: Context, key: str) -> Response:
    """Publish a status update; `subject` and `html_message` go together."""
    account, user, fields = context.account, context.requester(), context.request.parsed_body()
    message = bodies.required_text(fields, "message")
    mail = {name: bodies.optional_text(fields, name) for name in ("subject", "html_message")}
    if (mail["subject"] is None) != (mail["html_message"] is None):
        raise invalid_input("subject and html_message must be given together")
    incident = account.incident(key)
    actor = context.actor_for_incident(incident, user)
    with account.transaction(incident):
        update = responders.publish_status_update(account, incident, actor, message, **mail)
    return Response({"status_update": context.incident_renderer.status_update(update)})


ROUTES: Routes = {
    ("POST", "/incidents/{}/snooze"): snooze,
    ("PUT", "/incidents/{}/merge"): merge,
    ("POST", "/incidents/{}/responder_requests"): request_responders,
    ("PUT", "/incidents/{}/responder_requests/cancel"): cancel_requests,
    ("POST", "/incidents/{}/status_updates"): publish_status_update,
}
