"""`list`: the open incidents of this channel, of the person who asks, or all that they may see."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Scope, Verb
from bolt_app.open_incidents import OpenIncident, OpenIncidentReader, OpenList, most_urgent
from bolt_app.replies.builder import PARAGRAPH, Reply, age, as_code, build_reply, headline, people_listed
from bolt_app.visibility import Visibility
from shared.access.identity import Identity
from shared.errors import CallError, Malformed
from shared.model.command import SlackActor
from shared.model.event import Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId
from shared.model.outcome import Declined
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.models.account import User
from shared.slack.render.buttons import several_button
from shared.store.clock import StoreClock

log = structlog.get_logger()

MOST = 20
"""Incidents that are listed; the others are counted."""
MEMBER_TIMEOUT = 1.0
"""Seconds that a list waits for Slack to say whether the person is a member."""
PER_PARAGRAPH = 5
OPEN = (Status.TRIGGERED, Status.ACKNOWLEDGED)
NONE = {
    Scope.CHANNEL: "No incident is open in this channel.",
    Scope.MINE: "No open incident is assigned to you.",
    Scope.ALL: "There are no open incidents that you can see.",
}
HEADINGS = {Scope.CHANNEL: "Open in this channel", Scope.MINE: "Open and assigned to you", Scope.ALL: "Open"}


@dataclass(frozen=True)
class ListIncidents:
    """Lists incidents."""

    pagerduty: PagerDuty
    identity: Identity
    open_reader: OpenIncidentReader
    visibility: Visibility
    clock: StoreClock

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """List them. Raises what the readings raise, and `Declined` where only a linked person may see them."""
        found = await self.found(parsed.scope, typed.by, typed.channel)
        # The other lists are a linked person's.
        offered = parsed.scope is not Scope.CHANNEL or await self._is_member(typed.by)
        now_ms = self.clock.estimate_ms()
        return render_list(parsed.scope, found.incidents, now_ms, typed.command, found.rest, offered=offered)

    async def _is_member(self, by: SlackActor) -> bool:
        """False if Slack says that they are a guest, or else no member: nothing is offered that would be refused."""
        try:
            async with asyncio.timeout(MEMBER_TIMEOUT):
                await self.identity.require_member(by)
        except Declined:
            return False
        except (CallError, Malformed, TimeoutError) as error:
            log.warning("member.unknown", why=repr(error))  # a press decides
        return True

    async def found(self, scope: Scope, by: SlackActor, channel: ChannelId) -> OpenList:
        """Find what a person sees of the open incidents, in a channel, of their own, or all. Raises as `answer`."""
        match scope:
            case Scope.CHANNEL:
                return await self.open_reader.shown_in(channel)
            case Scope.MINE:
                user = (await self.identity.link(by)).user
                return OpenList(tuple(await assigned_to(self.pagerduty, user, OPEN)))
            case Scope.ALL:
                return await self._all(by, channel)

    async def _all(self, by: SlackActor, channel: ChannelId) -> OpenList:
        user = (await self.identity.link(by)).user
        known = await self.open_reader.all()
        here = {shown.id for shown in (await self.open_reader.shown_in(channel)).incidents}
        seen = {incident.id for incident in await self.visibility.seen(user, known.incidents)}
        return replace(known, incidents=tuple(one for one in known.incidents if one.id in here | seen))


async def assigned_to(pagerduty: PagerDuty, user: User, statuses: Sequence[Status]) -> list[OpenIncident]:
    """Read the incidents of some statuses that are assigned to a person."""
    wanted = IncidentFilter(statuses=statuses, users=[user.id])
    return [OpenIncident(read.id, read.snapshot, read.updated) async for read in pagerduty.incidents(wanted)]


def render_list(
    scope: Scope, found: Sequence[OpenIncident], now_ms: int, command: str, rest: str = "", *, offered: bool = True
) -> Reply:
    """Return the open incidents, most urgent first, the button if `offered`; `rest` says what is not among them."""
    if not found:
        every = as_code(f"{command} {Verb.LIST} {Scope.ALL}")
        none = NONE[scope] + ("" if scope is Scope.ALL else f" {every} lists all open incidents.")
        return build_reply(none, rest)
    rows = [
        incident_row(headline(one.id, one.snapshot), one.snapshot, now_ms, people_listed(one.snapshot.assignees))
        for one in most_urgent(found)[:MOST]
    ]
    more = f"…and {len(found) - MOST} more." if len(found) > MOST else ""
    press = [several_button(f"list:{scope}")] if offered else []
    return build_reply(f"*{HEADINGS[scope]}: {len(found)}*", *paragraphs(rows), more, rest, press=press)


def incident_row(name: str, snapshot: Snapshot, now_ms: int, people: str = "") -> str:
    """Return one incident in one line: its name, its urgency unless that is high, its people and its age."""
    urgency = "" if snapshot.urgency == "high" else f"{snapshot.urgency} urgency"
    return " · ".join(filter(None, (name, urgency, people, age(snapshot.created_ms, now_ms))))


def paragraphs(rows: Iterable[str]) -> list[str]:
    """Put rows together in paragraphs, none of which is too long for Slack."""
    together: list[list[str]] = []
    for row in rows:
        last = together[-1] if together else [row] * PER_PARAGRAPH
        if len(last) < PER_PARAGRAPH and len("\n".join((*last, row))) <= PARAGRAPH:
            last.append(row)
        else:
            together.append([row])
    return ["\n".join(each) for each in together]
