"""What a whole channel is told besides cards and threads: that cards are late, and that updates of PagerDuty were."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bolt_app.read_path.channel_sync import CardDelays, ReconcilePass
from bolt_app.resync.outage_notice import render_outage_notice
from shared.model.ids import ChannelId
from shared.model.incident import Incident
from shared.model.resync_state import Gap
from shared.model.slack_state import SlackState
from shared.store.channel_index import Delay
from tests.builders import INCIDENT, NOON, snapshot
from tests.words import slack_text
from tests.words.page import Page

CHANNEL = ChannelId("C0INCIDENTS")


async def test_every_notice_in_a_channel_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each kind of notice, for one incident and for many."""
    page = Page("channel_notices", "Notices in a channel", "Everyone in the channel reads these.")
    page.chapter("PagerDuty's updates did not come for a while")
    known = [replace(snapshot(), number=number) for number in range(37, 50)]
    whole, part = Gap(NOON, NOON + 1_800_000), Gap(NOON, NOON + 1_800_000, partial=True)
    page.case("One incident was late", _outage(whole, 1, known))
    page.case("Many were", _outage(whole, 13, known))
    page.case("Only some updates did not come", _outage(part, 2, known))
    page.chapter("Slack's rate limits hold the cards up")
    page.case("One card is late", await _delayed(Delay("begin", 1, 45)))
    page.case("Many are", await _delayed(Delay("begin", 14, 600)))
    page.case("None is any more", await _delayed(Delay("end", 0, 0)))
    page.check(pytestconfig)


def _outage(gap: Gap, count: int, known: list[Any]) -> str:
    return slack_text.blocks(render_outage_notice(CHANNEL, gap, known[:count]).blocks)


async def _delayed(delay: Delay) -> str:
    """Let the store count late cards, and return what the channel is told."""
    said: list[str] = []

    async def announce(channel: ChannelId, *, text: str, metadata: object) -> None:
        del channel, metadata
        said.append(text)

    async def now_ms() -> int:
        return NOON

    async def record(*_: object) -> Delay:
        return delay

    doors = (SimpleNamespace(announce=announce), SimpleNamespace(now_ms=now_ms), SimpleNamespace(record=record))
    late = SlackState(INCIDENT, late=frozenset({CHANNEL}))
    this = SimpleNamespace(incident=Incident(INCIDENT), as_of_ms=NOON, slack_state=late)
    await CardDelays(*cast("Any", doors)).card_delayed(cast("ReconcilePass", this), CHANNEL)
    return slack_text.seen(said[0])
