"""A primary with replicas, watched by three Sentinels, on this machine: of Debian's Redis or of the embedded Valkey."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from redis.exceptions import RedisError

from pagebridge.local.child_process import Child
from pagebridge.local.embedded_valkey import packaged_binary
from pagebridge_sandbox.loopback import HOST, free_ports
from shared.errors import StoreDown
from shared.store.redis import Redis, connect
from tests.server_process import start_server

NAME = "pagebridge"
SENTINELS = 3
PATIENCE = 30.0
"""Seconds after which servers that do not come up, or agree on no primary, have failed the test."""
LOOK = 0.1
"""Seconds between two looks at servers, each of which opens a connection to every one."""
DOWN_AFTER_MS = 1200
"""
Milliseconds of silence after which a Sentinel takes the primary for dead; some more until they agree on another.

With less, a new primary that is busy was itself taken for dead, and another failover followed at once.
"""
BUSY_MS = 5000
"""The same where no failover is wanted, on a machine that may be busy."""

NODE = """port {port}
bind 127.0.0.1
dir {home}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel warning
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-ping-replica-period 1
"""
SENTINEL = """port {port}
bind 127.0.0.1
dir {home}
sentinel monitor {name} 127.0.0.1 {primary} 2
sentinel down-after-milliseconds {name} {down_after}
sentinel failover-timeout {name} 3000
"""


class Node:
    """One server, with a configuration of its own that Sentinel writes to."""

    def __init__(self, home: Path, binary: Path, port: int, text: str, *options: str) -> None:
        self.port = port
        self._home = home
        self._command: list[str | Path] = [binary, home / "conf", *options]
        home.mkdir(parents=True)
        (home / "conf").write_text(text, encoding="utf-8")
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """Its own address, whatever it is to the others."""
        return f"redis://{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """True between a start and its end."""
        return self.child is not None and self.child.code is None

    def start(self, *options: str) -> None:
        """Start it, unless it runs."""
        if not self.running:
            self.child = start_server([*self._command, *options], self._home / "log")

    async def kill(self) -> None:
        """Kill it at once, as a crash would."""
        if self.child is not None:
            await self.child.kill()

    async def ask(self, *command: str) -> object:
        """Give it a command of its operator. Raises `StoreDown`."""
        redis = connect(self.url)
        try:
            return await redis.execute_command(*command)
        finally:
            await redis.aclose()


class WatchedServers:
    """
    A primary, its replicas and their Sentinels; for tests it looks like the embedded Valkey.

    `kill` kills the servers and leaves the Sentinels; after it, and after `stop`, `start` has all the data. `wrapped`
    makes of a server's program the one that its number is started by.
    """

    def __init__(
        self,
        home: Path,
        *,
        binary: Path | None = None,
        replicas: int = 2,
        down_after: int = DOWN_AFTER_MS,
        wrapped: Callable[[int, Path], Path] = lambda _, binary: binary,
    ) -> None:
        binary = binary or packaged_binary()
        ports = free_ports(1 + replicas + SENTINELS)
        primary = ports[0]
        text = [NODE + ("" if port == primary else f"replicaof {HOST} {primary}\n") for port in ports[: 1 + replicas]]
        self.nodes = [
            Node(
                home / f"node{number}",
                wrapped(number, binary),
                port,
                text[number].format(port=port, home=home / f"node{number}"),
            )
            for number, port in enumerate(ports[: 1 + replicas])
        ]
        self.sentinels = [
            Node(
                home / f"sentinel{number}",
                binary,
                port,
                SENTINEL.format(
                    port=port, home=home / f"sentinel{number}", name=NAME, primary=primary, down_after=down_after
                ),
                "--sentinel",
            )
            for number, port in enumerate(ports[1 + replicas :])
        ]

    @property
    def url(self) -> str:
        """The address for the product."""
        return f"redis+sentinel://{','.join(f'{HOST}:{node.port}' for node in self.sentinels)}/{NAME}"

    @property
    def pid(self) -> int:
        """The process id of the first server, which changes when it is started again."""
        child = self.nodes[0].child
        return child.pid if child else 0

    @property
    def running(self) -> bool:
        """True if everything runs."""
        return all(node.running for node in (*self.nodes, *self.sentinels))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as unless_ready:
            unless_ready.push_async_exit(self)
            await self.start()
            unless_ready.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start what does not run, and wait until all replicas follow a primary that the Sentinels agree on."""
        for node in self.nodes:
            node.start()
        if self.sentinels[0].child is None:
            # A Sentinel that finds no replicas at first looks for them again only after ten seconds.
            await until(lambda: _is_followed(self.nodes[0], len(self.nodes) - 1), "replicas that follow the primary")
        for sentinel in self.sentinels:
            sentinel.start()
        await self.healthy()

    async def healthy(self) -> None:
        """Wait until all replicas follow the primary, and every Sentinel knows of everything."""
        await until(self._is_healthy, "a primary that all agree on")

    async def stop(self) -> None:
        """End everything."""
        for node in (*self.sentinels, *self.nodes):
            await node.kill()

    async def kill(self) -> None:
        """Kill the servers at once, as a crash of them all would."""
        for node in self.nodes:
            await node.kill()

    async def primary(self) -> Node:
        """Find the server that the Sentinels call the primary."""
        host_and_port = await self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        assert isinstance(host_and_port, list)
        return next(node for node in self.nodes if node.port == int(host_and_port[1]))

    async def fail_over(self) -> None:
        """Let the Sentinels make another server the primary, as an operator would; the old one becomes a replica."""
        before = await self.primary()

        async def begun() -> bool:
            # Refused as long as it has not heard of a replica lately.
            return bool(await self.sentinels[0].ask("SENTINEL", "FAILOVER", NAME))

        async def over() -> bool:
            return await self.primary() is not before

        await until(begun, "a failover")
        await until(over, "another primary")

    async def _is_healthy(self) -> bool:
        for sentinel in self.sentinels:
            about = await _about(sentinel)
            others, replicas = int(about[b"num-other-sentinels"]), int(about[b"num-slaves"])
            if about[b"flags"] != b"master" or others != SENTINELS - 1 or replicas != len(self.nodes) - 1:
                return False
        redis = connect((await self.primary()).url)
        try:
            return len((await redis.execute_command("ROLE"))[2]) == len(self.nodes) - 1 and await _confirmed(redis)
        finally:
            await redis.aclose()


class LaggingPair:
    """
    A server and a replica that has not all of it, and takes its place, as behind the name of a managed service.

    For tests it looks like the embedded Valkey. What is written after `cut` is gone after `fail_over`.
    """

    def __init__(self, home: Path, *, binary: Path | None = None) -> None:
        port, other = free_ports(2)
        texts = NODE, NODE + f"replicaof {HOST} {port}\n"
        self.primary, self.replica = (
            Node(
                home / str(number),
                binary or packaged_binary(),
                number,
                text.format(port=number, home=home / str(number)),
            )
            for number, text in zip((port, other), texts, strict=True)
        )
        self.url = self.primary.url

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as unless_ready:
            unless_ready.push_async_exit(self)
            for node in (self.primary, self.replica):
                node.start()
            await until(self._is_healthy, "a replica that has everything")
            unless_ready.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in (self.primary, self.replica):
            await node.kill()

    async def cut(self) -> None:
        """Let the replica hear nothing any more, once it has everything."""
        await until(self._is_healthy, "a replica that has everything")
        await self.replica.ask("REPLICAOF", HOST, "1")

    async def fail_over(self) -> None:
        """Kill the server, and let the replica be what its address leads to."""
        await self.primary.kill()
        await self.replica.ask("REPLICAOF", "NO", "ONE")
        await self.replica.ask("CONFIG", "SET", "port", str(self.primary.port))

    async def _is_healthy(self) -> bool:
        redis = connect(self.url)
        redis.waits_for_replica = True
        try:
            return await redis.execute_command("SET", "k", "v", copied=True) is not None
        finally:
            await redis.aclose()


async def _about(sentinel: Node) -> dict[bytes, bytes]:
    redis = connect(sentinel.url)
    try:
        assert redis.multiplexer is not None
        parts = await redis.multiplexer.call("SENTINEL", "MASTER", NAME)
        return dict(zip(parts[::2], parts[1::2], strict=True))
    finally:
        await redis.aclose()


async def _is_followed(node: Node, replicas: int) -> bool:
    role = await node.ask("ROLE")
    return isinstance(role, list) and len(role[2]) == replicas


async def _confirmed(redis: Redis) -> bool:
    replicas = len((await redis.execute_command("ROLE"))[2])
    return int(await redis.execute_command("WAIT", replicas, 500)) == replicas


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until `condition`, which may find no server, holds."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if await condition():
                return
        except (StoreDown, RedisError, OSError) as error:
            what = f"{what} ({error})" if time.monotonic() > deadline else what
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(LOOK)
