"""Pure: a link between a Slack account and a PagerDuty user that a person made, and the request for one."""

import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from hmac import compare_digest

from shared.model.ids import CommandId, IncidentId, SlackUserId, UserId

SIGN_IN_LIFE = 300
"""Seconds in which a sign-in has to be finished, and for which a press that led to a link is still carried out."""
APPROVAL_LIFE = 24 * 3600
"""Seconds in which an admin can decide."""
MOST_ASKED = 3
"""Questions to the admins that one person may cause within `ASKED_KEPT` seconds: another address is another one."""
ASKED_KEPT = 3600
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""The letters of a code, without those that look alike."""
CODE_LENGTH = 8
MOST_TRIES = 5
"""Wrong codes after which a sign-in is over."""

_NO_LETTER = re.compile(r"[^A-Z0-9]")


class LinkedBy(StrEnum):
    """How a link came to be."""

    SIGN_IN = "sign-in"
    """The person signed in to PagerDuty, which said who they are."""
    APPROVAL = "approval"
    """An admin, whom `bridge.toml` names, said that it is the same person."""


@dataclass(frozen=True)
class Link:
    """
    That a Slack user is a PagerDuty user: since `at_ms`, and as long as that one has this `email`.

    Another address may mean that the account went to another person. `approver` is the admin who approved it.
    """

    slack: SlackUserId
    user: UserId
    email: str
    by: LinkedBy
    at_ms: int
    approver: SlackUserId | None = None


class LinkChange(StrEnum):
    """The kinds of audit entries about links."""

    MADE = "made"
    UNDONE = "undone"
    """By the person, or by an operator."""
    ENDED = "ended"
    """By itself: the PagerDuty user has changed."""
    REJECTED = "rejected"
    """An admin did not approve it."""


@dataclass(frozen=True)
class LinkEntry:
    """
    An entry of the audit about the link of a Slack user, at `at_ms` by the store's clock.

    `actor` is the Slack user who did it: the person or an admin; None for the bridge, or an operator who undid it.
    """

    at_ms: int
    change: LinkChange
    slack_user: SlackUserId
    pagerduty_user: UserId
    how: LinkedBy | None = None
    actor: SlackUserId | None = None


@dataclass(frozen=True)
class RefusedPress:
    """A press that was refused because its person was not linked: its command and the command's incident."""

    command: CommandId
    incident: IncidentId


@dataclass(frozen=True)
class Claim:
    """The PagerDuty user that a person has proven to be, or says that they are."""

    user: UserId
    name: str
    email: str


@dataclass(frozen=True)
class LinkRequest:
    """
    A person's wish to be linked. `press` is what led there, if something did; `state` names this wish and no other.

    A sign-in comes back from PagerDuty with `state`, and `verifier` proves there that it is ours. Then `code` is what
    the browser shows that came back: who types it in Slack has both in front of them. `claim` is who they are, or
    `refused` why that can't be linked, and `next_step` what to do. `approver` is the admin who is linking them.
    """

    slack: SlackUserId
    state: str
    verifier: str = ""
    press: RefusedPress | None = None
    code: str = ""
    claim: Claim | None = None
    refused: str = ""
    next_step: str = ""
    tries: int = 0
    approver: SlackUserId | None = None

    @property
    def is_sign_in(self) -> bool:
        """True if it is one under way, not only a press that is remembered."""
        return bool(self.verifier)

    @property
    def is_answered(self) -> bool:
        """True once PagerDuty's answer was looked at."""
        return bool(self.claim or self.refused)

    @property
    def awaits_answer(self) -> bool:
        """True of a sign-in until a browser came back, whose code is then its own."""
        return self.is_sign_in and not self.code

    def with_press_of(self, earlier: "LinkRequest | None") -> "LinkRequest":
        """Return it with its press, or that of the person's earlier request."""
        return replace(self, press=self.press or (earlier.press if earlier else None))

    def has_code(self, typed: str) -> bool:
        """True if a person typed the code that their browser shows."""
        return bool(self.code) and compare_digest(plain_code(typed).encode(), self.code.encode())


def new_code() -> str:
    """Make a code that only one browser shows."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def plain_code(typed: str) -> str:
    """Take a code as a person may type it: small, or with a dash."""
    return _NO_LETTER.sub("", typed.upper())
