"""Edits single lines of `.env`, which only its owner may read, and puts a signing secret there or shows it."""

import os
import re
import sys
from pathlib import Path

from dotenv import dotenv_values, set_key
from pydantic import SecretStr

from pagebridge.cli.terminal import agreed

SECRETS = "PAGERDUTY_WEBHOOK_SECRETS"
ENV = Path(".env")
OWNER_ONLY = 0o600
_NEEDS_QUOTES = re.compile(r"[\s#'\"\\$`]")


def value(name: str, path: Path = ENV) -> str:
    """Read one setting from the file; empty when it is not there."""
    return dotenv_values(path, interpolate=False).get(name) or ""


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


def install_secret(secret: SecretStr, *, write: bool) -> bool:
    """
    Add a secret to those in force, and tell whether it is there now.

    With `write` it goes into `.env`; else, or where the environment wins over that, the exact words are shown, once,
    and a person says whether they have put them there.
    """
    if write and _written(secret):
        return True
    sys.stdout.write("The secret is shown only once. In the receiver's settings, ")
    if value(SECRETS) or os.environ.get(SECRETS):
        sys.stdout.write(f"append to {SECRETS}:\n,{secret.get_secret_value()}\n")
    else:
        sys.stdout.write(f"write this line:\n{SECRETS}={secret.get_secret_value()}\n")
    return agreed("Is it installed?")


def retire_secret() -> None:
    """Remove the older of two secrets from `.env`; with more than two, the older ones cannot be told apart."""
    given = value(SECRETS).split(",")
    if len(given) == len(("old", "new")) and not os.environ.get(SECRETS):
        put(SECRETS, given[-1])
        sys.stdout.write(f"Removed the old secret from {ENV}; the receiver drops it on SIGHUP.\n")


def _written(secret: SecretStr) -> bool:
    """Add a secret to `.env`, and tell whether it counts there. Where it cannot be written it must not get lost."""
    if os.environ.get(SECRETS):
        sys.stdout.write(f"{SECRETS} is set in the environment, which overrides {ENV}: add the secret there.\n")
        return False
    try:
        present = value(SECRETS)
        put(SECRETS, f"{present},{secret.get_secret_value()}" if present else secret.get_secret_value())
    except OSError as error:
        sys.stdout.write(f"Can't write {ENV}: {error}\n")
        return False
    sys.stdout.write(f"Saved its secret to {ENV}.\n")
    return True
