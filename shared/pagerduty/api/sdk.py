"""
The official `pagerduty` package, told to make each request once.

It repeats failed requests of its own accord, and insists on https, which a simulator on this machine cannot offer;
there, and only there, http will do. Nothing else in this project imports the package.
"""

import ipaddress
import ssl
from functools import cache
from typing import ClassVar
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
    url = ""
    """A plain attribute, given by `checked_url`: the package's own refuses http on this machine as well."""

    def within(self, timeout: float) -> None:
        """Give every request `timeout` seconds, and repeat none."""
        # Connecting, reading, writing, waiting for a connection: what has not been sent by half `call_max` never is.
        self.timeout = (timeout / 3, timeout, timeout / 3, timeout / 3)  # type: ignore[assignment] # untyped there
        # 429 is repeated for ever unless it has a limit, and with the total above not even once.
        self.retry = {429: 1}


class PerRequest(HeaderAuthMethod):
    """Leaves the header `Authorization` to each request: a token may be replaced between two of them."""

    auth_header: ClassVar[dict[str, str]] = {}


class RestClient(Once, pagerduty.RestApiV2Client):
    """The REST API. Each request brings its own `Authorization`."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__("", base_url=checked_url(url), trust_env=not is_loopback(url), verify=authorities())
        self.auth_method = PerRequest("")  # type: ignore[no-untyped-call] # untyped there
        self.within(timeout)


class TokenClient(Once, pagerduty.OAuthTokenClient):
    """The server that gives tokens to apps."""

    def __init__(self, secret: str, client_id: str, url: str, timeout: float) -> None:
        url = checked_url(url)
        super().__init__(secret, client_id, base_url=url, trust_env=not is_loopback(url), verify=authorities())
        self.within(timeout)

    def ask(self, scope: str) -> Response:
        """Ask for a token, and return the answer as it is: the package's own reading stumbles over odd ones."""
        form = {"grant_type": "client_credentials", "scope": scope}
        return self.post("/oauth/token", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})


def checked_url(url: str) -> str:
    """Return a base address, if what is sent there is encrypted or does not leave this machine."""
    if not url.startswith("https://") and not (url.startswith("http://") and is_loopback(url)):
        raise pagerduty.UrlError("PagerDuty's address must be https, or http on this machine")
    return url.rstrip("/")


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
