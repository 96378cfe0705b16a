"""`timeline`: what happened to an incident, as Markdown to be copied into a report."""

from collections.abc import Iterator
from dataclasses import dataclass

from bolt_app.commands.incident_lookup import IncidentLookup, unknown_incident
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.visibility import Visibility
from shared.pagerduty.api.client import PagerDuty
from shared.slack.render.blocks import escape
from shared.slack.render.timeline_document import timeline_document
from shared.store.incidents import Incidents

PART, PARTS = 2800, 3
"""Characters of a part, and how many there are at most: Slack takes 3,000 in a section, and about 13,000 in all."""


@dataclass(frozen=True)
class Timeline:
    """Writes the timeline of an incident that the person sees."""

    pagerduty: PagerDuty
    visibility: Visibility
    incident_lookup: IncidentLookup
    incidents: Incidents

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Write it. Raises what the reading raises, and `Declined` where only a linked person may see it."""
        target = await self.incident_lookup.find(parsed, typed)
        if isinstance(target, Reply):
            return target
        read = (await self.pagerduty.incident(target.incident)).value
        if not await self.visibility.is_visible(read, typed.by, typed.channel):
            return unknown_incident(parsed, typed.command)
        return timeline_reply(timeline_document((await self.incidents.whole(target.incident)).value), target.label)


def timeline_reply(document: str, label: str) -> Reply:
    """Reply with a document, as it is to be copied; what has no room is left to the command of the operators."""
    parts = list(_parts(document))
    name = label.removeprefix("#")
    rest = f"It is longer than a message: `pagebridge timeline {escape(name)}` writes all of it." * (len(parts) > PARTS)
    return build_reply("The timeline as Markdown:", *parts[:PARTS], rest)


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
