"""The app as it is installed: its socket, which app a token belongs to, and the other apps' bots around it."""

from collections.abc import AsyncIterator

from shared.slack.api import models
from shared.slack.api.models import Channel, SlackIdentity, SlackPerson
from shared.slack.api.rate_limits import Priority
from shared.slack.api.transport import CallTurn, Transport


class AppInstallation:
    """Calls made once, at start, at set-up or by the doctor. Raises as `Slack` does."""

    _transport: Transport
    _us: SlackIdentity | None = None

    async def auth_test(self) -> SlackIdentity:
        """Ask who we are and what we may do."""
        self._us = await self._transport.call("auth.test", lambda answer: models.parse_identity(*answer))
        return self._us

    async def us(self) -> SlackIdentity:
        """Return who we are, asked once."""
        return self._us or await self.auth_test()

    async def socket_url(self, app_token: str) -> str:
        """Ask for the one-time address of a Socket Mode connection."""
        return await self._transport.call(
            "apps.connections.open", lambda answer: models.parse_socket_url(answer[0]), params={"token": app_token}
        )

    async def hello(self, app_token: str) -> int:
        """
        Open a Socket Mode connection, close it as soon as Slack greets, and return how many the app has.

        Envelopes sent over it meanwhile are not acked, so this is for an app without another connection.
        """
        return models.parse_hello(await self._transport.socket_hello(await self.socket_url(app_token)))

    async def app_id(self, bot_id: str) -> str:
        """Return the app of a bot."""
        return await self._transport.read("bots.info", models.parse_bot_app, bot=bot_id)

    async def bots(self) -> AsyncIterator[SlackPerson]:
        """Read all bots of the workspace that are not deactivated, page by page."""
        async for person in self.people():
            if person.is_bot and not person.deleted:
                yield person

    async def people(self) -> AsyncIterator[SlackPerson]:
        """Read all people of the workspace, bots and deactivated people included, page by page."""
        async for page in self._transport.pages("users.list", {}, CallTurn(Priority.LOW)):
            for person in models.parse_people(page):
                yield person

    async def channels(self) -> AsyncIterator[Channel]:
        """Read all channels that the app can see and that are not archived, private ones included, page by page."""
        wanted = {"types": "public_channel,private_channel", "exclude_archived": "true"}
        async for page in self._transport.pages("conversations.list", wanted, CallTurn(Priority.LOW)):
            for channel in models.parse_channels(page):
                yield channel

    async def clock_ms(self) -> int:
        """Return Slack's clock, to the second, in milliseconds since 1970."""
        return await self._transport.call("auth.test", lambda answer: self._transport.server_clock.hear(answer[1]).ms)
