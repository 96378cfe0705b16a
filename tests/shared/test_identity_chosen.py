"""Somebody whom another person chose: found by the same rules, and refused by name."""

from typing import Any

import pytest

from pagebridge_sandbox.slack import Fault
from shared.errors import CallError
from shared.model.ids import SlackUserId
from shared.model.outcome import Declined
from tests.shared.linked_people import ALICE, EMAIL, Acme

BOB = SlackUserId("U0BOB")


async def refused(acme: Acme, user: str = BOB) -> str:
    """Return the words about somebody who cannot be chosen."""
    with pytest.raises(Declined) as declined:
        await acme.identity.pagerduty_user(SlackUserId(user))
    return f"{declined.value.outcome.why} {declined.value.outcome.next_step}"


async def test_somebody_with_an_account(acme: Acme) -> None:
    """By their address, or by the table."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.slack.add_user("Bob Ray", email="bob@elsewhere.example", id=BOB)
    acme.pagerduty.add_user("Robert Ray", "bob@example.com", id="PBOB1")
    acme.use(users={BOB: "PBOB1"})

    assert "PALICE1" == (await acme.identity.pagerduty_user(ALICE)).id
    assert "PBOB1" == (await acme.identity.pagerduty_user(BOB)).id


@pytest.mark.parametrize(
    "account",
    [{}, {"email": "nobody@example.com"}, {"email": EMAIL, "guest": "single"}, {"email": EMAIL, "deleted": True}],
)
async def test_somebody_without_one_is_named(acme: Acme, account: dict[str, Any]) -> None:
    """Not found, a guest, deactivated: who chose them reads whom it is about, not how they look in PagerDuty."""
    acme.pagerduty.add_user("Alice Ng", EMAIL, id="PALICE1")
    acme.slack.add_user("Bob Ray", id=BOB, **account)

    words = await refused(acme)

    assert "Bob Ray isn't linked to a PagerDuty account." in words
    assert "your" not in words.lower()
    assert EMAIL not in words


async def test_somebody_whom_slack_does_not_show(acme: Acme) -> None:
    """There is no name to tell."""
    assert "This app can't see one of these people in Slack. Choose another person" == await refused(acme, "U0GHOST")


async def test_slack_down(acme: Acme) -> None:
    """Not knowing is no refusal."""
    acme.slack.add_fault(Fault("users.info", http_status=503))

    with pytest.raises(CallError):
        await acme.identity.pagerduty_user(ALICE)
