"""A worker that waits long enough for PagerDuty to be killed while it waits; `python -m` starts one."""

import sys

from bolt_app.__main__ import main
from tests.stories.durations import PATIENT

if __name__ == "__main__":
    sys.exit(main(PATIENT))
