"""Details behind a card: all that PagerDuty has of an incident, for whoever sees the card, or plainly why not."""

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.store.redis import connect
from tests.stories.harness import Bridge, settled
from tests.stories.test_what_is_broken import REPORT
from tests.stories.typed_commands import answered, typed_dialog


async def test_everything_that_pagerduty_has(bridge: Bridge) -> None:
    """Alerts with links and the first lines of their details, notes, log; for Carol of another team as well."""
    incident = bridge.pagerduty.trigger(bridge.acme.service, "Checkout latency over 2s", alert=REPORT)
    await bridge.card("Triggered")
    bridge.pagerduty.web("PBOB1").add_note(incident.id, "Rolled back to 41,\nwatching")
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)
    await bridge.card("Acknowledged")

    modal = await bridge.dialog("Carol", "Details")

    assert "Details #1" == modal.title
    for words in ("1 alert (1 active)", "prometheus-eu-1", "Runbook (runbooks.example.com)", "One too many"):
        assert words in modal.plain
    for words in ("p99: 2.3 s", "note: first line", "second line", "Bob Ng", "watching", "Acknowledged by Alice Ng"):
        assert words in modal.plain
    assert [] == bridge.writes()
    assert [] == bridge.private("Carol")


TOOL = {"name": "Alertmanager", "url": "https://alertmanager.example.com/#/alerts"}


async def test_the_monitoring_tool_is_named_and_linked(bridge: Bridge) -> None:
    """The card, Details and `/pd show` name what reported it, with its page."""
    bridge.pagerduty.trigger(bridge.acme.service, "Checkout latency over 2s", client=TOOL)

    card = await bridge.card("reported by Alertmanager")
    modal = await bridge.dialog("Alice", "Details")

    assert "<https://alertmanager.example.com/#/alerts|Alertmanager>" in str(card.blocks)
    assert "reported by Alertmanager (alertmanager.example.com)" in modal.plain
    await answered(bridge, "Alice", "/pd show 1", "reported by Alertmanager")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "slack://open", "", "https://" + "x" * 600])
async def test_a_page_that_must_not_be_followed_is_no_link(bridge: Bridge, url: str) -> None:
    """Monitoring names a page that is none: the tool is named and nothing is linked."""
    bridge.pagerduty.trigger(bridge.acme.service, "Checkout latency over 2s", client={"name": "Tool", "url": url})

    card = await bridge.card("reported by Tool")

    assert "|Tool>" not in str(card.blocks)
    assert not url or f"<{url[:20]}" not in str(card.blocks)


async def test_the_tool_of_an_incident_without_an_alert(bridge: Bridge) -> None:
    """Its alerts cannot be read: the card names the tool that the webhook named."""
    bridge.pagerduty.add_fault(Fault("GET", "/incidents/*/alerts", status=403))
    bridge.pagerduty.trigger(bridge.acme.service, "Checkout latency over 2s", client=TOOL)

    assert "alertmanager.example.com" in (await bridge.card("reported by Alertmanager")).plain


async def test_what_a_person_wrote_into_a_new_incident_is_shown(bridge: Bridge) -> None:
    """Alice opens one from Slack with details: Details and `/pd show` have them, for whoever handles it."""
    modal = await typed_dialog(bridge, "Alice", "/pd trigger Checkout is down")
    modal.choose("Service", "checkout-api")
    modal.fill("Details", "Since the release of 12:00.\nOnly in Europe.")
    await modal.submit()
    await bridge.card("Checkout is down")

    modal = await bridge.dialog("Bob", "Details")

    assert "Since the release of 12:00." in modal.plain
    assert "Only in Europe." in modal.plain
    await answered(bridge, "Bob", "/pd show 1", "Since the release of 12:00. Only in Europe.")


async def test_a_part_that_cannot_be_read_is_named(bridge: Bridge) -> None:
    """The rest is shown."""
    bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    bridge.pagerduty.add_fault(Fault("GET", "/incidents/*/notes", status=503))

    modal = await bridge.dialog("Alice", "Details")

    assert "The notes couldn't be read" in modal.plain
    assert "Checkout latency over 2s" in modal.plain


async def test_a_pagerduty_that_is_down(bridge: Bridge) -> None:
    """The dialog says so, and what to do, with a reference to quote."""
    bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    bridge.pagerduty.stop_answering()

    modal = await bridge.dialog("Alice", "Details")

    assert "Couldn't look that up" in modal.plain
    assert "Try again in a moment" in modal.plain
    assert "reference" in modal.plain


async def test_a_dialog_that_slack_does_not_open(bridge: Bridge) -> None:
    """Whoever pressed hears it."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(SlackFault("views.open", error="expired_trigger_id", times=1))

    await bridge.click("Alice", "Details")

    await bridge.told("Alice", "The dialog did not open")


@pytest.mark.parametrize(("name", "sees"), [("Alice", True), ("Carol", False)])
async def test_a_private_teams_incident_after_its_card_is_not_known_any_more(
    bridge: Bridge,
    name: str,
    sees: bool,  # noqa: FBT001 -- of the table
) -> None:
    """Where the bridge cannot tell that the channel shows it, PagerDuty's own rules say who may see it."""
    pagerduty = bridge.pagerduty
    secret = pagerduty.add_team("Secret", private=True)
    pagerduty.add_member(secret.id, "PALICE1", "responder")
    policy = pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
    service = pagerduty.add_service("vault", policy.id, teams=[secret])
    bridge.route(service="vault", channel="C0INCIDENTS")
    pagerduty.trigger(service.id, "Vault is sealed")
    await bridge.card("Triggered")
    await settled(bridge)
    redis = connect(bridge.valkey.url)
    await redis.delete(*[key async for key in redis.scan_iter("pb:*:slack")])
    await redis.aclose()

    modal = await bridge.dialog(name, "Details")

    assert sees is ("Vault is sealed" in modal.plain)
    assert sees is not ("I can't find incident #1" in modal.plain)
