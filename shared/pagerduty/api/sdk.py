"""
The official `pagerduty` package, which asks for the tokens of apps, told to make each request once.

It repeats failed requests of its own accord, and insists on https, which a simulator on this machine cannot offer;
there, and only there, http will do. Nothing else in this project imports the package.
"""

import ssl
from functools import cache
from urllib.parse import urlsplit

import pagerduty
from httpx2 import Response, create_ssl_context

from shared.http.proxy import is_loopback, proxy_for

Error = pagerduty.Error
"""The package's error; `response` is the response, if there was one."""


class TokenClient(pagerduty.OAuthTokenClient):
    """The server that gives tokens to apps."""

    max_network_attempts = 0
    max_http_attempts = -1
    url = ""
    """A plain attribute, given by `checked_url`: the package's own refuses http on this machine as well."""

    def __init__(self, secret: str, client_id: str, url: str, timeout: float) -> None:
        """Give every request `timeout` seconds, and repeat none."""
        url = checked_url(url)
        super().__init__(secret, client_id, base_url=url, trust_env=False, proxy=proxy_for(url), verify=authorities())
        self.timeout = (timeout / 3, timeout, timeout / 3, timeout / 3)  # type: ignore[assignment] # untyped there
        # 429 is repeated for ever unless it has a limit, and with the total above not even once.
        self.retry = {429: 1}

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Response:
        """Ask for the token of a person who came back with a code, and return the answer as it is."""
        fields = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        return self._post({"grant_type": "authorization_code", **fields})

    def ask(self, scope: str) -> Response:
        """Ask for a token, and return the answer as it is: the package's own reading stumbles over odd ones."""
        return self._post({"grant_type": "client_credentials", "scope": scope})

    def _post(self, form: dict[str, str]) -> Response:
        return self.post("/oauth/token", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})


def checked_url(url: str) -> str:
    """Return a base address, if what is sent there is encrypted or does not leave this machine."""
    if not url.startswith("https://") and not (url.startswith("http://") and is_loopback(urlsplit(url).hostname or "")):
        raise pagerduty.UrlError("PagerDuty's address must be https, or http on this machine")
    return url.rstrip("/")


@cache
def authorities() -> ssl.SSLContext:
    """Read whose certificates are trusted, as the client would by itself; all clients share it, for it takes long."""
    return create_ssl_context()
