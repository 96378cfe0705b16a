"""One answer for each command that only reads, in time, or the reason why there is none."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import CHANNELS, LINKING, NOTIFYING, USAGES, Verb
from bolt_app.replies.builder import Reply, as_code, build_reply
from bolt_app.replies.failure_text import AGAIN, brief_reason, explain_failure
from shared.access.identity import Identity, Linked
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.errors import CallError, Malformed, StoreDown
from shared.model.ids import SlackUserId
from shared.model.link import LinkedBy
from shared.model.outcome import Declined
from shared.observability.log import reference
from shared.pagerduty.models.account import ROLE_NAMES
from shared.slack.render.blocks import date, escape

log = structlog.get_logger()

QUERY_TIMEOUT = 10.0
"""Seconds before the person is told that there is no answer."""
_HOW = {
    "table": "by an entry in `bridge.toml`",
    "e-mail": "matched by your Slack e-mail address",
    LinkedBy.SIGN_IN: "since you signed in there",
    LinkedBy.APPROVAL: "since an admin approved it",
}
_NAMED = (
    "Name an incident by number (`37`, `#37`) or PagerDuty id; leave it out if only one is open in the channel. "
    "Only you see the answers; changes are made in your own name."
)

T = TypeVar("T")


class Query(Protocol):
    """The answer to one command that only reads."""

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Return it. Raises `CallError`, `Malformed`, `StoreDown` if it cannot be read, `Declined` for a refusal."""


@dataclass(frozen=True)
class QueryRouter:
    """Answers what can be answered without changing anything."""

    identity: Identity
    queries: Mapping[Verb, Query]
    config: LiveConfig

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Return the answer to a query; a failure is part of the answer, never raised."""
        reading = self.queries[parsed.verb].answer(parsed, typed)
        answer = await read_or_explain(parsed.verb, reading, self.identity.contact)
        return build_reply(answer) if isinstance(answer, str) else answer


@dataclass(frozen=True)
class WhoAmI:
    """Says which PagerDuty user a person is linked to."""

    identity: Identity

    async def answer(self, _parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Answer, also for a person who is not linked. Raises what looking them up raises."""
        try:
            return build_reply(linked_text(await self.identity.link(typed.by)))
        except Declined as declined:
            return build_reply(not_linked_text(typed.by.id, declined))


async def read_or_explain(what: str, reading: Awaitable[T], contact: str) -> T | str:
    """Wait for what was read, at most `QUERY_TIMEOUT` seconds; else return why there is none, and the next step."""
    try:
        async with asyncio.timeout(QUERY_TIMEOUT):
            return await reading
    except Declined as declined:
        return f":no_entry: {escape(declined.text)}"
    except (CallError, Malformed, StoreDown, TimeoutError) as error:
        return query_failed_text(what, error, contact)


def query_failed_text(what: str, error: Exception, contact: str) -> str:
    """Return why a query failed and the next step; it is logged under the reference that is quoted."""
    quoted = reference()
    log.error("answer.none", verb=what, why=repr(error), reference=quoted)
    step = explain_failure(error, contact)[1]
    if step == AGAIN:
        step += ", or look in PagerDuty"
    return f":warning: Couldn't look that up: {brief_reason(error)}. {escape(step)}. (reference `{quoted}`)"


def linked_text(found: Linked) -> str:
    """Return who a person is in PagerDuty, and how they are linked."""
    user = found.user
    role = ROLE_NAMES.get(user.role, user.role)
    since = f" ({date(found.link.at_ms)})" if found.link else ""
    who = f"You are *{escape(user.name)}* ({escape(user.email)}) in PagerDuty, {_HOW[found.how]}{since}."
    return f"{who} Your role is {escape(role)}.\nYour Slack account is <@{found.person.id}>."


def not_linked_text(user: SlackUserId, declined: Declined) -> str:
    """Return why no PagerDuty user is linked, and the next step."""
    head = f"Your Slack account <@{user}> isn't linked to PagerDuty, so you can't act on incidents from Slack."
    return f"{head} {escape(declined.text)}"


def switched_on(config: BridgeConfig) -> frozenset[Verb]:
    """Return the optional commands that `bridge.toml` switches on."""
    parts = {
        LINKING: config.identity.linking != "off",
        NOTIFYING: config.notify.enabled,
        CHANNELS: config.incident_channels is not None,
    }
    return frozenset(verb for verbs, on in parts.items() if on for verb in verbs)


def help_text(command: str, also: Collection[Verb] = ()) -> Reply:
    """List the commands after `command`; of the optional ones those in `also`."""
    there = [usage for usage in USAGES if usage.verb in also or usage.verb not in LINKING | NOTIFYING | CHANNELS]
    lines = [f"{as_code(f'{command} {usage.line}')}  {usage.description}" for usage in there]
    return build_reply("\n".join(lines), _NAMED)
