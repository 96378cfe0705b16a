"""
**Details** on a card: everything that PagerDuty has of an incident, in a dialog that only the person sees.

The most of each kind keeps the whole far below the 100 blocks and 250 KB of a view (Slack's page on views), and every
paragraph below the 3000 characters of a section.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bolt_app.modals.context import ModalContext
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries.router import read_or_explain
from bolt_app.queries.show_incident import (
    LONGEST,
    IncidentView,
    alert_count,
    author,
    facts,
    latest,
    log_line,
    read_incident,
    reported_by,
)
from bolt_app.replies.builder import quoted_paragraphs
from bolt_app.visibility import Visibility
from shared.errors import NotFound
from shared.model.command import SlackActor
from shared.model.ids import IncidentId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident_parts import Alert, LogEntry, Note
from shared.slack.render.blocks import Block, clamp, context, escape, external_link, link, plain, section, short
from shared.slack.render.thread_line import quote

MOST_WRITTEN = 3
"""Paragraphs of the text that an incident was opened with: a dialog's field holds no more."""
MOST_ALERTS, MOST_NOTES, MOST_ENTRIES = 20, 20, 60
LINKS = 5
LINES = 5
"""Lines of an alert's details that are shown."""
SHORT_VALUE = 150
ENTRY = 295
PER_PARAGRAPH = 10
PARAGRAPH = 3000
DIVIDER: Block = {"type": "divider"}


@dataclass(frozen=True)
class IncidentDetails:
    """Opens the details modal, if the person may see the incident."""

    pagerduty: PagerDuty
    visibility: Visibility
    modal_opener: ModalOpener

    async def open(self, incident: IncidentId, about: ModalContext, by: SlackActor, trigger_id: str) -> None:
        """Open the modal and fill it; failures are shown in it. Never raises `CallError`."""

        async def told() -> Block:
            found = await read_or_explain("details", self._read(incident, about, by), self.visibility.identity.contact)
            return view(about, [section(found)] if isinstance(found, str) else found)

        await self.modal_opener.open_and_load(about, by, trigger_id, loading(about), told)

    async def _read(self, incident: IncidentId, about: ModalContext, by: SlackActor) -> list[Block] | str:
        try:
            whole = await read_incident(self.pagerduty, incident)
            if await self.visibility.is_visible(whole.incident, by, about.channel):
                return details_blocks(whole)
        except NotFound:
            pass
        return f":no_entry: I can't find incident {escape(about.label or incident)}, or you can't see it."


def loading(about: ModalContext) -> Block:
    """Show that the details are on their way."""
    return view(about, [_paragraph("Loading… reading alerts, notes and activity from PagerDuty.")])


def view(about: ModalContext, blocks: Sequence[Block]) -> Block:
    """Put the dialog together, in which there is nothing to send."""
    title = {"type": "plain_text", "text": plain(f"Details {about.label}".strip(), 24), "emoji": False}
    close = {"type": "plain_text", "text": "Close"}
    return {"type": "modal", "callback_id": "pagebridge:details", "title": title, "close": close, "blocks": [*blocks]}


def details_blocks(whole: IncidentView) -> list[Block]:
    """Return the blocks of the details view, the most urgent first."""
    written = [_paragraph(part) for part in quoted_paragraphs("*Details*", whole.incident.details)]
    parts = (written[:MOST_WRITTEN], _alerts(whole), _notes(whole.notes), _log(whole.log))
    told = [[DIVIDER, *part] for part in parts if part]
    page = link(whole.incident.snapshot.url, "Open in PagerDuty")
    head = _paragraph("\n".join([facts(whole.incident), *([page] if page.startswith("<") else [])]))
    return [head, *(block for part in told for block in part)]


def _alerts(whole: IncidentView) -> list[Block]:
    if whole.alerts is None:
        return [context("The alerts couldn't be read.")]
    if not whole.alerts:
        return [context("No alerts")]
    count = alert_count(whole)
    active = f" ({whole.incident.alerts.triggered} active)" if whole.incident.alerts else ""
    head = _paragraph(f"*{'1 alert' if count == 1 else f'{count} alerts'}*{active}")
    rest = _more(count - MOST_ALERTS, "later")
    return [head, *(_paragraph(_alert(alert)) for alert in whole.alerts[:MOST_ALERTS]), *rest]


def _alert(alert: Alert) -> str:
    name = link(alert.url, short(alert.summary, LONGEST) or "Alert")
    said = [escape(clamp(fact, SHORT_VALUE)) for fact in (alert.severity, alert.source, alert.status) if fact]
    said += [reported_by(alert.client)] if alert.client else []
    links = " · ".join(external_link(one.href, one.text) for one in alert.links[:LINKS])
    lines = [line for name, value in alert.details for line in _lines(name, value)]
    more = ["> …"] if len(lines) > LINES else []
    written = [f"> {clamp(line, SHORT_VALUE)}" for line in lines[:LINES]]
    return "\n".join(filter(None, [f"*{name}*", " · ".join(said), links, *written, *more]))


def _lines(name: str, value: str) -> Iterable[str]:
    """Write one detail, which may be a text of several lines."""
    first, *others = [escape(line.strip()) for line in value.splitlines() if line.strip()] or [""]
    return [f"{escape(name)}: {first}" if name else first, *others]


def _notes(notes: tuple[Note, ...] | None) -> list[Block]:
    if notes is None:
        return [context("The notes couldn't be read.")]
    if not notes:
        return [context("No notes")]
    told = [
        _paragraph("\n".join(filter(None, (author(note), quote(note.content)[0]))))
        for note in latest(notes, MOST_NOTES)
    ]
    return [_paragraph("*Notes*"), *_more(len(notes) - MOST_NOTES, "earlier"), *told]


def _log(entries: Sequence[LogEntry] | None) -> list[Block]:
    if entries is None:
        return [context("The activity couldn't be read.")]
    last = [clamp(log_line(logged), ENTRY) for logged in entries[-MOST_ENTRIES:]]
    told = [_paragraph("\n".join(last[at : at + PER_PARAGRAPH])) for at in range(0, len(last), PER_PARAGRAPH)]
    return [_paragraph("*Activity*"), *_more(len(entries) - MOST_ENTRIES, "earlier"), *told] if told else []


def _paragraph(text: str) -> Block:
    return section(clamp(text, PARAGRAPH))


def _more(count: int, kind: str) -> list[Block]:
    return [context(f"…and {count} {kind}, in PagerDuty.")] if count > 0 else []
