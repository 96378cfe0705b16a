"""
Being linked by an admin, where no browser can come back from PagerDuty.

The person says who they are in PagerDuty, which proves nothing. One of those whom `bridge.toml` names decides, never
about themselves.
"""

from dataclasses import dataclass, replace

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
from shared.slack.api.client import Slack
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
        known = await self.requests.of(person.id)
        if known is not None:
            # A question that an admin may have stays valid; only the press to carry out afterwards changes.
            await self.requests.swap(known, replace(known, press=press or known.press))
        elif press is not None:
            await self.requests.put(LinkRequest(person.id, new_secret(), press=press), SIGN_IN_LIFE)
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
        request = LinkRequest(person.id, new_secret(), press=known.press if known else None, claim=claim)
        await self.requests.put(request, APPROVAL_LIFE)
        asking = words.asking_reply(person, request, claim)
        admins = [SlackUserId(admin) for admin in self.identity.config.admins if admin != person.id]
        asked = [admin for admin in admins if await post_direct(self.slack, admin, asking, user=admin)]
        log.info("link.asked", user=person.id, pagerduty_user=claim.user, admins=asked)
        if not asked:
            await self.requests.swap(request, replace(request, claim=None) if request.press else None)
            return build_reply(words.none_asked_text(self.identity.contact))
        return build_reply(words.asked_text(claim, asked))

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
        request = await self.requests.of(SlackUserId(slack_id(user)))
        if request is None or request.claim is None or request.state != state:
            return build_reply(words.DECIDED)
        if approve:
            return await self._approve(request, request.claim, press.by.id)
        if request.approver not in (None, press.by.id) or not await self.requests.swap(request, None):
            return build_reply(words.DECIDED)
        await self.claims.record_rejection(request.slack, request.claim, press.by.id)
        log.info("link.rejected", user=request.slack, pagerduty_user=request.claim.user, admin=press.by.id)
        await post_direct(self.slack, request.slack, build_reply(words.rejected_text(press.by.id)))
        return build_reply(words.you_rejected_text(request))

    async def _approve(self, request: LinkRequest, said: Claim, admin: SlackUserId) -> Reply:
        person, approved = request.slack, replace(request, approver=admin)
        # Noted first, so that another admin who rejects it meanwhile reads that it is decided.
        if not await self.requests.swap(request, approved):
            return build_reply(words.DECIDED)
        try:
            claim = await self.claims.link(self.identity.own_member(person), said, LinkedBy.APPROVAL, admin)
        except BaseException:
            # Also when it took too long: until the link is made, any admin can decide.
            await self.requests.swap(approved, request)
            raise
        goes_on = await self.presses.carry_out(request.press, person, "") if request.press else ""
        if await self.requests.end(person):
            told = build_reply(words.linked_text(claim, self.command), words.approved_by_text(admin), goes_on)
            await post_direct(self.slack, person, told, user=person)
        return build_reply(words.you_approved_text(request, claim))
