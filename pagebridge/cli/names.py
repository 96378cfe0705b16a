"""The names of people and channels, in reports that people read; machines get the ids."""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import typer

from pagebridge.cli import FAILED
from pagebridge.cli.clients import loaded, pagerduty_door, patiently, slack_door
from shared.access.identity import same_email
from shared.config.settings import PagerDutySettings, SlackSettings
from shared.diagnostics.route_checks import in_turn
from shared.errors import CallError, Malformed, NotFound
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.pagerduty.models.account import User
from shared.slack.api.client import SlackPerson

PATIENCE = 5.0
"""Seconds that all look-ups together may take: a report is worth more than its names."""
SLACK_USERS, CHANNELS = ("U", "W"), ("C", "G")
"""How Slack's ids begin (its page on types); all others are PagerDuty's."""

_ID = re.compile(r"[UWP][A-Z0-9]{4,12}")
"""How ids of people look."""

Read = Callable[[str], Awaitable[str]]
"""Asks for the name of an id."""


@dataclass(frozen=True)
class Names:
    """The known names by their ids. `missing` says why some are not known, empty if nothing went wrong."""

    known: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def of(self, given: str) -> str:
        """Name a person or a channel; return the id if no name is known. Several may be given, with commas."""
        return ", ".join(self.known.get(each, each) for each in given.split(","))

    def told(self) -> list[str]:
        """Explain that some have no name, if that is so."""
        return [f"Some are shown by their ids: {self.missing}."] if self.missing else []


async def look_up(ids: Iterable[str | None], known: Mapping[str, str] | None = None) -> Names:
    """Find the names of people and channels that are not `known`, as far as the settings here allow to ask."""
    found, why = dict(known or {}), set[str]()
    wanted = {one for given in ids if given for one in given.split(",")} - found.keys()
    async with AsyncExitStack() as stack:
        readers = await _readers(stack)

        async def ask(one: str) -> None:
            read = readers.get(_side(one))
            if read is None:
                why.add("the settings here allow no look-up")
                return
            try:
                with suppress(NotFound):
                    found[one] = await in_turn(lambda: read(one))
            except (CallError, Malformed) as error:
                why.add(str(error))

        try:
            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
                for one in sorted(wanted):
                    group.create_task(ask(one))
        except TimeoutError:
            why.add(f"no answer within {PATIENCE:g} s")
    return Names(_distinct(found), "; ".join(sorted(why)))


async def ids_of(text: str) -> frozenset[str]:
    """Return the ids of the person whom an id, a name or an e-mail means; ends the command if it can't tell."""
    if _ID.fullmatch(text) or (any(map(str.isdigit, text)) and _ID.fullmatch(text.upper())):
        return frozenset({text.upper()})
    sides, why = await _directories(text)
    found = [meant(text, people) for people in sides]
    if any(len(people) > 1 for people in found):
        every = ", ".join(f"{one.name} ({one.id})" for people in found for one in people)
        problem = f"{text!r} may be any of {every}: give the id"
    elif not any(found):
        problem = "; ".join([f"No one in Slack or PagerDuty is called {text!r}", *why, "an id always works"])
    else:
        sys.stderr.writelines(f"Only one side was searched: {reason}.\n" for reason in why)
        return frozenset(str(one.id) for people in found for one in people)
    sys.stderr.write(f"{problem}.\n")
    raise typer.Exit(FAILED)


async def _directories(text: str) -> tuple[list[Sequence[SlackPerson | User]], list[str]]:
    """Read who could be meant on each side, and why a side could not be read."""
    sides: list[Sequence[SlackPerson | User]] = []
    why = []
    of_slack, of_pagerduty = loaded(SlackSettings), loaded(PagerDutySettings)
    for side, settings in (("Slack", of_slack), ("PagerDuty", of_pagerduty)):
        if settings is None:
            why.append(f"{side} can't be asked with the settings here")
    try:
        if of_slack is not None:
            async with slack_door(of_slack) as slack:
                sides.append(await patiently(slack.people))
        if of_pagerduty is not None:
            async with pagerduty_door(of_pagerduty) as pagerduty:
                sides.append(await pagerduty.users_by_query(text))
    except CallError as error:
        why.append(str(error))
    return sides, why


def meant(text: str, people: Sequence[SlackPerson | User]) -> list[SlackPerson | User]:
    """Find those of that whole name or e-mail, else those who have it as one of their names."""
    wanted = text.strip().casefold()
    whole = [one for one in people if wanted == (one.name or "").casefold() or same_email(one.email or "", text)]
    return whole or [one for one in people if wanted in (one.name or "").casefold().split()]


def _side(one: str) -> str:
    return "user" if one.startswith(SLACK_USERS) else "channel" if one.startswith(CHANNELS) else "pagerduty"


async def _readers(stack: AsyncExitStack) -> dict[str, Read]:
    readers: dict[str, Read] = {}
    if (of_slack := loaded(SlackSettings)) is not None:
        slack = await stack.enter_async_context(slack_door(of_slack))

        async def person(user: str) -> str:
            return (await slack.person(SlackUserId(user))).name

        async def channel(place: str) -> str:
            return f"#{(await slack.channel(ChannelId(place))).name}"

        readers |= {"user": person, "channel": channel}
    if (of_pagerduty := loaded(PagerDutySettings)) is not None:
        pagerduty = await stack.enter_async_context(pagerduty_door(of_pagerduty))

        async def user(one: str) -> str:
            return (await pagerduty.user(UserId(one))).name or one

        readers["pagerduty"] = user
    return readers


def _distinct(found: Mapping[str, str]) -> dict[str, str]:
    """Add the ids of those of one side who have the same name."""
    count = Counter((_side(one), name) for one, name in found.items())
    return {one: f"{name} ({one})" if count[_side(one), name] > 1 else name for one, name in found.items()}
