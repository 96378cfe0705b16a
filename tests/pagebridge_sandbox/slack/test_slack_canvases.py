"""Canvases: what they hold, who may read them, and where there are none."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import SlackSandbox, User


@pytest.fixture(autouse=True)
def _scopes(slack: SlackSandbox) -> None:
    slack.bot_scopes |= {"canvases:write"}


def content(markdown: str) -> dict[str, str]:
    """Make the content of a canvas."""
    return {"type": "markdown", "markdown": markdown}


async def refused(client: AsyncWebClient, method: str, **arguments: Any) -> str:  # noqa: ANN401 - JSON
    """Make a call that is refused, and return the error."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


async def test_a_canvas_is_made_and_shared(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """No person can open it before it is shared with them."""
    made = await client.canvases_create(title="Timeline", document_content=content("# It broke"))
    canvas = slack.canvases[str(made["canvas_id"])]
    assert ("Timeline", "# It broke", {}) == (canvas.title, canvas.markdown, canvas.access)

    await client.canvases_access_set(canvas_id=canvas.id, access_level="read", user_ids=[alice.id])
    assert {alice.id: "read"} == canvas.access


@pytest.mark.parametrize(
    ("markdown", "error"),
    [("> - a list", "canvas_creation_failed"), ("- one\n  > said", "canvas_creation_failed"), ("- one\n  - said", "")],
)
async def test_what_a_canvas_takes(client: AsyncWebClient, markdown: str, error: str) -> None:
    """No list within a quote, no quote within a list."""
    if error:
        assert error == await refused(client, "canvases.create", document_content=content(markdown))
    else:
        await client.canvases_create(document_content=content(markdown))


async def test_a_canvas_needs_its_markdown(client: AsyncWebClient) -> None:
    """A content without it is refused as Slack does, not by an error of the simulator."""
    assert "invalid_arguments" == await refused(client, "canvases.create", document_content={"type": "markdown"})


async def test_where_there_are_no_canvases(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """On a free plan, where they are switched off, and without the scope; and access to what is not there."""
    given = {"canvas_id": "F0NONE", "access_level": "read"}
    assert "canvas_not_found" == await refused(client, "canvases.access.set", **given, user_ids=[alice.id])
    assert "invalid_parameters" == await refused(client, "canvases.access.set", **given)
    slack.free_plan = True
    assert "free_teams_cannot_create_standalone_canvases" == await refused(client, "canvases.create")
    slack.canvases_enabled = False
    for method in ("canvases.create", "canvases.access.set"):
        assert "canvas_disabled_user_team" == await refused(client, method, **given)
    slack.bot_scopes -= {"canvases:write"}
    assert "missing_scope" == await refused(client, "canvases.create")
