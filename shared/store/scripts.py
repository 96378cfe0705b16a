"""The Lua scripts: one file for each atomic step."""

from importlib.resources import files

from redis.exceptions import NoScriptError, ResponseError

from shared.errors import StoreDown
from shared.store.redis import Redis

Argument = str | bytes | int

ALLOW_OOM = "#!lua flags=allow-oom\n"
"""
Lets a script write also when the memory is full. What fills it is what waits for a worker, which has to write a little
to take it away; new entries are appended without a script, and refused.
"""
FLAGS_NOT_SUPPORTED = "near '#'"
"""The error of a server that does not know script flags: a Redis before 7."""


class Script:
    """One script of `shared/store/lua`, run by its digest and sent again if the server has forgotten it."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis = redis
        self._text = files("shared.store").joinpath(f"lua/{name}.lua").read_text("utf-8")
        self._script = redis.register_script(ALLOW_OOM + self._text)

    async def __call__(self, keys: list[str], arguments: list[Argument]) -> object:
        """Run it, and return what it returns. Raises `StoreDown`."""
        try:
            return await self._run(keys, arguments)
        except (StoreDown, ResponseError) as error:
            if FLAGS_NOT_SUPPORTED not in str(error):
                raise
        self._script = self._redis.register_script(self._text)
        return await self._run(keys, arguments)

    async def _run(self, keys: list[str], arguments: list[Argument]) -> object:
        try:
            result: object = await self._script(keys=keys, args=arguments)
        except NoScriptError as error:
            raise StoreDown("Redis: it lost its data just after the script was sent again") from error
        return result
