"""A worker that does not wait for Slack's rate limits, because it is the bridge that is measured, not Slack."""

import sys

from bolt_app.__main__ import main
from shared.durations import Durations

if __name__ == "__main__":
    sys.exit(main(Durations(pace=0.0)))
