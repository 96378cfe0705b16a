"""Asking others to help with an incident, and telling stakeholders about it."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.assignment import on_call
from pagebridge_sandbox.pagerduty.incident_parts import Responder, ResponderRequest, StatusUpdate, Target
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.responses import (
    ALREADY_RESOLVED,
    MISSING_ABILITY,
    POLICY_NOT_FOUND,
    USER_NOT_FOUND,
    Refusal,
    invalid,
    not_found,
)

MOST_RESPONDERS, MOST_REQUESTS = 500, 1000
"""Of one incident (knowledge base, adding responders)."""


def require_ability(account: Account, name: str = "coordinated_responding") -> None:
    """Refuse what the account has not paid for."""
    if name not in account.directory.abilities:
        raise Refusal(MISSING_ABILITY, "Account Ability Missing", f"The account lacks the ability {name}", status=402)


def request_responders(
    account: Account, incident: Incident, requester: Actor, message: str, targets: list[Target]
) -> ResponderRequest:
    """
    Ask users, and whoever is on call for escalation policies, to help.

    Who was asked before and has not declined is not asked again.
    """
    require_ability(account)
    if incident.status is Status.RESOLVED:
        raise Refusal(ALREADY_RESOLVED, "Incident Already Resolved")
    asked = [(user, target) for target in targets for user in _users(account, target)]
    if len(incident.responders) + len(asked) > MOST_RESPONDERS or len(incident.requests) >= MOST_REQUESTS:
        raise invalid(f"An incident has {MOST_RESPONDERS} responders and {MOST_REQUESTS} requests at most")
    at = account.clock.tick()
    request = ResponderRequest(ids.object_id(), requester.id, message, at, tuple(targets))
    incident.requests.append(request)
    incident.updated = at
    for user, target in asked:
        _ask(account, incident, requester, request, user, target)
    return request


def _users(account: Account, target: Target) -> list[str]:
    directory = account.directory
    if target.kind == "user":
        if target.id not in directory.users:
            raise Refusal(USER_NOT_FOUND, "User Not Found")
        return [target.id]
    if target.id not in directory.policies:
        raise Refusal(POLICY_NOT_FOUND, "Escalation Policy Not Found")
    return on_call(directory, directory.policies[target.id].levels, 1)


def _ask(
    account: Account, incident: Incident, requester: Actor, request: ResponderRequest, user: str, target: Target
) -> None:
    if any(each.user == user and each.state in ("pending", "joined") for each in incident.responders):
        return
    at = account.clock.tick()
    policy = target.id if target.kind == "escalation_policy" else None
    responder = Responder(user, request, at, policy)
    incident.responders = [each for each in incident.responders if each.user != user] + [responder]
    account.announce_event(account.events.responder("added", incident, responder, requester, at))


def reply(account: Account, incident: Incident, actor: Actor, answer: Literal["joined", "declined"]) -> None:
    """Answer a request to help, which only who was asked can do, and only once."""
    responder = next((each for each in incident.responders if each.user == actor.id and each.state == "pending"), None)
    if responder is None:
        raise not_found("Responder Request Not Found")
    at = account.clock.tick()
    changed = _move(incident, responder, answer, at)
    account.announce_event(account.events.responder("replied", incident, changed, actor, at))


def cancel_requests(account: Account, incident: Incident, target: Target) -> str:
    """Take requests back that are not answered yet, of which no event tells. Return the result for this target."""
    require_ability(account)
    mine = [
        each
        for each in incident.responders
        if target.id == (each.user if target.kind == "user" else each.policy) and each.state != "user_cancelled"
    ]
    waiting = [each for each in mine if each.state == "pending"]
    at = account.clock.tick()
    for responder in waiting:
        _move(incident, responder, "user_cancelled", at)
    return "cancelled" if waiting else next((each.state for each in mine), "not_found")


def _move(
    incident: Incident, responder: Responder, state: Literal["joined", "declined", "user_cancelled"], at: datetime
) -> Responder:
    changed = replace(responder, state=state, updated=at)
    incident.responders = [changed if each is responder else each for each in incident.responders]
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
    """Tell stakeholders. Subject and HTML are for their mail, and only in the answer."""
    at = account.clock.tick()
    update = StatusUpdate(ids.object_id(), actor.id, message, at, subject, html_message)
    incident.status_updates.append(update)
    account.announce_event(account.events.status_update(incident, update, actor))
    return update
