"""Reads and edits single lines of `.env`, which only its owner may read."""

import re
from pathlib import Path

from dotenv import dotenv_values, set_key, unset_key

from shared.config.errors import Misconfigured
from shared.config.settings import undecodable

SECRETS = "PAGERDUTY_WEBHOOK_SECRETS"
ENV = Path(".env")
OWNER_ONLY = 0o600
_NEEDS_QUOTES = re.compile(r"[\s#'\"\\$`]")


def value(name: str, path: Path = ENV) -> str:
    """Read one setting from the file; empty when it is not there. Raises `Misconfigured` for what is not UTF-8."""
    try:
        return dotenv_values(path, interpolate=False).get(name) or ""
    except UnicodeDecodeError:
        raise Misconfigured("Settings", [f"{undecodable(path)}: save it with the encoding UTF-8"]) from None


def names(path: Path = ENV) -> list[str]:
    """List the names in the file; none when it cannot be read, which the check of the settings says."""
    try:
        return list(dotenv_values(path, interpolate=False, encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return []


def put(name: str, new: str, path: Path = ENV) -> None:
    """Set one setting in the file, which is made if it is not there. Raises `OSError`."""
    if path.exists():
        path.chmod(OWNER_ONLY)
    quoting = "always" if _NEEDS_QUOTES.search(new) else "never"
    set_key(path, name, new, quote_mode=quoting, follow_symlinks=True)
    path.chmod(OWNER_ONLY)


def remove(name: str, path: Path = ENV) -> None:
    """Take one setting out of the file. Raises `OSError`."""
    unset_key(path, name, follow_symlinks=True)
    path.chmod(OWNER_ONLY)
