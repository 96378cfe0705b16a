"""People act while PagerDuty answers slowly, or not at all: how long each waits, with one worker and with two."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Ephemeral, Message
from tests.bench.environment import until
from tests.bench.measurement import Figure, Sizes
from tests.stories.harness import SECRET
from tests.stories.processes import Deployment, deployed

LIFE = 60.0
"""Seconds after its press in which an acknowledge is begun at all."""
QUERY = 12.0
"""Seconds after which somebody types a line again that had no answer."""
DETAILS_PAUSE = 1 / 1.5
BOUNDS: dict[float, tuple[float, float]] = {2.0: (60.0, 12.0), 0.1: (25.0, 1.0)}
"""By the seconds of an answer: within how many all of one press are to be acknowledged, and one beside the details."""


async def measured(directory: Path, sizes: Sizes) -> list[Figure]:
    """Acknowledge everything at once, and one beside a flood of details; then let PagerDuty hang."""
    found: list[Figure] = []
    for workers in sizes.workers:
        for delay in sizes.answers:
            async with _stage(directory / f"{workers}-{delay:g}", sizes.at_once, workers) as bridge:
                found += await _acknowledged(bridge, sizes, delay, workers)
    async with _stage(directory / "outage", sizes.clickers, 1) as bridge:
        found += await _outage(bridge, sizes.clickers)
    return found


@asynccontextmanager
async def _stage(directory: Path, incidents: int, workers: int) -> AsyncIterator[Deployment]:
    """Show so many incidents without regard to Slack's limits, then start the workers that are measured."""
    async with deployed(directory) as bridge:
        await bridge.receiver()
        bridge.pagerduty.subscribe(f"http://{HOST}:{bridge.receiver_port}/webhooks/pagerduty", secrets=[SECRET])
        hasty = await bridge.worker("tests.bench.unpaced_worker")
        for number in range(incidents):
            bridge.trigger(f"Slow {number:03}")
        await until(lambda: len(_cards(bridge)) == incidents, "every card")
        await bridge.pagerduty.webhooks.wait_until_idle(timeout=LIFE)
        hasty.send(signal.SIGTERM)
        await hasty.ended()
        for _ in range(workers):
            await bridge.worker()
        yield bridge


async def _acknowledged(bridge: Deployment, sizes: Sizes, delay: float, workers: int) -> list[Figure]:
    count = sizes.at_once
    section = f"PagerDuty takes {delay:g} s to answer, workers: {workers}"
    slow = bridge.pagerduty.add_fault(Fault(delay=delay))
    done, last = await _all_at_once(bridge, count)
    seconds = await _beside_details(bridge, sizes.flood)
    slow.remove()
    all_within, one_within = BOUNDS[delay]
    return [
        Figure(section, f"acknowledged of {count}, within a minute", done, "", count, "all"),
        Figure(section, "until the last of them", last, "s", all_within, "at most"),
        Figure(section, "one acknowledge beside another's details", seconds, "s", one_within, "at most"),
    ]


async def _beside_details(bridge: Deployment, flood_seconds: float) -> float:
    """Let Bob open the details of one incident after another, and Alice acknowledge one; return what that took."""
    last = bridge.trigger("Slow and beside them")
    await until(lambda: any(last.title in card.plain for card in _cards(bridge)), "its card")
    cards = _cards(bridge)
    card = next(card for card in cards if last.title in card.plain)
    async with asyncio.TaskGroup() as group:
        flood = group.create_task(_open_details(bridge, cards, group))
        await asyncio.sleep(flood_seconds)
        begun = time.monotonic()
        await bridge.click("Alice", "Acknowledge", card)
        await _while(lambda: bridge.pagerduty.incident(last.number).status == "triggered", LIFE)
        seconds = time.monotonic() - begun
        flood.cancel()
    return seconds


async def _open_details(bridge: Deployment, cards: list[Message], group: asyncio.TaskGroup) -> None:
    number = 0
    while True:
        group.create_task(bridge.click("Bob", "Details", cards[number % len(cards)]))
        number += 1
        await asyncio.sleep(DETAILS_PAUSE)


async def _all_at_once(bridge: Deployment, count: int) -> tuple[int, float]:
    """Let Alice acknowledge everything that is hers; return how many that did within a minute, and what it took."""
    alice, before = bridge.slack.person(bridge.acme.people["Alice"]), len(_acknowledgements(bridge))
    while (shown := _preview(alice.private_messages)) is None:
        await alice.type_command("/pd ack mine", bridge.channel.id)
        await _while(lambda: _preview(alice.private_messages) is None, QUERY)
    begun = time.monotonic()
    await alice.click(f"Acknowledge {count} incidents", shown)
    await _while(lambda: len(_acknowledgements(bridge)) < before + count, LIFE)
    done = _acknowledgements(bridge)[before:]
    return sum(sender == "alice@example.com" for sender in done), time.monotonic() - begun


def _preview(messages: list[Ephemeral]) -> Ephemeral | None:
    return next((one for one in messages if "waiting for your acknowledgement" in one.plain), None)


def _acknowledgements(bridge: Deployment) -> list[str | None]:
    """Return in whose name each acknowledge was made that has taken effect."""
    calls = bridge.pagerduty.calls
    return [call.from_email for call in calls if call.method == "PUT" and call.took_effect]


async def _outage(bridge: Deployment, clickers: int) -> list[Figure]:
    """Let so many people acknowledge an incident each while PagerDuty hangs; return when the last one is told."""
    team = bridge.pagerduty.incidents[0].teams[0]
    for number in range(clickers):
        person = bridge.slack.add_user(f"Clicker {number}", email=f"c{number}@example.com", id=f"U1CLICK{number}")
        bridge.channel.members.append(person.id)
        user = bridge.pagerduty.add_user(f"Clicker {number}", f"c{number}@example.com", role="limited_user")
        bridge.pagerduty.add_member(team, user.id, "responder")
    hung = bridge.pagerduty.add_fault(Fault(hang=True))
    people = [bridge.slack.person(f"U1CLICK{number}") for number in range(clickers)]
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for clicker, card in zip(people, _cards(bridge), strict=True):
            group.create_task(clicker.click("Acknowledge", card))
    heard: dict[str, float] = {}

    def silent() -> bool:
        for person in people:
            if person.private_messages:
                heard.setdefault(person.user.id, time.monotonic() - begun)
        return len(heard) < clickers

    await _while(silent, LIFE)
    hung.remove()
    section, last = "PagerDuty hangs", max(heard.values()) if len(heard) == clickers else LIFE
    return [Figure(section, f"until the last of {clickers} clickers is told", last, "s", 5.0, "at most")]


def _cards(bridge: Deployment) -> list[Message]:
    """Return the cards without the notices between them."""
    return [message for message in bridge.channel.messages if "Slow " in message.plain]


async def _while(condition: Callable[[], bool], seconds: float) -> None:
    """Wait while `condition` holds, at most so many seconds."""
    end = time.monotonic() + seconds
    while condition() and time.monotonic() < end:  # noqa: ASYNC110 -- the simulators have no event for it
        await asyncio.sleep(0.01)
