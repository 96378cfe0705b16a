"""The process: how it starts, and how it ends."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import aiohttp

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import Redis
from tests.forked_process import ForkedProcess
from tests.servers import CONFIRMING
from tests.webhook_receiver.running import BODY, PATH, PATIENCE, SECRET, SIGNATURE, sign, stored, storing, until

REPOSITORY = Path(__file__).parents[2]
HEADERS = ["Host: x", "Connection: close", f"{SIGNATURE}: {sign()}", f"Content-Length: {len(BODY)}"]
DELIVERY = "\r\n".join([f"POST {PATH} HTTP/1.1", *HEADERS, "", ""]).encode() + BODY


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@asynccontextmanager
async def process(directory: Path, **environment: str) -> AsyncIterator[Process]:
    """Start `python -m webhook_receiver` with this environment only."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "webhook_receiver"),
        cwd=directory,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"], **environment},
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


@asynccontextmanager
async def forked(directory: Path, environment: dict[str, str]) -> AsyncIterator[ForkedProcess]:
    """Start it with this environment from a process that has imported it, and log to the file `log`."""
    unset = {"BRIDGE_CONFIG": str(directory / "bridge.toml")}
    receiver = ForkedProcess("webhook_receiver", unset | environment, directory / "log")
    try:
        yield receiver
    finally:
        await receiver.kill()


def environment(valkey: EmbeddedValkey, port: int) -> dict[str, str]:
    """Give the settings as an operator does."""
    return {
        "REDIS_URL": valkey.url,
        "PAGERDUTY_WEBHOOK_SECRETS": SECRET,
        "RECEIVER_HOST": "127.0.0.1",
        "RECEIVER_PORT": str(port),
        "RECEIVER_ADMIN_PORT": "0",
    }


async def until_ready(port: int) -> None:
    """Wait until the receiver listens and its first look at Redis is over."""

    async def ready() -> bool:
        try:
            async with aiohttp.request("GET", f"http://127.0.0.1:{port}/readyz") as answer:
                return answer.status == HTTPStatus.OK
        except aiohttp.ClientConnectionError:
            return False

    await until(ready, "the receiver to be ready")


async def until_deaf(port: int) -> None:
    """Wait until nobody takes connections any more."""

    async def deaf() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return True
        writer.close()
        return False

    await until(deaf, "the receiver to stop listening")


async def ended(receiver: Process) -> tuple[int | None, str]:
    """Wait for the end, and return the exit code and the log."""
    async with asyncio.timeout(2 * PATIENCE):
        _, logged = await receiver.communicate()
    return receiver.returncode, logged.decode()


async def fork_ended(receiver: ForkedProcess, directory: Path) -> tuple[int, str]:
    """Wait for the end of a forked one, and return the exit code and the log."""
    async with asyncio.timeout(2 * PATIENCE):
        code = await receiver.wait()
    return code, (directory / "log").read_text()


@CONFIRMING
async def test_what_is_in_hand_is_finished_after_sigterm(valkey: EmbeddedValkey, redis: Redis, tmp_path: Path) -> None:
    """A delivery that is being stored when the process is told to end still gets its 202; then the exit code is 0."""
    port = free_port()
    async with forked(tmp_path, environment(valkey, port)) as receiver:
        await until_ready(port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await redis.execute_command("CLIENT", "PAUSE", 10_000, "WRITE")
        writer.write(DELIVERY)
        await until(lambda: storing(redis), "the delivery to be in Redis's hands")
        receiver.send(signal.SIGTERM)
        await until_deaf(port)
        await redis.execute_command("CLIENT", "UNPAUSE")
        async with asyncio.timeout(PATIENCE):
            assert (await reader.read()).startswith(b"HTTP/1.1 202 ")
        writer.close()
        code, logged = await fork_ended(receiver, tmp_path)

    assert 0 == code, logged
    assert [BODY] == await stored(redis)
    assert SECRET not in logged


async def test_secrets_are_read_again_on_sighup(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    """A new secret counts without a restart, so that it can replace another; a file that is wrong changes nothing."""
    port = free_port()
    (tmp_path / ".env").write_text("PAGERDUTY_WEBHOOK_SECRETS=the-old-one\n")
    settings = {name: value for name, value in environment(valkey, port).items() if name != "PAGERDUTY_WEBHOOK_SECRETS"}
    async with process(tmp_path, **settings) as receiver, aiohttp.ClientSession() as http:
        await until_ready(port)
        assert 401 == await delivered(http, port)
        (tmp_path / ".env").write_text(f"PAGERDUTY_WEBHOOK_SECRETS=the-old-one,{SECRET}\n")
        receiver.send_signal(signal.SIGHUP)

        async def taken() -> bool:
            return 202 == await delivered(http, port)

        await until(taken, "the new secret to count")
        (tmp_path / ".env").write_text("PAGERDUTY_WEBHOOK_SECRETS=,\n")
        receiver.send_signal(signal.SIGHUP)
        assert await taken()
        receiver.terminate()
        code, logged = await ended(receiver)

    assert 0 == code, logged
    assert "config.loaded" in logged
    assert "config.kept" in logged
    assert SECRET not in logged


async def delivered(http: aiohttp.ClientSession, port: int) -> int:
    """Deliver something signed with `SECRET`, and return the HTTP status of the answer."""
    url = f"http://127.0.0.1:{port}{PATH}"
    async with http.post(url, data=BODY, headers={SIGNATURE: sign()}) as answer:
        return answer.status


async def test_an_idle_receiver_ends_at_once(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    """Connections that are only kept open do not hold up the end, nor does a Redis that does not answer."""
    port = free_port()
    async with forked(tmp_path, environment(valkey, port)) as receiver:
        await until_ready(port)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            receiver.send(signal.SIGINT)
            code, logged = await fork_ended(receiver, tmp_path)
        finally:
            os.kill(valkey.pid, signal.SIGCONT)
        writer.close()

    assert 0 == code, logged


async def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    """A receiver without its settings says which, in plain words, and ends with another code."""
    (tmp_path / "bridge.toml").write_text("durability = 'fsync'")
    async with process(tmp_path, RECEIVER_PORT="eighty") as receiver:
        code, said = await ended(receiver)

    assert 2 == code
    assert all(name in said for name in ("REDIS_URL", "PAGERDUTY_WEBHOOK_SECRETS", "RECEIVER_PORT"))
    assert "Traceback" not in said


async def test_a_wrong_configuration_file_is_named(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    """So does one whose `bridge.toml` cannot be understood."""
    (tmp_path / "bridge.toml").write_text("durability = 'paper'")
    async with process(tmp_path, **environment(valkey, 0)) as receiver:
        code, said = await ended(receiver)

    assert 2 == code
    assert "bridge.toml" in said
    assert "durability" in said
    assert "Traceback" not in said


async def test_a_port_in_use_is_said(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    """A receiver that cannot listen says so and ends, so that its supervisor notices."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with forked(tmp_path, environment(valkey, taken.getsockname()[1])) as receiver:
            code, said = await fork_ended(receiver, tmp_path)

    assert 1 == code
    assert "receiver.not_listening" in said
    assert "Traceback" not in said
