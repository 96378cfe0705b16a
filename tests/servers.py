"""
The servers that tests run on: the embedded Valkey and, where it is installed, Debian's `redis-server`.

`PAGEBRIDGE_TEST_SERVER=redis-server make test` runs everything that needs a real server on another one,
`PAGEBRIDGE_TEST_SERVER=sentinel` (or `sentinel:redis-server`) on a primary with replicas behind three Sentinels, and
`PAGEBRIDGE_TEST_SERVER=cluster` (or `cluster:redis-server`) on a Redis Cluster.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import Redis, connect
from tests.cluster_servers import ClusterServers
from tests.topologies import BUSY_MS, WatchedServers

VARIABLE = "PAGEBRIDGE_TEST_SERVER"
REDIS = shutil.which("redis-server") or ""
KINDS = {"sentinel": WatchedServers, "cluster": ClusterServers}
"""What stands in the place of one server."""
WITH_WAITAOF = (7, 2)
"""The version of Redis that can say whether an append is on the disk; every Valkey can."""
BOTH = (
    pytest.param("", id="valkey"),
    pytest.param(REDIS, id="redis-server", marks=pytest.mark.skipif(not REDIS, reason="redis-server is not installed")),
)
"""For what runs once on each of them."""


def program(name: str = "") -> Path | None:
    """Find the program of a server, by default of the one of this run; None is that of the embedded Valkey."""
    wanted = name or os.environ.get(VARIABLE)
    return Path(shutil.which(wanted) or wanted) if wanted else None


def binary_of(name: str = "") -> Path | None:
    """Find the program of each of several servers, by default the one of this run."""
    return several(program(name))[1]


def several(server: Path | None) -> tuple[type[WatchedServers | ClusterServers] | None, Path | None]:
    """Return what stands in the place of a server, and the program; None is that of the embedded Valkey."""
    kind, _, name = (server.name if server else "").partition(":")
    return (KINDS[kind], program(name) if name else None) if kind in KINDS else (None, server)


def server_at(home: Path, server: Path | None) -> EmbeddedValkey:
    """Make a server that keeps its data in `home`, or several that are used alike."""
    made, binary = several(server)
    if made:
        return cast("EmbeddedValkey", made(home, binary=binary, down_after=BUSY_MS))
    return EmbeddedValkey(home, binary=binary)


def confirms(server: Path | None) -> bool:
    """Tell whether a server, by default the embedded Valkey, can confirm that something is on the disk."""
    _, server = several(server)
    if server is None:
        return True
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 -- ours
    version = re.search(r"v=(\d+)\.(\d+)", said)
    return "Valkey" in said or (version is not None and (int(version[1]), int(version[2])) >= WITH_WAITAOF)


CONFIRMING = pytest.mark.skipif(
    not confirms(program()), reason="the server of this run cannot tell what is on its disk"
)
"""For what is about a server that can."""


def not_on(*kinds: str, because: str) -> pytest.MarkDecorator:
    """Skip what cannot be on several servers of these kinds."""
    return pytest.mark.skipif(several(program())[0] in {KINDS[kind] for kind in kinds}, reason=because)


_IDLE: dict[Path | None, list[tuple[EmbeddedValkey, tempfile.TemporaryDirectory[str], object]]] = defaultdict(list)
"""Empty servers that wait for the next test of this process, by program, each with its settings."""


@asynccontextmanager
async def lent_valkey(binary: Path | None = None) -> AsyncIterator[EmbeddedValkey]:
    """
    Lend an empty server; most tests of a process share one, because a start takes longer than many a test.

    A test may kill, stop or reconfigure it: such a server is not lent again.
    """
    if not _IDLE[binary]:
        home = tempfile.TemporaryDirectory(prefix="valkey-")
        server = server_at(Path(home.name) / "servers", binary)
        await server.start()
        async with aclosing(connect(server.url)) as redis:
            _IDLE[binary].append((server, home, await _settings(redis)))
    server, home, settings = _IDLE[binary].pop()
    pid, reusable = server.pid, False
    try:
        yield server
        reusable = server.running and server.pid == pid and await _emptied(server) == settings
    finally:
        if reusable:
            _IDLE[binary].append((server, home, settings))
        else:
            await server.stop()
            home.cleanup()


async def _settings(redis: Redis) -> object:
    """Return everything a test can change about a server besides its data."""
    return await redis.config_get("*"), await redis.execute_command("ACL", "LIST")


async def _emptied(server: EmbeddedValkey) -> object:
    """Empty a server and what it has noted of its use, end the connections to it, and return its settings."""
    async with aclosing(connect(server.url)) as redis:
        await redis.execute_command("CLIENT", "UNPAUSE")
        await redis.execute_command("CLIENT", "KILL", "SKIPME", "yes")
        await redis.flushall()
        await redis.script_flush()
        for notes in ("ACL LOG RESET", "SLOWLOG RESET", "LATENCY RESET", "CONFIG RESETSTAT"):
            await redis.execute_command(*notes.split())
        return await _settings(redis)


async def end_lent_valkeys() -> None:
    """End the servers of this process, when its tests are over."""
    for servers in _IDLE.values():
        for server, home, _ in servers:
            await server.kill()
            await server.stop()
            home.cleanup()
    _IDLE.clear()


async def can_wait_for_disk(redis: Redis) -> bool:
    """Tell from a server's version whether it can confirm that something is on the disk."""
    about = await redis.info("server")
    major, minor, *_ = str(about["redis_version"]).split(".")
    return "valkey_version" in about or (int(major), int(minor)) >= WITH_WAITAOF
