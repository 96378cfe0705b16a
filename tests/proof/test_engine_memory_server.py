"""The Redis in memory: reply for reply it is the real one."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Any

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from pagebridge.local.embedded_valkey import EmbeddedValkey
from tests.proof.engine.memory_server import MemoryServer, Part

LUA = sorted(files("shared.store").joinpath("lua").iterdir(), key=lambda path: path.name)
SCRIPTS = {path.name.removesuffix(".lua"): path.read_bytes() for path in LUA} | {
    "sets_a_global": b"x = 1",
    "reads_a_global": b"return x",
    "returns_of_all_kinds": b"return { 1.9, -1.9, 'a', false, true, { 2 }, redis.call('GET', KEYS[1]), nil, 3 }",
    "passes_a_number": b"return redis.call('SET', KEYS[1], ARGV[1] / 10)",
    "passes_a_table": b"return redis.call('SET', KEYS[1], {})",
    "raises": b"error('on purpose')",
}
TTL = st.sampled_from([1, 3, 60_000])
NUMBER = st.sampled_from(["0", "1", "-1", "7", "60000", "1700000000000", "1.5", "007", "x", ""])


@dataclass(frozen=True)
class Added:
    """Stands for the id of the entry that was added as number `nth`, counted from the last."""

    nth: int


Word = Part | Added
Step = tuple[Word, ...]
WAIT: Step = ("WAIT",)
CONTENTS: dict[str, Step] = {
    "s {i}lease {i}epoch {p}1 {p}2": ("GET",),
    "h {i}doc {q}marks": ("HGETALL",),
    "z {q}due": ("ZRANGE", "0", "-1", "WITHSCORES"),
    "x": ("XRANGE", "-", "+"),
    "r": ("LLEN",),
}
LOOK: list[Step] = [
    look
    for names, (command, *rest) in CONTENTS.items()
    for name in (*names.split(), "a")
    for look in ((command, name, *rest), ("PTTL", name))
] + [("XAUTOCLAIM", "x", "g", "nobody", "0", "0-0")]
"""Commands that show what is there at the end."""


def key(usual: str) -> st.SearchStrategy[str]:
    """Name the usual key of a type, or now and then one that everybody uses."""
    return st.sampled_from([usual] * 8 + ["a"])


def step(name: str, *words: st.SearchStrategy[Any] | str) -> st.SearchStrategy[Step]:
    """Make one command."""
    return st.tuples(st.just(name), *(st.just(word) if isinstance(word, str) else word for word in words))


def script(name: str, keys: list[str], *arguments: st.SearchStrategy[Any] | str) -> st.SearchStrategy[Step]:
    """Run one of the product's scripts."""
    digest = sha1(SCRIPTS[name], usedforsecurity=False).hexdigest()
    return step("EVALSHA", digest, str(len(keys)), *map(key, keys), *arguments)


ENTRY = st.builds(Added, st.integers(0, 5)) | st.sampled_from(["0-1", "5", "5-", "-5", "x"])
EDGE = ENTRY | st.sampled_from(["-", "+", "(5", "(5-1", "1700000000000"])
FIELD = st.sampled_from(["f", "g"])
MEMBER = st.sampled_from(["m", "n", "o"])
RANK = st.sampled_from(["0", "1", "-1", "-2", "-9", "9", "x"])
LEAST, MOST = st.sampled_from(["-inf", "0", "x"]), st.sampled_from(["1", "+inf", "nan"])
EPOCH = st.sampled_from(["0", "1", "2"])
PACE = ["{p}b", "{p}line", "{p}back", "{p}waits"]
STRINGS = (
    step("GET", key("s"))
    | step("SET", key("s"), NUMBER)
    | step("SET", key("s"), NUMBER, "NX")
    | step("SET", key("s"), NUMBER, st.sampled_from(["EX", "px", "XX"]), NUMBER)
    | step("SET", key("s"), NUMBER, "PX", TTL)
    | step("INCR", key("s"))
    | step("DEL", key("s"), st.sampled_from("shzx"))
    | step("EXISTS", key("s"), key("h"))
    | step("EXPIRE", st.sampled_from("shzx"), NUMBER)
    | step("PEXPIRE", st.sampled_from("shzx"), TTL)
    | step("PEXPIRE", key("s"), st.sampled_from(["0", "-5"]))
)
HASHES = (
    step("HSET", key("h"), FIELD, NUMBER, FIELD, NUMBER)
    | step("HSET", key("h"), FIELD, NUMBER, FIELD)
    | step("HGET", key("h"), FIELD)
    | step("HMGET", key("h"), FIELD, FIELD)
    | step("HDEL", key("h"), FIELD, FIELD)
    | step("HINCRBY", key("h"), FIELD, NUMBER)
)
SORTED_SETS = (
    step("ZADD", key("z"), NUMBER, MEMBER, NUMBER, MEMBER)
    | step("ZADD", key("z"), NUMBER, MEMBER, NUMBER)
    | step("ZREM", key("z"), MEMBER, MEMBER)
    | step("ZREMRANGEBYSCORE", key("z"), LEAST, MOST)
    | step("ZRANGEBYSCORE", key("z"), LEAST, MOST)
    | step("ZCOUNT", key("z"), LEAST, MOST)
    | step("ZRANK", key("z"), MEMBER)
    | step("ZCARD", key("z"))
    | step("ZSCORE", key("z"), MEMBER)
    | step("ZRANGE", key("z"), RANK, RANK)
    | step("ZRANGE", key("z"), RANK, RANK, "WITHSCORES")
    | step("ZREVRANGE", key("z"), RANK, RANK)
    | step("ZREVRANGE", key("z"), RANK, RANK, st.sampled_from(["withscores", "x"]))
)
ROWS = (
    step("RPUSH", key("r"), NUMBER)
    | step("RPUSH", key("r"), NUMBER, NUMBER)
    | step("LPOP", key("r"))
    | step("LINDEX", key("r"), RANK)
    | step("LRANGE", key("r"), RANK, RANK)
    | step("LLEN", key("r"))
    | script("take_deliveries", ["r", "x"], st.sampled_from(["0", "2"]), st.sampled_from(["1", "100"]))
)
READER = st.sampled_from(["c", "d"])
STREAMS = (
    step("XADD", key("x"), "*", FIELD, NUMBER)
    | step("XADD", key("x"), "*", FIELD, NUMBER, FIELD)
    | step("XADD", key("x"), "MAXLEN", "2", "*", FIELD, NUMBER)
    | step("XADD", key("x"), "MAXLEN", st.sampled_from(["0", "-1"]), "*", FIELD, NUMBER)
    | step("XADD", key("x"), "MINID", "=", ENTRY, "*", FIELD, NUMBER)
    | step("XRANGE", key("x"), EDGE, EDGE)
    | step("XRANGE", key("x"), st.just("-") | ENTRY, "+", "COUNT", st.sampled_from(["1", "2", "x"]))
    | step("XADD", key("x"), "MAXLEN", "~", "1000", "*", FIELD, NUMBER)
    | step("XGROUP", "CREATE", key("x"), "g", st.sampled_from(["0", "$", "5-1", "x"]))
    | step("XGROUP", "CREATE", key("x"), "g", st.sampled_from(["0", "$"]), "MKSTREAM")
    | step("XREADGROUP", "GROUP", "g", READER, "COUNT", st.sampled_from(["0", "1", "2"]), "STREAMS", key("x"), ">")
    | step("XAUTOCLAIM", key("x"), "g", READER, st.sampled_from(["-1", "0", "2", "x"]), "0-0")
    | step("XAUTOCLAIM", key("x"), "g", READER, "0", ENTRY, "COUNT", st.sampled_from(["0", "1", "2"]))
    | step("XACK", key("x"), "g", ENTRY, ENTRY)
    | step("XDEL", key("x"), ENTRY, ENTRY)
    | step("XLEN", key("x"))
)
SCRIPT_RUNS = (
    script("ack_delete", ["x"], "g", ENTRY)
    | script("take_lease", ["{i}lease", "{i}epoch"], TTL, "1000")
    | script("renew_lease", ["{i}lease"], EPOCH, st.sampled_from(["0", "1", "60000"]))
    | script("store_document", ["{i}doc", "{i}epoch"], st.sampled_from(["0", "1", "2"]), NUMBER, "1000", EPOCH)
    | script("mark_work", ["{q}due", "{q}marks"], MEMBER, st.sampled_from(["0", "1", "60000"]))
    | script("take_work", ["{q}due", "{q}marks"], st.sampled_from(["1", "60000"]))
    | script(
        "finish_work", ["{q}due", "{q}marks"], MEMBER, st.sampled_from("123"), st.sampled_from(["-1", "0", "60000"])
    )
    | script("rate_limit_take", ["{p}1", "{p}2"], *[st.sampled_from(["1000", "500000", "x"])] * 4)
    | script("rate_limit_take", PACE, MEMBER, st.just("0"), *[st.sampled_from(["1000", "500000"])] * 4)
    | script("sets_a_global", [])
    | script("reads_a_global", [])
    | script("returns_of_all_kinds", ["s"])
    | script("passes_a_number", ["s"], NUMBER)
    | script("passes_a_table", ["s"])
    | script("raises", [])
    | script("rate_limit_delay", ["{p}1"], st.sampled_from(["1000", "500000"]))
)
OTHERS = step("EVALSHA", "0" * 40, "0") | step("EVALSHA", "0" * 40, st.sampled_from(["2", "-1", "x"])) | step("PING")
LAST = st.builds(Added, st.integers(0, 5))
GROUP_WORK = (
    step("XADD", "x", "*", FIELD, NUMBER)
    | step("XREADGROUP", "GROUP", "g", READER, "COUNT", st.sampled_from(["0", "1", "2"]), "STREAMS", "x", ">")
    | step("XAUTOCLAIM", "x", "g", READER, st.sampled_from(["0", "2"]), "0-0", "COUNT", st.sampled_from(["1", "2"]))
    | step("XACK", "x", "g", LAST)
    | step("XTRIM", key("x"), "MAXLEN", "=", st.sampled_from(["0", "2", "x"]))
    | step("XGROUP", "DELCONSUMER", "x", "g", READER)
    | step("XDEL", "x", LAST)
    | st.just(WAIT)
)
THEMES = (STRINGS, HASHES, SORTED_SETS, ROWS, STREAMS, SCRIPT_RUNS, SCRIPT_RUNS)
ANY = st.one_of(*THEMES, OTHERS, st.just(WAIT))
STEPS = st.one_of(
    *(st.lists(theme, min_size=25, max_size=50) for theme in (GROUP_WORK, GROUP_WORK, ANY)),
    *(st.lists(st.one_of(theme, theme, theme, ANY), min_size=25, max_size=50) for theme in THEMES),
)
"""Mostly of one theme, so that much of it comes together."""
WRONG_IN_TWO_WAYS: list[Step] = [
    tuple(command.split())
    for command in """
        HSET a f 0
        LRANGE a 0 x
        LINDEX a x
        ZRANGE a 0 x
        ZREVRANGE a x 0
        ZRANGEBYSCORE a x 1
        ZCOUNT a 0 x
        ZREMRANGEBYSCORE a x 1
        ZADD a x m
        XADD a MAXLEN x * f 1
        XTRIM a MAXLEN = x
        XRANGE a x +
        XDEL a x
        XACK a g x
        XGROUP CREATE a g x
        XAUTOCLAIM a g c x 0-0
        EXPIRE a x
        SET s text
        HINCRBY s f x
    """.strip().splitlines()
]
"""A key of another type, and an argument that cannot be read: which of them is told first differs by command."""
BEGUN: list[Step] = [("XGROUP", "CREATE", "x", "g", "0", "MKSTREAM"), *[("XADD", "x", "*", "f", "1")] * 3]


class Valkey:
    """The real one, each of whose replies comes with the time at which it was made."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, protocol=2)
        self._connection = self._client.connection_pool.get_connection()

    def empty(self) -> None:
        """Forget all data, and know the scripts."""
        self._client.flushall()
        for text in SCRIPTS.values():
            self._client.script_load(text)

    def execute(self, *command: Part) -> tuple[int, object]:
        """Carry out one command; return the microseconds since 1970 that it saw, and its reply."""
        for words in (("MULTI",), ("TIME",), command, ("EXEC",)):
            self._connection.send_command(*words)
        self._reply()
        self._reply()
        queued = self._reply()
        done = self._reply()
        if not isinstance(done, list):
            return 0, queued
        (seconds, micros), reply = done
        return int(seconds) * 1_000_000 + int(micros), reply

    def close(self) -> None:
        """Close all connections."""
        self._connection.disconnect()
        self._client.close()

    def _reply(self) -> object:
        try:
            return self._connection.read_response()
        except ResponseError as error:
            return error


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Start a real Valkey, for all tests here."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    with asyncio.Runner() as runner:
        runner.run(server.start())
        real = Valkey(server.url)
        yield real
        real.close()
        runner.run(server.stop())


@settings(max_examples=2 * settings().max_examples)
@example([], WRONG_IN_TWO_WAYS)
@given(st.sampled_from([[], BEGUN]), STEPS)
def test_it_answers_as_the_real_one_does(valkey: Valkey, begun: list[Step], steps: list[Step]) -> None:
    """The same commands get the same replies and leave the same data, errors, expiry and all scripts included."""
    valkey.empty()
    clock = [0]
    memory = MemoryServer(lambda: clock[0] / 1_000_000)
    for text in SCRIPTS.values():
        memory.execute("SCRIPT", "LOAD", text)
    added: list[Part] = ["0-1"]
    for words in (*begun, *steps, *LOOK):
        if words == WAIT:
            time.sleep(0.002)
            continue
        command = [added[-1 - word.nth % len(added)] if isinstance(word, Added) else word for word in words]
        at_us, real = valkey.execute(*command)
        clock[0] = at_us or clock[0]
        simulated = executed(memory, command)
        assert same(real, simulated), (command, str(real), str(simulated))
        if words[0] == "XADD" and isinstance(real, bytes):
            added.append(real)


def executed(memory: MemoryServer, command: list[Part]) -> object:
    """Carry a command out, and give its error as a reply."""
    try:
        return memory.execute(*command)
    except ResponseError as error:
        return error


def same(real: object, simulated: object) -> bool:
    """Tell whether two replies are the same; the real one says of an error in a script where that was."""
    if isinstance(real, ResponseError) and isinstance(simulated, ResponseError):
        return type(real) is type(simulated) and (str(real).startswith(str(simulated)) or "user_script" in str(real))
    return real == simulated
