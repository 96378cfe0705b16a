"""The invariants of the design, judged from what the models of PagerDuty and Slack recorded."""

from collections.abc import Iterator

from tests.proof.check_cards import judge_cards
from tests.proof.check_clicks import judge_clicks
from tests.proof.check_thread import judge_lines
from tests.proof.evidence import Evidence
from tests.proof.invariants import Invariant, Violation


def judge(evidence: Evidence) -> list[Violation]:
    """List everything that does not hold, whatever may be claimed of this kind of day."""
    found = [*_rest(evidence), *judge_clicks(evidence), *_bounded(evidence)]
    for incident in evidence.account.incidents.values():
        found += [*judge_cards(evidence, incident), *judge_lines(evidence, incident)]
    return found


def _rest(evidence: Evidence) -> Iterator[Violation]:
    if evidence.unrest:
        yield Violation(Invariant.REST, evidence.unrest)
    for surprise in evidence.surprises:
        yield Violation(Invariant.FORESEEN, surprise)


def _bounded(evidence: Evidence) -> Iterator[Violation]:
    """Compare the writes with what called for them: acts, changes, and calls that failed."""
    changes = sum(len(incident.transitions) for incident in evidence.account.incidents.values())
    presses, mishaps = len(evidence.presses), evidence.mishaps.total()
    writes = len(evidence.account.writes)
    if writes > 2 * presses + 2 * mishaps:
        yield Violation(Invariant.BOUNDED, f"{writes} writes at PagerDuty for {presses} clicks and {mishaps} mishaps")
    messages = len(evidence.workspace.messages) + evidence.workspace.updates
    if messages > 4 * changes + 4 * presses + 4 * mishaps + 4:
        yield Violation(Invariant.BOUNDED, f"{messages} writes in Slack for {changes} changes and {presses} clicks")
