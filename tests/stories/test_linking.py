"""Linking oneself to one's PagerDuty user, by signing in there; and whom that must never link."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from pagebridge_sandbox.loopback import HOST
from shared.model.ids import SlackUserId
from shared.store import keys
from shared.store.links import LinkRequests
from tests.stories.harness import Bridge, running, settled, until
from tests.stories.test_private_answers import direct
from tests.stories.test_refusals import hire
from tests.stories.test_store_failures import redis_of
from tests.stories.typed_commands import answered
from tests.webhook_receiver.running import until as until_so

CALLBACK = "http://127.0.0.1:1/oauth/pagerduty/callback"
"""Its port stands for that of the receiver, which is not known before it listens."""
LINKING = {"linking": "oauth", "callback_url": CALLBACK, "contact": "#sre-help"}


@pytest.fixture
async def bridge(request: pytest.FixtureRequest) -> AsyncIterator[Bridge]:
    """Run the bridge; Dave and Mallory are in Slack, and Dave has another address in PagerDuty."""
    async with running(identity=getattr(request, "param", LINKING)) as bridge:
        for name in ("Dave", "Mallory"):
            hire(bridge, name)
        bridge.pagerduty.add_user("Dave Ng", "d.poe@corp.example", role="limited_user", id="PDAVE1")
        payments = next(team for team in bridge.pagerduty.teams if team.name == "Payments")
        bridge.pagerduty.add_member(payments.id, "PDAVE1", "responder")
        yield bridge


def address(bridge: Bridge, name: str) -> str:
    """Find the address at which a person was told to sign in, last."""
    elements = [
        element
        for answer in bridge.slack.person(bridge.acme.people[name]).private_messages
        for block in answer.blocks
        for element in block.get("elements", [])
        if "oauth/authorize" in element.get("url", "")
    ]
    return str(elements[-1]["url"])


async def browse(bridge: Bridge, opened: str, user: str) -> str:
    """Let who is `user` at PagerDuty open an address and allow it, and return the page that they end on."""
    form = dict(parse_qsl(urlsplit(opened).query)) | {"user": user}
    async with aiohttp.ClientSession() as browser:
        url = f"{bridge.pagerduty.url}/oauth/authorize"
        async with browser.post(url, data=form, allow_redirects=False) as allowed:
            back = urlsplit(allowed.headers["Location"])
        async with browser.get(f"http://{HOST}:{bridge.receiver_port}{back.path}?{back.query}") as page:
            return await page.text()


def code_on(page: str) -> str:
    """Read the code on a page."""
    return page.split(" link ")[1].partition("<")[0]


async def until_answered(bridge: Bridge, user: str) -> None:
    """Wait until the bridge knows what PagerDuty says of a person who has come back from there."""
    async with redis_of(bridge) as redis:
        requests = LinkRequests(redis, redis)

        async def is_answered() -> bool:
            request = await requests.of(SlackUserId(user))
            return request is not None and request.is_answered

        await until_so(is_answered, "PagerDuty's answer")


async def links(bridge: Bridge) -> str:
    """Read everything that is stored of links."""
    async with redis_of(bridge) as redis:
        return str(await redis.hgetall(keys.LINKS))


async def press_link_when_refused(bridge: Bridge, step: str) -> None:
    """Let Dave press Acknowledge, read that he is not linked and which `step` links him, and press Link."""
    bridge.trigger()
    await bridge.card()
    await bridge.click("Dave", "Acknowledge")
    await bridge.told("Dave", f"Run the link command to {step}")
    [refusal] = bridge.slack.person("U0DAVE").private_messages

    assert (await bridge.click("Dave", "Link", refusal)).acked


async def test_the_press_goes_on_once_its_person_is_linked(bridge: Bridge) -> None:
    """Refused, linked, acknowledged in his own name: once, also if he types the code again; no token stays anywhere."""
    await press_link_when_refused(bridge, "link yourself")
    await bridge.told("Dave", "Sign in to PagerDuty within five minutes")
    page = await browse(bridge, address(bridge, "Dave"), "PDAVE1")
    assert "(U0DAVE), named Dave Ng?" in page
    await until_answered(bridge, "U0DAVE")
    told = await answered(bridge, "Dave", f"/pd link {code_on(page).lower()}", "You are now linked to")
    assert "Dave Ng (d.poe@corp.example)" in told
    assert "Your acknowledgement of incident #1, which was refused before, is on its way" in told
    await bridge.card("Acknowledged by Dave Ng in Slack")
    await answered(bridge, "Dave", f"/pd link {code_on(page)}", "You have no sign-in under way")
    await settled(bridge)

    assert ["d.poe@corp.example"] == [call.from_email for call in bridge.effects()]
    assert "since you signed in there" in await answered(bridge, "Dave", "/pd whoami", "You are Dave Ng")
    stored = await links(bridge)
    assert "PDAVE1" in stored
    assert not [token for token in bridge.pagerduty.oauth.tokens if token in stored]
    await answered(bridge, "Dave", "/pd unlink", "You are no longer linked to d.poe@corp.example")
    await answered(bridge, "Dave", "/pd whoami", "isn't linked to PagerDuty")


async def test_a_link_that_is_passed_on_links_nobody(bridge: Bridge) -> None:
    """Alice signs in by Mallory's link: even with the code it links nobody, and Alice is told. Dave keeps his code."""
    await answered(bridge, "Mallory", "/pd link", "Sign in to PagerDuty")
    page = await browse(bridge, address(bridge, "Mallory"), "PALICE1")
    assert "(U0MALLORY), named Mallory Ng?" in page
    assert "Don&#x27;t give this code to anyone" in page
    await until(lambda: bool(direct(bridge, "Alice")), "Alice to be told")
    assert "tried to link their Slack account to your PagerDuty user. It was refused." in direct(bridge, "Alice")[0]
    await until_answered(bridge, "U0MALLORY")
    await answered(bridge, "Mallory", f"/pd link {code_on(page)}", "belongs to another Slack user")

    await answered(bridge, "Mallory", "/pd link", "Sign in to PagerDuty")
    page = await browse(bridge, address(bridge, "Mallory"), "PDAVE1")
    await until_answered(bridge, "U0MALLORY")
    await answered(bridge, "Mallory", "/pd link ABCDEFGH", "You have 4 tries left")
    await answered(bridge, "Dave", f"/pd link {code_on(page)}", "You have no sign-in under way")
    assert "This sign-in is over" in await browse(bridge, address(bridge, "Mallory"), "PDAVE1")

    assert "{}" == await links(bridge)
    await answered(bridge, "Mallory", "/pd whoami", "isn't linked to PagerDuty")


@pytest.mark.parametrize("bridge", [{"linking": "admin", "admins": ["U0BOB"]}], indirect=True)
async def test_an_admin_approves(bridge: Bridge) -> None:
    """Dave presses, is refused, and asks; Bob approves in his direct messages, and the press goes on in Dave's name."""
    await press_link_when_refused(bridge, "be linked")
    await bridge.told("Dave", "with the e-mail address of your PagerDuty user")
    mail = "d.poe@corp.example"
    await answered(bridge, "Dave", f"/pd link <mailto:{mail}|{mail}>", "Asked @Bob Ng to link you")
    await until(lambda: bool(direct(bridge, "Bob")), "Bob to be asked")
    [question] = bridge.slack.person("U0BOB").direct_messages.messages

    assert (await bridge.click("Bob", "Approve", question)).acked

    await until(lambda: "You approved it" in question.plain, "the question to be answered")
    await bridge.card("Acknowledged by Dave Ng in Slack")
    await settled(bridge)
    assert ["d.poe@corp.example"] == [call.from_email for call in bridge.effects()]
    assert "@Bob Ng approved it" in direct(bridge, "Dave")[0]
