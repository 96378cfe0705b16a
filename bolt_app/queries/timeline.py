"""`timeline`: what happened to an incident, as Markdown to be copied into a report."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from bolt_app.commands.incident_lookup import IncidentLookup, unknown_incident
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.queries.router import QUERY_TIMEOUT
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.visibility import Visibility
from shared.config.bridge_config import LiveConfig
from shared.errors import CallError, Malformed, Refused
from shared.model.ids import SlackUserId
from shared.observability.log import reference
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.slack.api.errors import NO_CANVASES
from shared.slack.render.blocks import escape, external_link
from shared.slack.render.timeline_document import timeline_document
from shared.store.incidents import Incidents

log = structlog.get_logger()

PART, PARTS = 2800, 3
"""Characters of a part, and how many there are at most: Slack takes 3,000 in a section, and about 13,000 in all."""
CANVAS_TIMEOUT = 4.0
"""Seconds that a canvas may take."""
MARGIN = 1.0
"""Seconds of the answer's time that are left to the Markdown."""


@dataclass(frozen=True)
class Timeline:
    """Writes the timeline of an incident that the person sees."""

    pagerduty: PagerDuty
    visibility: Visibility
    incident_lookup: IncidentLookup
    incidents: Incidents
    slack: Slack
    config: LiveConfig

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Write it. Raises what the reading raises, and `Declined` where only a linked person may see it."""
        begun = asyncio.get_running_loop().time()
        target = await self.incident_lookup.find(parsed, typed)
        if isinstance(target, Reply):
            return target
        read = (await self.pagerduty.incident(target.incident)).value
        if not await self.visibility.is_visible(read, typed.by, typed.channel):
            return unknown_incident(parsed, typed.command)
        document = timeline_document((await self.incidents.whole(target.incident)).value)
        if not self.config.current.timeline_canvas:
            return timeline_reply(document, target.label)
        seconds = canvas_timeout(asyncio.get_running_loop().time() - begun)
        canvas = await self.canvas(document, target.label, typed.by.id, seconds)
        return timeline_reply(document, target.label, canvas)

    async def canvas(self, document: str, label: str, reader: SlackUserId, seconds: float) -> str:
        """
        Make a canvas for one reader in so many seconds; return what they are told of it.

        Nothing where there are no canvases. One that was given up half-way no person can open.
        """
        try:
            async with asyncio.timeout(seconds):
                canvas = await self.slack.create_canvas(f"Timeline of {label}", document)
                address = await self.slack.canvas_address(canvas)
                await self.slack.share_canvas(canvas, reader)
            return canvas_made(address, label)
        except (CallError, Malformed, TimeoutError) as error:
            if isinstance(error, Refused) and error.code in NO_CANVASES:
                return ""
            quoted = reference()
            log.error("timeline.no_canvas", reference=quoted, why=str(error) or f"no answer within {seconds:.1f} s")
            return no_canvas(error, quoted)


def canvas_timeout(spent: float) -> float:
    """Return the seconds that a canvas may take where the reading took `spent`: none is left if that is not above 0."""
    return min(CANVAS_TIMEOUT, QUERY_TIMEOUT - MARGIN - spent)


def canvas_made(address: str, label: str) -> str:
    """Return where the canvas is."""
    return f"As a canvas that only you can open: {external_link(address, f'Timeline of {label}')}"


def no_canvas(error: CallError | Malformed | TimeoutError, quoted: str) -> str:
    """Return why there is no canvas."""
    if isinstance(error, TimeoutError):
        return f":warning: No canvas: Slack took too long. Type the command again to try again. Reference: {quoted}."
    if isinstance(error, Refused) and error.code == "missing_scope":
        return f":warning: No canvas: the Slack app lacks the scope `canvases:write`. Reference: {quoted}."
    return f":warning: No canvas ({escape(str(error))}). Type the command again to try again. Reference: {quoted}."


def timeline_reply(document: str, label: str, canvas: str = "") -> Reply:
    """Reply with a document, as it is to be copied; what has no room is left to the command of the operators."""
    parts = list(_parts(document))
    name = label.removeprefix("#")
    rest = f"It is longer than a message: `pagebridge timeline {escape(name)}` writes all of it." * (len(parts) > PARTS)
    return build_reply(canvas, "The timeline as Markdown:", *parts[:PARTS], rest)


def _parts(document: str) -> Iterator[str]:
    """Give the document in blocks of code, none of which breaks a line unless that is too long for one."""
    part = ""
    for line in document.replace("```", "'''").splitlines():
        shown = escape(line)[: PART - 1]
        if len(part) + len(shown) >= PART:
            yield f"```{part}```"
            part = ""
        part += f"{shown}\n"
    yield f"```{part}```"
