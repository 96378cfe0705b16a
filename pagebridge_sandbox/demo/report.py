"""The report of a play: the channel at its best moments, every hop, and the figures with the next step."""

import shutil
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pagebridge_sandbox.demo import fixtures
from pagebridge_sandbox.demo.markup import Reader, show_emoji
from pagebridge_sandbox.demo.output import body_margin, hop_lines, write
from pagebridge_sandbox.demo.picture import Picture, wrap
from pagebridge_sandbox.demo.scenario import Step
from pagebridge_sandbox.demo.summary import Summary
from pagebridge_sandbox.demo.trace import Hop, merge_reads
from pagebridge_sandbox.slack import SlackSandbox

GREETING = "pagebridge: handle PagerDuty incidents from Slack, in your own name"
INTRODUCTION = (
    "The real bridge handles two incidents against a simulated PagerDuty and Slack on this machine. "
    "It takes half a minute and needs no account."
)


class ChannelReport:
    """The channel as people see it: the latest card with its thread, and the private replies since the last look."""

    def __init__(self, slack: SlackSandbox, console: Console) -> None:
        self._slack = slack
        self._console = console
        self._shown_replies = 0

    def print(self, scene: str) -> None:
        """Show how the channel looks after what `scene` tells."""
        channel = self._slack.channels[fixtures.CHANNEL]
        picture = Picture(Reader(self._slack.name_of, None, time.time()), self._console)
        new = self._slack.ephemerals[self._shown_replies :]
        self._shown_replies = len(self._slack.ephemerals)
        lines = [
            Text(),
            *wrap(Text(scene, "bold"), self._console, "> ", "  "),
            picture.heading(channel.name),
            *picture.card(channel.messages[-1]),
            *(line for message in new for line in (Text(), *picture.private(message))),
        ]
        self._console.print(Text("\n").join(lines), soft_wrap=True)


class HopReport:
    """Every step with its hops, its dialogs and what held, kept until it is asked for."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[Text] = []

    def add_step(self, number: int, step: Step) -> None:
        """Begin a step."""
        margin = f"{number}  "
        self._lines += [Text(), *wrap(Text(step.title, "bold"), self._console, margin, " " * len(margin))]

    def add_hops(self, hops: Sequence[Hop], since: float) -> None:
        """Add what happened, with times in seconds `since` the beginning."""
        for hop in merge_reads(hops):
            self._lines += hop_lines(hop, since, self._console)

    def add_dialog(self, dialog: str) -> None:
        """Add a dialog that a person had in front of them."""
        margin = body_margin(self._console)
        for line in show_emoji(dialog).splitlines():
            bar = "│ " if line.startswith("│ ") else ""
            self._lines += wrap(Text(line.removeprefix(bar)), self._console, margin + bar)

    def add_checks(self, step: Step) -> None:
        """Add what held after a step."""
        margin = body_margin(self._console)
        for check in step.checks:
            self._lines += wrap(Text(check.description, "green"), self._console, f"{margin}✓ ", f"{margin}  ")

    def print(self) -> None:
        """Show all of it."""
        write(self._console)
        write(self._console, "Every call, with seconds since the start", "bold")
        self._console.print(Text("\n").join(self._lines), soft_wrap=True)


def print_greeting(console: Console) -> None:
    """Print the introduction."""
    write(console, GREETING, "bold")
    write(console, INTRODUCTION)
    write(console)
    write(console, "The channel, as people see it", "bold underline")


def print_end(console: Console, summary: Summary, checks: int, *, verbose: bool) -> None:
    """Show the figures, and what to do next."""
    write(console)
    write(console, f"All {checks} checks passed", "bold green")
    for figure, words in summary.lines():
        write(console, words, margin=f"{figure:>6}  ", hanging=" " * 8)
    write(console)
    write(console, "What next", "bold")
    command = own_command()
    if not verbose:
        write(console, "See every call and webhook:", margin="  ")
        console.print(f"    {command} demo --verbose", style="cyan", soft_wrap=True)
    write(console, "Run it for real, in ten minutes, with a Slack workspace and a PagerDuty account:", margin="  ")
    console.print(f"    {command} init", style="cyan", soft_wrap=True)


def own_command() -> str:
    """Return how `pagebridge` is started from where the person is."""
    script, on_path = Path(sysconfig.get_path("scripts")) / "pagebridge", shutil.which("pagebridge")
    if not script.exists():
        return "pagebridge" if on_path else f"{sys.executable} -m pagebridge"
    if on_path and Path(on_path).samefile(script):
        return "pagebridge"
    here = Path.cwd()
    return str(script.relative_to(here) if script.is_relative_to(here) else script)
