"""The main path with the official clients: Bolt answers clicks and commands over a real Socket Mode connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, Message, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import Sample, actions, button


class App:
    """A small app, as anybody would write it with Bolt."""

    def __init__(self, slack: SlackSandbox, client: AsyncWebClient) -> None:
        self.bolt = AsyncApp(client=client)
        self.handler = AsyncSocketModeHandler(self.bolt, slack.app_token, ping_interval=1)
        self.seen: list[dict[str, Any]] = []
        self.changed: list[str] = []
        self.bolt.action({"action_id": "acknowledge"})(self.acknowledge)
        self.bolt.action({"action_id": "resolve"})(self.just_ack)
        self.bolt.action({"action_id": "view"})(self.just_ack)
        self.bolt.action({"action_id": "more"})(self.just_ack)
        self.bolt.action({"action_id": "retry"})(self.retry)
        self.bolt.command("/pd")(self.command)
        self.bolt.event("user_change")(self.change)

    async def acknowledge(self, ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Ack, and answer privately with a button."""
        self.seen.append(body)
        await ack()
        await respond("On its way", blocks=[actions(button("Retry"))], replace_original=False)

    async def retry(self, ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Ack, and replace the private answer."""
        self.seen.append(body)
        await ack()
        await respond("Done", replace_original=True)

    async def just_ack(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack."""
        self.seen.append(body)
        await ack()

    async def command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack with words."""
        self.seen.append(body)
        await ack(f"You said: {body['text']}")

    async def change(self, event: dict[str, Any]) -> None:
        """Remember who has changed."""
        self.changed.append(event["user"]["id"])


@pytest.fixture
async def app(slack: SlackSandbox, client: AsyncWebClient) -> AsyncIterator[App]:
    """Connect the app."""
    made = App(slack, client)
    await made.handler.connect_async()
    await slack.socket.wait_connected()
    yield made
    await made.handler.close_async()


@pytest.fixture
async def message(client: AsyncWebClient, channel: Channel, card: list[dict[str, Any]]) -> Message:
    """Post the card."""
    metadata = {"event_type": "incident", "event_payload": {"incident": "Q1"}}
    await client.chat_postMessage(channel=channel.id, text="Triggered", blocks=card, metadata=metadata)
    return channel.messages[0]


async def test_click_reaches_bolt_app(slack: SlackSandbox, app: App, message: Message, alice: User) -> None:
    """The button is found by what it says; the app acks and answers Alice alone."""
    person = slack.person(alice.id)

    click = await person.click("Acknowledge", message)
    (answer,) = await person.wait(lambda p: p.private_messages)

    assert (True, None) == (click.acked, click.failure)
    assert "Q1" == app.seen[0]["actions"][0]["value"]
    assert click.response_url == app.seen[0]["response_url"]
    assert ("[Retry]", ["Retry"]) == (answer.plain, answer.buttons)
    assert slack.envelopes[0].acked_after_ms is not None
    assert slack.envelopes[0].acked_after_ms < 3000


async def test_click_payload_matches_sample(
    slack: SlackSandbox, app: App, message: Message, alice: User, sample: Sample
) -> None:
    """Payload and envelope have exactly the keys of the sample, all the way down."""
    await slack.person(alice.id).click("Acknowledge", message)

    documented = sample("payloads/envelope_block_actions.json")
    assert documented.keys() == slack.envelopes[0].frame.keys()
    shown = app.seen[0] | {"actions": [app.seen[0]["actions"][0] | {"style": "primary"}]}
    assert _keys(documented["payload"]) == _keys(shown)


async def test_thread_click_payload_matches_sample(
    slack: SlackSandbox, client: AsyncWebClient, app: App, message: Message, alice: User, sample: Sample
) -> None:
    """The container and the message say which thread it is."""
    blocks = [actions(button(style="primary", value="Q1"))]
    await client.chat_postMessage(
        channel=message.channel_id, text="x", blocks=blocks, thread_ts=message.ts, metadata=message.metadata
    )

    await slack.person(alice.id).click("Acknowledge", message.replies[0])

    assert _keys(sample("payloads/block_actions_button_in_thread.json")) == _keys(app.seen[0])
    assert message.ts == app.seen[0]["container"]["thread_ts"]


async def test_ephemeral_message_can_be_clicked_and_replaced(
    slack: SlackSandbox, app: App, message: Message, alice: User, sample: Sample
) -> None:
    """An ephemeral message is not in the payload; its response_url replaces it, and the earlier text is remembered."""
    person = slack.person(alice.id)
    await person.click("Acknowledge", message)
    (answer,) = await person.wait(lambda p: p.private_messages)

    await person.click("Retry", answer)
    await person.wait(lambda p: p.private_messages[0].text == "Done")

    assert ["On its way"] == answer.history
    assert [answer] == person.private_messages
    documented = sample("payloads/block_actions_button_ephemeral_message.json")
    assert documented.keys() == app.seen[1].keys()
    assert documented["container"].keys() == app.seen[1]["container"].keys()


async def test_confirm_dialog_comes_first(slack: SlackSandbox, app: App, message: Message, alice: User) -> None:
    """Nothing is sent until the confirming label is pressed; the other one sends nothing either."""
    person = slack.person(alice.id)

    looking = await person.click("Resolve", message)
    refusing = await person.click("Resolve", message, confirm="Keep open")
    assert not slack.envelopes
    confirmed = await person.click("Resolve", message, confirm="Resolve")

    assert looking.dialog is not None
    assert ("Resolve?", "It is over for everyone.") == (looking.dialog.title, looking.dialog.text)
    assert ("Resolve", "Keep open") == looking.dialog.labels
    assert (False, "", None) == (refusing.acked, refusing.envelope_id, refusing.failure)
    assert confirmed.acked
    assert 1 == len(app.seen)
    with pytest.raises(AssertionError, match="the dialog has no 'Yes'"):
        await person.click("Resolve", message, confirm="Yes")


async def test_url_button_sends_payload(slack: SlackSandbox, app: App, message: Message, alice: User) -> None:
    """Slack wants an ack for it like for any other."""
    assert (await slack.person(alice.id).click("View", message)).acked
    assert "https://acme.pagerduty.com/i/Q1" == app.seen[0]["actions"][0]["url"]


async def test_overflow_menu_option(
    slack: SlackSandbox, client: AsyncWebClient, app: App, channel: Channel, alice: User
) -> None:
    """It is found by its words like a button."""
    entry = {"text": {"type": "plain_text", "text": "Snooze"}, "value": "1h"}
    menu = actions({"type": "overflow", "action_id": "more", "options": [entry]})
    await client.chat_postMessage(channel=channel.id, text="x", blocks=[menu])

    await slack.person(alice.id).click("Snooze", channel.messages[0])

    assert ("overflow", "1h") == (
        app.seen[0]["actions"][0]["type"],
        app.seen[0]["actions"][0]["selected_option"]["value"],
    )


async def test_slash_command_reaches_bolt_app(
    slack: SlackSandbox, app: App, channel: Channel, alice: User, sample: Sample
) -> None:
    """Names become ids, and what the app acks with is shown to the person alone."""
    person = slack.person(alice.id)

    typed = await person.type_command("/pd note 12 ask @Alice Ng in #incidents", channel.id)

    assert typed.acked
    assert "note 12 ask <@U0ALICE|alice> in <#C0INCIDENTS|incidents>" == app.seen[0]["text"]
    assert ["You said: note 12 ask @Alice Ng in #incidents"] == [shown.plain for shown in person.private_messages]
    documented = sample("payloads/envelope_slash_commands.json")
    assert documented.keys() == slack.envelopes[0].frame.keys()
    assert documented["payload"].keys() == app.seen[0].keys()
    assert [type(value) for value in documented["payload"].values()] == [
        type(app.seen[0][key]) for key in documented["payload"]
    ]


async def test_names_stay_without_should_escape(slack: SlackSandbox, app: App, channel: Channel, alice: User) -> None:
    """The manifest may leave should_escape out."""
    slack.escape_ids = False

    await slack.person(alice.id).type_command("/pd note @Alice Ng", channel.id)

    assert "note @Alice Ng" == app.seen[0]["text"]


async def test_unhandled_action_is_not_acked(
    slack: SlackSandbox, client: AsyncWebClient, app: App, channel: Channel, alice: User
) -> None:
    """Bolt acks nothing that nobody listens to, so the click fails."""
    slack.ack_timeout = 0.05
    await client.chat_postMessage(channel=channel.id, text="x", blocks=[actions(button("Unknown"))])

    click = await slack.person(alice.id).click("Unknown", channel.messages[0])

    assert app.handler.client is not None
    assert (False, "operation_timeout") == (click.acked, click.failure)


async def test_user_change_event(slack: SlackSandbox, app: App, alice: User) -> None:
    """The event reaches the app, and Bolt acks it."""
    alice.email = "alice@example.org"

    envelope = await slack.user_changed(alice.id)

    assert envelope is not None
    assert envelope.acked
    await slack.wait(lambda _: app.changed == [alice.id])


async def test_redelivered_click(slack: SlackSandbox, app: App, message: Message, alice: User) -> None:
    """The same action under another envelope id."""
    click = await slack.person(alice.id).click("View", message)

    again = await slack.redeliver(click)

    assert again.acked
    assert again.envelope_id != click.envelope_id
    assert [app.seen[0]["actions"][0]["action_ts"]] * 2 == [body["actions"][0]["action_ts"] for body in app.seen]


@pytest.mark.parametrize("how", ["refresh", "cut"])
async def test_official_client_reconnects(
    slack: SlackSandbox, app: App, message: Message, alice: User, how: str
) -> None:
    """After a refresh or a cut it opens a new connection, and clicks arrive again."""
    if how == "refresh":
        await slack.socket.refresh()
    else:
        slack.socket.cut()
    await slack.socket.wait_connected()

    click = await slack.person(alice.id).click("View", message)

    assert click.acked
    assert click.envelope is not None
    assert click.envelope.connection == 2
    assert 1 == len(app.seen)


async def test_concurrent_clicks(slack: SlackSandbox, app: App, message: Message, alice: User) -> None:
    """Each is acked by itself."""
    person = slack.person(alice.id)

    clicks = await asyncio.gather(*(person.click("View", message) for _ in range(10)))

    assert all(click.acked for click in clicks)
    assert 10 == len(app.seen)
    assert 10 == len({body["trigger_id"] for body in app.seen})


def _keys(value: object) -> object:
    """Return the keys of nested objects, without those of free-form parts."""
    if isinstance(value, dict):
        return {key: None if key in ("blocks", "metadata") else _keys(item) for key, item in value.items()}
    return [_keys(item) for item in value] if isinstance(value, list) else None
