"""
What must be true after a storm has passed, whatever its size.

`python -m tests.proof.check_storm 500 20` plays one with 500 incidents in 20 channels, and prints its figures.
"""

import json
import sys
from collections import defaultdict
from dataclasses import asdict
from itertools import pairwise

from tests.proof.rate_limited_slack import Message
from tests.proof.storm_simulation import EVENTS, MINUTE, Storm, Weather, storm

LATE = 30.0
"""Seconds after which people are told that cards are late."""
SPARE = 1.2
"""How many calls there may be for each that has to be, once there are incidents enough for news to be put together."""
MANY = 400
"""Incidents that are enough for that."""
GRACE = 10.0
"""Seconds that anything may take longer than the calls before it do."""


def complaints(passed: Storm) -> list[str]:
    """List what is wrong with it; nothing, if all went well."""
    return [
        *_lost_or_doubled(passed),
        *_too_many_calls(passed),
        *_too_slow(passed),
        *(words for n in range(passed.figures.channels) for words in _badly_told(passed, f"C0STORM{n}")),
    ]


def _lost_or_doubled(passed: Storm) -> list[str]:
    messages = passed.channels.by_key()
    cards = {key: shown for key, shown in messages.items() if key.startswith("card:")}
    lines = defaultdict(list)
    for key, shown in messages.items():
        if key.startswith("line:"):
            lines[key.split(":")[1]].append(len(shown))
    found = [f"{key} is there {len(shown)} times" for key, shown in cards.items() if len(shown) != 1]
    found += [f"{key} says {card.text}" for key, [card, *_] in cards.items() if "Resolved by Bob" not in card.text]
    found += [f"the thread of {incident}: {each}" for incident, each in lines.items() if each != [1] * (EVENTS - 1)]
    if not passed.figures.incidents == len(cards) == len(lines):
        found.append(f"{len(cards)} cards and {len(lines)} threads")
    return found


def _too_many_calls(passed: Storm) -> list[str]:
    figures = passed.figures
    found = []
    if figures.refused:
        found.append(f"Slack had to refuse {figures.refused} calls")
    if figures.posts != figures.fewest + figures.notices:
        found.append(f"{figures.posts} posts")
    if figures.updates > (EVENTS - 1) * figures.incidents:
        found.append(f"{figures.updates} updates of cards")
    if figures.incidents >= MANY and figures.posts + figures.updates > SPARE * figures.fewest:
        found.append(f"{figures.posts + figures.updates} calls")
    if figures.passes > 8 * (figures.posts + figures.updates) + figures.incidents * EVENTS:
        found.append(f"{figures.passes} looks at incidents")
    return found


def _too_slow(passed: Storm) -> list[str]:
    figures = passed.figures
    high, low = max(passed.waited("high")), max(passed.waited("low"), default=MINUTE)
    found = []
    if figures.seconds > 1.1 * max(MINUTE, figures.forced) + GRACE:
        found.append(f"it took {figures.seconds:.0f} s, where Slack forces {figures.forced:.0f} s")
    if figures.cards > max(MINUTE, figures.soonest) + GRACE:
        found.append(f"the last card came after {figures.cards:.0f} s, where Slack forces {figures.soonest:.0f} s")
    if high > figures.soonest / 2 + GRACE:
        found.append(f"a card of high urgency took {high:.0f} s")
    if high > low + GRACE:
        found.append(f"cards of low urgency were no later than those of high: {low:.0f} s and {high:.0f} s")
    return found


def _badly_told(passed: Storm, channel: str) -> list[str]:
    """Look whether a channel was told that its cards are late when they were, and that they are not any more."""
    told = passed.notices(channel)
    began = [":hourglass:" in one.text for one in told]
    found = [f"{channel} was told the same twice" for one, other in pairwise(began) if one == other]
    if told and (not began[0] or began[-1]):
        found.append(f"the last that {channel} was told: {told[-1].text}")
    if _latest(passed, channel) > LATE + GRACE and not told:
        found.append(f"{channel} was not told that its cards are late")
    return found


def _latest(passed: Storm, channel: str) -> float:
    """Give the seconds that the slowest first card of a channel took."""
    cards: list[Message] = [one for (place, _), one in passed.channels.messages.items() if place == channel]
    opened = {f"card:Q{n}INCIDENT": at for n, at in passed.opened.items()}
    return max((one.at - opened[one.key] for one in cards if one.key in opened), default=0.0)


def main() -> int:
    """Play the storm that the command line asks for, and return 1 if anything is wrong with it."""
    passed = storm(Weather(*(int(word) for word in sys.argv[1:])))
    sys.stdout.write(json.dumps(asdict(passed.figures)) + "\n")
    wrong = complaints(passed)
    sys.stderr.write("".join(f"{words}\n" for words in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
