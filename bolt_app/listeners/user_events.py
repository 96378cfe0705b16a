"""Events: somebody's Slack account changed, so what was remembered about them is dropped."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from shared.access.identity import Identity
from shared.errors import StoreDown
from shared.model.ids import SlackUserId

log = structlog.get_logger()


def register(app: AsyncApp, identity: Identity) -> None:
    """Listen to the changes of people."""

    async def changed(event: dict[str, Any]) -> None:
        user = SlackUserId(str(event["user"]["id"]))
        try:
            await identity.forget(user)
        except StoreDown as error:
            # What is remembered runs out by itself within minutes.
            log.warning("link.kept", user=user, why=str(error))

    app.event("user_change")(changed)
