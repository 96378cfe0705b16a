"""Edits `.env` one line at a time; all other lines stay, and only its owner may read it."""

import os
import re
from pathlib import Path

from dotenv import dotenv_values, set_key

ENV = Path(".env")
OWNER_ONLY = 0o600
_NEEDS_QUOTES = re.compile(r"[\s#'\"\\$`]")


def value(name: str, path: Path = ENV) -> str:
    """Read one setting from the file; empty when it is not there."""
    return dotenv_values(path, interpolate=False).get(name) or ""


def from_environment(name: str) -> str:
    """Read one setting from the environment, which wins over the file; empty when it is not there."""
    return os.environ.get(name, "")


def put(name: str, new: str, path: Path = ENV) -> None:
    """Set one setting in the file, which is made if it is not there. Raises `OSError`."""
    if path.exists():
        path.chmod(OWNER_ONLY)
    quoting = "always" if _NEEDS_QUOTES.search(new) else "never"
    set_key(path, name, new, quote_mode=quoting, follow_symlinks=True)
    path.chmod(OWNER_ONLY)
