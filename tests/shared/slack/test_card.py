"""The card and the lines: what people read."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pagebridge_sandbox.slack.validation import check_blocks, require_valid_blocks
from shared.model.actions import Action
from shared.model.card_content import LONGEST_ADDRESS, CardContent, CardField, CardLink
from shared.model.command import Attempt, AttemptState
from shared.model.enrichment import Enrichment, FirstAlert, Link, PendingActions
from shared.model.event import LONGEST_OLD, Agent, Change, Event, Field, Instant, Ref, Source
from shared.model.event_types import ACKNOWLEDGED, RESOLVED, SNOOZED, TRIGGERED, UNACKNOWLEDGED, Status
from shared.model.ids import CommandId, EventId, SlackUserId, UserId
from shared.model.incident import Incident, fold
from shared.model.thread_layout import ThreadEntry
from shared.slack.render import card, thread_line
from shared.slack.render.blocks import Message, external_link
from tests.builders import ALICE, BOB, INCIDENT, NOON, expectation, snapshot, webhook


def folded(*events: Event) -> Incident:
    """Fold events one after the other."""
    incident = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))
    for event in events:
        incident = fold(incident, event, NOON).incident
    return incident


def snoozed(at_ms: int) -> Event:
    """Let Alice snooze it until later, in Slack."""
    said = (("until", str(NOON + 600_000)),)
    return Event(EventId(f"s{at_ms}"), SNOOZED, INCIDENT, Source.LOG, Instant(at_ms), ALICE, details=said)


def rendered(incident: Incident, **mentions: str) -> Message:
    """Render the card of an incident."""
    assert incident.snapshot is not None
    known = {UserId(user): SlackUserId(slack_user) for user, slack_user in mentions.items()}
    return card.render(incident, incident.snapshot, known)


def test_the_buttons_follow_what_the_account_can_do() -> None:
    """What PagerDuty would refuse is not offered."""
    incident = folded(webhook(TRIGGERED, NOON))
    assert incident.snapshot is not None

    message = card.render(incident, incident.snapshot, {}, able=frozenset({Action.NOTE}))

    row = next(block for block in message.blocks if block["type"] == "actions")
    assert ["pagebridge:note", "pagebridge:menu"] == [element["action_id"] for element in row["elements"]]


def test_state_comes_first_in_words() -> None:
    """The first thing read is the state, as a word and a symbol; the title links to PagerDuty."""
    headline = rendered(folded(webhook(TRIGGERED, NOON))).blocks[0]["text"]["text"]

    assert headline.startswith(":rotating_light: *Triggered*")
    assert "<https://acme.pagerduty.com/incidents/Q1INCIDENT|#37 Checkout is slow>" in headline


def test_assignees_are_mentioned_where_they_are_known() -> None:
    """Somebody without a Slack account is named."""
    event = replace(webhook(TRIGGERED, NOON), snapshot=snapshot(Status.TRIGGERED, "Slow", ALICE, BOB))

    facts = rendered(folded(event), PALICE1="U0ALICE").blocks[1]["text"]["text"]

    assert "Assigned to <@U0ALICE>, Bob Ray" in facts


INTEGRATION = Agent("PINT001", "Events API V2", "inbound_integration_reference")


@pytest.mark.parametrize(
    ("agent", "words", "line"),
    [
        (BOB, "Acknowledged by Bob Ray in PagerDuty", "Bob Ray acknowledged it in PagerDuty"),
        (ALICE, "Acknowledged by Alice Ng in Slack", "Alice Ng acknowledged it in Slack"),
        (INTEGRATION, "Acknowledged by Events API V2", "Events API V2 acknowledged it"),
        (None, "Acknowledged automatically", "Acknowledged automatically"),
    ],
)
def test_who_acted_and_where(agent: Agent | None, words: str, line: str) -> None:
    """Card, text and line say who did it and where; Alice's is the echo of her click."""
    incident = folded(webhook(TRIGGERED, NOON - 9000, None), webhook(ACKNOWLEDGED, NOON + 5, agent))

    message = rendered(incident)

    assert words in json.dumps(message.blocks)
    assert words in message.text
    assert line in thread_line.render_line(INCIDENT, ThreadEntry(incident.lines[-1])).text.replace("*", "")


@pytest.mark.parametrize(
    ("action", "state", "words"),
    [
        (Action.ACKNOWLEDGE, AttemptState.TRYING, "<@U0ALICE> is acknowledging… PagerDuty has not confirmed it yet."),
        (Action.REASSIGN, AttemptState.TRYING, "<@U0ALICE> is reassigning it… PagerDuty has not confirmed it yet."),
        (Action.RESOLVE, AttemptState.UNCLEAR, "<@U0ALICE>'s request to resolve it may or may not have gone through."),
        (Action.NOTE, AttemptState.FAILED, "<@U0ALICE>'s note did *not* reach PagerDuty."),
        (Action.ESCALATE, AttemptState.FAILED, "escalation *failed*; no one else has been paged."),
        *((action, state, "<@U0ALICE>") for action in Action for state in AttemptState),
    ],
)
def test_an_attempt_is_shown_and_claims_nothing(action: Action, state: AttemptState, words: str) -> None:
    """While an act is not confirmed the card keeps its state and says what is going on, in blocks and text."""
    incident = folded(webhook(TRIGGERED, NOON))
    attempt = Attempt(CommandId("c1"), action, SlackUserId("U0ALICE"), state, NOON)

    message = rendered(replace(incident, attempts=(attempt,)))

    assert words in json.dumps(message.blocks, ensure_ascii=False)
    assert words in message.text
    assert "*Triggered*" in message.blocks[0]["text"]["text"]


def test_a_merged_incident_says_where_to_go_on() -> None:
    """Resolved by a merge, nothing is mended yet: whoever reads the card has to look at the other incident."""
    said = (("merged", "#12"), ("merged_url", "https://acme.pagerduty.com/incidents/Q2TARGET"))
    shown = rendered(folded(webhook(TRIGGERED, NOON), replace(webhook(RESOLVED, NOON + 5000), details=said)))

    into = ": merged into <https://acme.pagerduty.com/incidents/Q2TARGET|#12> by Alice Ng"
    assert any(into in str(block) for block in shown.blocks)
    assert "Resolved by Alice Ng in PagerDuty, merged into #12: #37" in shown.text


def test_block_ids_change_with_the_contents() -> None:
    """Slack wants new block ids for a changed message; an unchanged one is identical, so it costs no call."""
    triggered, again = (rendered(folded(webhook(TRIGGERED, NOON))) for _ in range(2))
    resolved = rendered(folded(webhook(RESOLVED, NOON)))

    assert triggered.digest == again.digest
    assert triggered.blocks == again.blocks
    assert not {b["block_id"] for b in triggered.blocks} & {b["block_id"] for b in resolved.blocks}


def test_metadata_names_the_message_and_holds_no_text() -> None:
    """Everybody in the workspace can read metadata: ids and times only."""
    incident = folded(webhook(TRIGGERED, NOON), webhook(UNACKNOWLEDGED, NOON + 1, None))

    payload = thread_line.render_line(INCIDENT, ThreadEntry(incident.lines[0])).metadata["event_payload"]

    known = {"key", "v", "incident", "type", "detail", "subject", "agent", "kind", "at", "span", "slots", "sides"}
    assert known == set(payload)
    assert "Checkout" not in json.dumps(payload)


def with_briefing(incident: Incident, alert: FirstAlert | None = None, ahead: PendingActions | None = None) -> Message:
    """Render the card of an incident of which more has been read."""
    return rendered(replace(incident, enrichment=Enrichment(alert, ahead)))


def test_the_first_alert_is_shown_with_where_its_links_lead() -> None:
    """What monitoring reported, from where, and three links at most; each shows its host, whatever it is called."""
    links = tuple(Link(f"https://host-{n}.example.com/x?a=1&b=2", f"Page {n}") for n in range(4))

    message = with_briefing(folded(webhook(TRIGGERED, NOON)), FirstAlert("p99 is <2 s>", "db-1", links))

    text = message.blocks[2]["text"]["text"]
    assert "p99 is &lt;2 s&gt; · from db-1" in text
    assert "<https://host-0.example.com/x?a=1&amp;b=2|Page 0> (host-0.example.com)" in text
    assert "Page 2" in text
    assert "Page 3" not in text


def test_what_the_title_says_is_not_said_twice() -> None:
    """Most incidents are called what their first alert says."""
    incident = folded(webhook(TRIGGERED, NOON))

    assert "Checkout is slow" not in json.dumps(
        with_briefing(incident, FirstAlert("Checkout is slow", "db-1")).blocks[1:5]
    )
    assert len(rendered(incident).blocks) == len(with_briefing(incident, FirstAlert("Checkout is slow")).blocks)
    assert len(rendered(incident).blocks) == len(with_briefing(incident, FirstAlert()).blocks)


LATER = NOON + 600_000
ACTED = f"<!date^{LATER // 1000}^"


@pytest.mark.parametrize(
    ("events", "ahead", "words"),
    [
        ([], PendingActions(Instant(NOON), LATER, (Ref("PB", "Bob Ray"),)), f"Escalates to Bob Ray {ACTED}"),
        (
            [],
            PendingActions(Instant(NOON), LATER, (Ref("PB", "Bob"), Ref("PC", "<C>"))),
            f"Escalates to Bob and &lt;C&gt; {ACTED}",
        ),
        ([], PendingActions(Instant(NOON), LATER, tuple(Ref(f"P{n}") for n in range(9))), f"P4 and 4 others {ACTED}"),
        ([], PendingActions(Instant(NOON), LATER), f"Escalates {ACTED}"),
        ([], PendingActions(Instant(NOON), None, (), LATER), ""),
        (
            [webhook(ACKNOWLEDGED, NOON + 1)],
            PendingActions(Instant(NOON), None, (), LATER),
            f"Acknowledgement ends {ACTED}",
        ),
        ([webhook(ACKNOWLEDGED, NOON + 1)], PendingActions(Instant(NOON), LATER), ""),
        ([webhook(ACKNOWLEDGED, NOON + 1), snoozed(NOON + 2)], None, f"Snoozed until {ACTED}"),
        ([snoozed(NOON - 9000), webhook(ACKNOWLEDGED, NOON + 1)], None, ""),
        ([webhook(RESOLVED, NOON + 1)], PendingActions(Instant(NOON), LATER, (), LATER), ""),
    ],
)
def test_what_comes_next(events: list[Event], ahead: PendingActions | None, words: str) -> None:
    """One promise at most, that of the state it is in, in blocks and text."""
    message = with_briefing(folded(webhook(TRIGGERED, NOON), *events), None, ahead)

    said = [
        word for word in ("Escalates", "Acknowledgement ends", "Snoozed until") if word in json.dumps(message.blocks[1])
    ]
    assert (1 if words else 0) == len(said)
    assert words in json.dumps(message.blocks[1], ensure_ascii=False)
    assert words in message.text


@given(st.text(), st.text(), st.lists(st.builds(Link, st.text() | st.just("https://x.example.com/|<>"), st.text())))
def test_any_alert_makes_a_valid_card(summary: str, source: str, links: list[Link]) -> None:
    """Whatever monitoring says, Slack takes the card, and nothing in it notifies anybody."""
    who = (Ref("PB", source), Ref("PC", summary))
    alert, ahead = FirstAlert(summary * 50, source * 50, tuple(links)), PendingActions(Instant(NOON), LATER, who)

    message = with_briefing(folded(webhook(TRIGGERED, NOON)), alert, ahead)

    assert not check_blocks(message.blocks)
    assert len(message.text) <= 4000
    assert "<!" not in json.dumps([message.blocks, message.text]).replace("<!date^", "")
    assert "<@" not in json.dumps(message.blocks)


def with_fields(*fields: tuple[str, str]) -> Message:
    """Render a card for which ten fields are chosen, five of them with a long label; the alert has these."""
    incident = replace(folded(webhook(TRIGGERED, NOON)), enrichment=Enrichment(FirstAlert(fields=fields)))
    assert incident.snapshot is not None
    chosen = tuple(CardField(f"details.f{n}", "&" * 8 * n) for n in range(1, 6))
    named = tuple(CardField(f"details.g{n}", f"Field <{n}>") for n in range(5))
    return card.render(incident, incident.snapshot, {}, content=CardContent((*chosen, *named)))


def test_chosen_fields_stand_in_their_order_and_what_is_not_there_leaves_no_gap() -> None:
    """Each with its label, whatever order they came in; and without any the card is as ever."""
    message = with_fields(("details.g3", "<!here> & co."), ("details.g1", "eu-1"), ("details.other", "not chosen"))

    (shown,) = [block["fields"] for block in message.blocks if "fields" in block]
    assert ["*Field &lt;1&gt;*\neu-1", "*Field &lt;3&gt;*\n&lt;!here&gt; &amp; co."] == [each["text"] for each in shown]
    assert rendered(folded(webhook(TRIGGERED, NOON))).digest == with_fields(("details.other", "x")).digest


@given(st.lists(st.tuples(st.sampled_from([f"details.{kind}{n}" for kind in "fg" for n in range(6)]), st.text())))
def test_any_chosen_fields_make_a_valid_card(fields: list[tuple[str, str]]) -> None:
    """Whatever monitoring sent, however long it would be, the card keeps its buttons and notifies nobody."""
    message = with_fields(*((path, value * 400) for path, value in fields))

    require_valid_blocks(message.blocks)
    assert "<!" not in json.dumps(message.blocks).replace("<!date^", "")
    assert "<@" not in json.dumps(message.blocks)


@given(st.lists(st.builds(Link, st.text() | st.just('https://x.example/|<>"' + "<" * 460), st.text()), max_size=3))
@example([Link("", "\x1b")])
def test_any_images_make_a_valid_card(images: list[Link]) -> None:
    """They are links, for Slack refuses a card with an image that it cannot fetch; none are shown unless chosen."""
    alert = FirstAlert(images=tuple(images))
    incident = replace(folded(webhook(TRIGGERED, NOON)), enrichment=Enrichment(alert))
    assert incident.snapshot is not None

    message = card.render(incident, incident.snapshot, {}, content=CardContent(images=True))

    require_valid_blocks(message.blocks)
    assert "image" not in {block["type"] for block in message.blocks}
    is_seen = any(external_link(image.href, image.text or "Image") for image in images)
    assert is_seen is (len(message.blocks) > len(rendered(incident).blocks))


@given(st.text(), st.text(), st.lists(st.text(), max_size=5))
@example("checkout-api", "\x1b", [""])
@example("\U0001f600" * 38, "Runbook", ["", "\U0001f600"])
def test_any_links_make_a_valid_card(service: str, label: str, ends: list[str]) -> None:
    """Whatever the service is called, each button leads to the host that is configured, or is left out."""
    known = replace(snapshot(), service=Ref("P1", service))
    incident = folded(replace(webhook(TRIGGERED, NOON), snapshot=known))
    links = tuple(CardLink(label, f"https://example.com/a?q={quote(end)}&s={{service}}") for end in ends)

    message = card.render(incident, known, {}, content=CardContent(links=links))

    require_valid_blocks(message.blocks)
    found = [each["url"] for block in message.blocks for each in block.get("elements", ()) if "url" in each]
    assert all(urlsplit(url).netloc == "example.com" and url.isascii() and url.isprintable() for url in found)
    room = LONGEST_ADDRESS - len(f"https://example.com/a?q=&s={quote(service, safe='', errors='replace')}")
    assert len(found) in {0, sum(len(quote(end)) <= room for end in ends)}


@pytest.mark.parametrize("char", ["x", "&", "\U0001f600"])
def test_where_everything_is_long_what_is_chosen_gives_way(char: str) -> None:
    """Slack refuses blocks of more than some 13,000 characters together, and the buttons would go with them."""
    people = tuple(Ref(f"PUSER{n}", char * 80) for n in range(500))
    odd = replace(snapshot(), title=char * 999, service=Ref("P1", char * 999), assignees=people)
    links = tuple(Link(f"https://{n}.example.com/" + "x" * 470, char * 999) for n in range(3))
    paths = tuple(f"details.f{n}" for n in range(10))
    alert = FirstAlert(char * 998, char * 999, links, links[0], tuple((path, char * 999) for path in paths), links)
    incident = replace(
        folded(replace(webhook(TRIGGERED, NOON), snapshot=odd)),
        enrichment=Enrichment(alert, PendingActions(Instant(NOON), LATER, people)),
        attempts=tuple(
            Attempt(CommandId(f"c{n}"), Action.RESOLVE, SlackUserId(f"U0{n}"), AttemptState.FAILED, NOON)
            for n in range(3)
        ),
    )

    buttons = (CardLink("x", "https://x.example/" + "x" * 480),) * 5
    content = CardContent(tuple(CardField(path, path) for path in paths), buttons, images=True)
    message = card.render(incident, odd, {}, content=content)

    require_valid_blocks(message.blocks)
    assert "actions" == message.blocks[-1]["type"]


@given(st.text(), st.text(), st.text(), st.integers(0, 10**9))
def test_any_text_from_pagerduty_makes_a_valid_card(title: str, service: str, person: str, number: int) -> None:
    """Whatever stands in a title or a name, nothing raises, no limit is passed, and no markup of theirs survives."""
    shown = snapshot(Status.TRIGGERED, title, Agent("PX", person))
    event = replace(
        webhook(TRIGGERED, NOON), snapshot=replace(shown, number=number, service=Ref("PS", service, "javascript:x"))
    )

    message = rendered(folded(event))

    assert len(message.text) <= 4000
    assert not check_blocks(message.blocks)
    for block in message.blocks:
        texts = [block["text"]["text"]] if "text" in block else [e["text"] for e in block["elements"] if "text" in e]
        for text in (t for t in texts if isinstance(t, str)):
            assert 0 < len(text) <= 3000
            assert "<!" not in text.replace("<!date^", "")
            assert "javascript:" not in text


@pytest.mark.parametrize(
    "odd",
    [
        {"url": "https://acme.pagerduty.com/incidents/" + "x" * 4000},
        {"urgency": "urgent" * 1000},
        {"title": "&" * 4000},
        {"service": Ref("P1", "<" * 4000), "priority": Ref("P2", "<" * 4000)},
        {"number": 10**18, "teams": tuple(Ref(f"P{n}", "Payments" * 500) for n in range(300))},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_nothing_without_end_costs_a_card_its_buttons(odd: dict[str, Any]) -> None:
    """Whatever is long at PagerDuty is cut or left out, also on the card of what is withheld."""
    incident = folded(replace(webhook(TRIGGERED, NOON), snapshot=replace(snapshot(), **odd)))
    assert incident.snapshot is not None

    assert [] == check_blocks(rendered(incident).blocks)
    assert [] == check_blocks(card.render_withheld(INCIDENT, incident.snapshot).blocks)


@pytest.mark.parametrize("name", ["Al", "Bartholomew " * 20, "<&>" * 30])
@pytest.mark.parametrize("linked", [True, False])
def test_however_many_assignees_the_card_keeps_its_buttons(name: str, *, linked: bool) -> None:
    """As many as there is room for are named, the others are counted, and Slack takes the card."""
    people = tuple(Ref(f"PUSER{n}", name) for n in range(500))
    incident = folded(replace(webhook(TRIGGERED, NOON), snapshot=replace(snapshot(), assignees=people)))
    mentions = {person.id: f"U0{person.id}" for person in people} if linked else {}

    message = rendered(incident, **mentions)
    assert [] == check_blocks(message.blocks)
    assert "actions" in [block["type"] for block in message.blocks]
    assert " others" in str(message.blocks[1])


def test_old_values_are_struck_through() -> None:
    """Before the value of now, and in the words for screen readers behind it; nothing of them is markup."""
    changes = (
        Change(Field.TITLE, "Checkout ~slow~ <!here>", NOON),
        Change(Field.URGENCY, "low", NOON),
        Change(Field.PRIORITY, "P2", NOON),
        Change(Field.ASSIGNEES, "Bob Ray", NOON),
    )
    known = snapshot(Status.TRIGGERED, "Checkout is down", ALICE)
    message = card.render(Incident(INCIDENT, snapshot=known), known, {}, changes=changes)

    title, facts = (block["text"]["text"] for block in message.blocks[:2])
    assert "~Checkout \u223cslow\u223c &lt;!here&gt;~ *<https://" in title
    assert "~Low urgency~ *High urgency* · ~P2~ *P1* · checkout-api" in facts
    assert "Assigned to ~Bob Ray~ Alice Ng" in facts
    assert "Checkout is down (was Checkout ~slow~ &lt;!here&gt;)" in message.text
    assert "(high urgency (was low), *P1* (was P2)). Assigned to Alice Ng (was Bob Ray)." in message.text


@given(st.text(), st.text(), st.sampled_from(Status))
def test_slack_takes_any_old_value(title: str, name: str, status: Status) -> None:
    """Of any length and content, also where nothing is left of it."""
    values = dict.fromkeys(Field, name) | {Field.TITLE: title}
    changes = tuple(Change(each, old[:LONGEST_OLD], NOON) for each, old in values.items())
    known = replace(snapshot(status, title * 9, ALICE, BOB), priority=None, service=None)

    require_valid_blocks(card.render(Incident(INCIDENT, snapshot=known), known, {}, changes=changes).blocks)
