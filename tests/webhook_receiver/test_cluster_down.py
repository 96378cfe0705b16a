"""A cluster of Redis that does not serve our keys at the moment: 503 and plain words, and it goes on by itself."""

import time
from pathlib import Path

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import connect
from tests.clusters import node, serve_nothing, served
from tests.servers import BOTH
from tests.webhook_receiver.running import BODY, PATIENT, running, stored

IN_TIME = 4.0
"""Seconds within which a delivery that cannot be stored is answered."""


@pytest.mark.parametrize("server", BOTH)
async def test_a_cluster_that_is_down(server: str, tmp_path: Path) -> None:
    """Each delivery gets 503 at once, `/readyz` tells operators why, and after it deliveries are stored again."""
    async with (
        EmbeddedValkey(tmp_path / "valkey", binary=node(tmp_path, server)) as valkey,
        connect(valkey.url) as redis,
        running(valkey.url, limits=PATIENT) as receiver,
    ):
        await served(redis)
        await receiver.until_ready(200)
        await serve_nothing(redis)
        begun = time.monotonic()
        assert 503 == await receiver.deliver()
        assert time.monotonic() - begun < IN_TIME
        await receiver.until_ready(503)
        assert "Redis: its cluster is down" in (await receiver.get("/readyz", admin=True))[1]

        await served(redis)

        await receiver.until_ready(200)
        assert 202 == await receiver.deliver()
        assert [BODY] == await stored(redis)
