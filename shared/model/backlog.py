"""
How a thread with more to tell than people can read, or Slack takes, is told: less loudly, and the rest is counted.

While more than `MOST` messages wait, a thread says what one of a lower verbosity would say; what is left out is counted
in one line that links to PagerDuty, which has it all. What is counted is told for good, and can be moved out.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.model.event import SECOND, Instant
from shared.model.event_types import SNOOZED
from shared.model.ids import LineKey
from shared.model.incident import Incident
from shared.model.slack_state import SlackState
from shared.model.thread_layout import MOST, SUMMED, ThreadEntry, Verbosity, is_wanted, layout_thread
from shared.model.timeline import Line, line_time

NEWEST = 8
"""How many of them are posted at least, even of those that change the state."""
BURST_MS = 60 * SECOND
"""Milliseconds without a change that is counted, after which a burst is over."""
GROWTH = 1.25
"""By how much the number of changes grows before a message that tells it is written again."""
LEVELS: tuple[Verbosity, ...] = ("all", "changes", "state")


def told_briefly(
    incident: Incident, slack_state: SlackState, verbosity: Verbosity, now_ms: int, spared: int = 0
) -> Incident:
    """
    Return the projection in which what people need not read one by one is counted in a line, and told with that.

    The oldest `spared` messages that wait are left alone: another worker may be posting them. `now_ms` is the store's.
    """
    incident = replace(incident, lines=tuple(_closed(line, slack_state) for line in incident.lines))
    posted = slack_state.lines.keys()
    entries = layout_thread(incident.lines, posted)
    waiting = [each for each in entries if each.line.key not in posted and each.line.type != SUMMED][spared:]
    silent = [each for each in waiting if slack_state.is_silent(each.line) or not is_wanted(each.line, verbosity)]
    heard = [each for each in waiting if each not in silent]
    summary = _summary(incident, slack_state, heard)
    if summary is None and len(waiting) <= MOST:
        return incident
    level, left_out = _left_out(heard, summary)
    now = _counted(incident, summary, left_out, level, now_ms) if summary or left_out else None
    return _with(incident, [*left_out, *silent], now)


def counted_at_once(before: Incident, after: Incident) -> Incident:
    """Return the projection `after` an event, whose line is only counted if a burst is on that it belongs to."""
    summary = next((line for line in after.lines if line.type == SUMMED and not line.told and not is_final(line)), None)
    if summary is None:
        return after
    known = {line.key for line in before.lines}
    news = [each for each in layout_thread(after.lines) if each.line.key not in known]
    left_out = [entry for entry in news if _is_near(entry, summary) and not _matters(entry.line, _level(summary))]
    return _with(after, left_out, _counted(after, summary, left_out, _level(summary), 0)) if left_out else after


def seconds_of_burst(incident: Incident, now_ms: int) -> float | None:
    """Return the seconds after which the line that counts is to be looked at again, None if it says all there is."""
    growing = [line for line in incident.lines if line.type == SUMMED and not line.told and not is_final(line)]
    return max((max(0, line.at.end + BURST_MS - now_ms) / SECOND + 1 for line in growing), default=None)


def is_final(line: Line) -> bool:
    """True unless the line counts changes, and there may be more of them."""
    return line.type != SUMMED or line.detail_value("over") == "yes"


def _closed(line: Line, slack_state: SlackState) -> Line:
    """Let a line that counts be told for good once its thread is another one: the next one counts from there."""
    if line.told or line.type != SUMMED or line.key not in slack_state.outdated_lines:
        return line
    return replace(line, told=True, message=slack_state.lines[line.key].ts)


def _summary(incident: Incident, slack_state: SlackState, heard: Sequence[ThreadEntry]) -> Line | None:
    """Find the line that counts: one that is not posted yet, or tells of a burst that is not over."""
    for line in reversed(incident.lines):
        if line.type == SUMMED and not line.told:
            near = any(_is_near(entry, line) for entry in heard)
            return line if near or line.key not in slack_state.lines or not is_final(line) else None
    return None


def _is_near(entry: ThreadEntry, summary: Line) -> bool:
    return entry.line.at.end <= summary.at.end + BURST_MS


def _with(incident: Incident, left_out: Sequence[ThreadEntry], summary: Line | None) -> Incident:
    """Note that these are told, by the line that counts or on purpose not at all."""
    told = {line.key for entry in left_out for line in (entry.line, *entry.sides)}
    lines = [replace(line, told=True) if line.key in told else line for line in incident.lines]
    if summary is not None:
        lines = sorted((*(line for line in lines if line.key != summary.key), summary), key=line_time)
    return replace(incident, lines=tuple(lines))


def _left_out(heard: Sequence[ThreadEntry], summary: Line | None) -> tuple[Verbosity, list[ThreadEntry]]:
    """Choose what is not told one by one, and the verbosity by which that is so: at first as little as will do."""
    if summary is None or len(heard) > MOST:
        at = LEVELS.index(_level(summary))
    elif any(_is_near(entry, summary) for entry in heard):
        return _level(summary), [entry for entry in heard if not _matters(entry.line, _level(summary))]
    else:
        return _level(summary), []
    for level in LEVELS[at:]:
        left_out = [entry for entry in heard if not _matters(entry.line, level)]
        if len(heard) - len(left_out) <= MOST:
            return level, left_out
    return level, [entry for entry in heard if entry not in heard[-NEWEST:] and entry.line.command is None]


def _level(summary: Line | None) -> Verbosity:
    return next((level for level in LEVELS if summary and summary.detail_value("level") == level), "all")


def _matters(line: Line, level: Verbosity) -> bool:
    """True for what is told at that verbosity, for what people did in Slack, and for what explains a later line."""
    return is_wanted(line, level) or line.command is not None or line.type == SNOOZED


def _counted(
    incident: Incident, summary: Line | None, left_out: Sequence[ThreadEntry], level: Verbosity, now_ms: int
) -> Line:
    """Count more changes in a line. It says how many at the end, and before only if they are many more."""
    times = [entry.line.at for entry in left_out]
    first_ms = min((at.ms for at in times), default=0)
    known = summary or Line(LineKey(f"{SUMMED}@{first_ms}"), SUMMED, Instant(first_ms), None, ())
    last_ms = max([known.at.ms, *(at.end for at in times)])
    count = len(left_out) + int(known.detail_value("count") or 0)
    said = int(known.detail_value("said") or 0)
    over = last_ms + BURST_MS < now_ms
    about: dict[str, object] = {
        "count": count,
        "said": count if over or count >= said * GROWTH else said,
        "since": known.detail_value("since") or first_ms,
        "level": level,
        "over": "yes" if over else "no",
        "link": incident.snapshot.url if incident.snapshot else "",
    }
    return replace(
        known, at=Instant(last_ms), details=tuple((name, str(value)) for name, value in sorted(about.items()))
    )
