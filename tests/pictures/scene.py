"""
What the picture of the README shows: one night's incident, rendered by the product from events.

Monitoring opens it, Alice acknowledges, notes what she found and escalates to Bob, all from Slack. Bob's card is shown,
with the thread below it and what Alice alone read last.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bolt_app.replies.outcome_text import outcome_reply
from bolt_app.write_path.actions.base import ActionContext, ActionResult
from bolt_app.write_path.actions.escalate import Escalate
from pagebridge_sandbox.demo.markup import Reader
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, SlackActor
from shared.model.enrichment import Enrichment, FirstAlert, Link, PendingActions
from shared.model.event import ACKNOWLEDGED, ANNOTATED, ESCALATED, TRIGGERED, Agent, Event, Instant, Ref, Source, Status
from shared.model.expectation import Expectation
from shared.model.ids import ChannelId, CommandId, EventId, SlackUserId, UserId
from shared.model.incident import Incident, fold
from shared.model.thread_layout import layout_thread
from shared.pagerduty.models.account import User
from shared.pagerduty.models.incident import RestIncident
from shared.slack.render import card, thread_line
from shared.slack.render.blocks import Message, section
from tests.builders import ALICE, BOB, INCIDENT, snapshot
from tests.pictures.drawing import Drawing, Shown

FOLDER = Path(__file__).parents[2] / "docs/pictures"
MINUTE = 60_000
NIGHT = int(datetime(2026, 3, 14, 3, 2, tzinfo=UTC).timestamp()) * 1000
MONITORING = Agent("PMON001", "Prometheus", "inbound_integration_reference")
CAROL = Ref("PCAROL1", "Carol Diaz")
TITLE = "Checkout latency over 2 s"
NOTE = "Connection pool of checkout-db is exhausted. Failing over now."
URL = "https://acme.pagerduty.com/incidents/Q1INCIDENT"
NAMES = {"U0ALICE": "Alice Ng", "U0BOB": "Bob Ray"}


def draw(palette: str) -> str:
    """Draw the picture as SVG."""
    incident = told()
    assert incident.snapshot is not None
    shown = card.render(incident, incident.snapshot, {UserId(BOB.id): SlackUserId("U0BOB")})
    entries = layout_thread(incident.lines)
    lines = [Shown(entry.line.at.ms, thread_line.render_line(INCIDENT, entry).blocks) for entry in entries]
    drawing = Drawing(palette, Reader(NAMES.__getitem__, UTC, NIGHT / 1000))
    drawing.channel("incidents")
    drawing.card(Shown(NIGHT, shown.blocks), lines)
    drawing.private(Shown(lines[-1].at_ms, private_blocks(incident)))
    return drawing.svg(alternative(shown))


def alternative(shown: Message) -> str:
    """Describe the picture for those who do not see it."""
    return f"A Slack channel with a card of pagebridge: {shown.text} Its thread says who did what, and where."


def told() -> Incident:
    """Fold what happened."""
    incident = Incident(INCIDENT)
    for minute, (kind, agent, details) in {
        0: (TRIGGERED, MONITORING, ()),
        1: (ACKNOWLEDGED, ALICE, ()),
        6: (ANNOTATED, ALICE, (("text", NOTE),)),
        9: (ESCALATED, ALICE, (("assigned", BOB.name),)),
    }.items():
        at = NIGHT + minute * MINUTE + 5000
        if agent is ALICE:
            expected = Expectation(CommandId(f"c{minute}"), kind, UserId(agent.id), None, at, at, at)
            incident = replace(incident, expectations=(*incident.expectations, expected))
        incident = fold(incident, event(kind, at, agent, details), at).incident
    until = PendingActions(Instant(NIGHT + 10 * MINUTE), escalates_ms=NIGHT + 39 * MINUTE, assignees=(CAROL,))
    links = (Link("https://runbooks.example.com/checkout", "Runbook"), Link("https://grafana.example.com/d/1", "p99"))
    return replace(incident, enrichment=Enrichment(FirstAlert(source="prometheus-eu-1", links=links), until))


def event(kind: str, at_ms: int, agent: Agent, details: tuple[tuple[str, str], ...]) -> Event:
    """Make the event that a webhook reports."""
    status = Status.ACKNOWLEDGED if kind in (ACKNOWLEDGED, ANNOTATED) else Status.TRIGGERED
    assignee = BOB if kind == ESCALATED else ALICE
    seen = replace(snapshot(status, TITLE, assignee), number=4711, created_ms=NIGHT)
    return Event(
        EventId(f"{kind}:{at_ms}"), kind, INCIDENT, Source.WEBHOOK, Instant(at_ms), agent, seen, details=details
    )


def private_blocks(after: Incident) -> list[dict[str, object]]:
    """Make what Alice alone reads after her escalation."""
    assert after.snapshot is not None
    actor = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
    terms = ActionParams(level=2)
    command = Command(
        CommandId("c9"), Action.ESCALATE, INCIDENT, actor, ChannelId("C0"), None, "", "#4711", URL, params=terms
    )
    alice = User(UserId(ALICE.id), ALICE.name, "alice@example.com", "limited_user", kind="user")
    now = RestIncident(
        id=INCIDENT,
        snapshot=after.snapshot,
        updated=None,
        status_change=None,
        responders=frozenset(),
        acknowledgements=(),
        assigned_via="escalation_policy",
    )
    before = replace(now, snapshot=replace(after.snapshot, assignees=(Ref(ALICE.id, ALICE.name),)))
    context = ActionContext(command, alice, before, Instant(NIGHT), after)
    outcome = Escalate().outcome(context, ActionResult(incident=now))
    return [section(outcome_reply(command, outcome, URL).text)]
