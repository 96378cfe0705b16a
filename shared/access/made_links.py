"""The links that people made between their Slack account and a PagerDuty user, as long as they hold."""

from dataclasses import dataclass

import structlog

from shared.errors import NotFound
from shared.model.ids import SlackUserId
from shared.model.link import Link, LinkChange
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import User
from shared.store.links import Links

log = structlog.get_logger()

ENDED = "Your PagerDuty account has changed since you linked yourself to it, so that link has ended."
IDLE = "The PagerDuty account that you linked yourself to can't be found."
GIVEN = "`bridge.toml` gives your linked PagerDuty account to another Slack user."
STORE_AWAY = "The bridge can't reach its database, so it can't look up whether you have linked yourself."


@dataclass(frozen=True)
class MadeLink:
    """
    A person's link and its PagerDuty user, or the reason why it leads to no one; empty if they made none.

    `next_step` is the step to take, if it is another one than to link oneself again.
    """

    link: Link | None = None
    user: User | None = None
    why_not: str = ""
    next_step: str = ""


class MadeLinks:
    """Looks links up. Without a store a link is unknown, which differs from having none."""

    def __init__(self, links: Links | None, pagerduty: PagerDuty) -> None:
        self._links = links
        self._pagerduty = pagerduty

    async def of(self, user: SlackUserId) -> MadeLink:
        """Return a person's link; one whose PagerDuty user has changed ends here. Raises `CallError`, `StoreDown`."""
        if self._links is None:
            return MadeLink(why_not=STORE_AWAY, next_step="Use PagerDuty")
        link = await self._links.of(user)
        if link is None:
            return MadeLink()
        try:
            found = await self._pagerduty.user(link.user)
        except NotFound:
            # Kept: an API key with too few rights must not end all links.
            return MadeLink(why_not=IDLE)
        if not is_changed(found, link):
            return MadeLink(link, found)
        await self._links.remove(link, LinkChange.ENDED)
        log.warning("link.ended", user=user, pagerduty_user=link.user, why="the PagerDuty user has changed")
        return MadeLink(why_not=ENDED)

    async def owner(self, user: User) -> SlackUserId | None:
        """Return the Slack user whose link to a PagerDuty user holds, None if none is known. Raises `StoreDown`."""
        link = None if self._links is None else await self._links.owner(user.id)
        return None if link is None or is_changed(user, link) else link.slack


def is_changed(user: User, link: Link) -> bool:
    """True if a PagerDuty user is not for certain the person who was linked: deleted, or with another address."""
    return user.deleted or user.email != link.email
