"""The app manifest, as far as it decides what the app is granted and told of. Source: Slack's manifest schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ShortcutKind = Literal["global", "message"]


@dataclass(frozen=True)
class Shortcut:
    """One entry of the shortcuts menu (`global`) or of the menu of every message."""

    name: str
    callback_id: str
    kind: ShortcutKind


@dataclass(frozen=True)
class Grants:
    """
    The features of an app, by its manifest. `literal_commands` are those whose text is not escaped.

    Unless it says otherwise it has no Home tab, and a Messages tab, without which nothing can be posted to a person.
    """

    name: str
    bot_name: str
    scopes: frozenset[str]
    commands: frozenset[str]
    literal_commands: frozenset[str]
    shortcuts: tuple[Shortcut, ...]
    events: frozenset[str]
    interactive: bool
    home_tab: bool
    messages_tab: bool
    socket_mode: bool

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> "Grants":
        """
        Read a parsed manifest. Optional scopes are not granted: the person who installs the app decides on them.

        Raises `ValueError` for a manifest that Slack would not take; only what is used here is looked at.
        """
        features, settings = _section(manifest, "features"), _section(manifest, "settings")
        scopes = _section(_section(manifest, "oauth_config"), "scopes").get("bot", [])
        name = _section(manifest, "display_information").get("name")
        if not name:
            raise ValueError("the manifest gives the app no name")
        commands = features.get("slash_commands", [])
        if commands and "commands" not in scopes:
            raise ValueError("slash commands need the scope `commands`")
        shortcuts = tuple(Shortcut(each["name"], each["callback_id"], each["type"]) for each in _shortcuts(features))
        if shortcuts and "commands" not in scopes:
            raise ValueError("shortcuts need the scope `commands`")
        return cls(
            name=name,
            bot_name=_section(features, "bot_user").get("display_name", name),
            scopes=frozenset(scopes),
            commands=frozenset(each["command"] for each in commands),
            literal_commands=frozenset(each["command"] for each in commands if not each.get("should_escape")),
            shortcuts=shortcuts,
            events=frozenset(_section(settings, "event_subscriptions").get("bot_events", [])),
            interactive=bool(_section(settings, "interactivity").get("is_enabled")),
            home_tab=bool(_section(features, "app_home").get("home_tab_enabled")),
            messages_tab=bool(_section(features, "app_home").get("messages_tab_enabled", True)),
            socket_mode=bool(settings.get("socket_mode_enabled")),
        )


def _shortcuts(features: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = features.get("shortcuts", [])
    for each in entries:
        if each.get("type") not in ("global", "message"):
            raise ValueError(f"the shortcut {each.get('name')!r} is of no kind that Slack knows")
    return entries


def _section(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = of.get(name, {})
    if not isinstance(part, Mapping):
        raise ValueError(f"{name} in the manifest is not a table")  # noqa: TRY004 - the value is wrong, not our call
    return part
