"""The addresses of Redis that `REDIS_URL` takes: one server, or those who know where the primary is."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

SENTINEL_PORT = 26379
"""Where a Sentinel listens unless the address says otherwise."""
NODE_PORT = 6379
"""The same of a node of a Redis Cluster."""
SENTINEL = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
"""The schemes of addresses of Sentinels, with that of the servers they watch: TLS for both or for neither."""
CLUSTER = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
"""The schemes of addresses of Redis Clusters, with that of each node."""
SENTINEL_FORM = "must be like redis+sentinel://host:26379,host:26379/name, with the name under which they watch Redis"
CLUSTER_FORM = "must be like redis+cluster://host:6379,host:6379, with some nodes of the cluster"

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
        name, _, database = unquote(parts.path).strip("/").partition("/")
        sentinels = _addresses(parts, SENTINEL_PORT)
        if not sentinels or not name or not (database or "0").isdecimal():
            raise ValueError(SENTINEL_FORM)
        return cls(sentinels, name, _of_server(parts, SENTINEL[parts.scheme], "", database))


@dataclass(frozen=True)
class ClusterUrl:
    """`redis+cluster://user:password@host:port,host:port`: some nodes of a Redis Cluster, which know the others."""

    nodes: tuple[Address, ...]
    _parts: SplitResult

    @classmethod
    def parse(cls, url: str) -> "ClusterUrl | None":
        """Read an address of a Redis Cluster; None for any other. Raises `ValueError` in words that show no value."""
        parts = split_redis_url(url)
        if parts.scheme not in CLUSTER:
            return None
        nodes = _addresses(parts, NODE_PORT)
        if not nodes or not (parts.path.strip("/") or "0").isdecimal():
            raise ValueError(CLUSTER_FORM)
        return cls(nodes, parts)

    def of_node(self, node: Address | None = None) -> str:
        """Return the address of one node, or the part of it that all nodes share."""
        host = f"[{node[0]}]:{node[1]}" if node and ":" in node[0] else "{}:{}".format(*node) if node else ""
        return _of_server(self._parts, CLUSTER[self._parts.scheme], host, self._parts.path.strip("/"))


def _of_server(parts: SplitResult, scheme: str, host: str, database: str) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    return SplitResult(scheme, f"{user}{at or '@'}{host}", f"/{database or 0}", parts.query, "").geturl()


def split_redis_url(url: str) -> SplitResult:
    """
    Split an address as `urlsplit` does, also one that lists hosts.

    Some releases of Python 3.11 and later refuse an IPv6 address that is not the first of a list. Raises `ValueError`.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in SENTINEL.keys() | CLUSTER.keys():
        return urlsplit(url)
    hosts = re.split("[/?#]", rest, maxsplit=1)[0]
    return urlsplit(f"{scheme}://{rest.removeprefix(hosts)}")._replace(netloc=hosts)


def _addresses(parts: SplitResult, port: int) -> tuple[Address, ...]:
    """Read the hosts of an address; none at all if one cannot be read."""
    try:
        hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        found = tuple((host.hostname or "", port if host.port is None else host.port) for host in hosts)
    except ValueError:
        return ()
    return found if all(name and number for name, number in found) else ()


def check_redis_url(url: str) -> None:
    """Raise `ValueError`, in words that show no value, for an address that no client can be made for."""
    parts = split_redis_url(url)
    if SentinelUrl.parse(url) or ClusterUrl.parse(url) or (parts.scheme == "unix" and parts.path.startswith("/")):
        return
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.port == 0:
        raise ValueError(
            "must start with redis://, rediss:// or unix:///, with redis+sentinel:// or redis+cluster://, "
            "or with rediss+sentinel:// or rediss+cluster://"
        )
