"""The card of an incident: every state, what each fact adds, every notice of a click, and a hidden one."""

from dataclasses import replace

import pytest

from shared.model import event_types as of
from shared.model.actions import SPECS, Action
from shared.model.card_content import NOTHING_MORE, CardContent, CardField, CardLink
from shared.model.command import Attempt, AttemptState, Command, SlackActor
from shared.model.enrichment import Enrichment, FirstAlert, Link, PendingActions
from shared.model.event import Agent, Change, Event, Field, Instant, Ref, Source, StatusChange
from shared.model.event_types import Status
from shared.model.ids import ChannelId, CommandId, EventId, SlackUserId, UserId
from shared.model.incident import Incident, fold
from shared.model.outcome import Kind, Outcome
from shared.slack.render import buttons, card
from shared.slack.render.buttons import retry_button
from shared.slack.render.card import CardPlacement, render_withheld
from shared.slack.render.direct_summary import render_summary
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot, webhook
from tests.words import slack_text
from tests.words.page import Page

ROBOT = Agent("PINT001", "", "inbound_integration_reference")
MENTIONS = {UserId(ALICE.id): SlackUserId("U0ALICE")}
LATER = NOON + 1_800_000
HERE, HERE_ID = CardPlacement(), ChannelId("C0INCIDENTS")
ACTOR = SlackActor(SlackUserId("U0ALICE"), "T0ACME")


def folded(*events: Event) -> Incident:
    """Make an incident to which `events` happened."""
    incident = Incident(INCIDENT)
    for event in events:
        incident = fold(incident, event, NOON).incident
    return incident


def changed(event_type: str, status: Status, by: Agent | None, *assignees: Agent, **said: str) -> Event:
    """Make an event that left the incident in `status` with `assignees`."""
    event = webhook(event_type, NOON + 60_000, by)
    return replace(event, snapshot=snapshot(status, "Checkout is slow", *assignees), details=tuple(said.items()))


TRIGGERED = folded(
    replace(webhook(of.TRIGGERED, NOON, None), snapshot=snapshot(Status.TRIGGERED, "Checkout is slow", ALICE))
)
ACKNOWLEDGED = folded(changed(of.ACKNOWLEDGED, Status.ACKNOWLEDGED, BOB, ALICE, BOB))
RESOLVED = folded(changed(of.RESOLVED, Status.RESOLVED, BOB))
SNOOZED = fold(
    ACKNOWLEDGED,
    Event(
        EventId("s"), of.SNOOZED, INCIDENT, Source.LOG, Instant(NOON + 90_000), ALICE, details=(("until", str(LATER)),)
    ),
    NOON,
).incident
MERGED = folded(
    changed(of.RESOLVED, Status.RESOLVED, BOB, merged="#12", merged_url="https://acme.pagerduty.com/incidents/Q2")
)


def known(incident: Incident, **facts: object) -> Incident:
    """Change facts of the incident's snapshot."""
    assert incident.snapshot is not None
    return replace(incident, snapshot=replace(incident.snapshot, **facts))  # type: ignore[arg-type]


def read(incident: Incident, alert: FirstAlert | None = None, ahead: PendingActions | None = None) -> Incident:
    """Add what only a read of PagerDuty shows."""
    return replace(incident, enrichment=Enrichment(alert, ahead))


ALERT = FirstAlert("p99 of /pay is 8.2 s", "checkout-db-1", (Link("https://grafana.example.com/d/1", "Dashboard"),))
REPORTED = replace(ALERT, client=Link("https://alertmanager.example.com/#/alerts", "Alertmanager"))
ROUTED = "The same, on a route that chooses fields and images of it, and links"
FIELDS = (("details.region", "eu-1"), ("details.pod.node", "checkout-7"))
LINKS = (CardLink("Runbook", "https://runbooks.example.com/{service}"), CardLink("Logs", "https://logs.example.com/"))
IMAGES = (Link("https://grafana.example.com/1.png", "Latency"), Link("https://grafana.example.com/2.png", ""))
CHOSEN = CardContent((CardField("details.region", "region"), CardField("details.pod.node", "Node")), LINKS, images=True)
TO_MANY = PendingActions(Instant(NOON), LATER, tuple(Ref(f"P{number}", f"Person {number}") for number in range(7)))
CASES: tuple[tuple[str, Incident, CardPlacement], ...] = (
    ("Triggered", TRIGGERED, HERE),
    (
        "Triggered, and PagerDuty will escalate it",
        read(TRIGGERED, None, PendingActions(Instant(NOON), LATER, (Ref("P", "Bob Ray"),))),
        HERE,
    ),
    ("The same, to many", read(TRIGGERED, None, TO_MANY), HERE),
    ("Triggered, with what monitoring reported", read(TRIGGERED, ALERT), HERE),
    ("The same, from a tool that names itself", read(TRIGGERED, REPORTED), HERE),
    (ROUTED, read(TRIGGERED, replace(ALERT, fields=FIELDS, images=IMAGES)), HERE),
    ("Acknowledged", ACKNOWLEDGED, HERE),
    (
        "Acknowledged, and that will time out",
        read(ACKNOWLEDGED, None, PendingActions(Instant(NOON + 60_000), ends_ms=LATER)),
        HERE,
    ),
    (
        "Acknowledged, and known only from a read",
        replace(ACKNOWLEDGED, lines=(), status_change=StatusChange(BOB, Instant(NOON))),
        HERE,
    ),
    ("Snoozed", SNOOZED, HERE),
    ("The acknowledgement timed out", folded(changed(of.UNACKNOWLEDGED, Status.TRIGGERED, None, ALICE)), HERE),
    ("A person took the acknowledgement back", folded(changed(of.UNACKNOWLEDGED, Status.TRIGGERED, BOB, ALICE)), HERE),
    (
        "Acknowledged by an integration without a name",
        folded(changed(of.ACKNOWLEDGED, Status.ACKNOWLEDGED, ROBOT)),
        HERE,
    ),
    ("Reopened", folded(changed(of.REOPENED, Status.TRIGGERED, BOB, ALICE)), HERE),
    ("Resolved", RESOLVED, HERE),
    ("Merged into another incident", MERGED, HERE),
    (
        "Low urgency, and little is known",
        known(TRIGGERED, urgency="low", priority=None, service=None, assignees=(), created_ms=None),
        HERE,
    ),
    ("Resolved, and it is unknown when it was opened", known(RESOLVED, created_ms=None), HERE),
    ("The same, and nothing else is known", known(replace(RESOLVED, lines=()), created_ms=None), HERE),
    (
        "Assigned to very many",
        known(TRIGGERED, assignees=tuple(Ref(f"P{n}", f"A person with the long name {n}") for n in range(150))),
        HERE,
    ),
    ("The incident has a channel", TRIGGERED, CardPlacement(own=ChannelId("C0OWN"))),
    ("A card in a second channel", TRIGGERED, CardPlacement(home=ChannelId("C0CHECKOUT"))),
    (
        "A card in place of a channel that can't be posted to",
        TRIGGERED,
        CardPlacement(displaced=ChannelId("C0CHECKOUT"), closed=True),
    ),
    ("The same once that channel is open again", TRIGGERED, CardPlacement(displaced=ChannelId("C0CHECKOUT"))),
)

WITH_BUTTONS = {ROUTED, "Triggered", "Acknowledged", "Resolved", "Low urgency, and little is known"}
"""The cases that show the buttons too; the others have those of their state."""


def test_every_card_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Cards by state and by what is known, each with the sentence for notifications; then the notice of each action."""
    page = Page(
        "cards",
        "Cards",
        "What a channel sees of an incident. The last line of each is what notifications and screen readers say.",
    )
    page.chapter("By state, and by what is known")
    for situation, incident, places in CASES:
        content = CHOSEN if situation == ROUTED else NOTHING_MORE
        page.case(situation, *_shown(incident, places, content, with_buttons=situation in WITH_BUTTONS))
    page.chapter(
        "Notices of clicks", "One paragraph on the card for a click that PagerDuty has not confirmed, or that failed."
    )
    for action in Action:
        page.case(
            SPECS[action].label,
            *(slack_text.seen(card.attempt_notice(_attempt(action, state))) for state in AttemptState),
        )
    page.chapter("On the card")
    page.case(
        "A click is on its way",
        *_shown(replace(TRIGGERED, attempts=(_attempt(Action.ACKNOWLEDGE, AttemptState.TRYING),)), HERE),
    )
    page.case("It changed a few minutes ago, where old values are shown", *_changed_just_now())
    page.case(
        "The incident belongs to a private team now", slack_text.blocks(render_withheld(INCIDENT, snapshot()).blocks)
    )
    nameless = replace(snapshot(), number=None)
    page.case("The same without a number", slack_text.blocks(render_withheld(INCIDENT, nameless).blocks))
    page.chapter("One direct message for many incidents")
    many = [(INCIDENT, replace(snapshot(), number=number)) for number in range(1, 13)]
    for situation, waiting in (("One more", many[:1]), ("Many", many), ("None any more", [])):
        page.case(situation, slack_text.blocks(render_summary("summary:D0ALICE:0", waiting, "/pd").blocks))
    page.chapter("What screen readers say of the buttons")
    page.case("On a card", ", ".join(slack_text.spoken(buttons.actions(INCIDENT, snapshot())["elements"])))
    (row,) = buttons.links(INCIDENT, snapshot(), LINKS)
    page.case("On links that are chosen", ", ".join(slack_text.spoken(row["elements"])))
    retry = retry_button(
        Command(CommandId("c"), Action.NOTE, INCIDENT, ACTOR, HERE_ID, None, "", "#37"), Outcome(Kind.EXPIRED)
    )
    page.case("Below a private reply", ", ".join(slack_text.spoken([retry])))
    page.check(pytestconfig)


def _attempt(action: Action, state: AttemptState) -> Attempt:
    return Attempt(CommandId("c1"), action, SlackUserId("U0BOB"), state, NOON)


def _changed_just_now() -> tuple[str, str]:
    old = {Field.TITLE: "Something is slow", Field.URGENCY: "low", Field.PRIORITY: "P2", Field.ASSIGNEES: "Bob Ray"}
    changes = tuple(Change(each, value, NOON) for each, value in old.items())
    assert TRIGGERED.snapshot is not None
    message = card.render(TRIGGERED, TRIGGERED.snapshot, MENTIONS, changes=changes)
    blocks = [block for block in message.blocks if block["type"] != "actions"]
    return slack_text.blocks(blocks), slack_text.seen(message.text)


def _shown(
    incident: Incident, places: CardPlacement, content: CardContent = NOTHING_MORE, *, with_buttons: bool = False
) -> tuple[str, str]:
    assert incident.snapshot is not None
    message = card.render(incident, incident.snapshot, MENTIONS, places, content=content)
    blocks = [block for block in message.blocks if with_buttons or block["type"] != "actions"]
    return slack_text.blocks(blocks), slack_text.seen(message.text)
