"""Who is in the workspace, and which channels there are."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.users import GuestKind
from tests.pagebridge_sandbox.slack.conftest import Sample


async def info(client: AsyncWebClient, user: User) -> dict[str, Any]:
    """Read one account."""
    answer: dict[str, Any] = (await client.users_info(user=user.id))["user"]
    return answer


async def test_full_member(client: AsyncWebClient, alice: User) -> None:
    """A full member has a confirmed address and no restrictions."""
    shown = await info(client, alice)

    assert ("T0ACME", False, False, True) == (
        shown["team_id"], shown["is_restricted"], shown["is_ultra_restricted"], shown["is_email_confirmed"],
    )  # fmt: skip
    assert ("alice@example.com", "Alice Ng") == (shown["profile"]["email"], shown["profile"]["real_name"])


@pytest.mark.parametrize(("guest", "flags"), [("multi", (True, False)), ("single", (True, True))])
async def test_guests(slack: SlackSandbox, client: AsyncWebClient, guest: GuestKind, flags: tuple[bool, bool]) -> None:
    """Every guest is restricted, a single-channel guest ultra-restricted too."""
    shown = await info(client, slack.add_user("Gus", guest=guest))

    assert flags == (shown["is_restricted"], shown["is_ultra_restricted"])


async def test_slack_connect_user(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """Somebody of another team is a stranger whose address is withheld."""
    shown = await info(client, slack.add_user("Olga", email="olga@example.net", team_id="T0OTHER"))

    assert ("T0OTHER", True) == (shown["team_id"], shown["is_stranger"])
    assert "email" not in shown["profile"]
    assert "is_email_confirmed" not in shown


async def test_deactivated_account(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """It is marked, and no longer says what it may do."""
    shown = await info(client, slack.add_user("Dana", email="dana@example.com", deleted=True))

    assert shown["deleted"]
    assert "is_restricted" not in shown


async def test_email_needs_scope(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """Without users:read.email there is no address, and no looking up by it."""
    slack.bot_scopes -= {"users:read.email"}

    assert "email" not in (await info(client, alice))["profile"]
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client.users_lookupByEmail(email="alice@example.com")


async def test_lookup_by_email(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """Case does not matter; outsiders, bots, deactivated and unknown people are not found."""
    slack.add_user("Dana", email="dana@example.com", deleted=True)
    slack.add_user("Olga", email="olga@example.net", team_id="T0OTHER")

    assert alice.id == (await client.users_lookupByEmail(email="Alice@Example.com"))["user"]["id"]
    for email in ("dana@example.com", "olga@example.net", "nobody@example.com"):
        with pytest.raises(SlackApiError, match="users_not_found"):
            await client.users_lookupByEmail(email=email)


async def test_users_list(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """It has pages, and holds bots and deactivated accounts but no outsiders."""
    made = [slack.add_user(f"Person {number}", deleted=number == 1).id for number in range(3)]
    slack.add_user("Olga", team_id="T0OTHER")

    pages = [[user["id"] for user in page["members"]] async for page in await client.users_list(limit=3)]

    assert [[slack.bot_user_id, *made[:2]], made[2:]] == pages


async def test_bots_info(slack: SlackSandbox, client: AsyncWebClient, sample: Sample) -> None:
    """Its own bot is shown with its app; any other is not there."""
    shown = (await client.bots_info(bot=slack.bot_id))["bot"]

    assert (slack.app_id, slack.bot_user_id) == (shown["app_id"], shown["user_id"])
    with pytest.raises(SlackApiError, match="bot_not_found"):
        await client.bots_info(bot="B0OTHER")
    documented = sample("api-ref/bots.info.json")
    assert shown.keys() <= documented["output"]["bot"].keys()
    assert {"bot_not_found", "missing_argument"} <= documented["errors"].keys()


async def test_date_header_follows_simulated_clock(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """The header `Date` is by the clock that tests move."""
    slack.advance(3600)
    answer = await client.auth_test()

    assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - slack.clock.now()) < 5


async def test_unknown_user(client: AsyncWebClient) -> None:
    """There is no such person."""
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.users_info(user="U0NOBODY")


async def test_conversations_info(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, sample: Sample
) -> None:
    """The fields are those of Slack's own example; sharing shows as soon as an outsider is in it."""
    outsider = slack.add_user("Olga", team_id="T0OTHER")
    shared = slack.add_channel("shared", private=True, members=[outsider.id])

    shown = (await client.conversations_info(channel=channel.id, include_num_members=True))["channel"]
    other = (await client.conversations_info(channel=shared.id))["channel"]

    assert ("incidents", True, False, False, 2) == (
        shown["name"], shown["is_member"], shown["is_private"], shown["is_ext_shared"], shown["num_members"],
    )  # fmt: skip
    assert (True, True) == (other["is_private"], other["is_ext_shared"])
    documented = sample("api-ref/conversations.info.json")["examples"]["success"]["example"]["channel"]
    assert shown.keys() <= documented.keys() | {"is_member", "num_members"}


async def test_list_includes_private_channels_of_bot(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel
) -> None:
    """The default is public channels; archived ones can be left out."""
    old = slack.add_channel("old", archived=True)
    secret = slack.add_channel("secret", private=True)
    slack.add_channel("hidden", private=True, bot_member=False)

    async def listed(**arguments: str | bool) -> list[str]:
        return [found["id"] for found in (await client.api_call("conversations.list", params=arguments))["channels"]]

    assert [channel.id, old.id] == await listed()
    assert [channel.id] == await listed(exclude_archived=True)
    assert [secret.id] == await listed(types="private_channel")
    assert [channel.id, secret.id] == await listed(types="public_channel,private_channel", exclude_archived=True)


async def test_members_pagination(slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User) -> None:
    """The bot is one of them."""
    pages = [page["members"] async for page in await client.conversations_members(channel=channel.id, limit=1)]

    assert [[alice.id], [slack.bot_user_id]] == pages


async def test_join_channel(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """It takes a scope, works for public channels, and a second time only warns."""
    apart = slack.add_channel("apart", bot_member=False)
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client.conversations_join(channel=apart.id)
    slack.bot_scopes.add("channels:join")

    first, second = [await client.conversations_join(channel=apart.id) for _ in range(2)]

    assert slack.bot_user_id in apart.members
    assert (None, "already_in_channel") == (first.get("warning"), second.get("warning"))


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("conversations.info", {"channel": "C0SECRET"}, "channel_not_found"),
        ("conversations.join", {"channel": "C0OLD"}, "is_archived"),
        ("conversations.join", {"channel": "C0MINE"}, "method_not_supported_for_channel_type"),
        ("conversations.list", {"types": "secret_channel"}, "invalid_types"),
        ("conversations.list", {"limit": "many"}, "invalid_limit"),
        ("conversations.list", {"cursor": "bmV4dDp4"}, "invalid_cursor"),
        ("conversations.members", {"channel": "C0MINE", "limit": "0"}, "invalid_limit"),
        ("users.list", {"cursor": "?"}, "invalid_cursor"),
    ],
)
async def test_read_errors(
    slack: SlackSandbox, client: AsyncWebClient, sample: Sample, method: str, arguments: dict[str, str], error: str
) -> None:
    """Each refusal has the error that the method's page lists."""
    slack.bot_scopes.add("channels:join")
    slack.add_channel("secret", id="C0SECRET", private=True, bot_member=False)
    slack.add_channel("mine", id="C0MINE", private=True)
    slack.add_channel("old", id="C0OLD", archived=True, bot_member=False)

    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, params=arguments)

    assert error == caught.value.response["error"]
    assert error in sample(f"api-ref/{method}.json")["errors"]
