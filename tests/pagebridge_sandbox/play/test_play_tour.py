"""The guided tour, taken as its reader takes it, and what was done there, done again."""

import ast
import re
from typing import Any

import pytest

from pagebridge_sandbox.play import happenings
from pagebridge_sandbox.play.fixtures import EDGE
from tests.pagebridge_sandbox.play.conftest import Json, Page, action_row, cards, private

ALICE, CAROL = "U0ALICE", "U0CAROL"
CHANNEL = "C0INCIDENTS"


async def press(page: Page, number: int, label: str = "Acknowledge", user: str = ALICE) -> None:
    """Press on the card of an incident, once it is there."""
    await page.until(lambda it: any(f"#{number} " in each["text"] for each in cards(it)))
    await page.post("slack/click", user=user, channel=CHANNEL, card=number, label=label)


async def done(page: Page, number: int) -> str:
    """Wait until a step is done, and return what was seen."""
    state = await page.until(lambda it: it["tour"]["step"] == number and it["tour"]["steps"][number - 1]["done"])
    return str(state["tour"]["steps"][number - 1]["check"])


async def test_the_tour_checks_itself(page: Page) -> None:
    """Each of the first six steps is done once the reader has done what it asks for, and not before."""
    await page.post("tour", do="start")
    await page.post("pagerduty/trigger", alert="checkout")
    state = await page.until(cards)
    assert (1, False) == (state["tour"]["step"], state["tour"]["steps"][0]["done"])
    await press(page, 1)
    assert "in the name of alice@acme.example; 1 echo recognised" in await done(page, 1)

    await page.post("tour", do="next")
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=1, action="resolve")
    assert "Resolved by Bob Ray in PagerDuty" in await done(page, 2)

    await page.post("tour", do="next")
    switches = ("deliveries_doubled", "deliveries_late")
    for switch in switches:
        await page.post("breaks", id=switch, on=True)
    await page.post("pagerduty/trigger", alert="checkout")
    await press(page, 2)
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=2, action="note", text="Me too")
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=2, action="priority", priority="P2")
    assert "every line is there once" in await done(page, 3)
    for switch in switches:
        await page.post("breaks", id=switch, on=False)

    await page.post("tour", do="next")
    await page.post("pagerduty/trigger", alert="checkout")
    await page.post("slack/type", user=CAROL, channel=CHANNEL, text="/pd help")
    state = await page.until(lambda it: "/pd" in private(it, CAROL))
    assert not state["tour"]["steps"][3]["done"]
    await press(page, 3, user=CAROL)
    assert "you are not on that team" in await done(page, 4)

    await page.post("tour", do="next")
    await page.post("breaks", id="deliveries_doubled", on=True)
    await page.post("breaks", id="pagerduty_down", on=True)
    await press(page, 3)
    await page.until(lambda it: "Now let PagerDuty come back" in it["tour"]["steps"][4]["check"])
    await page.post("breaks", id="pagerduty_down", on=False)
    assert "once, in her name" in await done(page, 5)
    await page.post("breaks", id="deliveries_doubled", on=False)

    await page.post("tour", do="next")
    await press(page, 3, "Add responders")
    await page.until(lambda it: it["slack"]["modals"][ALICE][-1]["submit"])
    await page.post("slack/modal/fill", user=ALICE, block_id="people", action_id="value", value=["U0BOB", CAROL])
    await page.post("slack/modal/submit", user=ALICE)
    assert "Bob Ray: NOT asked" in await done(page, 6)
    await page.post("tour", do="reset")
    assert 0 == (await page.state())["tour"]["step"]


async def test_the_last_step_is_a_storm(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its incidents get their cards, or share one, and what people press goes before them."""
    monkeypatch.setattr(happenings, "STORM", 40)
    page.playground.pagerduty.trigger(EDGE, "An edge of before the step", "low")
    await page.post("tour", do="start")
    for _ in range(6):
        await page.post("tour", do="next")
    await page.post("pagerduty/trigger", alert="checkout")
    await page.until(cards)
    await page.post("breaks", id="storm", on=True)
    await press(page, 2)

    await page.until(lambda it: cards(it)[0]["text"].startswith("Acknowledged by Alice"), patience=20)
    state = await page.until(lambda it: it["tour"]["steps"][6]["done"])

    told = re.fullmatch(
        r"40 incidents, (\d+) cards and one for the (\d+) others, and your acknowledgement went first\.",
        state["tour"]["steps"][6]["check"],
    )
    assert told
    assert 40 == int(told[1]) + int(told[2])
    assert "broken" not in {each["state"] for each in state["invariants"]}


async def test_a_recording_is_played_again(page: Page) -> None:
    """What was done is kept without ids of this play, comes out the same in a fresh one, and begins a story test."""
    await page.post("pagerduty/trigger", alert="checkout")
    state = await page.until(lambda it: action_row(cards(it)[0]))
    card = cards(state)[0]
    place = {"user": ALICE, "channel": CHANNEL, "ts": card["ts"], "block_id": action_row(card)["block_id"]}
    await page.post("slack/click", **place, action_id="pagebridge:note")
    state = await page.until(lambda it: it["slack"]["modals"][ALICE][-1]["submit"])
    view = {"user": ALICE, "view_id": state["slack"]["modals"][ALICE][-1]["view_id"]}
    await page.post("slack/modal/fill", **view, block_id="text", action_id="value", value="Looking")
    await page.post("slack/modal/submit", **view)
    await page.until(lambda it: len(cards(it)[0]["replies"]) == 1)
    await page.post("slack/home", user=ALICE)
    state = await page.until(lambda it: on_tab(it, "pagebridge:acknowledge"))
    await page.post("slack/click", user=ALICE, home=True, **on_tab(state, "pagebridge:acknowledge"))
    await page.until(lambda it: "Acknowledged by Alice Ng in Slack" in cards(it)[0]["text"])
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=1, action="resolve")
    status, scenario = await page.get("api/scenario")

    assert 200 == status
    shown = [(act["path"], act["body"]) for act in scenario["acts"]]
    assert ("slack/click", {"user": ALICE, "channel": CHANNEL, "card": 1, "label": "Add note"}) == shown[1]
    assert ("slack/click", {"user": ALICE, "home": True, "incident": 1, "label": "Acknowledge"}) == shown[5]
    assert card["ts"] not in str(shown)
    async with page.session.get(page.url + "api/scenario/test") as answer:
        skeleton = await answer.text()
    ast.parse(skeleton)
    assert "await bridge.dialog('Alice', 'Add note', await bridge.card('#1 '))" in skeleton
    assert {"acts": 7} == await page.post("scenario", **scenario)

    state = await page.until(lambda it: it["scenario"]["done"] == 7 and len(cards(it)[0]["replies"]) == 3)

    assert state["scenario"]["error"] is None
    assert [1] == [incident["number"] for incident in state["pagerduty"]["incidents"]]
    assert ["Looking"] == [note["text"] for note in state["pagerduty"]["incidents"][0]["notes"]]
    assert "Resolved by Bob Ray in PagerDuty" in cards(state)[0]["text"]
    assert scenario_bodies(scenario) == scenario_bodies((await page.get("api/scenario"))[1])


def on_tab(state: Json, action_id: str) -> Json:
    """Return what a press on the first such button of Alice's Home tab names; empty without one."""
    elements = (each for block in state["slack"]["homes"][ALICE]["blocks"] for each in block.get("elements", ()))
    button: Json = next((each for each in elements if each.get("action_id") == action_id), {})
    return {name: button[name] for name in ("action_id", "value") if name in button}


def scenario_bodies(scenario: Json) -> list[Any]:
    """Return what was done, without when."""
    return [(act["path"], act["body"]) for act in scenario["acts"]]


async def test_why_and_a_fresh_start(page: Page) -> None:
    """`why` is what the command says; after a reset there is nothing, and it plays on."""
    await page.post("pagerduty/trigger", alert="checkout")
    await page.until(cards)
    text = (await page.post("why", incident=1))["text"]
    assert "Now: triggered" in text
    await page.post("breaks", id="store_stopped", on=True)

    await page.post("reset")

    state = await page.state()
    assert ([], []) == (cards(state), state["pagerduty"]["incidents"])
    assert not [each["id"] for each in state["breaks"] if each["on"]]
    await page.post("slack/type", user=ALICE, channel=CHANNEL, text="/pd list")
    await page.until(lambda it: private(it, ALICE))
