"""
`pagebridge init`: asks for every setting that is missing, tries it, saves it, and offers what comes next.

Existing values stay. Each answer is tried and saved at once, so an interrupted run can be continued. Secrets go into
`.env`, readable only by its owner, and are never shown whole.
"""

import asyncio
import sys
from typing import Annotated

import typer

from pagebridge.cli import FAILED, MISCONFIGURED
from pagebridge.cli.answers import Answers, value
from pagebridge.cli.checks.context import here
from pagebridge.cli.doctor import examine, report
from pagebridge.cli.env_file import SECRETS
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import Unanswered, agreed, ask, folded, terminal
from pagebridge.cli.webhook import receiver_address, subscribed

QUESTION = "Public https address of the receiver, to subscribe to PagerDuty's webhooks (Enter skips)"
NEXT = """
Next:
  pagebridge webhook create --write-env    subscribes to PagerDuty's events
  pagebridge doctor                        checks the setup
  pagebridge up                            starts the bridge
"""
ALL_SET = "Everything is set. Run `pagebridge doctor` to check it, and `pagebridge up` to start the bridge."


def init(
    *,
    slack_command: Annotated[str, typer.Option(metavar="/NAME", help="The slash command; asked for if missing.")] = "",
    region: Annotated[str, typer.Option(metavar="us|eu", help="The PagerDuty region; asked for if missing.")] = "",
    channel: Annotated[
        str, typer.Option(metavar="NAME|ID", help="The channel for incidents; asked for if missing.")
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Don't try the tokens at Slack and PagerDuty.")] = False,
) -> None:
    """
    Ask for missing settings, try them, and write .env and bridge.toml.

    Answers may come from a pipe, one per line. What the environment sets is neither asked for nor saved.
    """
    answers = Answers(offline=offline)
    try:
        answers.show()
        answers.slack(slack_command)
        answers.pagerduty(region)
        answers.bridge_toml(here().bridge_config, channel)
        answers.correct()
        finish()
    except Unanswered:
        sys.stderr.write("No input left. To continue, run `init` again: what is saved is not asked for again.\n")
        raise typer.Exit(MISCONFIGURED) from None
    except OSError as error:
        sys.stderr.write(f"Can't save that: {error}\n")
        raise typer.Exit(FAILED) from None


def finish() -> None:
    """Offer what comes next: the webhook subscription, and a look at everything."""
    code = 0
    if not value(SECRETS):
        url = _address_now()
        if not url:
            sys.stdout.write(NEXT)
            return
        code = asyncio.run(subscribed(url, write_env=True))
    if agreed("Check the whole setup now?"):
        raise typer.Exit(asyncio.run(_examined()))
    if code:
        raise typer.Exit(code)
    sys.stdout.writelines(f"{line}\n" for line in ("", *folded(ALL_SET, terminal(), 0)))


async def _examined() -> int:
    return report(await examine(DATA))


def _address_now() -> str:
    """Ask for the address of the receiver; empty for later."""

    def usable(answer: str) -> str:
        try:
            return receiver_address(answer) if answer else ""
        except typer.BadParameter as error:
            raise ValueError(error.message) from None

    try:
        return ask(QUESTION, usable)
    except Unanswered:
        return ""
