"""The one error of the store, and what of redis-py's errors it hides."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from shared.errors import ScriptFailed, StoreDown, WrongPassword

WRONG_TYPE = "WRONGTYPE "
_SCRIPT_FAILED = re.compile(rf"(?<!@)user_script:\d+: |{WRONG_TYPE}")
"""How an error of Lua itself reads, or one over a key of another type; Redis's other refusals name a script too."""
_ANSWERS = ("BUSYGROUP", "NOGROUP")
"""Replies that say something about the data. Any other error reply means that the server does not do its work."""

_ABOUT_THE_COMMAND = frozenset(
    {"ERR", "NOSCRIPT", "BUSYGROUP", "NOGROUP", "WRONGTYPE", "EXECABORT", "OOM", "ASK", "TRYAGAIN"}
)
"""
Codes of replies that a new connection would not change. All others (READONLY, LOADING, MASTERDOWN, NOREPLICAS, NOAUTH,
MOVED, UNBLOCKED, ...) mean that this server, or this session at it, does not serve us.
"""
_CODE = re.compile(r"(?:^|.*: -)([A-Z]+) ", re.DOTALL)
"""The code of an error reply; a Redis before 7 puts that of a script's call after its own words."""


def is_refusal(error: RedisError) -> bool:
    """Return true for a reply by which a server refuses its work; redis-py closes the connection of other errors."""
    inner = _CODE.match(str(error))
    code = inner[1] if inner else getattr(error, "status_code", None) or "ERR"
    return code not in _ABOUT_THE_COMMAND


@contextmanager
def store_errors(answers: tuple[str, ...] = _ANSWERS) -> Iterator[None]:
    """Turn every error of Redis or of the way to it into `StoreDown`, except replies that begin with `answers`."""
    try:
        yield
    except NoScriptError:
        raise
    except (RedisError, OSError) as error:
        if isinstance(error, ResponseError) and str(error).startswith(answers):
            raise
        # On a socket of this machine redis-py wraps what it was told.
        if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
            raise WrongPassword(f"Redis: it rejects the user or password in REDIS_URL ({error})") from error
        why = str(error) or type(error).__name__
        if isinstance(error, ClusterDownError):
            why = f"its cluster is down, or no node of it serves this key ({error})"
        if isinstance(error, MovedError):
            why = f"the keys are at another node of its cluster, which redis+cluster:// in REDIS_URL finds ({error})"
        elif isinstance(error, AskError | TryAgainError):
            why = f"the keys are on their way to another node of its cluster ({error})"
        raise (ScriptFailed if _SCRIPT_FAILED.search(why) else StoreDown)(f"Redis: {why}") from error


@contextmanager
def cancellation_kept() -> Iterator[None]:
    """
    Raise a cancellation that was asked for during the block and got lost in it.

    redis-py sends through `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that comes just as the
    sending is done. A task would go on for ever after it was told to end, and a time-out would not time out.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
