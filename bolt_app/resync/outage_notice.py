"""Notifies each channel once which of its incidents were updated late, because webhooks were lost."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from shared.errors import CallError, Refused
from shared.model.event import SECOND, Snapshot, ids_of_teams
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.resync_state import GLOBAL, Gap, ResyncState
from shared.model.slack_state import SlackState
from shared.slack.render.blocks import Message, date, link, message, number, section, short
from shared.store.coordination import Lease
from shared.store.documents import Documents

log = structlog.get_logger()

MOST_INCIDENTS = 200
"""How many incidents a notice counts: a subscription may lack event types for long."""
MOST_NAMED = 10
"""How many of them it names."""
TITLE = 80
"""Characters that the title of each may take."""


@dataclass(frozen=True)
class OutageNotice:
    """Closes a gap: posts a notice once everything that was lost in it has been read."""

    message_sync: MessageSync
    incidents: Documents[Incident]
    slack_states: Documents[SlackState]
    resync_states: Documents[ResyncState]
    webhook_grace: float

    async def resync_passed(self, progress: ResyncState, late: Iterable[IncidentId], lease: Lease) -> ResyncState:
        """Add what a resync pass found; post the notice after the first pass for which nothing in the gap is young."""
        progress = add_late(progress, late)
        gap = progress.gap
        if gap is None or not gap.until_ms:
            return progress
        # PagerDuty cuts the times of events and of its responses to seconds.
        over_ms = gap.until_ms + int(self.webhook_grace * SECOND) + 2 * SECOND
        if progress.begun_ms < over_ms:
            return replace(progress, due_ms=min(progress.due_ms or over_ms, over_ms))
        return await self._announce(progress, gap, lease)

    async def _announce(self, progress: ResyncState, gap: Gap, lease: Lease) -> ResyncState:
        """Announce the gap in each channel; a notice that failed is retried after the next pass."""
        try:
            for channel, incidents in (await self._by_channel(gap.late)).items():
                await self._post(channel, gap, incidents, lease)
        except CallError as error:
            log.warning("gap_notice.failed", why=str(error))
            begun = (await self.resync_states.load(GLOBAL)).value.notices
            return replace(progress, notices=begun, due_ms=progress.begun_ms)
        return replace(progress, gap=None, notices={})

    async def _by_channel(self, late: Iterable[IncidentId]) -> dict[ChannelId, list[Snapshot]]:
        found: dict[ChannelId, list[Snapshot]] = defaultdict(list)
        for incident in late:
            snapshot = (await self.incidents.load(incident)).value.snapshot
            slack_state = (await self.slack_states.load(incident)).value
            for channel in slack_state.channels:
                if snapshot is not None and slack_state.shows(ids_of_teams(snapshot.teams), channel):
                    found[channel].append(snapshot)
                    break
        return found

    async def _post(self, channel: ChannelId, gap: Gap, incidents: list[Snapshot], lease: Lease) -> None:
        save = partial(self.resync_states.change, GLOBAL, lease=lease)
        known = (await self.resync_states.load(GLOBAL)).value.notices.get(channel, MessageState())
        notice = render_outage_notice(channel, gap, incidents)
        target: MessageTarget[ResyncState] = MessageTarget(
            channel,
            lambda state: lambda progress: replace(progress, notices={**progress.notices, channel: state}),
            save,
            save,
            lease,
            urgent=False,
            since_ms=gap.since_ms,
        )
        try:
            await self.message_sync.sync(notice, known, target, edit=False)
        except Refused as error:
            log.warning("gap_notice.failed", channel=channel, why=str(error), code=error.code)


def add_late(progress: ResyncState, late: Iterable[IncidentId]) -> ResyncState:
    """Add late incidents to the current gap, at most the latest `MOST_INCIDENTS`; without a gap, return unchanged."""
    if progress.gap is None:
        return progress
    known = dict.fromkeys([*progress.gap.late, *late])
    return replace(progress, gap=replace(progress.gap, late=tuple(known)[-MOST_INCIDENTS:]))


def render_outage_notice(channel: ChannelId, gap: Gap, incidents: Sequence[Snapshot]) -> Message:
    """Return the notice of how long no updates arrived, and which incidents were updated only afterwards."""
    titles = [(each.url, short(f"{number(each)} {each.title}".lstrip(), TITLE)) for each in incidents[:MOST_NAMED]]
    named = ", ".join(link(url, title) for url, title in titles)
    more = f" and {len(incidents) - MOST_NAMED} more" if len(incidents) > MOST_NAMED else ""
    updates = "Some of PagerDuty's updates" if gap.partial else "PagerDuty's updates"
    brought = "late" if gap.partial else "only now"
    text = (
        f":hourglass: {updates} were delayed from about {date(gap.since_ms)} to {date(gap.until_ms)}. "
        f"Updated {brought}: {named}{more}. Their threads say what happened when."
    )
    key = f"late:{channel}:{gap.since_ms}"
    return message(key, text, [section(text)], {"since": gap.since_ms, "until": gap.until_ms})
