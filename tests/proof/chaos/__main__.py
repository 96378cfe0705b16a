"""`python -m tests.proof.chaos`: play, judge, print the figures; exit 1 when anything went wrong."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from tests.proof.chaos.environment import Stuck
from tests.proof.chaos.round_runner import Size, Verdict, run
from tests.proof.chaos.verdict import Figure

SECONDS = 14.0
"""How long one round of chaos lasts, before everything comes to rest."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def chaos(seed: int, size: Size, logs: Path | None) -> int:
    """Run both phases, and return the exit code. A SIGTERM ends them as a Ctrl-C does."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    say(f"Chaos with real processes, seed {seed}")
    good = _shown(await run(seed, size, say, logs))
    say("Redis loses its data in between")
    halves = Size(2, size.incidents, size.seconds / 2)
    good &= _shown(await run(seed, halves, say, logs, loses=True))
    return 0 if good else 1


def _shown(verdict: Verdict) -> bool:
    """Print the figures, and tell whether they are all 0."""
    for figure in verdict.figures:
        say(f"  {figure}")
    if verdict.story:
        say(verdict.story)
    return not any(map(_findings, verdict.figures))


def _findings(figure: Figure) -> int:
    return len(figure.findings)


def main() -> int:
    """Read the command line, run, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--incidents", type=int, default=8, help="new incidents in each round")
    parser.add_argument("--logs", type=Path, help="a directory in which to keep what the processes say")
    given = parser.parse_args()
    begun, size = time.monotonic(), Size(given.rounds, given.incidents, SECONDS)
    try:
        code = asyncio.run(chaos(given.seed, size, given.logs))
    except Stuck as error:
        say(f"It did not come to an end: {error}")
        code = 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("Interrupted; everything is ended.")
        return 130
    say(f"seed {given.seed}, {time.monotonic() - begun:.0f} s: {'all 0' if code == 0 else 'FAILED'}")
    if code:
        again = f"--seed {given.seed} --rounds {given.rounds} --incidents {given.incidents}"
        say(f"Again: python -m tests.proof.chaos {again}")
    return code


if __name__ == "__main__":
    sys.exit(main())
