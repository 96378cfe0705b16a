"""`/pd whoami`: the person's PagerDuty user, how it was found, and what to do if it was not."""

from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.services import Services
from shared.access.identity import Linked
from shared.model.outcome import Declined, Outcome
from shared.pagerduty.models.account import ROLE_NAMES
from shared.slack.render.blocks import escape

_HOW = {
    "table": "from the bridge's identity table",
    "e-mail": "matched by your Slack e-mail address",
}


class WhoAmI:
    """Tells people who they are."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def answer(self, typed: SlashPayload) -> Reply:
        """Return the reply. Raises `CallError` if identity could not be looked up."""
        try:
            return linked_reply(await self._services.identity.link(typed.by))
        except Declined as declined:
            return not_linked_reply(typed, declined.outcome)


def linked_reply(found: Linked) -> Reply:
    """Reply with the linked PagerDuty user."""
    user = found.user
    role = ROLE_NAMES.get(user.role, user.role)
    who = f"You are *{escape(user.name)}* ({escape(user.email)}) in PagerDuty, {_HOW[found.how]}."
    return build_reply(f"{who} Your role is {escape(role)}.", f"Your Slack account is <@{found.person.id}>.")


def not_linked_reply(typed: SlashPayload, outcome: Outcome) -> Reply:
    """Reply with why no PagerDuty user is linked, and the next step."""
    head = f"Your Slack account <@{typed.by.id}> isn't linked to PagerDuty, so you can't act on incidents from Slack."
    return build_reply(f"{head} {escape(outcome.why)} {escape(outcome.next_step)}.")
