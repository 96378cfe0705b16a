"""
The proxy for each call to the outside: one rule, for every client.

The client libraries read the same variables each in its own way, or not at all, so none of them is left to it.
"""

import os
from collections.abc import Iterator
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

_HTTPS = {"https": 443, "wss": 443}
_HTTP = {"http": 80, "ws": 80}
VARIABLES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
"""Where all this is set, in small letters or in capitals."""


class UnusableProxy(ValueError):
    """Raised when a variable names no proxy that can be used; the words name the variable, never its value."""


def proxy_for(url: str) -> str | None:
    """
    Return the address of the proxy through which `url` is called; None if it is called directly.

    HTTPS_PROXY is for https and wss, HTTP_PROXY for http and ws, ALL_PROXY for what has none. NO_PROXY lists
    what is called directly: hosts, with all below them (`example.com`, `.example.com` and `*.example.com` are the
    same), addresses, ranges of addresses (`10.0.0.0/8`), each perhaps with a port, or `*`. This machine always is. A
    variable in small letters wins, also if it is empty. Raises `UnusableProxy`.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (_HTTPS | _HTTP).get(parts.scheme, 0)
    entries = _variable("no_proxy")[1].replace(",", " ").split()
    if is_loopback(host) or any(_covers(entry, host, port) for entry in entries):
        return None
    for kind in ("https_proxy" if parts.scheme in _HTTPS else "http_proxy", "all_proxy"):
        name, address = _variable(kind)
        if address:
            return _usable(name, address)
    return None


def host_of(proxy: str) -> str:
    """Name a proxy for people, without its user and password."""
    return urlsplit(proxy).netloc.rpartition("@")[2]


def why_unreachable(url: str, error: BaseException) -> str:
    """Word why a call of `url` never left: without the client's own text, which has addresses."""
    proxy, kind = proxy_for(url), type(error).__name__
    if proxy is None:
        return kind
    # aiohttp's error of a proxy has the status, httpx's begins with it.
    status = str(getattr(error, "status", None) or error)[:3]
    if not status.isdecimal():
        return f"{kind} through the proxy {host_of(proxy)}"
    if int(status) == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"the proxy {host_of(proxy)} answered 407: check the user and password in its address"
    return f"the proxy {host_of(proxy)} answered {status}"


def passwords() -> Iterator[str]:
    """Give the passwords of all proxies, as they are written and as they are meant."""
    for kind in VARIABLES:
        for name in (kind, kind.upper()):
            user, _, _ = os.environ.get(name, "").rpartition("@")
            if password := (user.partition("://")[2] or user).partition(":")[2]:
                yield from (password, unquote(password))


def is_loopback(host: str) -> bool:
    """True if a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _variable(kind: str) -> tuple[str, str]:
    """Read a variable: the name under which it is set, and its value, empty if it is not."""
    name = kind if kind in os.environ else kind.upper()
    return name, os.environ.get(name, "").strip()


def _usable(name: str, address: str) -> str:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        # HTTP clients silently drop a path, so an address with one was not meant as a proxy.
        whole = parts.path in ("", "/") and not parts.query
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and whole:
            return f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        pass
    raise UnusableProxy(
        f"{name} is not the address of an http:// or https:// proxy. "
        "Set it to one, such as http://proxy.example.com:3128; SOCKS is not supported."
    )


def _covers(entry: str, host: str, port: int) -> bool:
    """True if an entry of NO_PROXY means a host and port."""
    name, _, wanted = entry.rpartition(":")
    if not name or (":" in name and not name.endswith("]")):
        # No port at all, or the colons are those of an IPv6 address.
        name, wanted = entry, ""
    if wanted and wanted != str(port):
        return False
    name = name.strip("[]").lower()
    if name == "*":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return f".{host}".endswith(f".{name.lstrip('*').strip('.')}")
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return False
