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
from pagebridge_sandbox.demo.checks import Check, CheckFailure, StepFailed, failed_checks
from pagebridge_sandbox.demo.observer import Observer
from pagebridge_sandbox.demo.output import BOLD, DIM, GREEN, RED, Console
from pagebridge_sandbox.demo.processes import ProcessFailed
from pagebridge_sandbox.demo.scenario import Step
from pagebridge_sandbox.demo.stage import Stage, start_stage
from pagebridge_sandbox.demo.story import STEPS
from pagebridge_sandbox.demo.trace import Hop, merge_reads

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TERMINATED = 0, 1, 130, 143
"""Exit codes."""
STEP_TIMEOUT = 25.0
"""Seconds after which something awaited counts as failed."""
POLL_INTERVAL = 0.05
"""Seconds between two looks at something awaited."""
WARM_UP = 2.5
"""Seconds until an incident is surely younger than the bridge's store. For an older one, cards are looked for first."""
LOG_DELAY = 0.02
"""Seconds in which another log may still bring a hop from before."""
NO_OPEN_HOPS = Check("calls and deliveries that are still open", lambda seen: seen.open_hops, 0)
ALL_WEBHOOKS_FOLDED = Check("deliveries that the worker has not folded", lambda seen: seen.unfolded_webhooks, 0)
GREETING = (
    "Two incidents, from first alarm to end, between a Slack and a PagerDuty that run on this machine.\n"
    "Receiver, worker, Valkey, webhooks, WebSocket and REST calls are real; every line below is out of the logs."
)


def main(steps: Sequence[Step] = STEPS, timeout: float = STEP_TIMEOUT) -> int:
    """
    Play `steps` on standard output, waiting up to `timeout` seconds for each step to come out right.

    Returns the exit code: 0, 1 when a step failed, 130 after Ctrl-C.
    """
    directory = Path(tempfile.mkdtemp(prefix="pagebridge-demo-"))
    console = output.standard_output()
    code = EXIT_FAILED
    try:
        code = asyncio.run(_run_until_signal(partial(_run, steps, directory, console, timeout), console))
    except KeyboardInterrupt:
        console.write("\nStopped.")
        code = EXIT_INTERRUPTED
    finally:
        if code == EXIT_FAILED:
            console.write(f"The logs of receiver, worker and Valkey are in {directory}")
        else:
            shutil.rmtree(directory)
    return code


async def _run_until_signal(run: Callable[[], Awaitable[None]], console: Console) -> int:
    """Play until the end, a failure, or SIGTERM, which ends it as cleanly as Ctrl-C."""
    task = asyncio.current_task()
    terminated = asyncio.Event()

    def terminate() -> None:
        terminated.set()
        if task is not None:
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        await run()
    except (StepFailed, ProcessFailed) as error:
        console.write(f"\n{error}", RED)
        return EXIT_FAILED
    except asyncio.CancelledError:
        if terminated.is_set():
            return EXIT_TERMINATED
        raise
    return EXIT_OK


async def _run(steps: Sequence[Step], directory: Path, console: Console, timeout: float) -> None:  # noqa: ASYNC109 - of each step
    console.write(GREETING, BOLD)
    started = time.monotonic()
    async with start_stage(directory) as stage:
        demo_run = DemoRun(stage, console, timeout)
        await demo_run.wait_until_ready()
        for number, step in enumerate(steps, 1):
            await demo_run.run_step(number, step)
        await demo_run.print_summary(time.monotonic() - started)


class DemoRun:
    """One play of a story: what happens is told while it happens."""

    def __init__(self, stage: Stage, console: Console, timeout: float) -> None:
        self._stage = stage
        self._console = console
        self._timeout = timeout
        self._observer = Observer(stage)
        self._started_at = time.time()
        self._printed = 0

    async def wait_until_ready(self) -> None:
        """Wait for receiver and worker; how they got ready is told in one line. Raises `StepFailed`."""
        deadline = time.monotonic() + STEP_TIMEOUT
        while not await self._stage.bridge.is_ready():
            self._stage.bridge.require_running()
            if time.monotonic() > deadline:
                raise StepFailed(f"receiver and worker are not ready after {STEP_TIMEOUT:.0f} s")
            await asyncio.sleep(POLL_INTERVAL)
        checked = f"{len(self._stage.slack.calls)} calls to Slack and {len(self._stage.pagerduty.calls)} to PagerDuty"
        seconds = time.time() - self._started_at
        self._console.write(f"\nReceiver and worker are ready after {seconds:.1f} s; {checked} checked tokens.", DIM)
        await asyncio.sleep(WARM_UP)
        self._printed = len(self._stage.hops())
        self._started_at = time.time()

    async def run_step(self, number: int, step: Step) -> None:
        """Play one step, and wait until all has come to rest and everything holds. Raises `StepFailed`."""
        self._console.write(f"\n{number}  {step.title}", BOLD)
        try:
            await step.run(self._stage)
            failures = await self._wait_for_checks(step)
        except AssertionError as error:  # how the simulators say that a person cannot do something
            raise StepFailed(f"This step failed: {step.title}\n  {error}") from error
        finally:
            self._print_new_hops(everything=True)
            self._print_dialogs()
        if failures:
            raise StepFailed.for_step(step.title, failures)
        held = " · ".join(check.description for check in step.checks)
        self._console.write(output.wrap_paragraph(held, first="           ✓ ", indent="             "), GREEN)

    async def print_summary(self, seconds: float) -> None:
        """Show the channel as people see it, and the figures."""
        self._console.write("\nThe channel, as people see it", BOLD)
        self._console.write(output.render_for_terminal(self._stage.slack.render_channel(fixtures.CHANNEL)))
        self._console.write("\nIn figures", BOLD)
        self._console.write("\n".join(self._observer.summarize(seconds).lines()))

    async def _wait_for_checks(self, step: Step) -> list[CheckFailure]:
        """Wait until everything holds and nothing moves any more; return what is wrong if that does not come."""
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            await self._poll()
            if self._is_idle(step.quiet_seconds) and not failed_checks(step.checks, self._observer):
                return []
        failures = failed_checks(step.checks, self._observer)
        return failures or failed_checks([NO_OPEN_HOPS, ALL_WEBHOOKS_FOLDED], self._observer)

    async def _poll(self) -> None:
        await asyncio.sleep(POLL_INTERVAL)
        self._stage.bridge.require_running()
        await self._observer.refresh()
        self._print_new_hops()

    def _is_idle(self, seconds: float) -> bool:
        """True if no call is open, every webhook is folded, and no hop was recorded for this many seconds."""
        quiet = time.time() - self._stage.hops()[-1].at
        return quiet > seconds and not failed_checks([NO_OPEN_HOPS, ALL_WEBHOOKS_FOLDED], self._observer)

    def _print_dialogs(self) -> None:
        """Show the dialogs that people had in front of them in this step."""
        for dialog in self._stage.drawn_dialogs:
            self._console.write(output.render_for_terminal(output.indent_note(dialog)))
        self._stage.drawn_dialogs.clear()

    def _print_new_hops(self, *, everything: bool = False) -> None:
        """Print the new hops, up to the first that is still open; reads are printed with the hop that follows."""
        new = self._stage.hops()[self._printed :]
        printable = len(new) if everything else _printable_count(new)
        for hop in merge_reads(new[:printable]):
            self._console.write_hop(hop, self._started_at)
        self._printed += printable


def _printable_count(hops: Sequence[Hop]) -> int:
    """Count the hops that can be told: not those that are open or fresh, nor reads that more may follow."""
    old = time.time() - LOG_DELAY
    count = next((place for place, hop in enumerate(hops) if not hop.is_complete or hop.at > old), len(hops))
    while count and hops[count - 1].is_read:
        count -= 1
    return count
