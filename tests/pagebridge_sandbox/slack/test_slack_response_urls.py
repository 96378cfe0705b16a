"""response_url: five times within half an hour, for one person or for all."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from pagebridge_sandbox.slack import Channel, Fault, Message, Person, SlackSandbox


class Now:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        """Tell the time, a little later each time."""
        self.time += 0.001
        return self.time


@pytest.fixture
def now() -> Now:
    """Make a clock."""
    return Now()


@pytest.fixture
async def slack(now: Now) -> AsyncIterator[SlackSandbox]:
    """Run a Slack by that clock."""
    async with SlackSandbox(enforce_rate_limits=False, now=now) as sandbox:
        yield sandbox


@pytest.fixture
def person(slack: SlackSandbox, channel: Channel) -> Person:
    """Sit down in front of Alice's Slack."""
    return slack.person(channel.members[0])


@pytest.fixture
async def message(client: AsyncWebClient, channel: Channel, card: list[dict[str, Any]]) -> Message:
    """Post the card."""
    await client.chat_postMessage(channel=channel.id, text="Triggered", blocks=card)
    return channel.messages[0]


@pytest.fixture
async def url(person: Person, message: Message) -> str:
    """Click, and take the address that comes with it."""
    return (await person.click("Acknowledge", message)).response_url


async def send(http: aiohttp.ClientSession, url: str, **body: object) -> tuple[int, dict[str, Any]]:
    """Post to an address."""
    async with http.post(url, json=body) as response:
        return response.status, await response.json()


async def test_official_client_posts_ephemeral(url: str, person: Person, channel: Channel) -> None:
    """An answer is private unless it says otherwise."""
    answer = await AsyncWebhookClient(url).send(text="only you")

    assert (200, '{"ok": true}') == (answer.status_code, answer.body)
    assert ["only you"] == [shown.plain for shown in person.private_messages]
    assert 1 == len(channel.messages)


async def test_in_channel_response(http: aiohttp.ClientSession, url: str, person: Person, channel: Channel) -> None:
    """It is a message of the bot, even where the bot is not a member; it may go into a thread."""
    channel.members.remove("U0PDBRIDGE")

    await send(http, url, text="everybody", response_type="in_channel")
    await send(http, url, text="line", response_type="in_channel", thread_ts=channel.messages[0].ts)

    assert [] == person.private_messages
    assert "everybody" == channel.messages[1].plain
    assert ["line"] == [reply.plain for reply in channel.messages[0].replies]


async def test_replace_original(http: aiohttp.ClientSession, url: str, message: Message) -> None:
    """The card that was clicked is overwritten for everybody."""
    await send(http, url, text="gone", replace_original=True)

    assert ("gone", []) == (message.plain, message.buttons)


async def test_delete_original(http: aiohttp.ClientSession, url: str, channel: Channel) -> None:
    """The card that was clicked is deleted; that needs no text."""
    assert (200, {"ok": True}) == await send(http, url, delete_original=True)
    assert [] == channel.messages


async def test_delete_original_ephemeral(
    http: aiohttp.ClientSession, client: AsyncWebClient, person: Person, message: Message
) -> None:
    """A click on a private message can take it away."""
    await client.chat_postEphemeral(channel=message.channel_id, user=person.user.id, text="x", blocks=message.blocks)
    click = await person.click("Acknowledge", person.private_messages[0])

    await send(http, click.response_url, delete_original="true")

    assert [] == person.private_messages


async def test_command_has_no_original(http: aiohttp.ClientSession, person: Person, channel: Channel) -> None:
    """Asking to replace it only shows something more."""
    typed = await person.type_command("/pd help", channel.id)
    before = len(person.private_messages)

    for text in ("one", "two"):
        await send(http, typed.response_url, text=text, replace_original=True)

    assert ["one", "two"] == [shown.plain for shown in person.private_messages[before:]]


async def test_five_uses_limit(http: aiohttp.ClientSession, url: str, person: Person) -> None:
    """The sixth is refused."""
    answers = [await send(http, url, text=str(number)) for number in range(6)]

    assert [200] * 5 + [404] == [status for status, _ in answers]
    assert {"ok": False, "error": "used_url"} == answers[-1][1]
    assert 5 == len(person.private_messages)


async def test_expires_after_30_minutes(http: aiohttp.ClientSession, url: str, now: Now) -> None:
    """Afterwards the address has expired."""
    now.time += 30 * 60

    assert (404, {"ok": False, "error": "expired_url"}) == await send(http, url, text="late")


async def test_unknown_url_is_rejected(http: aiohttp.ClientSession, url: str) -> None:
    """One character more, and it leads nowhere."""
    assert (404, {"ok": False, "error": "invalid_url"}) == await send(http, url + "X", text="hi")


@pytest.mark.parametrize(
    ("body", "error"),
    [({}, "no_text"), ({"text": "x", "blocks": [{"type": "poem"}]}, "invalid_blocks"), ({"text": 1.5}, None)],
)
async def test_body_is_validated(
    http: aiohttp.ClientSession, url: str, body: dict[str, object], error: str | None
) -> None:
    """Text and blocks are read as strictly as elsewhere."""
    status, answer = await send(http, url, **body)

    assert (400 if error else 200, error) == (status, answer.get("error"))


async def test_faults_and_call_log_cover_response_url(
    slack: SlackSandbox, http: aiohttp.ClientSession, url: str, person: Person
) -> None:
    """It is called `response_url` there, and belongs to the channel of the click."""
    slack.add_fault(Fault("response_url", channel="C0INCIDENTS", http_status=500, body="sorry", times=1))

    async with http.post(url, json={"text": "hi"}) as response:
        assert (500, "sorry") == (response.status, await response.text())
    await send(http, url, text="hi")

    assert [(500, False), (200, True)] == [(c.http_status, c.took_effect) for c in slack.calls_to("response_url")]
    assert ["hi"] == [shown.plain for shown in person.private_messages]


async def test_unreadable_body_uses_nothing_up(http: aiohttp.ClientSession, url: str) -> None:
    """They are refused and use nothing up."""
    async with http.post(url, data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert (400, "invalid_json") == (response.status, (await response.json())["error"])


async def test_clock_advance_expires_url(slack: SlackSandbox, http: aiohttp.ClientSession, channel: Channel) -> None:
    """The clock of the simulator moves on demand; the address expires with it."""
    alice = slack.add_user("Al", id="U0AL")
    channel.members.append(alice.id)
    typed = await slack.person(alice.id).type_command("/pd help", channel.id)

    statuses = []
    for seconds in (1790, 20):
        slack.advance(seconds)
        async with http.post(typed.response_url, json={"text": "x"}) as response:
            statuses.append(response.status)

    assert [200, 404] == statuses
