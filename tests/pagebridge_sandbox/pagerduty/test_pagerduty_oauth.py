"""Scoped OAuth: what the token server gives, what a token opens, and when it ends."""

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from pagebridge_sandbox.pagerduty.oauth import OAuthApp, required_scope
from pagebridge_sandbox.pagerduty.rest.request import Request
from tests.pagebridge_sandbox.pagerduty.conftest import Acme, Sample

SCOPES = ["incidents.read", "users.read"]


async def request_token(acme: Acme, app: OAuthApp, **changes: str) -> tuple[int, Any]:
    """Ask for a token as an app does, and return status and body of the answer."""
    form = {
        "grant_type": "client_credentials",
        "client_id": app.client_id,
        "client_secret": app.secret,
        "scope": f"as_account-{app.account} {' '.join(SCOPES)}",
    }
    async with acme.session.post(f"{acme.pd.url}/oauth/token", data=form | changes) as answer:
        return answer.status, await answer.json()


async def test_token_is_limited_to_its_scopes(acme: Acme) -> None:
    """It reads and does not write, until it ends; writes with enough scopes name their author as ever."""
    incident = acme.trigger()
    status, given = await request_token(acme, acme.pd.add_oauth_app(SCOPES, token_lifetime=100))
    assert (200, "bearer", 100) == (status, given["token_type"], given["expires_in"])
    assert given["scope"].split() == ["as_account-us.acme", *SCOPES]
    bearer = f"Bearer {given['access_token']}"

    path = f"/incidents/{incident.id}"
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    assert 200 == (await acme.call("GET", path, sender=None, authorization=bearer)).status
    refused = await acme.call("PUT", path, body, authorization=bearer)
    assert (403, 2010) == (refused.status, refused.code)
    assert "incidents.write" in str(refused.body)
    assert "triggered" == acme.pd.incident(incident.id).status
    acme.pd.clock.advance(101)
    assert 401 == (await acme.call("GET", path, sender=None, authorization=bearer)).status


async def test_workflow_events_need_a_scope_of_their_own(acme: Acme) -> None:
    """Who cannot read workflows cannot be told of them either."""
    scopes = ["webhook_subscriptions.write", "incident_workflows.read"]
    answers = []
    for granted in (scopes[:1], scopes):
        app = acme.pd.add_oauth_app(granted)
        _, given = await request_token(acme, app, scope=" ".join(["as_account-us.acme", *granted]))
        body = {
            "webhook_subscription": {
                "type": "webhook_subscription",
                "delivery_method": {"type": "http_delivery_method", "url": "https://bridge.example.com/webhooks"},
                "events": ["incident.workflow.started"],
                "filter": {"type": "account_reference"},
            }
        }
        bearer = f"Bearer {given['access_token']}"
        answers.append((await acme.call("POST", "/webhook_subscriptions", body, authorization=bearer)).status)

    assert [403, 200] == answers


async def test_oauth_write_needs_from(acme: Acme) -> None:
    """`From` is asked for, and is who did it."""
    incident = acme.trigger()
    app = acme.pd.add_oauth_app(["incidents.write"])
    _, given = await request_token(acme, app, scope="as_account-us.acme incidents.write")
    bearer = f"Bearer {given['access_token']}"
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}

    assert 400 == (await acme.call("PUT", f"/incidents/{incident.id}", body, None, authorization=bearer)).status
    reply = await acme.call("PUT", f"/incidents/{incident.id}", body, "bob@example.com", authorization=bearer)

    assert "Bob Ray" == reply.body["incident"]["last_status_change_by"]["summary"]


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "as_account-us.acme incidents.write"}, 400, "invalid_scope"),
        ({"scope": "as_account-us.other incidents.read"}, 400, "invalid_scope"),
        ({"scope": "incidents.read"}, 400, "invalid_scope"),
    ],
)
async def test_invalid_token_request_returns_error(acme: Acme, changes: dict[str, str], status: int, word: str) -> None:
    """A wrong client, grant, scope or account, or none, each has its error code, and no token."""
    found, body = await request_token(acme, acme.pd.add_oauth_app(SCOPES), **changes)

    assert (status, word) == (found, body["error"])
    assert "access_token" not in body


def test_scopes_match_openapi(sample: Sample) -> None:
    """Every operation needs the scope that PagerDuty's description names."""
    scopes = sample("scopes")

    assert len(scopes) > 30
    assert scopes == {operation: required_scope(_request(*operation.split())) for operation in scopes}


def _request(method: str, path: str) -> Request:
    return Request(
        method, tuple(path.strip("/").split("/")), CIMultiDict(), "", None, json.dumps({}).encode(), is_json=False
    )
