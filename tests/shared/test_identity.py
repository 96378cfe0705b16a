"""Who a Slack user is in PagerDuty: by the table, by the address, by what is remembered; and the other way round."""

import pytest

from pagebridge_sandbox.pagerduty import Fault
from shared.access.identity import LINK_KEPT, MISS_KEPT, same_email
from shared.errors import CallError
from shared.model.ids import UserId
from shared.store import keys
from tests.shared.linked_people import ALICE, EMAIL, Acme


async def test_the_table_wins_over_the_address(acme: Acme) -> None:
    """Somebody else has Alice's address, but the table says who she is, and nobody is searched for."""
    acme.pagerduty.add_user("Other Alice", EMAIL, id="POTHER1")
    acme.pagerduty.add_user("Alice Ng", "a.ng@example.net", id="PALICE1")
    acme.use(users={ALICE: "PALICE1"})

    linked = await acme.identity.link(acme.actor())

    assert ("PALICE1", "table") == (linked.user.id, linked.how)
    assert 0 == acme.searches()


async def test_a_table_entry_that_names_nobody(acme: Acme) -> None:
    """A wrong entry is not made up for by the address: she is told whose mistake it is."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.use(users={ALICE: "PNOBODY"})

    assert "links you to PagerDuty user PNOBODY, which does not exist" in await acme.refusal()


async def test_the_address_matches_in_whatever_case(acme: Acme) -> None:
    """Upper and lower case make no difference; anything else does."""
    acme.pagerduty.add_user("Alice Ng", "Alice@Example.COM", id="PALICE1")
    acme.pagerduty.add_user("Malice", "malice@example.com", id="PMALICE")
    acme.pagerduty.add_user("Alice Elsewhere", "alice@example.com.evil.example", id="PEVIL01")

    linked = await acme.identity.link(acme.actor())

    assert ("PALICE1", "e-mail") == (linked.user.id, linked.how)


async def test_addresses_that_only_resemble_hers(acme: Acme) -> None:
    """PagerDuty's search finds them, and none of them is Alice."""
    for n, email in enumerate(("malice@example.com", "alice@example.com.au", "alice+x@example.com")):
        acme.pagerduty.add_user("Alice Ng", email, id=f"PLIKE0{n}")

    assert f"No PagerDuty user has your Slack e-mail address {EMAIL}" in await acme.refusal()


async def test_a_match_behind_the_first_page_of_the_search(acme: Acme) -> None:
    """More than a page of users resemble her, and she is not among those shown: the whole directory decides."""
    for n in range(101):
        acme.pagerduty.add_user(f"A{n:03}", f"a{n}.{EMAIL}", id=f"PLIKE{n:03}")
    acme.pagerduty.add_user("Zed", EMAIL, id="PALICE1")

    assert "PALICE1" == await acme.link()
    assert any("query" not in call.query for call in acme.pagerduty.calls_to("GET", "/users"))


async def test_several_users_with_her_address(acme: Acme) -> None:
    """An address that is not unique decides nothing, and is not remembered."""
    acme.pagerduty.add_user("Alice Ng", EMAIL)
    acme.pagerduty.add_user("Alice Ng", EMAIL.upper())

    assert "Several PagerDuty users" in await acme.refusal()
    assert not await acme.redis.exists(keys.link(ALICE))


async def test_a_vain_search_is_remembered_for_a_moment(acme: Acme) -> None:
    """In a burst of clicks the whole directory is read once, and asked for the address at each; a minute later anew."""
    await acme.refusal()
    searches = acme.searches()

    assert "No PagerDuty user" in await acme.refusal()

    assert searches + 1 == acme.searches()
    assert 0 < await acme.redis.ttl(keys.link(ALICE)) <= MISS_KEPT


async def test_an_address_that_was_corrected_in_pagerduty_counts_at_once(acme: Acme) -> None:
    """She was told to change it there, does so and presses again: she is linked, and not told the same once more."""
    acme.pagerduty.add_user("Alice Ng", "alcie@example.com", id="PALICE1")
    assert "No PagerDuty user" in await acme.refusal()
    acme.pagerduty.change_user("PALICE1", email=EMAIL)

    assert "PALICE1" == await acme.link()


async def test_a_vain_search_is_for_one_address_only(acme: Acme) -> None:
    """She corrects the address in Slack: the miss was for another one, and does not count."""
    acme.pagerduty.add_user("Alice Ng", "a.ng@example.com", id="PALICE1")
    await acme.refusal()

    acme.slack.users[ALICE].email = "a.ng@example.com"

    assert "PALICE1" == await acme.link()


async def test_a_link_is_remembered_and_role_and_teams_are_not(acme: Acme) -> None:
    """The second click searches for nobody, but reads the user anew."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, role="observer", id="PALICE1")
    await acme.link()
    searches = acme.searches()
    acme.pagerduty.change_user("PALICE1", role="limited_user")

    linked = await acme.identity.link(acme.actor())

    assert "limited_user" == linked.user.role
    assert searches == acme.searches()
    assert MISS_KEPT < await acme.redis.ttl(keys.link(ALICE)) <= LINK_KEPT


@pytest.mark.parametrize("kept", [b"\xff", b"../../services", b"W> <!channel", b"palice1", b"X" * 5000])
async def test_what_is_remembered_and_makes_no_sense(acme: Acme, kept: bytes) -> None:
    """It is looked up anew, both ways, as if nothing were remembered."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    await acme.redis.set(keys.link(ALICE), kept)
    await acme.redis.set(keys.mention(UserId("PALICE1")), kept)

    assert ("PALICE1", ALICE) == (await acme.link(), await acme.identity.mention(UserId("PALICE1")))
    assert [b"PALICE1", ALICE.encode()] == await acme.redis.mget(keys.link(ALICE), keys.mention(UserId("PALICE1")))


async def test_a_remembered_user_who_was_deleted(acme: Acme) -> None:
    """Her account was made anew under another id: the old one is forgotten, the new one found."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="POLD001")
    await acme.link()
    acme.pagerduty.remove_user("POLD001")
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PNEW001")

    assert "PNEW001" == await acme.link()
    assert "PNEW001" == await acme.link()


async def test_a_remembered_user_whose_address_changed(acme: Acme) -> None:
    """The user she was linked to has another address now: she is not that user any more."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="POLD001")
    await acme.link()
    acme.pagerduty.change_user("POLD001", email="somebody@example.com")

    assert "No PagerDuty user" in await acme.refusal()


async def test_a_link_that_holds_no_longer_is_not_kept(acme: Acme) -> None:
    """Her account has another address now, and two others have hers: no certain answer is left to remember."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    await acme.link()
    acme.pagerduty.change_user("PALICE1", email="a.ng@example.com")
    acme.pagerduty.add_user("Alice Ng", EMAIL)
    acme.pagerduty.add_user("Alice Ng", EMAIL.upper())

    assert "Several PagerDuty users" in await acme.refusal()
    assert not await acme.redis.exists(keys.link(ALICE))


async def test_a_change_in_slack_counts_at_once(acme: Acme) -> None:
    """Her address in Slack is read for every click, so a remembered link never outlives it."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.pagerduty.add_user("Alice Lee", "alice.lee@example.com", id="PALICE2")
    await acme.link()

    acme.slack.users[ALICE].email = "alice.lee@example.com"

    assert "PALICE2" == await acme.link()


async def test_what_slack_says_has_changed_is_forgotten(acme: Acme) -> None:
    """After `user_change` nothing of her is remembered, and forgetting twice does no harm."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    await acme.link()

    await acme.identity.forget(ALICE)
    await acme.identity.forget(ALICE)

    assert not await acme.redis.exists(keys.link(ALICE))


@pytest.mark.parametrize("path", ["/users", "/users/*"])
async def test_pagerduty_cannot_say_who_it_is(acme: Acme, path: str) -> None:
    """That is an error, and neither a miss nor a remembered link is made of it."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    if path == "/users/*":
        await acme.link()
    fault = acme.pagerduty.add_fault(Fault("GET", path, status=500))

    with pytest.raises(CallError):
        await acme.link()

    fault.remove()
    assert "PALICE1" == await acme.link()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (EMAIL, " Alice@EXAMPLE.com ", True),
        (EMAIL, "alice@example.co", False),
        (EMAIL, "", False),
        ("straße@example.com", "STRASSE@example.com", False),
        ("\u212aim@example.com", "kim@example.com", False),
        ("\udc80@example.com", "\udc80@EXAMPLE.com", True),
    ],
)
def test_whole_addresses_are_compared(one: str, other: str, *, same: bool) -> None:
    """Letter by letter, apart from case; different letters are never taken for the same."""
    assert same == same_email(one, other)


async def test_the_table_read_backwards_names_whom_to_mention(acme: Acme) -> None:
    """Who is in the table is mentioned by it, and nobody is asked."""
    acme.use(users={ALICE: "PALICE1"})

    assert ALICE == await acme.identity.mention(UserId("PALICE1"))
    assert [] == acme.pagerduty.calls


async def test_a_mention_by_address_is_remembered(acme: Acme) -> None:
    """The assignee's address finds the Slack user, once in ten minutes."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")

    assert ALICE == await acme.identity.mention(UserId("PALICE1"))
    calls = len(acme.pagerduty.calls), len(acme.slack.calls)
    assert ALICE == await acme.identity.mention(UserId("PALICE1"))

    assert calls == (len(acme.pagerduty.calls), len(acme.slack.calls))
    assert MISS_KEPT < await acme.redis.ttl(keys.mention(UserId("PALICE1"))) <= LINK_KEPT


@pytest.mark.parametrize("known", [False, True])
async def test_nobody_to_mention_is_remembered_shorter(acme: Acme, *, known: bool) -> None:
    """An assignee whom Slack, or even PagerDuty, does not know is named without a mention."""
    if known:
        acme.pagerduty.add_user("Bob Ng", "bob@example.com", id="PBOB001")

    assert await acme.identity.mention(UserId("PBOB001")) is None
    calls = len(acme.pagerduty.calls), len(acme.slack.calls)
    assert await acme.identity.mention(UserId("PBOB001")) is None

    assert calls == (len(acme.pagerduty.calls), len(acme.slack.calls))
    assert 0 < await acme.redis.ttl(keys.mention(UserId("PBOB001"))) <= MISS_KEPT
