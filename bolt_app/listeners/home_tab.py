"""The Home tab: who opens it, or asks for it anew, is shown it as it is now."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.queries.home_view import plain_home
from shared.errors import CallError, Malformed, StoreDown
from shared.model.ids import SlackUserId, slack_id
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from shared.store.open_homes import OpenHomes

log = structlog.get_logger()

Body = dict[str, Any]

STORE_DOWN = ":warning: The bridge can't reach its database, so there is nothing to show. Press Refresh in a moment."


@dataclass(frozen=True)
class HomeVisits:
    """Takes visits of the tab and presses on its button; neither changes anything, so a lost one costs a press."""

    slack: Slack
    open_homes: OpenHomes
    clock: StoreClock

    async def opened(self, event: Body) -> None:
        """Ask for the Home tab of a person who has come to it; the app's other tabs are events of the same name."""
        if event.get("tab") == "home":
            await self._ask(event.get("user"))

    async def refresh(self, ack: AsyncAck, body: Body) -> None:
        """Ack, then ask for the tab anew."""
        await ack()
        await self._ask((body.get("user") or {}).get("id"))

    async def _ask(self, named: object) -> None:
        try:
            user = SlackUserId(slack_id(named))
        except Malformed as error:
            log.warning("event.ignored", why=str(error))
            return
        try:
            await self.open_homes.ask(user)
        except StoreDown as error:
            log.warning("store.down", during="asking for a Home tab", why=str(error))
            await self._explain(user)

    async def _explain(self, user: SlackUserId) -> None:
        """Publish why there is nothing to show."""
        try:
            await self.slack.publish_view(user, plain_home(STORE_DOWN, self.clock.estimate_ms()))
        except CallError as error:
            log.warning("home.not_published", user=user, why=str(error))
