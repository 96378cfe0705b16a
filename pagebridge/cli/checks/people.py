"""Checks of `[identity.users]`: that each side knows the people whom the table links."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from pagebridge.cli.checks.findings import Check, Verdict, failed, passed
from pagebridge.cli.checks.pagerduty import NEEDED
from pagebridge.cli.checks.slack import INSTALLED
from shared.diagnostics.route_checks import in_turn
from shared.errors import NotFound
from shared.model.ids import SlackUserId, UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import User
from shared.slack.api.client import Slack, SlackPerson

PLACE = "[identity.users]"
FIRST, EACH = 30.0, 2.0
"""Seconds that all may take, and each of them: every read waits for its turn."""


def in_slack(slack: Slack, table: Mapping[str, str]) -> list[Check]:
    """List the check of the Slack users; none where the table is empty."""
    return _check("Slack", set(table), lambda user: slack.person(SlackUserId(user)), INSTALLED)


def in_pagerduty(pagerduty: PagerDuty, table: Mapping[str, str]) -> list[Check]:
    """List the check of the PagerDuty users; none where the table is empty."""
    return _check("PagerDuty", set(table.values()), lambda user: pagerduty.user(UserId(user)), NEEDED)


def _check(
    side: str, users: Collection[str], read: Callable[[str], Awaitable[SlackPerson | User]], needs: tuple[str, ...]
) -> list[Check]:
    async def known() -> Verdict:
        wrong = [user for user in sorted(users) if not await _is_there(user, read)]
        if wrong:
            what = f"{side} has no active user {', '.join(wrong)}"
            return failed(what, "correct or remove their lines: these people can't act from Slack")
        return passed(f"{side} knows everyone in it ({len(users)})")

    return [Check(f"{PLACE} in {side}", known, FIRST + EACH * len(users), needs)] if users else []


async def _is_there(user: str, read: Callable[[str], Awaitable[SlackPerson | User]]) -> bool:
    try:
        return not (await in_turn(lambda: read(user))).deleted
    except NotFound:
        return False
