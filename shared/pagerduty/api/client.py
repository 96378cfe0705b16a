"""The one door to PagerDuty: everything that the bridge reads and writes there, for one API key or app."""

from contextlib import aclosing
from typing import Self
from urllib.parse import urlsplit

from shared.config.settings import PagerDutySettings
from shared.durations import Durations
from shared.errors import BadCredentials, CallError, Malformed
from shared.pagerduty.api.auth import OAuthApp, TokenSource
from shared.pagerduty.api.lanes import Lanes
from shared.pagerduty.api.reads import Reads
from shared.pagerduty.api.transport import Read
from shared.pagerduty.api.writes import Writes

__all__ = ["URL", "PagerDuty", "Read"]

URL = "https://api.pagerduty.com"
EU_URL = "https://api.eu.pagerduty.com"
OTHER_REGION = {URL: EU_URL, EU_URL: URL}
"""Where an account is that is not in this region. Source: PagerDuty's page on service regions."""


class PagerDuty(Reads, Writes):
    """
    PagerDuty's REST API: reading and changing incidents, the directory of the account, and webhooks.

    `credentials` are an API key, or an app with scoped OAuth. How calls are made, how they fail and how long they take
    is told by `Transport`.
    """

    def __init__(
        self,
        credentials: str | OAuthApp,
        url: str = URL,
        timeout: float = Durations.pagerduty_timeout,
        lanes: Lanes | None = None,
    ) -> None:
        self._credentials = credentials
        access = f"Token token={credentials}" if isinstance(credentials, str) else TokenSource(credentials, timeout)
        super().__init__(access, url, timeout, lanes)

    @classmethod
    def from_settings(
        cls,
        settings: PagerDutySettings,
        timeout: float = Durations.pagerduty_timeout,
        lanes: Lanes | None = None,
    ) -> Self:
        """Open the door that the settings have the key to."""
        return cls(credentials(settings), settings.pagerduty_api_url, timeout, lanes)

    @property
    def has_key(self) -> bool:
        """Whether calls are made with an API key."""
        return isinstance(self._access, str)

    @property
    def missing_scopes(self) -> frozenset[str]:
        """The needed scopes that the app is known not to have. A key has them all."""
        return self._access.missing_scopes if isinstance(self._access, TokenSource) else frozenset()

    async def granted_scopes(self) -> frozenset[str]:
        """Ask which of the needed scopes the app may have; none for a key. Raises `CallError`."""
        return await self._access.granted() if isinstance(self._access, TokenSource) else frozenset()

    async def other_region(self) -> str:
        """Return the address of PagerDuty's other region if the same credentials are accepted there; else empty."""
        url = OTHER_REGION.get(self._url)
        if url is None:
            return ""
        known = self._credentials
        there = known if isinstance(known, str) else known.in_other_region()
        async with aclosing(PagerDuty(there, url, self._timeout)) as door:
            try:
                await door.users_by_query("")
            except (CallError, Malformed):
                return ""
        return url

    @property
    def no_next_token(self) -> BadCredentials | None:
        """Why the app was refused its next token, also while the present one is still good."""
        return self._access.refused if isinstance(self._access, TokenSource) else None


def credentials(settings: PagerDutySettings) -> str | OAuthApp:
    """Take from the settings what they have: an app, or an API key."""
    client_id, secret, subdomain = (
        settings.pagerduty_client_id,
        settings.pagerduty_client_secret,
        settings.pagerduty_subdomain,
    )
    if client_id and secret and subdomain:
        region = "eu" if ".eu." in (urlsplit(settings.pagerduty_api_url).hostname or "") else "us"
        return OAuthApp(client_id, secret.get_secret_value(), f"{region}.{subdomain}", settings.pagerduty_identity_url)
    key = settings.pagerduty_api_token
    return key.get_secret_value() if key else ""
