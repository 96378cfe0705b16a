"""
The official `pagerduty` package, told to make each request once.

It repeats failed requests of its own accord, and insists on https, which a simulator on this machine cannot offer;
there, and only there, http will do. Nothing else in this project imports the package.
"""

import ipaddress
import ssl
from functools import cache
from urllib.parse import urlsplit

import pagerduty
from httpx2 import Response, create_ssl_context
from pagerduty.auth_method import HeaderAuthMethod

Error = pagerduty.Error
"""The package's error; `response` is the response, if there was one."""


class Once(pagerduty.ApiClient):
    """The options of every client of the package."""

    max_network_attempts = 0
    max_http_attempts = -1

    def within(self, timeout: float) -> None:
        """Give every request `timeout` seconds, and repeat none."""
        # Connecting, reading, writing, waiting for a connection: what has not been sent by half `call_max` never is.
        self.timeout = (timeout / 3, timeout, timeout / 3, timeout / 3)  # type: ignore[assignment] # untyped there
        # 429 is repeated for ever unless it has a limit, and with the total above not even once.
        self.retry = {429: 1}

    @property
    def url(self) -> str:
        """The base address."""
        return self._base

    @url.setter
    def url(self, url: str) -> None:
        if not url.startswith("https://") and not (url.startswith("http://") and is_loopback(url)):
            raise pagerduty.UrlError("PagerDuty's address must be https, or http on this machine")
        self._base = url.rstrip("/")


class PerRequest(HeaderAuthMethod):
    """Leaves the header `Authorization` to each request: a token may be replaced between two of them."""

    def __init__(self) -> None:
        super().__init__("")  # type: ignore[no-untyped-call] # untyped there

    @property
    def auth_header(self) -> dict[str, str]:
        """Nothing that would win over the request's own."""
        return {}


class RestClient(Once, pagerduty.RestApiV2Client):
    """The REST API. Each request brings its own `Authorization`."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__("", base_url=url, trust_env=not is_loopback(url), verify=authorities())
        self.auth_method = PerRequest()
        self.within(timeout)


class TokenClient(Once, pagerduty.OAuthTokenClient):
    """The server that gives tokens to apps."""

    def __init__(self, secret: str, client_id: str, url: str, timeout: float) -> None:
        super().__init__(secret, client_id, base_url=url, trust_env=not is_loopback(url), verify=authorities())
        self.within(timeout)

    def ask(self, scope: str) -> Response:
        """Ask for a token, and return the answer as it is: the package's own reading stumbles over odd ones."""
        form = {"grant_type": "client_credentials", "scope": scope}
        return self.post("/oauth/token", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})


@cache
def authorities() -> ssl.SSLContext:
    """Read whose certificates are trusted, as the client would by itself; all clients share it, for it takes long."""
    return create_ssl_context()


def is_loopback(url: str) -> bool:
    """True if an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
