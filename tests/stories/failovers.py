"""Notes that are typed all the while the primary of Redis is lost, and what became of each of them."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable

from pagebridge_sandbox.slack import Person
from shared.errors import StoreDown
from shared.store.redis import connect
from tests.cluster_servers import ClusterServers
from tests.stories.harness import Bridge
from tests.topologies import WatchedServers

EVERY = 0.25
"""Seconds between two notes."""
NOTE = re.compile(r"note-\d+-of-alice")
BACK = 5.0
"""Seconds in which the bridge works again."""
Servers = WatchedServers | ClusterServers


class Notes:
    """Alice's notes, on so many incidents in turn; each is taken within Slack's three seconds, or said to be not."""

    def __init__(self, bridge: Bridge, incidents: int) -> None:
        self._bridge = bridge
        self._incidents = incidents
        self._failed: set[str] = set()
        self.typed = 0

    async def type(self, enough: Callable[[int], bool]) -> None:
        """Type notes, whether or not the last one is taken yet, until so many are enough."""
        alice = self._bridge.slack.person(self._bridge.acme.people["Alice"])
        async with asyncio.TaskGroup() as group:
            while not enough(self.typed):
                group.create_task(self._type_one(alice, self.typed))
                self.typed += 1
                await asyncio.sleep(EVERY)

    async def _type_one(self, alice: Person, number: int) -> None:
        """Type a note. Slack itself says that it failed while no worker is connected, or none acks in time."""
        line = f"/pd note {number % self._incidents + 1} {_text(number)}"
        if (await alice.type_command(line, self._bridge.channel.id)).failure:
            self._failed.add(_text(number))

    def open(self) -> list[str]:
        """List those that are not done, and of which nothing was said."""
        known = self.done().keys() | self._told().keys() | self._failed
        return [text for text in map(_text, range(self.typed)) if text not in known]

    def done(self) -> Counter[str]:
        """Count how often each was sent to PagerDuty and took effect."""
        calls = self._bridge.pagerduty.calls_to("POST", "/incidents/*/notes")
        return Counter(text for call in calls if call.took_effect for text in NOTE.findall(str(call.body)))

    def doubled(self) -> list[str]:
        """List those that were sent more than once."""
        return [text for text, count in self.done().items() if count > 1]

    def lost(self) -> list[str]:
        """List those that are not done, and of which it was not said that nothing was sent."""
        done, told = self.done(), self._told()

        def is_told(text: str) -> bool:
            messages = told.get(text)
            return any(map(_says_it_was_not_sent, messages)) if messages else text in self._failed

        return [text for text in map(_text, range(self.typed)) if text not in done and not is_told(text)]

    def told(self, text: str) -> list[str]:
        """List what Alice was told about a note."""
        return self._told().get(text, [])

    def _told(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for message in self._bridge.private("Alice"):
            for text in set(NOTE.findall(message)):
                found.setdefault(text, []).append(message)
        return found


def _says_it_was_not_sent(message: str) -> bool:
    """Whether a note was not accepted: Redis did not take it, or its incident was not found in time."""
    return "could not be saved" in message or "Nothing was sent" in message


def _text(number: int) -> str:
    return f"note-{number:03d}-of-alice"


async def until_writes_are_taken(servers: Servers) -> float:
    """Return the seconds after which writes are taken again, and are at a replica."""
    began, redis = time.monotonic(), connect(servers.url)
    redis.waits_for_replica = True
    try:
        while time.monotonic() - began < 2 * BACK:
            try:
                await redis.execute_command("SET", "pb:{work}:tried", "v", copied=True)
            except StoreDown:
                await asyncio.sleep(0.05)
            else:
                break
    finally:
        await redis.aclose()
    return time.monotonic() - began
