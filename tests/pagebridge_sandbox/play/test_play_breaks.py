"""What is broken on the page, and the verdict on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from pagebridge_sandbox.play.breaks import BREAKS, Break, OpenBreaks
from pagebridge_sandbox.play.playground import Playground
from tests.pagebridge_sandbox.play.conftest import ALICE, CHANNEL, Json, Page, card, incident, looking, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """Look at one play for all of these tests, because each takes seconds to start."""
    async with looking(tmp_path_factory.mktemp("play")) as page:
        yield page


def entry(state: Json, break_id: str) -> Json:
    """Return what the page shows of one thing to break."""
    return next(dict(each) for each in state["breaks"] if each["id"] == break_id)


def verdict(state: Json, break_id: str) -> str:
    """Return whether it held."""
    return str(entry(state, break_id)["verdict"]["state"])


async def press(page: Page, number: int) -> Json:
    """Let Alice acknowledge."""
    return await page.post("slack/click", user=ALICE, channel=CHANNEL, card=number, label="Acknowledge")


@pytest.mark.parametrize("switch", ["pagerduty_down", "pagerduty_lost", "store_stopped"])
async def test_a_switch_is_judged_once_it_is_off(page: Page, switch: str) -> None:
    """While it is on nothing is claimed; afterwards the press took effect once, in its person's name, with one line."""
    number = await opened(page)
    await page.post("breaks", id=switch, on=True)
    await press(page, number)
    state = await page.until(lambda it: "1 press" in entry(it, switch)["verdict"]["text"])
    assert (True, "waiting") == (entry(state, switch)["on"], verdict(state, switch))

    await page.post("breaks", id=switch, on=False)

    state = await page.until(lambda it: verdict(it, switch) != "waiting")
    told = str(entry(state, switch)["verdict"]["text"])
    assert told.startswith("1 press, 1 write in the presser's name, 1 line. ")
    assert told.endswith(" equal to PagerDuty.")
    assert "held" == verdict(state, switch)
    assert not entry(state, switch)["on"]


async def test_a_switch_turned_on_and_off_at_once(page: Page) -> None:
    """It is mended after it was broken, even if breaking it takes longer than a person's second click."""
    events, goes_on = list[str](), asyncio.Event()

    @asynccontextmanager
    async def happen(_: Playground) -> AsyncIterator[None]:
        await goes_on.wait()
        events.append("broken")
        yield
        events.append("mended")

    slow = Break("slow", "Processes", "Stop slowly", "It stops.", "switch", happen)
    breaks = OpenBreaks(page.playground)
    async with asyncio.TaskGroup() as group:
        group.create_task(breaks.begin(slow))
        await page.until(lambda _: "slow" in breaks)
        group.create_task(breaks.end(slow))
        await page.state()
        goes_on.set()

    assert ["broken", "mended"] == events
    assert (False, 0) == ("slow" in breaks, page.playground.breaks_open)


@pytest.mark.parametrize("once", ["deliveries_forged", "worker_killed", "store_emptied"])
async def test_what_passes_by_itself(page: Page, once: str) -> None:
    """A forged webhook is refused, a killed worker comes back, an emptied store finds its cards again."""
    number = await opened(page)

    await page.post("breaks", id=once, on=True)

    state = await page.until(lambda it: verdict(it, once) == "held")
    assert not entry(state, once)["on"]
    assert once != "deliveries_forged" or "1 refused with 401" in entry(state, once)["verdict"]["text"]
    await press(page, number)
    state = await page.until(lambda it: card(it, number)["text"].startswith("Acknowledged"))
    assert {"running"} == set(state["processes"].values())
    assert "broken" not in {each["state"] for each in state["invariants"]}


async def test_cut_connections_hold_once_there_are_some_again(page: Page) -> None:
    """Until then it is not at rest: a press would fail."""
    await page.post("breaks", id="slack_cut", on=True)
    assert "waiting" == verdict(await page.state(), "slack_cut")

    await page.until(lambda it: verdict(it, "slack_cut") == "held")

    assert page.playground.slack.socket.connections


async def test_a_store_that_is_stopped_cannot_be_emptied(page: Page) -> None:
    """It keeps what it has: that is said in words, and nothing was broken that could be judged."""
    await page.post("breaks", id="store_stopped", on=True)
    before = (await page.state())["breaks"]

    refused = await page.try_post("breaks", id="store_emptied", on=True)

    assert (400, {"error": "Redis is stopped, and can't be emptied. Start it first."}) == refused
    state = await page.state()
    assert (False, None) == (entry(state, "store_emptied")["on"], entry(state, "store_emptied")["verdict"])
    assert [each["on"] for each in before] == [each["on"] for each in state["breaks"]]
    await page.post("breaks", id="store_stopped", on=False)
    await page.until(lambda it: verdict(it, "store_stopped") == "held")


async def test_a_process_that_ends_is_started_again(page: Page) -> None:
    """As a supervisor would do it: whatever a break did to it, the play goes on."""
    await page.playground.bridge.receiver.child.kill()
    await page.until(lambda it: it["processes"]["receiver"] == "stopped")
    await page.until(lambda it: it["processes"]["receiver"] == "running")
    await opened(page)


async def test_webhooks_go_wrong_together(page: Page) -> None:
    """Several mishaps share the webhooks, and everything is told once all the same."""
    both = ("deliveries_doubled", "deliveries_reordered")
    for mishap in both:
        await page.post("breaks", id=mishap, on=True)
    number = await opened(page)
    await press(page, number)
    await page.until(lambda it: incident(it, number)["status"] == "acknowledged")
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=number, action="note", text="Looking")
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=number, action="resolve")
    for mishap in both:
        await page.post("breaks", id=mishap, on=False)

    await page.until(lambda it: ["held", "held"] == [verdict(it, each) for each in both])

    state = await page.until(lambda it: len(card(it, number)["replies"]) == 3)
    assert card(state, number)["text"].startswith("Resolved")


async def test_every_break_says_what_ought_to_happen(page: Page) -> None:
    """Each has a name of its own and a sentence; what there is not is refused in words."""
    state = await page.state()
    assert len({each.label for each in BREAKS}) == len(BREAKS) >= len(state["breaks"])
    assert all(each["expect"].endswith(".") for each in state["breaks"])
    assert (400, {"error": "There is nothing to break that is called none."}) == (
        await page.try_post("breaks", id="none", on=True)
    )
