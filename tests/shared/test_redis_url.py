"""The addresses of Redis behind Sentinel and as a Cluster."""

import pytest

from shared.config.redis_url import ClusterUrl, SentinelUrl, check_redis_url


@pytest.mark.parametrize(
    ("url", "sentinels", "name", "server"),
    [
        ("redis+sentinel://a:1,b:2/pb", (("a", 1), ("b", 2)), "pb", "redis://@/0"),
        ("redis+sentinel://a/pb/3", (("a", 26379),), "pb", "redis://@/3"),
        ("rediss+sentinel://u:p%40@a,[::1]:5/pb", (("a", 26379), ("::1", 5)), "pb", "rediss://u:p%40@/0"),
        ("redis+sentinel://a/p?sentinel_password=x", (("a", 26379),), "p", "redis://@/0?sentinel_password=x"),
    ],
)
def test_what_an_address_says(url: str, sentinels: tuple[tuple[str, int], ...], name: str, server: str) -> None:
    """The user and password are those of the servers, a Sentinel listens on 26379, the database is 0."""
    check_redis_url(url)

    assert SentinelUrl(sentinels, name, server) == SentinelUrl.parse(url)


@pytest.mark.parametrize(
    ("url", "nodes", "shared", "first"),
    [
        ("redis+cluster://a:1,b", (("a", 1), ("b", 6379)), "redis://@/0", "redis://@a:1/0"),
        ("rediss+cluster://u:p%40@[::1]/2", (("::1", 6379),), "rediss://u:p%40@/2", "rediss://u:p%40@[::1]:6379/2"),
    ],
)
def test_what_an_address_of_a_cluster_says(
    url: str, nodes: tuple[tuple[str, int], ...], shared: str, first: str
) -> None:
    """The user and password are those of every node, which listens on 6379 unless the address says otherwise."""
    check_redis_url(url)

    found = ClusterUrl.parse(url)
    assert found
    assert (nodes, shared, first) == (found.nodes, found.of_node(), found.of_node(nodes[0]))


def test_other_addresses_name_neither() -> None:
    """One server at a fixed address is not asked for its place."""
    for url in ("redis://a", "rediss://a:1/2", "unix:///run/valkey.sock"):
        check_redis_url(url)
        assert (None, None) == (SentinelUrl.parse(url), ClusterUrl.parse(url))
