"""The wishes for direct messages: one that a person has changed survives a crash of the store."""

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.model.direct_card import Level, Wish
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.store.notify import Wishes
from tests.servers import can_wait_for_disk
from tests.shared.store.wire import wired

ALICE, PERSON = UserId("PALICE1"), SlackUserId("U0ALICE")


async def test_a_wish_and_its_end_are_on_the_disk(valkey: EmbeddedValkey) -> None:
    """Both wait for the disk: a wish that comes back with a restart would send what a person no longer wants."""
    async with wired(valkey) as (wire, client):
        if not await can_wait_for_disk(client):
            pytest.skip("this server cannot tell what is on its disk")
        wishes, before = Wishes(client), wire.sent.count(b"WAITAOF")

        await wishes.put(ALICE, PERSON, Wish(Level.ON, ChannelId("D0ALICE")))
        assert 1 == wire.sent.count(b"WAITAOF") - before
        await wishes.drop(ALICE, PERSON)

        assert 2 == wire.sent.count(b"WAITAOF") - before
        assert {} == await wishes.of(ALICE)
