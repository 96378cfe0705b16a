"""Checks before a worker starts: a problem is reported at once, not found out at 3 a.m."""

import asyncio

import structlog

from shared.diagnostics import credential_checks
from shared.diagnostics.pagerduty_access import rejection
from shared.errors import BridgeError, CallError, Malformed, Refused, Unavailable
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack, SlackIdentity

log = structlog.get_logger()


class NotReady(BridgeError):
    """Raised when a worker cannot work with what it has been given. Lists every reason found."""


async def check(slack: Slack, app_token: str | None, pagerduty: PagerDuty) -> SlackIdentity:
    """
    Try every credential once, and return who we are in Slack. Without Socket Mode there is no `app_token`.

    Raises `NotReady` naming all that is wrong, `CallError` when Slack could not be asked. A PagerDuty that cannot be
    asked is no reason not to start, nor are Slack's limits.
    """
    wrong: list[str] = []
    home = await _bot(slack, wrong)
    if app_token is not None:
        await _app_token(slack, app_token, wrong)
    await _pagerduty(pagerduty, wrong)
    if wrong or home is None:
        raise NotReady("; ".join(wrong))
    return home


async def _bot(slack: Slack, wrong: list[str]) -> SlackIdentity | None:
    try:
        home = await _identity(slack)
    except Refused as error:
        wrong.append(str(credential_checks.bot_token(error)))
        return None
    if lacking := credential_checks.scopes(home):
        wrong.append(str(lacking))
    return home


async def _identity(slack: Slack) -> SlackIdentity:
    """Ask who we are, as often as Slack's limits make us wait: nothing can be done without."""
    while True:
        try:
            return await slack.auth_test()
        except Unavailable as error:
            if error.retry_after is None:
                raise
            log.info("start.paced", why=str(error))
            await asyncio.sleep(error.retry_after)


async def _app_token(slack: Slack, token: str, wrong: list[str]) -> None:
    try:
        await slack.socket_url(token)
    except Refused as error:
        wrong.append(str(credential_checks.app_token(error)))
    except Unavailable as error:
        if error.retry_after is None:
            raise
        # Many workers start; those that are to hold the connections find out.
        log.info("app_token.unchecked", why=str(error))


async def _pagerduty(pagerduty: PagerDuty, wrong: list[str]) -> None:
    try:
        await pagerduty.users_by_query("")
    except Refused as error:
        wrong.append(str(await rejection(pagerduty, error)))
        return
    except (CallError, Malformed) as error:
        # Not fatal: during an outage people need a worker that accepts clicks and reports honestly.
        log.warning("pagerduty.unchecked", why=str(error))
    if lacking := credential_checks.pagerduty_scopes(pagerduty.missing_scopes):
        wrong.append(str(lacking))
