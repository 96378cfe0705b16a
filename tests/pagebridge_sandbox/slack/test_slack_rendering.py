"""What people read."""

import re
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.mrkdwn import to_plain_text
from tests.pagebridge_sandbox.slack.conftest import actions, button, section

NAMES = {"U0ALICE": "Alice Ng", "C0INCIDENTS": "incidents"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("*Triggered* · _P1_ ~old~", "Triggered · P1 old"),
        ("<https://x.example/1|#12 slow> and <https://x.example>", "#12 slow and https://x.example"),
        ("*<https://x.example/1|#12 slow>*", "#12 slow"),
        ("<@U0ALICE> in <#C0INCIDENTS> with <@U0NOBODY>", "@Alice Ng in #incidents with @U0NOBODY"),
        ("<!date^1700000000^{time}|22:13 UTC>", "22:13 UTC"),
        ("<!here> <!subteam^S1|@oncall>", "@here @oncall"),
        ("a &lt;b&gt; &amp;amp; `c_d_e`", "a <b> &amp; c_d_e"),
        ("snake_case_name 2*3*4", "snake_case_name 2*3*4"),
    ],
)
def test_mrkdwn_is_rendered_as_plain_text(text: str, seen: str) -> None:
    """Links show their label, people their name, dates their fallback; marks inside words are just characters."""
    assert seen == to_plain_text(text, lambda id_: NAMES.get(id_, id_))


async def test_blocks_replace_text(
    client: AsyncWebClient, channel: Channel, alice: User, card: list[dict[str, Any]]
) -> None:
    """Whoever looks at a card reads its blocks and labels; the text is for notifications."""
    blocks = [*card, {"type": "context", "elements": [{"type": "mrkdwn", "text": f"with <@{alice.id}>"}]}]
    await client.chat_postMessage(channel=channel.id, text="for your phone", blocks=blocks)

    (message,) = channel.messages
    assert "Triggered #12 slow & sad\n[Acknowledge] [Resolve] [View]\nwith @Alice Ng" == message.plain
    assert ["Acknowledge", "Resolve", "View"] == message.buttons


async def test_every_block_type_is_rendered(client: AsyncWebClient, channel: Channel) -> None:
    """Headers, fields, pictures, menus and rich text are all there."""
    text = {"type": "plain_text", "text": "*as it is*"}
    rich = [{"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}]
    menu = {"type": "overflow", "action_id": "more", "options": [{"text": text, "value": "x"}]}
    select = {"type": "users_select", "action_id": "who", "placeholder": text}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": text},
        {"type": "divider"},
        {"type": "section", "fields": [text], "accessory": button("Go")},
        {"type": "image", "image_url": "https://x.example/x.png", "alt_text": "a graph"},
        {"type": "markdown", "text": "**loud**"},
        {"type": "rich_text", "elements": rich},
        {"type": "table", "rows": []},
        actions(menu, select),
    ]
    await client.chat_postMessage(channel=channel.id, text="x", blocks=blocks)

    assert [
        "*as it is*", "--------", "*as it is*", "[Go]", "[image: a graph]", "**loud**", "rich", "[table]",
        "[⋯] [*as it is*]",
    ] == channel.messages[0].plain.splitlines()  # fmt: skip


async def test_attachments_are_rendered(client: AsyncWebClient, channel: Channel) -> None:
    """They stand below the text."""
    await client.chat_postMessage(
        channel=channel.id, text="above", attachments=[{"text": "*below*", "blocks": [section("inside")]}]
    )

    assert "above\ninside\nbelow" == channel.messages[0].plain


async def test_channel_rendering(slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User) -> None:
    """Threads are indented, private messages say who alone sees them, an edit is marked."""
    ts = (await client.chat_postMessage(channel=channel.id, text="card"))["ts"]
    await client.chat_postMessage(channel=channel.id, text="line", thread_ts=ts)
    await client.chat_postEphemeral(channel=channel.id, user=alice.id, text="psst", thread_ts=ts)
    await client.chat_postEphemeral(channel=channel.id, user=alice.id, text="hey")
    await client.chat_update(channel=channel.id, ts=ts, text="card\nagain")

    shown = re.sub(r"\d\d:\d\d:\d\d ", "", slack.render_channel(channel.id))

    assert [
        "#incidents",
        "pd-bridge (edited)",
        "│ card",
        "│ again",
        "    pd-bridge",
        "    │ line",
        "    (only visible to Alice Ng)",
        "    │ psst",
        "(only visible to Alice Ng)",
        "│ hey",
    ] == shown.splitlines()


async def test_empty_channel_rendering(slack: SlackSandbox) -> None:
    """Its heading says what is special about it."""
    old = slack.add_channel("old", private=True, archived=True)

    assert "#old (private, archived)\n(empty)" == slack.render_channel(old.id)


async def test_wait_timeout_shows_channel(client: AsyncWebClient, channel: Channel) -> None:
    """The failure says what people see instead."""
    await client.chat_postMessage(channel=channel.id, text="something else")

    with pytest.raises(AssertionError, match=r"(?s)not so within 0\.01 s.*#incidents.*something else"):
        await channel.wait(lambda c: "card" in c.messages[3].plain, timeout=0.01)


async def test_wait_returns_condition_result(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """Conditions are looked at after every change, of a channel, a person or the whole."""
    await client.chat_postMessage(channel=channel.id, text="card")

    assert channel.messages[0] is await channel.wait(lambda c: c.messages[0])
    assert 1 == await slack.wait(lambda s: len(s.calls))
