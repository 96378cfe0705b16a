"""Pure: payloads as they may be shown, without secrets and not endlessly long."""

import json
import re
from collections.abc import Sequence
from typing import Any

SECRET_NAMES = re.compile(r"token|secret|trigger_id|response_url|ticket|authorization|signature", re.IGNORECASE)
HIDDEN = "[hidden]"
SECRET_FIELDS = re.compile(r"\b(state|code|code_verifier|client_secret)=[^&\s\"|>]+")
"""The fields of a form or an address that are credentials."""
LONGEST_TEXT = 2_000
"""Characters of a text that are shown."""


def scrub(value: Any, secrets: Sequence[str]) -> Any:  # noqa: ANN401 - walks any JSON
    """Return a copy without what a name calls secret, without known secrets, and with long texts cut."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if SECRET_NAMES.search(str(name)) else scrub(each, secrets) for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrub(each, secrets) for each in value]
    return _scrub_text(value, secrets) if isinstance(value, str) else value


def _scrub_inside(text: str, secrets: Sequence[str]) -> str:
    """Scrub the JSON that a text is, such as a dialog's `private_metadata`; any other text stays as it is."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.dumps(scrub(json.loads(text), secrets), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _scrub_text(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = SECRET_FIELDS.sub(rf"\1={HIDDEN}", _scrub_inside(text, secrets))
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
