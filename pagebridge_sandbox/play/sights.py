"""The observations that the steps of the tour wait for, since each of them was begun."""

from dataclasses import dataclass
from datetime import datetime

from pagebridge_sandbox.demo.summary import count_with_noun
from pagebridge_sandbox.demo.trace import occurred_at, plain_line
from pagebridge_sandbox.play import fixtures, happenings
from pagebridge_sandbox.play.facts import Card, Facts, Write
from pagebridge_sandbox.slack import Ephemeral

NOT_YET = "NOT"
"""The word that stands in every sentence about what has not happened."""

REFUSED = "You can't acknowledge"
"""The beginning of what a person reads who may not."""


@dataclass(frozen=True)
class Sight:
    """Whether a step is done, and what was seen of it so far."""

    done: bool
    text: str


def acknowledged_with_echo(facts: Facts) -> Sight:
    """Look for an acknowledge in the presser's name whose echo was recognised, and for its card."""
    writes = _acknowledges(facts)
    if not writes:
        return Sight(done=False, text="No acknowledgement has reached PagerDuty yet.")
    echoes = _told(facts, "echo")
    shown = any(_headline(card).startswith("Acknowledged by") for card in _changed(facts))
    text = f"PagerDuty has it in the name of {writes[-1].email}; {count_with_noun(echoes, 'echo', 'es')} recognised."
    return Sight(done=bool(echoes) and shown, text=text)


def resolved_in_pagerduty(facts: Facts) -> Sight:
    """Look for a card that says who has resolved in PagerDuty."""
    said = [_headline(card) for card in _changed(facts)]
    found = [words for words in said if words.startswith("Resolved by") and words.endswith("in PagerDuty")]
    if not found:
        return Sight(done=False, text="No card says yet that somebody resolved it in PagerDuty.")
    return Sight(done=True, text=f"The card says: {found[-1]}. The bridge wrote nothing.")


def doubled_and_late(facts: Facts) -> Sight:
    """Look for duplicates, for a webhook that came late, and for an acknowledge whose lines are there once."""
    doubled, late = _told(facts, "duplicate"), _late_deliveries(facts)
    acknowledged = bool(_acknowledges(facts))
    text = f"{count_with_noun(doubled, 'duplicate')} ignored, {count_with_noun(late, 'webhook')} late"
    text += ", and every line is there once." if acknowledged else "; nothing was acknowledged yet."
    return Sight(done=bool(doubled and late and acknowledged), text=text)


def refused_in_private(facts: Facts) -> Sight:
    """Look for a private answer to a person who may not, and for no write in their name."""
    for first in ("Carol", "Dave"):
        told = [each for each in _private(facts, f"U0{first.upper()}") if REFUSED in each.text]
        if told:
            return Sight(done=True, text=f"{first} alone reads: {plain_line(told[-1].text, str)[:160]}")
    return Sight(done=False, text="Neither Carol nor Dave has been told anything yet.")


def outage_told(facts: Facts) -> Sight:
    """Look for the words that it has not happened, and then for its happening."""
    told = [message for message in _private(facts, "U0ALICE") if NOT_YET in _history(message)]
    if not told:
        return Sight(done=False, text="Alice has not read yet that it has NOT happened.")
    if facts.playground.pagerduty.is_down or not _effective(facts):
        return Sight(done=False, text="Alice reads that it has NOT happened yet. Now let PagerDuty come back.")
    return Sight(done=True, text="She was told that it had NOT happened, and then it did: once, in her name.")


def partly_refused(facts: Facts) -> Sight:
    """Look for a request of which one part failed, and for the answer that says which."""
    told = [each for each in _private(facts, "U0ALICE") if "NOT asked" in each.text]
    asked = any("responder_requests" in write.what for write in _effective(facts))
    if not told or not asked:
        return Sight(done=False, text="Nobody has been asked for help yet.")
    return Sight(done=True, text=plain_line(told[-1].text, str)[:200])


def storm_passed(facts: Facts) -> Sight:
    """Look for all cards of the storm, of which many share one, and for an acknowledge in the middle of it."""
    opened = {each.id for each in facts.playground.pagerduty.incidents if each.created_at.timestamp() >= facts.since}
    came = sum(each.service == fixtures.EDGE for each in facts.playground.pagerduty.incidents if each.id in opened)
    cards = {card.incident for card in facts.cards if card.channel == fixtures.STORM} & opened
    shown = len(cards | (facts.digested & opened))
    pressed = bool(_acknowledges(facts))
    text = f"{came} incidents, {count_with_noun(len(cards), 'card')}"
    text += f" and one for the {shown - len(cards)} others" if shown > len(cards) else ""
    text += ", and your acknowledgement went first." if pressed else "; nothing was acknowledged from Slack yet."
    return Sight(done=came >= happenings.STORM and shown >= happenings.STORM and pressed, text=text)


def _effective(facts: Facts) -> list[Write]:
    return [write for write in facts.writes if write.effective]


def _acknowledges(facts: Facts) -> list[Write]:
    return [write for write in _effective(facts) if '"acknowledged"' in write.what]


def _told(facts: Facts, result: str) -> int:
    lines = facts.playground.worker_log.lines
    return sum(line.at >= facts.since and line.fields.get("told") == result for line in lines)


def _changed(facts: Facts) -> list[Card]:
    return [card for card in facts.cards if float(card.message.edited or card.message.ts) >= facts.since]


def _headline(card: Card) -> str:
    """Return the state on a card, with who brought it about and where."""
    return card.message.text.partition(":")[0]


def _private(facts: Facts, user: str) -> list[Ephemeral]:
    shown = facts.playground.slack.person(user).private_messages
    return [message for message in shown if float(message.ts) >= facts.since]


def _history(message: Ephemeral) -> str:
    return "\n".join([*message.history, message.text])


def _late_deliveries(facts: Facts) -> int:
    """Count the webhooks that were sent long after what they tell of."""
    log = (each for each in facts.playground.pagerduty.webhooks.log if each.at.timestamp() >= facts.since)
    ages = (each.at.timestamp() - datetime.fromisoformat(occurred_at(each)).timestamp() for each in log)
    return sum(age > happenings.LATE / 2 for age in ages)
