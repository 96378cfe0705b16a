"""The addresses of Redis behind Sentinel."""

import pytest

from shared.config.redis_url import SentinelUrl, check_redis_url


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


def test_other_addresses_name_no_sentinel() -> None:
    """One server at a fixed address is not asked for its place."""
    for url in ("redis://a", "rediss://a:1/2", "unix:///run/valkey.sock"):
        check_redis_url(url)
        assert SentinelUrl.parse(url) is None
