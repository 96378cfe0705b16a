"""A handover's words: Slack takes them as they are, whatever incidents and people are called, and none is notified."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bolt_app.handover.render import HEADING, handover_message, handover_paragraphs, shift_message
from bolt_app.queries.handover import channel_reply
from bolt_app.queries.on_call_reader import PolicyOnCall
from pagebridge_sandbox.slack.validation import check_blocks, require_valid_blocks
from shared.model.enrichment import PendingActions
from shared.model.event import Agent, Instant, Ref
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, SNOOZED, TRIGGERED
from shared.model.handover import summarize
from shared.model.handover_posts import ShiftChange
from shared.model.ids import IncidentId
from shared.model.incident import Incident, fold
from shared.pagerduty.models.account import EscalationLevel, EscalationPolicy, OnCall
from tests.builders import NOON, webhook

HOUR = 3_600_000
TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


def incident(name: str, text: str, *types: str) -> Incident:
    """Make an incident that is called so, has a note of the same words, and to which all this happened."""
    known = Incident(IncidentId(name))
    for nth, kind in enumerate((TRIGGERED, *types, ANNOTATED)):
        event = replace(webhook(kind, NOON + nth, Agent("PALICE1", text), f"{name}:{kind}", text), incident=known.id)
        if kind in {ANNOTATED, SNOOZED}:
            event = replace(event, snapshot=None, subject="PNOTE", detail=text, details=(("text", text),))
        elif event.snapshot:
            event = replace(event, snapshot=replace(event.snapshot, assignees=(Ref("PALICE1", text),) * 5))
        known = fold(known, event, NOON).incident
    people = (Ref("PBOB1", text),) * 7
    ahead = PendingActions(Instant(NOON), NOON + HOUR, people, NOON + HOUR)
    return replace(known, enrichment=replace(known.enrichment, pending=ahead))


POLICY = EscalationPolicy("PPOL001", "Payments on-call", (EscalationLevel(()),))


def told(text: str, count: int) -> list[str]:
    """Write the handover of so many incidents of each kind, with as many people on call."""
    kinds = ((), (ACKNOWLEDGED,), (ACKNOWLEDGED, SNOOZED))
    known = [incident(f"Q{kind}{nth}", text, *types) for kind, types in enumerate(kinds) for nth in range(count)]
    policy = EscalationPolicy("PPOL001", text, (EscalationLevel(()),))
    people = [OnCall(1, Ref(f"P{nth}", f"{nth} {text}"), Ref(policy.id), Instant(NOON + HOUR)) for nth in range(count)]
    read = [PolicyOnCall(policy, people, frozenset())] * 3
    return handover_paragraphs(summarize(known, NOON + HOUR), read, NOON + HOUR, older=True)


@pytest.mark.parametrize("count", [1, 12])
@settings(max_examples=settings().max_examples // 2)
@given(text=TEXT)
def test_slack_takes_it_whatever_it_holds(count: int, text: str) -> None:
    """In the channel, at a change of shift and as a private answer: within the blocks and characters of a message."""
    written = told(text, count)
    shift = shift_message("handover:C0:P0:1", ShiftChange(NOON, (), ()), written)

    for message in (handover_message("handover:C0:1", HEADING, written), shift):
        require_valid_blocks(message.blocks)
        assert "<!" not in json.dumps(message.blocks).replace("<!date^", "")
        assert "<@" not in message.text
    assert [] == check_blocks(list(channel_reply(written, "/pd").blocks))


def test_a_shift_that_no_one_follows_says_who_is_on_call() -> None:
    """It is no single line then: it also says who still is on call, or that nobody is."""
    quiet = handover_paragraphs(summarize((), NOON), [PolicyOnCall(POLICY, (), frozenset())], NOON, older=False)
    followed, last = ShiftChange(NOON, ("Alice",), ("Bob",)), ShiftChange(NOON, ("Alice",), ())

    assert "On call" not in shift_message("handover:C0:P0:1", followed, quiet).text
    assert "On call for *Payments on-call*: nobody" in shift_message("handover:C0:P0:1", last, quiet).text


def test_a_storm_is_told_in_all_its_parts() -> None:
    """Fewer of each kind stand there when they are long, and the others are counted: no part is cut off."""
    written = "\n".join(told("Checkout is slow & the queue grows " * 9, 25))

    for heading in (
        "Not acknowledged: 25",
        "Acknowledged: 25",
        "Snoozed: 25",
        "Flapping",
        "Notes of the last 12 hours",
    ):
        assert heading in written
    assert 4 <= written.count("…and ")
    assert written.endswith("PagerDuty has them all._")
