"""How long the bridge of the stories waits for everything; nothing else is imported, because workers start with it."""

from dataclasses import replace

from shared.durations import Durations

FAST = Durations(
    pagerduty_timeout=1.0,
    slack_timeout=1.0,
    call_max=1.5,
    lease=2.5,
    claim_idle=1.0,
    block=0.2,
    poll=0.5,
    retry_first=0.05,
    retry_max=0.4,
    ack_silence=1.5,
    not_yet_after=2.0,
    store_timeout=0.8,
    direct_timeout=1.5,
    home_pause=0.3,
    channel_retry=0.3,
    changes_shown=2.0,
    enrichment_timeout=0.3,
    enrichment_pause=0.0,
    drain=3.0,
    pace=0.02,
    socket_stagger=0.05,
    socket_lease=1.2,
    socket_handover=0.02,
    socket_grace=0.5,
    socket_lost=20.0,
)

SOCKET_LOST = 3.0
"""Seconds without Slack after which a worker that is a process gives up."""
HANDING_OVER = replace(FAST, socket_handover=0.5)
"""Long enough for another worker to take over Slack's connections; one that is alone would only wait."""
QUICK = replace(HANDING_OVER, socket_lost=SOCKET_LOST)
PATIENT = replace(QUICK, pagerduty_timeout=4.0, slack_timeout=4.0, store_timeout=2.5, call_max=5.0, lease=5.0)
"""Long enough for a worker to be killed while it waits for PagerDuty, and for a burst on a busy machine."""
