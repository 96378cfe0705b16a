"""A cluster of Redis with one node, whose slots a test hands out and takes away: without them it serves no key."""

import asyncio
import shlex
from pathlib import Path

from pagebridge.local import embedded_valkey
from pagebridge_sandbox.loopback import free_ports
from shared.store.redis import Redis
from tests.servers import program, several

ALL = ("0", "16383")
PATIENCE = 20.0


def node(directory: Path, name: str = "") -> Path:
    """Make a program that starts the server of that name, by default the one of this run, as a node without slots."""
    binary = several(program(name))[1] or embedded_valkey.packaged_binary()
    script = directory / "node"
    # Nobody else speaks to it, but it wants a port for that.
    # It serves again after as long as a node may be silent.
    bus = f"--cluster-enabled yes --cluster-node-timeout 500 --cluster-port {free_ports(1)[0]}"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(binary))} "$@" {bus}\n', encoding="utf-8")
    script.chmod(0o700)
    return script


async def served(redis: Redis) -> None:
    """Hand all slots out, and wait until the node serves them, which takes it a moment."""
    await redis.execute_command("CLUSTER", "ADDSLOTSRANGE", *ALL)
    async with asyncio.timeout(PATIENCE):
        while b"cluster_state:ok" not in await redis.execute_command("CLUSTER", "INFO"):  # noqa: ASYNC110 -- it has no event
            await asyncio.sleep(0.02)


async def serve_nothing(redis: Redis) -> None:
    """Take all slots away."""
    await redis.execute_command("CLUSTER", "DELSLOTSRANGE", *ALL)
