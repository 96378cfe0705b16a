"""What Slack warns of although it does what it is asked to."""

import aiohttp
import pytest

from pagebridge_sandbox.slack import Channel, SlackSandbox
from tests.pagebridge_sandbox.slack.test_slack_web_api import ask

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "warning"),
    [
        ("application/json", "missing_charset"),
        ("application/json; charset=utf-8", None),
        (f"{FORM}; charset=utf-8", "superfluous_charset"),
        (FORM, None),
    ],
)
async def test_charset_warnings(
    slack: SlackSandbox, channel: Channel, http: aiohttp.ClientSession, content_type: str, warning: str | None
) -> None:
    """JSON is to name its charset and a form is not; the call is carried out, or refused, all the same."""
    headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": content_type}
    data = b'{"channel": "C0INCIDENTS", "text": "x"}' if "json" in content_type else b"channel=C0INCIDENTS&text=x"

    posted = await ask(http, slack, "chat.postMessage", data=data, headers=headers)
    refused = await ask(http, slack, "chat.update", data=data, headers=headers)

    assert ["x"] == [message.text for message in channel.messages]
    assert [True, False] == [posted["ok"], refused["ok"]]
    for answer in (posted, refused):
        assert warning == answer.get("warning")
        assert ([warning] if warning else None) == answer.get("response_metadata", {}).get("warnings")


async def test_warnings_are_combined(slack: SlackSandbox, channel: Channel, http: aiohttp.ClientSession) -> None:
    """A method's own warning is not lost."""
    slack.bot_scopes |= {"channels:join"}

    answer = await ask(http, slack, "conversations.join", json={"channel": channel.id})

    assert ["already_in_channel", "missing_charset"] == answer["response_metadata"]["warnings"]
