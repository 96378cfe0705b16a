"""A link that a person made: what it beats, what beats it, and when it ends."""

from typing import cast

import pytest

from pagebridge_sandbox.pagerduty import Fault
from shared.access.identity import Identity, IdentityCache
from shared.access.made_links import MadeLinks
from shared.errors import CallError
from shared.model.ids import SlackUserId, UserId
from shared.model.link import CODE_LETTERS, Link, LinkChange, LinkedBy, LinkEntry, LinkRequest, new_code, plain_code
from shared.model.outcome import Declined
from shared.store import keys
from tests.shared.linked_people import ALICE, EMAIL, Acme

ON: dict[str, object] = {"linking": "oauth", "callback_url": "https://bridge.example.com/oauth/pagerduty/callback"}
LINK = Link(ALICE, UserId("PAL0001"), "al@corp.example", LinkedBy.SIGN_IN, 1_700_000_000_000)


@pytest.fixture
async def linked(acme: Acme) -> Acme:
    """Let Alice have linked herself to an account with another address than she has in Slack."""
    acme.use(**ON)
    acme.pagerduty.add_user("Al", LINK.email, id=LINK.user)
    await acme.made.put(LINK)
    return acme


async def test_a_link_wins_over_the_address(linked: Acme) -> None:
    """Both lead to somebody: the one that she has proven to be counts, whom Slack is also to mention."""
    linked.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")

    found = await linked.identity.link(linked.actor())

    assert ("PAL0001", LinkedBy.SIGN_IN, LINK) == (found.user.id, found.how, found.link)
    assert ALICE == await linked.identity.mention(LINK.user)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (ON | {"users": {ALICE: "PALICE1"}}, "PALICE1"),
        ({"users": {}}, "PALICE1"),
        (ON | {"email_domains": ["corp.example"]}, "PAL0001"),
    ],
    ids=["the table", "switched off", "other domains"],
)
async def test_what_the_configuration_makes_of_it(linked: Acme, config: dict[str, object], expected: str) -> None:
    """The table beats a link; switched off there are none; domains are about addresses."""
    linked.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    linked.use(**config)

    assert expected == await linked.link()


async def test_an_excluded_person_has_no_link(linked: Acme) -> None:
    """Nor an address; PagerDuty is not asked."""
    linked.use(**ON | {"excluded": [ALICE]})

    assert "You can't be linked to a PagerDuty user here." == await linked.refusal()
    assert [] == linked.pagerduty.calls


@pytest.mark.parametrize(
    ("change", "words"),
    [({"guest": "multi"}, "Guests"), ({"deleted": True}, "is deactivated"), ({"team_id": "T0OTHER"}, "another Slack")],
)
async def test_a_link_admits_no_one_else(linked: Acme, change: dict[str, object], words: str) -> None:
    """A guest, also one of several channels, a deactivated person and an outsider are refused as ever."""
    for name, value in change.items():
        setattr(linked.slack.users[ALICE], name, value)

    assert words in await linked.refusal()


async def test_another_address_ends_it(linked: Acme) -> None:
    """The account may have gone to another person: the link is gone, she is told once, and can make a new one."""
    linked.pagerduty.change_user(LINK.user, email="bo@corp.example")

    with pytest.raises(Declined) as told:
        await linked.identity.link(linked.actor())

    assert "has changed since you linked yourself to it" in told.value.outcome.why
    assert (True, "Run the `link` command to link yourself") == (
        told.value.outcome.can_link,
        told.value.outcome.next_step,
    )
    assert await linked.made.of(ALICE) is None
    assert await linked.made.owner(LINK.user) is None
    assert [] == await linked.made.all()
    _, ended = [entry async for entry in linked.made.changes()]
    assert isinstance(ended, LinkEntry)
    assert (LinkChange.ENDED, ALICE, LINK.user, None) == (
        ended.change,
        ended.slack_user,
        ended.pagerduty_user,
        ended.actor,
    )
    linked.pagerduty.change_user(LINK.user, email=LINK.email)
    assert "No PagerDuty user has your Slack e-mail address" in await linked.refusal()


async def test_who_had_the_account_before_is_not_mentioned(linked: Acme) -> None:
    """It went to Bo, and Alice has not pressed anything since: Bo is mentioned, and can link themselves."""
    linked.pagerduty.change_user(LINK.user, email="bo@corp.example")
    assert await linked.identity.mention(LINK.user) is None
    linked.slack.add_user("Bo Fox", email="bo@corp.example", id="U0BO")
    await linked.redis.flushall()
    await linked.made.put(LINK)

    assert "U0BO" == await linked.identity.mention(LINK.user)


async def test_the_table_gives_the_account_to_another(linked: Acme) -> None:
    """An operator corrects a wrong link so: she is not that user any more, but who her address says, if anyone."""
    linked.use(**ON | {"users": {"U0AL": LINK.user}, "contact": "#sre-help"})

    assert "gives your linked PagerDuty account to another Slack user" in await linked.refusal()
    linked.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    assert "PALICE1" == await linked.link()


@pytest.mark.parametrize("config", [{"users": {ALICE: "POTHER1"}}, {"excluded": [ALICE]}])
async def test_who_the_file_says_is_another_is_not_mentioned(linked: Acme, config: dict[str, object]) -> None:
    """The link is made, and the file says that she is another person, or none."""
    linked.use(**ON | config)

    assert await linked.identity.mention(LINK.user) is None


async def test_two_who_are_linked_at_once_to_one_user(linked: Acme) -> None:
    """Each was checked before the other's was stored: only the last one acts in that name."""
    bo = Link(SlackUserId("U0BO"), LINK.user, LINK.email, LinkedBy.SIGN_IN, LINK.at_ms)
    await linked.made.put(bo)

    assert "No PagerDuty user has your Slack e-mail address" in await linked.refusal()
    assert [bo] == await linked.made.all()
    assert (None, bo) == (await linked.made.of(ALICE), await linked.made.owner(LINK.user))


async def test_a_user_who_is_not_found_ends_nothing(linked: Acme) -> None:
    """The key may see too little for now; until it sees them again she is told, or recognised by her address."""
    fault = linked.pagerduty.add_fault(Fault("GET", f"/users/{LINK.user}", status=404))
    assert "can't be found" in await linked.refusal()
    linked.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    assert "PALICE1" == await linked.link()
    fault.remove()

    assert "PAL0001" == await linked.link()


async def test_a_user_who_cannot_be_read_is_not_guessed(linked: Acme) -> None:
    """PagerDuty fails: that is an error, and not another way to recognise her."""
    linked.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    linked.pagerduty.add_fault(Fault("GET", f"/users/{LINK.user}", status=500))

    with pytest.raises(CallError):
        await linked.link()


async def test_without_a_store_no_link_can_be_looked_up(linked: Acme) -> None:
    """Who is recognised by their address is; the others are told why they are not."""
    old = linked.identity
    blind = Identity(
        old.config, old._slack, old._pagerduty, IdentityCache(None), old._home, MadeLinks(None, old._pagerduty)
    )
    linked.identity = blind

    assert "can't reach its database" in await linked.refusal()
    linked.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    assert "PALICE1" == await linked.link()


async def test_switched_off_nothing_of_links_is_read(acme: Acme) -> None:
    """Neither for a person nor for a mention."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.identity._made = cast("MadeLinks", None)

    assert "PALICE1" == await acme.link()
    assert ALICE == await acme.identity.mention(UserId("PALICE1"))


@pytest.mark.parametrize("slack", ["ghost", "multi"])
async def test_who_can_link_themselves_is_told_so(acme: Acme, slack: str) -> None:
    """A member whom no address links; a guest never."""
    acme.use(**ON | {"contact": "#sre-help"})
    acme.slack.users[ALICE].guest = "multi" if slack == "multi" else None

    with pytest.raises(Declined) as told:
        await acme.link()

    outcome = told.value.outcome
    assert outcome.can_link is (slack != "multi")
    assert ("Run the `link` command" in outcome.next_step) is outcome.can_link
    assert ("#sre-help" in outcome.next_step) is not outcome.can_link


async def test_links_are_listed_the_oldest_first(acme: Acme) -> None:
    """One that cannot be read links nobody, and hides no other."""
    bob = Link(SlackUserId("U0BOB"), UserId("PBOB001"), "bob@corp.example", LinkedBy.SIGN_IN, LINK.at_ms - 1)
    for link in (LINK, bob):
        await acme.made.put(link)
    await acme.redis.hset(keys.LINKS, "U0ODD", b"{")

    assert [bob, LINK] == await acme.made.all()
    assert await acme.made.of(SlackUserId("U0ODD")) is None


def test_a_code_is_eight_letters_that_cannot_be_mistaken() -> None:
    """As it is typed does not matter; nothing typed is no code, also where none was shown."""
    code = new_code()

    assert 8 == len(code)
    assert set(code) <= set(CODE_LETTERS)
    assert not set("IO01") & set(CODE_LETTERS)
    assert code == plain_code(f" {code[:4].lower()}-{code[4:]} ")
    assert LinkRequest(ALICE, "s", "v", code=code).has_code(code)
    assert not LinkRequest(ALICE, "s", "v").has_code("")
