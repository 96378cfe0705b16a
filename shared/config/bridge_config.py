"""The schema of `bridge.toml`: routing, reminders, handovers, durability; and its rules on an incident."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import takewhile
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, model_validator

from shared.config.card_config import CardFieldConfig, CardFields, CardLinkConfig, CardLinks, Table
from shared.config.channels_config import AutomaticChannelConfig, IncidentChannelsConfig
from shared.config.chosen_config import Chosen, Duration, Name, milliseconds
from shared.config.notify_config import NotifyConfig
from shared.config.oncall_config import HandoverConfig, OncallGroupConfig, each_once, written_once
from shared.config.people_config import AuthorizationConfig, IdentityConfig, SlackUser
from shared.config.setting_types import Channel, PerMinute
from shared.model.card_content import NOTHING_MORE, CardContent
from shared.model.digest import DigestRule
from shared.model.event import Snapshot
from shared.model.ids import ChannelId, IncidentId
from shared.model.thread_layout import BroadcastKind, Verbosity

MOST_PATHS = 50
"""Different fields of alerts that all routes may choose together: each incident keeps them."""


@dataclass(frozen=True)
class Route:
    """
    Where an incident is shown; the first channel is home.

    No channels: it is counted and not shown, because a route says so, or because none matches and there is no default.
    `named` is false for the default channel, where incidents of private teams are never shown. `verbosity` and
    `broadcast` configure the thread. `cards` is what is chosen for a card in any channel, also in one of other routes,
    and `digests` in which of them a storm's incidents of low importance share one.
    """

    channels: tuple[ChannelId, ...]
    named: bool
    verbosity: Verbosity
    broadcast: frozenset[BroadcastKind]
    cards: Mapping[str, CardContent]
    digests: Mapping[str, DigestRule | None]

    def card_in(self, channel: ChannelId) -> CardContent:
        """Return what is chosen for a card in `channel`."""
        return self.cards.get(channel, NOTHING_MORE)


class RouteConfig(Chosen):
    """One route."""

    channel: Channel | None = None
    """Where its incidents are shown: the id of a channel. One of `channel`, `channels` and `ignore` is needed."""
    channels: tuple[Channel, ...] = ()
    """Several channels; the first one is home, where lines are broadcast."""
    ignore: bool = False
    """With `true` its incidents are shown nowhere."""
    verbosity: Verbosity | None = None
    """As `routing.verbosity`, for this route's threads."""
    broadcast: frozenset[BroadcastKind] | None = None
    """As `routing.broadcast`, for this route's threads."""
    card_fields: CardFields | None = None
    """As `routing.card_fields`, for this route's cards."""
    card_links: CardLinks | None = None
    """As `routing.card_links`, for this route's cards."""
    card_images: bool | None = None
    """As `routing.card_images`, for this route's cards."""
    show_changes: bool | None = None
    """As `routing.show_changes`, for this route's cards."""
    digest_above: PerMinute | None = None
    """As `routing.digest_above`, for this route's incidents."""
    digest_priorities: frozenset[Name] | None = None
    """As `routing.digest_priorities`, for this route's incidents."""

    @property
    def all_channels(self) -> tuple[str, ...]:
        """The channels of this route; the first is home."""
        return (self.channel,) if self.channel else self.channels

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if [self.channel is not None, bool(self.channels), self.ignore].count(True) != 1:
            raise ValueError("needs one of channel, channels or ignore = true")
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("names a channel twice")
        return self


class RoutingConfig(Table):
    """The first route that matches wins, then `default_channel`."""

    default_channel: Channel | None = None
    """Where incidents are shown that no route takes, but for those of private teams. Without it, nowhere."""
    verbosity: Verbosity = "changes"
    """A thread's lines: `all`, `changes` (not what automation does), or `state` (states and escalations)."""
    broadcast: frozenset[BroadcastKind] = frozenset()
    """The lines that the whole channel reads: `escalated` (or unanswered again), `reopened`."""
    withheld_lines: Literal["keep", "delete"] = "keep"
    """The lines of an incident that comes to a private team, where it was public: `keep` or `delete` them."""
    card_fields: CardFields = ()
    """
    Fields of the first alert on the card, ten at most: the path of each, or its path and `label`. A new choice holds
    for alerts that are read from then on.
    """
    card_links: CardLinks = ()
    """Link buttons on the card, five at most."""
    card_images: bool = False
    """With `true` the card links to three images of the first alert at most, where their addresses are https."""
    show_changes: bool = False
    """With `true` the card shows what has changed, but its state, as it was before, struck through, for ten minutes."""
    digest_above: PerMinute = 0
    """
    After so many new incidents in a channel within a minute, less important ones share one card; 0 for never. After 25
    in all channels that have this, so do less important ones where a channel has had another within the minute.
    """
    digest_priorities: frozenset[Name] = frozenset()
    """The priorities that are less important, by id or name. Without any, or without a priority, low urgency is."""
    routes: tuple[RouteConfig, ...] = ()
    """The routes, in their order; the first that matches wins."""

    def route(self, snapshot: Snapshot) -> Route:
        """Find the channels for an incident as it is now."""
        place = next((place for place, each in enumerate(self.routes) if not each.mismatch(snapshot)), -1)
        return _routes(self)[place]

    @property
    def digest_channels(self) -> frozenset[str]:
        """The channels in which some incidents may share a card."""
        return frozenset(channel for route in _routes(self) for channel in route.channels if route.digests[channel])

    @property
    def alert_paths(self) -> tuple[str, ...]:
        """The paths of all fields that any route chooses: an incident's route may change after its alert was read."""
        chosen = (self.card_fields, *(route.card_fields or () for route in self.routes))
        return tuple(dict.fromkeys(each.path for fields in chosen for each in fields))

    @property
    def keeps_images(self) -> bool:
        """Whether any route shows images."""
        return self.card_images or any(route.card_images for route in self.routes)

    @model_validator(mode="after")
    def _keeps_few_fields(self) -> Self:
        if len(self.alert_paths) > MOST_PATHS:
            raise ValueError(f"chooses more than {MOST_PATHS} different fields in all card_fields together")
        return self

    def mismatches(self, snapshot: Snapshot) -> tuple[str, ...]:
        """For each route before the one that takes the incident, or for all, name the field that does not match."""
        return tuple(takewhile(bool, (candidate.mismatch(snapshot) for candidate in self.routes)))


@lru_cache(maxsize=8)
def _routes(routing: RoutingConfig) -> tuple[Route, ...]:
    """Make what each entry decides for the incidents that it takes; the last is for those that none takes."""
    default, made = (routing.default_channel,) if routing.default_channel else (), []
    # For a card that another entry put into the channel: the choice of the channel's first entry.
    first = {channel: each for each in reversed(routing.routes) for channel in each.all_channels}
    for each in (*routing.routes, None):
        own = each.all_channels if each else default
        chosen = {**dict.fromkeys(default), **first, **dict.fromkeys(own, each)}
        made.append(
            Route(
                tuple(ChannelId(channel) for channel in own),
                named=each is not None,
                verbosity=(each and each.verbosity) or routing.verbosity,
                broadcast=routing.broadcast if each is None or each.broadcast is None else each.broadcast,
                cards={channel: _card(routing, by) for channel, by in chosen.items()},
                digests={channel: _digest(routing, by) for channel, by in chosen.items()},
            )
        )
    return tuple(made)


def _card(routing: RoutingConfig, route: RouteConfig | None) -> CardContent:
    fields = routing.card_fields if route is None or route.card_fields is None else route.card_fields
    links = routing.card_links if route is None or route.card_links is None else route.card_links
    images = routing.card_images if route is None or route.card_images is None else route.card_images
    changes = routing.show_changes if route is None or route.show_changes is None else route.show_changes
    return CardContent(tuple(field.chosen for field in fields), tuple(link.chosen for link in links), images, changes)


def _digest(routing: RoutingConfig, route: RouteConfig | None) -> DigestRule | None:
    above = routing.digest_above if route is None or route.digest_above is None else route.digest_above
    every, own = routing.digest_priorities, route.digest_priorities if route else None
    return DigestRule(above, every if own is None else own) if above else None


class ReminderConfig(Chosen):
    """After how long without anybody's work an acknowledged incident's thread asks whether it is still worked on."""

    after: Duration
    """How long: such as `30m`, `2h`, `1d`, or `never`."""
    unacknowledge_after: Duration = "never"
    """How long after the question the acknowledgement is taken back, if no one answers: PagerDuty escalates again."""
    in_name_of: SlackUser | None = None
    """In whose name it is taken back: the id of a Slack user who is linked and may do it."""

    @property
    def after_ms(self) -> int | None:
        """The time until the question in milliseconds, None for never."""
        return milliseconds(self.after)

    @property
    def unacknowledge_ms(self) -> int | None:
        """The time from then on until it is taken back, None for never."""
        return milliseconds(self.unacknowledge_after)

    @model_validator(mode="after")
    def _names_who(self) -> Self:
        if (self.unacknowledge_after == "never") is not (self.in_name_of is None):
            raise ValueError("needs both unacknowledge_after and in_name_of, or neither")
        return self


DurabilityLevel = Literal["memory", "fsync", "replica"]
"""The place that an acknowledgement waits for: none, the disk of the server, or that and a replica."""


class BridgeConfig(Table):
    """All of `bridge.toml`."""

    durability: DurabilityLevel = "fsync"
    """An answer to PagerDuty or Slack waits for this: `memory`, `fsync` (the disk), or `replica` (and one replica)."""
    timeline_canvas: bool = False
    """With `true` the command `timeline` also makes a Slack canvas that only the person who typed it can open."""
    routing: RoutingConfig = RoutingConfig()
    identity: IdentityConfig = IdentityConfig()
    authorization: AuthorizationConfig = AuthorizationConfig()
    notify: NotifyConfig = NotifyConfig()
    reminders: tuple[ReminderConfig, ...] = ()
    """When a thread asks whether an acknowledged incident is still worked on; the first that matches holds."""
    handovers: Annotated[tuple[HandoverConfig, ...], AfterValidator(each_once)] = ()
    """The channels in which each shift is handed over to the next."""
    incident_channels: IncidentChannelsConfig | None = None
    oncall_groups: Annotated[tuple[OncallGroupConfig, ...], AfterValidator(written_once)] = ()
    """The user groups and channel topics that follow who is on call."""

    @property
    def fingerprint(self) -> int:
        """A number of 48 bits that is the same for the same settings, in every process, however they are written."""
        return int.from_bytes(sha256(repr(_ordered(self.model_dump())).encode()).digest()[:6])

    def handover(self, channel: ChannelId) -> HandoverConfig | None:
        """Find the handover of a channel, None if it has none."""
        return next((each for each in self.handovers if each.channel == channel), None)

    def oncall_group(self, named: IncidentId) -> OncallGroupConfig | None:
        """Find the entry that follows who is on call by what names it in a work queue, None if there is none."""
        return next((each for each in self.oncall_groups if each.id == named), None)

    def reminder(self, snapshot: Snapshot) -> ReminderConfig | None:
        """Find what holds for the acknowledgement of an incident, None if nothing."""
        return next((each for each in self.reminders if not each.mismatch(snapshot)), None)


def _ordered(value: object) -> object:
    """Return a value in which nothing stands in an order that only this process has."""
    match value:
        case Mapping():
            return sorted((str(key), _ordered(each)) for key, each in value.items())
        case list() | tuple():
            return [_ordered(each) for each in value]
        case set() | frozenset():
            return sorted(map(str, value))
    return str(value)


TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): BridgeConfig,
    ("routing",): RoutingConfig,
    ("routing", "routes"): RouteConfig,
    ("routing", "card_fields"): CardFieldConfig,
    ("routing", "card_links"): CardLinkConfig,
    ("routing", "routes", "card_fields"): CardFieldConfig,
    ("routing", "routes", "card_links"): CardLinkConfig,
    ("identity",): IdentityConfig,
    ("authorization",): AuthorizationConfig,
    ("reminders",): ReminderConfig,
    ("handovers",): HandoverConfig,
    ("notify",): NotifyConfig,
    ("incident_channels",): IncidentChannelsConfig,
    ("incident_channels", "automatic"): AutomaticChannelConfig,
    ("oncall_groups",): OncallGroupConfig,
}
"""Every table of `bridge.toml`, by its name."""


@dataclass
class LiveConfig:
    """The `bridge.toml` in force; `current` is replaced as a whole when the file is read again."""

    current: BridgeConfig
