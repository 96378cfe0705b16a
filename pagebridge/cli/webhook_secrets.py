"""
The signing secrets of webhook subscriptions in `.env`: adding one, and removing those that sign nothing any more.

PagerDuty shows a secret once and never says which one a subscription has. So its description carries a mark of it: the
beginning of its SHA-256, from which a random secret cannot be found.
"""

import os
import re
import sys
from collections.abc import Iterable
from hashlib import sha256

from pydantic import SecretStr

from pagebridge.cli.env_file import ENV, SECRETS, put, remove, value
from pagebridge.cli.terminal import agreed
from shared.pagerduty.models.webhook_subscription import WebhookSubscription

DESCRIPTION = "pagebridge"
_MARK, _REPLACES = re.compile(r"\bsecret ([0-9a-f]{8})\b"), re.compile(r"\breplaces (\w+)")


def described(secret: SecretStr, replaces: str = "") -> str:
    """Write the description of a subscription: the mark of its secret, and which one it is to take over from."""
    over = f"replaces {replaces}, " if replaces else ""
    return f"{DESCRIPTION} ({over}secret {_mark(secret.get_secret_value())})"


def described_as_only(subscription: WebhookSubscription) -> str:
    """Write the description of a subscription that has taken over."""
    mark = _marked(subscription)
    return f"{DESCRIPTION} (secret {mark})" if mark else DESCRIPTION


def replaced_by(subscription: WebhookSubscription) -> str:
    """Return the subscription that it is to take over from; empty if none."""
    found = _REPLACES.search(subscription.description) if subscription.description.startswith(DESCRIPTION) else None
    return found[1] if found else ""


def is_lost(subscription: WebhookSubscription) -> bool:
    """True if its secret is known to be in no place from which this machine's settings come."""
    mark = _marked(subscription)
    return bool(mark) and not os.environ.get(SECRETS) and mark not in map(_mark, _held())


def install_secret(secret: SecretStr, *, write: bool, beside: bool = False) -> bool:
    """
    Add a secret to those in force, and return whether it is there now.

    With `write` it goes into `.env`; else, or where the environment wins over that, the exact words are shown, once,
    and a person says whether they have put them there. With `beside` the receiver has another one, which it needs for
    now, also where none is known here.
    """
    if write and _written(secret):
        return True
    sys.stdout.write("The secret is shown only once. In the receiver's settings, ")
    if beside or value(SECRETS) or os.environ.get(SECRETS):
        sys.stdout.write(f"append to {SECRETS}:\n,{secret.get_secret_value()}\n")
    else:
        sys.stdout.write(f"write this line:\n{SECRETS}={secret.get_secret_value()}\n")
    return agreed("Is it installed?")


def retire_secrets(everything: Iterable[WebhookSubscription], gone: WebhookSubscription) -> str:
    """Keep in `.env` only the secrets of subscriptions that are left at its address; return what was done or not."""
    left = [each for each in everything if each.url == gone.url and each.id != gone.id]
    held, marks = _held(), set(map(_marked, left))
    if os.environ.get(SECRETS):
        return f"{SECRETS} is set in the environment: remove the secret of {gone.id} there."
    if not held:
        return f"{ENV} has no {SECRETS}: remove the secret of {gone.id} where the receiver has it."
    if "" not in marks and marks & set(map(_mark, held)):
        stay = [secret for secret in dict.fromkeys(held) if _mark(secret) in marks]
    else:
        its_own = {_marked(gone)} if left or len(held) > 1 else {_mark(held[0])}
        stay = [secret for secret in dict.fromkeys(held) if _mark(secret) not in its_own]
    put(SECRETS, ",".join(stay)) if stay else remove(SECRETS)
    return _told(len(held) - len(stay), len(stay), len(left), gone)


def _told(removed: int, stayed: int, used: int, gone: WebhookSubscription) -> str:
    count = {1: "1 secret"}.get(removed, f"{removed} secrets")
    said = f"Removed {count} from {ENV}; the receiver drops what was removed on SIGHUP." if removed else ""
    if stayed <= used:
        return said or f"{ENV} has only the secret that is in use."
    what = f"{ENV} still has {stayed} secrets, and nothing tells which one {gone.id} had: remove it by hand."
    return f"{said} {what}".strip()


def _held() -> list[str]:
    return [part.strip() for part in value(SECRETS).split(",") if part.strip()]


def _mark(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:8]


def _marked(subscription: WebhookSubscription) -> str:
    found = _MARK.search(subscription.description) if subscription.description.startswith(DESCRIPTION) else None
    return found[1] if found else ""


def _written(secret: SecretStr) -> bool:
    """Add a secret to `.env`, and tell whether it counts there. Where it cannot be written it must not get lost."""
    if os.environ.get(SECRETS):
        sys.stdout.write(f"{SECRETS} is set in the environment, which overrides {ENV}: add the secret there.\n")
        return False
    try:
        put(SECRETS, ",".join([*_held(), secret.get_secret_value()]))
    except OSError as error:
        sys.stdout.write(f"Can't write {ENV}: {error}\n")
        return False
    sys.stdout.write(f"Saved its secret to {ENV}.\n")
    return True
