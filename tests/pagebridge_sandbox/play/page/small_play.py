"""`pagebridge play` with a storm that passes while a test waits for it."""

import sys

from pagebridge.cli import main
from pagebridge_sandbox.play import happenings

if __name__ == "__main__":
    happenings.STORM = 20
    sys.exit(main(["play", *sys.argv[1:]]))
