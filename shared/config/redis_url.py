"""The addresses of Redis that `REDIS_URL` takes: one server, or the Sentinels that know where the primary is."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

SENTINEL_PORT = 26379
"""Where a Sentinel listens unless the address says otherwise."""
SENTINEL = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
"""The schemes of addresses of Sentinels, with that of the servers they watch: TLS for both or for neither."""
CLUSTER = {"redis+cluster", "rediss+cluster"}
SENTINEL_FORM = "must be like redis+sentinel://host:26379,host:26379/name, with the name under which they watch Redis"

Address = tuple[str, int]


@dataclass(frozen=True)
class SentinelUrl:
    """`redis+sentinel://user:password@host:port,host:port/name`: the Sentinels, and the name of what they watch."""

    sentinels: tuple[Address, ...]
    name: str
    server: str
    """The part of a server's address that redis-py reads: all but its host, which the Sentinels know."""

    @classmethod
    def parse(cls, url: str) -> "SentinelUrl | None":
        """Read an address of Sentinels; None for any other. Raises `ValueError` in words that show no value."""
        parts = split_redis_url(url)
        if parts.scheme not in SENTINEL:
            return None
        user, at, hosts = parts.netloc.rpartition("@")
        name, _, database = unquote(parts.path).strip("/").partition("/")
        try:
            sentinels = tuple(_address(host) for host in hosts.split(","))
        except ValueError:
            raise ValueError(SENTINEL_FORM) from None
        if not name or not (database or "0").isdecimal():
            raise ValueError(SENTINEL_FORM)
        server = SplitResult(SENTINEL[parts.scheme], f"{user}{at or '@'}", f"/{database or 0}", parts.query, "")
        return cls(sentinels, name, server.geturl())


def split_redis_url(url: str) -> SplitResult:
    """
    Split an address as `urlsplit` does, also one that lists hosts.

    Some releases of Python 3.11 and later refuse an IPv6 address that is not the first of a list. Raises `ValueError`.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in SENTINEL.keys() | CLUSTER:
        return urlsplit(url)
    hosts = re.split("[/?#]", rest, maxsplit=1)[0]
    return urlsplit(f"{scheme}://{rest.removeprefix(hosts)}")._replace(netloc=hosts)


def _address(host: str) -> Address:
    parts = urlsplit(f"//{host}")
    if not parts.hostname or parts.port == 0:
        raise ValueError(host)
    return parts.hostname, parts.port or SENTINEL_PORT


def check_redis_url(url: str) -> None:
    """Raise `ValueError`, in words that show no value, for an address that no client can be made for."""
    parts = split_redis_url(url)
    if parts.scheme in CLUSTER:
        raise ValueError(
            "names a Redis Cluster, which pagebridge does not work with: use one Redis or Valkey (redis://), or one "
            "with replicas behind Sentinel (redis+sentinel://)"
        )
    if SentinelUrl.parse(url) or (parts.scheme == "unix" and parts.path.startswith("/")):
        return
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.port == 0:
        raise ValueError("must start with redis://, rediss://, redis+sentinel://, rediss+sentinel:// or unix:///")
