"""The live trials of `pagebridge init`: each token with its rights, and channels by their names."""

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine
from contextlib import aclosing

from pagebridge.cli.clients import TIMEOUT, loaded, pagerduty_door
from pagebridge.cli.terminal import folded, terminal
from shared.config.errors import Problem
from shared.config.settings import PagerDutySettings
from shared.diagnostics import credential_checks
from shared.diagnostics.pagerduty_access import rejection
from shared.errors import CallError, Malformed, Refused
from shared.model.ids import ChannelId
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack

CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{5,}")
ALL_SCOPES = "It has all required scopes."


def bot_token(token: str, slack_url: str) -> None:
    """Try a bot token. Raises `ValueError` if Slack does not take it."""

    async def trial() -> None:
        async with aclosing(Slack(token, slack_url, TIMEOUT)) as slack:
            home = await slack.auth_test()
        _say(f"Slack accepts it: bot {home.bot_user_id} in workspace {home.team_id}.")
        _judge(credential_checks.scopes(home), ALL_SCOPES)

    _try(trial, credential_checks.bot_token)


def app_token(token: str, slack_url: str) -> None:
    """Try an app-level token. Raises `ValueError` if Slack does not take it."""

    async def trial() -> None:
        async with aclosing(Slack(token, slack_url, TIMEOUT)) as slack:
            await slack.socket_url(token)
        _say("Slack accepts it, with the scope connections:write.")

    _try(trial, credential_checks.app_token)


def pagerduty_key(key: str, url: str) -> None:
    """Try an API key. Raises `ValueError` if PagerDuty does not take it."""

    async def trial() -> None:
        async with aclosing(PagerDuty(key, url, TIMEOUT)) as pagerduty:
            await _accepted(pagerduty)
        _say("PagerDuty accepts it. Whether it may write, `pagebridge webhook create` shows.")

    _try(trial)


def oauth_app() -> None:
    """Try the app that is set by now. What is wrong is only said, because it may lie at any of three answers."""
    settings = loaded(PagerDutySettings)
    if settings is None:
        return

    async def trial() -> None:
        async with pagerduty_door(settings) as pagerduty:
            await _accepted(pagerduty)
            lacking = pagerduty.missing_scopes
        _say("PagerDuty accepts the app.")
        _judge(credential_checks.pagerduty_scopes(lacking), ALL_SCOPES)

    try:
        _try(trial)
    except ValueError as error:
        _say(f"{error}. Correct it below.")


async def _accepted(pagerduty: PagerDuty) -> None:
    """Make a call that needs the credentials. Raises `ValueError` with what is wrong with them, `CallError`."""
    try:
        await pagerduty.users_by_query("")
    except Refused as error:
        raise ValueError(str(await rejection(pagerduty, error))) from None


def channel(answer: str, token: str, slack_url: str) -> str:
    """Find a channel by its id or name, and return the id. Raises `ValueError` if Slack does not show it to the app."""
    wanted = answer.removeprefix("#")
    found: list[str] = []

    async def trial() -> None:
        async with aclosing(Slack(token, slack_url, TIMEOUT)) as slack:
            found.append(wanted if CHANNEL_ID.fullmatch(wanted) else await _by_name(slack, wanted))
            known = await slack.channel(ChannelId(found[0]))
        _say(f"That is #{known.name} ({known.id}).")
        _judge(
            None if known.member else Problem(f"the app is not in #{known.name}", "invite it there"),
            "The app is in it.",
        )

    _try(trial, lambda _: Problem(f"this app can't see the channel {answer}", "correct it, or invite the app"))
    return found[0] if found else wanted


async def _by_name(slack: Slack, name: str) -> str:
    async for one in slack.channels():
        if one.name == name:
            return one.id
    raise ValueError(f"Slack shows this app no channel #{name}: correct it, or invite the app if it is private")


def _unexplained(error: Refused) -> Problem:
    return Problem(str(error), "correct it")


def _try(
    trial: Callable[[], Coroutine[None, None, None]], explain: Callable[[Refused], Problem] = _unexplained
) -> None:
    """Make a trial; where the other side can't be reached, say that nothing was tried. Raises `ValueError`."""
    try:
        asyncio.run(trial())
    except Refused as error:
        problem = explain(error)
        raise ValueError(f"{problem.what}: {problem.fix}") from None
    except (CallError, Malformed) as error:
        _say(f"Not tried: {error}.")


def _judge(wrong: Problem | None, right: str) -> None:
    _say(f"But {wrong.what}: {wrong.fix}." if wrong else right)


def _say(words: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in folded(f"  {words}", terminal(), 2))
