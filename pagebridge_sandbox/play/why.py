"""Runs `pagebridge why` for an incident."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from pagebridge_sandbox.loopback import without_proxies
from pagebridge_sandbox.play.playground import Playground

TIMEOUT = 30.0
"""Seconds that the command may take on a busy machine."""
WIDTH = "110"
"""Columns of what it prints."""


async def why(playground: Playground, incident: str) -> str:
    """Ask the command, as a person in a terminal would. Raises `LookupError` when it does not answer in time."""
    environment = without_proxies(os.environ) | {"REDIS_URL": playground.valkey.url, "COLUMNS": WIDTH}
    try:
        async with asyncio.timeout(TIMEOUT):
            return await run_command(("why", "--", incident), environment)
    except TimeoutError:
        raise LookupError("It did not answer in time.") from None


async def run_command(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run `pagebridge`, and return what it prints. It is killed when this is cancelled."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pagebridge", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await command.communicate()
    finally:
        if command.returncode is None:
            command.kill()
    return printed.decode()
