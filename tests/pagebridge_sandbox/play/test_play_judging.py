"""A bridge that broke its promises: the page would see it."""

import time

from pagebridge_sandbox.play.facts import Facts
from pagebridge_sandbox.play.invariants import judge
from tests.pagebridge_sandbox.play.conftest import ALICE, CHANNEL, Page, finding, opened


async def test_a_broken_promise_is_seen(page: Page) -> None:
    """What a bridge must not do is noticed: a write that nobody asked for, a second card, a state that never was."""
    await opened(page)
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
    await page.post("breaks", id="slack_5xx", on=True)
    assert "idle" == judge(Facts(page.playground))["card"].state
    await page.post("breaks", id="slack_5xx", on=False)

    url, headers = f"{pagerduty.url}/incidents/{incident.id}", {"Authorization": f"Token token={pagerduty.token}"}
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    async with page.session.put(url, json=body, headers=headers | {"From": "bob@acme.example"}) as answer:
        assert 200 == answer.status
    state = await page.until(lambda it: finding(it, "name") == "broken")
    detail = next(each["detail"] for each in state["invariants"] if each["id"] == "name")
    assert "in the name of bob@acme.example, who pressed nothing" in detail


async def test_a_line_counts_as_lost_only_if_the_store_kept_its_change(page: Page) -> None:
    """A line that is missing is noticed, unless the store was emptied after its write: it was lost with that."""
    number = await opened(page)
    await page.post("slack/click", user=ALICE, channel=CHANNEL, card=number, label="Acknowledge")
    await page.until(lambda it: finding(it, "line") == "held" and not Facts(page.playground).restless)
    (card,) = page.playground.slack.channels[CHANNEL].messages
    (line,) = card.replies
    page.playground.slack.remove(line)

    seen = judge(Facts(page.playground))["line"]
    page.playground.emptied_at = time.time()
    after = judge(Facts(page.playground))["line"]

    assert (True, f"No line says that Alice Ng acknowledged it: #{number}, catching up") == (seen.moving, seen.detail)
    assert ("idle", False) == (after.state, after.moving)
