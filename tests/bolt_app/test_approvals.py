"""Being linked by an admin: who is asked what, who may decide, and what comes of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import pytest

from bolt_app.commands.interactive import Press, parse_press
from bolt_app.commands.slash_grammar import ParsedCommand, parse
from bolt_app.linking.approvals import Approvals
from pagebridge_sandbox import pagerduty
from pagebridge_sandbox.slack import Fault
from shared.errors import Malformed, StoreDown
from shared.model.ids import SlackUserId, UserId
from shared.model.link import APPROVAL_LIFE, Link, LinkedBy, RefusedPress
from shared.model.outcome import Declined
from shared.slack.render.buttons import APPROVE_LINK
from shared.store import keys
from shared.store.links import LinkRequests, Links
from shared.store.redis import Redis, connect
from tests.bolt_app.test_interactive import press
from tests.bolt_app.test_sign_ins import DAVE, Signing, running_signing
from tests.servers import lent_valkey
from tests.shared.linked_people import ALICE, EMAIL
from tests.stories.harness import until

BOB = SlackUserId("U0BOB")
ADMIN: dict[str, object] = {"linking": "admin", "admins": [BOB, "U0CAROL"], "contact": "#sre-help"}
ADDRESS = "D.Poe@corp.example"


@dataclass
class Deciding:
    """Dave, who asks, and Bob and Carol, who are asked."""

    signing: Signing
    approvals: Approvals

    async def ask(self, address: str = ADDRESS) -> str:
        """Let Dave ask for a link, and return the answer, also that of a refusal."""
        try:
            return (await self.approvals.ask(self.signing.typed(), address)).text
        except Declined as declined:
            return declined.text

    def questions(self, admin: str = BOB) -> list[str]:
        """List what an admin was sent directly."""
        try:
            return [each.plain for each in self.signing.acme.slack.person(admin).direct_messages.messages]
        except LookupError:
            return []

    def pressed(self, by: str = BOB) -> Press:
        """Press the button of the last question."""
        blocks = self.signing.acme.slack.person(BOB).direct_messages.messages[-1].blocks
        value = blocks[-1]["elements"][0]["value"]
        made = press(user__id=by, actions__0__action_id=APPROVE_LINK, actions__0__value=value)
        return parse_press(made)

    @asynccontextmanager
    async def while_asked(self, fault: pagerduty.Fault) -> AsyncIterator[asyncio.Task[str]]:
        """Let Bob approve, and give what happens once PagerDuty was asked, which answers with that fault."""
        asked = self.signing.acme.pagerduty.add_fault(fault)
        async with asyncio.TaskGroup() as group:
            approving = group.create_task(self._approved())
            await until(lambda: asked.match_count > 0, "PagerDuty to be asked")
            yield approving

    async def _approved(self) -> str:
        try:
            return await self.decide()
        except Malformed as error:
            return str(error)

    async def decide(self, *, approve: bool = True, by: str = BOB) -> str:
        """Let a person decide, and return what they read."""
        try:
            return (await self.approvals.decide(self.pressed(by), approve=approve)).text
        except Declined as declined:
            return declined.text


@pytest.fixture
async def deciding() -> AsyncIterator[Deciding]:
    """Run both sides, with two admins."""
    async with running_signing() as signing:
        acme, ins = signing.acme, signing.sign_ins
        acme.use(**ADMIN)
        for user in (BOB, "U0CAROL"):
            acme.slack.add_user(user.removeprefix("U0").title(), email=f"{user}@example.com".lower(), id=user)
        slack, pagerduty = acme.identity._slack, acme.identity._pagerduty
        approvals = Approvals(acme.identity, ins.requests, ins.claims, ins.presses, slack, pagerduty, "/pd")
        yield Deciding(signing, approvals)


async def test_an_admin_links_a_person(deciding: Deciding) -> None:
    """Every admin is asked, with both sides; one approves, and the person is told by whom. A second is too late."""
    assert "Asked <@U0BOB> and <@U0CAROL> to link you to *Dave Poe*" in await deciding.ask()
    for admin in (BOB, "U0CAROL"):
        [question] = deciding.questions(admin)
        assert "Dave Poe, dave@example.com in Slack) asks to be linked to PagerDuty user Dave Poe" in question
    assert [] == await deciding.signing.links()
    assert APPROVAL_LIFE >= await deciding.signing.acme.redis.ttl(keys.link_request(DAVE)) > APPROVAL_LIFE - 60

    carol = deciding.pressed("U0CAROL")
    assert "<@U0DAVE> is now linked to d.poe@corp.example" in await deciding.decide()

    [link] = await deciding.signing.acme.made.all()
    assert ("PDAVE1", "approval", BOB) == (link.user, link.by, link.approver)
    told = deciding.signing.acme.slack.person(DAVE).direct_messages.messages[-1].plain
    assert "You are now linked to Dave Poe (d.poe@corp.example)" in told
    assert "@Bob approved it" in told
    assert "decided already" in (await deciding.approvals.decide(carol, approve=False)).text
    assert 1 == len(await deciding.signing.links())


async def test_an_admin_rejects(deciding: Deciding) -> None:
    """Nobody is linked, the person is told, and can ask again."""
    await deciding.ask()

    assert "You rejected it: <@U0DAVE> is not linked." in await deciding.decide(approve=False)

    assert "@Bob rejected your request" in deciding.signing.acme.slack.person(DAVE).direct_messages.messages[-1].plain
    assert [] == await deciding.signing.links()
    assert ["rejected U0DAVE PDAVE1 approval U0BOB"] == await deciding.signing.audited()
    assert "Asked" in await deciding.ask()


async def test_a_rejection_that_the_audit_does_not_have_is_none(deciding: Deciding) -> None:
    """The store takes no entry of the audit: the question is open as before, and the admin can reject it again."""
    async with lent_valkey() as valkey, aclosing(connect(valkey.url)) as redis:
        links, requests = Links(redis), LinkRequests(redis, redis)
        claims = replace(deciding.approvals.claims, links=links)
        stored = replace(deciding, approvals=replace(deciding.approvals, claims=claims, requests=requests))
        await stored.ask()
        await redis.execute_command("ACL", "SETUSER", "default", "-xadd")
        with pytest.raises(StoreDown):
            await stored.decide(approve=False)
        await redis.execute_command("ACL", "SETUSER", "default", "+xadd")

        assert "You rejected it" in await stored.decide(approve=False)
        assert 1 == len([entry async for entry in links.changes()])


async def test_admins_who_decide_at_once(deciding: Deciding) -> None:
    """Bob approves; Carol, who rejects it in that moment, reads that it is decided, and Dave is told one thing."""
    await deciding.ask()
    asked = deciding.signing.acme.pagerduty.add_fault(pagerduty.Fault("GET", "/users/PDAVE1", delay=0.2))
    carol = deciding.pressed("U0CAROL")
    async with asyncio.TaskGroup() as group:
        approving = group.create_task(deciding.decide())
        await until(lambda: asked.match_count > 0, "the address to be looked at again")
        rejecting = await deciding.approvals.decide(carol, approve=False)

    assert "decided already" in rejecting.text
    assert "is now linked" in approving.result()

    [told] = deciding.questions(DAVE)
    assert "You are now linked" in told
    assert ["made U0DAVE PDAVE1 approval U0BOB"] == await deciding.signing.audited()


@pytest.mark.parametrize("by", [DAVE, ALICE, "U0CAROL"], ids=["oneself", "no admin", "a guest"])
async def test_who_may_not_decide(deciding: Deciding, by: str) -> None:
    """Nobody about themselves, though they be an admin; nobody whom the file does not name; no guest."""
    await deciding.ask()
    deciding.signing.acme.use(**ADMIN | {"admins": [BOB, "U0CAROL", DAVE]})
    deciding.signing.acme.slack.users["U0CAROL"].guest = "multi"

    assert await deciding.decide(by=by)

    assert [] == await deciding.signing.links()


async def test_an_admin_who_is_none_any_more(deciding: Deciding) -> None:
    """What the file says now counts, and also that people are not linked by admins any more."""
    await deciding.ask()
    for config in (ADMIN | {"admins": ["U0CAROL"]}, {"linking": "off", "admins": [BOB]}):
        deciding.signing.acme.use(**config)
        assert "Only the admins that" in await deciding.decide()

    assert [] == await deciding.signing.links()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nobody@corp.example", "No PagerDuty user, or more than one, has that e-mail address."),
        ("d.poe", "No PagerDuty user, or more than one, has that e-mail address."),
        (EMAIL, "belongs to another Slack user"),
    ],
)
async def test_what_no_admin_is_asked(deciding: Deciding, address: str, words: str) -> None:
    """An address that is not the whole of exactly one, or another's: she hears nothing of what is merely said."""
    assert words in await deciding.ask(address)

    assert [] == deciding.questions()
    assert [] == deciding.questions(ALICE)


async def test_the_same_question_is_asked_once(deciding: Deciding) -> None:
    """Another one takes its place, and the buttons of the first decide nothing then."""
    await deciding.ask()
    first = deciding.pressed()
    assert "asked already" in await deciding.ask()
    assert 1 == len(deciding.questions())
    deciding.signing.acme.pagerduty.add_user("Dave Two", "two@corp.example", id="PDAVE2")
    assert "Asked" in await deciding.ask("two@corp.example")

    assert "decided already" in (await deciding.approvals.decide(first, approve=True)).text
    await deciding.decide()
    assert ["U0DAVE PDAVE2 approval"] == await deciding.signing.links()


async def test_the_admins_are_asked_a_few_times_an_hour(deciding: Deciding) -> None:
    """Each other address is another question, and anyone could ask for every colleague's; the last one stays."""
    for number in range(5):
        deciding.signing.acme.pagerduty.add_user(f"Dave {number}", f"d{number}@corp.example", id=f"PDAVEX{number}")
    told = [await deciding.ask(f"d{number}@corp.example") for number in range(4)]
    # As where the hour was over in the moment in which the next question was counted.
    await deciding.signing.acme.redis.persist(keys.link_asked(DAVE))
    told.append(await deciding.ask("d4@corp.example"))

    assert ["Asked" in one for one in told] == [True, True, True, False, False]
    assert "were *not* asked: you have asked 3 times within the hour" in told[-1]
    assert 3 == len(deciding.questions())
    assert 0 < await deciding.signing.acme.redis.ttl(keys.link_asked(DAVE)) <= 3600
    await deciding.decide()
    assert ["U0DAVE PDAVEX2 approval"] == await deciding.signing.links()


async def test_an_approval_that_failed_can_be_rejected(deciding: Deciding) -> None:
    """It is as before: another admin decides."""
    await deciding.ask()
    carol = deciding.pressed("U0CAROL")
    deciding.signing.acme.use(**ADMIN | {"excluded": [DAVE]})
    assert "can't be linked" in await deciding.decide()

    assert "You rejected it" in (await deciding.approvals.decide(carol, approve=False)).text


async def test_an_approval_with_an_unreadable_answer_can_be_rejected(deciding: Deciding) -> None:
    """PagerDuty's answer can't be read while Bob approves: nothing is decided, and Carol can still reject."""
    await deciding.ask()
    carol = deciding.pressed("U0CAROL")
    odd = deciding.signing.acme.pagerduty.add_fault(pagerduty.Fault("GET", "/users/PDAVE1", odd={"user.id": 5}))
    with pytest.raises(Malformed):
        await deciding.decide()
    odd.remove()

    assert "You rejected it" in (await deciding.approvals.decide(carol, approve=False)).text


async def test_an_approval_that_takes_too_long_can_be_rejected(deciding: Deciding) -> None:
    """PagerDuty hangs while Bob approves, and his press is given up: nothing is decided, and Carol can still reject."""
    await deciding.ask()
    carol = deciding.pressed("U0CAROL")
    hanging = deciding.signing.acme.pagerduty.add_fault(pagerduty.Fault("GET", "/users/PDAVE1", hang=True))
    async with asyncio.TaskGroup() as group:
        approving = group.create_task(deciding.decide())
        await until(lambda: hanging.match_count > 0, "PagerDuty to be asked")
        approving.cancel()
    hanging.remove()

    assert "You rejected it" in (await deciding.approvals.decide(carol, approve=False)).text


async def test_an_approval_that_failed_after_the_link_was_stored_can_be_rejected(deciding: Deciding) -> None:
    """The store was slow to confirm the link that Bob approved, so he read of an error: Carol's rejection ends it."""
    await deciding.ask()
    await deciding.signing.acme.made.put(Link(DAVE, UserId("PDAVE1"), "d.poe@corp.example", LinkedBy.APPROVAL, 1, BOB))

    assert "You rejected it: <@U0DAVE> is not linked." in await deciding.decide(approve=False, by="U0CAROL")
    assert [] == await deciding.signing.links()
    made = "made U0DAVE PDAVE1 approval U0BOB"
    assert [made, "rejected U0DAVE PDAVE1 approval U0CAROL"] == await deciding.signing.audited()


async def test_what_has_changed_meanwhile_counts(deciding: Deciding) -> None:
    """The address is another Slack user's by now, or the person is excluded: the approval links nobody."""
    await deciding.ask()
    deciding.signing.acme.use(**ADMIN | {"excluded": [DAVE]})
    assert "can't be linked" in await deciding.decide()
    deciding.signing.acme.use(**ADMIN)
    deciding.signing.acme.slack.add_user("Erin Fox", email="d.poe@corp.example", id="U0ERIN")
    assert "belongs to another Slack user" in await deciding.decide()

    assert [] == await deciding.signing.links()


async def test_a_link_that_has_ended_is_in_no_ones_way(deciding: Deciding) -> None:
    """The account was another Slack user's, by an address that it no longer has: whose it is now is linked to it."""
    former = Link(SlackUserId("U0FORMER"), UserId("PDAVE1"), "former@corp.example", LinkedBy.APPROVAL, 1)
    await deciding.signing.acme.made.put(former)
    await deciding.ask()

    assert "is now linked to d.poe@corp.example" in await deciding.decide()


async def test_a_press_goes_on_if_the_admin_is_quick(deciding: Deciding) -> None:
    """It is remembered from the button to the answer; the question of before is not lost by another press."""
    led_here = await deciding.signing.press()
    told = await deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here)
    assert "Type `/pd link you@example.com`" in told.text
    await deciding.ask()
    await deciding.approvals.begin(deciding.signing.acme.actor(DAVE), RefusedPress(led_here.command, led_here.incident))

    await deciding.decide()

    [command] = deciding.signing.intake.stored
    assert DAVE == command.by.id
    told_directly = deciding.signing.acme.slack.person(DAVE).direct_messages.messages[-1].plain
    assert "is on its way to PagerDuty" in told_directly


@dataclass
class Overtaken:
    """The store, in which another step comes once between what a step reads of requests and what it writes."""

    redis: Redis
    step: Callable[[], Awaitable[object]] | None

    def __getattr__(self, name: str) -> object:
        """Pass on everything else."""
        return getattr(self.redis, name)

    async def get(self, key: str) -> object:
        """Read, and let the other step come."""
        found, step = await self.redis.get(key), self.step
        self.step = None
        if step is not None:
            await step()
        return found

    def __hash__(self) -> int:
        """Be what the store is known by."""
        return hash(self.redis)


def overtaken(deciding: Deciding, step: Callable[[], Awaitable[object]]) -> Deciding:
    """Let a step come between what the next one reads and what it writes."""
    redis = cast("Redis", Overtaken(deciding.signing.acme.redis, step))
    requests = LinkRequests(redis, redis)
    return replace(deciding, approvals=replace(deciding.approvals, requests=requests))


async def test_a_press_is_remembered_beside_another_step(deciding: Deciding) -> None:
    """Its person asks an admin in that very moment: the press goes on after the approval."""
    led_here = await deciding.signing.press()
    deciding.signing.acme.pagerduty.add_user("Dave Two", "two@corp.example", id="PDAVE2")
    await deciding.ask("two@corp.example")

    late = overtaken(deciding, deciding.ask)
    await late.approvals.begin(deciding.signing.acme.actor(DAVE), led_here)
    assert "is now linked" in await deciding.decide()

    assert [DAVE] == [command.by.id for command in deciding.signing.intake.stored]


async def test_a_question_is_asked_beside_another_step(deciding: Deciding) -> None:
    """Its person presses "Link" in that very moment: the press goes on after the approval."""
    led_here = await deciding.signing.press()

    late = overtaken(deciding, lambda: deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here))
    await late.ask()
    assert "is now linked" in await deciding.decide()

    assert [DAVE] == [command.by.id for command in deciding.signing.intake.stored]


@pytest.mark.parametrize(("approve", "words"), [(True, "is now linked"), (False, "You rejected it")])
async def test_an_admin_decides_beside_another_step(deciding: Deciding, words: str, *, approve: bool) -> None:
    """The person presses "Link" on another answer in that very moment: it is decided, and not said to be already."""
    led_here = await deciding.signing.press()
    await deciding.ask()

    late = overtaken(deciding, lambda: deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here))

    assert words in await late.decide(approve=approve)
    assert await deciding.signing.requests.of(DAVE) is None


async def test_a_press_during_an_approval_goes_on(deciding: Deciding) -> None:
    """The person presses "Link" on another answer while PagerDuty is asked: that press is the one that goes on."""
    await deciding.ask()
    async with deciding.while_asked(pagerduty.Fault("GET", "/users/PDAVE1", delay=0.3)) as approving:
        led_here = await deciding.signing.press()
        await deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here)
    assert "is now linked" in approving.result()

    assert [DAVE] == [command.by.id for command in deciding.signing.intake.stored]
    assert await deciding.signing.requests.of(DAVE) is None


async def test_an_approval_that_failed_beside_a_press_can_be_rejected(deciding: Deciding) -> None:
    """The person presses "Link" while PagerDuty fails an approval: the question is open again, with that press."""
    await deciding.ask()
    carol = deciding.pressed("U0CAROL")
    async with deciding.while_asked(
        pagerduty.Fault("GET", "/users/PDAVE1", delay=0.3, odd={"user.id": 5})
    ) as approving:
        led_here = await deciding.signing.press()
        await deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here)
    assert "is now linked" not in approving.result()

    kept = await deciding.signing.requests.of(DAVE)
    assert (led_here, None) == (kept and kept.press, kept and kept.approver)
    assert "You rejected it" in (await deciding.approvals.decide(carol, approve=False)).text


async def test_a_press_while_no_admin_can_be_asked(deciding: Deciding) -> None:
    """The person presses "Link" while the questions are refused: they can ask again, and the press is remembered."""
    refused = deciding.signing.acme.slack.add_fault(Fault("chat.postMessage", error="channel_not_found", delay=0.3))
    led_here = await deciding.signing.press()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(deciding.ask())
        await until(lambda: refused.match_count > 0, "an admin to be asked")
        await deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here)
    assert "No admin could be asked" in asking.result()
    refused.remove()

    kept = await deciding.signing.requests.of(DAVE)
    assert (led_here, None) == (kept and kept.press, kept and kept.claim)
    assert "Asked <@U0BOB>" in await deciding.ask()


async def test_a_question_that_took_too_long_can_be_asked_again(deciding: Deciding) -> None:
    """Slack hangs, and what the person typed is given up before any admin was asked: no one is said to have been."""
    hanging = deciding.signing.acme.slack.add_fault(Fault("chat.postMessage", hang=True))
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(deciding.ask())
        await until(lambda: hanging.match_count > 0, "an admin to be asked")
        asking.cancel()
    hanging.remove()

    assert "Asked <@U0BOB>" in await deciding.ask()


async def test_no_admin_can_be_asked(deciding: Deciding) -> None:
    """The person is told whom else to ask, and nothing waits for an answer that cannot come."""
    deciding.signing.acme.slack.add_fault(Fault("chat.postMessage", error="channel_not_found"))

    assert "No admin could be asked. Ask #sre-help." in await deciding.ask()
    assert await deciding.signing.requests.of(DAVE) is None

    led_here = await deciding.signing.press()
    await deciding.approvals.begin(deciding.signing.acme.actor(DAVE), led_here)
    await deciding.ask()
    kept = await deciding.signing.requests.of(DAVE)
    assert (led_here, None) == (kept and kept.press, kept and kept.claim)


def test_an_address_is_typed_as_slack_writes_it() -> None:
    """Slack makes a link of it."""
    assert ADDRESS == cast("ParsedCommand", parse(f"link <mailto:{ADDRESS}|{ADDRESS}>")).text
