"""
Pure: Slack's failures as our errors, and every word of Slack's by which the bridge decides.

Slack names an error in one word (`{"ok": false, "error": "..."}`), mostly with HTTP status 200. Each group names the
page whose list of errors it is from.
"""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from shared.errors import BadCredentials, CallError, NotFound, Refused, Unavailable, Uncertain
from shared.model.ids import MessageTs

OK, PROXY_REFUSED, TOO_MANY, SERVER_ERROR = 200, 407, 429, 500

RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
"""A call came too early (Slack: "Rate limits", and chat.postMessage for the second word)."""
BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack failed, and does not say how far it came (Slack: every method page)."""
BAD_TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
"""The token is not accepted (Slack: auth.test)."""
MESSAGE_GONE = "message_not_found"
"""The message to be changed was deleted (Slack: chat.update, chat.delete)."""
MISSING = frozenset(
    {
        "channel_not_found",
        MESSAGE_GONE,
        "not_found",
        "thread_not_found",
        "user_not_found",
        "users_not_found",
        "user_not_visible",
    }
)
"""It does not exist, or our token does not see it (Slack: chat.*, conversations.*, users.info, views.update)."""
CHANNEL_CLOSED = frozenset(
    {
        "channel_not_found",
        "ekm_access_denied",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "posting_to_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
    }
)
"""A channel or thread takes no post until a person changes it (Slack: chat.postMessage, chat.update)."""
NO_CANVASES = frozenset(
    {
        "canvas_disabled_user_team",
        "free_teams_cannot_create_non_tabbed_canvases",
        "free_teams_cannot_create_standalone_canvases",
        "free_team_canvas_tab_already_exists",
    }
)
"""The workspace has no canvases, or none outside of a channel (Slack: canvases.create)."""
NO_GROUPS = frozenset({"plan_upgrade_required", "paid_teams_only"})
"""The workspace has no user groups (Slack: usergroups.*; the second word is reported by users of other clients)."""
NO_SUCH_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})
"""There is no such user group (Slack: usergroups.users.list)."""
THREAD_GONE = frozenset({"cannot_reply_to_message", "thread_not_found"})
"""The first message of the thread was deleted (Slack: chat.postMessage, conversations.replies)."""
NOT_EDITABLE = frozenset({"cant_update_message", "edit_window_closed"})
"""A message can never be edited again (Slack: chat.update)."""
INVALID_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
"""Slack does not take the blocks of a message (Slack: chat.postMessage)."""
NAME_TAKEN = "name_taken"
"""Another channel has this name, archived and private ones included (Slack: conversations.create)."""
IS_ARCHIVED = "is_archived"
"""The channel is archived (Slack: chat.postMessage, conversations.setTopic)."""
NOT_IN_CHANNEL = "not_in_channel"
"""The app is not in the channel (Slack: chat.postMessage, conversations.setTopic)."""
ALREADY_SO = frozenset({"already_in_channel", "already_pinned", "already_archived", "not_archived"})
"""The requested state holds already (Slack: conversations.invite, pins.add, conversations.archive and unarchive)."""
TRIGGER_GONE = frozenset(
    {"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired", "trigger_exchanged"}
)
"""
The codes of a `Refused` view that no click stands behind any more; the next click can open it.

Slack: views.open, and for the last two its guide to handling user interaction.
"""
HASH_CONFLICT = "hash_conflict"
"""The code of a `Refused` update of a view that had changed meanwhile (Slack: views.update)."""

_TOO_LATE = "a view opens only within 3 s of the click"
_TWICE = "a view has been opened with this click already"
_MEANING: Mapping[str, str] = MappingProxyType(
    {
        "expired_trigger_id": _TOO_LATE,
        "trigger_expired": _TOO_LATE,
        "exchanged_trigger_id": _TWICE,
        "trigger_exchanged": _TWICE,
        "invalid_trigger_id": "Slack does not know this click",
        HASH_CONFLICT: "the view has changed meanwhile",
        "not_found": "the view is not open any more",
        "view_too_large": "a view may have 250 kB",
        "expired_url": "a click can be answered for half an hour",
        "used_url": "a click can be answered five times",
    }
)
"""The meaning of codes that are not self-explanatory."""

LONGEST_WHY = 300


class Unthreaded(Refused):
    """
    Raised for a reply that Slack posted into the channel as `ts`, because the first message of its thread is gone.

    Users of several clients report it; Slack's pages know only the refusal.
    """

    def __init__(self, ts: MessageTs) -> None:
        super().__init__("Slack posted a reply beside its thread, which is gone", "thread_not_found")
        self.ts = ts


_WORD = re.compile(r"[a-z][a-z0-9_]{0,99}")


def error_from(method: str, status: int, headers: Mapping[str, str], body: object) -> CallError:
    """
    Make the error that an answer stands for which is not a success.

    `headers` ignore upper and lower case. `body` is the decoded JSON, or the text as it came. What cannot be understood
    leaves open whether it took effect.
    """
    word = _error_word(body)
    if status == TOO_MANY or word in RATE_LIMITED:
        return Unavailable(f"Slack limits {method}", _retry_after(headers), limited=True)
    if status == PROXY_REFUSED:
        return Unavailable(f"the proxy refused {method}: check the user and password in its address")
    if status >= SERVER_ERROR or not word or word in BROKEN:
        return Uncertain(f"Slack could not tell how {method} ended: {word or f'HTTP status {status}'}")
    why = f"Slack refused {method}: {word}{_details(word, body)}"[:LONGEST_WHY]
    if word in BAD_TOKEN:
        return BadCredentials(why, word, status)
    return (NotFound if word in MISSING else Refused)(why, word, status)


def _error_word(body: object) -> str:
    """Find the word that names the error; a `response_url` answers with the bare word."""
    word = body.get("error") if isinstance(body, dict) else body
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def _details(word: str, body: object) -> str:
    """Return the meaning of the code, and Slack's details: what is wrong with the blocks, which scope is missing."""
    told: list[object] = [_MEANING.get(word)]
    if isinstance(body, dict):
        metadata = body.get("response_metadata")
        messages = metadata.get("messages") if isinstance(metadata, dict) else None
        told += [*(messages if isinstance(messages, list) else []), body.get("needed")]
    words = "; ".join(part for part in told if isinstance(part, str))
    return f" ({words})" if words else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        seconds = float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
