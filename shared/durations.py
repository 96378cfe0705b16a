"""Every duration that decides about calls and ownership, in one place. All in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Durations:
    """
    Every duration, in seconds.

    `call_max` bounds an outside call from sending to its latest effect and its visibility in reads: time-out, late
    effect and lag. Before that much time has passed since an uncertain call, nothing is looked up, repeated or taken as
    shown, but for the first post of a card. A lease and a time-out together stay under 20 s, so that a worker that lost
    a lease cannot act for long.
    """

    pagerduty_timeout: float = 6.0
    slack_timeout: float = 6.0
    call_max: float = 12.0
    lease: float = 10.0
    claim_idle: float = 5.0
    """After this long an entry that a worker took and did not finish is taken over by another."""
    block: float = 2.0
    """How long one blocking read of a stream waits."""
    poll: float = 3.0
    """How often a work queue with nothing due is looked at for what others marked; one's own marks wake it at once."""
    retry_first: float = 0.5
    """The first pause before a call is tried again when the other side did not name one; doubles up to `retry_max`."""
    retry_max: float = 4.0
    command_lifetime: float = 60.0
    """After a click this old no acknowledge or resolve is begun any more: a late act is worse than none."""
    text_lifetime: float = 600.0
    """After this long no note or status update is begun any more; its text is given back."""
    ack_silence: float = 1.0
    """A command settled within this long is answered by the card alone."""
    not_yet_after: float = 5.0
    """After this long the clicker reads that the act has NOT happened yet."""
    store_timeout: float = 0.8
    """How long storing a click may take before it counts as not stored."""
    direct_timeout: float = 1.5
    """How long an acknowledge may take that goes straight to PagerDuty because Redis is down."""
    name_lookup: float = 2.0
    """How long a card may wait for the Slack accounts of the people on it; after that it shows their names alone."""
    resync: float = 300.0
    """How often everything open is compared with PagerDuty and with Slack."""
    webhook_grace: float = 60.0
    """How long a webhook may take before what it would have told is told without it."""
    resync_pause: float = 0.35
    """The pause between two calls of a resync: far from PagerDuty's limit, which people's clicks need more."""
    enrichment_timeout: float = 30.0
    """How long until what a card says besides the state is asked for again, if it could not be told."""
    enrichment_pause: float = 0.25
    """The pause between two enrichment calls of one worker; they have the lowest priority."""
    watchdog_interval: float = 60.0
    """How often the webhook subscription is looked at."""
    look: float = 12.0
    """How often it is looked whether Slack and PagerDuty let the bridge do its work: `/readyz` knows within 30 s."""
    home_pause: float = 5.0
    """How long a change that people may see on their Home tabs waits for others, before these are read again."""
    home_look: float = 300.0
    """How often a Home tab that a person may have before them is read at least: shifts change without an event."""
    channel_retry: float = 60.0
    """How long until a channel that could not be posted to is tried again."""
    digest_quiet: float = 180.0
    """How long no more incidents than usual must have come before a storm is over, and its digest."""
    digest_pace: float = 15.0
    """The time between two updates of a digest card: each is one of the 50 a minute that Slack takes in all."""
    changes_shown: float = 600.0
    """How long a card shows the old value of what has changed, where that is configured."""
    delay_notice_after: float = 30.0
    """How long a card may have to wait before its channel is told."""
    drain: float = 10.0
    """How long work in hand may go on after SIGTERM."""
    pace: float = 1.0
    """Seconds that count as one second of Slack's rate limits."""
    socket_stagger: float = 20.0
    """How far apart the two connections to Slack are begun: Slack ends each after about the same time."""
    socket_lease: float = 5.0
    """How long a worker that died keeps its right to connections to Slack; the next one has it soon after."""
    socket_handover: float = 3.0
    """How long a worker keeps connections that another one is to have: until that has noticed and is connected."""
    socket_grace: float = 2.0
    """How long the Slack socket may be down before a new ticket is forced."""
    socket_lost: float = 120.0
    """How long the Slack socket may be down before the worker gives up and lets its supervisor restart it."""

    def lands_by_ms(self, begun_ms: int, given_up_ms: int, timeout: float) -> int:
        """
        Return until when an uncertain call may take effect, in milliseconds since 1970.

        It leaves right after it was begun or, if the worker slept in between, by its time-out at the latest.
        """
        return max(begun_ms, given_up_ms - int(timeout * 1000)) + int(self.call_max * 1000)
