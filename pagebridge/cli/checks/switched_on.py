"""Pure: the parts of `bridge.toml` that are off unless it switches them on, and what each does as it is set."""

from collections.abc import Collection, Iterator

from pagebridge.cli.checks.findings import Check, passed
from shared.config.bridge_config import BridgeConfig, RoutingConfig

LINKING = {
    "off": "",
    "oauth": "people link themselves by signing in to PagerDuty",
    "admin": "people ask to be linked, and an admin approves it",
}
NONE = "none is switched on; `pagebridge settings --bridge-example` shows them"


def switched_on(config: BridgeConfig) -> list[Check]:
    """Return one line for each optional part that is on, by its key; one that says so if none is."""
    found = [Check(key, passed(f"on: {words}")) for key, words in _parts(config) if words]
    return found or [Check("optional parts", passed(NONE))]


def _parts(config: BridgeConfig) -> Iterator[tuple[str, str]]:
    """Give the key of each optional part, and what it does here; empty if it is off."""
    reminders = [each for each in config.reminders if each.after != "never"]
    yield "digest_above", _digest(config.routing)
    yield "[notify]", "people can ask for direct messages" if config.notify.enabled else ""
    yield "[incident_channels]", _channels(config)
    yield "[[oncall_groups]]", _groups(config)
    yield "[[handovers]]", _told("each shift is handed over in", config.handovers, "channel")
    yield "[[reminders]]", _told("forgotten acknowledgements are asked about, by", reminders, "entry", "entries")
    yield "linking", LINKING[config.identity.linking]
    yield from _cards(config.routing)
    yield "timeline_canvas", "the command `timeline` also makes a canvas" if config.timeline_canvas else ""


def _digest(routing: RoutingConfig) -> str:
    where = _told("in a storm less important incidents share one card, in", routing.digest_channels, "channel")
    return where + (
        f"; less important: {', '.join(sorted(routing.digest_priorities))}"
        if where and routing.digest_priorities
        else ""
    )


def _channels(config: BridgeConfig) -> str:
    channels = config.incident_channels
    if channels is None:
        return ""
    alone = _told(", and by itself for", channels.automatic, "kind of incident", "kinds of incident")
    return f"an incident gets a channel on demand{alone}"


def _groups(config: BridgeConfig) -> str:
    groups = [each.group for each in config.oncall_groups if each.group]
    topics = [each.channel for each in config.oncall_groups if each.channel]
    followed = [_count(groups, "user group"), _count(topics, "channel topic")]
    named = " and ".join(filter(None, followed))
    return f"{named} name who is on call" if named else ""


def _cards(routing: RoutingConfig) -> Iterator[tuple[str, str]]:
    """Give what cards show besides, taken together over all routes."""
    chosen = (routing.card_links, *(route.card_links or () for route in routing.routes))
    links = {link.label for part in chosen for link in part}
    yield (
        "card_fields",
        _told("cards show", routing.alert_paths, "field of the first alert", "fields of the first alert"),
    )
    yield "card_links", _told("cards have", links, "link button")
    yield "card_images", "cards link to the first alert's images" if routing.keeps_images else ""
    old_values = routing.show_changes or any(route.show_changes for route in routing.routes)
    yield "show_changes", "cards show what has changed as it was before, for ten minutes" if old_values else ""


def _told(words: str, each: Collection[object], one: str, many: str = "") -> str:
    """Return the words and how many there are; empty if there is none."""
    return f"{words} {_count(each, one, many)}" if each else ""


def _count(each: Collection[object], one: str, many: str = "") -> str:
    return f"{len(each)} {one if len(each) == 1 else many or f'{one}s'}" if each else ""
