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
    retry_most=0.5,
    life=15.0,
    life_of_text=15.0,
    quiet=0.5,
    honest=1.5,
    store=0.8,
    direct=1.5,
    drain=3.0,
    pace=0.02,
    socket_stagger=0.05,
    socket_grace=0.5,
    socket_lost=6.0,
)

if __name__ == "__main__":
    sys.exit(main(DURATIONS))
