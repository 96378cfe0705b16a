"""Menus on messages, and what stands in attachments."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.validation import check_blocks
from tests.pagebridge_sandbox.slack.conftest import App, actions, button, section

OPTIONS = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("High", "Low")]


def menu(kind: str, words: str, **more: object) -> dict[str, Any]:
    """Make a menu that says what it is for."""
    return {"type": kind, "action_id": words.lower(), "placeholder": {"type": "plain_text", "text": words}, **more}


async def test_select_on_message(
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


async def test_button_in_attachment(
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


async def test_attachment_blocks_are_validated(client: AsyncWebClient, channel: Channel) -> None:
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
def test_invalid_selects_are_rejected(element: dict[str, Any], problem: str) -> None:
    """There must be options, and what is chosen at first must be one of them."""
    (found,) = check_blocks([actions(element)])

    assert problem in str(found)


def test_initial_option_in_group_is_valid() -> None:
    """What is chosen at first may also be in a group."""
    groups = [{"label": {"type": "plain_text", "text": "All"}, "options": OPTIONS}]

    assert [] == check_blocks([actions(menu("static_select", "x", option_groups=groups, initial_option=OPTIONS[1]))])


FORMATTED = [{"text": {"type": "mrkdwn", "text": "*High*"}, "value": "high"}]
LINKED = [{**OPTIONS[0], "url": "https://example.com"}]


@pytest.mark.parametrize(
    ("element", "pointer"),
    [
        (menu("static_select", "x", options=OPTIONS, option_groups=[]), "/elements/0"),
        (menu("static_select", "x", options=FORMATTED), "/elements/0/options/0/text/type"),
        (menu("static_select", "x", options=LINKED), "/elements/0/options/0"),
        ({"type": "overflow", "options": FORMATTED}, "/elements/0/options/0/text/type"),
        ({"type": "overflow", "options": LINKED}, None),
        ({"type": "checkboxes", "options": FORMATTED}, None),
        ({"type": "radio_buttons", "options": LINKED}, "/elements/0/options/0"),
        ({**button("x"), "url": "no address"}, "/elements/0/url"),
        ({**button("x"), "url": "https://example.com/" + "x" * 3000}, "/elements/0/url"),
        ({**button("x"), "url": "mailto:alice@example.com"}, None),
        (menu("datepicker", "x", initial_date="2026-13-01"), "/elements/0/initial_date"),
        (menu("timepicker", "x", initial_time="24:00"), "/elements/0/initial_time"),
        (menu("conversations_select", "x", filter={}), "/elements/0/filter"),
        (menu("conversations_select", "x", filter={"include": ["secret"]}), "/elements/0/filter/include/0"),
        (menu("conversations_select", "x", filter={"include": ["im"], "exclude_bot_users": True}), None),
        (menu("multi_users_select", "x"), None),
        ({"type": "plain_text_input", "action_id": "x"}, "/elements/0/type"),
    ],
)
def test_element_specific_fields(element: dict[str, Any], pointer: str | None) -> None:
    """Formatting is for boxes, links are for overflow menus and buttons; dates, times and filters have their forms."""
    pointers = {problem.pointer for problem in check_blocks([{"type": "actions", "elements": [element]}])}

    assert (pointer is None and not pointers) or f"/blocks/0{pointer}" in pointers


@pytest.mark.parametrize("url", ["nope", "ftp://example.com/x.png", "https://"])
def test_image_url_must_be_http(url: str) -> None:
    """The address of a picture is that of a page."""
    block = {"type": "image", "alt_text": "x", "image_url": url}

    assert ["/blocks/0/image_url"] == [problem.pointer for problem in check_blocks([block])]


@pytest.mark.parametrize("attachments", ["{", "{}", "[null]", "5"])
async def test_invalid_attachments_error_codes(client: AsyncWebClient, channel: Channel, attachments: str) -> None:
    """Only the pages of updating and of private messages have an error of their own for them."""
    message = await client.chat_postMessage(channel=channel.id, text="x")
    errors = []
    for method, more in (("chat.postMessage", {}), ("chat.update", {"ts": message["ts"]})):
        with pytest.raises(SlackApiError) as caught:
            await client.api_call(method, json={"channel": channel.id, "text": "x", "attachments": attachments, **more})
        errors.append(caught.value.response["error"])

    assert ["invalid_arguments", "invalid_attachments"] == errors
