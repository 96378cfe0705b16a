"""The Lua scripts: one file for each atomic step."""

from functools import cache
from importlib.resources import files

from redis.exceptions import NoScriptError

from shared.errors import StoreDown
from shared.store.redis import Redis

Argument = str | bytes | int


class Script:
    """One script of `shared/store/lua`, run by its digest and sent again if the server has forgotten it."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._script = redis.register_script(_text(name))

    async def __call__(self, keys: list[str], arguments: list[Argument]) -> object:
        """Run it, and return what it returns. Raises `StoreDown`."""
        try:
            result: object = await self._script(keys=keys, args=arguments)
        except NoScriptError as error:
            raise StoreDown("Redis: it lost its data just after the script was sent again") from error
        return result


@cache
def _text(name: str) -> str:
    return files("shared.store").joinpath(f"lua/{name}.lua").read_text("utf-8")
