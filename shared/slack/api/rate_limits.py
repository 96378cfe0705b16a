"""
Slack's rate limits, and the order in which calls share them.

Source of every number, where none other is named: Slack's page on rate limits (docs.slack.dev, "Rate limits"), and the
tier on each method's own page. The limits count per app and workspace, so all workers share what is left of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Priority(IntEnum):
    """
    The order in which calls of a method go when there is not capacity for all; each method has its own budgets.

    A call that has to wait queues by priority (`Caller`). Capacity is also reserved for high priorities, because queued
    calls return at their own times: each level may use a quarter less of every burst than the one above. However many
    lower calls there are, the last part of the burst stays for the higher ones, and is refilled before the lower ones
    get any.
    """

    NOTICE = -1
    """Words on why the others are late, and the one card of many incidents; like the next, and before it."""
    FIRST = 0
    """The first card of a high-urgency incident, its updates, and everything a person waits for."""
    HIGH = 1
    """The first card of any other incident."""
    MEDIUM = 2
    """A line or a direct message about an incident of high urgency, and the update of a card of any other."""
    LOW = 3
    """A line or a direct message about any other incident, and background reads."""


LEVELS = 4
"""Into how many parts a burst is divided."""


@dataclass(frozen=True)
class Rate:
    """So many calls in a minute in the long run, `burst` of them at once after a pause."""

    per_minute: int
    burst: int
    per_channel: bool = False


TIER_2 = Rate(per_minute=20, burst=8)
TIER_3 = Rate(per_minute=50, burst=10)
TIER_4 = Rate(per_minute=100, burst=20)
"""Tiers count a method's calls over all channels. Slack welcomes bursts and does not say how large: a fifth is ours."""
CHANNEL = Rate(per_minute=60, burst=4, per_channel=True)
"""One message a second to a channel. Slack allows "short bursts" and does not say how short."""
WORKSPACE = Rate(per_minute=300, burst=60)
"""All messages of an app: "several hundred" a minute, says the page of chat.postMessage; the fewest that can mean."""
RATES: Mapping[str, tuple[Rate, ...]] = MappingProxyType(
    {
        "apps.connections.open": (TIER_3,),
        "bookmarks.add": (TIER_2,),
        "bookmarks.list": (TIER_3,),
        "auth.test": (TIER_4,),  # a rule of its own, whose number is not published
        "bots.info": (TIER_3,),
        "canvases.access.set": (TIER_3,),
        "canvases.create": (TIER_2,),
        "chat.delete": (TIER_3,),
        "chat.getPermalink": (TIER_4,),  # likewise
        "chat.postEphemeral": (TIER_4,),
        "chat.postMessage": (CHANNEL, WORKSPACE),
        "chat.update": (TIER_3,),
        "conversations.archive": (TIER_2,),
        "conversations.create": (TIER_2,),
        "conversations.history": (TIER_3,),
        "conversations.info": (TIER_3,),
        "conversations.open": (TIER_3,),
        "conversations.invite": (TIER_3,),
        "conversations.replies": (TIER_3,),
        "conversations.setPurpose": (TIER_2,),
        "conversations.setTopic": (TIER_2,),
        "conversations.unarchive": (TIER_2,),
        "pins.add": (TIER_2,),
        "users.conversations": (TIER_3,),
        "usergroups.list": (TIER_2,),
        "usergroups.users.list": (TIER_2,),
        "usergroups.users.update": (TIER_2,),
        "users.info": (TIER_4,),
        "conversations.list": (TIER_2,),
        "users.list": (TIER_2,),
        "users.lookupByEmail": (TIER_3,),
        "views.open": (TIER_4,),
        "views.publish": (TIER_4,),
        "views.update": (TIER_4,),
    }
)
"""Every method that we call, with its narrowest rate first: that is the one which a 429 is held to be about."""
