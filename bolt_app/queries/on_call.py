"""`oncall`: who is on call for a service or an escalation policy, level by level."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from math import inf
from typing import TypeVar

import structlog

from bolt_app.account_cache import CachedValue
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Verb
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.queries.on_call_reader import OnCallReader, OnCallTarget
from bolt_app.replies.builder import Reply, as_code, build_reply
from bolt_app.visibility import Visibility
from shared.access.identity import Identity
from shared.errors import BadCredentials, Malformed, Refused
from shared.model.command import SlackActor
from shared.model.ids import TeamId
from shared.model.outcome import Declined
from shared.pagerduty.models.account import EscalationPolicy, OnCall, Service, User
from shared.slack.render.blocks import date, escape, listed
from shared.store.clock import StoreClock

log = structlog.get_logger()

Owned = TypeVar("Owned", Service, EscalationPolicy, Service | EscalationPolicy)

MOST = 10
"""Escalation policies that are shown or offered at once."""
MIN_SIMILARITY = 0.7
"""How alike a mistyped name must be, from 0 to 1."""


@dataclass(frozen=True)
class Asker:
    """A member of the workspace who asks, and their PagerDuty user if they have one."""

    user: User | None


Ask = Callable[[], Awaitable[Asker]]
"""Looks up who asks."""


@dataclass(frozen=True)
class OnCallQuery:
    """
    Finds what is meant, and shows who is on call for it.

    A member of the workspace without a PagerDuty account is answered as well, but for what belongs to private teams:
    only for that it is looked up who asks, because for people without an account that costs the whole directory.
    """

    reader: OnCallReader
    identity: Identity
    open_reader: OpenIncidentReader
    visibility: Visibility
    clock: StoreClock

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show the levels, or what there is to choose from. Raises what the readings raise, and `Declined`."""
        await self.identity.require_member(typed.by)
        asker = CachedValue(partial(self._link, typed.by), time.monotonic)
        places = await self._matching(parsed.text, typed, asker.get)
        policies = {place.policy.id: place.policy for place in places}
        if parsed.text and len(policies) > 1 and len({place.name.casefold() for place in places}) > 1:
            return ambiguous_reply(parsed.text, places, typed.command)
        told = await self._told(list(policies), asker.get)
        return build_reply(*told) if told else no_match_reply(parsed.text, typed.command)

    async def told(self, policies: Sequence[str], user: User) -> list[str]:
        """Show each of the policies that a person sees, and count those that are left out. Raises as `answer`."""

        async def asker() -> Asker:
            return Asker(user)

        return await self._told(policies, asker)

    async def _told(self, policies: Sequence[str], ask: Ask) -> list[str]:
        found = await asyncio.gather(*(self._levels(policy, ask) for policy in policies[:MOST]))
        unread, more = sum(one is None for one in found), len(policies) - MOST
        return [*filter(None, (*found, unread_policies(unread), more_policies(more)))]

    async def _link(self, by: SlackActor) -> Asker:
        """Look up their PagerDuty user, if there is one. Raises `CallError`."""
        try:
            return Asker((await self.identity.link(by)).user)
        except Declined:
            return Asker(None)

    async def _matching(self, text: str, typed: SlashPayload, ask: Ask) -> list[OnCallTarget]:
        """Find what a name stands for; without one, the policies of what is open in the channel."""
        if not text:
            shown = (await self.open_reader.shown_in(typed.channel)).incidents
            policies = (incident.snapshot.escalation_policy for incident in shown)
            return [OnCallTarget(policy.name, policy) for policy in policies if policy]
        for query in (text, ""):
            listed = await self.reader.targets(query)
            if matches := best_matches(text, listed):
                owned = [place.owned for place in matches if place.owned]
                seen = await self._seen(ask, owned, await self.reader.private(*owned))
                return [place for place in matches if place.owned in seen]
        return []

    async def _seen(self, ask: Ask, things: list[Owned], private: frozenset[TeamId]) -> list[Owned]:
        """Return the things that everyone may see, and those that PagerDuty shows the person who asks."""
        seen: list[Owned] = self.visibility.seen_by_all(things, private)
        rest = [thing for thing in things if thing not in seen]
        user = (await ask()).user if rest else None
        return seen if user is None else seen + await self.visibility.seen(user, rest)

    async def _levels(self, policy: str, ask: Ask) -> str | None:
        """Show one policy; empty if the person does not see it, also below a service that they see, None if unread."""
        try:
            read = await self.reader.policy(policy)
        except BadCredentials:
            raise
        except (Refused, Malformed) as error:
            log.warning("policy.unread", policy=policy, why=str(error))
            return None
        if not await self._seen(ask, [read.policy], read.private):
            return ""
        return render_levels(read.policy, read.entries, self.clock.estimate_ms())


def best_matches(text: str, places: Sequence[OnCallTarget]) -> list[OnCallTarget]:
    """Keep what a name fits best: wholly, else in part, else nearly."""
    wanted = text.casefold()
    names = {place.name.casefold() for place in places}
    partly = {name for name in names if wanted in name}
    fitting = names & {wanted} or partly or {*get_close_matches(wanted, names, MOST, MIN_SIMILARITY)}
    return [place for place in places if place.name.casefold() in fitting]


def render_levels(policy: EscalationPolicy, on_call: Sequence[OnCall], now_ms: int) -> str:
    """Return who is on call at each level of a policy, until when, and who is next."""
    lines = [
        f"Level {level}: {people_on_call([entry for entry in on_call if entry.level == level], now_ms)}"
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


def more_policies(count: int) -> str:
    """Return the line for policies that are not shown; empty if `count` is not above 0."""
    return f"_…and {'1 more policy' if count == 1 else f'{count} more policies'}._" if count > 0 else ""


def people_on_call(entries: Sequence[OnCall], now_ms: int) -> str:
    """Name each person once, with the end of their shifts without a break; then who is next."""
    active = [one for one in entries if _begun(one, now_ms) and (one.until is None or now_ms < one.until.ms)]
    ends = {one.user.name or one.user.id: _end(one, entries) for one in sorted(active, key=_until)}
    shown = [f"{escape(name)} until {date(end)}" if end else escape(name) for name, end in ends.items()]
    told = ", ".join(shown) or "nobody"
    later = [one for one in entries if not _begun(one, now_ms) and (one.user.name or one.user.id) not in ends]
    first_ms = min((one.since.ms for one in later if one.since), default=0)
    following = list(dict.fromkeys(escape(one.user.name) for one in later if one.since and one.since.ms == first_ms))
    if not following:
        return told
    next_up = listed(following)
    if {*ends.values()} == {first_ms}:
        return f"{told}, then {next_up}"
    return f"{told}; next {next_up} from {date(first_ms)}"


def _begun(entry: OnCall, now_ms: int) -> bool:
    return entry.since is None or entry.since.ms <= now_ms


def _until(entry: OnCall) -> float:
    return entry.until.ms if entry.until else inf


def _end(entry: OnCall, entries: Sequence[OnCall]) -> int | None:
    """Return when a person's shifts end that follow on this one without a break; None for never."""
    end = _until(entry)
    for one in sorted(entries, key=_until):
        if one.user.id == entry.user.id and (one.since is None or one.since.ms <= end):
            end = max(end, _until(one))
    return None if end == inf else int(end)
