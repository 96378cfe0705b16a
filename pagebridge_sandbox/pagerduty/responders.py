"""Asking others to help with an incident, and telling stakeholders about it."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.assignment import on_call
from pagebridge_sandbox.pagerduty.incident_parts import Responder, ResponderRequest, ResponderTarget, StatusUpdate
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.responses import (
    ALREADY_RESOLVED,
    MISSING_ABILITY,
    POLICY_NOT_FOUND,
    USER_NOT_FOUND,
    ApiError,
    invalid_input,
    not_found,
)

MAX_RESPONDERS, MAX_REQUESTS = 500, 1000
"""Of one incident (knowledge base, adding responders)."""


def require_ability(account: Account, name: str = "coordinated_responding") -> None:
    """Refuse what the account has not paid for."""
    if name not in account.directory.abilities:
        raise ApiError(MISSING_ABILITY, "Account Ability Missing", f"The account lacks the ability {name}", status=402)


def request_responders(
    account: Account, incident: Incident, requester: Actor, message: str, targets: list[ResponderTarget]
) -> ResponderRequest:
    """
    Ask users, and the people on call for escalation policies, to help.

    A person who was asked before and has not declined is not asked again.
    """
    require_ability(account)
    if incident.status is Status.RESOLVED:
        raise ApiError(ALREADY_RESOLVED, "Incident Already Resolved")
    responders = [(user, target) for target in targets for user in _resolve_target(account, target)]
    if len(incident.responders) + len(responders) > MAX_RESPONDERS or len(incident.requests) >= MAX_REQUESTS:
        raise invalid_input(f"An incident has {MAX_RESPONDERS} responders and {MAX_REQUESTS} requests at most")
    at = account.clock.tick()
    request = ResponderRequest(ids.object_id(), requester.id, message, at, tuple(targets))
    incident.requests.append(request)
    incident.updated = at
    for user, target in responders:
        _add_responder(account, incident, requester, request, user, target)
    return request


def _resolve_target(account: Account, target: ResponderTarget) -> list[str]:
    directory = account.directory
    if target.kind == "user":
        if target.id not in directory.users:
            raise ApiError(USER_NOT_FOUND, "User Not Found")
        return [target.id]
    if target.id not in directory.policies:
        raise ApiError(POLICY_NOT_FOUND, "Escalation Policy Not Found")
    return on_call(directory, directory.policies[target.id].levels, 1)


def _add_responder(
    account: Account,
    incident: Incident,
    requester: Actor,
    request: ResponderRequest,
    user: str,
    target: ResponderTarget,
) -> None:
    if any(each.user == user and each.state in ("pending", "joined") for each in incident.responders):
        return
    at = account.clock.tick()
    policy = target.id if target.kind == "escalation_policy" else None
    responder = Responder(user, request, at, policy)
    incident.responders = [each for each in incident.responders if each.user != user] + [responder]
    account.emit(account.events.responder_changed("added", incident, responder, requester, at))


def answer_request(
    account: Account, incident: Incident, actor: Actor, answer: Literal["joined", "declined"], reply: str = ""
) -> None:
    """Answer a request to help in words of one's own, which only who was asked can do, and only once."""
    responder = next((each for each in incident.responders if each.user == actor.id and each.state == "pending"), None)
    if responder is None:
        raise not_found("Responder Request Not Found")
    at = account.clock.tick()
    changed = _set_state(incident, replace(responder, reply=reply), answer, at)
    account.emit(account.events.responder_changed("replied", incident, changed, actor, at))


def cancel_requests(account: Account, incident: Incident, target: ResponderTarget) -> str:
    """Take requests back that are not answered yet, of which no event tells. Return the result for this target."""
    require_ability(account)
    requested = [
        each
        for each in incident.responders
        if target.id == (each.user if target.kind == "user" else each.policy) and each.state != "user_cancelled"
    ]
    pending = [each for each in requested if each.state == "pending"]
    at = account.clock.tick()
    for responder in pending:
        _set_state(incident, responder, "user_cancelled", at)
    return "cancelled" if pending else next((each.state for each in requested), "not_found")


def _set_state(
    incident: Incident, responder: Responder, state: Literal["joined", "declined", "user_cancelled"], at: datetime
) -> Responder:
    changed = replace(responder, state=state, updated=at)
    incident.responders = [changed if each.user == responder.user else each for each in incident.responders]
    incident.updated = at
    return changed


def publish_status_update(
    account: Account,
    incident: Incident,
    actor: Actor,
    message: str,
    *,
    subject: str | None = None,
    html_message: str | None = None,
) -> StatusUpdate:
    """Publish a status update. Subject and HTML are for the stakeholders' mail, and only in the answer."""
    at = account.clock.tick()
    update = StatusUpdate(ids.object_id(), actor.id, message, at, subject, html_message)
    incident.status_updates.append(update)
    account.emit(account.events.status_update_published(incident, update, actor))
    return update
