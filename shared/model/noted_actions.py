"""The actions that only the bridge notes: PagerDuty is sent nothing."""

from shared.model import event_types
from shared.model.action_spec import ActionSpec, ActionWording, AttemptWording, Placement
from shared.model.event_types import Status

STILL_ON_IT = ActionSpec(
    "Still on it",
    event_types.CONFIRMED,
    "",
    ActionWording(
        noun="“Still on it” for {it}",
        done="You confirmed “Still on it” for {it}",
        declined="You can't say that you are still on {it}",
        undone="Your “Still on it” for {it} was NOT recorded",
        waiting="Your “Still on it” for {it} is NOT recorded yet",
        meanwhile="the question in the thread is still open",
        already="You already confirmed “Still on it” for {it}",
    ),
    AttemptWording(doing="saying that it is still worked on", noun="“Still on it”"),
    works_in=frozenset({Status.ACKNOWLEDGED}),
    placement=Placement.NONE,
    idempotent=True,
    one_press=True,
)
OPEN_CHANNEL = ActionSpec(
    "Open a channel",
    event_types.CHANNEL_ASKED,
    "",
    ActionWording(
        noun="request for a channel for {it}",
        done="You asked for a channel for {it}",
        declined="You can't ask for a channel for {it}",
        undone="Your request for a channel for {it} was NOT recorded",
        waiting="Your request for a channel for {it} is NOT recorded yet",
        meanwhile="no channel is opened",
        already="A channel for {it} was already asked for",
    ),
    AttemptWording(doing="asking for a channel", noun="request for a channel", meaning="no channel is opened"),
    placement=Placement.NONE,
    idempotent=True,
    one_press=True,
)
