"""Where the store is: `REDIS_URL`, or the embedded Valkey of `pagebridge up`."""

from pathlib import Path

from shared.config.errors import Misconfigured
from shared.config.setting_types import RedisUrl
from shared.config.settings import Environment, load

DATA = Path(".pagebridge/valkey")
"""Where the embedded Valkey keeps its data when not told otherwise."""


class StoreSettings(Environment):
    """Whether there is a Redis already; without one it is the embedded Valkey."""

    redis_url: RedisUrl | None = None


def redis_url_given() -> bool:
    """True if a Redis URL is set, valid or not."""
    try:
        return load(StoreSettings).redis_url is not None
    except Misconfigured:
        return True
