"""The oracle's part about cards: invariants 1, 6 and 7."""

from collections.abc import Iterator

from tests.proof.evidence import EPOCH, Evidence
from tests.proof.invariants import Invariant, Violation
from tests.proof.pagerduty_model import TRIGGERED, History
from tests.proof.reply_classifier import still_trying
from tests.proof.slack_model import Posted, Version

ACKNOWLEDGE = "pagebridge:acknowledge"


def judge_cards(evidence: Evidence, incident: History) -> Iterator[Violation]:
    """Judge the card of one incident."""
    cards = evidence.workspace.cards(incident.id)
    if not cards and _adopted_silently(evidence, incident):
        return
    if len(cards) != 1:
        yield Violation(Invariant.ONE_CARD if cards else Invariant.EQUAL, f"{incident.id} has {len(cards)} cards")
    for card in cards:
        yield from _equal(incident, card)
        yield from _states(incident, card)


def _adopted_silently(evidence: Evidence, incident: History) -> bool:
    """
    Tell whether a card comes only with the next change.

    A store without data, before a channel without cards, looks like a first start, which floods nobody.
    """
    cards = [message for message in evidence.workspace.messages.values() if message.key.startswith("card:")]
    bare = all(float(card.ts) - EPOCH > evidence.born for card in cards)
    return bool(evidence.losses) and bare and evidence.before_loss(incident.last)


def _equal(incident: History, card: Posted) -> Iterator[Violation]:
    shown = card.now
    wrong = ""
    if shown.status != incident.status:
        wrong = f"the card of {incident.id} says {shown.status}, it is {incident.status}"
    elif (ACKNOWLEDGE in shown.buttons) != (incident.status == TRIGGERED):
        wrong = f"the buttons of {incident.id} are those of another state"
    elif still_trying(shown.text):
        yield Violation(Invariant.LATE_CARD if shown.late else Invariant.BANNER, f"{incident.id} says: {shown.text}")
    if wrong:
        yield Violation(Invariant.LATE_CARD if shown.late else Invariant.EQUAL, wrong)


def _states(incident: History, card: Posted) -> Iterator[Violation]:
    """Explain each version by a state that PagerDuty had before, in an order that never goes back."""
    reached = 0
    for version in card.versions:
        real = [n for n, t in enumerate(incident.transitions) if t.at <= version.at and t.status == version.status]
        if not real:
            yield Violation(Invariant.REAL, f"at {version.at:.3f} the card of {incident.id} said {version.status}")
            continue
        if version.late:
            continue
        onward = [n for n in real if n >= reached]
        if not onward:
            yield Violation(Invariant.OLDER, _back(incident, version))
            continue
        reached = onward[0]


def _back(incident: History, version: Version) -> str:
    return f"at {version.at:.3f} the card of {incident.id} went back to {version.status}"
