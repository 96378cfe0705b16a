"""`oncall`: who is on call for a service or an escalation policy, level by level."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import structlog

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Verb
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.replies.builder import Reply, as_code, build_reply
from bolt_app.visibility import Visibility
from shared.access.identity import Identity
from shared.errors import BadCredentials, Malformed, Refused
from shared.model.event import Instant, Ref
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import EscalationPolicy, OnCall, Service, User
from shared.slack.render.blocks import date, escape

log = structlog.get_logger()

MOST = 10
"""Escalation policies that are shown or offered at once."""
MIN_SIMILARITY = 0.7
"""How alike a mistyped name must be, from 0 to 1."""


@dataclass(frozen=True)
class OnCallTarget:
    """A service or an escalation policy (`owned`), by its name; None for the policy of an incident."""

    name: str
    policy: Ref
    owned: Service | EscalationPolicy | None = None


@dataclass(frozen=True)
class OnCallQuery:
    """Finds what is meant, and reads who is on call for it."""

    pagerduty: PagerDuty
    identity: Identity
    open_reader: OpenIncidentReader
    visibility: Visibility

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show the levels, or what there is to choose from. Raises what the readings raise."""
        user = (await self.identity.link(typed.by)).user
        found = await self._matching(parsed.text, typed)
        seen = await self.visibility.seen(user, [place.owned for place in found if place.owned])
        places = [place for place in found if place.owned is None or place.owned in seen]
        policies = {place.policy.id: place.policy for place in places}
        if parsed.text and len(policies) > 1 and len({place.name.casefold() for place in places}) > 1:
            return ambiguous_reply(parsed.text, places, typed.command)
        told = await asyncio.gather(*(self._levels(policy, user) for policy in list(policies)[:MOST]))
        unread = sum(one is None for one in told)
        if not any(told) and not unread:
            return no_match_reply(parsed.text, typed.command)
        return build_reply(*filter(None, told), unread_policies(unread))

    async def _matching(self, text: str, typed: SlashPayload) -> list[OnCallTarget]:
        """Find what a name stands for; without one, the policies of what is open in the channel."""
        if not text:
            shown = [
                incident.snapshot.escalation_policy
                for incident in (await self.open_reader.shown_in(typed.channel)).incidents
            ]
            return [OnCallTarget(policy.name, policy) for policy in shown if policy]
        return best_matches(text, await self._targets(text)) or best_matches(text, await self._targets(""))

    async def _targets(self, query: str) -> list[OnCallTarget]:
        services, policies = await asyncio.gather(
            self.pagerduty.services(query), self.pagerduty.escalation_policies(query)
        )
        named = [OnCallTarget(each.name, each.escalation_policy, each) for each in services if each.escalation_policy]
        return [*map(_policy_target, policies), *named]

    async def _levels(self, policy: str, user: User) -> str | None:
        """Show one policy; empty if the person does not see it, also below a service that they see, None if unread."""
        try:
            read, on_call = await asyncio.gather(
                self.pagerduty.escalation_policy(policy), self.pagerduty.on_calls(policy)
            )
        except BadCredentials:
            raise
        except (Refused, Malformed) as error:
            log.warning("policy.unread", policy=policy, why=str(error))
            return None
        return render_levels(read, on_call) if await self.visibility.seen(user, [read]) else ""


def _policy_target(policy: EscalationPolicy) -> OnCallTarget:
    return OnCallTarget(policy.name, Ref(policy.id, policy.name), policy)


def best_matches(text: str, places: Sequence[OnCallTarget]) -> list[OnCallTarget]:
    """Keep what a name fits best: wholly, else in part, else nearly."""
    wanted = text.casefold()
    names = {place.name.casefold() for place in places}
    partly = {name for name in names if wanted in name}
    fitting = names & {wanted} or partly or {*get_close_matches(wanted, names, MOST, MIN_SIMILARITY)}
    return [place for place in places if place.name.casefold() in fitting]


def render_levels(policy: EscalationPolicy, on_call: Sequence[OnCall]) -> str:
    """Return who is on call at each level of a policy, and until when."""
    lines = [
        f"Level {level}: {_people([entry for entry in on_call if entry.level == level])}"
        for level in range(1, len(policy.levels) + 1)
    ]
    return "\n".join([f"*{escape(policy.name)}*", *lines])


def ambiguous_reply(text: str, places: Sequence[OnCallTarget], command: str) -> Reply:
    """Offer what a name could stand for."""
    lines = [f"“{escape(text)}” matches several. Which one?"]
    lines += [as_code(f"{command} {Verb.ONCALL} {place.name}") for place in places[:MOST]]
    more = f"…and {len(places) - MOST} more: type more of the name." if len(places) > MOST else ""
    return build_reply("\n".join(lines), more)


def no_match_reply(text: str, command: str) -> Reply:
    """Reply that no service or policy matches."""
    if text:
        return build_reply(f"I can't find a service or escalation policy like “{escape(text)}”, or you can't see it.")
    line = as_code(f"{command} {Verb.ONCALL} name")
    return build_reply(f"No incident is open in this channel. Name a service or an escalation policy: {line}")


def unread_policies(count: int) -> str:
    """Return the line for policies that could not be read; without names, as it is not known who may see them."""
    return (
        f"_{'1 escalation policy' if count == 1 else f'{count} escalation policies'} couldn't be read._"
        if count
        else ""
    )


def _people(entries: Sequence[OnCall]) -> str:
    """Name each person once, with the end of their last shift; some are on call for good."""
    until: dict[str, Instant | None] = {}
    for entry in entries:
        name, end = entry.user.name or entry.user.id, entry.until
        before = until.get(name, Instant(0))
        until[name] = max(before, end, key=lambda at: at.ms) if before and end else None
    shown = [f"{escape(name)} until {date(end.ms)}" if end else escape(name) for name, end in until.items()]
    return ", ".join(shown) or "nobody"
