"""
What the picture of the README shows: one night's incident, rendered by the product from events.

Monitoring opens it, Alice acknowledges and notes what she found in Slack, and Bob escalates it to Carol in PagerDuty.
The card is shown with its thread, and what Alice alone read: she pressed Escalate on a card that was a moment too old.
"""

from dataclasses import replace
from datetime import UTC, datetime

from bolt_app.replies.outcome_text import outcome_reply
from bolt_app.write_path.actions.registry import HANDLERS
from pagebridge_sandbox.demo.markup import Reader
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, Expectation, SlackActor
from shared.model.enrichment import Enrichment, FirstAlert, Link, PendingActions
from shared.model.event import Agent, Event, Instant, Source
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, ESCALATED, TRIGGERED, Status
from shared.model.ids import ChannelId, CommandId, EventId, SlackUserId, UserId
from shared.model.incident import Incident, fold
from shared.model.thread_layout import is_wanted, layout_thread
from shared.pagerduty.models.incident import RestIncident
from shared.slack.render import card, thread_line
from shared.slack.render.blocks import Message, section
from tests.builders import ALICE, BOB, INCIDENT, snapshot
from tests.pictures.drawing import Drawing, Shown

MINUTE = 60_000
NIGHT = int(datetime(2026, 3, 14, 3, 2, tzinfo=UTC).timestamp()) * 1000
MONITORING = Agent("PMON001", "Prometheus", "inbound_integration_reference")
CAROL = Agent("PCAROL1", "Carol Diaz", "user_reference")
TITLE = "Checkout latency over 2 s"
NOTE = "Connection pool of checkout-db is exhausted. Failing over now."
URL = "https://acme.pagerduty.com/incidents/Q1INCIDENT"
NAMES = {"U0CAROL": CAROL.name}


def draw(palette: str) -> str:
    """Draw the picture as SVG."""
    incident = told()
    assert incident.snapshot is not None
    shown = card.render(incident, incident.snapshot, {UserId(CAROL.id): SlackUserId("U0CAROL")})
    entries = [entry for entry in layout_thread(incident.lines) if is_wanted(entry.line, "changes")]
    lines = [Shown(entry.line.at.ms, thread_line.render_line(INCIDENT, entry).blocks) for entry in entries]
    drawing = Drawing(palette, Reader(NAMES.__getitem__, UTC, NIGHT / 1000))
    drawing.channel("incidents")
    drawing.card(Shown(NIGHT, shown.blocks), lines)
    drawing.private(Shown(lines[-1].at_ms, private_blocks(incident)))
    return drawing.svg(alternative(shown))


def alternative(shown: Message) -> str:
    """Describe the picture for those who do not see it."""
    said = shown.text.replace("*", "")
    return f"A Slack channel with a card of pagebridge: {said} Its thread says who did what, and where."


def told() -> Incident:
    """Fold what happened."""
    incident = Incident(INCIDENT)
    for minute, (kind, agent, details) in {
        0: (TRIGGERED, MONITORING, ()),
        1: (ACKNOWLEDGED, ALICE, ()),
        6: (ANNOTATED, ALICE, (("text", NOTE),)),
        9: (ESCALATED, BOB, (("assigned", CAROL.name),)),
    }.items():
        at = NIGHT + minute * MINUTE + 5000
        if agent is ALICE:
            expected = Expectation(CommandId(f"c{minute}"), kind, UserId(agent.id), None, at, at, at)
            incident = replace(incident, expectations=(*incident.expectations, expected))
        incident = fold(incident, event(kind, at, agent, details), at).incident
    until = PendingActions(Instant(NIGHT + 10 * MINUTE))
    links = (Link("https://runbooks.example.com/checkout", "Runbook"), Link("https://grafana.example.com/d/1", "p99"))
    return replace(incident, enrichment=Enrichment(FirstAlert(source="prometheus-eu-1", links=links), until))


def event(kind: str, at_ms: int, agent: Agent, details: tuple[tuple[str, str], ...]) -> Event:
    """Make the event that a webhook reports. Escalating leaves the status alone (see `docs/simulators.md`)."""
    status = Status.TRIGGERED if kind == TRIGGERED else Status.ACKNOWLEDGED
    assignee = CAROL if kind == ESCALATED else ALICE
    seen = replace(snapshot(status, TITLE, assignee), number=4711, created_ms=NIGHT)
    return Event(
        EventId(f"{kind}:{at_ms}"), kind, INCIDENT, Source.WEBHOOK, Instant(at_ms), agent, seen, details=details
    )


def private_blocks(after: Incident) -> list[dict[str, object]]:
    """Make what Alice alone reads after she pressed Escalate on a card that still showed her as the assignee."""
    assert after.snapshot is not None
    actor = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
    seen = ActionParams(level=2, expected_assignees=frozenset({UserId(ALICE.id)}))
    command = Command(
        CommandId("c9"), Action.ESCALATE, INCIDENT, actor, ChannelId("C0"), None, "", "#4711", URL, params=seen
    )
    now = RestIncident(
        id=INCIDENT,
        snapshot=after.snapshot,
        updated=None,
        status_change=None,
        acknowledgements=(),
        assigned_via="escalation_policy",
    )
    outcome = HANDLERS[Action.ESCALATE].precondition(command, now, after)
    assert outcome is not None
    return [section(outcome_reply(command, outcome, URL).text)]
