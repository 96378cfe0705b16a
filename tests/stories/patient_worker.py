"""A worker that waits long enough for PagerDuty to be killed while it waits; `python -m` starts one."""

import sys
from dataclasses import replace

from bolt_app.__main__ import main
from tests.stories.harness import FAST
from tests.stories.processes import SOCKET_LOST

PATIENT = replace(FAST, pagerduty_timeout=2.0, call_max=2.4, lease=3.0, socket_lost=SOCKET_LOST)

if __name__ == "__main__":
    sys.exit(main(PATIENT))
