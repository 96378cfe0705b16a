"""The oracle's part about clicks: invariants 3 and 4."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.proof.bipartite_matching import matched
from tests.proof.evidence import INTERRUPTIONS, Evidence, Press
from tests.proof.invariants import Invariant, Violation
from tests.proof.pagerduty_model import ACKNOWLEDGED, RESOLVED, Write
from tests.proof.personas import MAY_ACT, PEOPLE
from tests.proof.reply_classifier import FINAL, NEGATIVE, Said
from tests.proof.slack_model import Whisper

LIFE = 60.0
"""Seconds after a click in which its write may be begun."""
SLACK_OF_CLOCKS = 1.0
"""Seconds that the way of a call may add to it."""

CORRECTED = {(before, Said.REOPENED) for before in (Said.DONE, Said.AFTER_ALL, Said.UNKNOWN)}
CORRECTED.add((Said.UNKNOWN, Said.AFTER_ALL))
"""Ends that may be told one after the other: what came of it later is news."""

Group = tuple[str, str, str]
"""Incident, person and wanted state: among these, nothing tells one click's effect from another's."""


def judge_clicks(evidence: Evidence) -> Iterator[Violation]:
    """Judge every write and every answer."""
    presses, writes = _presses(evidence), _writes(evidence)
    for group in sorted(presses.keys() | writes.keys()):
        yield from _names(writes[group], presses[group])
        yield from _effects(evidence, writes[group], presses[group])
    for press in evidence.presses:
        yield from _answers(evidence, press)
        yield from _kept(evidence, press)
        yield from _one_end(evidence, press)


def _names(writes: list[Write], presses: list[Press]) -> Iterator[Violation]:
    for write in writes:
        asked = [press for press in presses if press.at <= write.begun]
        if write.by not in {PEOPLE[name] for name in MAY_ACT} or not asked:
            yield Violation(Invariant.NAME, f"a write at {write.begun:.3f} for {write.by.name}, who did not ask for it")
        elif all(write.begun > _end(press) for press in asked):
            yield Violation(
                Invariant.IN_TIME, f"a write at {write.begun:.3f} for {write.by.name}, long after the click"
            )


def _effects(evidence: Evidence, writes: list[Write], presses: list[Press]) -> Iterator[Violation]:
    """Give each effect a click of its own; then see whether what the clickers were told leaves that possible."""
    # One that lands late, after it was repeated and that undone, cannot be told from an act at PagerDuty (decision
    # 0007). Nor can one that went past the store: if the same envelope came when Redis was there, it is a click more.
    late = [write for write in writes if write.changed and (write.after or evidence.went_direct(write))]
    effects = [write for write in writes if write.changed and write not in late]
    wrong = _wrong(evidence, effects, presses)
    if wrong and not _wrong(evidence, [write for write in effects if not _repeats(evidence, write, effects)], presses):
        wrong = Invariant.REPEATED
    if wrong:
        yield Violation(wrong, f"{_who(writes[0])}: {len(effects)} effects of {len(presses)} clicks")
    for press in () if late else (press for press in presses if not press.direct):
        sure = matched(effects, [one for one in presses if one is not press], _may_be) < len(effects)
        if sure and _last(evidence, press) is Said.UNKNOWN and not _unheard(evidence, press):
            yield Violation(Invariant.AFTER_ALL, f"{press.id} of {press.by.name} had its effect")


def _wrong(evidence: Evidence, effects: list[Write], presses: list[Press]) -> Invariant | None:
    """Say what is wrong if not every effect can have a click, or only one whose clicker was told otherwise."""
    if matched(effects, presses, _may_be) < len(effects):
        return Invariant.EFFECTS
    honest = [press for press in presses if not _denied(evidence, press)]
    if matched(effects, honest, _may_be) == len(effects):
        return None
    told_done = any(Said.DONE in _told(evidence, press) for press in presses if press not in honest)
    return Invariant.CONTRADICTED if told_done else Invariant.TRUE


def _repeats(evidence: Evidence, write: Write, effects: list[Write]) -> bool:
    """Tell whether a write may repeat one whose answer its worker never saw, or never put on record."""
    interrupted = any(evidence.mishaps[kind] for kind in INTERRUPTIONS)
    return any(one.begun < write.begun and (interrupted or not one.answered) for one in effects)


def _answers(evidence: Evidence, press: Press) -> Iterator[Violation]:
    for whisper in evidence.whispers_to(press, evidence.workspace.whispers):
        holds = TRUE_WHEN.get(whisper.said)
        alike = [p for p in evidence.presses if whisper in evidence.whispers_to(p, [whisper])]
        if holds and not any(holds(evidence, one, whisper) for one in alike):
            yield Violation(Invariant.TRUE, f"{press.by.name} at {whisper.at:.3f}: {whisper.text}")


def _kept(evidence: Evidence, press: Press) -> Iterator[Violation]:
    """
    Make sure that an acked click had an effect, or its clicker was told how it ended.

    One that was kept only in a store that has lost its disk is lost with it, and nobody is left to say so.
    """
    if evidence.accepted_before_loss(press):
        return
    if (
        not (press.accepted or press.acked)
        or _last(evidence, press)
        or _unheard(evidence, press)
        or _became(evidence, press, None)
    ):
        return
    yield Violation(Invariant.NOT_LOST, f"{press.id} of {press.by.name} had no effect, and nobody said so")


def _one_end(evidence: Evidence, press: Press) -> Iterator[Violation]:
    """
    Make sure that whoever tells how a click ended tells the same, and that it is then not told to be on its way.

    The direct path knows nothing of what was stored, and after a loss nobody does. A word of the way that its worker
    was stopped with, or had given up, can come at any time.
    """
    if press.direct or evidence.losses:
        return
    told = [w for w in evidence.workspace.whispers if w.click == press.id and (w.said in FINAL or not w.late)]
    for before, after in pairwise(told):
        changed = after.said is not before.said and (before.said, after.said) not in CORRECTED
        if before.said in FINAL and changed and after.said is not Said.SOMETHING_ELSE:
            yield Violation(Invariant.ONE_END, f"{press.by.name} at {after.at:.3f}: {after.text} Before: {before.text}")


def _became(evidence: Evidence, press: Press, whisper: Whisper | None) -> bool:
    """Tell whether the incident got into the wanted state in the clicker's name, before they were told."""
    end = whisper.at if whisper else float("inf")
    history = evidence.account.incidents[press.incident].transitions
    return any(t.status == press.status and t.by is press.by and press.at - 1 <= t.at <= end for t in history)


def _was(status: str, evidence: Evidence, press: Press, whisper: Whisper) -> bool:
    """Tell whether the incident was in a state at some time between click and answer."""
    history = evidence.account.incidents[press.incident].transitions
    ends = [t.at for t in history[1:]] + [float("inf")]
    spans = zip(history, ends, strict=True)
    return any(t.status == status and t.at <= whisper.at and end >= press.at for t, end in spans)


def _may_not_act(_evidence: Evidence, press: Press, _whisper: Whisper) -> bool:
    return press.by not in {PEOPLE[name] for name in MAY_ACT}


TRUE_WHEN: dict[Said, Callable[[Evidence, Press, Whisper], bool]] = {
    Said.DONE: _became,
    Said.AFTER_ALL: _became,
    Said.REOPENED: _became,
    Said.ALREADY: lambda evidence, press, whisper: _was(press.status, evidence, press, whisper),
    Said.STALE: lambda evidence, press, whisper: (
        press.status == ACKNOWLEDGED and _was(RESOLVED, evidence, press, whisper)
    ),
    Said.DECLINED: _may_not_act,
}


def _denied(evidence: Evidence, press: Press) -> bool:
    """
    Tell whether the last that the clicker read as the answer to this very click is that it did nothing.

    The direct path knows nothing of what was stored, so it does not count.
    """
    told = _told(evidence, press)
    return not press.direct and bool(told) and told[-1] in NEGATIVE


def _told(evidence: Evidence, press: Press) -> list[Said]:
    """List the final answers to this very click."""
    return [w.said for w in evidence.workspace.whispers if w.click == press.id and w.said in FINAL]


def _last(evidence: Evidence, press: Press) -> Said | None:
    """Find the last final answer that the clicker got."""
    told = [w.said for w in evidence.whispers_to(press, evidence.workspace.whispers) if w.said in FINAL]
    return told[-1] if told else None


def _unheard(evidence: Evidence, press: Press) -> bool:
    """Tell whether a final answer was to be given, and Slack did not take it: private answers are best effort."""
    return any(w.said in FINAL for w in evidence.whispers_to(press, evidence.workspace.unheard))


def _may_be(write: Write, press: Press) -> bool:
    """Tell whether a write can be what a press asked for."""
    return press.at <= write.begun <= _end(press)


def _end(press: Press) -> float:
    return max([press.at, *press.accepted]) + LIFE + SLACK_OF_CLOCKS


def _presses(evidence: Evidence) -> dict[Group, list[Press]]:
    found: dict[Group, list[Press]] = defaultdict(list)
    for press in evidence.presses:
        found[press.incident, press.by.name, press.status].append(press)
    return found


def _writes(evidence: Evidence) -> dict[Group, list[Write]]:
    found: dict[Group, list[Write]] = defaultdict(list)
    for write in evidence.account.writes:
        found[write.incident, write.by.name, write.status].append(write)
    return found


def _who(write: Write) -> str:
    return f"{write.by.name}, {write.status}, {write.incident}"
