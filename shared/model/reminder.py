"""
When an acknowledgement counts as forgotten, and the line that asks whether it is. Pure.

The time runs from the last thing that a person did about the incident, of any kind. One such thing is asked about
once: what was asked stands in the thread, and the next question needs an answer before it. Without one, where that is
configured, the acknowledgement is taken back after a second time.
"""

from dataclasses import replace

from shared.model.event import Instant
from shared.model.event_types import ACKNOWLEDGED, REMINDED, SNOOZED, TRANSITIONS, Status
from shared.model.ids import LineKey
from shared.model.incident import Incident
from shared.model.timeline import Line, line_time


def last_work(incident: Incident) -> Line | None:
    """
    Return the line of the last thing that a person did about an acknowledged incident.

    None if it is not acknowledged, is snoozed, which says until when nothing is done, or who acknowledged it was never
    told.
    """
    if incident.status is not Status.ACKNOWLEDGED:
        return None
    states = [line for line in incident.lines if line.type in TRANSITIONS or line.type == SNOOZED]
    state = max(states, key=line_time, default=None)
    if state is None or state.type != ACKNOWLEDGED:
        return None
    return max([state, *(line for line in incident.lines if line.by_person)], key=line_time)


def reminder_due_ms(incident: Incident, after_ms: int) -> int | None:
    """Return when the thread is to be asked, `after_ms` milliseconds after the last work; None if it is not to be."""
    work = last_work(incident)
    asked = (line for line in incident.lines if line.type == REMINDED)
    if work is None or any(line_time(line) > line_time(work) for line in asked):
        return None
    return work.at.end + after_ms


def unanswered_due_ms(incident: Incident, after_ms: int) -> int | None:
    """Return when a question counts as unanswered, `after_ms` milliseconds after it; None if none is open."""
    work = last_work(incident)
    asked = [line for line in incident.lines if line.type == REMINDED and line.detail_value("asked")]
    last = max(asked, key=line_time, default=None)
    if work is None or last is None or line_time(last) < line_time(work):
        return None
    return int(last.detail_value("asked")) + after_ms


def with_reminder(incident: Incident, after_ms: int, now_ms: int = 0) -> Incident:
    """Return the projection with the line that asks, if that is due now; its key makes a second one impossible."""
    work, due_ms = last_work(incident), reminder_due_ms(incident, after_ms)
    if work is None or due_ms is None:
        return incident
    last = incident.last_change()
    who = last.agent.name if last is not None and last.agent else ""
    details = (("asked", str(now_ms)), ("since", str(work.at.ms)), ("who", who))
    asking = Line(LineKey(f"{REMINDED}:{work.key}"), REMINDED, Instant(due_ms), None, (), details=details)
    known = (line for line in incident.lines if line.key != asking.key)
    return replace(incident, lines=tuple(sorted((*known, asking), key=line_time)))
