"""The left column: team, who I am, channels, apps, direct messages."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from nicegui.element import Element

from bot.workspace.page.blocks import digest
from bot.workspace.page.faces import Face
from bot.workspace.page.parts import Row, Rows, Surface, box, still
from bot.workspace.page.still import attributes
from bot.workspace.page.wording import Voice

Json = dict[str, Any]

HASH = '<span class="kk-hash" aria-hidden="true">#</span>'
LOCK = (
    '<span class="kk-hash" aria-hidden="true"><svg viewBox="0 0 20 20">'
    '<path d="M5 9h10v8H5z M7 9V6.5a3 3 0 0 1 6 0V9"/></svg></span>'
)

GROUP = (
    '<span class="kk-hash" aria-hidden="true"><svg viewBox="0 0 20 20">'
    '<circle cx="7.5" cy="7" r="2.8"/><path d="M2 16c.6-3.4 2.6-5 5.5-5s4.9 1.6 5.5 5'
    'M13 4.6a2.6 2.6 0 0 1 0 4.9M15 11.3c1.7.7 2.7 2.3 3 4.7"/></svg></span>'
)


class Sidebar:
    """The column's rows, redrawn row by row. Presses arrive at `surface` as acts 'channel', 'dm' and 'app'."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        with surface:
            self._rows = Rows(box("kk-side"))

    def show(self, screen: Json, selected: str, voice: Voice) -> None:
        """Draws the column for a screen with one conversation selected ('' for none)."""
        say = voice.say
        bot = screen["app"]["bot_user"]
        me = screen["user"]["id"]
        rows = [
            _row("team", f'<div class="kk-team" data-testid="team">{html.escape(screen["team"]["name"])}</div>'),
            _row("people", _people(screen, voice)),
            _row("channels-head", f"<h2>{html.escape(say('channels'))}</h2>"),
        ]
        channels = [each for each in screen["channels"] if each["kind"] == "channel"]
        rows += [_channel(each, selected, voice) for each in channels]
        direct = {each["with"]: each for each in screen["channels"] if each["kind"] == "dm"}
        rows.append(_row("apps-head", f"<h2>{html.escape(say('apps'))}</h2>"))
        rows.append(_app(screen["app"], direct.get(bot), selected, voice))
        rows.append(_row("dm-head", f"<h2>{html.escape(say('direct_messages'))}</h2>"))
        for user in screen["users"]:
            if not user["is_bot"]:
                rows.append(_person(user, direct.get(user["id"]), selected, voice, user["id"] == me))
        groups = [each for each in screen["channels"] if each["kind"] == "dm" and each["with"] is None]
        rows += [_channel(each, selected, voice, GROUP) for each in groups]
        self._rows.show(rows)


def _row(key: str, content: str) -> Row:
    return Row(key, content, lambda: still(content))


def _people(screen: Json, voice: Voice) -> str:
    """The switcher: every member as one face; a click makes this tab theirs, Ctrl+click opens them in another."""
    say = voice.say
    me = screen["user"]
    faces = ""
    for user in screen["users"]:
        if user["is_bot"]:
            continue
        current = user["id"] == me["id"]
        role = role_words(user, voice)
        label = f"{user['real_name']}{f' – {role}' if role else ''}"
        marks = attributes(
            href=f"/?as={user['id']}",
            title=label,
            aria_label=label,
            aria_current="true" if current else None,
            data_user=user["id"],
        )
        faces += f'<a class="kk-person"{marks}>{Face(user["id"], user["real_name"]).html()}</a>'
    role = role_words(me, voice)
    return (
        f'<div class="kk-switch" role="group" data-testid="person-switch" aria-label="{html.escape(say("people"))}">'
        f'<div class="kk-me">{Face(me["id"], me["real_name"]).html()}<span><strong data-testid="me">'
        f"{html.escape(me['real_name'])}</strong><small{attributes(title=role)}>{html.escape(role)}</small></span></div>"
        f'<div class="kk-people">{faces}</div></div>'
    )


def role_words(user: Mapping[str, Any], voice: Voice) -> str:
    """A member's title, or their role in the reader's language."""
    title = str(user.get("title") or "")
    role = str(user.get("role") or "")
    known = role in {"is", "fs", "manager", "marketing", "cs", "admin"}
    if title and (voice.language == "ja" or title.isascii() or not known):
        return title
    return voice.say(f"role.{role}") if known else title


def _marks(conversation: Json | None, voice: Voice) -> tuple[str, str, str]:
    """Extra class, badge and spoken words for what is unread."""
    unread = int((conversation or {}).get("unread") or 0)
    mentions = int((conversation or {}).get("mentions") or 0)
    if (conversation or {}).get("kind") == "dm":
        mentions = unread
    if not unread:
        return "", "", ""
    spoken = f'<span class="kk-spoken">{html.escape(voice.say("unread", n=unread))}</span>'
    badge = (
        f'<span class="kk-count-badge" data-testid="mentions" aria-hidden="true">{mentions}</span>' if mentions else ""
    )
    return " kk-unread", badge, spoken


def _item(
    key: str, face: str, name: str, classes: str, badge: str, spoken: str, extra: str = "", **marks: str | None
) -> Row:
    content = (
        f'<button type="button" class="kk-row{classes}"{attributes(**marks)}>{face}'
        f'<span class="kk-row-name"{attributes(title=name)}>{html.escape(name)}</span>{extra}{spoken}{badge}</button>'
    )
    return Row(key, digest(content), lambda: still(content))


def _channel(channel: Json, selected: str, voice: Voice, sign: str = "") -> Row:
    unread, badge, spoken = _marks(channel, voice)
    current = channel["id"] == selected
    classes = unread + (" kk-selected" if current else "") + ("" if channel["is_member"] else " kk-outside")
    return _item(
        channel["id"],
        sign or (LOCK if channel.get("is_private") else HASH),
        channel["name"],
        classes,
        badge,
        spoken,
        data_act="channel",
        data_target=channel["id"],
        data_channel=channel["id"],
        data_unread=str(channel["unread"]),
        aria_current="page" if current else None,
    )


def _person(user: Json, dm: Json | None, selected: str, voice: Voice, me: bool) -> Row:
    unread, badge, spoken = _marks(dm, voice)
    current = dm is not None and dm["id"] == selected
    you = f'<span class="kk-you">{html.escape(voice.say("you"))}</span>' if me else ""
    return _item(
        f"dm-{user['id']}",
        Face(user["id"], user["real_name"]).html("small"),
        user["real_name"],
        unread + (" kk-selected" if current else ""),
        badge,
        spoken,
        you,
        data_act="dm",
        data_target=user["id"],
        data_dm=user["id"],
        data_channel=dm["id"] if dm else None,
        data_unread=str(dm["unread"]) if dm else None,
        aria_current="page" if current else None,
    )


def _app(app: Json, dm: Json | None, selected: str, voice: Voice) -> Row:
    unread, badge, spoken = _marks(dm, voice)
    current = dm is not None and dm["id"] == selected
    return _item(
        "app",
        Face(app["bot_user"], app["name"], is_app=True).html("small"),
        app["name"],
        unread + (" kk-selected" if current else ""),
        badge,
        spoken,
        data_act="app",
        data_target=app["bot_user"],
        data_app=app["id"],
        data_channel=dm["id"] if dm else None,
        data_unread=str(dm["unread"]) if dm else None,
        aria_current="page" if current else None,
    )


def toggle(voice: Voice) -> Element:
    """The button that opens the column on a phone."""
    icon = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5.5h14M3 10h14M3 14.5h14"/></svg>'
    label = voice.say("menu")
    return still(icon, tag="button", type="button", aria_label=label, title=label, data_testid="menu").classes(
        "kk-icon-button kk-menu-toggle"
    )
