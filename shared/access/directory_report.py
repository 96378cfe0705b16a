"""
Pure: all of Slack's users mapped to PagerDuty's, by the rules of `shared.access.identity`.

A click looks up one person afresh and never acts on a stale mapping; this report checks the whole mapping beforehand.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shared.access.identity import (
    EXCLUDED,
    Linked,
    check_active,
    check_eligible,
    confirmed_email,
    exact_matches,
    invalid_table_entry,
    not_linked,
    single_match,
)
from shared.access.made_links import is_changed
from shared.access.next_steps import CONTACT, completed
from shared.config.people_config import IdentityConfig
from shared.model.command import SlackActor
from shared.model.ids import UserId
from shared.model.link import Link
from shared.model.outcome import Declined, Outcome
from shared.model.permissions import ADMINS, RAISABLE, RESPONDERS
from shared.pagerduty.models.account import ROLE_NAMES, OnCall, User
from shared.slack.api.client import SlackIdentity, SlackPerson

ACTING_ROLES = ADMINS | RESPONDERS | RAISABLE
"""The roles that may act, at least on incidents assigned to them."""


@dataclass(frozen=True)
class Mapping:
    """
    A Slack user, with the PagerDuty user that they are, or what they would be told instead.

    `candidates` are the users with their e-mail address, where they are not linked.
    """

    person: SlackPerson
    linked: Linked | None
    refusal: Outcome | None = None
    candidates: tuple[User, ...] = ()


@dataclass(frozen=True)
class UnlinkedOnCall:
    """A person on call who can't act from Slack, and why."""

    on_call: OnCall
    why: str


class DirectoryReport:
    """Maps Slack users to PagerDuty users, given the whole directory of each, and the links that people made."""

    def __init__(
        self, users: Iterable[User], config: IdentityConfig, home: SlackIdentity, links: Iterable[Link] = ()
    ) -> None:
        self._links = {link.slack: link for link in links}
        self.users = {user.id: user for user in users}
        self._config = config
        self._home = home
        self._by_email: defaultdict[str, list[User]] = defaultdict(list)
        for user in self.users.values():
            self._by_email[_bucket(user.email)].append(user)

    def mapping(self, person: SlackPerson) -> Mapping:
        """Return the mapping of a Slack user."""
        try:
            return Mapping(person, self._linked(person))
        except Declined as declined:
            same = exact_matches(self._by_email[_bucket(person.email)], person.email) if person.email else ()
            refusal = completed(declined, self._config).outcome
            return Mapping(person, None, refusal, tuple(user for user in same if not user.deleted))

    def _linked(self, person: SlackPerson) -> Linked:
        entry = self._config.users.get(person.id)
        clicker = SlackActor(person.id, self._home.team_id, self._home.enterprise_id)
        check_eligible(person, clicker, self._home, in_table=entry is not None)
        if entry is not None:
            user = self.users.get(UserId(entry))
            if user is None:
                raise invalid_table_entry(UserId(entry))
            return Linked(person, check_active(user), "table")
        if person.id in self._config.excluded:
            raise not_linked(EXCLUDED, f"Ask {CONTACT}")
        link = self._links.get(person.id)
        user = self.users.get(link.user) if link else None
        given = user is not None and user.id in self._config.users.values()
        if link is not None and user is not None and not given and not is_changed(user, link):
            return Linked(person, check_active(user), link.by, link)
        email = confirmed_email(person, self._config.email_domains)
        found = exact_matches(self._by_email[_bucket(email)], email)
        return Linked(person, check_active(single_match(found, email)), "e-mail")


def unlinked(mappings: Iterable[Mapping], users: Iterable[User]) -> list[User]:
    """Return the PagerDuty users without a Slack user."""
    linked = _linked_ids(mappings)
    return [user for user in users if user.id not in linked and not user.deleted]


def unlinked_on_calls(
    on_calls: Iterable[OnCall], mappings: Iterable[Mapping], roster: DirectoryReport
) -> list[UnlinkedOnCall]:
    """Return the people on call who can't act from Slack: not linked, or without an acting role."""
    linked = _linked_ids(mappings)
    found = []
    for entry in dict.fromkeys(on_calls):
        user = roster.users.get(UserId(entry.user.id))
        if UserId(entry.user.id) not in linked:
            found.append(UnlinkedOnCall(entry, "no Slack user is linked to them"))
        elif user is not None and user.role not in ACTING_ROLES:
            found.append(UnlinkedOnCall(entry, f"their PagerDuty role is {ROLE_NAMES.get(user.role, user.role)}"))
    return found


def _linked_ids(mappings: Iterable[Mapping]) -> set[UserId]:
    return {mapping.linked.user.id for mapping in mappings if mapping.linked}


def _bucket(email: str) -> str:
    """Put addresses that could be the same together; they are compared one by one afterwards."""
    return email.strip().casefold()
