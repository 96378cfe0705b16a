"""`python -m pagebridge` is the command `pagebridge`."""

import sys

from shared.importing import importing

with importing():
    from pagebridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
