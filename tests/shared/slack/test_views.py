"""Views: what the door to Slack sends for them, and what it makes of refusals."""

import json
from typing import Any

import pytest

from shared.errors import NotFound, Refused
from shared.slack.api.client import Slack, View
from shared.slack.api.errors import HASH_CONFLICT, TRIGGER_GONE
from tests.shared.local_server import LocalServer

VIEW: dict[str, Any] = {"type": "modal", "title": {"type": "plain_text", "text": "Reassign"}, "blocks": []}


async def test_opens_a_view(server: LocalServer, slack: Slack) -> None:
    """A view is opened with the trigger of a click; what comes back is enough to change it."""
    server.say({"ok": True, "view": {"id": "V1", "hash": "156.1", "type": "modal"}})
    assert await slack.open_view("1.2.abc", VIEW) == View("V1", "156.1")
    assert server.requests[0].path == "/api/views.open"
    assert json.loads(server.requests[0].body) == {"trigger_id": "1.2.abc", "view": VIEW}


async def test_changes_a_view(server: LocalServer, slack: Slack) -> None:
    """A view is changed by its id, on condition that it has not changed only where that is asked for."""
    server.say({"ok": True, "view": {"id": "V1", "hash": "156.2", "type": "modal"}})
    assert (await slack.update_view("V1", VIEW, if_hash="156.1")).hash == "156.2"
    await slack.update_view("V1", VIEW)
    first, second = (json.loads(request.body) for request in server.requests)
    assert server.requests[0].path == "/api/views.update"
    assert first == {"view_id": "V1", "view": VIEW, "hash": "156.1"}
    assert second == {"view_id": "V1", "view": VIEW}


@pytest.mark.parametrize("word", sorted(TRIGGER_GONE))
async def test_a_click_that_is_over(server: LocalServer, slack: Slack, word: str) -> None:
    """A trigger that is too old or used up is refused by its word."""
    server.say({"ok": False, "error": word})
    with pytest.raises(Refused, match="click") as raised:
        await slack.open_view("1.2.abc", VIEW)
    assert raised.value.code in TRIGGER_GONE


async def test_a_view_that_changed_or_is_closed(server: LocalServer, slack: Slack) -> None:
    """Two different things for whoever wanted to change it."""
    server.say({"ok": False, "error": "hash_conflict"})
    with pytest.raises(Refused, match="meanwhile") as changed:
        await slack.update_view("V1", VIEW, if_hash="156.1")
    assert changed.value.code == HASH_CONFLICT
    server.say({"ok": False, "error": "not_found"})
    with pytest.raises(NotFound, match="not open"):
        await slack.update_view("V1", VIEW)


async def test_what_is_wrong_with_a_view(server: LocalServer, slack: Slack) -> None:
    """The text says what Slack found, and where."""
    where = "must be less than 25 characters [json-pointer:/view/title/text]"
    server.say({"ok": False, "error": "invalid_arguments", "response_metadata": {"messages": [f"[ERROR] {where}"]}})
    with pytest.raises(Refused, match="json-pointer:/view/title"):
        await slack.open_view("1.2.abc", VIEW)
