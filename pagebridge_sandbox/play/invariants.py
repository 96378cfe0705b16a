"""The promises, judged by what the simulators have logged."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pagebridge_sandbox.demo.summary import count_with_noun as _count
from pagebridge_sandbox.demo.trace import line_summary
from pagebridge_sandbox.play import fixtures
from pagebridge_sandbox.play.facts import Facts

State = Literal["held", "broken", "idle"]
COUNTED = "further change"
"""Words of the line that counts what a thread does not tell one by one, as in a burst."""
UNAUTHORIZED = 401
PATIENCE = 45.0
"""Seconds after which what is still missing, while nothing is broken on purpose, is counted as lost."""
LINE_WORDS = {'"acknowledged"': "acknowledged it", '"resolved"': "resolved it"}
"""The status that a write asks for, and the words of its line after the name of its person."""


@dataclass(frozen=True)
class Finding:
    """How a promise stands: `idle` while there is nothing to judge, or while what it is about is `moving`."""

    state: State
    detail: str
    moving: bool = False


@dataclass(frozen=True)
class Invariant:
    """One promise."""

    id: str
    text: str
    judge: Callable[[Facts], Finding]


def _in_own_name(facts: Facts) -> Finding:
    """Every write names a person who had pressed before."""
    pressed: dict[str, float] = {}
    for at, person in facts.presses:
        pressed.setdefault(person, at)
    for write in facts.writes:
        if pressed.get(write.person, write.at + 1) > write.at:
            return Finding("broken", f"{write.what} in the name of {write.email or 'nobody'}, who pressed nothing")
    names = sorted({write.email for write in facts.writes})
    told = f"{_count(len(facts.writes), 'write')}, in the name of {', '.join(names)}"
    return Finding("held", told) if names else Finding("idle", "No writes yet")


def _once(facts: Facts) -> Finding:
    """No person has changed more than they pressed, and nothing was changed twice by one press."""
    effective = [write for write in facts.writes if write.effective]
    presses = Counter(person for _, person in facts.presses)
    for (person, what), times in Counter((write.person, write.what) for write in effective).items():
        if times > presses[person]:
            return Finding("broken", f"{what} took effect {times} times for {_count(presses[person], 'press', 'es')}")
    pressed = _count(sum(presses.values()), "press", "es")
    told = f"{pressed}, {_count(len(facts.writes), 'write')}, {len(effective)} took effect"
    return Finding("held", told) if facts.writes else Finding("idle", "No writes yet")


def _one_card(facts: Facts) -> Finding:
    """There is one card for each incident and channel."""
    for (incident, channel), cards in Counter((card.incident, card.channel) for card in facts.cards).items():
        if cards > 1:
            name = facts.playground.slack.name_of(channel)
            told = f"{cards} cards of {_number(facts, incident)} in #{name}"
            # A card whose post was answered with an error may land after the next one, which is then deleted.
            return _late(facts, told) if _is_shaken(facts) else Finding("broken", told)
    return _held_if(
        facts.cards, f"{_count(len(facts.cards), 'card')}, one for each incident and channel", "No cards yet"
    )


def _one_line(facts: Facts) -> Finding:
    """No line stands twice in a thread, and each status write that took effect has its one line."""
    lines = 0
    for card in facts.cards:
        keys = Counter(_key(reply.metadata) for reply in card.message.replies if reply.metadata)
        lines += len(card.message.replies)
        twice = [key for key, times in keys.items() if times > 1]
        if twice:
            return Finding("broken", f"A line of {_number(facts, card.incident)} is there {keys[twice[0]]} times")
    missing = [] if facts.restless else _missing_lines(facts)
    if missing:
        return _late(facts, missing[0])
    return _held_if(lines, f"{_count(lines, 'line')}, none of them twice", "No lines yet")


def _missing_lines(facts: Facts) -> list[str]:
    """
    Compare the status writes that took effect with the lines in the home channels' threads.

    Those from before the store was emptied count no more: a line that was not posted yet was lost with it.
    """
    homes = {card.incident: card for card in reversed(facts.cards) if card.channel != fixtures.SHARED}
    found = []
    for write in facts.writes:
        if not write.effective or write.at <= facts.playground.emptied_at:
            continue
        words = next((words for wanted, words in LINE_WORDS.items() if f'"status": {wanted}' in write.what), None)
        card = homes.get(write.what.split()[1].rsplit("/", 1)[-1])
        if words and card:
            name = facts.playground.slack.name_of(write.person)
            lines = [line_summary(reply.text) for reply in card.message.replies]
            if not any(line.startswith(f"{name} {words}") or COUNTED in line for line in lines):
                found.append(f"No line says that {name} {words}: {_number(facts, card.incident)}")
    return found


def _true(facts: Facts) -> Finding:
    """No card shows a state that its incident has never had."""
    for card in facts.cards:
        if card.state != facts.statuses[card.incident] and card.state not in facts.statuses_had(card.incident):
            return Finding(
                "broken", f"The card of {_number(facts, card.incident)} says {card.state}, which it never was"
            )
    return _held_if(facts.cards, "Every state on a card was confirmed by PagerDuty", "No cards yet")


def _equal(facts: Facts) -> Finding:
    """At rest every card says what PagerDuty says, and every open incident has one, or stands on a digest card."""
    behind = [card for card in facts.cards if card.state != facts.statuses[card.incident]]
    if behind:
        told = f"{_count(len(behind), 'card')} behind PagerDuty"
        return _late(facts, told)
    shown = {card.incident for card in facts.cards}
    shown |= facts.digested
    missing = [
        incident for incident, status in facts.statuses.items() if status != "resolved" and incident not in shown
    ]
    if missing:
        return _late(facts, f"{_count(len(missing), 'incident')} without a card yet")
    return _held_if(facts.cards, f"{_count(len(facts.cards), 'card')} equal to PagerDuty", "No cards yet")


def _is_shaken(facts: Facts) -> bool:
    """Whether something is broken on purpose, or was a moment ago."""
    return facts.playground.is_disturbed or time.time() - facts.playground.disturbed_until < PATIENCE


def _late(facts: Facts, told: str) -> Finding:
    """Judge what is behind: it may be, for a while, and for as long as something is broken on purpose."""
    changed = max((incident.updated_at.timestamp() for incident in facts.playground.pagerduty.incidents), default=0.0)
    if _is_shaken(facts) or facts.restless or time.time() - changed < PATIENCE:
        return Finding("idle", f"{told}, catching up", moving=True)
    return Finding("broken", f"{told}, and nothing moves any more")


def _kept(facts: Facts) -> Finding:
    """Everything that the receiver has accepted is folded."""
    delivered = sum(delivery.outcome == "delivered" for delivery in facts.playground.pagerduty.webhooks.log)
    waiting = facts.waiting_deliveries
    if waiting:
        settled = max(min(waiting), facts.playground.disturbed_until)
        late = not facts.playground.is_disturbed and time.time() - settled > PATIENCE
        told = f"{_count(len(waiting), 'webhook')} accepted and not worked through"
        return Finding("broken", told) if late else Finding("idle", told, moving=True)
    return _held_if(delivered, f"{_count(delivered, 'webhook')} accepted and worked through", "No webhooks yet")


def _nothing_forged(facts: Facts) -> Finding:
    """A delivery without PagerDuty's signature is refused."""
    forged = facts.playground.forged
    taken = [status for status in forged if status != UNAUTHORIZED]
    if taken:
        return Finding("broken", f"A forged delivery was answered with {taken[0]}")
    return _held_if(forged, f"{len(forged)} refused with 401", "Nothing was forged yet")


INVARIANTS = (
    Invariant("name", "Every write is in the name of the person who pressed", _in_own_name),
    Invariant("once", "A press takes effect once", _once),
    Invariant("card", "One card for each incident and channel", _one_card),
    Invariant("line", "One line for each change", _one_line),
    Invariant("true", "No card shows a state that PagerDuty never had", _true),
    Invariant("equal", "At rest every card equals PagerDuty", _equal),
    Invariant("kept", "Nothing that was accepted is lost", _kept),
    Invariant("forged", "Nothing forged gets in", _nothing_forged),
)


def judge(facts: Facts) -> dict[str, Finding]:
    """Judge every promise."""
    return {invariant.id: invariant.judge(facts) for invariant in INVARIANTS}


def _held_if(anything: object, held: str, idle: str) -> Finding:
    return Finding("held", held) if anything else Finding("idle", idle)


def _key(metadata: dict[str, object] | None) -> str:
    payload = (metadata or {}).get("event_payload")
    return str(payload.get("key")) if isinstance(payload, dict) else ""


def _number(facts: Facts, incident: str) -> str:
    return f"#{facts.playground.pagerduty.incident(incident).number}"
