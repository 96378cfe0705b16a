"""A store that another version has written: each program says so and stops, before it writes anything."""

import asyncio
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, main
from shared.store import keys
from shared.store.redis import connect
from tests.stories.processes import Deployment, deployed

OTHERS = {
    "an older one": f"{int(keys.LAYOUT) - 1}:0123456789abcdef:1700000000000",
    "a newer one": f"{int(keys.LAYOUT) + 1}:0123456789abcdef:1700000000000",
    "one from before layouts": "0123456789abcdef:1700000000000",
}


async def contents(deployment: Deployment, value: str = "") -> dict[str, str]:
    """Write `value` as the generation, if given, and return every key of the store with its type."""
    redis = connect(deployment.valkey.url)
    try:
        if value:
            await redis.set(keys.GENERATION, value)
        return {str(key): str(await redis.type(key)) for key in await redis.keys("*")}
    finally:
        await redis.aclose()


@pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize(
    ("module", "event"), [("bolt_app", "worker.not_ready"), ("webhook_receiver", "receiver.wrong_layout")]
)
async def test_a_program_stops_at_a_store_of_another_layout(
    tmp_path: Path, value: str, module: str, event: str
) -> None:
    """It names both layouts and the way out, exits with 2, and leaves the store as it was."""
    async with deployed(tmp_path) as deployment:
        before = await contents(deployment, value)
        process = deployment.start(module)

        logged = await process.until_logged(event)

        assert f"needs layout {keys.LAYOUT}" in str(logged["why"])
        assert "REDIS_URL" in str(logged["why"])
        assert 2 == await process.child.wait()
        assert before == await contents(deployment)


async def test_a_command_stops_at_a_store_of_another_layout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pagebridge incidents` fails with the same words instead of showing what it may misread."""
    async with deployed(tmp_path) as deployment:
        await contents(deployment, OTHERS["a newer one"])
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("REDIS_URL", deployment.valkey.url)

        assert FAILED == await asyncio.to_thread(main, ["incidents"])

    assert f"needs layout {keys.LAYOUT}" in capsys.readouterr().err
