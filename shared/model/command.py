"""A command: one action that a person asked for; its progress, and an incident's queue, carried out in its order."""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import zip_longest

from shared.errors import BridgeError
from shared.model.actions import Action
from shared.model.event import SECOND, Event, Instant, Ref, Source
from shared.model.event_types import ACKNOWLEDGED, REOPENED
from shared.model.ids import ChannelId, CommandId, EventId, IncidentId, MessageTs, SlackUserId, UserId, incident_id
from shared.model.outcome import Outcome
from shared.model.permissions import Warrant

KEPT = 72 * 3600 * SECOND
"""Milliseconds that an expectation is remembered: PagerDuty retries a delivery for 48 hours."""


HOME_TAB = ChannelId("")
"""Stands in the place of a channel for presses on the app's Home tab, which has no place for a reply."""


@dataclass(frozen=True)
class SlackActor:
    """The person behind an envelope, as Slack (never the button) names them."""

    id: SlackUserId
    team: str
    enterprise: str | None = None


@dataclass(frozen=True)
class ActionParams:
    """
    The parameters of an action; each action reads its own.

    `text` is the note, the resolution note, the status update, the message to responders, or the details of a new
    incident. `people` are PagerDuty users to assign or to ask. `policy`, `priority` and `service` are PagerDuty's.
    `target` is the incident to merge into, `level` an escalation level, from 1. `seconds` is the length of a snooze.
    `title` and `urgency` are those of a new incident. `incidents` are those that one press is about, by id and as
    people name them. `expected_assignees` are the assignees that the person saw: a change of assignees is refused if
    they are others by now; for several incidents `seen_by_incident` has them in their order.
    """

    text: str = ""
    people: tuple[Ref, ...] = ()
    policy: Ref | None = None
    priority: Ref | None = None
    service: Ref | None = None
    target: Ref | None = None
    level: int | None = None
    seconds: int = 0
    title: str = ""
    urgency: str = ""
    incidents: tuple[Ref, ...] = ()
    expected_assignees: frozenset[UserId] | None = None
    seen_by_incident: tuple[frozenset[UserId] | None, ...] = ()


@dataclass(frozen=True)
class Command:
    """
    One wish of one person about one incident, with where to answer them privately.

    One that is done in several calls is split into as many commands, `part` of `parts`, each with its own outcome.
    Those of one press on several incidents are `together` under an id of its own, where their outcomes are gathered.
    Raises `Malformed` for an incident that no key can be named after.
    """

    id: CommandId
    action: Action
    incident: IncidentId
    by: SlackActor
    channel: ChannelId
    message: MessageTs | None
    response_url: str
    label: str = ""
    """How the person named the incident or saw it named, such as `#37`: PagerDuty must call it so for a write."""
    url: str = ""
    """Where the card said that the incident's page is; a hint for words only."""
    params: ActionParams = ActionParams()
    part: int = 0
    parts: int = 1
    together: IncidentId | None = None
    always_reply: bool = False
    """True if the outcome is always told in words: it was typed or given on a private answer, and not on a card."""
    on_answer: bool = False
    """True if it was given on a private answer, in whose place its own answers stand: what that said is over."""
    requested_ms: int = 0
    """When it was requested: by Slack's clock, or by the store's when its modal was opened; 0 if unknown."""

    def __post_init__(self) -> None:
        incident_id(self.incident)

    @property
    def parent_id(self) -> CommandId:
        """The id of the command that this is a part of; its own when there is but one."""
        return CommandId(self.id.partition(".")[0])


@dataclass(frozen=True)
class CommandRecord:
    """
    A command and its progress. All times are the store's.

    `calls` counts the writes that were begun; `begun_ms` is when the last one was, `until_ms` its end with its latest
    effect. `uncertain` is true if a call was begun whose outcome is unknown. `reported` is true if the sender of the
    last call saw it end: only then can it not be sent any more. `warrant` is that of the last call. `replies_sent`
    counts the private replies. `outcome` is set before the clicker is told it, `ended_ms` after that. `trace` is the
    context of the trace that it is a part of.
    """

    command: Command
    accepted_ms: int
    calls: int = 0
    begun_ms: int = 0
    until_ms: int = 0
    uncertain: bool = False
    reported: bool = False
    warrant: Warrant = field(default_factory=Warrant)
    replies_sent: int = 0
    outcome: Outcome | None = None
    ended_ms: int = 0
    trace: str = ""


@dataclass(frozen=True)
class CommandQueue:
    """The records of one incident; ended ones are kept as long as an envelope or an echo may come again."""

    id: IncidentId
    records: tuple[CommandRecord, ...] = ()

    def appended(self, *records: CommandRecord) -> "CommandQueue":
        """Take in commands, each once, however often its envelope comes."""
        known = {record.command.id for record in self.records}
        new = (record for record in records if record.command.id not in known)
        return replace(self, records=(*self.records, *new))

    def replaced(self, record: CommandRecord, missing: BridgeError | None = None) -> "CommandQueue":
        """
        Replace the record of the same command; by its end, drop those that ended too long ago to be referred to.

        Raises `missing`, if that is given, when there is none to replace, or it has ended.
        """
        if missing and all(known.command.id != record.command.id for known in self.open()):
            raise missing
        records = (record if known.command.id == record.command.id else known for known in self.records)
        kept = (one for one in records if not one.ended_ms or one.ended_ms > record.ended_ms - KEPT)
        return replace(self, records=tuple(kept))

    def get(self, command: CommandId) -> CommandRecord | None:
        """Find the record of a command."""
        return next((record for record in self.records if record.command.id == command), None)

    def parts_of(self, command: Command) -> tuple[CommandRecord, ...]:
        """List the records of all parts of what one person asked for at once."""
        return tuple(record for record in self.records if record.command.parent_id == command.parent_id)

    def open(self) -> tuple[CommandRecord, ...]:
        """List the commands that are still to be carried out, or their clickers to be told, the next one first."""
        return tuple(record for record in self.records if not record.ended_ms)


class AttemptState(StrEnum):
    """The public states of a command that has not succeeded."""

    TRYING = "trying"
    UNCLEAR = "unclear"
    FAILED = "failed"


@dataclass(frozen=True)
class Attempt:
    """A command under way or failed, as the card shows it. `since_ms` is the store's time."""

    command: CommandId
    action: Action
    by: SlackUserId
    state: AttemptState
    since_ms: int


def attempts_with(
    shown: tuple[Attempt, ...], command: Command, state: AttemptState | None, since_ms: int
) -> tuple[Attempt, ...]:
    """
    Return the attempts to show when `command` has come to `state`, or has succeeded (None).

    Unless it is under way, it takes the place of what failed when the same person tried the same before.
    """
    ended, tried = state is not AttemptState.TRYING, (command.by.id, command.action)
    this = (Attempt(command.id, command.action, command.by.id, state, since_ms),) if state else ()
    others = (
        one for one in shown if not (ended and (one.by, one.action) == tried and one.state is not AttemptState.TRYING)
    )
    return (*(one for one in others if one.command != command.id), *this)


@dataclass(frozen=True)
class Expectation:
    """
    The event that a command is about to cause, by which its echo is told from another person's act.

    A webhook carries nothing that says "made by the bridge", so this is recorded before each call. An event matches if
    type, agent and detail agree and its time, on PagerDuty's clock, lies in the window. Each source may match once; a
    second match is an outside act.

    `detail` is the expected detail, None if unknown beforehand. `subject` is the id of the note or status update, once
    PagerDuty's response has given it; from then on it alone decides. `opens_ms` and `closes_ms` bound the window on
    PagerDuty's clock; `closes_ms` is None while the outcome of the call is unknown. `read_ms` is when the incident was
    last read before the write. `noted_ms` is the store's time, for expiry.
    """

    command: CommandId
    type: str
    agent: UserId
    detail: str | None
    read_ms: int
    opens_ms: int
    noted_ms: int
    closes_ms: int | None = None
    subject: str = ""
    matched: tuple[tuple[Source, EventId], ...] = ()

    @property
    def is_settled(self) -> bool:
        """True if PagerDuty has told when it took effect."""
        return self.opens_ms != self.read_ms

    def narrowed(self, at: Instant, subject: str | None = None) -> "Expectation":
        """Close the window around the time that PagerDuty gives, and one second more; `subject` is what was made."""
        subject = self.subject if subject is None else subject
        return replace(self, opens_ms=at.ms - SECOND, closes_ms=at.ms + at.span_ms + SECOND, subject=subject)

    def closed(self, after: float) -> "Expectation":
        """Close the window of a command that ended without a clear answer, `after` so many seconds from its opening."""
        return replace(self, closes_ms=self.closes_ms or self.opens_ms + SECOND + int(after * SECOND))

    def matches(self, event: Event) -> bool:
        """True if this command can have caused `event`."""
        if event.command is not None:
            return event.command == self.command
        if event.type != self.type:
            return False
        if self.subject:
            return event.subject == self.subject
        free = all(source is not event.source for source, _ in self.matched)
        return free and self._covers(event) and self.detail in (None, event.detail)

    def reopened_by(self, event: Event) -> bool:
        """
        True if `event` can be the reopening that a late acknowledge caused besides the acknowledge itself.

        It comes after the read that found the incident open, however far back the window of the acknowledge goes.
        """
        acknowledge = self.type == ACKNOWLEDGED and event.type == REOPENED
        return acknowledge and event.at.ms + event.at.span_ms > self.read_ms and self._covers(event)

    def _covers(self, event: Event) -> bool:
        """True if the person who clicked caused `event`, at a time in the window."""
        ours = event.agent is not None and event.agent.id == self.agent
        after = event.at.ms + event.at.span_ms > self.opens_ms
        return ours and after and (self.closes_ms is None or event.at.ms < self.closes_ms)


def split(command: Command) -> tuple[Command, ...]:
    """Make one command of each call that is needed, so that what one did is known apart from the others."""
    terms = command.params
    if terms.incidents:
        whole, own = replace(command, together=command.incident), replace(terms, incidents=(), seen_by_incident=())
        each = [
            replace(whole, incident=incident_id(one.id), label=one.name, params=replace(own, expected_assignees=seen))
            for one, seen in zip_longest(terms.incidents, terms.seen_by_incident)
        ]
    elif command.action is Action.ADD_RESPONDERS and len(terms.people) > 1:
        each = [replace(command, params=replace(terms, people=(person,))) for person in terms.people]
    else:
        return (command,)
    return tuple(
        replace(one, id=CommandId(f"{command.id}.{part}"), part=part, parts=len(each)) for part, one in enumerate(each)
    )


BY_RULE = "rule"
"""How the id of a command begins that no one pressed: a rule of `bridge.toml` asked for it, in a person's name."""


def command_id(user: SlackUserId, action_id: str, message: str, action_ts: str) -> CommandId:
    """
    Derive a command's id from Slack's own identifiers.

    A redelivered envelope has another envelope id but the same user, action, message (or view) and `action_ts` (or
    `trigger_id`), so it becomes the same command.
    """
    digest = hashlib.sha256(f"{user}\x1f{action_id}\x1f{message}\x1f{action_ts}".encode()).hexdigest()
    return CommandId(digest[:20])
