"""
Checks whether a PagerDuty user may be linked to a Slack user who signed in as them, or claims to be them.

A sign-in proves only who used the browser: a person can be lured into signing in by another person's link. So a
PagerDuty user whose address belongs to another Slack user is never linked, and that one is warned; otherwise the code,
or an admin, decides.
"""

from dataclasses import dataclass

import structlog

from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import post_direct
from shared.access.identity import Identity, check_active, not_linked, same_email
from shared.access.made_links import is_changed
from shared.access.next_steps import CONTACT
from shared.errors import NotFound
from shared.model.command import SlackActor
from shared.model.ids import SlackUserId
from shared.model.link import Claim, Link, LinkChange, LinkedBy
from shared.model.outcome import Declined
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import User
from shared.slack.api.client import Slack, SlackPerson
from shared.slack.render.blocks import escape
from shared.store.clock import StoreClock
from shared.store.links import Links

log = structlog.get_logger()

ELSEWHERE = "You signed in to another PagerDuty account than the one that this bridge serves."
TAKEN = "That PagerDuty user belongs to another Slack user."
AGAIN = "Sign out there, and run the `link` command again"
ASK = f"If it is yours, ask {CONTACT}"
HOW = "Run the `whoami` command to see how"


@dataclass(frozen=True)
class Claims:
    """Checks claims, and stores the links that follow from them."""

    identity: Identity
    links: Links
    slack: Slack
    pagerduty: PagerDuty
    clock: StoreClock

    async def linkable(self, actor: SlackActor) -> SlackPerson:
        """Return a person who may link themselves. Raises `Declined` for others, also who is linked; `CallError`."""
        try:
            linked = await self.identity.link(actor)
        except Declined as declined:
            if not declined.outcome.can_link:
                raise
            return await self.slack.person(actor.id)
        raise not_linked(linked_already(linked.user), HOW)

    async def check(self, person: SlackPerson, proven: Claim, *, tell: bool = True) -> Claim:
        """
        Return the PagerDuty user as whom a person may be linked. Raises `Declined`, `CallError`, `StoreDown`.

        If it belongs to another Slack user who is known, that one is warned, if `tell`.
        """
        try:
            user = await self.pagerduty.user(proven.user)
        except NotFound:
            raise not_linked(ELSEWHERE, AGAIN) from None
        if not same_email(user.email, proven.email):
            raise not_linked(ELSEWHERE, AGAIN)
        check_active(user)
        others = [SlackUserId(slack) for slack, known in self.identity.config.users.items() if known == user.id]
        by_email, owned = await self.slack.user_by_email(user.email), await self.links.owner(user.id)
        # A link of the account's former owner has ended, also if it was not noticed yet.
        owner = owned.slack if owned is not None and not is_changed(user, owned) else None
        others += filter(None, (owner, by_email))
        if any(other != person.id for other in others):
            log.warning("link.refused", user=person.id, pagerduty_user=user.id, why="it is another's", others=others)
            if tell and by_email not in (None, person.id):
                await post_direct(self.slack, by_email, Reply(lured_text(person)), user=by_email)
            raise not_linked(TAKEN, ASK)
        return Claim(user.id, user.name, user.email)

    async def link(self, actor: SlackActor, said: Claim, by: LinkedBy, approver: SlackUserId | None = None) -> Claim:
        """
        Link a person if that is allowed, and return as whom. Raises as `linkable` and `check` do.

        Idempotent: a link that a worker stored before it died counts as made.
        """
        known = await self.links.of(actor.id)
        if known is not None and known.user == said.user:
            return said
        claim = await self.check(await self.linkable(actor), said, tell=by is LinkedBy.SIGN_IN)
        await self.links.put(Link(actor.id, claim.user, claim.email, by, await self.clock.now_ms(), approver))
        log.info("link.made", user=actor.id, pagerduty_user=claim.user, by=by, approver=approver)
        return claim

    async def reject(self, person: SlackUserId, said: Claim, admin: SlackUserId) -> None:
        """
        Record in the audit that an admin rejected a link to that PagerDuty user. Raises `StoreDown`.

        A link that an approval stored before it failed ends with that.
        """
        known = await self.links.of(person)
        if known is not None and (known.user, known.by) == (said.user, LinkedBy.APPROVAL):
            await self.links.remove(known, LinkChange.REJECTED, admin)
            return
        wished = Link(person, said.user, said.email, LinkedBy.APPROVAL, await self.clock.now_ms())
        await self.links.record(wished, LinkChange.REJECTED, admin)


def linked_already(user: User) -> str:
    """Return why a person need not link themselves."""
    return f"You are linked to {user.name} ({user.email}) in PagerDuty already."


def lured_text(person: SlackPerson) -> str:
    """Return the warning for a person whose PagerDuty user another Slack user tried to link to."""
    who = f"<@{person.id}> ({escape(person.name)})"
    return (
        f":warning: {who} tried to link their Slack account to your PagerDuty user. It was refused. "
        "If you signed in to PagerDuty by a link that they gave you, tell your security team."
    )
