"""The oracle's part about the thread: invariant 2."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.proof.bipartite_matching import matched
from tests.proof.evidence import EPOCH, INTERRUPTIONS, Evidence
from tests.proof.invariants import Invariant, Violation
from tests.proof.pagerduty_model import ACKNOWLEDGED, RESOLVED, History, Transition
from tests.proof.reply_classifier import place
from tests.proof.slack_model import Posted

APART = 1500
"""Milliseconds that a line's time may be off: sources that give whole seconds, and what lies between them."""
DOUBT = 80.0
"""Seconds in which an act of the same person may be taken for an unclear call of theirs: its life, and `CALL_MAX`."""
TURN = 30
"""Milliseconds by which `updated_at` may be taken before an event's own time."""
HIDDEN = 0.3
"""Seconds for which Slack's history may not show what was posted."""
MOMENT = 3.0
"""Seconds between the read before a write and the end of the second in which it is answered, and one more."""
ACKNOWLEDGING, REOPENED = "incident.acknowledged", "incident.reopened"
CAUSES = {
    ACKNOWLEDGED: (ACKNOWLEDGING, REOPENED),
    RESOLVED: ("incident.resolved",),
}

Kind = tuple[str, str]
"""What happened and who did it, by which a line and a transition are recognised as the same."""


def judge_lines(evidence: Evidence, incident: History) -> Iterator[Violation]:
    """Judge the lines about one incident against what it went through."""
    told, real = _lines(evidence, incident), _transitions(incident)
    for kind in sorted(told.keys() | real.keys()):
        lines, transitions = told[kind], real[kind]
        # Of a reopening only the acknowledge right after it tells whose doing it was.
        telling = [*transitions, *(real[ACKNOWLEDGING, kind[1]] if kind[0] == REOPENED else ())]
        doubtful = any(_doubtful(evidence, transition) for transition in telling)
        yield from _each(evidence, kind, lines, transitions, _anything if doubtful else _tells)
        if not doubtful and len(lines) == len(transitions):
            yield from _alike(kind, lines, transitions)


def _each(
    evidence: Evidence,
    kind: Kind,
    lines: list[Posted],
    transitions: list[Transition],
    tells: Callable[[Posted, Transition], bool],
) -> Iterator[Violation]:
    """Give each line a transition of its own. What happened before the store lost its data is told at most once."""
    due = [transition for transition in transitions if not evidence.before_loss(transition)]
    counts = f"{_name(kind)}: {len(transitions)} times, told {len(lines)} times"
    shown = [line for line in lines if not _went_with_its_card(evidence, line)]
    if matched(shown, transitions, tells) < len(shown):
        yield Violation(Invariant.TOLD_TWICE, counts)
    elif matched(due, lines, lambda transition, line: tells(line, transition)) < len(due):
        yield Violation(Invariant.TOLD, counts)


def _went_with_its_card(evidence: Evidence, line: Posted) -> bool:
    """
    Tell whether a line stands below a card that was deleted as one of two, because the store had lost its data.

    The first had been posted so shortly before that the search for it came too soon for Slack to show it (0010.6).
    """
    if line.thread_ts is None or not evidence.workspace.gone(line.thread_ts):
        return False
    posted = float(line.thread_ts) - EPOCH
    return any(0 <= lost - posted < HIDDEN for lost in evidence.losses)


def _alike(kind: Kind, lines: list[Posted], transitions: list[Transition]) -> Iterator[Violation]:
    """Compare lines and transitions that are equally many, one by one, where it can be known which is which."""
    said = [place(line.now.text) for line in lines]
    true = [_place(transition) for transition in transitions]
    # Those of one second may stand in any order.
    if said != true and not (Counter(said) == Counter(true) and _close(transitions)):
        invariant = Invariant.REOPENED_PLACE if kind[0] == REOPENED else Invariant.PLACE
        yield Violation(invariant, f"{_name(kind)}: told as {said}, was {true}")


def _tells(line: Posted, transition: Transition) -> bool:
    return abs(int(line.payload["at"]) - transition.at_ms) <= APART


def _anything(_line: Posted, _transition: Transition) -> bool:
    """Leave open which line tells of which transition."""
    return True


def _place(transition: Transition) -> str:
    if transition.write:
        return "Slack"
    return "PagerDuty" if transition.by else ""


def _doubtful(evidence: Evidence, transition: Transition) -> bool:
    """
    Tell whether nobody can know where somebody did this.

    A call of theirs may have done it for all PagerDuty says, because its outcome is unclear, because its worker was
    interrupted, or because they did the same at PagerDuty while it was under way. Or it is the late effect
    of a call that had been repeated meanwhile (decision 0007). Or it went straight to PagerDuty while Redis was away,
    and is told like an act there. Or it is a reopening right after the turn of a second: the answer to its acknowledge
    may name the second before, and then seems to come before it.
    """
    if transition.write and transition.type == REOPENED and transition.at_ms % 1000 < TURN:
        return True
    if transition.write and (transition.write.after or evidence.went_direct(transition.write)):
        return True
    if _interrupted(evidence, transition):
        return True
    theirs = [w for w in evidence.account.writes if w.by is transition.by and transition.type in CAUSES[w.status]]
    unclear = any(w.begun - MOMENT < transition.at < w.begun + DOUBT for w in theirs if not w.answered)
    others = (w for w in theirs if w.answered and w is not transition.write)
    return unclear or any(w.begun - MOMENT < transition.at < (w.landed or w.begun) + MOMENT for w in others)


def _interrupted(evidence: Evidence, transition: Transition) -> bool:
    """Tell whether a click of theirs may have been in hand with a worker that died, slept, or lost its store."""
    if not any(evidence.mishaps[kind] for kind in INTERRUPTIONS):
        return False
    asked = (p for p in evidence.presses if p.by is transition.by and transition.type in CAUSES[p.status])
    # What they did at PagerDuty in the second before the press is in the same second of its log.
    return any(-MOMENT < transition.at - press.at < DOUBT for press in asked)


def _close(transitions: list[Transition]) -> bool:
    times = [transition.at_ms for transition in transitions]
    return any(later - earlier <= APART for earlier, later in pairwise(times))


def _lines(evidence: Evidence, incident: History) -> dict[Kind, list[Posted]]:
    found: dict[Kind, list[Posted]] = defaultdict(list)
    for line in sorted(evidence.workspace.lines(incident.id), key=lambda line: (line.payload["at"], line.key)):
        found[str(line.payload["type"]), str(line.payload["agent"])].append(line)
    return found


def _transitions(incident: History) -> dict[Kind, list[Transition]]:
    found: dict[Kind, list[Transition]] = defaultdict(list)
    # The first is its opening, which the card tells.
    for transition in incident.transitions[1:]:
        found[transition.type, transition.by.pagerduty if transition.by else ""].append(transition)
    return found


def _name(kind: Kind) -> str:
    return f"{kind[0]} by {kind[1] or 'nobody'}"
