"""
`pagebridge webhook`: the subscription by which PagerDuty tells us of everything, from its making to its end.

Its address and secret can never be changed, and the secret is shown once (PagerDuty's OpenAPI description). So it is
made inactive and switched on once its secret is in place, and another secret means a second subscription beside it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from pagebridge.cli import FAILED, exits
from pagebridge.cli.checks.context import here
from pagebridge.cli.checks.findings import Status
from pagebridge.cli.checks.webhook import Pinging, is_private, judge
from pagebridge.cli.clients import AsJson, Data, Receiver, opened, pagerduty_door
from pagebridge.cli.env_file import ENV, SECRETS
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import agreed, folded, show, table, terminal
from pagebridge.cli.webhook_listing import TITLES, as_json_object, row
from pagebridge.cli.webhook_secrets import (
    DESCRIPTION,
    described,
    described_as_only,
    install_secret,
    is_lost,
    replaced_by,
    retire_secrets,
)
from shared.config.settings import PagerDutySettings, load
from shared.errors import NotFound
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.webhook_subscription import (
    ANY,
    NEEDED,
    PATH,
    Created,
    WebhookSubscription,
    change_request,
    creation_request,
    delivers_here,
    wrong_with,
)

DONE = 0

webhook = typer.Typer(no_args_is_help=True, help="Create, check, rotate and delete the webhook subscription.")

Write = Annotated[bool, typer.Option("--write-env", help=f"Save the secret to .env ({SECRETS}) without showing it.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The subscription's id (`pagebridge webhook status`).")]
SomeId = Annotated[str, typer.Argument(metavar="ID", show_default=False, help="Its id, or all that deliver here.")]


@webhook.command(epilog="Example: pagebridge webhook create --url https://bridge.example.com --write-env")
@exits
async def create(
    *,
    url: Annotated[
        str | None,
        typer.Option(
            prompt="Public https address of the receiver", help="Where PagerDuty delivers; asked for if omitted."
        ),
    ] = None,
    service: Annotated[str, typer.Option(metavar="ID", help="Only events of this service.")] = "",
    team: Annotated[str, typer.Option(metavar="ID", help="Only events of this team.")] = "",
    write_env: Write = False,
) -> int:
    """Create the subscription, install its secret, and activate it."""
    if service and team:
        raise typer.BadParameter("choose one of --service and --team")
    scope = ("service" if service else "team" if team else "account", service or team)
    return await subscribed(url or "", scope, write_env=write_env)


async def subscribed(url: str, scope: tuple[str, str] = ("account", ""), *, write_env: bool) -> int:
    """Create a subscription to what `scope` names, install its secret, and activate it; return the exit code."""
    settings = load(PagerDutySettings)
    address = receiver_address(url)
    async with pagerduty_door(settings) as door:
        for each in await _every(door):
            if (each.url, each.scope, each.scope_id) == (address, *scope):
                saving = " --write-env" if write_env else ""
                _say(f"{each.id} already exists. For a new secret: pagebridge webhook rotate{saving}")
                return FAILED
        made = await door.create_subscription(creation_request(address, *scope, DESCRIPTION))
        _say(f"Created {made.subscription.id}. It sends nothing until it is activated.")
        installed = install_secret(made.secret, write=write_env)
        await _noted(door, made)
        if not installed:
            _say(f"Once the secret is installed: pagebridge webhook activate {made.subscription.id}")
            return FAILED
        return await _switched_on(door, made.subscription.id)


@webhook.command(epilog="Example: pagebridge webhook activate PF9KMXH")
@exits
async def activate(subscription: Id) -> int:
    """Activate a subscription whose secret is installed."""
    async with pagerduty_door(load(PagerDutySettings)) as door:
        try:
            return await _switched_on(door, subscription)
        except NotFound:
            return _nothing(subscription)


@webhook.command(epilog="Example: pagebridge webhook status --json")
@exits
async def status(*, as_json: AsJson = False) -> int:
    """List the account's subscriptions. Exits with 1 if none delivers every required event here."""
    settings = load(PagerDutySettings)
    async with pagerduty_door(settings) as door:
        everything = (await door.webhook_subscriptions()).value
    if as_json:
        show(json.dumps(as_json_object(each, settings)) for each in everything)
    else:
        show(table(TITLES, map(row, everything), terminal()))
    ours = _ours(everything, settings)
    wrong = wrong_with(ours)
    if wrong and not as_json:
        _say(str(wrong))
    return FAILED if wrong or any(each.disabled for each in ours) else DONE


@webhook.command(epilog="Example: pagebridge webhook ping")
@exits
async def ping(subscription: SomeId = ANY, data: Data = DATA) -> int:
    """Send a test ping, and check that it passes through the receiver to the store."""
    settings = load(PagerDutySettings)
    async with pagerduty_door(settings) as door:
        ours = _ours((await door.webhook_subscriptions()).value, settings, subscription)
        verdicts = [await _pinged(door, each, data) for each in ours]
    if not ours:
        return _nothing(subscription)
    return DONE if all(verdicts) else FAILED


@webhook.command(epilog="Example: pagebridge webhook rotate --write-env")
@exits
async def rotate(subscription: SomeId = ANY, *, write_env: Write = False, data: Data = DATA) -> int:
    """
    Replace the secret without losing a delivery.

    Creates a second subscription, tests it with a ping, then deletes the first. If interrupted, run it again.
    """
    settings = load(PagerDutySettings)
    async with pagerduty_door(settings) as door:
        everything = await _every(door)
        known = {each.id for each in everything}
        if subscription not in {ANY, *known}:
            return _nothing(subscription)
        old = _only([each for each in _ours(everything, settings, subscription) if replaced_by(each) not in known])
        if old is None:
            return FAILED
        go_on = f"pagebridge webhook rotate {old.id}{' --write-env' if write_env else ''}"
        new = next((each for each in everything if replaced_by(each) == old.id), None)
        if new is not None and write_env and is_lost(new):
            await door.delete_subscription(new.id)
            _say(f"Deleted {new.id}, which an earlier rotation left: its secret is not in {ENV}.")
            new = None
        if new is None:
            description = f"{DESCRIPTION} (replaces {old.id})"
            wanted = creation_request(old.url, old.scope, old.scope_id, description, old.events | NEEDED)
            made = await door.create_subscription(wanted)
            _say(f"Created {made.subscription.id} beside {old.id}. It sends nothing yet.")
            installed = install_secret(made.secret, write=write_env, beside=True)
            new = await _noted(door, made, old.id)
            if not installed:
                return _unfinished(old, go_on)
        if not agreed("Has the receiver reloaded with the new secret (SIGHUP or restart)?"):
            return _unfinished(old, go_on)
        return await _replaced(door, old, new, data, go_on)


@webhook.command(epilog="Example: pagebridge webhook delete PF9KMXH")
@exits
async def delete(
    subscription: Id, *, yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False
) -> int:
    """Delete a subscription. Pending deliveries are lost."""
    async with pagerduty_door(load(PagerDutySettings)) as door:
        everything = (await door.webhook_subscriptions()).value
        gone = next((each for each in everything if each.id == subscription), None)
        if gone is None:
            return _nothing(subscription)
        if not yes and not agreed(f"Delete {subscription}? Pending deliveries will be lost."):
            _say("Nothing was changed.")
            return FAILED
        await door.delete_subscription(subscription)
    _say(f"Deleted {subscription}.")
    _say(retire_secrets(everything, gone))
    return DONE


async def _every(door: PagerDuty) -> Sequence[WebhookSubscription]:
    """Read all subscriptions. Raises `Uncertain` if one can't be read: what is looked for may be that one."""
    read = await door.webhook_subscriptions()
    read.require_whole()
    return read.value


async def _switched_on(door: PagerDuty, subscription: str) -> int:
    await door.change_subscription(subscription, change_request(active=True))
    _say(f"Activated {subscription}. Send a running receiver SIGHUP to load its secret.")
    return DONE


async def _pinged(door: PagerDuty, subscription: WebhookSubscription, data: Path) -> bool:
    """Ping a subscription, say what became of it, and tell whether it came."""
    async with opened(data) as redis:
        pinging = Pinging(door, redis, Receiver(here().receiver_admin_port, here().admin_host))
        verdict = judge(subscription, await pinging.ping(subscription.id))
    _say(f"{subscription.id}: {verdict.what}" + (f"\n  -> {verdict.fix}" if verdict.fix else ""))
    return verdict.status is Status.PASS


async def _noted(door: PagerDuty, made: Created, replaces: str = "") -> WebhookSubscription:
    """Note in the description which secret is its own; after that is installed, for only we have it."""
    description = described(made.secret, replaces)
    return await door.change_subscription(made.subscription.id, change_request(description=description))


async def _replaced(door: PagerDuty, old: WebhookSubscription, new: WebhookSubscription, data: Path, go_on: str) -> int:
    """Switch the new one on; when a ping has come through it the old one ends, else the new one is switched off."""
    await door.change_subscription(new.id, change_request(active=True))
    if not await _pinged(door, new, data):
        await door.change_subscription(new.id, change_request(active=False))
        _say(f"{old.id} is unchanged, {new.id} is off again. Once that is fixed: {go_on}")
        return FAILED
    await door.delete_subscription(old.id)
    await door.change_subscription(new.id, change_request(description=described_as_only(new)))
    _say(f"{new.id} replaced {old.id}, which is deleted.")
    _say(retire_secrets((await door.webhook_subscriptions()).value, old))
    _say(f"If PAGERDUTY_WEBHOOK_SUBSCRIPTION is {old.id}, change it to {new.id}.")
    return DONE


def _ours(
    everything: Sequence[WebhookSubscription], settings: PagerDutySettings, subscription: str = ANY
) -> list[WebhookSubscription]:
    wanted = settings.pagerduty_webhook_subscription if subscription == ANY else subscription
    return [each for each in everything if delivers_here(each, wanted)]


def _only(ours: Sequence[WebhookSubscription]) -> WebhookSubscription | None:
    if len(ours) == 1:
        return ours[0]
    if ours:
        _say(f"Which one? Active and delivering to {PATH}: {', '.join(each.id for each in ours)}.")
    else:
        _nothing(ANY)
    return None


def _nothing(subscription: str) -> int:
    if subscription == ANY:
        _say(f"No active subscription delivers to {PATH}. `pagebridge webhook create` makes one.")
    else:
        _say(f"No subscription {subscription}. Run `pagebridge webhook status` to list them.")
    return FAILED


def _unfinished(old: WebhookSubscription, go_on: str) -> int:
    _say(f"Not finished: {old.id} goes on, and nothing is lost. Once the receiver has the new secret: {go_on}")
    return FAILED


def receiver_address(text: str) -> str:
    """Complete the address of a receiver. Raises `typer.BadParameter`."""
    local = is_private(urlsplit(load(PagerDutySettings).pagerduty_api_url).hostname or "")
    url = urlsplit(text.strip().rstrip("/"))
    if not url.hostname or url.scheme not in {"https", "http"}:
        raise typer.BadParameter("the address must begin with https://")
    if not local and (url.scheme != "https" or is_private(url.hostname)):
        raise typer.BadParameter("PagerDuty needs a public https address, such as https://bridge.example.com")
    if url.path and not url.path.endswith(PATH):
        whole = url._replace(path=url.path + PATH, query="", fragment="").geturl()
        raise typer.BadParameter(f"the receiver listens at {PATH}: behind that prefix at {whole}")
    return url._replace(path=url.path or PATH, query="", fragment="").geturl()


def _say(words: str) -> None:
    for line in words.splitlines():
        show(folded(line, terminal(), len(line) - len(line.lstrip())))
