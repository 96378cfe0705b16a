"""The door to Slack against a Slack: what one reading of the vendor's documents sends, another one understands."""

from collections.abc import AsyncIterator

import pytest

from pagebridge_sandbox.slack import Fault, SlackSandbox
from shared.errors import BadCredentials, NotFound, Refused, Unavailable, Uncertain
from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack.api.client import Slack
from shared.slack.api.errors import HASH_CONFLICT, TRIGGER_GONE
from tests.shared.slack.calls import CHANNEL

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "words"}}]


@pytest.fixture
async def sandbox() -> AsyncIterator[SlackSandbox]:
    """Run a Slack with one channel and two people."""
    async with SlackSandbox(enforce_rate_limits=False) as running:
        alice = running.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
        running.add_user("Gus Guest", email="gus@example.org", id="U0GUS", guest="multi")
        running.add_channel("incidents", id=CHANNEL, members=[alice.id])
        yield running


@pytest.fixture
async def door(sandbox: SlackSandbox) -> AsyncIterator[Slack]:
    """Open the door to it."""
    opened = Slack(sandbox.bot_token, sandbox.api_url, timeout=20, pace=0)
    yield opened
    await opened.aclose()


async def post(door: Slack, key: str = "card:Q1", thread_ts: MessageTs | None = None) -> MessageTs:
    """Post a message with a key."""
    metadata = {"event_type": "pagebridge", "event_payload": {"key": key}}
    return await door.post(CHANNEL, text="words", blocks=BLOCKS, metadata=metadata, thread_ts=thread_ts)


async def test_a_message_and_its_thread(sandbox: SlackSandbox, door: Slack) -> None:
    """What is posted is there, is found again by its key, and can be changed."""
    ts = await post(door)
    reply = await post(door, "line:Q1", ts)
    await door.update(CHANNEL, ts, text="other words", blocks=BLOCKS)
    assert await door.find_by_key(CHANNEL, "card:Q1", oldest_ms=0) == ts
    assert await door.find_by_key(CHANNEL, "line:Q1", oldest_ms=0) is None
    assert await door.find_by_key(CHANNEL, "line:Q1", oldest_ms=0, thread_ts=ts) == reply
    (call,) = sandbox.calls_to("chat.update")
    assert call.ok


async def test_finds_an_old_message_behind_many(door: Slack) -> None:
    """A message is found on a later page too."""
    ts = await post(door, "card:Q0")
    for n in range(201):
        await post(door, f"card:N{n}")
    assert await door.find_by_key(CHANNEL, "card:Q0", oldest_ms=0) == ts


async def test_an_unclear_post_is_found_again(sandbox: SlackSandbox, door: Slack) -> None:
    """A post whose answer was lost is `Uncertain`, and there."""
    sandbox.add_fault(Fault(method="chat.postMessage", drop=True, after_effect=True, times=1))
    with pytest.raises(Uncertain):
        await post(door)
    assert await door.find_by_key(CHANNEL, "card:Q1", oldest_ms=0) is not None
    assert len(sandbox.calls_to("chat.postMessage")) == 1


async def test_who_we_are_and_who_they_are(sandbox: SlackSandbox, door: Slack) -> None:
    """Identity, people, and people by address."""
    us = await door.auth_test()
    assert (us.team_id, us.bot_user_id) == (sandbox.team_id, sandbox.bot_user_id)
    assert us.scopes == set(sandbox.bot_scopes)
    alice = await door.person(SlackUserId("U0ALICE"))
    assert (alice.email, alice.guest, alice.team_id) == ("alice@example.com", None, sandbox.team_id)
    assert (await door.person(SlackUserId("U0GUS"))).guest == "multi"
    assert await door.user_by_email("alice@example.com") == "U0ALICE"
    assert await door.user_by_email("nobody@example.com") is None
    with pytest.raises(NotFound):
        await door.person(SlackUserId("U0NOBODY"))


async def test_private_words(sandbox: SlackSandbox, door: Slack) -> None:
    """A private message reaches the one person."""
    await door.post_ephemeral(CHANNEL, SlackUserId("U0ALICE"), text="only you")
    assert [private.text for private in sandbox.person("U0ALICE").private_messages] == ["only you"]


async def test_refusals(sandbox: SlackSandbox, door: Slack) -> None:
    """Slack's words come through, and what each means for the caller."""
    with pytest.raises(NotFound) as gone:
        await door.update(CHANNEL, MessageTs("1700000000.000100"), text="words", blocks=BLOCKS)
    assert gone.value.code == "message_not_found"
    with pytest.raises(NotFound):
        await door.post_ephemeral(ChannelId("C0NOWHERE"), SlackUserId("U0ALICE"), text="words")
    with pytest.raises(Refused) as blocks:
        await door.update(CHANNEL, await post(door), text="words", blocks=[{"type": "nonsense"}])
    assert blocks.value.code in {"invalid_blocks", "invalid_blocks_format"}
    sandbox.add_fault(Fault(method="chat.postMessage", retry_after=30, times=1))
    with pytest.raises(Unavailable) as limited:
        await post(door)
    assert limited.value.retry_after == 30


async def test_a_wrong_token(sandbox: SlackSandbox) -> None:
    """A token that Slack does not know is `BadCredentials`."""
    door = Slack("xoxb-wrong", sandbox.api_url)
    with pytest.raises(BadCredentials):
        await door.auth_test()
    await door.aclose()


async def test_a_view_from_its_opening_to_its_change(sandbox: SlackSandbox, door: Slack) -> None:
    """A view opens once for a click, is changed while it is what we think it is, and says so when it is not."""
    title = {"type": "plain_text", "text": "Reassign"}
    loading = {"type": "modal", "title": title, "blocks": BLOCKS}
    trigger = sandbox.triggers.issue("U0ALICE")
    opened = await door.open_view(trigger, loading)
    changed = await door.update_view(opened.id, loading | {"title": title | {"text": "To whom?"}}, if_hash=opened.hash)
    assert sandbox.person("U0ALICE").modal.title == "To whom?"
    assert changed.hash != opened.hash
    with pytest.raises(Refused) as stale:
        await door.update_view(opened.id, loading, if_hash=opened.hash)
    assert stale.value.code == HASH_CONFLICT
    with pytest.raises(Refused) as used:
        await door.open_view(trigger, loading)
    late = sandbox.triggers.issue("U0ALICE")
    sandbox.advance(4)
    with pytest.raises(Refused) as expired:
        await door.open_view(late, loading)
    assert {used.value.code, expired.value.code} <= TRIGGER_GONE
    with pytest.raises(NotFound):
        await door.update_view("V0NONE", loading)
    with pytest.raises(Refused, match="title"):
        await door.open_view(sandbox.triggers.issue("U0ALICE"), loading | {"title": title | {"text": "x" * 25}})


async def test_our_messages_and_what_became_of_them(sandbox: SlackSandbox, door: Slack) -> None:
    """What is ours is read back as it is now, broadcast replies in both places, a deleted card as its place."""
    card = await post(door)
    named = [BLOCKS[0] | {"block_id": "v2:0"}]
    await door.update(CHANNEL, card, text="other words", blocks=named)
    line = await post(door, "line:Q1", card)
    metadata = {"event_type": "pagebridge", "event_payload": {"key": "line:Q2"}}
    loud = await door.post(CHANNEL, text="loud", blocks=BLOCKS, metadata=metadata, thread_ts=card, reply_broadcast=True)
    sandbox.person("U0ALICE").post("hi", CHANNEL)
    read = {own.ts: own async for own in door.own_messages(CHANNEL, oldest_ms=0)}
    assert read.keys() == {card, loud}
    assert (read[card].text, read[card].block_ids, read[card].key) == ("other words", ("v2:0",), "card:Q1")
    assert read[loud].thread_ts == card
    assert [own.ts async for own in door.own_messages(CHANNEL, oldest_ms=0, thread_ts=card)] == [line, loud]
    await door.delete(CHANNEL, card)
    assert [own.ts async for own in door.own_messages(CHANNEL, oldest_ms=0) if own.deleted] == [card]
    assert await door.find_by_key(CHANNEL, "card:Q1", oldest_ms=0) is None
    with pytest.raises(NotFound):
        await door.delete(CHANNEL, card)


async def test_channels_and_addresses(sandbox: SlackSandbox, door: Slack) -> None:
    """Where we may post, and where people find a message."""
    sandbox.add_channel("old", id="C0OLD", archived=True)
    ours, old = await door.channel(CHANNEL), await door.channel(ChannelId("C0OLD"))
    assert (ours.name, ours.archived, ours.member) == ("incidents", False, True)
    assert old.archived
    with pytest.raises(NotFound):
        await door.channel(ChannelId("C0NOWHERE"))
    ts = await post(door)
    assert ts.replace(".", "") in await door.permalink(CHANNEL, ts)
    with pytest.raises(NotFound):
        await door.permalink(CHANNEL, MessageTs("1.0"))


async def test_a_private_answer_is_replaced(sandbox: SlackSandbox, door: Slack) -> None:
    """What only one person sees is replaced through the address that came with a click on it."""
    button = {"type": "button", "action_id": "retry", "text": {"type": "plain_text", "text": "Retry"}, "value": "x"}
    row = [{"type": "actions", "elements": [button]}]
    alice = sandbox.person("U0ALICE")
    await door.post_ephemeral(CHANNEL, SlackUserId("U0ALICE"), text="failed", blocks=row)
    click = await alice.click("Retry", alice.private_messages[0])
    await door.respond(click.response_url, text="trying", replace_original=True)
    assert [private.text for private in alice.private_messages] == ["trying"]
