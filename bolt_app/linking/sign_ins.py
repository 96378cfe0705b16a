"""
Linking oneself by signing in to PagerDuty.

The person who signs in must be the one who is linked, but a link can be passed on to another person. So the browser
that comes back from PagerDuty shows a code, which the person types in Slack. PagerDuty's token is not stored.
"""

import asyncio
from dataclasses import dataclass, replace

import structlog

from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.linking import words
from bolt_app.linking.claims import Claims
from bolt_app.linking.refused_press import RefusedPresses
from bolt_app.replies.builder import Reply, build_reply
from shared.access.identity import Identity
from shared.access.next_steps import completed
from shared.config.people_config import IdentityConfig
from shared.durations import Durations
from shared.errors import CallError, Malformed
from shared.model.command import SlackActor
from shared.model.link import MOST_TRIES, Claim, LinkChange, LinkedBy, LinkRequest, RefusedPress
from shared.model.outcome import Declined
from shared.observability.log import reference
from shared.pagerduty.api.auth import NoToken
from shared.pagerduty.api.lanes import Lane, go_in
from shared.pagerduty.api.sign_in import SignIn, new_secret
from shared.slack.render.blocks import escape
from shared.store.links import LinkRequests, Links, SignInAnswer

log = structlog.get_logger()

CODE_REFUSED = "PagerDuty no longer accepts this sign-in."
NOT_SAID = "PagerDuty didn't say who you are."


@dataclass(frozen=True)
class SignIns:
    """Begins sign-ins, handles PagerDuty's answers, and finishes them. `app` is None without an app for that."""

    identity: Identity
    app: SignIn | None
    requests: LinkRequests
    links: Links
    claims: Claims
    presses: RefusedPresses
    durations: Durations
    command: str

    @property
    def _config(self) -> IdentityConfig:
        return self.identity.config

    async def begin(self, actor: SlackActor, press: RefusedPress | None = None) -> Reply:
        """Begin one for a person who may link themselves. Raises `Declined` for others, `CallError`, `StoreDown`."""
        person = await self.claims.linkable(actor)
        if self.app is None or self._config.callback_url is None:
            log.error("link.not_set_up", hint="set PAGERDUTY_LINK_CLIENT_ID and PAGERDUTY_LINK_CLIENT_SECRET")
            return build_reply(f"{words.NOT_READY} Ask {escape(self._config.contact)}.")
        request = LinkRequest(person.id, new_secret(), new_secret(), press)
        # One that was begun before may have been left for the sake of this one; what led there still waits for it.
        request = await self.requests.begin(request, words.visitor_text(person), self.command)
        log.info("link.begun", user=person.id)
        address = self.app.address(self._config.callback_url, request.state, request.verifier)
        return words.begin_reply(address, with_press=request.press is not None)

    async def step(self) -> None:
        """Handle the next sign-in that came back from PagerDuty, or wait a moment for one. Raises `StoreDown`."""
        if self._config.linking != "oauth" or self.app is None:
            await asyncio.sleep(self.durations.block)
            return
        # Longer than it is handled at most: PagerDuty takes the code of a sign-in once.
        answer = await self.requests.next_answer(self.durations.block, 3 * self.durations.lease)
        if answer is None:
            return
        request = await self.requests.take(answer)
        if request is None:
            log.warning("sign_in.unknown", why="no one waits for it any more")
        elif not await self.requests.swap(request, await self._answered(self.app, request, answer)):
            log.info("sign_in.superseded", user=request.slack)
        # Last: what a worker or the store loses before that, the next worker does again.
        await self.requests.handled(answer)

    async def finish(self, typed: SlashPayload, code: str) -> Reply:
        """Link a person who typed the code that their browser shows. Raises `Declined`, `CallError`, `StoreDown`."""
        request = await self.requests.of(typed.by.id)
        if request is None or not request.is_sign_in:
            return build_reply(f"{words.NONE_WAITING} {words.again_text(typed.command)}")
        if not request.is_answered:
            return build_reply(words.UNANSWERED)
        if not request.has_code(code):
            return await self._wrong_code(request, typed, code)
        if request.claim is None:
            await self.requests.swap(request, _over(request))
            return build_reply(f":no_entry: {escape(request.refused)} {escape(request.next_step)}.")
        claim = await self.claims.link(typed.by, request.claim, LinkedBy.SIGN_IN)
        goes_on, _ = await self.presses.end(request, typed.response_url)
        return build_reply(words.linked_text(claim, typed.command), goes_on)

    async def unlink(self, typed: SlashPayload) -> Reply:
        """Undo the link that a person has made. Raises `StoreDown`."""
        link = await self.links.of(typed.by.id)
        if link is None:
            return build_reply(words.NO_LINK)
        await self.links.remove(link, LinkChange.UNDONE, typed.by.id)
        log.info("link.undone", user=link.slack, pagerduty_user=link.user)
        return build_reply(words.unlinked_text(link.email))

    async def _answered(self, app: SignIn, request: LinkRequest, answer: SignInAnswer) -> LinkRequest:
        """Ask PagerDuty who signed in; return the request with that user, or with why they can't be linked."""
        go_in(Lane.READ, request.slack)
        try:
            async with asyncio.timeout(2 * self.durations.lease):
                person = await self.claims.linkable(self.identity.own_member(request.slack))
                proven = await app.user(answer.pagerduty_code, self._config.callback_url or "", request.verifier)
                claim = await self.claims.check(person, Claim(proven.id, proven.name, proven.email))
        except Declined as declined:
            outcome = completed(declined, self._config).outcome
            return replace(request, refused=outcome.why, next_step=outcome.next_step)
        except (CallError, Malformed, TimeoutError) as error:
            quoted = reference()
            log.error("sign_in.failed", user=request.slack, why=str(error) or "it took too long", reference=quoted)
            why = CODE_REFUSED if isinstance(error, NoToken) else NOT_SAID
            return replace(request, refused=why, next_step=words.again_step(quoted))
        log.info("sign_in.answered", user=request.slack, pagerduty_user=claim.user)
        return replace(request, claim=claim)

    async def _wrong_code(self, request: LinkRequest, typed: SlashPayload, code: str) -> Reply:
        """Count a wrong code; after some the sign-in is over."""
        left = MOST_TRIES - request.tries - 1
        if not await self.requests.swap(request, replace(request, tries=request.tries + 1) if left else _over(request)):
            # Another one was counted meanwhile.
            return await self.finish(typed, code)
        log.warning("link.wrong_code", user=request.slack, why="not the code of their browser", left=left)
        return build_reply(words.wrong_code_text(left, typed.command))


def _over(request: LinkRequest) -> LinkRequest | None:
    """Return what is left of a sign-in that is over: the press that led there, which the next one carries out."""
    return LinkRequest(request.slack, new_secret(), press=request.press) if request.press else None
