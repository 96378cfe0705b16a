"""A Valkey or Redis with the users of the deployment, started as the deployment starts it."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pagebridge.local.child_process import Child
from pagebridge.local.embedded_valkey import packaged_binary
from pagebridge_sandbox.loopback import free_ports
from shared.errors import StoreDown
from shared.store.redis import Redis, connect
from tests.servers import confirms

ROOT = Path(__file__).parents[2]
PASSWORDS = {"receiver": "receivers-word", "worker": "workers-word"}
START = 20.0
"""Seconds that the server may take to answer."""


@dataclass(frozen=True)
class Store:
    """Where the server listens, and whether it can confirm that something is on the disk."""

    port: int
    confirms: bool

    def url(self, user: str) -> str:
        """Give the address for one of the users."""
        return f"redis://{user}:{PASSWORDS.get(user, 'any')}@127.0.0.1:{self.port}/0"


@asynccontextmanager
async def store(
    directory: Path, server: Path | None = None, users: str = "", options: Sequence[str] = ()
) -> AsyncIterator[Store]:
    """Run `deploy/valkey.sh`, with its secrets in files, and the rights that this `server` knows, or other `users`."""
    made = Store(free_ports(1)[0], confirms(server))
    users = users or (ROOT / "deploy/redis-users.acl").read_text(encoding="utf-8")
    (directory / "redis-users.acl").write_text(users if made.confirms else users.replace(" +waitaof", ""), "utf-8")
    for user in PASSWORDS:
        (directory / f"{user}_redis_url").write_text(made.url(user) + "\n", encoding="utf-8")
    (directory / "valkey-server").symlink_to(server or packaged_binary())
    environment = {
        "PATH": f"{directory}:{os.environ['PATH']}",
        "USERS_ACL": str(directory / "redis-users.acl"),
        "SECRETS_DIR": str(directory),
        "TMPDIR": str(directory),
        "HOSTNAME": "localhost",
    }
    options = ("--port", str(made.port), "--bind", "127.0.0.1", "--dir", str(directory), *options)
    log = directory / "valkey.log"
    child = Child((ROOT / "deploy/valkey.sh", *options), environment=environment, output=log)
    try:
        await _answers(made, child, log)
        yield made
    finally:
        await child.stop(START)


async def _answers(made: Store, child: Child, log: Path) -> None:
    client = connect(made.url("health"))
    try:
        async with asyncio.timeout(START):
            while not await _pings(client):
                assert child.code is None, f"it ended at once: see {log}"
                await asyncio.sleep(0.02)
    finally:
        await client.aclose()


async def _pings(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except StoreDown:
        return False
