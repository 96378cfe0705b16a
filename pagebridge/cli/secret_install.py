"""Putting a signing secret where the receiver finds it: into `.env` unseen, or before the eyes of a person."""

import sys

from pydantic import SecretStr

from pagebridge.cli import env_file
from pagebridge.cli.prompts import agreed

SECRETS = "PAGERDUTY_WEBHOOK_SECRETS"


def in_place(secret: SecretStr, *, write: bool) -> bool:
    """
    Add a secret to those in force, and tell whether it is there now.

    With `write` it goes into `.env`; else, or where the environment wins over that, the exact words are shown, once,
    and a person says whether they have put them there.
    """
    if write and _written(secret):
        return True
    _show(secret)
    return agreed("Is it installed?")


def retired() -> None:
    """Remove the older of two secrets from `.env`; with more than two, the older ones cannot be told apart."""
    given = env_file.value(SECRETS).split(",")
    if len(given) == len(("old", "new")) and not env_file.from_environment(SECRETS):
        env_file.put(SECRETS, given[-1])
        sys.stdout.write(f"Removed the old secret from {env_file.ENV}; the receiver drops it on SIGHUP.\n")


def _written(secret: SecretStr) -> bool:
    """Add a secret to `.env`, and tell whether it counts there. Where it cannot be written it must not get lost."""
    if env_file.from_environment(SECRETS):
        sys.stdout.write(
            f"{SECRETS} is set in the environment, which overrides {env_file.ENV}: add the secret there.\n"
        )
        return False
    try:
        present = env_file.value(SECRETS)
        env_file.put(SECRETS, f"{present},{secret.get_secret_value()}" if present else secret.get_secret_value())
    except OSError as error:
        sys.stdout.write(f"Can't write {env_file.ENV}: {error}\n")
        return False
    sys.stdout.write(f"Saved its secret to {env_file.ENV}.\n")
    return True


def _show(secret: SecretStr) -> None:
    sys.stdout.write("The secret is shown only once. In the receiver's settings, ")
    if env_file.value(SECRETS) or env_file.from_environment(SECRETS):
        sys.stdout.write(f"append to {SECRETS}:\n,{secret.get_secret_value()}\n")
    else:
        sys.stdout.write(f"write this line:\n{SECRETS}={secret.get_secret_value()}\n")
