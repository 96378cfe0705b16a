"""
Slack's answers in values and errors. Pure.

Slack says what went wrong in a word (`{"ok": false, "error": "..."}`), mostly with HTTP status 200. Sources: the error
lists of its method pages, and its pages on rate limits and on `users.info`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain
from shared.model.ids import SlackUserId

METADATA_TYPE = "pagebridge"
"""The `event_type` of the metadata on every message of ours."""

OK, BAD_REQUEST, TOO_MANY, SERVER_ERROR = 200, 400, 429, 500

RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
BAD_TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
MISSING = frozenset(
    {
        "channel_not_found",
        "message_not_found",
        "thread_not_found",
        "user_not_found",
        "users_not_found",
        "user_not_visible",
    }
)
LONGEST_WHY = 300

_WORD = re.compile(r"[a-z][a-z0-9_]{0,99}")


@dataclass(frozen=True)
class SlackPerson:
    """
    Somebody in Slack, as `users.info` shows them to us.

    `email` is None when they have none or we may not see it. `email_confirmed` is False when Slack says that it is not,
    None when Slack does not say. A `stranger` belongs to another organisation, and shares a channel with us.
    """

    id: SlackUserId
    name: str
    email: str | None
    email_confirmed: bool | None
    is_bot: bool
    is_app_user: bool
    deleted: bool
    guest: Literal["multi", "single"] | None
    stranger: bool
    team_id: str
    enterprise_id: str | None


@dataclass(frozen=True)
class SlackIdentity:
    """Who our token makes us; `scopes` is what it allows. `enterprise_id` only in an Enterprise organisation."""

    team_id: str
    enterprise_id: str | None
    bot_user_id: str
    bot_id: str | None
    app_id: str | None
    scopes: frozenset[str]


def parse_person(answer: Mapping[str, object]) -> SlackPerson:
    """Read the answer of `users.info` or `users.lookupByEmail`."""
    user = _object(answer.get("user"))
    profile = _object(user.get("profile") or {})
    enterprise = _object(user.get("enterprise_user") or {}).get("enterprise_id")
    return SlackPerson(
        id=SlackUserId(_text(user.get("id"))),
        name=_name(user, profile),
        email=_optional_text(profile.get("email")),
        email_confirmed=_optional_flag(user.get("is_email_confirmed")),
        is_bot=user.get("is_bot") is True,
        is_app_user=user.get("is_app_user") is True,
        deleted=user.get("deleted") is True,
        guest=_guest(user),
        stranger=user.get("is_stranger") is True,
        team_id=_text(user.get("team_id")),
        enterprise_id=_optional_text(user.get("enterprise_id") or enterprise),
    )


def parse_identity(answer: Mapping[str, object], headers: Mapping[str, str]) -> SlackIdentity:
    """Read the answer of `auth.test`; the scopes come in a header."""
    given = {name.lower(): value for name, value in headers.items()}
    scopes = (scope.strip() for scope in given.get("x-oauth-scopes", "").split(","))
    return SlackIdentity(
        team_id=_text(answer.get("team_id")),
        enterprise_id=_optional_text(answer.get("enterprise_id")),
        bot_user_id=_text(answer.get("user_id")),
        bot_id=_optional_text(answer.get("bot_id")),
        app_id=_optional_text(answer.get("app_id")),
        scopes=frozenset(scope for scope in scopes if scope),
    )


def find_own(answer: Mapping[str, object], key: str, us: SlackIdentity) -> str | None:
    """Look on one page of messages for the one that we posted with this `key`, and return its `ts`."""
    for message in _objects(answer.get("messages")):
        if _is_ours(message, us) and _key(message) == key:
            return _text(message.get("ts"))
    return None


def next_cursor(answer: Mapping[str, object]) -> str:
    """Read where the next page begins; empty on the last one."""
    return _optional_text(_object(answer.get("response_metadata") or {}).get("next_cursor")) or ""


def error_from(method: str, status: int, headers: Mapping[str, str], body: object) -> CallError:
    """
    Make the error that an answer stands for which is not a success.

    `body` is the decoded JSON, or the text as it came. What cannot be understood leaves open whether it took effect.
    """
    word = _error_word(body)
    if status == TOO_MANY or word in RATE_LIMITED:
        return Unavailable(f"Slack limits {method}", _retry_after(headers))
    if status >= SERVER_ERROR or not word or word in BROKEN:
        return Uncertain(f"Slack could not tell how {method} ended: {word or f'HTTP status {status}'}")
    why = f"Slack refused {method}: {word}{_details(body)}"[:LONGEST_WHY]
    if word in BAD_TOKEN:
        return BadCredentials(why, word, status)
    return (NotFound if word in MISSING else Refused)(why, word, status)


def _error_word(body: object) -> str:
    """Find the word that names the error; a `response_url` answers with the bare word."""
    word = body.get("error") if isinstance(body, dict) else body
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def _details(body: object) -> str:
    """Say what Slack adds: what is wrong with the blocks, which scope is missing."""
    if not isinstance(body, dict):
        return ""
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    told = [*(messages if isinstance(messages, list) else []), body.get("needed")]
    words = "; ".join(word for word in told if isinstance(word, str))
    return f" ({words})" if words else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    given = {name.lower(): value for name, value in headers.items()}
    try:
        seconds = float(given["retry-after"])
    except (KeyError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _is_ours(message: Mapping[str, object], us: SlackIdentity) -> bool:
    by_app = us.app_id is not None and message.get("app_id") == us.app_id
    return by_app or (us.bot_id is not None and message.get("bot_id") == us.bot_id)


def _key(message: Mapping[str, object]) -> object:
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != METADATA_TYPE:
        return None
    payload = metadata.get("event_payload")
    return payload.get("key") if isinstance(payload, dict) else None


def _name(user: Mapping[str, object], profile: Mapping[str, object]) -> str:
    """Take the name that other people see."""
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return next((name for name in names if isinstance(name, str) and name), "")


def _guest(user: Mapping[str, object]) -> Literal["multi", "single"] | None:
    """Single-channel guests carry both marks."""
    if user.get("is_ultra_restricted") is True:
        return "single"
    return "multi" if user.get("is_restricted") is True else None


def _object(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise Malformed("Slack's answer lacks an object that it should have")


def _objects(value: object) -> list[dict[str, object]]:
    if isinstance(value, list):
        return [_object(member) for member in value]
    raise Malformed("Slack's answer lacks a list that it should have")


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise Malformed("Slack's answer lacks a text that it should have")


def _optional_text(value: object) -> str | None:
    return None if value is None or value == "" else _text(value)


def _optional_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
