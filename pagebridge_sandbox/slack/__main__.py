"""`python -m pagebridge_sandbox.slack`: the simulator by itself, with a sample workspace."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any, cast

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.slack.manifests import Grants
from pagebridge_sandbox.slack.sandbox import SlackSandbox

GUIDE = """\
A Slack for one app is up. Give the app:
  SLACK_API_URL={slack.api_url}
  SLACK_BOT_TOKEN={slack.bot_token}
  SLACK_APP_TOKEN={slack.app_token}
  (or SLACK_TRANSPORT=http, SLACK_SIGNING_SECRET={slack.signing_secret}; then POST request_url, see below)

People: {people}
Channels: {channels}

Look around and act with HTTP:
  curl {control}                                    this, as JSON
  curl '{control}channel?channel=C0INCIDENTS'       the channel as people see it
  curl '{control}private?user=U0ALICE'              what only Alice sees
  curl {control}calls                               every call of the app; also: envelopes, faults, modal?user=...
  curl {control}click -d '{{"user": "U0ALICE", "channel": "C0INCIDENTS", "ts": "...", "label": "Acknowledge"}}'
  curl {control}type -d '{{"user": "U0ALICE", "channel": "C0INCIDENTS", "text": "/pd help"}}'
  curl {control}faults -d '{{"method": "chat.postMessage", "http_status": 503, "times": 2}}'
  curl {control}request_url -d '{{"url": "http://127.0.0.1:3000/slack/events"}}'
  also POST: post, reload, redeliver, users, users/change, channels, channels/change, faults/remove,
             modal/fill, modal/end, shortcut, faults/plan, faults/delivery, clock/advance,
             socket/refresh, socket/disconnect, socket/cut, socket/half_open, socket/refuse_handshakes
Ctrl-C ends it."""


def furnish(slack: SlackSandbox) -> None:
    """Put a few people and channels into the workspace."""
    alice = slack.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
    bob = slack.add_user("Bob Ray", email="bob@example.com", id="U0BOB")
    carol = slack.add_user("Carol Díaz", email="carol@example.com", id="U0CAROL")
    guest = slack.add_user("Gus Guest", email="gus@example.org", id="U0GUS", guest="multi")
    outsider = slack.add_user("Olga Outside", email="olga@example.net", id="U0OLGA", team_id="T0OTHER")
    everybody = [user.id for user in (alice, bob, carol, guest, outsider)]
    slack.add_channel("incidents", id="C0INCIDENTS", members=everybody)
    slack.add_channel("checkout", id="C0CHECKOUT", members=everybody[:2], private=True)


def read_manifest(path: str) -> dict[str, Any]:
    """
    Read an app manifest, as YAML or JSON.

    Raises `ArgumentTypeError` if there is no such file, or Slack would not take it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        manifest = decode(text) if text.lstrip().startswith("{") else _parse_yaml(text)
        Grants.from_manifest(manifest if isinstance(manifest, dict) else {})
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return cast("dict[str, Any]", manifest)


def _parse_yaml(text: str) -> object:
    """Parse YAML. Raises `ValueError` if it is none, or PyYAML, which nothing else here needs, is not installed."""
    try:
        import yaml  # noqa: PLC0415 -- an optional dependency
    except ImportError:
        raise ValueError("a manifest in YAML needs PyYAML (pip install pyyaml); JSON does not") from None
    try:
        return cast("object", yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


async def serve(port: int, manifest: dict[str, Any] | None = None) -> None:
    """Run until cancelled."""
    async with SlackSandbox(port=port, manifest=manifest) as slack:
        furnish(slack)
        people = ", ".join(f"{user.name} {user.id}" for user in slack.users.values())
        channels = ", ".join(f"#{channel.name} {channel.id}" for channel in slack.channels.values())
        control = f"{slack.base_url}/_sandbox/"
        sys.stdout.write(GUIDE.format(slack=slack, people=people, channels=channels, control=control) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line, and run until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m pagebridge_sandbox.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=9002, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--manifest", type=read_manifest, metavar="FILE", help="the app's manifest, YAML or JSON: only its scopes exist"
    )
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.manifest))


if __name__ == "__main__":
    main()
