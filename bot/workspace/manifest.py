"""The installed app, read from a Slack app manifest. Without a manifest, an app that may do and receive anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
class RequestUrls:
    """Where an app that does not use Socket Mode wants to be told. `commands` names addresses of single commands,
    `every_command` that of all others."""

    events: str | None = None
    interactivity: str | None = None
    options: str | None = None
    commands: Mapping[str, str] = field(default_factory=dict)
    every_command: str | None = None

    @classmethod
    def one(cls, url: str) -> RequestUrls:
        """One address for everything, as Bolt apps have it."""
        return cls(url, url, url, {}, url)

    def command(self, name: str) -> str | None:
        """The address of a command, which begins with a slash."""
        return self.commands.get(name, self.every_command)

    def all(self) -> Iterator[str]:
        """Every address once."""
        named = (self.events, self.interactivity, self.options, self.every_command, *self.commands.values())
        yield from dict.fromkeys(url for url in named if url is not None)

    def __bool__(self) -> bool:
        return any(True for _ in self.all())


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """What the workspace knows of the app. `None` in commands, shortcuts, events or scopes means: all of them; `None`
    in `socket_mode` that nothing was said about it."""

    name: str = "Kakehashi"
    bot_name: str = "kakehashi"
    commands: tuple[SlashCommand, ...] | None = None
    shortcuts: tuple[AppShortcut, ...] | None = None
    events: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    home_tab: bool = True
    messages_tab: bool = True
    interactive: bool = True
    socket_mode: bool | None = None
    urls: RequestUrls = RequestUrls()
    assistant: bool = True
    redirect_urls: tuple[str, ...] = ()
    rotates: bool = False
    """Whether the bot's tokens end and are renewed."""

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
    interactivity = _section(settings, "interactivity", "settings.")
    socket_mode = settings.get("socket_mode_enabled")
    if socket_mode is not None and not isinstance(socket_mode, bool):
        raise ManifestError("settings.socket_mode_enabled must be true or false")
    urls = RequestUrls(
        _address(subscriptions, "request_url", "settings.event_subscriptions."),
        _address(interactivity, "request_url", "settings.interactivity."),
        _address(interactivity, "message_menu_options_url", "settings.interactivity."),
        {
            str(entry.get("command")): url
            for place, entry in enumerate(features.get("slash_commands", ()))
            if (url := _address(entry, "url", f"features.slash_commands[{place}].")) is not None
        },
    )
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
        interactive=bool(interactivity.get("is_enabled", False)),
        socket_mode=socket_mode,
        urls=urls,
        assistant="assistant_view" in features,
        redirect_urls=tuple(map(str, _section(document, "oauth_config", "").get("redirect_urls", ()))),
        rotates=bool(settings.get("token_rotation_enabled", False)),
    )


def _address(holder: Mapping[str, Any], key: str, where: str) -> str | None:
    value = holder.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ManifestError(f"{where}{key} must be an address")
    return value


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
