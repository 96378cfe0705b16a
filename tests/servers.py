"""
The servers that tests run on: the embedded Valkey and, where it is installed, Debian's `redis-server`.

`PAGEBRIDGE_TEST_SERVER=redis-server make test` runs everything that needs a real server on another one.
"""

import os
import shutil
from pathlib import Path

import pytest

from shared.store.redis import Redis

VARIABLE = "PAGEBRIDGE_TEST_SERVER"
REDIS = shutil.which("redis-server") or ""
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


async def can_wait_for_disk(redis: Redis) -> bool:
    """Tell from a server's version whether it can confirm that something is on the disk."""
    about = await redis.info("server")
    major, minor, *_ = str(about["redis_version"]).split(".")
    return "valkey_version" in about or (int(major), int(minor)) >= WITH_WAITAOF
