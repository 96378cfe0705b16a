"""What the nodes of a Redis Cluster say, and what follows from it."""

import re
from collections.abc import Mapping

import pytest
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, RedisError, ResponseError, TryAgainError
from redis.exceptions import ConnectionError as ConnectionBroken

from shared.config.redis_url import Address, ClusterUrl
from shared.store import keys
from shared.store.cluster import SLOT, Cluster, Nodes, read_nodes, redirected


def test_every_key_is_in_the_one_slot() -> None:
    """Whatever the table of keys names has the hash tag: a key without it would be at another node."""
    listed = re.findall(r"^\| `([^`]+)`", keys.__doc__, re.MULTILINE)

    assert len(listed) > 30
    assert [] == [key for key in listed if not key.startswith("pb:{work}:")]
    assert {SLOT} == {key_slot(key.encode()) for key in listed}


def test_what_a_node_says_of_the_slots() -> None:
    """The servers of our slot, its master first; a node without a name is where the one that answered is."""
    slots = [
        [0, 5460, [b"a", 1, b"id"], [b"b", 2, b"id"]],
        [5461, 10922, [None, 3, b"id", [b"hostname", b"x"]], [b"d", 4, b"id"]],
        [10923, 10923, [b"a", 1, b"id"]],
    ]

    assert Nodes((("asked", 3), ("d", 4)), (("a", 1), ("b", 2)), 2) == read_nodes(slots, ("asked", 9))
    assert Nodes((), (("a", 1), ("b", 2)), 1) == read_nodes(slots[::2], ("asked", 9))


A, B, C = ("a", 1), ("b", 1), ("c", 1)


class Told(Cluster):
    """A cluster of which each node that can be reached names one as the master of our slot."""

    def __init__(self, named: Mapping[Address, Address | None]) -> None:
        url = ClusterUrl.parse("redis+cluster://a:1,b:1,c:1")
        assert url
        super().__init__(url, {})
        self._named = named

    async def _ask(self, node: Address) -> object:
        if node not in self._named:
            raise ConnectionBroken("no answer")
        master = self._named[node]
        return [[SLOT, SLOT, [master[0].encode(), master[1]]]] if master else []


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({A: C, B: C, C: C}, C),
        ({A: B, B: C, C: C}, C),
        ({A: B, C: C}, C),
        ({B: B}, B),
        ({A: C, B: C}, C),
        ({A: None, B: B}, B),
    ],
    ids=["all know", "one is late to know", "the old one is gone", "one is left", "it is slow", "one knows nothing"],
)
async def test_the_master_is_who_says_so_itself(named: Mapping[Address, Address | None], found: Address) -> None:
    """The first that is named and confirms it; if none does, whoever is named."""
    assert found == await Told(named).primary()


@pytest.mark.parametrize("named", [{}, {A: None}])
async def test_if_none_is_named_all_are_that_were_asked(named: Mapping[Address, Address | None]) -> None:
    """The error names each node."""
    with pytest.raises(ConnectionBroken, match="a:1, b:1, c:1"):
        await Told(named).primary()


@pytest.mark.parametrize("reply", [AskError("6132 a:1"), MovedError("6132 a:1"), TryAgainError("x"), RedisError("x")])
async def test_only_what_was_surely_not_done_is_asked_for_again(reply: RedisError) -> None:
    """A redirection says that nothing was done; any other error may hide that something was."""
    replies: list[RedisError | int] = [reply, 1]

    async def attempt() -> int:
        if isinstance(given := replies.pop(0), int):
            return given
        raise given

    if isinstance(reply, ResponseError):
        assert 1 == await redirected(attempt)
    else:
        with pytest.raises(RedisError):
            await redirected(attempt)
        assert [1] == replies
