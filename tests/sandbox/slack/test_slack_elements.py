"""Menus on messages, and what stands in attachments."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge.sandbox.slack import Channel, SlackSandbox, User
from pagebridge.sandbox.slack.validation import check_blocks
from tests.sandbox.slack.conftest import App, actions, button, section

OPTIONS = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("High", "Low")]


def menu(kind: str, words: str, **more: object) -> dict[str, Any]:
    """Make a menu that says what it is for."""
    return {"type": kind, "action_id": words.lower(), "placeholder": {"type": "plain_text", "text": words}, **more}


async def test_a_menu_on_a_message(
    slack: SlackSandbox, client: AsyncWebClient, app: App, channel: Channel, alice: User
) -> None:
    """What is chosen is reported, in the action and in the state; the menu is found by its words."""
    row = actions(menu("users_select", "Who"), menu("static_select", "Urgency", options=OPTIONS))
    await client.chat_postMessage(channel=channel.id, text="x", blocks=[row])
    person, message = slack.person(alice.id), channel.messages[0]

    picked = await person.select("Who", alice.id, message)
    chosen = await person.select("Urgency", "Low", message)

    assert picked.acked
    assert alice.id == picked.payload["actions"][0]["selected_user"]
    assert {"row": {"who": {"type": "users_select", "selected_user": alice.id}}} == picked.payload["state"]["values"]
    assert "low" == chosen.payload["actions"][0]["selected_option"]["value"]
    assert [message.ts] * 2 == [payload["container"]["message_ts"] for payload in app.payloads("block_actions")]
    with pytest.raises(AssertionError, match=r"no 'Where' to fill in, only \['Who', 'Urgency'\]"):
        await person.select("Where", "x", message)


async def test_a_button_in_an_attachment(
    slack: SlackSandbox, client: AsyncWebClient, app: App, channel: Channel, alice: User
) -> None:
    """The container says that it is one, and which."""
    attachments: list[dict[str, Any]] = [
        {"color": "#a30200", "text": "red"},
        {"blocks": [section("x"), actions(button())]},
    ]
    await client.chat_postMessage(channel=channel.id, text="x", attachments=attachments)
    (message,) = channel.messages

    clicked = await slack.person(alice.id).click("Acknowledge", message)

    assert ["Acknowledge"] == message.buttons
    assert ("message_attachment", 2) == (
        clicked.payload["container"]["type"],
        clicked.payload["container"]["attachment_id"],
    )
    assert "#a30200" == clicked.payload["message"]["attachments"][0]["color"]
    assert app.seen


async def test_blocks_in_attachments_follow_the_same_rules(client: AsyncWebClient, channel: Channel) -> None:
    """A broken one is refused as it is elsewhere, and so is an attachment that is none."""
    for attachments, error in (([{"blocks": [section("")]}], "invalid_blocks"), (["red"], "invalid_attachments")):
        arguments = {"channel": channel.id, "text": "x", "attachments": attachments}
        with pytest.raises(SlackApiError) as caught:
            await client.api_call("chat.postEphemeral", json=arguments | {"user": channel.members[0]})
        assert error == caught.value.response["error"]


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        (menu("static_select", "x"), "must define either `options` or `option_groups`"),
        (
            menu("static_select", "x", options=OPTIONS, initial_option=OPTIONS[0] | {"value": "other"}),
            "must be one of the provided options [json-pointer:/blocks/0/elements/0/initial_option]",
        ),
        (
            {"type": "checkboxes", "action_id": "x", "options": OPTIONS[:1], "initial_options": OPTIONS},
            "must be one of the provided options [json-pointer:/blocks/0/elements/0/initial_options]",
        ),
        ({"type": "radio_buttons", "action_id": "x"}, "missing required field: options"),
    ],
)
def test_broken_menus(element: dict[str, Any], problem: str) -> None:
    """There must be options, and what is chosen at first must be one of them."""
    (found,) = check_blocks([actions(element)])

    assert problem in str(found)


def test_good_menus() -> None:
    """What is chosen at first may also be in a group."""
    groups = [{"label": {"type": "plain_text", "text": "All"}, "options": OPTIONS}]

    assert [] == check_blocks([actions(menu("static_select", "x", option_groups=groups, initial_option=OPTIONS[1]))])
