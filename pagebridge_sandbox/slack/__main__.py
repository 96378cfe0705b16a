"""`python -m pagebridge_sandbox.slack`: the simulator by itself, with a sample workspace."""

import argparse
import asyncio
import contextlib
import sys

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


async def serve(port: int) -> None:
    """Run until cancelled."""
    async with SlackSandbox(port=port) as slack:
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
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
