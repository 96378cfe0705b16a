"""A worker with the durations of the other stories; `python -m` starts one, with nothing that it does not need."""

import sys

from bolt_app.__main__ import main
from tests.stories.durations import QUICK

if __name__ == "__main__":
    sys.exit(main(QUICK))
