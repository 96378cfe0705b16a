"""
Links Slack users to PagerDuty users, and the other way round.

A write is made in the name of the person who clicked, or not at all. So the answer is either one certain PagerDuty
user, or a refusal that says what to do. What `bridge.toml` says wins: its table, and whom it excludes. Then comes the
link that a person has made, where people can, and then the whole e-mail address.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.access.made_links import GIVEN, MadeLink, MadeLinks
from shared.access.next_steps import ASK_OPERATOR, CONTACT, LINK, completed
from shared.config.people_config import IdentityConfig
from shared.errors import NotFound
from shared.model.command import SlackActor
from shared.model.ids import SlackUserId, UserId
from shared.model.link import Link
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import PERSON_TYPES, User
from shared.slack.api.client import Slack, SlackIdentity, SlackPerson
from shared.store import keys
from shared.store.redis import Redis

EXCLUDED = "You can't be linked to a PagerDuty user here."
LINK_KEPT = 10 * 60
"""Seconds that a link is remembered."""
MISS_KEPT = 60
"""Seconds in which the whole directory is not read again for a person whom it did not have."""
_MISS = "-"
_REMEMBERED = re.compile(r"[A-Z0-9]{0,32}|-.*")
"""An id, nothing, or a miss with its address; anything else is not remembered by us."""


@dataclass(frozen=True)
class Linked:
    """A Slack user and the PagerDuty user that they are. `how` is `table`, `e-mail`, or how their `link` was made."""

    person: SlackPerson
    user: User
    how: str
    link: Link | None = None


class IdentityCache:
    """
    A cache of links, kept for minutes: long enough for a burst of clicks, short enough for a change to be noticed.

    A lost entry costs a look-up, nothing else. Without a store it remembers nothing: for the one path that must do
    without.
    """

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis

    async def recall(self, key: str) -> str | None:
        """Return what is remembered under a key of `shared.store.keys`; None if nothing is."""
        value = await self._redis.get(key) if self._redis is not None else None
        text = value.decode(errors="replace") if isinstance(value, bytes) else None
        return text if text is None or _REMEMBERED.fullmatch(text) else None

    async def remember(self, key: str, value: str, seconds: int) -> None:
        """Remember a value for so many seconds."""
        if self._redis is not None:
            await self._redis.set(key, value, ex=seconds)

    async def forget(self, key: str) -> None:
        """Forget what is remembered."""
        if self._redis is not None:
            await self._redis.delete(key)


class Identity:
    """Links people in both directions, remembering for minutes whom it has found. `made` are links that people made."""

    def __init__(
        self,
        config: IdentityConfig,
        slack: Slack,
        pagerduty: PagerDuty,
        links: IdentityCache,
        home: SlackIdentity,
        made: MadeLinks,
    ) -> None:
        self.config = config
        self._slack = slack
        self._pagerduty = pagerduty
        self._links = links
        self._home = home
        self._made = made

    @property
    def contact(self) -> str:
        """The contact in `bridge.toml`, whom people are told to ask when the bridge itself needs attention."""
        return self.config.contact

    async def link(self, actor: SlackActor) -> Linked:
        """Find the PagerDuty user of `actor`, as of now. Raises `Declined` without a certain answer, `CallError`."""
        try:
            try:
                person = await self._slack.person(actor.id)
            except NotFound:
                raise not_linked("This app can't see your Slack account.", ASK_OPERATOR) from None
            return await self._linked(person, actor)
        except Declined as declined:
            raise completed(declined, self.config) from declined.__cause__

    async def require_member(self, actor: SlackActor) -> None:
        """Raise `Declined` unless they are a full member of this workspace; `CallError` if Slack does not tell."""
        try:
            person = await self._slack.person(actor.id)
        except NotFound:
            raise not_linked("This app can't see your Slack account.", f"Ask {self.contact}") from None
        try:
            check_eligible(person, actor, self._home, in_table=actor.id in self.config.users)
        except Declined as declined:
            raise completed(declined, self.config) from None

    def own_member(self, user: SlackUserId) -> SlackActor:
        """Name a person of this workspace; whether they are a member is found out when they are linked."""
        return SlackActor(user, self._home.team_id, self._home.enterprise_id)

    async def pagerduty_user(self, user: SlackUserId) -> User:
        """Find the PagerDuty user of a person whom another chose. Raises `Declined`, naming them, and `CallError`."""
        chosen = self.own_member(user)
        try:
            person = await self._slack.person(user)
        except NotFound:
            raise not_linked("This app can't see one of these people in Slack.", "Choose another person") from None
        try:
            return (await self._linked(person, chosen)).user
        except Declined as declined:
            why = f"{person.name or user} isn't linked to a PagerDuty account."
            raise not_linked(why, "They can run the `whoami` command to see why") from declined

    async def mention(self, user: UserId) -> SlackUserId | None:
        """Find the Slack user to mention for a PagerDuty user, or None when there is no certain one."""
        for slack_user, pagerduty_user in self.config.users.items():
            if pagerduty_user == user:
                return SlackUserId(slack_user)
        known = await self._links.recall(keys.mention(user))
        if known is not None:
            return SlackUserId(known) if known else None
        found = None
        with suppress(NotFound):
            now = await self._pagerduty.user(user)
            found = None if self.config.linking == "off" else await self._made.owner(now)
            found = found or await self._slack.user_by_email(now.email)
        if found in self.config.users or found in self.config.excluded:
            # They are another PagerDuty user, or none.
            found = None
        await self._links.remember(keys.mention(user), found or "", LINK_KEPT if found else MISS_KEPT)
        return found

    async def forget(self, user: SlackUserId) -> None:
        """Drop what was remembered of a Slack user, because Slack said that they changed."""
        await self._links.forget(keys.link(user))

    async def _linked(self, person: SlackPerson, actor: SlackActor) -> Linked:
        entry = self.config.users.get(actor.id)
        check_eligible(person, actor, self._home, in_table=entry is not None)
        if entry is not None:
            try:
                user = await self._pagerduty.user(UserId(entry))
            except NotFound:
                raise invalid_table_entry(UserId(entry)) from None
            return Linked(person, check_active(user), "table")
        if actor.id in self.config.excluded:
            raise not_linked(EXCLUDED, f"Ask {CONTACT}")
        return await (self._by_email(person) if self.config.linking == "off" else self._by_link(person))

    async def _by_link(self, person: SlackPerson) -> Linked:
        """Find the PagerDuty user by the link that a person made, or else by e-mail."""
        made = await self._made.of(person.id)
        if made.link is not None and made.link.user in self.config.users.values():
            made = MadeLink(why_not=GIVEN, next_step=f"Ask {CONTACT}")
        if made.link is not None and made.user is not None:
            return Linked(person, check_active(made.user), made.link.by, made.link)
        try:
            return await self._by_email(person)
        except Declined as declined:
            if not made.why_not:
                raise
            raise not_linked(made.why_not, made.next_step or LINK) from declined

    async def _by_email(self, person: SlackPerson) -> Linked:
        email = confirmed_email(person, self.config.email_domains)
        remembered = await self._links.recall(keys.link(person.id))
        if remembered and not remembered.startswith(_MISS):
            with suppress(NotFound):
                user = await self._pagerduty.user(UserId(remembered))
                if same_email(user.email, email):
                    return Linked(person, check_active(user), "e-mail")
            await self._links.forget(keys.link(person.id))
        missed = remembered == _MISS + email
        return Linked(person, await self._look_up(person, email, briefly=missed), "e-mail")

    async def _look_up(self, person: SlackPerson, email: str, *, briefly: bool) -> User:
        """Look for the one user with this address; `briefly` after a miss: who was told to correct it has done so."""
        # `query` is fuzzy and answers one page: only a first look. No exact match there decides nothing.
        found = exact_matches(await self._pagerduty.users_by_query(email), email)
        if not briefly and all(user.deleted for user in found):
            found = exact_matches([user async for user in self._pagerduty.all_users()], email)
        if not found and not briefly:
            await self._links.remember(keys.link(person.id), _MISS + email, MISS_KEPT)
        one = single_match(found, email)
        await self._links.remember(keys.link(person.id), one.id, LINK_KEPT)
        return check_active(one)


def check_eligible(person: SlackPerson, actor: SlackActor, home: SlackIdentity, *, in_table: bool) -> None:
    """Refuse bots, deactivated people, outsiders and guests; a table entry may admit a multi-channel guest only."""
    if person.is_bot or person.is_app_user:
        raise not_linked("Bots and apps can't act on incidents.", "A person has to press the button")
    if person.deleted:
        raise not_linked("Your Slack account is deactivated.", "Use PagerDuty")
    if person.external or not is_own_workspace(person.team_id, person.enterprise_id, actor, home):
        raise not_linked(
            "You belong to another Slack workspace; only members of this one can act from here.", "Use PagerDuty"
        )
    if person.guest == "unknown" or None in (person.is_bot, person.deleted):
        raise not_linked("Slack doesn't say whether yours is a full member's account.", "Use PagerDuty")
    if person.guest == "single" or (person.guest == "multi" and not in_table):
        step = ASK_OPERATOR if person.guest == "multi" else "Use PagerDuty"
        raise not_linked("Guests of this Slack workspace can't act on incidents from here.", step)


def is_own_workspace(team: str, enterprise: str | None, actor: SlackActor, home: SlackIdentity) -> bool:
    """True if both the payload and `users.info` place this person in our workspace or enterprise."""
    own = {home.team_id} if home.enterprise_id is None else {home.team_id, home.enterprise_id}
    return bool({team, enterprise} & own) and bool({actor.team, actor.enterprise} & own)


def confirmed_email(person: SlackPerson, domains: tuple[str, ...]) -> str:
    """Return the e-mail address by which `person` may be recognised, or refuse."""
    if not person.email:
        raise not_linked("This app can't see an e-mail address in your Slack profile.", LINK)
    if person.email_confirmed is False:
        raise not_linked(f"Your e-mail address {person.email} is not confirmed in Slack.", "Confirm it in Slack")
    if person.email_confirmed is None:
        raise not_linked(f"Slack doesn't say whether your e-mail address {person.email} is confirmed.", LINK)
    domain = person.email.rpartition("@")[2].casefold()
    if domains and domain not in {allowed.casefold() for allowed in domains}:
        raise not_linked(f"E-mail addresses at {domain} are not accepted for linking here.", LINK)
    return person.email


def exact_matches(users: Iterable[User], email: str) -> list[User]:
    """Keep the users with exactly this address, upper and lower case alike, each once."""
    return list({user.id: user for user in users if same_email(user.email, email)}.values())


def single_match(found: Sequence[User], email: str) -> User:
    """Return the one user with this address, or refuse; deleted users are left out."""
    found = [user for user in found if not user.deleted] or found
    if not found:
        raise no_match(email)
    if len(found) > 1:
        raise not_linked(f"Several PagerDuty users have your Slack e-mail address {email}.", LINK)
    return found[0]


def same_email(one: str, other: str) -> bool:
    """Compare whole addresses, ignoring the case of A to Z alone: Unicode would make others equal (`ß` and `ss`)."""
    first, second = (email.strip().encode(errors="surrogatepass").lower() for email in (one, other))
    return first == second


def check_active(user: User) -> User:
    """Refuse a PagerDuty user who cannot act: one that was deleted, or is no person."""
    if user.kind not in PERSON_TYPES:
        raise not_linked(f"{user.email} is not a person's account in PagerDuty.", ASK_OPERATOR)
    if user.deleted:
        raise not_linked(
            f"Your PagerDuty account {user.email} has been deleted.", "Ask a PagerDuty admin to restore it"
        )
    return user


def invalid_table_entry(user: UserId) -> Declined:
    """Return the refusal for a table entry that names no user."""
    why = f"`bridge.toml` links you to PagerDuty user {user}, which does not exist."
    return not_linked(why, f"Ask {CONTACT} to correct it")


def no_match(email: str) -> Declined:
    """Return the refusal for an address without a PagerDuty user."""
    return not_linked(
        f"No PagerDuty user has your Slack e-mail address {email}.",
        LINK + ", or change your PagerDuty e-mail to match",
    )


def not_linked(why: str, next_step: str) -> Declined:
    """Return the refusal for a person who is not linked."""
    return Declined(Outcome(Kind.NOT_LINKED, why=why, next_step=next_step))
