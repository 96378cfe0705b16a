"""Checks of Slack: the tokens, what they allow, the socket, who else may answer to the command, and posting."""

import re
from collections.abc import Collection
from functools import partial

from pagebridge.cli.checks.findings import Check, Once, Verdict, failed, judged, passed, skipped, warned
from pagebridge.cli.clients import Worker
from shared.config.bridge_config import BridgeConfig
from shared.diagnostics import credential_checks
from shared.errors import CallError, Malformed, Refused
from shared.model.ids import ChannelId
from shared.slack.api.client import Slack, SlackIdentity

PAGERDUTYS_COMMAND = "/pd"
PAGERDUTYS_BOT = "pagerduty"
_APP = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")
LONGEST = 60.0
"""Seconds that posting to a channel may take: each waits for its turn at Slack."""
WORDS = "`pagebridge doctor` is testing whether this app can post here. This message will be deleted."
INSTALLED = ("Slack bot token", "Slack scopes")
"""Checks without which a call of the app's can only be refused."""
SETTINGS = "check the connection to Slack (proxy, firewall, SLACK_API_URL)"


def checks(
    slack: Slack, app_token: str | None, command: str, worker: Worker, also: Collection[str] = ()
) -> list[Check]:
    """
    List the checks of Slack. There is no `app_token` where Slack comes over HTTP.

    `also` are scopes that what is switched on needs besides.
    """
    identity = Once(slack.auth_test)
    found = [
        Check("Slack", lambda: reachable(identity)),
        Check("Slack bot token", lambda: bot_token(identity), needs=("Slack",)),
        Check("Slack scopes", lambda: scopes(identity, also), needs=("Slack bot token",)),
    ]
    if app_token is not None:
        found += [
            Check("Slack app token", lambda: app_token_opens(slack, app_token), needs=("Slack",)),
            Check("Slack tokens of one app", lambda: one_app(slack, identity, app_token), needs=("Slack bot token",)),
            Check("Slack Socket Mode", lambda: socket(slack, app_token, worker), needs=("Slack app token",)),
        ]
    others = partial(pagerdutys_app, slack, identity, command)
    return [
        *found,
        Check("Slack command", its_command(command), needs=INSTALLED),
        Check("PagerDuty's own Slack app", others, longest=30.0, needs=INSTALLED),
    ]


def posting(slack: Slack, config: BridgeConfig) -> list[Check]:
    """List the checks that post to every channel and delete it again: only that shows what a channel's rules allow."""
    routing = config.routing
    channels = {
        routing.default_channel,
        *(channel for route in routing.routes for channel in route.all_channels),
        *(each.channel for each in config.handovers),
        *(each.tell for each in config.oncall_groups),
    }
    return [
        Check(f"posting to {channel}", partial(post, slack, ChannelId(channel)), LONGEST, INSTALLED)
        for channel in sorted(filter(None, channels))
    ]


async def reachable(identity: Once[SlackIdentity]) -> Verdict:
    """Check that Slack answers, be it with a refusal."""
    try:
        await identity()
    except Refused:
        pass
    except CallError as error:
        return failed(f"Slack can't be reached: {error}", SETTINGS)
    return passed("reachable")


async def bot_token(identity: Once[SlackIdentity]) -> Verdict:
    """Check that Slack takes the bot token."""
    try:
        home = await identity()
    except Refused as error:
        return failed(*credential_checks.bot_token(error))
    return passed(f"bot {home.bot_user_id} in workspace {home.team_id}")


async def scopes(identity: Once[SlackIdentity], also: Collection[str] = ()) -> Verdict:
    """Check that the granted scopes are the required ones and those in `also`."""
    home, needed = await identity(), credential_checks.SCOPES.union(also)
    more = sorted(home.scopes - needed)
    if more and not credential_checks.scopes(home, also):
        return passed(f"all required scopes, and {', '.join(more)}, which the bridge doesn't use")
    return judged(credential_checks.scopes(home, also), f"all {len(needed)} required scopes, no others")


async def app_token_opens(slack: Slack, app_token: str) -> Verdict:
    """Check that Slack takes the app-level token."""
    try:
        await slack.socket_url(app_token)
    except Refused as error:
        return failed(*credential_checks.app_token(error))
    return passed("Slack accepts it")


async def one_app(slack: Slack, identity: Once[SlackIdentity], app_token: str) -> Verdict:
    """Check that both tokens belong to the same app: clicks on one app's cards do not come over another's socket."""
    found, home = _APP.match(app_token), await identity()
    if found is None or home.bot_id is None:
        return skipped("the tokens don't show which app they belong to", "compare them on the app's settings pages")
    bots_app = home.app_id or await slack.app_id(home.bot_id)
    if bots_app != found[1]:
        what = f"SLACK_BOT_TOKEN belongs to the app {bots_app}, SLACK_APP_TOKEN to {found[1]}"
        return failed(
            what, "copy both from the same app: clicks on one app's cards don't arrive over the other's socket"
        )
    return passed(f"both belong to app {bots_app}")


async def socket(slack: Slack, app_token: str, worker: Worker) -> Verdict:
    """Check that Socket Mode connects. A connection beside a worker's could catch a click, so its word is taken."""
    connected = await worker.socket_mode()
    if connected:
        return passed(f"the worker on this machine {connected}")
    try:
        connections = await slack.hello(app_token)
    except Malformed as error:
        return failed(str(error), "enable Socket Mode in the app's settings")
    except CallError as error:
        return failed(str(error), "allow WebSockets (wss://) to Slack in the firewall and the proxy")
    others = f"; {connections - 1} more open elsewhere" if connections > 1 else ""
    return passed(f"connected to Slack and disconnected{others}")


def its_command(command: str) -> Verdict:
    """Report that the command cannot be checked: no Slack method returns an app's commands."""
    what = f"Slack has no API for whether {command} leads to this app or interactivity is on"
    return skipped(what, f"type `{command} help` in a channel: this app must answer with the list of commands")


async def pagerdutys_app(slack: Slack, identity: Once[SlackIdentity], command: str) -> Verdict:
    """Look for PagerDuty's own app, by the name of its bot: of two apps with one command the later one has it."""
    home = await identity()
    bots = [bot async for bot in slack.bots() if bot.name.casefold().startswith(PAGERDUTYS_BOT)]
    found = [bot for bot in bots if bot.id != home.bot_user_id]
    if not found:
        return passed("PagerDuty's own app is not installed")
    if command != PAGERDUTYS_COMMAND:
        return passed(f"installed with {PAGERDUTYS_COMMAND}; ours is {command}")
    what = f"installed ({found[0].id}) and also uses {PAGERDUTYS_COMMAND}: the app installed last gets it"
    return warned(what, f"rename ours in SLACK_COMMAND and the app's settings, or try `{command} help`")


async def post(slack: Slack, channel: ChannelId) -> Verdict:
    """Post to a channel, and delete it."""
    metadata = {"event_type": "pagebridge_doctor", "event_payload": {"channel": channel}}
    try:
        ts = await slack.announce(channel, text=WORDS, metadata=metadata)
        await slack.delete(channel, ts)
    except Refused as error:
        return failed(str(error), "allow the app to post in the channel's settings")
    return passed("posted a message and deleted it")
