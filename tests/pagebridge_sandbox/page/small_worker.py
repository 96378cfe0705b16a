"""The worker of the small play: it says sooner that something has not happened, and tries again sooner."""

import sys
from dataclasses import replace

from bolt_app.__main__ import main
from pagebridge.local.play_worker import PLAY

SMALL = replace(PLAY, not_yet_after=2.5, retry_max=1.0, webhook_grace=4.0, enrichment_pause=0.05)

if __name__ == "__main__":
    sys.exit(main(SMALL))
