"""
`pagebridge play` on a small scale, for tests that share it.

A storm passes while a test waits for it, webhooks are less late, and play and worker wait for less. The page shows the
latest of what the tests before did and not all: each more takes the browser time at every change. Processes and
`pagebridge why` are forked from one that has imported the bridge.
"""

import sys

if __name__ == "__main__":  # those that it forks read this file as well, and need nothing of this
    from shared.importing import importing
    from tests import forked_process

    forked_process.prepare()  # it imports the bridge meanwhile
    with importing():
        from pagebridge_sandbox.demo import processes
        from pagebridge_sandbox.play import (
            game,
            happenings,
            hops,
            pagerduty_state,
            playground,
            runner,
            slack_state,
            why,
        )

    game.WARM_UP = 1.0
    happenings.STORM, happenings.LATE = 12, 2.0
    slack_state.MOST_MESSAGES = 4
    pagerduty_state.MOST_INCIDENTS = pagerduty_state.MOST_DELIVERIES = 8
    hops.MOST_HOPS, hops.MOST_READS = 40, 10
    playground.WORKER = "tests.pagebridge_sandbox.page.small_worker"
    processes.start_module = forked_process.ForkedProcess  # type: ignore[assignment]
    why.run_command = forked_process.run_pagebridge
    sys.exit(runner.main(port=0, browser=False))
