"""A Redis in memory, as strict as the real one, with the commands that the product uses, on virtual time."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from redis.exceptions import ConnectionError as ConnectionBroken

from tests.proof.engine import commands, streams
from tests.proof.engine.commands import RowWait
from tests.proof.engine.keyspace import Command, Keyspace, failure
from tests.proof.engine.lua_runtime import Scripts
from tests.proof.engine.streams import GroupRead

Part = bytes | str | int | float
Blocking = GroupRead | RowWait
Waiting = tuple[Blocking, asyncio.Future[object]]

MICROSECONDS = 1_000_000
SETTINGS = {b"maxmemory-policy": b"noeviction", b"appendonly": b"yes", b"appendfsync": b"everysec"}
CONTAINERS = frozenset({b"CONFIG", b"MEMORY", b"SCRIPT", b"XGROUP", b"XINFO"})
"""Commands whose second word is a part of their name."""


class MemoryServer:
    """
    `now` gives the seconds since `epoch_ms`, the milliseconds since 1970: together they are the server's clock.

    `cuts` counts how often all connections were broken, `away` tells whether new ones are refused. A server knows
    nothing of processes; `SimRedis` is the way to it.
    """

    def __init__(self, now: Callable[[], float], epoch_ms: int = 0) -> None:
        self.cuts = 0
        self.away = False
        self._now = now
        self._epoch_us = epoch_ms * 1000
        self._waiting: list[Waiting] = []
        self._commands: dict[bytes, Command] = commands.COMMANDS | streams.COMMANDS | self._own_commands()
        self._start()

    def execute(self, *command: Part) -> object:
        """
        Carry out one command at once and give the reply as redis-py's parser would (RESP2).

        A blocking read that finds nothing gives a future of its reply. Error replies are raised as redis-py's
        exceptions; a command that is not simulated raises `NotImplementedError`.
        """
        self._keys.at_us = self._epoch_us + round(self._now() * MICROSECONDS)
        reply = self._carry_out(*map(_encoded, command))
        if self._keys.grown:
            self._serve_waiting()
        return reply

    def lose_data(self) -> None:
        """Be a server that was started again without its disk: empty, all connections broken, ready at once."""
        self._cut()
        self._start()

    def go_away(self) -> None:
        """Break all connections, and refuse new ones until `come_back`. The data stay."""
        self._cut()
        self.away = True

    def come_back(self) -> None:
        """Be there again."""
        self.away = False

    def _start(self) -> None:
        self._keys = Keyspace()
        self._scripts = Scripts(self._carry_out)

    def _cut(self) -> None:
        self.cuts += 1
        for _, answer in self._waiting:
            if not answer.done():
                answer.set_exception(ConnectionBroken("Connection closed by server."))
        self._waiting.clear()

    def _carry_out(self, name: bytes, *args: bytes) -> object:
        name = name.upper()
        if name in CONTAINERS:
            name, args = name + b" " + args[0].upper(), args[1:]
        command = self._commands.get(name)
        if command is None:
            raise NotImplementedError(f"the simulated Redis does not know {name.decode()}")
        if not command.least <= len(args) <= (len(args) if command.most is None else command.most):
            raise failure(f"ERR wrong number of arguments for '{name.decode().lower()}' command")
        return command.carry_out(self._keys, args)

    def _own_commands(self) -> dict[bytes, Command]:
        return {
            b"PING": Command(lambda _, __: b"PONG", 0, 0),
            b"TIME": Command(_time, 0, 0),
            b"CONFIG GET": Command(_config_get, 1),
            b"WAITAOF": Command(lambda _, __: [1, 0], 3, 3),
            b"SCRIPT LOAD": Command(lambda _, args: self._scripts.load(args[0]), 1, 1),
            b"EVALSHA": Command(lambda _, args: self._scripts.run(args), 2),
            b"XREADGROUP": Command(lambda _, args: self._blocking(GroupRead.parse(args)), 6),
            b"BLMOVE": Command(lambda _, args: self._blocking(RowWait.parse(args)), 5, 5),
        }

    def _blocking(self, read: Blocking) -> object:
        found = read.carry_out(self._keys)
        if found is not None or read.block is None:
            return found
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = loop.create_future()
        self._waiting.append((read, answer))
        if read.block:
            loop.call_later(read.block / 1000, partial(_time_out, answer))
        return answer

    def _serve_waiting(self) -> None:
        """Give those who wait what has come, first come, first served."""
        grown = set(self._keys.grown)
        self._keys.grown.clear()
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].done()]
        for read, answer in self._waiting:
            if read.key in grown:
                self._serve(read, answer)

    def _serve(self, read: Blocking, answer: asyncio.Future[object]) -> None:
        try:
            found = read.carry_out(self._keys)
        except Exception as error:  # noqa: BLE001 -- an error reply, to whoever waits
            answer.set_exception(error)
            return
        if found is not None:
            answer.set_result(found)


def _time(keys: Keyspace, _: Sequence[bytes]) -> list[bytes]:
    return [b"%d" % part for part in divmod(keys.at_us, MICROSECONDS)]


def _config_get(_: Keyspace, names: Sequence[bytes]) -> list[bytes]:
    return [part for name, value in SETTINGS.items() if name in names for part in (name, value)]


def _time_out(answer: asyncio.Future[object]) -> None:
    if not answer.done():
        answer.set_result(None)


def _encoded(part: Part) -> bytes:
    """Encode an argument as redis-py does."""
    if isinstance(part, bytes):
        return part
    return part.encode() if isinstance(part, str) else repr(part).encode()
