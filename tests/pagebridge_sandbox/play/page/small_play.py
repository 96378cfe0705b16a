"""
`pagebridge play` on a small scale, for tests that share it.

A storm passes while a test waits for it, the page shows the latest of what the tests before did and not all, and
processes and `pagebridge why` are forked from one that has imported the bridge.
"""

import sys

if __name__ == "__main__":  # those that it forks read this file as well, and need nothing of this
    from pagebridge.cli import main
    from pagebridge_sandbox.demo import processes
    from pagebridge_sandbox.play import happenings, hops, pagerduty_state, slack_state, why
    from tests import forked_process

    happenings.STORM = 20
    slack_state.MOST_MESSAGES = 12
    pagerduty_state.MOST_INCIDENTS = pagerduty_state.MOST_DELIVERIES = 25
    hops.MOST_HOPS, hops.MOST_READS = 60, 20
    processes.start_module = forked_process.ForkedProcess  # type: ignore[assignment]
    why.run_command = forked_process.run_pagebridge
    forked_process.prepare()
    sys.exit(main(["play", *sys.argv[1:]]))
