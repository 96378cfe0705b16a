"""The lines of an incident's thread: every type of event, by a person and by PagerDuty, and all that can be said."""

from dataclasses import replace

import pytest

from shared.model import event_types as of
from shared.model.command import BY_RULE
from shared.model.event import Agent, Details, Instant, Source
from shared.model.event_types import ANNOUNCED_TYPES
from shared.model.ids import CommandId, EventId, LineKey
from shared.model.thread_layout import BEFORE_WAKE, SUMMED, ThreadEntry
from shared.model.timeline import Line
from shared.slack.render.channel_wording import STEPS, WHY, bookmark, purpose, topic, withheld_topic
from shared.slack.render.thread_line import render_line
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot
from tests.words import slack_text
from tests.words.page import Page

MONITORING = Agent("PINT001", "Datadog", "inbound_integration_reference")
LATER = str(NOON + 3_600_000)
MERGED = "https://acme.pagerduty.com/incidents/Q2TARGET"


def line(
    event_type: str, agent: Agent | None = ALICE, *, slack: bool = False, source: Source = Source.WEBHOOK, **said: str
) -> Line:
    """Make a line, which tells of something done in PagerDuty unless it was in Slack."""
    command = CommandId("c1") if slack else None
    slots = ((source, EventId("01")),)
    return Line(LineKey(event_type), event_type, Instant(NOON), agent, slots, command, details=tuple(said.items()))


def fields(event_type: str, said: Details) -> Line:
    """Make a line about fields, whose names are no Python names."""
    return Line(LineKey("f"), event_type, Instant(NOON), ALICE, ((Source.WEBHOOK, EventId("01")),), details=said)


def failed_step(step: str, code: str) -> Line:
    """Make the line that tells of a step about the incident's channel that failed."""
    said = {"channel": "C0OWN", "who": "Bob Ray", "reference": "4F3K7QXA"}
    return replace(line(of.CHANNEL_FAILED, None), details=(("step", step), ("code", code), *said.items()))


def summed(said: str, over: str) -> Line:
    """Make the line that counts changes."""
    return replace(line(SUMMED, None, said=said, over=over, since=str(NOON - 600_000), link=MERGED), slots=())


CASES: tuple[tuple[str, Line, tuple[Line, ...], Details], ...] = (
    ("Monitoring opened it", line(of.TRIGGERED, MONITORING), (), ()),
    ("Monitoring opened it, and only its client is known", line(of.TRIGGERED, None, client="Chronosphere"), (), ()),
    ("The same, without a name that can be read", line(of.TRIGGERED, None, client=" "), (), ()),
    ("A person opened it in Slack", line(of.TRIGGERED, slack=True), (), ()),
    ("A person acknowledged it in Slack", line(of.ACKNOWLEDGED, slack=True), (), ()),
    ("The same, and so it was assigned to them", line(of.ACKNOWLEDGED), (line(of.REASSIGNED),), ()),
    ("An integration without a name acknowledged it", line(of.ACKNOWLEDGED, Agent("P1", "", "x_reference")), (), ()),
    ("A person without a name acknowledged it", line(of.ACKNOWLEDGED, Agent("P1", "")), (), ()),
    ("PagerDuty's time-out ended the acknowledgement", line(of.UNACKNOWLEDGED, None), (), ()),
    ("The same, with its assignee", line(of.UNACKNOWLEDGED, None, assigned="Bob Ray"), (), ()),
    ("A snooze ended", line(of.UNACKNOWLEDGED, None, assigned="Bob Ray"), (), (BEFORE_WAKE,)),
    ("It was resolved with a note", line(of.RESOLVED, resolution="Restarted the pool"), (), ()),
    ("It was merged", line(of.RESOLVED, merged="#12", merged_url=MERGED), (), ()),
    ("It was merged, as webhooks tell it", line(of.RESOLVED, merged="", merged_url=MERGED), (), ()),
    ("It was escalated by hand", line(of.ESCALATED, slack=True, assigned="Bob Ray"), (), ()),
    ("It was escalated by PagerDuty", line(of.ESCALATED, None, assigned="Bob Ray"), (), ()),
    ("It was reassigned", line(of.REASSIGNED, assigned="Bob Ray"), (), (("assigned", "Alice Ng"),)),
    ("It was assigned to no one", line(of.REASSIGNED, assigned=""), (), (("assigned", "Alice Ng"),)),
    (
        "It moved to another policy",
        line(of.DELEGATED, policy="Database", assigned="Bob Ray"),
        (),
        (("policy", "Checkout"),),
    ),
    ("Its priority changed", line(of.PRIORITY_UPDATED, priority="P1"), (), (("priority", "P3"),)),
    ("Its priority was taken away", line(of.PRIORITY_UPDATED, priority=""), (), (("priority", "P3"),)),
    ("Its service changed", line(of.SERVICE_UPDATED, service="search"), (), (("service", "checkout-api"),)),
    ("Its type changed", line(of.INCIDENT_TYPE_CHANGED, type="major"), (), ()),
    ("A note", line(of.ANNOTATED, text="Looking at it.\nThe pool is full."), (), ()),
    ("A note that is too long to show", line(of.ANNOTATED, text="The pool is full.", trimmed="yes"), (), ()),
    ("A note was edited", line(of.NOTE_EDITED, None, author="Bob Ray", written=str(NOON), text="New."), (), ()),
    ("A note was deleted", line(of.NOTE_EDITED, None, state="deleted", author="Bob Ray", written=str(NOON)), (), ()),
    ("A person deleted a note", line(of.NOTE_EDITED, state="deleted"), (), ()),
    (
        "A person asked others for help",
        line(of.RESPONDER_ADDED, responder="Bob Ray", message="The disk is full"),
        (line(of.RESPONDER_ADDED, responder="Carol Wu"),),
        (),
    ),
    ("Help was requested, and it is not known by whom", line(of.RESPONDER_ADDED, None, responder="Bob Ray"), (), ()),
    (
        "The same for two people",
        line(of.RESPONDER_ADDED, None, responder="Bob Ray"),
        (line(of.RESPONDER_ADDED, None, responder="Carol Wu"),),
        (),
    ),
    (
        "The same for many people",
        line(of.RESPONDER_ADDED, responder="Person 0"),
        tuple(line(of.RESPONDER_ADDED, responder=f"Person {number}") for number in range(1, 14)),
        (),
    ),
    ("A request was accepted", line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="joined"), (), ()),
    (
        "The same, in words of their own",
        line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="joined", message="On my way"),
        (),
        (),
    ),
    ("A request was declined", line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="declined"), (), ()),
    ("A request was cancelled", line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="user_cancelled"), (), ()),
    ("A request was answered in another way", line(of.RESPONDER_REPLIED, BOB, responder="Bob Ray", state="x"), (), ()),
    ("A status update", line(of.STATUS_UPDATE, slack=True, text="Payments are slow. Next update at noon."), (), ()),
    ("A conference bridge", line(of.CONFERENCE_BRIDGE, number="+1 555 0100", url="https://meet.example"), (), ()),
    (
        "Another conference bridge",
        line(of.CONFERENCE_BRIDGE, url="https://meet.example"),
        (),
        (("number", "+1 555 0100"),),
    ),
    ("No conference bridge any more", line(of.CONFERENCE_BRIDGE), (), (("number", "+1 555 0100"),)),
    (
        "Custom fields changed",
        fields(of.CUSTOM_FIELDS, (("field:Region", "eu"), ("was:Region", "us"), ("field:Customers", ""))),
        (),
        (),
    ),
    ("A role was given", fields(of.ROLE_ASSIGNED, (("field:Commander", "Bob Ray"), ("was:Commander", ""))), (), ()),
    ("A task was created", line(of.TASK_CREATED, task="Call the vendor", to="Bob Ray"), (), ()),
    ("A task changed", line(of.TASK_UPDATED, task="Call the vendor", to="Bob Ray", state="in_progress"), (), ()),
    ("A task was completed", line(of.TASK_COMPLETED, task="Call the vendor", to="Bob Ray"), (), ()),
    ("An automation action started", line(of.ACTION_CREATED, None, action="Restart pod"), (), ()),
    ("An automation action changed", line(of.ACTION_UPDATED, None, action="Restart pod", state="running"), (), ()),
    ("An automation action ended", line(of.ACTION_TERMINATED, None, action="Restart pod", state="error"), (), ()),
    ("A burst of changes goes on", summed("312", "no"), (), ()),
    ("It is over", summed("1317", "yes"), (), ()),
    ("It was one change more than a thread tells one by one", summed("1", "yes"), (), ()),
    ("A workflow started", line(of.WORKFLOW_STARTED, workflow="Major incident"), (), ()),
    ("A workflow completed", line(of.WORKFLOW_COMPLETED, None, workflow="Major incident"), (), ()),
    ("It was snoozed", line(of.SNOOZED, slack=True, until=LATER), (), ()),
    ("It was snoozed, and only a read showed it", line(of.SNOOZED, None, source=Source.READ), (), ()),
    ("Its urgency changed", line(of.URGENCY_CHANGED, None, urgency="high"), (), (("urgency", "low"),)),
    ("Its title changed", line(of.TITLE_CHANGED, None, title="Checkout is down"), (), (("title", "Checkout is slow"),)),
)


def test_every_line_of_a_thread_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each type of event by a person and without one, then what else a line can say."""
    page = Page(
        "thread_lines",
        "Lines of an incident's thread",
        "Who did what to whom, where, and what came with it. The incident is #37; Alice, Bob and Carol work on it.",
    )
    page.chapter(
        "Every kind of event", "First by a person in PagerDuty, then without one: no person is known to have done it."
    )
    for event_type in sorted(ANNOUNCED_TYPES):
        page.case(f"`{event_type}`", *(_shown(line(event_type, agent)) for agent in (ALICE, None)))
    page.chapter("What a line can say")
    for situation, shown, sides, before in CASES:
        page.case(situation, _shown(shown, sides, before))
    asked = line(of.REMINDED, None, who="Alice Ng", since=str(NOON))
    confirmed = (line(of.CONFIRMED, slack=True), line(of.CONFIRMED, BOB, slack=True))
    page.case(
        "An acknowledgement may be forgotten: with buttons, and once it is answered",
        slack_text.blocks(render_line(INCIDENT, ThreadEntry(asked), snapshot()).blocks),
        *(
            slack_text.blocks(render_line(INCIDENT, ThreadEntry(asked, sides, late=True), snapshot()).blocks)
            for sides in ((), confirmed[:1], confirmed)
        ),
    )
    page.case("A channel was opened", _shown(line(of.CHANNEL_OPENED, None, channel="C0OWN")))
    page.case("None was, in a storm", _shown(line(of.CHANNEL_FAILED, None, step="bound")))
    for step in STEPS:
        page.case(f"A step failed: {step}", _shown(failed_step(step, "cant_invite")))
    for code in WHY:
        page.case(f"Slack names the cause: {code}", _shown(failed_step("use", code)))
    by_rule = replace(line(of.UNACKNOWLEDGED, slack=True), command=CommandId(f"{BY_RULE}1"))
    page.case("No one answered, and so it is taken back, where that is configured", _shown(by_rule))
    late = ThreadEntry(line(of.UNACKNOWLEDGED, None, assigned="Bob Ray"), late=True)
    page.case(
        "PagerDuty's time-out, reported after the next change", slack_text.blocks(render_line(INCIDENT, late).blocks)
    )
    page.chapter("The channel of an incident")
    now = snapshot()
    page.case("Its topic", topic(now), withheld_topic(now), withheld_topic(replace(now, number=None)))
    page.case("Its description", purpose(INCIDENT, now))
    page.case("Its bookmark", bookmark(now))
    page.check(pytestconfig)


def _shown(line: Line, sides: tuple[Line, ...] = (), before: Details = ()) -> str:
    return slack_text.blocks(render_line(INCIDENT, ThreadEntry(line, sides, before)).blocks)
