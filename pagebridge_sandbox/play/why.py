"""Runs `pagebridge why` for an incident."""

import asyncio
import os
import sys

from pagebridge_sandbox.demo.processes import without_proxies
from pagebridge_sandbox.play.playground import Playground

TIMEOUT = 30.0
"""Seconds that the command may take on a busy machine."""
WIDTH = "110"
"""Columns of what it prints."""


async def why(playground: Playground, incident: str) -> str:
    """Ask the command, as a person in a terminal would. Raises `LookupError` when it does not answer in time."""
    environment = without_proxies(os.environ) | {"REDIS_URL": playground.valkey.url, "COLUMNS": WIDTH}
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pagebridge", "why", "--", incident),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            printed, _ = await command.communicate()
    except TimeoutError:
        command.kill()
        raise LookupError("It did not answer in time.") from None
    return printed.decode()
