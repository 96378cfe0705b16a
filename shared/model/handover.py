"""The content of a handover to the next shift: open incidents by state, flapping ones, and the last notes. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.model.event import SECOND, Snapshot
from shared.model.event_types import ANNOTATED, NOTE_EDITED, REOPENED, Status
from shared.model.incident import Incident
from shared.model.thread_layout import present_snooze
from shared.model.timeline import Line, line_time

HOURS = 12
"""Hours that count as the last ones: the longest shift of a day that is common."""
FLAPS = 3
"""How often the same must have been opened within them to count as flapping."""


@dataclass(frozen=True)
class Known:
    """An incident of which it is known what it is."""

    incident: Incident
    shown: Snapshot


@dataclass(frozen=True)
class Flap:
    """A problem that was opened `count` times in the last hours, with its newest incident."""

    newest: Known
    count: int


@dataclass(frozen=True)
class HandedNote:
    """A note of the last hours, in the words that it has now."""

    about: Known
    line: Line
    words: str


@dataclass(frozen=True)
class Handover:
    """The open incidents by how they stand, the most urgent first; what flaps, the worst first; notes, oldest first."""

    triggered: Sequence[Known] = ()
    acknowledged: Sequence[Known] = ()
    snoozed: Sequence[Known] = ()
    flaps: Sequence[Flap] = ()
    notes: Sequence[HandedNote] = ()

    @property
    def is_quiet(self) -> bool:
        """True if there is nothing to hand over."""
        return not (self.triggered or self.acknowledged or self.snoozed or self.flaps or self.notes)


def summarize(incidents: Iterable[Incident], now_ms: int) -> Handover:
    """Sum up incidents that are open, or were not long ago, at `now_ms` milliseconds since 1970."""
    found = sorted((Known(one, one.snapshot) for one in incidents if one.snapshot is not None), key=_urgency)
    working = [one for one in found if one.shown.status is Status.ACKNOWLEDGED]
    since_ms = now_ms - HOURS * 3600 * SECOND
    return Handover(
        triggered=[one for one in found if one.shown.status is Status.TRIGGERED],
        acknowledged=[one for one in working if not present_snooze(one.incident.lines)],
        snoozed=[one for one in working if present_snooze(one.incident.lines)],
        flaps=_flaps(found, since_ms),
        notes=sorted((note for one in found for note in _notes(one, since_ms)), key=lambda note: line_time(note.line)),
    )


def _urgency(one: Known) -> tuple[bool, int, int]:
    return one.shown.urgency != "high", -(one.shown.created_ms or 0), -(one.shown.number or 0)


def _flaps(found: Iterable[Known], since_ms: int) -> list[Flap]:
    """Find what was opened again and again: by one incident, or by several of one title at one service."""
    alike: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for one in found:
        alike[one.shown.service.id if one.shown.service else "", one.shown.title].append(one)
    counted = [
        Flap(max(same, key=lambda one: one.shown.created_ms or 0), sum(_openings(one, since_ms) for one in same))
        for same in alike.values()
    ]
    return sorted((flap for flap in counted if flap.count >= FLAPS), key=lambda flap: -flap.count)


def _openings(one: Known, since_ms: int) -> int:
    """Count how often it was opened since then; that an acknowledgement ends opens nothing."""
    again = sum(line.type == REOPENED and line.at.ms >= since_ms for line in one.incident.lines)
    return again + ((one.shown.created_ms or 0) >= since_ms)


def _notes(one: Known, since_ms: int) -> Iterator[HandedNote]:
    """Give the notes written since then; one that was deleted is left out."""
    lines = one.incident.lines
    for line in lines:
        if line.type == ANNOTATED and line.at.ms >= since_ms:
            edits = [edit for edit in lines if edit.type == NOTE_EDITED and edit.subject.startswith(f"{line.subject}@")]
            words = max([line, *edits], key=line_time).detail_value("text")
            if words:
                yield HandedNote(one, line, words)
