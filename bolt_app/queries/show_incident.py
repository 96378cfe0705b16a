"""`show`: one incident with what it takes to take it over: facts, first alert, what comes next, notes, log."""

from collections.abc import Sequence

from bolt_app.commands.incident_lookup import IncidentLookup, unknown_incident
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.queries.incident_view import (
    LONGEST,
    IncidentView,
    alert_count,
    author,
    clamp_lines,
    facts,
    log_line,
    read_incident,
)
from bolt_app.replies.builder import build_reply
from bolt_app.replies.outcome_text import Reply
from bolt_app.services import Services
from bolt_app.visibility import Visibility
from shared.pagerduty.models.log_entry import LogEntry
from shared.pagerduty.models.note import Note
from shared.slack.render.text import clamp, escape, external_link

LAST_NOTES = 3
LAST_ENTRIES = 5
LINKS = 5


class ShowIncident:
    """Reads one incident."""

    def __init__(self, wiring: Services, which: IncidentLookup) -> None:
        self._wiring = wiring
        self._which = which
        self._seeing = Visibility(wiring)

    async def answer(self, wish: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show it. Raises what the reading raises, and `Declined` where only a linked person may see it."""
        target = await self._which.find(wish, typed)
        if isinstance(target, Reply):
            return target
        whole = await read_incident(self._wiring.pagerduty, target.incident)
        if not await self._seeing.filter_visible(whole.incident, typed.by, typed.channel):
            return unknown_incident(wish, typed.command)
        return render_incident(whole)


def render_incident(whole: IncidentView) -> Reply:
    """Say all of it, the most urgent first."""
    return build_reply(facts(whole.incident), _alert(whole), _notes(whole.notes), _log(whole.log))


def _alert(whole: IncidentView) -> str:
    """Say what monitoring reported first."""
    if whole.alerts is None:
        return "_Its alerts could not be read._"
    if not whole.alerts:
        return ""
    first, count = whole.alerts[0], alert_count(whole)
    head = "*Alert*" if count == 1 else f"*First of {count} alerts*"
    said = " · ".join(escape(fact) for fact in (first.summary, first.severity, first.source) if fact)
    links = [external_link(link.href, link.text) for link in first.links[:LINKS]]
    return "\n".join([f"{head}: {clamp(said, LONGEST)}", *links])


def _notes(notes: Sequence[Note] | None) -> str:
    if notes is None:
        return "_Its notes could not be read._"
    last = sorted(notes, key=lambda note: note.created.ms)[-LAST_NOTES:]
    lines = [f"{author(note)}: {clamp_lines(note.content)}" for note in last]
    return "\n".join(["*Last notes*", *lines]) if lines else ""


def _log(entries: Sequence[LogEntry] | None) -> str:
    if entries is None:
        return "_Its log could not be read._"
    lines = [log_line(logged) for logged in entries[-LAST_ENTRIES:]]
    return "\n".join(["*Last of its log*", *lines]) if lines else ""
