"""Checks of the people whom `bridge.toml` names by their ids: that Slack, or PagerDuty, knows each of them."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass

from pagebridge.cli.checks.findings import Check, Verdict, failed, passed
from pagebridge.cli.checks.pagerduty import NEEDED
from pagebridge.cli.checks.slack import INSTALLED
from shared.config.bridge_config import BridgeConfig
from shared.diagnostics.route_checks import in_turn
from shared.errors import NotFound
from shared.model.ids import SlackUserId, UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import User
from shared.slack.api.client import Slack, SlackPerson

PLACE = "[identity.users]"
FIRST, EACH = 30.0, 2.0
"""Seconds that all may take, and each of them: every read waits for its turn."""
LINKS = "correct or remove their lines: these people can't act from Slack"
Read = Callable[[str], Awaitable[SlackPerson | User]]


@dataclass(frozen=True)
class _Named:
    """The people whom one place of the file names, and the fix if one of them is unknown."""

    place: str
    users: Collection[str]
    fix: str
    also_deactivated: bool = False
    """True where it does no harm that a person has left."""


def in_slack(slack: Slack, config: BridgeConfig) -> list[Check]:
    """List a check for each place that names Slack users."""
    return [_check("Slack", named, lambda user: slack.person(SlackUserId(user)), INSTALLED) for named in _slack(config)]


def in_pagerduty(pagerduty: PagerDuty, config: BridgeConfig) -> list[Check]:
    """List a check for each place that names PagerDuty users."""
    places = (
        _Named(f"{PLACE} in PagerDuty", set(config.identity.users.values()), LINKS),
        _Named(
            "authorization.everywhere", config.authorization.everywhere, "correct or remove them: they allow no one"
        ),
    )
    return [
        _check("PagerDuty", named, lambda user: pagerduty.user(UserId(user)), NEEDED) for named in places if named.users
    ]


def _slack(config: BridgeConfig) -> Iterator[_Named]:
    """Give every place that names Slack users."""
    identity = config.identity
    places = [
        _Named(f"{PLACE} in Slack", set(identity.users), LINKS),
        _Named("identity.admins", set(identity.admins), "correct or remove them: they can't approve a link"),
        _Named(
            "identity.excluded",
            set(identity.excluded),
            "correct or remove them: they exclude no one",
            also_deactivated=True,
        ),
    ]
    for number, reminder in enumerate(config.reminders, 1):
        fix = "name another person: in this one's name no acknowledgement can be taken back"
        users = {reminder.in_name_of} if reminder.in_name_of else set[str]()
        places.append(_Named(f"reminders[{number}].in_name_of", users, fix))
    yield from (named for named in places if named.users)


def _check(side: str, named: _Named, read: Read, needs: tuple[str, ...]) -> Check:
    async def known() -> Verdict:
        wrong = [user for user in sorted(named.users) if not await _is_there(user, named, read)]
        if wrong:
            active = "" if named.also_deactivated else "active "
            return failed(f"{side} has no {active}user {', '.join(wrong)}", named.fix)
        return passed(f"{side} knows everyone in it ({len(named.users)})")

    return Check(named.place, known, FIRST + EACH * len(named.users), needs)


async def _is_there(user: str, named: _Named, read: Read) -> bool:
    try:
        return not (await in_turn(lambda: read(user))).deleted or named.also_deactivated
    except NotFound:
        return False
