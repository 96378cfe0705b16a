"""Which channels an incident is shown in. Pure: the first route of `bridge.toml` that matches decides."""

from dataclasses import dataclass
from itertools import takewhile

from shared.config.bridge_config import RouteConfig, RoutingConfig
from shared.model.event import Ref, Snapshot
from shared.model.ids import ChannelId
from shared.model.thread_layout import BroadcastKind, Verbosity


@dataclass(frozen=True)
class Route:
    """
    Where an incident is shown; the first channel is home.

    No channels: it is counted and not shown, because a route says so, or because none matches and there is no default.
    `named` is false for the default channel, where incidents of private teams are never shown. `verbosity` and
    `broadcast` configure the thread.
    """

    channels: tuple[ChannelId, ...]
    named: bool
    verbosity: Verbosity
    broadcast: frozenset[BroadcastKind]


def route(snapshot: Snapshot, config: RoutingConfig) -> Route:
    """Find the channels for an incident as it is now."""
    for candidate in config.routes:
        if _matches(candidate, snapshot):
            channels = tuple(ChannelId(channel) for channel in candidate.all_channels)
            verbosity = candidate.verbosity or config.verbosity
            broadcast = config.broadcast if candidate.broadcast is None else candidate.broadcast
            return Route(channels, named=True, verbosity=verbosity, broadcast=broadcast)
    default = (ChannelId(config.default_channel),) if config.default_channel else ()
    return Route(default, named=False, verbosity=config.verbosity, broadcast=config.broadcast)


def mismatches(snapshot: Snapshot, config: RoutingConfig) -> tuple[str, ...]:
    """For each route before the one that takes the incident, or for all of them, name the field that does not match."""
    fields = (_mismatch(candidate, snapshot) for candidate in config.routes)
    return tuple(takewhile(bool, fields))


def _matches(candidate: RouteConfig, snapshot: Snapshot) -> bool:
    return not _mismatch(candidate, snapshot)


def _mismatch(candidate: RouteConfig, snapshot: Snapshot) -> str:
    """Every field that the route gives must match: name the first that does not, empty for none."""
    matches = {
        "service": _is(candidate.service, (snapshot.service,)),
        "team": _is(candidate.team, snapshot.teams),
        "priority": _is(candidate.priority, (snapshot.priority,)),
        "urgency": candidate.urgency in (None, snapshot.urgency),
    }
    return next((name for name, does in matches.items() if not does), "")


def _is(wanted: str | None, refs: tuple[Ref | None, ...]) -> bool:
    """Match by id, or by name as PagerDuty gives it."""
    return wanted is None or any(ref is not None and wanted in (ref.id, ref.name) for ref in refs)
