"""`pagebridge play` with a storm that passes while a test waits for it, and processes that import the bridge once."""

import sys

if __name__ == "__main__":  # those that it forks read this file as well, and need nothing of this
    from pagebridge.cli import main
    from pagebridge_sandbox.demo import processes
    from pagebridge_sandbox.play import happenings
    from tests import forked_process

    happenings.STORM = 20
    processes.start_module = forked_process.ForkedProcess  # type: ignore[assignment]
    forked_process.prepare()
    sys.exit(main(["play", *sys.argv[1:]]))
