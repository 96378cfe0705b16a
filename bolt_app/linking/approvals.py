"""
Being linked by an admin, where no browser can come back from PagerDuty.

The person says who they are in PagerDuty, which proves nothing. One of those whom `bridge.toml` names decides, never
about themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from bolt_app.commands.interactive import Press
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.linking import words
from bolt_app.linking.claims import Claims
from bolt_app.linking.refused_press import RefusedPresses
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.replies.sender import post_direct
from shared.access.identity import Identity, exact_matches, not_linked
from shared.model.command import SlackActor
from shared.model.ids import SlackUserId, slack_id
from shared.model.link import APPROVAL_LIFE, SIGN_IN_LIFE, Claim, LinkedBy, LinkRequest, RefusedPress
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.sign_in import new_secret
from shared.slack.api.client import Slack, SlackPerson
from shared.store.links import LinkRequests

log = structlog.get_logger()


@dataclass(frozen=True)
class Approvals:
    """Asks the admins, and carries out their decisions."""

    identity: Identity
    requests: LinkRequests
    claims: Claims
    presses: RefusedPresses
    slack: Slack
    pagerduty: PagerDuty
    command: str

    async def begin(self, actor: SlackActor, press: RefusedPress | None = None) -> Reply:
        """Return what to type, and store the press that led here. Raises `Declined`, `CallError`, `StoreDown`."""
        person = await self.claims.linkable(actor)
        # A question that an admin may have stays valid; only the press to carry out afterwards changes.
        if press is not None:
            new = LinkRequest(person.id, new_secret(), press=press)
            await self.requests.change(person.id, lambda known: replace(known or new, press=press), SIGN_IN_LIFE)
        return build_reply(words.which_user_text(self.command))

    async def ask(self, typed: SlashPayload, address: str) -> Reply:
        """Ask the admins to link a person to the PagerDuty user with this address. Raises as `begin` does."""
        person = await self.claims.linkable(typed.by)
        found = exact_matches(await self.pagerduty.users_by_query(address), address)
        if len(found) != 1:
            raise not_linked(words.NO_SUCH_USER, words.CHECK_ADDRESS)
        said = Claim(found[0].id, found[0].name, found[0].email)
        claim = await self.claims.check(person, said, tell=False)
        known = await self.requests.of(person.id)
        if known is not None and known.claim == claim:
            return build_reply(words.ASKED_ALREADY)
        if not await self.requests.may_ask(person.id):
            log.warning("link.not_asked", user=person.id, why="they have asked too often within the hour")
            return build_reply(words.asked_too_often_text(self.identity.contact))
        request = LinkRequest(person.id, new_secret(), claim=claim)
        await self.requests.change(person.id, request.with_press_of, APPROVAL_LIFE, anew=True)
        asked = await self._ask_admins(person, request, claim)
        log.info("link.asked", user=person.id, pagerduty_user=claim.user, admins=asked)
        return build_reply(words.asked_text(claim, asked) if asked else words.none_asked_text(self.identity.contact))

    async def _ask_admins(self, person: SlackPerson, request: LinkRequest, claim: Claim) -> list[SlackUserId]:
        """Send the question to the admins; return those who have it. Without any the request ends."""
        asking, asked = words.asking_reply(person, request, claim), list[SlackUserId]()
        try:
            for admin in map(SlackUserId, self.identity.config.admins):
                if admin != person.id and await post_direct(self.slack, admin, asking, user=admin):
                    asked.append(admin)
        finally:
            # Also when it took too long: the person can ask again.
            if not asked:
                await self.requests.change(person.id, partial(_unasked, request.state))
        return asked

    async def decide(self, press: Press, *, approve: bool) -> Reply:
        """
        Do what an admin decided, tell its person, and return what the admin reads in the place of the question.

        Raises `Malformed` for what no button of ours sends, and as `begin` does.
        """
        user, _, state = press.value.partition(" ")
        config = self.identity.config
        if config.linking != "admin" or press.by.id not in config.admins or press.by.id == user:
            log.warning("link.not_decided", user=press.by.id, why="no admin, or their own")
            raise not_linked(words.NO_ADMIN, words.LEAVE_IT)
        await self.identity.require_member(press.by)
        decided = self._approve if approve else self._reject
        return await decided(SlackUserId(slack_id(user)), state, press.by.id)

    async def _reject(self, person: SlackUserId, state: str, admin: SlackUserId) -> Reply:
        def rejected(known: LinkRequest | None) -> LinkRequest | None:
            return None if _claim(known, state, (None, admin)) else known

        request = await self.requests.change(person, rejected)
        claim = _claim(request, state, (None, admin))
        if request is None or claim is None:
            return build_reply(words.DECIDED)
        try:
            await self.claims.reject(person, claim, admin)
        except BaseException:
            # Without its audit entry the request stays open, so that any admin can decide it.
            await self.requests.change(person, lambda known: known or request, APPROVAL_LIFE)
            raise
        log.info("link.rejected", user=person, pagerduty_user=claim.user, admin=admin)
        await post_direct(self.slack, person, build_reply(words.rejected_text(admin)))
        return build_reply(words.you_rejected_text(request))

    async def _approve(self, person: SlackUserId, state: str, admin: SlackUserId) -> Reply:
        def approved(known: LinkRequest | None) -> LinkRequest | None:
            return replace(known, approver=admin) if known and _claim(known, state) else known

        # Noted first, so that another admin who rejects it meanwhile reads that it is decided.
        request = await self.requests.change(person, approved)
        said = _claim(request, state)
        if request is None or said is None:
            return build_reply(words.DECIDED)
        try:
            claim = await self.claims.link(self.identity.own_member(person), said, LinkedBy.APPROVAL, admin)
        except BaseException:
            # Also when it took too long: until the link is made, any admin can decide.
            await self.requests.change(person, partial(_reopened, request, admin))
            raise
        goes_on, was_open = await self.presses.end(request, "")
        if was_open:
            told = build_reply(words.linked_text(claim, self.command), words.approved_by_text(admin), goes_on)
            await post_direct(self.slack, person, told, user=person)
        return build_reply(words.you_approved_text(request, claim))


def _claim(
    request: LinkRequest | None, state: str, approvers: Sequence[SlackUserId | None] | None = None
) -> Claim | None:
    """Return the claim about which the question with this `state` is, None if it is decided, or another one asks."""
    if request is None or request.state != state:
        return None
    return request.claim if approvers is None or request.approver in approvers else None


def _reopened(asked: LinkRequest, admin: SlackUserId, known: LinkRequest | None) -> LinkRequest | None:
    """Return a request as it was before an admin approved it, with what has changed besides."""
    if known is None or (known.state, known.approver) != (asked.state, admin):
        return known
    return replace(known, approver=asked.approver)


def _unasked(state: str, known: LinkRequest | None) -> LinkRequest | None:
    """Return what is left of a request that no admin was asked about: the press that led there."""
    if known is None or known.state != state:
        return known
    return replace(known, claim=None) if known.press else None
