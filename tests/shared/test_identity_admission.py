"""Who may never be linked, whatever the table and the address say, and what counts as nobody knowing."""

from dataclasses import replace

import pytest

from pagebridge_sandbox.slack import Fault
from shared.access.identity import check_active, check_eligible, is_own_workspace
from shared.errors import CallError
from shared.model.command import SlackActor
from shared.model.ids import UserId
from shared.model.outcome import Declined
from shared.pagerduty.models.account import User
from shared.slack.api.client import SlackIdentity, SlackPerson
from tests.shared.linked_people import ALICE, EMAIL, Acme

HOME = SlackIdentity("T0ACME", None, "U0BOT", "B0BOT", "A0APP", frozenset())
GRID = replace(HOME, enterprise_id="E0ACME")
PERSON = SlackPerson(
    id=ALICE,
    name="Alice Ng",
    email=EMAIL,
    email_confirmed=True,
    is_bot=False,
    is_app_user=False,
    deleted=False,
    guest=None,
    external=False,
    team_id="T0ACME",
    enterprise_id=None,
)


async def test_only_the_domains_that_count(acme: Acme) -> None:
    """With `email_domains`, an address elsewhere links nobody, and subdomains are elsewhere."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")

    acme.use(email_domains=["acme.example"])
    assert "E-mail addresses at example.com are not accepted" in await acme.refusal()
    acme.use(email_domains=["mail.example.com"])
    assert "not accepted" in await acme.refusal()
    acme.use(email_domains=["acme.example", "Example.com"])
    assert "PALICE1" == await acme.link()


async def test_an_address_that_is_not_confirmed(acme: Acme) -> None:
    """It could be anybody's, so it links nobody; the table still does."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.slack.users[ALICE].email_confirmed = False

    assert "is not confirmed" in await acme.refusal()
    acme.use(users={ALICE: "PALICE1"})
    assert "PALICE1" == await acme.link()


async def test_no_address_at_all(acme: Acme) -> None:
    """Without the scope, or with none in the profile, she is told so."""
    acme.slack.users[ALICE].email = None

    assert "can't see an e-mail address" in await acme.refusal()


async def test_somebody_slack_does_not_show(acme: Acme) -> None:
    """Whom Slack does not let us see is refused."""
    assert "can't see your Slack account" in await acme.refusal("U0NOBODY")


@pytest.mark.parametrize("in_table", [False, True])
@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"bot": True}, "Bots and apps"),
        ({"deleted": True}, "is deactivated"),
        ({"team_id": "T0OTHER"}, "another Slack workspace"),
        ({"guest": "single"}, "Guests of this Slack workspace"),
    ],
)
async def test_whom_nothing_admits(acme: Acme, account: dict[str, object], words: str, *, in_table: bool) -> None:
    """Neither the address nor an entry of the table admits them, and PagerDuty is not asked."""
    for name, value in account.items():
        setattr(acme.slack.users[ALICE], name, value)
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.use(users={ALICE: "PALICE1"} if in_table else {})

    assert words in await acme.refusal()
    assert [] == acme.pagerduty.calls


async def test_a_multi_channel_guest_needs_the_table(acme: Acme) -> None:
    """The address alone does not admit them; an entry does."""
    acme.slack.users[ALICE].guest = "multi"
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")

    assert "Guests of this Slack workspace" in await acme.refusal()
    acme.use(users={ALICE: "PALICE1"})
    assert "PALICE1" == await acme.link()


async def test_a_guest_reads_a_next_step_that_helps(acme: Acme) -> None:
    """An entry can admit a multi-channel guest, so the contact is named to them; no one can admit the others."""
    acme.use(contact="#sre-help")
    steps = {}
    for guest in ("single", "multi"):
        acme.slack.users[ALICE].guest = guest
        with pytest.raises(Declined) as refusal:
            await acme.identity.require_member(acme.actor())
        steps[guest] = refusal.value.outcome.next_step

    assert {"single": "Use PagerDuty", "multi": "Ask #sre-help to link you"} == steps


def refused(person: SlackPerson, actor: SlackActor, home: SlackIdentity) -> bool:
    """Tell whether somebody is turned away, though the table names them."""
    try:
        check_eligible(person, actor, home, in_table=True)
    except Declined:
        return True
    return False


def test_apps_that_act_as_users() -> None:
    """An app's own user is no person."""
    assert refused(replace(PERSON, is_app_user=True), SlackActor(ALICE, "T0ACME"), HOME)


def test_what_slack_and_the_envelope_say_must_both_fit() -> None:
    """The envelope names another workspace than `users.info`: one of the two is enough to refuse."""
    assert not refused(PERSON, SlackActor(ALICE, "T0ACME"), HOME)
    assert refused(PERSON, SlackActor(ALICE, "T0OTHER"), HOME)
    assert refused(PERSON, SlackActor(ALICE, ""), HOME)
    assert refused(replace(PERSON, team_id="T0OTHER"), SlackActor(ALICE, "T0ACME"), HOME)
    assert refused(replace(PERSON, external=True), SlackActor(ALICE, "T0ACME"), HOME)


@pytest.mark.parametrize(
    ("enterprise", "home", "expected"),
    [
        ("E0ACME", GRID, True),
        ("E0OTHER", GRID, False),
        (None, GRID, False),
        ("E0ACME", HOME, False),
        (None, HOME, False),
    ],
)
def test_another_workspace_is_home_only_within_our_enterprise(
    enterprise: str | None, home: SlackIdentity, *, expected: bool
) -> None:
    """In an Enterprise Grid the whole enterprise is home, if it is ours; no enterprise is never the same as none."""
    actor = SlackActor(ALICE, "T0SISTER", enterprise)

    assert expected == is_own_workspace("T0SISTER", enterprise, actor, home)
    assert expected != refused(replace(PERSON, team_id="T0SISTER", enterprise_id=enterprise), actor, home)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("users.info", http_status=503),
        Fault("users.info", error="internal_error"),
        Fault("users.info", error="missing_scope"),
        Fault("users.info", retry_after=1),
        Fault("users.info", hang=True),
        Fault("users.info", drop=True),
    ],
    ids=["503", "internal_error", "missing_scope", "429", "hangs", "dropped"],
)
@pytest.mark.parametrize("in_table", [False, True])
async def test_slack_cannot_say_who_it_is(acme: Acme, fault: Fault, *, in_table: bool) -> None:
    """That is an error, not an admission, remembered or in the table though she be."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.use(users={ALICE: "PALICE1"} if in_table else {})
    await acme.link()
    acme.slack.add_fault(fault)

    with pytest.raises(CallError):
        await acme.link()


@pytest.mark.parametrize("kind", ["bot_user", "service_user", "a_kind_of_tomorrow"])
def test_pagerduty_users_that_are_no_persons(kind: str) -> None:
    """A user of another type than a person's may not act."""
    with pytest.raises(Declined, match="is not a person's account"):
        check_active(User(UserId("PBOT001"), "Bot", EMAIL, "user", kind=kind))


@pytest.mark.parametrize("kind", ["user", "user_reference"])
def test_pagerduty_users_that_are_persons(kind: str) -> None:
    """PagerDuty has two words for a person."""
    user = User(UserId("PALICE1"), "Alice Ng", EMAIL, "user", kind=kind)

    assert user == check_active(user)


def test_a_pagerduty_user_marked_as_deleted() -> None:
    """Where PagerDuty still shows a deleted user, it may not act."""
    with pytest.raises(Declined, match="has been deleted"):
        check_active(User(UserId("PALICE1"), "Alice Ng", EMAIL, "user", kind="user", deleted=True))


async def test_whom_to_ask_is_configured(acme: Acme) -> None:
    """A person who is not linked is told to ask the contact that `bridge.toml` names."""
    acme.use(contact="#sre-help")
    acme.slack.users[ALICE].email = "stranger@example.com"

    with pytest.raises(Declined) as refused:
        await acme.link()

    assert refused.value.outcome.next_step == "Ask #sre-help to link you, or change your PagerDuty e-mail to match"
