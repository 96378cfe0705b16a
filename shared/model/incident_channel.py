"""
The channel of one incident: what is known of it, and who belongs in it. Pure.

A name is recorded before it is tried. No two channels of a workspace have one name (Slack: conversations.create), so a
call whose end is unknown may be made again: the second one finds the name taken, and the channel is looked for.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from shared.model.event import Instant, Snapshot, ids_of_teams
from shared.model.event_types import ACKNOWLEDGED, CHANNEL_ASKED, CHANNEL_FAILED, CHANNEL_OPENED, RESPONDER_REPLIED
from shared.model.ids import ChannelId, IncidentId, LineKey, MessageTs, TeamId, UserId
from shared.model.incident import Incident
from shared.model.timeline import Line, line_time

ARCHIVING, ARCHIVED = "archiving", "archived"
"""Why a channel is shut: the bridge archives it, or has done so. Any other reason is Slack's."""
USE = "use"
"""The step that stands for all others in a channel that is lost."""
WITHHELD = "withheld"
"""Recorded as the topic's state while the incident is not shown in the channel any more."""
MARKER = "pagebridge:"
"""Stands before the incident's id in the channel's description."""
JOINED = ":joined"
"""The end of the detail of a responder's answer if they joined (`shared.pagerduty.events.details.responder`)."""


@dataclass(frozen=True)
class IncidentChannel:
    """
    The channel of an incident, as far as it is known.

    `name` is the one that it has or that is tried, the one after `tries` others; `begun_ms` is when that was first
    tried, and until `until_ms` a call whose end is unknown may still open it, both by the store's clock. It was opened
    for the incident's `teams` of then. `found_ms` is from when on a card may be in it that is not recorded: it was
    there before. `shut` is why it can't be used, empty if it can. `topic` is the status that its topic tells.
    `invited` are the people who were let in, or can't be, `failed` the steps that are not tried again, `asked_ms` is
    the time of the last demand that was heard. `admitted`: it may be opened by itself; `bounded`: it was not, because
    too many others were.
    """

    id: IncidentId
    name: str = ""
    tries: int = 0
    begun_ms: int = 0
    until_ms: int | None = None
    channel: ChannelId | None = None
    is_private: bool = False
    teams: frozenset[TeamId] = frozenset()
    found_ms: int = 0
    shut: str = ""
    described: bool = False
    topic: str = ""
    bookmark_begun: bool = False
    bookmarked: bool = False
    pinned: MessageTs | None = None
    invited: frozenset[UserId] = frozenset()
    failed: frozenset[str] = frozenset()
    asked_ms: int = 0
    admitted: bool = False
    bounded: bool = False

    @property
    def is_wanted_again(self) -> bool:
        """True if a person has asked for it since it was lost."""
        return bool(self.shut) and USE not in self.failed

    @property
    def usable(self) -> ChannelId | None:
        """The channel, if it can be used."""
        return None if self.shut else self.channel

    @property
    def was_shown(self) -> bool:
        """True if the incident has been shown in it, so that people may be there."""
        return bool(self.topic or self.pinned or self.invited)

    def begun(self, name: str, now_ms: int, until_ms: int) -> "IncidentChannel":
        """Note that a name is tried, by a call that may take effect until then."""
        since_ms = self.begun_ms if name == self.name and self.begun_ms else now_ms
        return replace(self, name=name, begun_ms=since_ms, until_ms=until_ms)

    def opened(self, channel: ChannelId, snapshot: Snapshot, found_ms: int = 0, *, private: bool) -> "IncidentChannel":
        """Note that the channel is there; one that was `found` may have a card."""
        teams = ids_of_teams(snapshot.teams) or frozenset()
        return replace(
            self, channel=channel, until_ms=None, is_private=private, teams=teams, found_ms=found_ms, shut=""
        )

    def taken(self) -> "IncidentChannel":
        """Note that the name belongs to another channel."""
        return replace(self, name="", tries=self.tries + 1, begun_ms=0, until_ms=None)

    def replaced(self) -> "IncidentChannel":
        """Forget a channel that can't be used any more: the next one has another name."""
        kept = IncidentChannel(self.id, tries=self.tries + 1, asked_ms=self.asked_ms)
        return replace(kept, admitted=self.admitted)

    def asked(self, at_ms: int, by: Collection[UserId]) -> "IncidentChannel":
        """Note a request: failed steps may be retried, and the people who asked are invited again."""
        return replace(self, asked_ms=at_ms, failed=frozenset(), invited=self.invited.difference(by))

    def lost(self, code: str) -> "IncidentChannel":
        """Note that it can't be used, by Slack's word for why, until it is asked for again."""
        return replace(self.failed_at(USE), shut=code)

    def failed_at(self, step: str) -> "IncidentChannel":
        """Note a step that is not tried again."""
        return replace(self, failed=self.failed | {step})

    def may_be_shown(self, teams: frozenset[TeamId] | None) -> bool:
        """True if the incident of `teams` may be shown in it: it was opened for these."""
        return self.usable is not None and self.teams == teams

    def named_for(self, teams: frozenset[TeamId] | None) -> tuple[ChannelId, ...]:
        """Return it if an incident of `teams`, one of them private, belongs in it: it is private, and for these."""
        return (self.channel,) if self.channel and self.is_private and self.may_be_shown(teams) else ()


def demands_since(incident: Incident, ms: int) -> dict[UserId, int]:
    """Return who has asked for the channel since then, and when."""
    asked = [line for line in incident.lines if line.type == CHANNEL_ASKED and line.at.end > ms]
    return {UserId(line.agent.id if line.agent else ""): line.at.end for line in asked}


def people_in(incident: Incident) -> dict[UserId, str]:
    """Return the people who belong in the channel, names by id: assignees, and people who acted or accepted to help."""
    assigned = incident.snapshot.assignees if incident.snapshot else ()
    joined = {UserId(ref.id): ref.name for ref in assigned}
    for line in incident.lines:
        if line.type == RESPONDER_REPLIED and line.detail.endswith(JOINED):
            joined.setdefault(UserId(line.detail.removesuffix(JOINED)), line.detail_value("responder"))
        elif line.type in {ACKNOWLEDGED, CHANNEL_ASKED} and line.agent is not None and line.agent.is_user:
            joined.setdefault(UserId(line.agent.id), line.agent.name)
    return {user: name for user, name in joined.items() if user}


def with_opened(incident: Incident, own: IncidentChannel, now_ms: int) -> Incident:
    """Return the projection with the line that tells of the channel; its key makes a second one impossible."""
    details = (("channel", own.channel or ""), ("name", own.name))
    return _with_line(incident, f"{CHANNEL_OPENED}:{own.channel}", CHANNEL_OPENED, details, now_ms)


def with_failure(incident: Incident, step: str, details: Iterable[tuple[str, str]], now_ms: int) -> Incident:
    """Return the projection with the line that tells of a failed `step`, unless it was told before."""
    return _with_line(incident, f"{CHANNEL_FAILED}:{step}", CHANNEL_FAILED, details, now_ms)


def _with_line(incident: Incident, key: str, kind: str, details: Iterable[tuple[str, str]], now_ms: int) -> Incident:
    if any(line.key == key for line in incident.lines):
        return incident
    line = Line(LineKey(key), kind, Instant(now_ms), None, (), details=tuple(sorted(details)))
    return replace(incident, lines=tuple(sorted((*incident.lines, line), key=line_time)))
