"""The embedded Valkey: it keeps its data, is nobody else's, and never outlives whoever started it."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from pagebridge.local.embedded_valkey import LONGEST_SOCKET_PATH, EmbeddedValkey, EmbeddedValkeyError


async def test_it_is_ready_when_started_and_durable(tmp_path: Path) -> None:
    """It answers as soon as it has started, appends to a file at once when asked to, and never evicts."""
    async with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url, decode_responses=True) as redis:
        await redis.set("a", "1")
        assert await redis.execute_command("WAITAOF", 1, 0, 2000) == [1, 0]
        assert await redis.config_get("appendonly", "appendfsync", "maxmemory-policy", "save", "port") == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
            "port": "0",
        }


async def test_only_this_user_can_reach_it(tmp_path: Path) -> None:
    """Neither its socket nor its directory is open to other users of the machine."""
    directory = tmp_path / "data"
    async with EmbeddedValkey(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE((directory / "valkey.sock").stat().st_mode) == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_only_this_user_can_read_its_files(open_directory: Path, umask: int) -> None:
    """Also where the directory was there before and is open to others, and after the file was written anew."""
    before = os.umask(umask)
    try:
        async with EmbeddedValkey(open_directory) as valkey, Redis.from_url(valkey.url) as redis:
            await redis.set("a", "1")
            await redis.bgrewriteaof()
            while (await redis.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110 -- it has no event for it
                await asyncio.sleep(0.01)
            found = modes(open_directory)
    finally:
        os.umask(before)
    assert {0o600} == set(found.values())
    assert len(found) > 3


async def test_every_directory_that_it_makes_is_private(tmp_path: Path) -> None:
    """With a umask that lets everybody write, nobody can put another directory in the place of ours."""
    before = os.umask(0)
    try:
        async with EmbeddedValkey(tmp_path / "home" / "pagebridge" / "data"):
            assert {0o700} == set(folder_modes(tmp_path))
    finally:
        os.umask(before)


@pytest.fixture
def open_directory(tmp_path: Path) -> Path:
    """Give a directory that others may look into."""
    tmp_path.chmod(0o755)
    return tmp_path


def folder_modes(directory: Path) -> list[int]:
    """Read who may do what with each directory below this one."""
    return [stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*") if path.is_dir()]


def modes(directory: Path) -> dict[Path, int]:
    """Read who may do what with each file."""
    return {path: stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_it_has_its_data_when_started_again(tmp_path: Path, end: str) -> None:
    """Stopped or killed, it comes back at the same address with what was written."""
    valkey = EmbeddedValkey(tmp_path)
    await valkey.start()
    async with Redis.from_url(valkey.url) as redis:
        await redis.set("a", "1")
    await (valkey.stop() if end == "stop" else valkey.kill())
    await valkey.start()
    async with Redis.from_url(valkey.url) as redis:
        assert await redis.get("a") == b"1"
    await valkey.stop()


async def test_a_directory_has_one_bridge(tmp_path: Path) -> None:
    """A second one on the same directory is refused in plain words, and does no harm to the first."""
    async with EmbeddedValkey(tmp_path) as first:
        with pytest.raises(EmbeddedValkeyError, match="Another bridge uses"):
            await EmbeddedValkey(tmp_path, patience=0.05).start()
        async with Redis.from_url(first.url) as redis:
            assert await redis.ping()


async def test_starting_twice_is_starting_once(tmp_path: Path) -> None:
    """Starting what runs changes nothing; stopping what does not run neither."""
    async with EmbeddedValkey(tmp_path) as valkey:
        pid = valkey.pid
        await valkey.start()
        assert valkey.pid == pid
    await valkey.stop()


async def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    """A clone deep in the file system gets its socket elsewhere, and nothing of it stays behind."""
    async with EmbeddedValkey(tmp_path / ("deep" * 30)) as valkey:
        async with Redis.from_url(valkey.url) as redis:
            assert await redis.ping()
        socket = Path(valkey.url.removeprefix("unix://"))
        assert len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH
    assert not socket.parent.exists()


async def test_a_path_with_spaces_and_umlauts_works(tmp_path: Path) -> None:
    """The address survives whatever a directory may be called."""
    async with EmbeddedValkey(tmp_path / "zwei Wörter %") as valkey, Redis.from_url(valkey.url) as redis:
        assert await redis.ping()


async def test_a_missing_binary_is_said(tmp_path: Path) -> None:
    """Where there is no Valkey to start, the message names what is missing."""
    with pytest.raises(EmbeddedValkeyError, match="no-such-valkey"):
        await EmbeddedValkey(tmp_path, binary=tmp_path / "no-such-valkey").start()


async def test_a_server_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    """A server that cannot run here is reported with its last words, and the directory is free again."""
    binary = tmp_path / "valkey-server"
    binary.write_text("#!/bin/sh\necho it cannot run here\nexit 3\n")
    binary.chmod(0o700)
    with pytest.raises(EmbeddedValkeyError, match=r"exit code 3.*it cannot run here"):
        await EmbeddedValkey(tmp_path, binary=binary).start()
    async with EmbeddedValkey(tmp_path):
        pass


async def test_wait_tells_that_the_server_is_gone(tmp_path: Path) -> None:
    """Whoever waits learns of a crash, and can start it again."""
    async with EmbeddedValkey(tmp_path) as valkey:
        os.kill(valkey.pid, signal.SIGKILL)
        assert await valkey.wait() == -signal.SIGKILL
        await valkey.start()


BRIDGE = """
import asyncio, os, sys
from pathlib import Path
from pagebridge.local.embedded_valkey import EmbeddedValkey

async def main():
    valkey = EmbeddedValkey(Path(sys.argv[1]))
    await valkey.start()
    # The kernel wakes what is stopped when the last of its session that could do so is gone: this is not of it.
    os.setsid()
    print(valkey.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """A bridge killed outright leaves no Valkey behind; as long as that is still ending, its directory is not free."""
    bridge = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BRIDGE, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert bridge.stdout is not None
    pid = int(await bridge.stdout.readline())
    os.kill(pid, signal.SIGSTOP)
    bridge.kill()
    await bridge.wait()
    with pytest.raises(EmbeddedValkeyError, match="Another bridge uses"):
        await EmbeddedValkey(tmp_path, patience=0.05).start()
    os.kill(pid, signal.SIGCONT)
    async with EmbeddedValkey(tmp_path) as valkey, Redis.from_url(valkey.url) as redis:
        assert await redis.ping()
