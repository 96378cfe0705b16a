"""Playing the story: start everything, step after step, check, tell, and stop everything."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pagebridge_sandbox.demo import output, report
from pagebridge_sandbox.demo.checks import Check, CheckFailure, StepFailed, failed_checks
from pagebridge_sandbox.demo.observer import Observer
from pagebridge_sandbox.demo.processes import ProcessFailed
from pagebridge_sandbox.demo.report import ChannelReport, HopReport
from pagebridge_sandbox.demo.scenario import Step
from pagebridge_sandbox.demo.stage import Stage, start_stage
from pagebridge_sandbox.demo.story import STEPS
from pagebridge_sandbox.demo.summary import Summary

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TERMINATED = 0, 1, 130, 143
"""Exit codes."""
STEP_TIMEOUT = 25.0
"""Seconds after which something awaited counts as failed."""
POLL_INTERVAL = 0.05
"""Seconds between two looks at something awaited."""
WARM_UP = 2.5
"""Seconds until an incident is surely younger than the bridge's store. For an older one, cards are looked for first."""
SPINNER_WIDTH = 2
"""Columns before the step that is being played."""
NO_OPEN_HOPS = Check("calls and deliveries that are still open", lambda seen: seen.open_hops, 0)
ALL_WEBHOOKS_FOLDED = Check("deliveries that the worker has not folded", lambda seen: seen.unfolded_webhooks, 0)


def main(steps: Sequence[Step] = STEPS, timeout: float = STEP_TIMEOUT, *, verbose: bool = False) -> int:
    """
    Play `steps` on standard output, waiting up to `timeout` seconds for each step to come out right.

    With `verbose` every call and webhook is shown too, after the channel. Returns the exit code: 0, 1 when a step
    failed, 130 after Ctrl-C, 143 after SIGTERM or SIGHUP.
    """
    directory = Path(tempfile.mkdtemp(prefix="pagebridge-demo-"))
    console = output.standard_output()
    code = EXIT_FAILED
    try:
        play = partial(_play, steps, directory, console, timeout, verbose=verbose)
        code = asyncio.run(_run_until_signal(play, console))
    except KeyboardInterrupt:
        output.write(console, "Stopped.")
        code = EXIT_INTERRUPTED
    finally:
        if code == EXIT_FAILED:
            _explain_failure(console, directory, verbose=verbose)
        else:
            shutil.rmtree(directory)
    return code


def _explain_failure(console: Console, directory: Path, *, verbose: bool) -> None:
    """Print where to look."""
    if not verbose:
        output.write(console, f"See every call up to here: {report.own_command()} demo --verbose")
    # Not wrapped: a path is copied as a whole.
    console.print(f"The logs of receiver, worker and Valkey are in {directory}", soft_wrap=True)


async def _run_until_signal(run: Callable[[], Awaitable[None]], console: Console) -> int:
    """Play until the end, a failure, SIGTERM or the end of the terminal, which end it as cleanly as Ctrl-C."""
    task = asyncio.current_task()
    terminated = asyncio.Event()

    def terminate() -> None:
        terminated.set()
        if task is not None:
            task.cancel()

    def hang_up() -> None:
        output.discard()
        terminate()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, terminate)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    try:
        await run()
    except (StepFailed, ProcessFailed) as error:
        output.write(console)
        for line in f"The demo failed. {error}".splitlines():
            words = line.lstrip()
            output.write(console, words, "red", margin=" " * (len(line) - len(words)))
        return EXIT_FAILED
    except asyncio.CancelledError:
        if terminated.is_set():
            return EXIT_TERMINATED
        raise
    return EXIT_OK


async def _play(
    steps: Sequence[Step],
    directory: Path,
    console: Console,
    timeout: float,  # noqa: ASYNC109 - of each step
    *,
    verbose: bool,
) -> None:
    report.print_greeting(console)
    started = time.monotonic()
    hops = HopReport(console)
    try:
        with console.status("Starting receiver, worker and Valkey") as status:
            async with start_stage(directory) as stage:
                demo_run = DemoRun(stage, ChannelReport(stage.slack, console), hops, timeout)
                await demo_run.wait_until_ready()
                for number, step in enumerate(steps, 1):
                    progress = Text(f"{number}/{len(steps)}  {step.title}")
                    progress.truncate(console.width - SPINNER_WIDTH, overflow="ellipsis")
                    status.update(progress)
                    await demo_run.run_step(number, step)
                summary = demo_run.summarize(time.monotonic() - started)
    finally:
        if verbose:
            hops.print()
    report.print_end(console, summary, sum(len(step.checks) for step in steps), verbose=verbose)


class DemoRun:
    """One play of a story: what people see is shown while it happens, the hops are kept."""

    def __init__(self, stage: Stage, channel: ChannelReport, hops: HopReport, timeout: float) -> None:
        self._stage = stage
        self._channel = channel
        self._hops = hops
        self._timeout = timeout
        self._observer = Observer(stage)
        self._started_at = time.time()
        self._reported = 0

    async def wait_until_ready(self) -> None:
        """Wait for receiver and worker. Raises `StepFailed`."""
        deadline = time.monotonic() + STEP_TIMEOUT
        while not await self._stage.bridge.is_ready():
            self._stage.bridge.require_running()
            if time.monotonic() > deadline:
                raise StepFailed(f"Receiver and worker are not ready after {STEP_TIMEOUT:.0f} s.")
            await asyncio.sleep(POLL_INTERVAL)
        await asyncio.sleep(WARM_UP)
        self._reported = len(self._stage.hops())
        self._started_at = time.time()

    async def run_step(self, number: int, step: Step) -> None:
        """Play one step, and wait until all has come to rest and everything holds. Raises `StepFailed`."""
        self._hops.add_step(number, step)
        try:
            await step.run(self._stage)
            failures = await self._wait_for_checks(step)
        except AssertionError as error:  # how the simulators say that a person cannot do something
            raise StepFailed(f"This step failed: {step.title}\n  {error}") from error
        finally:
            self._report_step()
        if failures:
            raise StepFailed.for_step(step.title, failures)
        self._hops.add_checks(step)
        if step.scene:
            self._channel.print(step.scene)

    def summarize(self, seconds: float) -> Summary:
        """Count what it came to after so many seconds."""
        return self._observer.summarize(seconds)

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

    def _is_idle(self, seconds: float) -> bool:
        """True if no call is open, every webhook is folded, and no hop was recorded for this many seconds."""
        quiet = time.time() - self._stage.hops()[-1].at
        return quiet > seconds and not failed_checks([NO_OPEN_HOPS, ALL_WEBHOOKS_FOLDED], self._observer)

    def _report_step(self) -> None:
        """Keep the hops of a step, and the dialogs that people had in front of them in it."""
        hops = self._stage.hops()
        self._hops.add_hops(hops[self._reported :], self._started_at)
        self._reported = len(hops)
        for dialog in self._stage.drawn_dialogs:
            self._hops.add_dialog(dialog)
        self._stage.drawn_dialogs.clear()
