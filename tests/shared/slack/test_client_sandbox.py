"""The door to Slack against a Slack: what one reading of the vendor's documents sends, another one understands."""

from collections.abc import AsyncIterator

import pytest

from pagebridge.sandbox.slack import Fault, SlackSandbox
from shared.errors import BadCredentials, NotFound, Refused, Unavailable, Uncertain
from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack.client import Slack
from tests.shared.slack.calls import CHANNEL

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "words"}}]


@pytest.fixture
async def sandbox() -> AsyncIterator[SlackSandbox]:
    """Run a Slack with one channel and two people."""
    async with SlackSandbox(paced=False) as running:
        alice = running.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
        running.add_user("Gus Guest", email="gus@example.org", id="U0GUS", guest="multi")
        running.add_channel("incidents", id=CHANNEL, members=[alice.id])
        yield running


@pytest.fixture
async def door(sandbox: SlackSandbox) -> AsyncIterator[Slack]:
    """Open the door to it."""
    opened = Slack(sandbox.bot_token, sandbox.api_url, timeout=1)
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
    with_room = Slack(door.web.token or "", door.web.base_url, now=iter(range(10_000)).__next__)
    for n in range(201):
        await post(with_room, f"card:N{n}")
    await with_room.aclose()
    assert await door.find_by_key(CHANNEL, "card:Q0", oldest_ms=0) == ts


async def test_an_unclear_post_is_found_again(sandbox: SlackSandbox, door: Slack) -> None:
    """A post whose answer was lost is `Uncertain`, and there."""
    sandbox.fail(Fault(method="chat.postMessage", drop=True, after_effect=True, times=1))
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
    sandbox.fail(Fault(method="chat.postMessage", retry_after=30, times=1))
    with pytest.raises(Unavailable) as limited:
        await post(door)
    assert limited.value.retry_after == 30


async def test_a_wrong_token(sandbox: SlackSandbox) -> None:
    """A token that Slack does not know is `BadCredentials`."""
    door = Slack("xoxb-wrong", sandbox.api_url)
    with pytest.raises(BadCredentials):
        await door.auth_test()
    await door.aclose()
