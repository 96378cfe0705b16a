"""Lua scripts, run by a real Lua 5.1 as Redis does: the same numbers, the same conversions, no globals."""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha1
from typing import Any

from lupa import lua51  # type: ignore[import-untyped]  # types-lupa is not among the project's packages
from redis.exceptions import ResponseError

from tests.proof.engine.keyspace import failure, integer, number

Call = Callable[..., object]

SANDBOX = b"""
local call, pcall = ...
local allowed = {
  redis = { call = call, pcall = pcall },
  string = string, math = math, table = table, tonumber = tonumber, tostring = tostring, ipairs = ipairs,
  pairs = pairs, next = next, select = select, type = type, unpack = unpack, error = error,
}
setmetatable(allowed, {
  __index = function(_, name) error('Script attempted to access nonexistent global variable \\'' .. name .. '\\'') end,
  __newindex = function() error('Attempt to modify a readonly table') end,
})
return function(source)
  local chunk = assert(loadstring('return function(KEYS, ARGV) ' .. source .. '\\nend', '@user_script'))
  setfenv(chunk, allowed)
  return chunk()
end
"""


class Scripts:
    """The scripts that one server knows. `call` carries a command out for them."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known: dict[bytes, Any] = {}

    def load(self, source: bytes) -> bytes:
        """Keep a script, and give its digest."""
        digest = sha1(source, usedforsecurity=False).hexdigest().encode()
        self._known[digest] = _lua().compiled(source)
        return digest

    def run(self, args: Sequence[bytes]) -> object:
        """Carry out EVALSHA digest numkeys key ... argument ..., and give the reply."""
        digest, count, *rest = args
        keys = integer(count)
        if keys < 0:
            raise failure("ERR Number of keys can't be negative")
        if keys > len(rest):
            raise failure("ERR Number of keys can't be greater than number of args")
        script = self._known.get(digest.lower())
        if script is None:
            raise failure("NOSCRIPT No matching script.")
        return _lua().run(script, rest[:keys], rest[keys:], self._call)


class _Lua:
    """One interpreter for all servers: making one takes longer than a simulation."""

    def __init__(self) -> None:
        self._runtime = lua51.LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
        self._table = self._runtime.table_from
        self._compile = self._runtime.execute(SANDBOX, self._redis_call, self._redis_pcall)
        self._compiled: dict[bytes, Any] = {}
        self._call: Call | None = None

    def compiled(self, source: bytes) -> Any:  # noqa: ANN401 -- a Lua function
        """Compile a script, once; its flags are in the first line, where it has any."""
        if source not in self._compiled:
            self._compiled[source] = self._compile(source.partition(b"\n")[2] if source.startswith(b"#!") else source)
        return self._compiled[source]

    def run(self, script: Any, keys: list[bytes], args: list[bytes], call: Call) -> object:  # noqa: ANN401 -- as above
        """Run a compiled script."""
        self._call = call
        try:
            return self._reply(script(self._table(keys), self._table(args)))
        except lua51.LuaError as error:
            raise failure(f"ERR {error}") from None

    def _redis_call(self, *args: bytes | float) -> object:
        assert self._call is not None
        return self._given(self._call(*map(_argument, args)))

    def _redis_pcall(self, *args: bytes | float) -> object:
        try:
            return self._redis_call(*args)
        except ResponseError as error:
            return self._table({b"err": str(error).encode()})

    def _given(self, reply: object) -> object:
        """Turn a reply into what `redis.call` returns."""
        if isinstance(reply, list):
            return self._table([self._given(part) for part in reply])
        return False if reply is None else reply

    def _reply(self, value: Any) -> object:  # noqa: ANN401 -- any value of Lua
        """Turn what a script returns into a reply: numbers lose their fraction, tables end at the first nil."""
        if value is None or value is False:
            return None
        if isinstance(value, bytes):
            return value
        if isinstance(value, int | float):
            return int(value)
        if lua51.lua_type(value) != "table":
            raise NotImplementedError(f"a script that returns {value!r}")
        if (error := value[b"err"]) is not None:
            raise failure(error.decode())
        parts: list[object] = []
        while (part := value[len(parts) + 1]) is not None:
            parts.append(self._reply(part))
        return parts


@cache
def _lua() -> _Lua:
    return _Lua()


def _argument(value: bytes | float) -> bytes:
    """Write an argument of `redis.call` as Redis does."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ResponseError("Lua redis lib command arguments must be strings or integers")
    return number(float(value))
