"""The strict reader of blocks: Slack's limits, in Slack's words."""

import json
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel
from pagebridge_sandbox.slack.validation import check_blocks, check_view
from tests.pagebridge_sandbox.slack.conftest import Sample, actions, button, section

PLAIN = {"type": "plain_text", "text": "x"}
CONFIRM = {"title": PLAIN, "text": PLAIN}


def header(text: str, kind: str = "plain_text") -> dict[str, Any]:
    """Make a header."""
    return {"type": "header", "text": {"type": kind, "text": text}}


def option(text: str = "x", value: str = "x") -> dict[str, Any]:
    """Make an option."""
    return {"text": {"type": "plain_text", "text": text}, "value": value}


def overflow(count: int) -> dict[str, Any]:
    """Make a menu."""
    return actions({"type": "overflow", "action_id": "more", "options": [option()] * count})


BROKEN = [
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0]"),
    ([{"type": "section", "fields": [PLAIN] * 11}], "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    (
        [{"type": "section", "fields": [PLAIN | {"text": "x" * 2001}]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    ([{"type": "section", "text": "words"}], "must provide an object [json-pointer:/blocks/0/text]"),
    ([section("x") | {"color": "red"}], "invalid additional property: color [json-pointer:/blocks/0]"),
    ([header("x" * 151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    ([header("x", "mrkdwn")], "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
    ([{"type": "poem"}], "unsupported type: poem [json-pointer:/blocks/0/type]"),
    ([{}], "missing required field: type [json-pointer:/blocks/0]"),
    (["words"], "must provide an object [json-pointer:/blocks/0]"),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    (
        [{"type": "divider", "block_id": "a"}] * 2,
        '`block_id` "a" already exists [json-pointer:/blocks/1/block_id]',
    ),
    (
        [{"type": "divider", "block_id": "x" * 256}],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    (
        [{"type": "context", "elements": [PLAIN] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [{"type": "context", "elements": [button()]}],
        "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
    ),
    ([actions()], "must provide at least 1 items [json-pointer:/blocks/0/elements]"),
    (
        [actions(*(button(str(number)) for number in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [actions(button(), button())],
        '`action_id` "acknowledge" already exists [json-pointer:/blocks/0/elements/1/action_id]',
    ),
    ([actions(button("x" * 76))], "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"),
    (
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        [actions(button(action_id="x" * 256))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    ([actions(button(style="green"))], "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"),
    (
        [actions(button(accessibility_label="x" * 76))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/accessibility_label]",
    ),
    (
        [actions(button(confirm=CONFIRM | {"deny": PLAIN | {"text": "x" * 31}}))],
        "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]",
    ),
    (
        [actions(button(confirm={"title": PLAIN}))],
        "missing required field: text [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    ([overflow(6)], "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]"),
    (
        [{"type": "image", "image_url": "https://x.example/x.png"}],
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    ([{"type": "image", "alt_text": "x"}], "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]"),
    ("words", "must provide an array [json-pointer:/blocks]"),
]


@pytest.mark.parametrize(("blocks", "problem"), BROKEN)
def test_block_limits_are_reported(blocks: Any, problem: str) -> None:  # noqa: ANN401 - anything may come in
    """Each limit is told in Slack's words, with a pointer to where it is broken, and nothing else is complained of."""
    assert [problem] == [str(found) for found in check_blocks(blocks)]


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [section("x" * 3000)],
        [header("x" * 150)],
        [{"type": "divider"}] * 50,
        [actions(button("x" * 75, value="x" * 2000, confirm=CONFIRM, style="danger"))],
        [actions(*(button(str(number)) for number in range(25)))],
        [actions(button()), actions(button()) | {"block_id": "another"}],
        [overflow(5)],
        [actions({"type": "users_select", "action_id": "who", "placeholder": PLAIN})],
        [section("x") | {"accessory": {"type": "image", "image_url": "https://x.example/x.png", "alt_text": "x"}}],
        [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
            }
        ],
    ],
)
def test_valid_blocks_are_accepted(blocks: list[dict[str, Any]]) -> None:
    """What keeps every limit is accepted; the same action_id may stand in two rows."""
    assert [] == check_blocks(blocks)


@pytest.mark.parametrize("name", ["triggered", "acknowledged", "busy", "resolved"])
def test_slack_message_samples_are_valid(sample: Sample, name: str) -> None:
    """Blocks that pass Slack's own models and types pass here."""
    assert [] == check_blocks(sample(f"ui/incident_{name}.json")["blocks"])


@pytest.mark.parametrize("name", ["modal_reassign", "modal_loading"])
def test_slack_view_samples_are_valid(sample: Sample, name: str) -> None:
    """Views too."""
    assert [] == check_view(sample(f"ui/{name}.json"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": PLAIN | {"text": "x" * 25}}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"blocks": []}, "must provide at least 1 items [json-pointer:/view/blocks]"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (
            {"blocks": [{"type": "input", "label": PLAIN, "element": {"type": "plain_text_input", "action_id": "a"}}]},
            "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]",
        ),
    ],
)
def test_view_limits_are_reported(change: dict[str, Any], problem: str) -> None:
    """A view has limits of its own."""
    view = {"type": "modal", "title": PLAIN, "blocks": [{"type": "divider"}]}

    assert [problem] == [str(found) for found in check_view(view | change)]


async def test_chat_error_lists_violations_in_both_arrays(
    client: AsyncWebClient, channel: Channel, sample: Sample
) -> None:
    """The chat methods answer in the form with two arrays."""
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel.id, text="x", blocks=[section("x" * 3001)])

    assert sample("payloads/errors.json")["invalid_blocks"] == caught.value.response.data


async def test_blocks_validate_reports_violations(client: AsyncWebClient, sample: Sample) -> None:
    """blocks.validate answers with code, message, pointer and constraint, and needs no scope."""
    bad = [{"type": "section", "text": {"type": "invalid", "text": "x"}}]

    assert (await client.api_call("blocks.validate", params={"blocks": json.dumps([section("x")])}))["ok"]
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("blocks.validate", params={"blocks": json.dumps(bad)})

    assert sample("payloads/errors.json")["blocks.validate"] == caught.value.response.data


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "invalid_arguments"),
        ({"blocks": "[]", "view": "{}"}, "invalid_arguments"),
        ({"blocks": "["}, "invalid_arguments"),
        ({"blocks": "[" + " " * 100_000 + "]"}, "invalid_arguments"),
        ({"message": '{"blocks": [{}]}'}, "invalid_message"),
        ({"view": '{"type": "modal"}'}, "invalid_view"),
    ],
)
async def test_blocks_validate_arguments(
    client: AsyncWebClient, sample: Sample, arguments: dict[str, str], error: str
) -> None:
    """Exactly one of blocks, a message and a view, as JSON of a limited size."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("blocks.validate", data=arguments)

    assert error == caught.value.response["error"]
    assert error in sample("api-ref/blocks.validate.json")["errors"]


async def test_block_ids_and_defaults_are_filled_in(client: AsyncWebClient, channel: Channel) -> None:
    """Slack gives names to blocks and actions without one, and says how text is read."""
    nameless = actions({"type": "button", "text": {"type": "plain_text", "text": "Go"}})
    del nameless["block_id"]

    await client.chat_postMessage(channel=channel.id, text="x", blocks=[section("x"), nameless])

    first, second = channel.messages[0].blocks
    assert first["block_id"] != second["block_id"]
    assert second["elements"][0]["action_id"]
    assert second["elements"][0]["text"]["emoji"]
    assert first["text"]["verbatim"] is False
