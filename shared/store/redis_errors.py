"""The one error of the store, and what of redis-py's errors it hides."""

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
def store_errors() -> Iterator[None]:
    """Raise every error of Redis or of the way to it as `store_error` gives it."""
    try:
        yield
    except (RedisError, OSError) as error:
        if (failed := store_error(error)) is None:
            raise
        raise failed from error


def store_error(error: RedisError | OSError, answers: tuple[str, ...] = _ANSWERS) -> StoreDown | None:
    """Return the store's error for one of Redis or of the way to it; None for a reply that callers act upon."""
    if isinstance(error, NoScriptError) or (isinstance(error, ResponseError) and str(error).startswith(answers)):
        return None
    # On a socket of this machine redis-py wraps what it was told.
    if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
        return WrongPassword(f"Redis: it rejects the user or password in REDIS_URL ({error})")
    why = str(error) or type(error).__name__
    if isinstance(error, ClusterDownError):
        why = f"its cluster is down, or no node of it serves this key ({error})"
    if isinstance(error, MovedError):
        why = f"the keys are at another node of its cluster, which redis+cluster:// in REDIS_URL finds ({error})"
    elif isinstance(error, AskError | TryAgainError):
        why = f"the keys are on their way to another node of its cluster ({error})"
    return (ScriptFailed if _SCRIPT_FAILED.search(why) else StoreDown)(f"Redis: {why}")
