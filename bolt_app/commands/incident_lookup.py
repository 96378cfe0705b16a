"""
The incident that a typed command is about: the one it names, or the only open one in its channel.

Guessing could act on the wrong incident, so an ambiguous command is answered with the candidates, each with the line
that works for it. Incidents that the person may not see are answered like those that do not exist.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bolt_app.commands.candidates import candidates
from bolt_app.commands.slash_grammar import ACTIONS, EXAMPLE, ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import READING, Verb
from bolt_app.open_incidents import OpenIncident, OpenIncidentReader
from bolt_app.replies.builder import Reply, as_code, build_reply, command_reference, label
from bolt_app.replies.failure_text import brief_reason, next_step
from bolt_app.replies.outcome_text import returned_text
from bolt_app.visibility import Visibility
from shared.access.identity import Identity
from shared.durations import Durations
from shared.errors import CallError, Malformed, NotFound, StoreDown
from shared.model.command import ActionParams, Command
from shared.model.event import Ref, Snapshot
from shared.model.ids import CommandId, IncidentId, UserId, incident_id
from shared.model.outcome import Declined
from shared.observability.log import reference
from shared.pagerduty.api.client import PagerDuty
from shared.slack.render.blocks import escape
from shared.store import keys
from shared.store.redis import Redis

log = structlog.get_logger()

LOOKUP_TIMEOUT = 1.8
"""Seconds that finding the incident may take: Slack gives three, and the command has to be stored as well."""


@dataclass(frozen=True)
class Target:
    """The incident that is meant, and what was known of it: `seen` are the people it was assigned to."""

    incident: IncidentId
    label: str
    url: str
    seen: frozenset[UserId]

    @classmethod
    def from_snapshot(cls, incident: IncidentId, snapshot: Snapshot) -> "Target":
        """Take an incident as it is known now."""
        return cls(incident, label(incident, snapshot), snapshot.url, snapshot.assignee_ids)

    def command(self, parsed: ParsedCommand, typed: SlashPayload, people: tuple[Ref, ...] = ()) -> Command:
        """Return the typed command for this incident; it is always answered in words, because no card was pressed."""
        return Command(
            id=typed.id,
            action=ACTIONS[parsed.verb],
            incident=self.incident,
            by=typed.by,
            channel=typed.channel,
            message=None,
            response_url=typed.response_url,
            label=self.label,
            url=self.url,
            params=ActionParams(text=parsed.text, people=people, expected_assignees=self.seen),
            always_reply=True,
        )


@dataclass(frozen=True)
class IncidentLookup:
    """Finds the incident."""

    pagerduty: PagerDuty
    identity: Identity
    open_reader: OpenIncidentReader
    visibility: Visibility
    redis: Redis
    durations: Durations

    async def find(self, parsed: ParsedCommand, typed: SlashPayload) -> Target | Reply:
        """Find the incident that was meant, within `LOOKUP_TIMEOUT` seconds; else return a reply that says why not."""
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                if not parsed.incident:
                    return await self._only_candidate(parsed, typed)
                target = await self._by_number(parsed, typed)
                if parsed.verb is Verb.CHANNEL and not await self.visibility.is_shown_anywhere(target.incident):
                    return unshown(target.label, self.identity.contact)
                return target
        except NotFound:
            return unknown_incident(parsed, typed.command)
        except (CallError, Declined, Malformed, StoreDown, TimeoutError) as error:
            quoted = reference()
            log.error("command.not_found_out", verb=parsed.verb, why=repr(error), reference=quoted)
            return lookup_failed(parsed, typed.command, error, self.identity.contact, quoted)

    async def command(self, parsed: ParsedCommand, typed: SlashPayload) -> Command | Reply:
        """Make the command that was typed; return the reply that says why if that is not possible."""
        if parsed.verb is Verb.CHANNEL and self.visibility.config.current.incident_channels is None:
            return no_channels(self.identity.contact)
        target, people = await asyncio.gather(self.find(parsed, typed), self._resolve_assignee(parsed))
        if isinstance(target, Reply):
            return target
        return people if isinstance(people, Reply) else target.command(parsed, typed, people)

    async def _resolve_assignee(self, parsed: ParsedCommand) -> tuple[Ref, ...] | Reply:
        """Return the PagerDuty user of the mentioned person, before anything is stored."""
        if parsed.person is None:
            return ()
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                user = await self.identity.pagerduty_user(parsed.person)
        except (CallError, Declined, Malformed, StoreDown, TimeoutError) as error:
            quoted = reference()
            log.warning("command.nobody", verb=parsed.verb, why=repr(error), reference=quoted)
            return no_such_person(parsed, error, self.identity.contact, quoted)
        return (Ref(user.id, user.name),)

    async def _by_number(self, parsed: ParsedCommand, typed: SlashPayload) -> Target:
        """
        Look among what the channel shows first: that needs no PagerDuty, unless two claim to be it.

        Raises `NotFound` for what is hidden, or has another number in PagerDuty than was typed.
        """
        shown = await self._named_in_channel(parsed.incident, typed)
        named = [one for one in shown if parsed.incident in (one.id, command_reference(one.id, one.snapshot))]
        if len(named) == 1:
            return Target.from_snapshot(named[0].id, named[0].snapshot)
        read = (await self.pagerduty.incident(incident_id(parsed.incident))).value
        if parsed.incident not in (read.id, command_reference(read.id, read.snapshot)):
            raise NotFound("it has another number")
        if await self.visibility.is_hidden(read, typed.by, typed.channel):
            raise NotFound("it belongs to a private team")
        return Target.from_snapshot(read.id, read.snapshot)

    async def _named_in_channel(self, name: str, typed: SlashPayload) -> Sequence[OpenIncident]:
        """Look among what the channel shows, briefly: a store that hangs must leave time for asking PagerDuty."""
        try:
            async with asyncio.timeout(self.durations.store_timeout / 2):
                return await self.open_reader.named(name, typed.channel)
        except (StoreDown, TimeoutError) as error:
            log.warning("store.down", during="looking for an incident", why=repr(error))
            return []

    async def _only_candidate(self, parsed: ParsedCommand, typed: SlashPayload) -> Target | Reply:
        """Return the only open incident. A redelivered line keeps the incident it was first about."""
        shown = await self.open_reader.shown_in(typed.channel)
        found = shown.incidents
        only = found[0] if len(found) == 1 and not shown.older else None
        if parsed.verb in ACTIONS:
            meant = await self._first_meant(typed.id, only.id if only else None)
            if meant is not None and (only is None or meant != only.id):
                return await self._by_number(replace(parsed, incident=meant), typed)
            if meant is None and only is not None:
                return repeated_reply()
        return Target.from_snapshot(only.id, only.snapshot) if only else candidates(parsed, typed.command, shown)

    async def _first_meant(self, typed: CommandId, incident: IncidentId | None) -> IncidentId | None:
        """Return what the line meant when it first came, which is `incident` if that is now. Raises `StoreDown`."""
        key, now = keys.typed(typed), incident or ""
        if await self.redis.set(key, now, nx=True, ex=keys.TYPED_KEPT):
            return incident
        kept = await self.redis.get(key)
        try:
            return incident_id(kept.decode(errors="replace")) if isinstance(kept, bytes) else None
        except Malformed:
            return None


def no_channels(contact: str) -> Reply:
    """Reply that this bridge opens no channels for incidents."""
    return build_reply(f"This bridge doesn't open channels for incidents. Ask {escape(contact)} to switch that on.")


def unshown(label: str, contact: str) -> Reply:
    """Reply that an incident can have no channel of its own, because it is shown nowhere."""
    shown = f"No channel shows incident {escape(label)}, so it can't have one of its own."
    return build_reply(f"*Nothing was sent:* {shown} Ask {escape(contact)} to route it to one.")


def repeated_reply() -> Reply:
    """Reply to a repeated line that named no incident the first time: it is not applied to another incident now."""
    return build_reply(
        "*Nothing was sent:* Slack delivered this line twice. You were already asked which incident you meant; add its "
        "number."
    )


def unknown_incident(parsed: ParsedCommand, command: str) -> Reply:
    """Reply that the incident does not exist or is not visible to this person."""
    named = f"#{parsed.incident}" if parsed.incident.isdigit() else parsed.incident
    nothing = "" if parsed.verb in READING else "Nothing was sent: "
    text = f"{nothing}I can't find incident {escape(named)}, or you can't see it."
    if not parsed.text:
        return build_reply(f"{text} {as_code(f'{command} {Verb.LIST}')} lists the open ones of this channel.")
    meant = replace(parsed, incident=EXAMPLE, text=f"{parsed.incident} {parsed.text}").line
    return build_reply(f"{text} If that is part of your text, name the incident first: {as_code(f'{command} {meant}')}")


def no_such_person(parsed: ParsedCommand, error: Exception, contact: str, quoted: str) -> Reply:
    """Reply that the mentioned person has no PagerDuty account, so nothing was sent."""
    if isinstance(error, Declined):
        return build_reply(f":no_entry: *Nothing was sent.* {escape(error.text)}")
    why = brief_reason(error)
    step = escape(next_step(error, contact)) or "Try again in a moment, or use PagerDuty."
    return build_reply(
        f":warning: *Nothing was sent:* couldn't look up {escape(parsed.name)} in PagerDuty ({why}). {step}"
        f" (reference `{quoted}`)"
    )


def lookup_failed(parsed: ParsedCommand, command: str, error: Exception, contact: str, quoted: str) -> Reply:
    """Reply that the incident could not be looked up, so nothing was sent, with the next step."""
    if isinstance(error, Declined):
        return build_reply(f":no_entry: *Nothing was sent.* {escape(error.text)}", *returned_text(parsed.text))
    why = brief_reason(error)
    what = f"incident {escape(parsed.incident)}" if parsed.incident else "the incident"
    step = "Press the button on its card, try again in a moment, or use PagerDuty."
    if not parsed.incident:
        step = f"Name it ({as_code(f'{command} {replace(parsed, incident=EXAMPLE).line}')}), or use PagerDuty."
    step = escape(next_step(error, contact)) or step
    missed = "Couldn't look up" if parsed.verb in READING else "*Nothing was sent:* couldn't look up"
    reply = f":warning: {missed} {what} ({why}). {step} (reference `{quoted}`)"
    return build_reply(reply, *(returned_text(parsed.text) if parsed.incident else []))
