"""Canvases: documents that one person alone may read. Raises as `Slack` does."""

import re

from shared.model.ids import SlackUserId
from shared.slack.api import models
from shared.slack.api.app_installation import AppInstallation

_QUOTE_IN_LIST = re.compile(r"(?m)^  > ")


class Canvases(AppInstallation):
    """Calls about canvases. A call whose end is unclear may leave one that no person can open."""

    async def create_canvas(self, title: str, markdown: str) -> str:
        """Make a canvas that only the app can open, and return its id (Slack: canvases.create)."""
        # A canvas takes no quotes within a list.
        content = {"type": "markdown", "markdown": _QUOTE_IN_LIST.sub("  - ", markdown)}
        body = {"title": title, "document_content": content}
        return await self._transport.call("canvases.create", lambda answer: models.parse_canvas(answer[0]), json=body)

    async def share_canvas(self, canvas: str, user: SlackUserId) -> None:
        """Let a person read a canvas (Slack: canvases.access.set)."""
        body = {"canvas_id": canvas, "access_level": "read", "user_ids": [user]}
        await self._transport.call("canvases.access.set", lambda _: None, json=body)

    async def canvas_address(self, canvas: str) -> str:
        """Return where a canvas is opened; empty if Slack does not say where the workspace is."""
        us = await self.us()
        return f"{us.url.rstrip('/')}/docs/{us.team_id}/{canvas}" if us.url else ""
