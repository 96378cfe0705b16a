"""What is broken on the page, and the verdict on it."""

from functools import partial

import pytest

from pagebridge_sandbox.play.breaks import BREAKS
from pagebridge_sandbox.play.facts import Facts
from pagebridge_sandbox.play.invariants import judge
from tests.pagebridge_sandbox.play.conftest import Json, Page, cards

ALICE = "U0ALICE"
CHANNEL = "C0INCIDENTS"


def entry(state: Json, break_id: str) -> Json:
    """Return what the page shows of one thing to break."""
    return next(dict(each) for each in state["breaks"] if each["id"] == break_id)


def verdict(state: Json, break_id: str) -> str:
    """Return whether it held."""
    return str(entry(state, break_id)["verdict"]["state"])


def held(state: Json, break_id: str) -> bool:
    """Tell whether it held."""
    return verdict(state, break_id) == "held"


def finding(state: Json, invariant: str) -> str:
    """Return how a promise stands."""
    return next(str(each["state"]) for each in state["invariants"] if each["id"] == invariant)


async def open_incident(page: Page, number: int = 1) -> None:
    """Let an alert come, and wait for its card."""
    await page.post("pagerduty/trigger", alert="checkout")
    await page.until(lambda it: len(cards(it)) == number)


async def press(page: Page, number: int = 1) -> Json:
    """Let Alice acknowledge."""
    return await page.post("slack/click", user=ALICE, channel=CHANNEL, card=number, label="Acknowledge")


@pytest.mark.parametrize("switch", ["pagerduty_down", "pagerduty_lost", "store_stopped"])
async def test_a_switch_is_judged_once_it_is_off(page: Page, switch: str) -> None:
    """While it is on nothing is claimed; afterwards the press took effect once, in its person's name, with one line."""
    await open_incident(page)
    await page.post("breaks", id=switch, on=True)
    await press(page)
    state = await page.until(lambda it: "1 press" in entry(it, switch)["verdict"]["text"])
    assert (True, "waiting") == (entry(state, switch)["on"], verdict(state, switch))

    await page.post("breaks", id=switch, on=False)

    state = await page.until(lambda it: verdict(it, switch) != "waiting")
    assert (
        "1 press, 1 write in the presser's name, 1 line. 1 card equal to PagerDuty."
        == (entry(state, switch)["verdict"]["text"])
    )
    assert "held" == verdict(state, switch)
    assert not entry(state, switch)["on"]


async def test_what_passes_by_itself(page: Page) -> None:
    """A forged webhook is refused, a killed worker comes back, an emptied store finds its cards again."""
    await open_incident(page)
    for number, once in enumerate(("deliveries_forged", "worker_killed", "store_emptied"), 1):
        await page.post("breaks", id=once, on=True)
        state = await page.until(partial(held, break_id=once))
        assert not entry(state, once)["on"]
        await press(page, number)
        await page.until(lambda it: all(card["text"].startswith("Acknowledged") for card in cards(it)))
        await open_incident(page, number + 1)
    assert "1 refused with 401" in entry(state, "deliveries_forged")["verdict"]["text"]
    assert {"running"} == set(state["processes"].values())
    assert "broken" not in {each["state"] for each in state["invariants"]}


async def test_a_process_that_ends_is_started_again(page: Page) -> None:
    """As a supervisor would do it: whatever a break did to it, the play goes on."""
    await page.playground.bridge.receiver.child.kill()
    await page.until(lambda it: it["processes"]["receiver"] == "stopped")
    await page.until(lambda it: it["processes"]["receiver"] == "running")
    await open_incident(page)


async def test_webhooks_go_wrong_together(page: Page) -> None:
    """Several mishaps share the webhooks, and everything is told once all the same."""
    for mishap in ("deliveries_doubled", "deliveries_reordered"):
        await page.post("breaks", id=mishap, on=True)
    await open_incident(page)
    await press(page)
    await page.until(lambda it: it["counters"]["writes"] == 1)
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=1, action="note", text="Looking")
    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=1, action="resolve")
    for mishap in ("deliveries_doubled", "deliveries_reordered"):
        await page.post("breaks", id=mishap, on=False)

    both = ("deliveries_doubled", "deliveries_reordered")
    state = await page.until(lambda it: ["held", "held"] == [verdict(it, each) for each in both])

    assert cards(state)[0]["text"].startswith("Resolved")
    await page.until(lambda it: len(cards(it)[0]["replies"]) == 4)


async def test_every_break_says_what_ought_to_happen(page: Page) -> None:
    """Each has a name of its own and a sentence; what there is not is refused in words."""
    state = await page.state()
    assert len({each.label for each in BREAKS}) == len(BREAKS) >= len(state["breaks"])
    assert all(each["expect"].endswith(".") and each["verdict"] is None for each in state["breaks"])
    assert (400, {"error": "There is nothing to break that is called none."}) == (
        await page.try_post("breaks", id="none", on=True)
    )


async def test_a_broken_promise_is_seen(page: Page) -> None:
    """What a bridge must not do is noticed: a write that nobody asked for, a second card, a state that never was."""
    await open_incident(page)
    state = await page.until(lambda it: finding(it, "equal") == "held")
    assert ["held", "held", "idle"] == [finding(state, each) for each in ("card", "true", "name")]
    pagerduty, slack = page.playground.pagerduty, page.playground.slack
    (incident,) = pagerduty.incidents
    channel = slack.channels[CHANNEL]
    (card,) = channel.messages
    slack.post(channel, slack.users[slack.bot_user_id], text="again", blocks=card.blocks, metadata=card.metadata)
    resolved = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Resolved*"}}]
    slack.edit(card, text="Resolved", blocks=resolved)
    # Judged at once, before the bridge can repair it.
    findings = judge(Facts(page.playground))
    assert ("broken", "broken") == (findings["card"].state, findings["true"].state)

    url, headers = f"{pagerduty.url}/incidents/{incident.id}", {"Authorization": f"Token token={pagerduty.token}"}
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    async with page.session.put(url, json=body, headers=headers | {"From": "bob@acme.example"}) as answer:
        assert 200 == answer.status
    state = await page.until(lambda it: finding(it, "name") == "broken")
    detail = next(each["detail"] for each in state["invariants"] if each["id"] == "name")
    assert "in the name of bob@acme.example, who pressed nothing" in detail
