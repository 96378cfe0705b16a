"""What an app can find out around its messages: the workspace, profiles, where somebody is; and bookmarks."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import Sample

SCOPES = {"team:read", "users.profile:read", "bookmarks:write", "im:read"}


@pytest.fixture(autouse=True)
def _scopes(slack: SlackSandbox) -> None:
    slack.bot_scopes |= SCOPES


def example(sample: Sample, method: str) -> Any:  # noqa: ANN401 - JSON
    """Return the answer that the page of a method shows."""
    return sample(f"api-ref/{method}.json")["examples"]["success"]["example"]


async def test_team_info(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """It is known by its id, and there is no other."""
    shown = (await client.team_info())["team"]

    assert (slack.team_id, "acme") == (shown["id"], shown["domain"])
    with pytest.raises(SlackApiError, match="team_not_found"):
        await client.team_info(team="T0OTHER")


async def test_users_profile_get(slack: SlackSandbox, client: AsyncWebClient, alice: User, sample: Sample) -> None:
    """A profile has pictures and a status as on the page of `users.info`; without a name it is the bot's."""
    shown = (await client.users_profile_get(user=alice.id))["profile"]
    documented = example(sample, "users.info")["user"]["profile"].keys() - {"image_original"}

    assert documented <= shown.keys()
    assert "alice@example.com" == shown["email"]
    assert slack.users[slack.bot_user_id].name == (await client.users_profile_get())["profile"]["real_name"]
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.users_profile_get(user="U0NOBODY")


async def test_users_conversations(slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User) -> None:
    """Only channels with that person come, of the wanted kinds; without a name those of the bot."""
    secret = slack.add_channel("secret", private=True)
    gone = slack.add_channel("gone", members=[alice.id])
    gone.archived = True

    async def places(**arguments: Any) -> list[str]:  # noqa: ANN401 - passed on
        return [each["id"] for each in (await client.users_conversations(**arguments))["channels"]]

    assert [channel.id, gone.id] == await places(user=alice.id)
    assert [channel.id] == await places(user=alice.id, exclude_archived=True)
    assert [secret.id] == await places(types="private_channel")
    with pytest.raises(SlackApiError, match="invalid_types"):
        await places(types="everything")


async def test_bookmarks_add(client: AsyncWebClient, channel: Channel, sample: Sample) -> None:
    """A link stands at the top of the channel, in the shape of the page of the method."""
    shown = (
        await client.bookmarks_add(channel_id=channel.id, title="PagerDuty", type="link", link="https://example.com")
    )["bookmark"]

    assert example(sample, "bookmarks.add")["bookmark"].keys() == shown.keys()
    assert [shown] == channel.bookmarks


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"channel_id": "C0NONE"}, "channel_not_found"),
        ({"type": "poem"}, "invalid_bookmark_type"),
        ({"link": "example.com"}, "invalid_link"),
        ({"emoji": "clap"}, "invalid_emoji"),
    ],
)
async def test_bookmark_is_validated(
    client: AsyncWebClient, channel: Channel, wrong: dict[str, str], error: str
) -> None:
    """Each mistake has its own error."""
    right = {"channel_id": channel.id, "title": "x", "type": "link", "link": "https://example.com"}

    with pytest.raises(SlackApiError, match=error):
        await client.api_call("bookmarks.add", json=right | wrong)
    assert [] == channel.bookmarks
