"""The installed app, read from a Slack app manifest. Without a manifest, an app that may do and receive anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


class ManifestError(ValueError):
    """The manifest is not one Slack would install. The message names the place."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command of the app, with its leading slash."""

    command: str
    description: str
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class AppShortcut:
    """A shortcut from the composer (global) or from a message's menu (message)."""

    callback_id: str
    name: str
    type: Literal["global", "message"]
    description: str = ""


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """What the workspace knows of the app. `None` in commands, shortcuts, events or scopes means: all of them."""

    name: str = "Kakehashi"
    bot_name: str = "kakehashi"
    commands: tuple[SlashCommand, ...] | None = None
    shortcuts: tuple[AppShortcut, ...] | None = None
    events: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    home_tab: bool = True
    messages_tab: bool = True
    interactive: bool = True

    def receives(self, event: str) -> bool:
        """Whether the app has subscribed to an event; messages are named per kind of channel, `message.im`."""
        return self.events is None or event in self.events

    def command(self, name: str) -> SlashCommand | None:
        """The command of that name, or None where the app has none."""
        if self.commands is None:
            return SlashCommand(name, "")
        return next((known for known in self.commands if known.command == name), None)


ANY_APP = InstalledApp()


def _section(holder: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = holder.get(key, {})
    if not isinstance(value, Mapping):
        raise ManifestError(f"{where}{key} must be an object")
    return value


def read_manifest(document: Mapping[str, Any]) -> InstalledApp:
    """Reads a manifest (the JSON form). Raises `ManifestError` where it lacks what Slack requires."""
    information = _section(document, "display_information", "")
    name = information.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 35:
        raise ManifestError("display_information.name must be a string of 1 to 35 characters")
    features = _section(document, "features", "")
    settings = _section(document, "settings", "")
    home = _section(features, "app_home", "features.")
    bot_user = _section(features, "bot_user", "features.")
    scopes = _section(_section(document, "oauth_config", ""), "scopes", "oauth_config.")
    subscriptions = _section(settings, "event_subscriptions", "settings.")
    commands = tuple(_command(entry, place) for place, entry in enumerate(features.get("slash_commands", ())))
    shortcuts = tuple(_shortcut(entry, place) for place, entry in enumerate(features.get("shortcuts", ())))
    return InstalledApp(
        name=name,
        bot_name=str(bot_user.get("display_name") or name).lower().replace(" ", "_"),
        commands=commands,
        shortcuts=shortcuts,
        events=frozenset(subscriptions.get("bot_events", ())),
        scopes=frozenset(scopes.get("bot", ())),
        home_tab=bool(home.get("home_tab_enabled", False)),
        messages_tab=bool(home.get("messages_tab_enabled", True)),
        interactive=bool(_section(settings, "interactivity", "settings.").get("is_enabled", False)),
    )


def _command(entry: Mapping[str, Any], place: int) -> SlashCommand:
    where = f"features.slash_commands[{place}]"
    command = entry.get("command")
    if not isinstance(command, str) or not command.startswith("/") or not 2 <= len(command) <= 32:
        raise ManifestError(f"{where}.command must begin with / and be at most 32 characters")
    description = entry.get("description")
    if not isinstance(description, str) or not description:
        raise ManifestError(f"{where}.description is required")
    hint = str(entry.get("usage_hint") or "")
    return SlashCommand(command, description, hint, bool(entry.get("should_escape", False)))


def _shortcut(entry: Mapping[str, Any], place: int) -> AppShortcut:
    where = f"features.shortcuts[{place}]"
    kind = entry.get("type")
    if kind not in ("global", "message"):
        raise ManifestError(f"{where}.type must be global or message")
    callback, name = entry.get("callback_id"), entry.get("name")
    if not isinstance(callback, str) or not callback or len(callback) > 255:
        raise ManifestError(f"{where}.callback_id is required, at most 255 characters")
    if not isinstance(name, str) or not 1 <= len(name) <= 24:
        raise ManifestError(f"{where}.name is required, at most 24 characters")
    return AppShortcut(callback, name, "global" if kind == "global" else "message", str(entry.get("description") or ""))
