"""Slack events: a changed user account drops the cached identity."""

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
            # If the store is down, the cached identity expires within minutes anyway.
            log.warning("link.kept", user=user, why=str(error))

    app.event("user_change")(changed)
