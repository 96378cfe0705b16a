"""
The worker of `pagebridge play`: as any other, but at a pace that people can watch.

A storm passes ten times as fast as Slack allows, and what a lost webhook would have told is found within half a minute.
It is alone: when it ends, there is no other worker to leave Slack's connections to.
"""

import sys
from dataclasses import replace

from bolt_app.__main__ import main
from shared.durations import Durations

PLAY = replace(
    Durations(),
    pace=0.1,
    resync=8.0,
    webhook_grace=10.0,
    watchdog_interval=20.0,
    channel_retry=10.0,
    block=0.5,
    socket_handover=0.0,
)

if __name__ == "__main__":
    sys.exit(main(PLAY))
