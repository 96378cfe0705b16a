"""The addresses on which a server listens: one, both families, or several, on one port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from socket import AF_INET6, create_server

import aiohttp
import pytest
from aiohttp import web

from shared.http.hosts import from_here
from shared.http.server import ClientLimits, serving, serving_in_public


def has_ipv6() -> bool:
    """Whether this machine has the loopback address of IPv6."""
    with suppress(OSError), create_server(("::1", 0), family=AF_INET6):
        return True
    return False


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that calls nothing through a proxy."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        yield session


@pytest.mark.parametrize("public", [True, False], ids=["in public", "for operators"])
@pytest.mark.parametrize(
    ("hosts", "answer", "silent"),
    [
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.2"]),
        ("127.0.0.1, 127.0.0.2", ["127.0.0.1", "127.0.0.2"], ["127.0.0.3"]),
        pytest.param("::", ["127.0.0.1", "[::1]"], [], marks=IPV6),
        pytest.param("::1,127.0.0.1", ["127.0.0.1", "[::1]"], ["127.0.0.2"], marks=IPV6),
    ],
)
async def test_a_server_answers_on_its_addresses(
    http: aiohttp.ClientSession, hosts: str, answer: list[str], silent: list[str], *, public: bool
) -> None:
    """All of them have one port, and no other address answers; `::` is IPv4 as well."""
    app = web.Application()
    async with AsyncExitStack() as stack:
        server = serving_in_public(app, hosts, 0, ClientLimits()) if public else serving(app, 0, hosts)
        port = await stack.enter_async_context(server)
        for host in answer:
            async with http.get(f"http://{host}:{port}/") as found:
                assert 404 == found.status
        for host in silent:
            with pytest.raises(aiohttp.ClientConnectorError):
                await http.get(f"http://{host}:{port}/")


@pytest.mark.parametrize(
    ("hosts", "called"),
    [("::", "127.0.0.1"), ("10.0.0.7, 0.0.0.0", "127.0.0.1"), ("fd00::7", "[fd00::7]"), ("10.0.0.7,::1", "10.0.0.7")],
)
def test_this_machine_calls_the_nearest_address(hosts: str, called: str) -> None:
    """The loopback address where every one is listened on, else the first one, in brackets where a URL wants them."""
    assert called == from_here(hosts)
