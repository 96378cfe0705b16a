"""Who may be linked by signing in, as whom, and what becomes of the press that led there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

import aiohttp
import pytest

from bolt_app.commands.interactive import command_from_button
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.linking.claims import Claims
from bolt_app.linking.refused_press import RefusedPresses
from bolt_app.linking.sign_ins import SignIns
from pagebridge_sandbox.pagerduty import Fault
from shared.durations import Durations
from shared.errors import StoreDown
from shared.model.command import Command, CommandQueue, CommandRecord
from shared.model.event import SECOND
from shared.model.ids import ChannelId, CommandId, SlackUserId, UserId
from shared.model.link import SIGN_IN_LIFE, Link, LinkedBy, LinkEntry, LinkRequest, RefusedPress
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.api.lanes import Lanes
from shared.pagerduty.api.sign_in import SignIn
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.document_kinds import command_queues
from shared.store.links import LinkRequests, came_back, signing_in
from shared.store.redis import Redis, connect
from tests.bolt_app.test_interactive import press
from tests.builders import INCIDENT
from tests.servers import lent_valkey
from tests.shared.linked_people import ALICE, EMAIL, Acme, linking
from tests.stories.harness import until

CALLBACK = "https://bridge.example.com/oauth/pagerduty/callback"
ON: dict[str, object] = {"linking": "oauth", "callback_url": CALLBACK, "contact": "#sre-help"}
DAVE = SlackUserId("U0DAVE")
CODE = "ABCDEFGH"
PRESSED = CommandId("c0ffee")


@dataclass
class Intake:
    """Takes commands, unless its store is away."""

    stored: list[Command]
    away: bool = False

    async def store(self, command: Command) -> bool:
        """Take one, each once."""
        self.stored += [] if self.away or command in self.stored else [command]
        return not self.away


@dataclass
class Signing:
    """A Slack with Dave, a PagerDuty in which he has another address, and what links him."""

    acme: Acme
    sign_ins: SignIns
    requests: LinkRequests
    intake: Intake
    redis: Redis
    """Where requests and sign-ins are."""

    def typed(self, user: str = DAVE) -> SlashPayload:
        """Make what Slack sends of a typed line."""
        return SlashPayload("/pd", "", self.acme.actor(user), ChannelId("C0INCIDENTS"), "https://hooks/again", "1.2")

    async def begin(self, user: str = DAVE, led_here: RefusedPress | None = None) -> dict[str, str]:
        """Begin a sign-in, and return what the address asks PagerDuty for."""
        reply = await self.sign_ins.begin(self.acme.actor(user), led_here)
        return dict(parse_qsl(urlsplit(reply.blocks[-1]["elements"][0]["url"]).query))

    async def sign_in(self, asked: dict[str, str], user: str = "PDAVE1", code: str = CODE) -> None:
        """Let who is `user` at PagerDuty allow it, and come back; the browser shows `code`."""
        url = f"{self.acme.pagerduty.url}/oauth/authorize"
        async with (
            aiohttp.ClientSession() as browser,
            browser.post(url, data=asked | {"user": user}, allow_redirects=False) as page,
        ):
            back = parse_qs(urlsplit(page.headers["Location"]).query)
        await came_back(self.redis, back["state"][0], back["code"][0], code)
        await self.sign_ins.step()

    async def killed_while(self, fault: Fault, asked: dict[str, str] | None = None) -> None:
        """Let a worker be killed that waits for PagerDuty, which hangs."""
        asked = asked or await self.begin()
        hanging = self.acme.pagerduty.add_fault(fault)
        async with asyncio.TaskGroup() as group:
            killed = group.create_task(self.sign_in(asked))
            await until(lambda: hanging.match_count > 0, "PagerDuty to be asked")
            killed.cancel()
        hanging.remove()

    async def taken_over(self) -> None:
        """Let the time pass in which a worker has what it took, and another one go on."""
        [taken] = await self.redis.zrange(keys.SIGN_INS_TAKEN, 0, -1)
        await self.sign_ins.step()
        assert [taken] == await self.redis.zrange(keys.SIGN_INS_TAKEN, 0, -1)
        await self.redis.execute_command("ZADD", keys.SIGN_INS_TAKEN, 1, taken)
        await self.sign_ins.step()

    async def finish(self, code: str = CODE, user: str = DAVE) -> str:
        """Type a code, and return the answer, also that of a refusal."""
        try:
            return (await self.sign_ins.finish(self.typed(user), code)).text
        except Declined as declined:
            return declined.text

    async def press(self, age: float = 0.0, user: str = DAVE, kind: Kind = Kind.NOT_LINKED) -> RefusedPress:
        """Put a press on record that ended some seconds ago."""
        command = replace(command_from_button(press()), id=PRESSED, by=self.acme.actor(user))
        accepted = await self.sign_ins.claims.clock.now_ms() - int(age * SECOND)
        queue = CommandQueue(INCIDENT, (CommandRecord(command, accepted, outcome=Outcome(kind), ended_ms=accepted),))
        await self.sign_ins.presses.command_queues.change(INCIDENT, lambda _: queue)
        return RefusedPress(PRESSED, INCIDENT)

    async def links(self) -> list[str]:
        """List whom the stored links lead to."""
        return [f"{link.slack} {link.user} {link.by}" for link in await self.acme.made.all()]

    async def audited(self) -> list[str]:
        """List what the audit tells of links, and who did it."""
        told = [entry async for entry in self.acme.made.changes()]
        return [
            f"{each.change} {each.slack_user} {each.pagerduty_user} {each.how} {each.actor}"
            for each in told
            if isinstance(each, LinkEntry)
        ]


@asynccontextmanager
async def running_signing() -> AsyncIterator[Signing]:
    """Run both sides."""
    async with linking() as acme:
        acme.use(**ON)
        acme.slack.add_user("Dave Poe", email="dave@example.com", id=DAVE)
        acme.pagerduty.add_user("Dave Poe", "d.poe@corp.example", id="PDAVE1")
        acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
        registered = acme.pagerduty.add_oauth_app(["users.read"], redirect_uris=[CALLBACK])
        url, lanes = acme.pagerduty.url, Lanes()
        app = SignIn(registered.client_id, registered.secret, url, url, 2.0, lanes)
        requests, intake = LinkRequests(acme.redis, acme.redis), Intake([])
        clock, identity = StoreClock(acme.redis), acme.identity
        claims = Claims(identity, acme.made, identity._slack, identity._pagerduty, clock)
        presses = RefusedPresses(command_queues(acme.redis), cast("Any", intake), clock, requests)
        durations = Durations(block=0.05)
        sign_ins = SignIns(identity, app, requests, acme.made, claims, presses, durations, "/pd")
        yield Signing(acme, sign_ins, requests, intake, acme.redis)


@pytest.fixture
async def signing() -> AsyncIterator[Signing]:
    """Run both sides."""
    async with running_signing() as running:
        yield running


@pytest.fixture
async def stored(signing: Signing) -> AsyncIterator[Signing]:
    """Run both sides, with requests and sign-ins on a real server."""
    async with lent_valkey() as valkey, aclosing(connect(valkey.url)) as redis:
        requests = LinkRequests(redis, redis)
        presses = replace(signing.sign_ins.presses, requests=requests)
        sign_ins = replace(signing.sign_ins, requests=requests, presses=presses)
        yield replace(signing, sign_ins=sign_ins, requests=requests, redis=redis)


async def test_a_person_who_signs_in_is_linked(signing: Signing) -> None:
    """With the code from their browser, in small letters too; from then on that is who they are, also in mentions."""
    await signing.acme.redis.set(keys.mention(UserId("PDAVE1")), "")
    await signing.sign_in(await signing.begin())

    assert "linked to *Dave Poe* (d.poe@corp.example)" in await signing.finish("abcd-efgh")

    assert ["U0DAVE PDAVE1 sign-in"] == await signing.links()
    assert ("PDAVE1", "sign-in") == (
        (linked := await signing.acme.identity.link(signing.acme.actor(DAVE))).user.id,
        linked.how,
    )
    assert DAVE == await signing.acme.identity.mention(UserId("PDAVE1"))
    assert "no sign-in under way" in await signing.finish()
    assert "no longer linked to d.poe@corp.example" in (await signing.sign_ins.unlink(signing.typed())).text
    assert [] == await signing.links()
    assert "nothing to undo" in (await signing.sign_ins.unlink(signing.typed())).text
    by_dave = "U0DAVE PDAVE1 sign-in U0DAVE"
    assert [f"made {by_dave}", f"undone {by_dave}"] == await signing.audited()


async def test_nothing_but_what_is_asked_for_is_kept(signing: Signing) -> None:
    """PagerDuty is asked for one scope, with a challenge; the token is used once, and is nowhere in the store."""
    asked = await signing.begin()
    assert ("users.read", "S256", "code") == (asked["scope"], asked["code_challenge_method"], asked["response_type"])
    await signing.sign_in(asked)

    kept = [str(await signing.acme.redis.get(key)) for key in await signing.acme.redis.keys("*linking*")]
    assert kept
    tokens = list(signing.acme.pagerduty.oauth.tokens)
    assert 1 == len(tokens)
    assert not [token for token in tokens if token in " ".join(kept)]
    assert 1 == len(signing.acme.pagerduty.calls_to("GET", "/users/me"))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"users": {DAVE: "PDAVE1"}}, "You are linked to Dave Poe (d.poe@corp.example) in PagerDuty already."),
        ({"excluded": [DAVE]}, "can't be linked to a PagerDuty user here. Ask #sre-help."),
        ({"users": {DAVE: "PGONE01"}}, "which does not exist"),
    ],
    ids=["in the table", "excluded", "wrongly in the table"],
)
async def test_what_the_configuration_says_wins(signing: Signing, config: dict[str, object], words: str) -> None:
    """Whom it names or excludes can't begin a sign-in, nor finish one that was begun before."""
    await signing.sign_in(await signing.begin())
    signing.acme.use(**ON | config)

    with pytest.raises(Declined) as declined:
        await signing.begin()

    assert words in declined.value.text
    assert words in await signing.finish()
    assert [] == await signing.links()


@pytest.mark.parametrize("change", [{"guest": "multi"}, {"deleted": True}, {"bot": True}, {"team_id": "T0OTHER"}])
async def test_who_is_no_member_is_not_linked(signing: Signing, change: dict[str, object]) -> None:
    """Guests, deactivated people, bots and outsiders neither begin nor finish."""
    await signing.sign_in(await signing.begin())
    for name, value in change.items():
        setattr(signing.acme.slack.users[DAVE], name, value)

    with pytest.raises(Declined):
        await signing.begin()

    await signing.finish()
    assert [] == await signing.links()


async def test_somebody_elses_user_is_not_linked(signing: Signing) -> None:
    """By the table, by a link, or by the address, which that person is told; the code is of no help."""
    await signing.sign_in(await signing.begin(), "PALICE1")
    assert "belongs to another Slack user. If it is yours, ask #sre-help." in await signing.finish()
    told = signing.acme.slack.person(ALICE).direct_messages.messages[-1].plain
    assert "Dave Poe) tried to link their Slack account to your PagerDuty user. It was refused." in told

    signing.acme.use(**ON | {"users": {"U0ERIN": "PDAVE1"}})
    await signing.sign_in(await signing.begin())
    assert "belongs to another Slack user" in await signing.finish()

    signing.acme.use(**ON)
    erin = Link(SlackUserId("U0ERIN"), UserId("PDAVE1"), "d.poe@corp.example", LinkedBy.SIGN_IN, 0)
    await signing.acme.made.put(erin)
    await signing.sign_in(await signing.begin())
    assert "belongs to another Slack user" in await signing.finish()
    assert ["U0ERIN PDAVE1 sign-in"] == await signing.links()


async def test_what_became_anothers_meanwhile_is_not_linked(signing: Signing) -> None:
    """It is looked at again when the code is typed."""
    await signing.sign_in(await signing.begin())
    signing.acme.slack.add_user("Erin Fox", email="d.poe@corp.example", id="U0ERIN")

    assert "belongs to another Slack user" in await signing.finish()
    assert [] == await signing.links()


async def test_codes_cannot_be_guessed(signing: Signing) -> None:
    """After five wrong ones the sign-in is over, and the right one comes too late."""
    await signing.sign_in(await signing.begin())

    told = [await signing.finish(f"WRONG{at}") for at in range(5)]

    assert "You have 4 tries left." in told[0]
    assert "You have 1 try left." in told[3]
    assert "this sign-in is over" in told[4]
    assert "no sign-in under way" in await signing.finish()
    assert [] == await signing.links()


async def test_a_code_counts_only_for_its_own_person_and_sign_in(signing: Signing) -> None:
    """Another person's is none, nor that of a sign-in before the newest; an answer that comes twice is taken once."""
    first = await signing.begin()
    second = await signing.begin()
    await signing.sign_in(first, code="AAAAAAAA")
    assert "hasn't said yet who you are" in await signing.finish("AAAAAAAA")
    await signing.sign_in(second)
    await came_back(signing.acme.redis, second["state"], "another", "BBBBBBBB")
    await signing.sign_ins.step()

    assert "no sign-in under way" in await signing.finish(user=ALICE)
    assert "isn't the code" in await signing.finish("BBBBBBBB")
    assert "You are now linked" in await signing.finish()


async def test_the_page_names_a_person_by_what_they_cannot_choose(signing: Signing) -> None:
    """Before a name, which can be another's and try to turn or hide the rest; an address only if it is confirmed."""
    dave = signing.acme.slack.users[DAVE]
    dave.name = "Alice Ng (U0ALICE)\u202e\u200b"
    shown = []
    for dave.unsaid in (frozenset[str](), frozenset({"is_email_confirmed"})):
        visitor = await signing_in(signing.acme.redis, (await signing.begin())["state"])
        shown.append(visitor.who if visitor else "")

    assert ["dave@example.com (U0DAVE), named Alice Ng (U0ALICE)", "U0DAVE, named Alice Ng (U0ALICE)"] == shown


async def test_wrong_codes_that_come_at_once_are_counted(signing: Signing) -> None:
    """None of them is a try for nothing: after five the sign-in is over."""
    await signing.sign_in(await signing.begin())

    told = await asyncio.gather(*(signing.finish(f"WRONGCO{number}") for number in range(2, 8)))

    assert 1 == sum("this sign-in is over" in each for each in told)
    assert "no sign-in under way" in await signing.finish()


async def test_a_sign_in_that_was_begun_meanwhile_is_the_newest(signing: Signing) -> None:
    """What PagerDuty answers for the one before does not take its place."""
    first = await signing.begin()
    asked = signing.acme.pagerduty.add_fault(Fault("GET", "/users/me", delay=0.2))
    async with asyncio.TaskGroup() as group:
        group.create_task(signing.sign_in(first, code="AAAAAAAA"))
        await until(lambda: asked.match_count > 0, "PagerDuty to be asked")
        second = await signing.begin()
    asked.remove()
    await signing.sign_in(second)

    assert "isn't the code" in await signing.finish("AAAAAAAA")
    assert "You are now linked" in await signing.finish()


async def test_it_has_to_be_finished_in_five_minutes(signing: Signing) -> None:
    """All that is stored of it lives that long, however far it has come."""
    await signing.sign_in(await signing.begin())

    lives = {await signing.acme.redis.ttl(key) for key in await signing.acme.redis.keys("*linking*")}

    assert {SIGN_IN_LIFE} == {life + (life == SIGN_IN_LIFE - 1) for life in lives}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("POST", "/oauth/token", status=500), "PagerDuty didn't say who you are."),
        (Fault("GET", "/users/me", status=403), "PagerDuty didn't say who you are."),
        (Fault("GET", "/users/PDAVE1", status=404), "another PagerDuty account than the one that this bridge serves"),
        (Fault("GET", "/users/PDAVE1", status=500), "PagerDuty didn't say who you are."),
    ],
    ids=["no token", "no scope", "another account", "not readable"],
)
async def test_what_pagerduty_does_not_say_is_told(signing: Signing, fault: Fault, words: str) -> None:
    """With the next step; nobody is linked, and a new sign-in works."""
    asked = await signing.begin()
    active = signing.acme.pagerduty.add_fault(fault)
    await signing.sign_in(asked)
    active.remove()

    assert words in await signing.finish()

    assert [] == await signing.links()
    await signing.sign_in(await signing.begin())
    assert "You are now linked" in await signing.finish()


async def test_a_forged_code_of_pagerdutys(signing: Signing) -> None:
    """Whoever knows the state and no code of PagerDuty's proves nothing."""
    asked = await signing.begin()
    await came_back(signing.acme.redis, asked["state"], "guessed", CODE)
    await signing.sign_ins.step()

    assert "no longer accepts this sign-in" in await signing.finish()


async def test_the_press_that_led_there_goes_on(signing: Signing) -> None:
    """As a command of its own, the same one however often; with its terms, answered where the code was typed."""
    await signing.sign_in(await signing.begin(led_here=await signing.press()))

    told = await signing.finish()

    assert "which was refused before, is on its way to PagerDuty" in told
    [command] = signing.intake.stored
    assert (INCIDENT, DAVE, "https://hooks/again", True) == (
        command.incident,
        command.by.id,
        command.response_url,
        command.always_reply,
    )
    assert command.id != PRESSED
    again = await signing.sign_ins.presses.carry_out(RefusedPress(PRESSED, INCIDENT), DAVE, "")
    assert "is on its way" in again
    assert {command.id} == {each.id for each in signing.intake.stored}


async def test_another_sign_in_keeps_the_press(signing: Signing) -> None:
    """Also one after too many wrong codes, or by another PagerDuty user; the press is carried out once."""
    await signing.sign_in(await signing.begin(led_here=await signing.press()))
    assert "over" in [await signing.finish(f"WRONG{at}") for at in range(5)][-1]
    assert "no sign-in under way" in await signing.finish()
    await signing.sign_in(await signing.begin(), user="PALICE1")
    assert "belongs to another Slack user" in await signing.finish()
    await signing.begin()
    await signing.sign_in(await signing.begin())

    assert "which was refused before, is on its way to PagerDuty" in await signing.finish()
    assert 1 == len(signing.intake.stored)


async def test_a_press_while_a_code_is_typed_goes_on(signing: Signing) -> None:
    """The person presses "Link" on another answer while PagerDuty is asked: that press goes on with the link."""
    await signing.sign_in(await signing.begin())
    asked = signing.acme.pagerduty.add_fault(Fault("GET", "/users/PDAVE1", delay=0.3))
    async with asyncio.TaskGroup() as group:
        finishing = group.create_task(signing.finish())
        await until(lambda: asked.match_count > 0, "PagerDuty to be asked")
        await signing.begin(led_here=await signing.press())

    assert "which was refused before, is on its way to PagerDuty" in finishing.result()
    assert 1 == len(signing.intake.stored)
    assert await signing.requests.of(DAVE) is None


async def test_a_worker_that_died_in_between_has_lost_nothing(signing: Signing) -> None:
    """The link was stored, and nobody told: the code still works, and the press goes on."""
    await signing.sign_in(await signing.begin(led_here=await signing.press()))
    made = Link(DAVE, UserId("PDAVE1"), "d.poe@corp.example", LinkedBy.SIGN_IN, 0)
    await signing.acme.made.put(made)

    told = await signing.finish()

    assert "You are now linked" in told
    assert "is on its way to PagerDuty" in told
    assert 1 == len(signing.intake.stored)
    assert [made] == await signing.acme.made.all()


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"age": SIGN_IN_LIFE + 1}, "is older than five minutes, so it was *not* sent"),
        ({"user": ALICE}, ""),
        ({"kind": Kind.DONE}, ""),
    ],
    ids=["too old", "another's", "done"],
)
async def test_a_press_that_does_not_go_on(signing: Signing, about: dict[str, Any], words: str) -> None:
    """One that is too old is told; another person's, and one that was not refused for that, is none at all."""
    told = await signing.sign_ins.presses.carry_out(await signing.press(**about), DAVE, "")

    assert words in told
    assert bool(words) is bool(told)
    assert [] == signing.intake.stored


async def test_a_press_that_cannot_be_stored(signing: Signing) -> None:
    """It is said that it was not sent."""
    signing.intake.away = True

    told = await signing.sign_ins.presses.carry_out(await signing.press(), DAVE, "")

    assert "could not be saved, so it was *not* sent" in told


async def test_where_nothing_is_set_up(signing: Signing) -> None:
    """Without an app the person is told whom to ask; without linking nothing waits for an answer."""
    unready = replace(signing.sign_ins, app=None)
    assert "isn't set up yet. Ask #sre-help." in (await unready.begin(signing.acme.actor(DAVE))).text

    signing.acme.use()
    await came_back(signing.acme.redis, "s" * 43, "x", CODE)
    await signing.sign_ins.step()
    assert 1 == await signing.acme.redis.llen(keys.SIGN_INS)


async def test_a_worker_that_is_killed_loses_no_sign_in(stored: Signing) -> None:
    """It had asked PagerDuty for a token: once its time is over another worker asks, and the code works."""
    await stored.killed_while(Fault("POST", "/oauth/token", hang=True))
    await stored.taken_over()

    assert "You are now linked" in await stored.finish()
    assert 0 == await stored.redis.zcard(keys.SIGN_INS_TAKEN)


async def test_a_worker_that_is_killed_with_the_token_is_told(stored: Signing) -> None:
    """PagerDuty gives one token for each sign-in: the person reads that they have to sign in again, and can."""
    await stored.killed_while(Fault("GET", "/users/me", hang=True))
    await stored.taken_over()

    assert "no longer accepts this sign-in. Run the `link` command again" in await stored.finish()
    await stored.sign_in(await stored.begin())
    assert "You are now linked" in await stored.finish()


async def test_a_store_that_fails_loses_no_sign_in(stored: Signing) -> None:
    """It takes no answer while PagerDuty is asked: the person reads what to do, and a new sign-in works."""
    redis, asked = stored.redis, await stored.begin()
    slow = stored.acme.pagerduty.add_fault(Fault("GET", "/users/me", delay=0.3))

    async def failing() -> None:
        with pytest.raises(StoreDown):
            await stored.sign_in(asked)

    async with asyncio.TaskGroup() as group:
        group.create_task(failing())
        await until(lambda: slow.match_count > 0, "PagerDuty to be asked")
        await redis.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
    slow.remove()
    await redis.execute_command("CLIENT", "UNPAUSE")
    await stored.taken_over()

    assert "no longer accepts this sign-in" in await stored.finish()
    await stored.sign_in(await stored.begin())
    assert "You are now linked" in await stored.finish()


async def test_what_one_worker_has_in_hand_no_other_takes(stored: Signing) -> None:
    """PagerDuty is slow: another worker finds nothing to do, and PagerDuty is asked once."""
    asked = await stored.begin()
    slow = stored.acme.pagerduty.add_fault(Fault("GET", "/users/me", delay=0.3))
    async with asyncio.TaskGroup() as group:
        group.create_task(stored.sign_in(asked))
        await until(lambda: slow.match_count > 0, "PagerDuty to be asked")
        await stored.sign_ins.step()
        assert 1 == slow.match_count

    assert 1 == len(stored.acme.pagerduty.calls_to("POST", "/oauth/token"))
    assert "You are now linked" in await stored.finish()


async def test_a_pagerduty_that_hangs_is_told(stored: Signing) -> None:
    """The person reads that PagerDuty didn't say who they are, before another worker takes over."""
    stored.sign_ins = replace(stored.sign_ins, durations=Durations(block=0.05, lease=0.5))
    hanging = stored.acme.pagerduty.add_fault(Fault("GET", "/users/me", hang=True))
    await stored.sign_in(await stored.begin())
    hanging.remove()

    assert "PagerDuty didn't say who you are." in await stored.finish()
    assert 0 == await stored.redis.zcard(keys.SIGN_INS_TAKEN)


async def test_a_sign_in_that_a_worker_took_is_used(stored: Signing) -> None:
    """No receiver shows a code for it any more, also while PagerDuty is still asked."""
    asked = await stored.begin()
    assert await signing_in(stored.redis, asked["state"]) is not None

    await stored.killed_while(Fault("POST", "/oauth/token", hang=True), asked)

    assert await signing_in(stored.redis, asked["state"]) is None


async def test_what_no_receiver_wrote(signing: Signing) -> None:
    """It is passed over, and the next one is taken; a wish that cannot be read is none."""
    digest, nested = '"' + 64 * "a" + '"', 5000 * "["
    texts = [
        "x",
        "[1]",
        '["a", "b"]',
        nested,
        nested[:1500],
        f'["\\ud800", "x", "{CODE}"]',
        f'[{digest}, "\\u0000", "{CODE}"]',
    ]
    for element in (b"\xff", b"", *map(str.encode, texts), f'[{digest}, "x", "<b>"]'.encode()):
        await signing.acme.redis.rpush(keys.SIGN_INS, element)
        await signing.sign_ins.step()
    await signing.acme.redis.set(keys.link_request(DAVE), b"{}")

    assert await signing.requests.of(DAVE) is None
    assert 0 == await signing.acme.redis.llen(keys.SIGN_INS)
    assert 0 == await signing.acme.redis.zcard(keys.SIGN_INS_TAKEN)
    assert not LinkRequest(DAVE, "s", "v").has_code("")
