"""How late cards are, made visible: in a metric, and to the people who wait for them in a channel."""

import structlog
from prometheus_client import Histogram

from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.services import Services
from shared.errors import CallError
from shared.model.ids import ChannelId
from shared.model.slack_state import MessageState
from shared.slack.render.blocks import metadata
from shared.store.channel_index import Delay, DelayedCards

log = structlog.get_logger()

DELAY = Histogram(
    "pagebridge_card_delay_seconds",
    "Seconds from what happened at PagerDuty until the card showed it",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)


class DelayNotice:
    """Keeps count of the cards that have to wait."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lag = DelayedCards(services.redis, services.durations.delay_notice_after)

    async def card_delayed(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Note that a card could not be shown now, and say so in its channel if that begins to be a nuisance."""
        since = this.as_of_ms or await self._services.clock.now_ms()
        await self._post(channel, await self._lag.record_delay(channel, this.incident.id, since))

    async def card_shown(self, this: ReconcilePass, channel: ChannelId, *, since: MessageState) -> None:
        """Note that a card is as it should be; `since` is what it was before this pass."""
        now = this.card(channel)
        if since.content_digest != now.content_digest and since.state_ms < now.state_ms:
            DELAY.observe(max(0, await self._services.clock.now_ms() - this.as_of_ms) / 1000)
        await self._post(channel, await self._lag.record_shown(channel, this.incident.id))

    async def card_refused(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Note that a channel takes no card, now or ever: none waits for Slack's limits there."""
        await self._post(channel, await self._lag.record_shown(channel, this.incident.id))

    async def _post(self, channel: ChannelId, late: Delay) -> None:
        """Post once that the channel's cards are late, and once that they are current again."""
        if not late.verdict:
            return
        key = f"lag:{channel}:{await self._services.clock.now_ms()}"
        try:
            await self._services.slack.announce(channel, text=_text(late), metadata=metadata(key, {}))
        except CallError as error:
            log.warning("lag.untold", channel=channel, seconds=late.seconds, why=str(error))
            if error.surely_not_done:
                await self._lag.undo_notice(channel, late.verdict)


def _text(late: Delay) -> str:
    if late.verdict == "end":
        return ":white_check_mark: The cards in this channel are up to date again."
    return (
        f":hourglass: The cards in this channel are late: {late.cards} wait to be shown, the oldest for "
        f"{late.seconds:.0f} seconds. Nothing is lost, and PagerDuty calls people as ever."
    )
