"""
What must be true of a storm whose incidents of low urgency share a digest card.

`python -m tests.proof.check_digest 500 1` plays one with 500 incidents in one channel, and prints its figures.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from math import ceil

from shared.model.digest import FRESH_CARDS
from shared.slack.api.rate_limits import TIER_3
from tests.proof.check_storm import GRACE, MANY
from tests.proof.rate_limited_slack import Message
from tests.proof.storm_simulation import MINUTE, Storm, Weather, storm, urgency_of

STALE = 30.0
"""Seconds for which no card may show what is not true any more, only because there are few updates in a minute."""
SPARE = 1.1
"""How many calls there may be for each that has to be, once there are `MANY` incidents."""
ABOVE, OPEN_ONES = 10, 10


@dataclass(frozen=True)
class DigestFigures:
    """
    What the storm took: calls and the fewest possible, and for how many seconds a digest or a card was not up to date.

    The fewest are a card and its lines for each incident that has one, an update if anything came after it, and of
    each digest its card and as many updates as it takes to be up to date after half a minute. `forced` is how long
    Slack's limit of updates makes all of these take.
    """

    incidents: int
    channels: int
    own_cards: int
    calls: int
    fewest: int
    refused: int
    stale_digest: float
    stale_card: float
    forced: float


def figures(passed: Storm, weather: Weather) -> DigestFigures:
    """Count them."""
    digests, taken = _digests(passed), passed.figures
    cards = {n: card for n in passed.changed if (card := _card(passed, n))}
    lines = sum(message.key.startswith("line:") for message in passed.channels.messages.values())
    edits = sum(passed.changed[n][-1] > card.at for n, card in cards.items())
    fewest = len(cards) + lines + edits + len(digests) * (2 + ceil(MINUTE / STALE))
    return DigestFigures(
        weather.incidents,
        weather.channels,
        len(cards),
        taken.posts - taken.notices + taken.updates,
        fewest,
        taken.refused,
        max(_stale_in_digest(passed, weather), default=0.0),
        max(chain.from_iterable(_stale(card, passed.changed[n]) for n, card in cards.items())),
        max(0.0, (taken.updates - TIER_3.burst) * MINUTE / TIER_3.per_minute),
    )


def complaints(passed: Storm, weather: Weather) -> list[str]:
    """List what is wrong with it; nothing, if all went well."""
    found = figures(passed, weather)
    wrong = list(chain.from_iterable(_wrong(passed, weather, n) for n in passed.changed))
    wrong += [f"the digest says {one.text}" for one in _digests(passed) if "The storm is over" not in one.text]
    if found.refused:
        wrong.append(f"Slack had to refuse {found.refused} calls")
    stormy = {n % weather.channels for n in passed.changed if _is_digested(passed, n)}
    if len(_digests(passed)) != len(stormy):
        wrong.append(f"{len(_digests(passed))} digests")
    if weather.incidents >= MANY and found.calls > SPARE * found.fewest:
        wrong.append(f"{found.calls} calls, where {found.fewest} tell everything")
    # With many channels the cards of all of them wait for their turn to be updated.
    told_late = _told_late(passed) if weather.channels == 1 else ()
    wrong += [f"{channel} was told only at {at:.0f} s that its cards are not late" for channel, at in told_late]
    if found.stale_digest > STALE:
        wrong.append(f"a digest was out of date for {found.stale_digest:.0f} s")
    # Each card of its own takes an update, and more of them than Slack allows have to wait for their turns.
    if found.stale_card > max(STALE, found.forced + GRACE):
        wrong.append(
            f"a card was out of date for {found.stale_card:.0f} s, where all updates take {found.forced:.0f} s"
        )
    return wrong


def _wrong(passed: Storm, weather: Weather, n: int) -> Iterator[str]:
    """Look at one incident: it has a card unless the digest counted it, and none that it should not have."""
    cards = passed.channels.by_key().get(f"card:Q{n}INCIDENT", [])
    if len(cards) > 1:
        yield f"incident {n} has {len(cards)} cards"
    if not cards and (urgency_of(n) == "high" or weather.stays_open(n) or n < ABOVE):
        yield f"incident {n} has no card"
    if cards and urgency_of(n) == "low" and n >= min(ABOVE * weather.channels, FRESH_CARDS) + weather.channels:
        if not weather.stays_open(n):
            yield f"incident {n} has a card of its own"
        if cards[0].at < MINUTE:
            yield f"the card of incident {n} did not wait for the end of the storm"
    ends = "Triggered" if weather.stays_open(n) else "Resolved by Bob"
    if cards and ends not in cards[0].text:
        yield f"the card of incident {n} says {cards[0].text}"
    told = [message for message in passed.channels.messages.values() if message.key.startswith(f"line:Q{n}INCIDENT")]
    lost = urgency_of(n) == "high" and len(told) != len(passed.changed[n]) - 1
    if lost or len({message.key for message in told}) < len(told):
        yield f"the thread of incident {n} has {len(told)} lines"


def _told_late(passed: Storm) -> Iterator[tuple[str, float]]:
    """Find where people read for long that cards are late while none came, because all were there."""
    messages = passed.channels.messages.items()
    for channel in {channel for channel, _ in passed.channels.messages}:
        cards = [one for (place, _), one in messages if place == channel and one.key.startswith("card:")]
        written = [at for card in cards for at in (card.at, *card.edited)]
        for late, over in [*pairwise(one.at for one in passed.notices(channel))][::2]:
            between = sorted([late, over, *(at for at in written if late < at < over)])
            if any(following - at > GRACE for at, following in pairwise(between)):
                yield channel, over


def _digests(passed: Storm) -> list[Message]:
    return [message for message in passed.channels.messages.values() if message.key.startswith("digest:")]


def _card(passed: Storm, n: int) -> Message | None:
    return next(iter(passed.channels.by_key().get(f"card:Q{n}INCIDENT", [])), None)


def _is_digested(passed: Storm, n: int) -> bool:
    card = _card(passed, n)
    return urgency_of(n) == "low" and (card is None or card.at > MINUTE * 2)


def _stale(card: Message, changes: list[float]) -> Iterator[float]:
    """Give for each change after the card was there how many seconds it took until that was written again."""
    for at in changes:
        if at > card.at:
            yield min((edit for edit in card.edited if edit >= at), default=at) - at
    yield 0.0


def _stale_in_digest(passed: Storm, weather: Weather) -> Iterator[float]:
    """Give for how many seconds at a time the digest of a channel did not say how its incidents stood."""
    for (channel, _), digest in passed.channels.messages.items():
        if digest.key.startswith("digest:"):
            inside = [
                n for n in passed.changed if _is_digested(passed, n) and f"C0STORM{n % weather.channels}" == channel
            ]
            yield from _wrong_for([passed.changed[n] for n in inside], [digest.at, *digest.edited])


def _wrong_for(incidents: list[list[float]], written: list[float]) -> Iterator[float]:
    """Give each time for which a card that is written at some times did not say what had become of incidents."""
    known, since = _states(incidents, 0.0), None
    for at in sorted([*chain.from_iterable(incidents), *written]):
        now = _states(incidents, at)
        known = now if at in written else known
        if now == known and since is not None:
            yield at - since
        since = None if now == known else since or at


def _states(incidents: list[list[float]], at: float) -> list[int]:
    """Return how incidents stand: not there, triggered, acknowledged, or resolved; an acknowledgement times out."""
    return [(0, 1, 2, 1, 3)[sum(change <= at for change in changes)] for changes in incidents]


def main() -> int:
    """Play the storm that the command line asks for, and return 1 if anything is wrong with it."""
    incidents, channels, workers = (int(word) for word in [*sys.argv[1:], "1"][:3])
    weather = Weather(incidents, channels, workers, above=ABOVE, open_ones=OPEN_ONES)
    passed = storm(weather)
    sys.stdout.write(json.dumps(figures(passed, weather).__dict__) + "\n")
    wrong = complaints(passed, weather)
    sys.stderr.write("".join(f"{words}\n" for words in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
