"""The Home tab: Slack takes it whatever incidents are called, and it says so when there is nothing to read it from."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.listeners.home_tab import HomeVisits
from bolt_app.open_incidents import OpenIncident
from bolt_app.queries.home_view import HomeIncident, HomeList, HomeParts, home_view
from pagebridge_sandbox.slack import SlackSandbox
from pagebridge_sandbox.slack.message_arguments import MAX_VIEW_BYTES
from pagebridge_sandbox.slack.validation import check_view
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import IncidentId
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.open_homes import OpenHomes
from shared.store.redis import connect
from tests.builders import NOON, snapshot
from tests.stories.harness import until

LONG = "x" * 450
CROWD = tuple(Ref(f"P{number:013}", "Somebody") for number in range(140))


def incidents(title: str, count: int) -> list[HomeIncident]:
    """Make as many incidents, with the longest of all that PagerDuty could say of them."""
    made = snapshot(Status.TRIGGERED, title)
    return [
        HomeIncident(
            OpenIncident(
                IncidentId(f"Q{at:013}"),
                replace(made, number=at, url=f"https://acme.pagerduty.com/incidents/{LONG}", assignees=CROWD),
            ),
            title,
        )
        for at in range(count)
    ]


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_slack_takes_it_whatever_it_holds(text: str) -> None:
    """A hundred incidents of long names and of crowds, and long policies: within the blocks and bytes of a view."""
    every = HomeList(incidents(text, 100), "z" * 4000)
    view = home_view(HomeParts("x" * 4000, every, every, ["y" * 4000] * 11), NOON, "/pd", NOON)

    assert [] == check_view(view)
    assert MAX_VIEW_BYTES > len(json.dumps(view).encode())


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack in which Alice works."""
    async with SlackSandbox(enforce_rate_limits=False) as sandbox:
        sandbox.add_user("Alice Ng", id="U0ALICE")
        yield sandbox


async def test_a_store_that_is_down_is_told_on_the_tab(slack: SlackSandbox) -> None:
    """Alice sees why nothing is shown; a visit that names nobody is passed over."""
    down, door = connect("redis://127.0.0.1:1"), Slack(slack.bot_token, slack.api_url)
    visits = HomeVisits(door, OpenHomes(down, WorkQueue(down, "homes", 1.0), StoreClock(down)), StoreClock(down))

    await visits.opened({"tab": "home"})
    await visits.opened({"tab": "home", "user": "U0ALICE"})

    await until(lambda: "U0ALICE" in slack.views.homes, "the tab")
    assert "can't reach its database" in slack.person("U0ALICE").home.plain
    assert 1 == len(slack.calls_to("views.publish"))
    await door.aclose()
    await down.aclose()
