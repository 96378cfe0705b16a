"""The actions that only the bridge notes: PagerDuty is sent nothing."""

from shared.model import event_types
from shared.model.action_spec import ActionSpec, ActionWording, AttemptWording, Placement
from shared.model.event_types import Status

STILL_ON_IT = ActionSpec(
    "Still on it",
    event_types.CONFIRMED,
    "",
    ActionWording(
        noun="word that you are still on {it}",
        done="It is noted that you are still on {it}",
        declined="You can't say that you are still on {it}",
        undone="It was NOT noted that you are still on {it}",
        waiting="It is NOT noted yet that you are still on {it}",
        meanwhile="the question in the thread is still open",
        already="It was already noted that you are still on {it}",
    ),
    AttemptWording(doing="saying that it is still worked on", noun="word that it is still worked on"),
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
        undone="A channel for {it} was NOT asked for",
        waiting="A channel for {it} is NOT asked for yet",
        meanwhile="no channel is opened",
        already="A channel for {it} was already asked for",
    ),
    AttemptWording(doing="asking for a channel", noun="request for a channel", meaning="no channel is opened"),
    placement=Placement.NONE,
    idempotent=True,
    one_press=True,
)
