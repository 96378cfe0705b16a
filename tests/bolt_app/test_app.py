"""People from elsewhere get no further than the door, whatever they did, and hear so privately."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bolt_app.app import ACTING_KINDS, COMMAND, WorkspaceGuard
from pagebridge_sandbox.slack import SlackSandbox
from shared.slack.api.client import Slack, SlackIdentity

HOME = SlackIdentity("T0ACME", None, "U0BOT", "B0BOT", "A0APP", frozenset())


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """Open a door to a Slack that answers."""
    async with SlackSandbox(enforce_rate_limits=False) as sandbox:
        door = Slack(sandbox.bot_token, sandbox.api_url, timeout=1)
        yield door
        await door.aclose()


def payload(kind: str, team: str, enterprise: str | None = None) -> dict[str, Any]:
    """Make the least that names a person."""
    if kind == COMMAND:
        return {"command": "/pd", "text": "list", "user_id": "U0IVAN", "team_id": team, "enterprise_id": enterprise}
    user = {"id": "U0IVAN", "team_id": team}
    return {"type": kind, "user": user, "team": {"id": "T0ACME"}, "enterprise": {"id": enterprise}}


async def passes(slack: Slack, body: dict[str, Any], home: SlackIdentity = HOME) -> tuple[bool, str | None]:
    """Let an envelope come to the door; return whether it got in, and how it was answered there."""
    got_in = []

    async def inside() -> None:
        got_in.append(body)

    response = await WorkspaceGuard(slack, home)(body, inside)
    return bool(got_in), response.body if response else None


@pytest.mark.parametrize("kind", sorted(ACTING_KINDS))
async def test_people_from_elsewhere_are_turned_away(slack: Slack, kind: str) -> None:
    """Slack Connect lets them press and choose in shared channels: nothing of it goes any further, and it is acked."""
    got_in, answer = await passes(slack, payload(kind, "T0OTHER"))

    assert not got_in
    assert answer is not None


@pytest.mark.parametrize("kind", sorted(ACTING_KINDS))
async def test_our_own_people_come_in(slack: Slack, kind: str) -> None:
    """Members of the workspace, or of another workspace of the same organisation."""
    grid = SlackIdentity("T0ACME", "E0ACME", "U0BOT", "B0BOT", "A0APP", frozenset())

    assert (True, None) == await passes(slack, payload(kind, "T0ACME"))
    assert (True, None) == await passes(slack, payload(kind, "T0SISTER", "E0ACME"), grid)
    assert not (await passes(slack, payload(kind, "T0OTHER", "E0OTHER"), grid))[0]


@pytest.mark.parametrize(("kind", "words"), [(COMMAND, '"ephemeral"'), ("view_submission", '"update"')])
async def test_they_hear_why(slack: Slack, kind: str, words: str) -> None:
    """Where an ack can say it, it does: a private message, or words in place of the dialog."""
    _, answer = await passes(slack, payload(kind, "T0OTHER"))

    assert answer is not None
    assert words in answer
    assert "only members of this Slack workspace" in answer


async def test_events_are_no_acts(slack: Slack) -> None:
    """What Slack tells of people elsewhere is news like any other."""
    assert (True, None) == await passes(slack, {"type": "event_callback", "event": {"type": "user_change"}})


@pytest.mark.parametrize("kind", sorted(ACTING_KINDS))
async def test_what_names_nobody_is_left_to_its_listener(slack: Slack, kind: str) -> None:
    """It is answered as unreadable there."""
    body = {"command": "/pd"} if kind == COMMAND else {"type": kind}

    assert (True, None) == await passes(slack, body)
