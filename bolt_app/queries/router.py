"""One answer for each command that only reads, in time, or the reason why there is none."""

import asyncio

import structlog

from bolt_app.commands.incident_lookup import IncidentLookup
from bolt_app.commands.slash_grammar import ParsedCommand, Verb
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.queries.acknowledge_mine import AcknowledgeMine
from bolt_app.queries.list_incidents import ListIncidents
from bolt_app.queries.on_call import OnCallQuery
from bolt_app.queries.show_incident import ShowIncident
from bolt_app.queries.whoami import WhoAmI
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.services import Services
from shared.errors import CallError, Malformed, Refused, StoreDown
from shared.model.outcome import Declined
from shared.observability.log import reference
from shared.pagerduty.api.error_messages import explain
from shared.slack.render.blocks import escape

log = structlog.get_logger()

QUERY_TIMEOUT = 10.0
"""Seconds before the person is told that there is no answer."""


class QueryRouter:
    """Answers what can be answered without changing anything."""

    def __init__(self, services: Services, incident_lookup: IncidentLookup) -> None:
        self._listing = ListIncidents(services)
        self._show = ShowIncident(services, incident_lookup)
        self._on_call = OnCallQuery(services)
        self._who_am_i = WhoAmI(services)
        self._ack_mine = AcknowledgeMine(services)

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Return the answer to a query; a failure is part of the answer, never raised."""
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                return await self._read(parsed, typed)
        except Declined as declined:
            outcome = declined.outcome
            return build_reply(f":no_entry: {escape(outcome.why)} {escape(outcome.next_step)}.")
        except (CallError, Malformed, StoreDown, TimeoutError) as error:
            return query_failed_reply(parsed.verb, error)

    async def _read(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        match parsed.verb:
            case Verb.LIST:
                return await self._listing.answer(parsed, typed)
            case Verb.SHOW:
                return await self._show.answer(parsed, typed)
            case Verb.ONCALL:
                return await self._on_call.answer(parsed, typed)
            case Verb.ACK_MINE:
                return await self._ack_mine.answer(typed)
            case _:
                return await self._who_am_i.answer(typed)


def query_failed_reply(verb: Verb, error: Exception) -> Reply:
    """Reply with why the query failed, and the next step."""
    return build_reply(malformed_query_reply(verb, error))


def malformed_query_reply(what: str, error: Exception) -> str:
    """Word the same, and log it under the reference that is quoted."""
    quoted = reference()
    log.error("answer.none", verb=what, why=repr(error), reference=quoted)
    if isinstance(error, Refused):
        why, step = explain(error)
    else:
        why = f"{str(error) or f'no answer within {QUERY_TIMEOUT:g} s'}."
        step = "Try again in a moment, or look in PagerDuty"
    return f":warning: That couldn't be read: {escape(why)} {escape(step)}. (reference `{quoted}`)"
