"""`pagebridge identities`: the links between Slack and PagerDuty users, and gaps in them."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from pagebridge.cli import FAILED, exits
from pagebridge.cli.clients import (
    AsJson,
    Data,
    bridge_config,
    opened,
    pagerduty_door,
    patiently,
    slack_door,
    waits_for_disk,
)
from pagebridge.cli.names import meant
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import folded, moment, progress, show, table, terminal
from shared.access.directory_report import DirectoryReport, Mapping, UnlinkedOnCall, unlinked, unlinked_on_calls
from shared.access.identity import Linked, same_email
from shared.config.settings import PagerDutySettings, SlackSettings, load
from shared.errors import CallError
from shared.model.event import SECOND
from shared.model.link import Link, LinkChange
from shared.pagerduty.models.account import ROLE_NAMES, User
from shared.store.links import Links

DAYS = 7
"""How many days ahead the duty is looked at."""
PEOPLE = ("SLACK", "NAME", "PAGERDUTY", "HOW", "WHY NOT")
DUTY = ("ON CALL", "PAGERDUTY", "POLICY", "LEVEL", "UNTIL (UTC)", "WHY NOT")

T = TypeVar("T")

identities = typer.Typer(
    invoke_without_command=True, help="Show who is linked, and who is on call but can't act from Slack."
)


@dataclass(frozen=True)
class Everybody:
    """
    Both directories, mapped, and who is on call in the next days and could not press a button.

    `idle` are the links that people made and that lead to no one now.
    """

    mappings: list[Mapping]
    strangers: list[User]
    unready: list[UnlinkedOnCall]
    idle: list[Link]

    @property
    def people(self) -> list[Mapping]:
        """Leave out users who never act: bots and deactivated people."""
        return [each for each in self.mappings if not (each.person.is_bot or each.person.deleted)]


@identities.callback(epilog="Example: pagebridge identities --json")
def everybody(context: typer.Context, *, as_json: AsJson = False, data: Data = DATA) -> None:
    """
    Map all of Slack's users to PagerDuty's, and check who is on call in the next 7 days.

    Reads the store only where people can link themselves. Exits with 1 if a person on call can't act from Slack.
    """
    if context.invoked_subcommand is None:
        raise typer.Exit(asyncio.run(_everybody(data, as_json=as_json)))


@identities.command(epilog="Example: pagebridge identities check alice@example.com")
@exits
async def check(
    user: Annotated[str, typer.Argument(metavar="USER", help="A name, an e-mail, or an id in Slack or PagerDuty.")],
    *,
    as_json: AsJson = False,
    data: Data = DATA,
) -> int:
    """Show how a person is linked, or why they are not and how to fix that."""
    found = await _read(data)
    named = meant(user, [each.person for each in found.mappings])
    about = [each for each in found.mappings if concerns(each, user) or each.person in named]
    alone = [each for each in found.strangers if each.id == user] or meant(user, found.strangers)
    if as_json:
        show(json.dumps(_object(each)) for each in about)
    elif about:
        show(part for each in about for line in _told(each) for part in folded(line, terminal(), 0))
    elif alone:
        show([f"{alone[0].name} ({alone[0].id}) is in PagerDuty; no Slack user is linked to them."])
    else:
        sys.stderr.write(f"No Slack or PagerDuty user matches {user}.\n")
    return 0 if any(each.linked for each in about) else FAILED


@identities.command(epilog="Example: pagebridge identities unlink dave@example.com")
@exits
async def unlink(
    user: Annotated[str, typer.Argument(metavar="USER", help="A name, an e-mail, or an id in Slack or PagerDuty.")],
    *,
    data: Data = DATA,
) -> int:
    """Undo the link that a person made between their Slack account and a PagerDuty user. Exits with 1 without one."""
    async with opened(data) as redis:
        links = Links(redis, durable=await waits_for_disk(redis))
        people = await _people_named(user) if await links.all() else set[str]()
        # Read after Slack's people, which may take long.
        made = await links.all()
        found = [each for each in made if user.upper() in (each.slack, each.user) or each.slack in people]
        found = found or [each for each in made if same_email(each.email, user)]
        if len(found) != 1:
            told = ", ".join(f"{each.slack} ({each.email})" for each in found)
            sys.stderr.write(f"Several links match {user}: {told}\n" if found else f"No link matches {user}.\n")
            return FAILED
        await links.remove(found[0], LinkChange.UNDONE)
    show([f"{found[0].slack} is no longer linked to {found[0].email} ({found[0].user})."])
    return 0


async def _people_named(user: str) -> set[str]:
    """Find the Slack users of that name or address; an id needs no look-up."""
    if user.upper() == user and user.isalnum():
        return set()
    async with slack_door(load(SlackSettings)) as slack:
        people = await patiently(slack.people)
    by_email = [person for person in people if person.email and same_email(person.email, user)]
    return {str(person.id) for person in by_email or meant(user, people)}


async def _everybody(data: Path, *, as_json: bool) -> int:
    found = await _read(data)
    show(map(json.dumps, _objects(found)) if as_json else _report(found))
    return FAILED if found.unready else 0


def concerns(mapping: Mapping, user: str) -> bool:
    """True if the person is meant: by Slack id, PagerDuty id, or the whole address on either side."""
    linked = mapping.linked.user if mapping.linked else None
    addresses = [address for address in (mapping.person.email, linked.email if linked else None) if address]
    by_address = any(same_email(address, user) for address in addresses)
    return by_address or user.upper() in {mapping.person.id, linked.id if linked else None}


async def _read(data: Path) -> Everybody:
    config = bridge_config().identity
    links = [] if config.linking == "off" else await _links(data)
    of_slack, of_pagerduty = load(SlackSettings), load(PagerDutySettings)
    try:
        async with slack_door(of_slack) as slack, pagerduty_door(of_pagerduty) as pagerduty:
            home = await slack.auth_test()
            with progress("People read") as step:
                roster = DirectoryReport(await patiently(pagerduty.all_users, step), config, home, links)
                mappings = [roster.mapping(person) for person in await patiently(slack.people, step)]
            now_ms = int(time.time() * SECOND)
            duty = await pagerduty.on_calls_between(now_ms, now_ms + DAYS * 86_400 * SECOND)
    except CallError as error:
        sys.stderr.write(f"Can't read the directories: {error}\n")
        raise typer.Exit(FAILED) from None
    holding = {each.linked.link for each in mappings if each.linked}
    idle = [link for link in links if link not in holding]
    unready = unlinked_on_calls(duty, mappings, roster)
    return Everybody(mappings, unlinked(mappings, roster.users.values()), unready, idle)


async def _links(data: Path) -> list[Link]:
    async with opened(data) as redis:
        return await Links(redis).all()


def _report(found: Everybody) -> Iterator[str]:
    people = sorted(found.people, key=lambda each: (each.linked is None, each.person.name))
    yield from table(PEOPLE, map(_row, people), terminal())
    yield ""
    yield f"{sum(each.linked is not None for each in people)} of {len(people)} people in Slack are linked."
    if found.idle:
        yield "Links that lead to no one now: " + ", ".join(f"{link.slack} ({link.email})" for link in found.idle)
    if found.strangers:
        yield "In PagerDuty only: " + ", ".join(f"{user.name} ({user.id})" for user in found.strangers)
    yield ""
    if found.unready:
        yield f"On call in the next {DAYS} days, but can't act from Slack:"
        yield from table(DUTY, map(_duty, found.unready), terminal())
    else:
        yield f"Everyone on call in the next {DAYS} days can act from Slack."


def _row(each: Mapping) -> tuple[str, ...]:
    linked, refusal = each.linked, each.refusal
    user = f"{linked.user.name} ({linked.user.id})" if linked else ""
    return each.person.id, each.person.name, user, _how(linked) if linked else "", refusal.why if refusal else ""


def _how(linked: Linked) -> str:
    """Return how a person is linked, and since when if they did it themselves."""
    if linked.link is None:
        return linked.how
    approver = f" by {linked.link.approver}" if linked.link.approver else ""
    return f"{linked.how}{approver}, {moment(linked.link.at_ms)}"


def _duty(each: UnlinkedOnCall) -> tuple[str, ...]:
    entry = each.on_call
    until = moment(entry.until.ms) if entry.until else "always"
    return entry.user.name, entry.user.id, entry.policy.name or entry.policy.id, str(entry.level), until, each.why


def _told(each: Mapping) -> Iterator[str]:
    who = f"{each.person.name} ({each.person.id})"
    if each.linked:
        user = each.linked.user
        role = ROLE_NAMES.get(user.role, user.role)
        yield f"{who} is {user.name} ({user.id}) in PagerDuty, by {_how(each.linked)}; their role is {role}."
    elif each.refusal:
        yield f"{who} isn't linked to a PagerDuty user. They see: {each.refusal.why} {each.refusal.next_step}."
        if len(each.candidates) > 1:
            named = ", ".join(f"{user.name} ({user.id})" for user in each.candidates)
            yield f"Those with that address: {named}. Choose one in [identity.users]."


def _object(each: Mapping) -> dict[str, object]:
    linked, refusal = each.linked, each.refusal
    return {
        "slack_user": each.person.id,
        "name": each.person.name,
        "pagerduty_user": linked.user.id if linked else None,
        "mapped": linked.how if linked else None,
        "linked_at_ms": linked.link.at_ms if linked and linked.link else None,
        "why_not": refusal.why if refusal else None,
        "next_step": refusal.next_step if refusal else None,
    }


def _objects(found: Everybody) -> Iterator[dict[str, object]]:
    yield from map(_object, found.people)
    for user in found.strangers:
        yield {"slack_user": None, "name": user.name, "pagerduty_user": user.id}
    for each in found.unready:
        duty = {"on_call": each.on_call.user.id, "policy": each.on_call.policy.id, "level": each.on_call.level}
        yield {**duty, "why_not": each.why}
