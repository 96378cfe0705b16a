"""Which channels an incident is shown in. Pure: the first route of `bridge.toml` that matches decides."""

from dataclasses import dataclass

from shared.bridge_config import RouteConfig, RoutingConfig
from shared.model.event import Ref, Snapshot
from shared.model.ids import ChannelId
from shared.model.telling import Loud, Verbosity


@dataclass(frozen=True)
class Route:
    """
    Where an incident goes; the first channel is home.

    No channels: it is counted and not shown, because a route says so, or because none takes it and there is no default.
    `named` tells a route that somebody wrote down for such incidents from the default channel, where incidents of
    private teams are never shown. `verbosity` and `broadcast` say what its threads tell, and what of it aloud.
    """

    channels: tuple[ChannelId, ...]
    named: bool
    verbosity: Verbosity
    broadcast: frozenset[Loud]


def route(snapshot: Snapshot, config: RoutingConfig) -> Route:
    """Find the channels for an incident as it is now."""
    for candidate in config.routes:
        if _takes(candidate, snapshot):
            channels = tuple(ChannelId(channel) for channel in candidate.all_channels)
            verbosity = candidate.verbosity or config.verbosity
            broadcast = config.broadcast if candidate.broadcast is None else candidate.broadcast
            return Route(channels, named=True, verbosity=verbosity, broadcast=broadcast)
    default = (ChannelId(config.default_channel),) if config.default_channel else ()
    return Route(default, named=False, verbosity=config.verbosity, broadcast=config.broadcast)


def _takes(candidate: RouteConfig, snapshot: Snapshot) -> bool:
    """Every field that the route gives must match."""
    return (
        _is(candidate.service, (snapshot.service,))
        and _is(candidate.team, snapshot.teams)
        and _is(candidate.priority, (snapshot.priority,))
        and candidate.urgency in (None, snapshot.urgency)
    )


def _is(wanted: str | None, refs: tuple[Ref | None, ...]) -> bool:
    """Match by id, or by name as PagerDuty gives it."""
    return wanted is None or any(ref is not None and wanted in (ref.id, ref.name) for ref in refs)
