"""What there is to choose from: read once in minutes, and what the account can do never holds up a card for long."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from bolt_app.account_cache import RETRY_AFTER, TTL, AccountCache
from bolt_app.visibility import Visibility
from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.errors import CallError
from shared.model.actions import Action
from shared.model.ids import UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import User
from shared.slack.render.buttons import EVERYTHING

ALICE = User(UserId("PALICE1"), "Alice Ng", "alice@example.com", "limited_user", kind="user")


def seeing(door: PagerDuty) -> Visibility:
    """Make what decides what people see, without a Slack."""
    return Visibility(door, cast("Identity", None), None, LiveConfig(BridgeConfig()))


class Watch:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
async def sandbox() -> AsyncIterator[PagerDutySandbox]:
    """Run a PagerDuty with one policy, two priorities and one service."""
    async with PagerDutySandbox() as pagerduty:
        user = pagerduty.add_user("Alice Ng", "alice@example.com")
        policy = pagerduty.add_escalation_policy("Payments on-call", [[user.id]])
        pagerduty.add_service("checkout-api", policy.id)
        pagerduty.add_priority("P1", "Everything is down")
        pagerduty.add_priority("P2")
        yield pagerduty


@pytest.fixture
async def door(sandbox: PagerDutySandbox) -> AsyncIterator[PagerDuty]:
    """Open the door to it."""
    door = PagerDuty(sandbox.token, sandbox.url, timeout=20)
    yield door
    await door.aclose()


async def test_what_there_is_to_choose_from(door: PagerDuty) -> None:
    """By the names that people know; a priority with what it means."""
    account_cache = AccountCache(door, seeing(door))

    assert ["Payments on-call"] == [option.name for option in await account_cache.options(Action.REASSIGN, ALICE) or ()]
    assert ["P1: Everything is down", "P2"] == [
        option.name for option in await account_cache.options(Action.PRIORITY, ALICE) or ()
    ]
    assert ["checkout-api"] == [option.name for option in await account_cache.options(Action.TRIGGER, ALICE) or ()]


async def test_it_is_read_once_in_minutes(door: PagerDuty, sandbox: PagerDutySandbox) -> None:
    """A dialog that opens soon after another opens filled."""
    watch = Watch()
    account_cache = AccountCache(door, seeing(door), watch)
    assert not account_cache.remembers(Action.REASSIGN)
    await account_cache.options(Action.REASSIGN, ALICE)

    assert account_cache.remembers(Action.REASSIGN)
    watch.now += TTL
    assert not account_cache.remembers(Action.REASSIGN)
    await account_cache.options(Action.REASSIGN, ALICE)

    assert 2 == len(sandbox.calls_to("GET", "/escalation_policies"))


async def test_searching(door: PagerDuty) -> None:
    """By what somebody types into a menu that is too long to be listed."""
    account_cache = AccountCache(door, seeing(door))

    assert ["checkout-api"] == [option.name for option in await account_cache.search("service", "check", ALICE)]
    assert [] == list(await account_cache.search("policy", "nothing like it", ALICE))


async def test_what_the_account_can_do(door: PagerDuty, sandbox: PagerDutySandbox) -> None:
    """Without the ability nobody can be asked to help."""
    assert EVERYTHING == await AccountCache(door, seeing(door)).available_actions.get()
    sandbox.set_ability("coordinated_responding", present=False)

    assert EVERYTHING - {Action.ADD_RESPONDERS} == await AccountCache(door, seeing(door)).available_actions.get()


async def test_an_account_without_priorities(door: PagerDuty, sandbox: PagerDutySandbox) -> None:
    """None in the list, or a refusal instead of a list: there is nothing to change."""
    sandbox.add_fault(Fault("GET", "/priorities", status=403))

    assert Action.PRIORITY not in await AccountCache(door, seeing(door)).available_actions.get()


async def test_pagerduty_down(door: PagerDuty, sandbox: PagerDutySandbox) -> None:
    """Everything is offered as long as nothing else is known, and PagerDuty is not asked for every card."""
    watch = Watch()
    account_cache = AccountCache(door, seeing(door), watch)
    sandbox.stop_answering()

    assert EVERYTHING == await account_cache.available_actions.get()
    watch.now += RETRY_AFTER / 2
    assert EVERYTHING == await account_cache.available_actions.get()
    with pytest.raises(CallError):
        await account_cache.options(Action.REASSIGN, ALICE)

    sandbox.answer_again()
    sandbox.set_ability("coordinated_responding", present=False)
    watch.now += RETRY_AFTER
    assert Action.ADD_RESPONDERS not in await account_cache.available_actions.get()
