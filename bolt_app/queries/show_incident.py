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
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.services import Services
from shared.pagerduty.models.incident_parts import LogEntry, Note
from shared.slack.render.blocks import clamp, escape, external_link

LAST_NOTES = 3
LAST_ENTRIES = 5
LINKS = 5


class ShowIncident:
    """Reads one incident."""

    def __init__(self, services: Services, incident_lookup: IncidentLookup) -> None:
        self._services = services
        self._incident_lookup = incident_lookup
        self._visibility = services.visibility

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show it. Raises what the reading raises, and `Declined` where only a linked person may see it."""
        target = await self._incident_lookup.find(parsed, typed)
        if isinstance(target, Reply):
            return target
        view = await read_incident(self._services.pagerduty, target.incident)
        if not await self._visibility.is_visible(view.incident, typed.by, typed.channel):
            return unknown_incident(parsed, typed.command)
        return render_incident(view)


def render_incident(view: IncidentView) -> Reply:
    """Return the incident's summary, the most urgent first."""
    return build_reply(facts(view.incident), _alert(view), _notes(view.notes), _log(view.log))


def _alert(view: IncidentView) -> str:
    """Return the first alert as text."""
    if view.alerts is None:
        return "_The alerts couldn't be read._"
    if not view.alerts:
        return ""
    first, count = view.alerts[0], alert_count(view)
    head = "*Alert*" if count == 1 else f"*First of {count} alerts*"
    said = " · ".join(escape(fact) for fact in (first.summary, first.severity, first.source) if fact)
    links = [external_link(link.href, link.text) for link in first.links[:LINKS]]
    return "\n".join([f"{head}: {clamp(said, LONGEST)}", *links])


def _notes(notes: Sequence[Note] | None) -> str:
    if notes is None:
        return "_The notes couldn't be read._"
    last = sorted(notes, key=lambda note: note.created.ms)[-LAST_NOTES:]
    lines = [f"{author(note)}: {clamp_lines(note.content)}" for note in last]
    return "\n".join(["*Latest notes*", *lines]) if lines else ""


def _log(entries: Sequence[LogEntry] | None) -> str:
    if entries is None:
        return "_The activity couldn't be read._"
    lines = [log_line(logged) for logged in entries[-LAST_ENTRIES:]]
    return "\n".join(["*Latest activity*", *lines]) if lines else ""
