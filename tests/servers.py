"""
The servers that tests run on: the embedded Valkey and, where it is installed, Debian's `redis-server`.

`PAGEBRIDGE_TEST_SERVER=redis-server make test` runs everything that needs a real server on another one.
"""

import os
import re
import shutil
import subprocess
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


def _confirms() -> bool:
    """Tell whether the server of this run can confirm that something is on the disk."""
    server = program()
    if server is None:
        return True
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 -- ours
    version = re.search(r"v=(\d+)\.(\d+)", said)
    return "Valkey" in said or (version is not None and (int(version[1]), int(version[2])) >= WITH_WAITAOF)


CONFIRMING = pytest.mark.skipif(not _confirms(), reason="the server of this run cannot tell what is on its disk")
"""For what is about a server that can."""


async def can_wait_for_disk(redis: Redis) -> bool:
    """Tell from a server's version whether it can confirm that something is on the disk."""
    about = await redis.info("server")
    major, minor, *_ = str(about["redis_version"]).split(".")
    return "valkey_version" in about or (int(major), int(minor)) >= WITH_WAITAOF
