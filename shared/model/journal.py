"""
Pure: what is kept of the past: the journal of an incident, with what the bridge saw, decided and did, and the audit.

Most facts are derived from how a document changed, in the same atomic step, so none can be forgotten.

A fact holds ids, numbers and single words of the bridge only, and an entry of the audit names and numbers: no sentence,
address or link fits into them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.errors import BridgeError, Refused, Unavailable
from shared.model.actions import Action
from shared.model.command import CommandQueue
from shared.model.direct_card import DirectCard
from shared.model.event_types import TRIGGERED
from shared.model.ids import CommandId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.outcome import Kind
from shared.model.permissions import VERDICTS
from shared.model.slack_state import SlackState
from shared.model.thread_layout import SUMMED

UNFIT = "?"
"""Stands for a text that has not the shape of its field, so that no oddity of an id keeps a command from ending."""
CARD = "card"
"""How a fact about a message calls the card; it calls a line by its key."""

# `@` only as in the key of a line: not as in an e-mail address.
_SAFE_VALUE = re.compile(r"(?:[A-Za-z0-9_.:#,+-]|@\d{1,15}(?![\w.])){1,200}", re.ASCII)


@dataclass(frozen=True)
class Fact:
    """One fact, named `noun.verb` as in the log, and what it is about, by name. What is not known is left out."""

    name: str
    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Look up what it is about, empty when that is not known."""
        return dict(self.fields).get(name, "")


Facts = tuple[Fact, ...]


def fact(what: str, **about: object) -> Fact:
    """Make a fact. `?` stands for a text that has not the shape of an id, so that nothing else gets into a journal."""
    fields = []
    for name, value in about.items():
        if value not in (None, ""):
            text = f"{value:.1f}" if isinstance(value, float) else str(value)
            fields.append((name, text if _SAFE_VALUE.fullmatch(text) else UNFIT))
    return Fact(what, tuple(fields))


def failure(what: str, error: BridgeError, **about: object) -> Fact:
    """Make a fact of something that failed: of which kind, with which code, and how many seconds it has to wait."""
    refused = error if isinstance(error, Refused) else Refused("")
    wait = error.retry_after if isinstance(error, Unavailable) else None
    kind = type(error).__name__.lower()
    return fact(what, **{"error": kind, "status": refused.status, "code": refused.code, "wait": wait, **about})


def incident_facts(before: Incident, after: Incident) -> Facts:
    """Return the facts of a changed projection."""
    told: list[Fact] = []
    now = after.snapshot
    if now is not None and (before.snapshot is None or now.facts != before.snapshot.facts):
        assigned = ",".join(sorted(now.assignee_ids))
        as_of = after.as_of.ms if after.as_of else None
        told.append(fact("incident.known", status=now.status, urgency=now.urgency, assigned=assigned, as_of_ms=as_of))
    if after.needs_read != before.needs_read:
        told.append(fact("incident.unread" if after.needs_read else "incident.read"))
    known = {line.key for line in before.lines}
    for line in after.lines:
        if line.key not in known and line.type not in {SUMMED, TRIGGERED}:
            by = line.agent.id if line.agent else None
            source = line.slots[0][0] if line.slots else None
            told.append(fact("line.opened", line=line.key, type=line.type, by=by, command=line.command, source=source))
    counted = [sum(int(line.detail_value("count") or 0) for line in one.lines) for one in (before, after)]
    if counted[1] > counted[0]:
        told.append(fact("lines.counted", changes=counted[1] - counted[0]))
    # The progress of our own commands: expectations, their echoes, and traces on the card.
    earlier = {expected.command: expected for expected in before.expectations}
    for expected in after.expectations:
        was = earlier.pop(expected.command, None)
        if was is None:
            told.append(fact("echo.expected", command=expected.command, type=expected.type, by=expected.agent))
        for source, event in expected.matched[len(was.matched) if was else 0 :]:
            told.append(fact("echo.recognised", command=expected.command, event_id=event, source=source))
    shown = (attempt for attempt in after.attempts if attempt not in before.attempts)
    told += [fact("attempt.shown", command=attempt.command, state=attempt.state) for attempt in shown]
    return tuple(told)


def queue_facts(before: CommandQueue, after: CommandQueue) -> Facts:
    """Return the facts of a changed command queue. Outcomes are in the audit."""
    told: list[Fact] = []
    earlier = {record.command.id: record for record in before.records}
    for now in after.records:
        was, asked = earlier.get(now.command.id), now.command
        if was is None:
            accepted = now.accepted_ms
            told.append(
                fact("command.queued", command=asked.id, action=asked.action, by=asked.by.id, accepted_ms=accepted)
            )
        elif now.calls > was.calls:
            told.append(fact("call.begun", command=asked.id, call=now.calls))
        elif now.reported and not was.reported:
            unclear = "yes" if now.uncertain else "no"
            told.append(fact("call.failed", command=asked.id, call=was.calls, unclear=unclear))
    return tuple(told)


def slack_facts(before: SlackState, after: SlackState) -> Facts:
    """Return the facts of changed messages."""
    told: list[Fact] = []
    if after.generation and not before.generation and after.cards:
        told.append(fact("incident.adopted", channels=",".join(after.channels), lines=len(after.lines)))
    if after.displaced and after.displaced != before.displaced:
        told.append(fact("card.displaced", channel=after.displaced, instead=after.channels[0]))
    told += [fact("channel.closed", channel=channel) for channel in sorted(after.waiting - before.waiting)]
    told += [fact("channel.opened", channel=channel) for channel in sorted(before.waiting - after.waiting)]
    joined, left = after.digests.keys() - before.digests.keys(), before.digests.keys() - after.digests.keys()
    told += [fact("digest.joined", channel=channel) for channel in sorted(joined)]
    told += [fact("digest.left", channel=channel) for channel in sorted(left)]
    cleared = after.privacy.cleared_in - before.privacy.cleared_in
    told += [fact("thread.cleared", channel=channel) for channel in sorted(cleared)]
    if not before.generation and after.announced_until_ms:
        return tuple(told)  # adopted: found as a whole
    home = after.channels[0] if after.channels else ""
    cards = [(before.cards.get(channel), now, channel, CARD) for channel, now in after.cards.items()]
    lines = [(before.lines.get(key), now, home, key) for key, now in after.lines.items()]
    for earlier, now, channel, message in (*cards, *lines):
        was = earlier or MessageState()
        verb = _verb(was, now)
        if verb:
            told.append(fact(f"message.{verb}", message=message, channel=channel, ts=now.ts or was.ts))
    if after.direct:
        told += [fact(f"direct.{verb}", person=person) for person, verb in _direct_verbs(before, after)]
    return tuple(told)


def _direct_verbs(before: SlackState, after: SlackState) -> Iterator[tuple[SlackUserId, str]]:
    """Yield the change of each person's own card."""
    for conversation, now in after.direct.items():
        was = before.direct.get(conversation) or replace(now, message=MessageState(), summed=False, gone=False)
        verb = "" if was.gone else _direct_verb(was, now)
        if verb:
            yield now.person, verb


def _direct_verb(was: DirectCard, now: DirectCard) -> str:
    """Return the change of a person's own card; empty if there is none, or if it is posted anew later."""
    if now.gone:
        return "gone"
    if now.summed and not was.summed:
        return "summed"
    verb = _verb(was.message, now.message)
    return "" if verb == "gone" else verb


def _verb(was: MessageState, now: MessageState) -> str:
    """Return what became of one message; empty if nothing to report."""
    if was.ts is None and now.ts is None:
        begun = "posting" if now.uncertain else "not_posted"
        return "" if now.uncertain == was.uncertain else begun
    if was.ts is None:
        return "found" if now.content_digest is None else "posted"
    if now.ts is None:
        return "gone"
    if now.content_digest not in (None, was.content_digest):
        return "updated"
    return "unclear" if now.until_ms not in (None, was.until_ms) else ""


class Decision(StrEnum):
    """Whether they might."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    """It ended before a decision, for example because PagerDuty did not answer."""


@dataclass(frozen=True)
class AuditEntry:
    """
    One command, or one step of one that is done in several calls, with its end at `at_ms` by the store's clock.

    `mapped` is how the Slack user was recognised: `table`, `e-mail`, or as `LinkedBy` says. `rule` is what decided, by
    its name in `shared.access.authorization`. `sent` is the last request: method, path and names of fields. `answer` is
    PagerDuty's: `2xx`, or the kind of error with the HTTP status and PagerDuty's code where it gave them. A text is
    empty where there is nothing to record.
    """

    at_ms: int
    command: CommandId
    action: Action
    incident: IncidentId
    slack_user: SlackUserId
    pagerduty_user: UserId | None
    outcome: Kind
    label: str = ""
    mapped: str = ""
    rule: str = ""
    sent: str = ""
    answer: str = ""
    reference: str = ""
    decision: Decision = field(init=False)

    @property
    def step(self) -> int | None:
        """Which step of its command it is, from 1; None when that has but one."""
        _, _, part = self.command.partition(".")
        return int(part) + 1 if part else None

    def __post_init__(self) -> None:
        for name, shape in _SHAPES.items():
            if not shape.fullmatch(getattr(self, name) or ""):
                object.__setattr__(self, name, UNFIT)
        decision = Decision.ALLOWED if self.rule else Decision.UNDECIDED
        if self.outcome in {Kind.NOT_LINKED, Kind.NOT_ALLOWED}:
            decision = Decision.REFUSED
        object.__setattr__(self, "decision", decision)


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern}|{re.escape(UNFIT)})?", re.ASCII)


_NAMES = r"[a-z_]{1,30}(?:(?:, | or )[a-z_]{1,30}){0,5}"
_SHAPES = {
    "command": _shape(r"[a-z0-9]{1,24}(?:\.\d{1,3})?"),
    "incident": _shape(r"[A-Z0-9]{1,32}"),
    "slack_user": _shape(r"[UW][A-Z0-9]{1,20}"),
    "pagerduty_user": _shape(r"[A-Z0-9]{1,20}"),
    "label": _shape(r"#\d{1,12}"),
    "mapped": _shape("table|e-mail|sign-in|approval"),
    "rule": _shape("|".join(sorted(VERDICTS))),
    "sent": _shape(rf"(?:POST|PUT|DELETE) (?:/(?:[a-z_]{{1,30}}|[A-Z0-9]{{1,32}})){{1,4}}(?: {_NAMES})?"),
    "answer": _shape(r"2xx|(?:refused|unavailable|uncertain)(?: +\d{3,5}){0,2}"),
    "reference": _shape(r"[A-Z2-7]{8}"),
}


def dumped(facts: Facts) -> bytes:
    """Write the facts of one step; nothing for none."""
    if not facts:
        return b""
    told = [{"what": fact.name, **dict(fact.fields)} for fact in facts]
    return json.dumps(told, separators=(",", ":")).encode()
