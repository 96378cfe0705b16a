"""What can be undone: a resolve by reopening, an acknowledgement by taking it back; and what must not be."""

from pagebridge_sandbox.pagerduty import Fault
from tests.stories.harness import Bridge, settled

ALICE = "U0ALICE"


async def typed(bridge: Bridge, line: str) -> None:
    """Let Alice type a command in the channel."""
    assert (await bridge.slack.person(ALICE).type_command(line, "C0INCIDENTS")).acked


async def test_a_resolve_by_mistake_is_undone(bridge: Bridge) -> None:
    """Alice resolves by a command, and reopens by the button on her answer: one line, in her name, paged again."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    before = bridge.modal_ids("Alice")
    await typed(bridge, "/pd resolve 1")
    await (await bridge.new_modal("Alice", before)).submit()
    await bridge.told("Alice", "You resolved incident #1")
    [answer] = bridge.slack.person(ALICE).private_messages
    await (await bridge.dialog("Alice", "Reopen", answer)).submit()

    await bridge.told("Alice", "You reopened incident #1")
    await bridge.card("Triggered")
    lines = await bridge.lines(2)
    assert "Alice Ng reopened it in Slack" in lines[1]
    assert ["PALICE1"] == list(bridge.pagerduty.incident(incident.id).assignees)
    await settled(bridge)
    assert 2 == len(bridge.effects())
    assert 2 == len(bridge.channel.messages[0].replies)


async def test_an_acknowledgement_is_taken_back(bridge: Bridge) -> None:
    """Alice types it: the incident is triggered again, and the thread says who did that."""
    bridge.trigger()
    await bridge.card("Triggered")
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")
    await typed(bridge, "/pd unack 1")

    await bridge.told("Alice", "You unacknowledged incident #1")
    assert "Alice Ng unacknowledged it in Slack" in (await bridge.lines(2))[1]
    await bridge.card("Triggered")


async def test_where_there_is_nothing_to_undo(bridge: Bridge) -> None:
    """Undoing on an untouched incident sends nothing, and no answer says that it was undone."""
    bridge.trigger()
    await bridge.card("Triggered")
    for line, words in (
        ("/pd unack 1", "Incident #1 is not acknowledged. Nothing changed."),
        ("/pd reopen 1", "Incident #1 was already open. Nothing changed."),
    ):
        await typed(bridge, line)
        await bridge.told("Alice", words)

    await settled(bridge)
    assert [] == bridge.writes()


async def test_reopening_undoes_nothing_that_came_later(bridge: Bridge) -> None:
    """Bob has reopened and acknowledged it: Alice, whose card was old, is told so, and he keeps it."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PALICE1").resolve(incident.id)
    await bridge.card("Resolved")
    bridge.pagerduty.web("PBOB1").reopen(incident.id)
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await typed(bridge, "/pd reopen 1")

    told = await bridge.told("Alice", "You can't reopen incident #1")
    assert "Bob Ng acknowledged it" in told
    assert [] == bridge.writes()


async def test_an_incident_is_merged_into_another(bridge: Bridge) -> None:
    """Alice searches for the other; one call, though its answer is lost, and the thread says where it goes on."""
    for title in ("Checkout is slow", "Database is down"):
        bridge.pagerduty.trigger(bridge.acme.service, title)
        await bridge.card(title)
    await settled(bridge)
    before = bridge.modal_ids("Alice")
    await typed(bridge, "/pd merge 1")
    modal = await bridge.new_modal("Alice", before)
    assert ["#2 Database is down"] == await modal.suggest("Merge into which open incident?", "data")
    modal.choose("Merge into which open incident?", "#2 Database is down")
    bridge.pagerduty.add_fault(Fault(method="PUT", path="/incidents/*/merge", drop=True, after_effect=True, times=1))
    await modal.submit()

    await bridge.told("Alice", "You merged incident #1. Incident #2 goes on with its alerts")
    lines = await bridge.lines(1)
    assert "merged into #2" in lines[0]
    assert "Alice Ng resolved it in Slack" in lines[0]
    assert 1 == len(bridge.effects())
