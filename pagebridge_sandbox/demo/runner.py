"""Playing the story: start everything, step after step, check, tell, and stop everything."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from pagebridge_sandbox.demo import fixtures, output
from pagebridge_sandbox.demo.checks import Check, Failed, Wrong, all_wrong
from pagebridge_sandbox.demo.observer import Seen
from pagebridge_sandbox.demo.output import BOLD, DIM, GREEN, RED, Paper
from pagebridge_sandbox.demo.processes import Broken
from pagebridge_sandbox.demo.scenario import Step
from pagebridge_sandbox.demo.stage import Stage, set_up
from pagebridge_sandbox.demo.story import STORY
from pagebridge_sandbox.demo.trace import Hop, folded

DONE, FAILED, INTERRUPTED, TERMINATED = 0, 1, 130, 143
"""Exit codes."""
PATIENCE = 25.0
"""Seconds after which something awaited counts as failed."""
POLL = 0.05
"""Seconds between two looks at something awaited."""
YOUNG = 2.5
"""Seconds until an incident is surely younger than the bridge's store. For an older one, cards are looked for first."""
FRESH = 0.02
"""Seconds in which another log may still bring a hop from before."""
AT_REST = Check("calls and deliveries that are still open", lambda seen: seen.open, 0)
ALL_FOLDED = Check("deliveries that the worker has not folded", lambda seen: seen.unfolded, 0)
GREETING = (
    "Two incidents, from first alarm to end, between a Slack and a PagerDuty that run on this machine.\n"
    "Receiver, worker, Valkey, webhooks, WebSocket and REST calls are real; every line below is out of the logs."
)


def main(story: Sequence[Step] = STORY, patience: float = PATIENCE) -> int:
    """
    Play `story` on standard output, waiting `patience` seconds for each step to come out right.

    Returns the exit code: 0, 1 when a step failed, 130 after Ctrl-C.
    """
    directory = Path(tempfile.mkdtemp(prefix="pagebridge-demo-"))
    paper = output.standard_output()
    code = FAILED
    try:
        code = asyncio.run(_perform(partial(_play, story, directory, paper, patience), paper))
    except KeyboardInterrupt:
        paper.write("\nStopped.")
        code = INTERRUPTED
    finally:
        if code == FAILED:
            paper.write(f"The logs of receiver, worker and Valkey are in {directory}")
        else:
            shutil.rmtree(directory)
    return code


async def _perform(play: Callable[[], Awaitable[None]], paper: Paper) -> int:
    """Play until the end, a failure, or SIGTERM, which ends it as cleanly as Ctrl-C."""
    me = asyncio.current_task()
    terminated = asyncio.Event()

    def terminate() -> None:
        terminated.set()
        if me is not None:
            me.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        await play()
    except (Failed, Broken) as error:
        paper.write(f"\n{error}", RED)
        return FAILED
    except asyncio.CancelledError:
        if terminated.is_set():
            return TERMINATED
        raise
    return DONE


async def _play(story: Sequence[Step], directory: Path, paper: Paper, patience: float) -> None:
    paper.write(GREETING, BOLD)
    begun = time.monotonic()
    async with set_up(directory) as stage:
        play = Play(stage, paper, patience)
        await play.until_ready()
        for number, step in enumerate(story, 1):
            await play.step(number, step)
        await play.end(time.monotonic() - begun)


class Play:
    """One play of a story: what happens is told while it happens."""

    def __init__(self, stage: Stage, paper: Paper, patience: float) -> None:
        self._stage = stage
        self._paper = paper
        self._patience = patience
        self._seen = Seen(stage)
        self._begun = time.time()
        self._told = 0

    async def until_ready(self) -> None:
        """Wait for receiver and worker; how they got ready is told in one line. Raises `Failed`."""
        deadline = time.monotonic() + PATIENCE
        while not await self._stage.bridge.ready():
            self._stage.bridge.require_running()
            if time.monotonic() > deadline:
                raise Failed(f"receiver and worker are not ready after {PATIENCE:.0f} s")
            await asyncio.sleep(POLL)
        checked = f"{len(self._stage.slack.calls)} calls to Slack and {len(self._stage.pagerduty.calls)} to PagerDuty"
        seconds = time.time() - self._begun
        self._paper.write(f"\nReceiver and worker are ready after {seconds:.1f} s; {checked} checked tokens.", DIM)
        await asyncio.sleep(YOUNG)
        self._told = len(self._stage.hops())
        self._begun = time.time()

    async def step(self, number: int, step: Step) -> None:
        """Play one step, and wait until all has come to rest and everything holds. Raises `Failed`."""
        self._paper.write(f"\n{number}  {step.title}", BOLD)
        try:
            await step.play(self._stage)
            wrong = await self._settle(step)
        except AssertionError as error:  # how the simulators say that a person cannot do something
            raise Failed(f"This step failed: {step.title}\n  {error}") from error
        finally:
            self._tell(everything=True)
            self._show_dialogs()
        if wrong:
            raise Failed.of(step.title, wrong)
        held = " · ".join(check.what for check in step.checks)
        self._paper.write(output.paragraph(held, first="           ✓ ", indent="             "), GREEN)

    async def end(self, seconds: float) -> None:
        """Show the channel as people see it, and the figures."""
        self._paper.write("\nThe channel, as people see it", BOLD)
        self._paper.write(output.picture(self._stage.slack.render_channel(fixtures.CHANNEL)))
        self._paper.write("\nIn figures", BOLD)
        self._paper.write("\n".join(self._seen.figures(seconds).lines()))

    async def _settle(self, step: Step) -> list[Wrong]:
        """Wait until everything holds and nothing moves any more; return what is wrong if that does not come."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            await self._look()
            if self._resting(step.rest) and not all_wrong(step.checks, self._seen):
                return []
        wrong = all_wrong(step.checks, self._seen)
        return wrong or all_wrong([AT_REST, ALL_FOLDED], self._seen)

    async def _look(self) -> None:
        await asyncio.sleep(POLL)
        self._stage.bridge.require_running()
        await self._seen.look_again()
        self._tell()

    def _resting(self, seconds: float) -> bool:
        """Tell whether nothing is open, every webhook is folded, and no hop has been for so many seconds."""
        quiet = time.time() - self._stage.hops()[-1].at
        return quiet > seconds and not all_wrong([AT_REST, ALL_FOLDED], self._seen)

    def _show_dialogs(self) -> None:
        """Show the dialogs that people had in front of them in this step."""
        for drawn in self._stage.dialogs:
            self._paper.write(output.picture(output.beside(drawn)))
        self._stage.dialogs.clear()

    def _tell(self, *, everything: bool = False) -> None:
        """Tell what is new, up to what is still open; reads wait for what comes after them."""
        new = self._stage.hops()[self._told :]
        told = len(new) if everything else _complete(new)
        for hop in folded(new[:told]):
            self._paper.hop(hop, self._begun)
        self._told += told


def _complete(hops: Sequence[Hop]) -> int:
    """Count the hops that can be told: not those that are open or fresh, nor reads that more may follow."""
    old = time.time() - FRESH
    told = next((place for place, hop in enumerate(hops) if not hop.settled or hop.at > old), len(hops))
    while told and hops[told - 1].read:
        told -= 1
    return told
