"""A worker whose durations let a run of chaos recover in seconds; `python -m` starts one."""

import sys

from bolt_app.__main__ import main
from shared.durations import Durations

TIMEOUT = 1.5
"""Seconds that one call to Slack or PagerDuty may take."""

DURATIONS = Durations(
    pagerduty_timeout=TIMEOUT,
    slack_timeout=TIMEOUT,
    call_max=2.5,
    lease=3.5,
    claim_idle=1.5,
    block=0.2,
    poll=0.05,
    retry_first=0.05,
    retry_max=0.5,
    command_lifetime=15.0,
    text_lifetime=15.0,
    ack_silence=0.5,
    not_yet_after=1.5,
    store_timeout=0.8,
    direct_timeout=1.5,
    drain=3.0,
    pace=0.02,
    socket_stagger=0.05,
    socket_lease=1.5,
    socket_handover=0.5,
    socket_grace=0.5,
    socket_lost=6.0,
)

if __name__ == "__main__":
    sys.exit(main(DURATIONS))
