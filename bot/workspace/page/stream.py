"""A stream of messages: a channel's newest ones, or a thread."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nicegui import ui
from nicegui.element import Element

from bot.workspace.assistant import ROOT_SUBTYPE
from bot.workspace.page import mrkdwn
from bot.workspace.page.blocks import build_block, digest
from bot.workspace.page.controls import Place
from bot.workspace.page.emoji import EMOJI
from bot.workspace.page.emoji_art import picture
from bot.workspace.page.faces import Face
from bot.workspace.page.form import Form
from bot.workspace.page.mrkdwn import Names
from bot.workspace.page.parts import Row, Rows, Surface, box, still
from bot.workspace.page.still import attributes, block_html, file_html, is_still

Json = dict[str, Any]

# Messages of one author within this many seconds stand under one name, as in every messenger.
TOGETHER = 300
_PIN = '<path d="M7 3h6M8 3v5l-2.5 3h9L12 8V3M10 11v6"/>'
QUICK_REACTIONS = ("+1", "white_check_mark", "eyes", "pray")


@dataclass(frozen=True)
class Setting:
    """What a stream needs to know around its messages."""

    names: Names
    bot_user: str
    place_of: Callable[[Json], Place]
    file_url: Callable[[str], str]
    today: date
    shortcuts: Sequence[Json] = ()
    # What the app calls the threads that were opened with it, by the timestamp of their parents.
    titles: Mapping[str, str] = field(default_factory=dict)
    in_thread: bool = False


class Stream:
    """The messages inside one surface, redrawn message by message."""

    def __init__(self, surface: Surface) -> None:
        with surface:
            self._container = box("kk-stream")
        self._rows = Rows(self._container)
        # What a person chose in a message's selects stays while the message itself is redrawn.
        self.forms: dict[str, Form] = {}

    def form_of(self, message: Json) -> Form:
        """The form of a message's own elements."""
        return self.forms.setdefault(message["ts"], Form(message.get("state")))

    def show(self, messages: Sequence[Json], setting: Setting, *, before: Sequence[Row] = ()) -> None:
        """Draws messages, oldest first, behind the rows of `before`."""
        rows = list(before)
        previous: Json | None = None
        day: date | None = None
        for message in messages:
            moment = setting.names.voice.moment(message["ts"])
            if moment.date() != day and not setting.in_thread:
                day = moment.date()
                rows.append(_divider(setting.names.voice.day(day, setting.today), day.isoformat()))
                previous = None
            grouped = previous is not None and _together(previous, message)
            # What the person chose in the message's own elements stands in them already: no reason to build anew.
            content = {key: value for key, value in message.items() if key != "state"}
            kind = (digest(content), grouped, setting.in_thread, setting.titles.get(message["ts"]))
            build, amend = self._builder(message, setting, grouped)
            rows.append(Row(message["ts"], kind, build, amend))
            previous = message
        self._rows.show(rows)
        shown = {row.key for row in rows}
        for ts in [ts for ts in self.forms if ts not in shown]:
            del self.forms[ts]

    @staticmethod
    def _builder(
        message: Json, setting: Setting, grouped: bool
    ) -> tuple[Callable[[], Element], Callable[[Element], bool]]:
        return lambda: _build(message, setting, grouped), lambda element: _amend(element, message, setting, grouped)


def _divider(words: str, key: str) -> Row:
    inside = f'<span class="kk-day">{html.escape(words)}</span>'
    return Row(f"day-{key}", words, lambda: still(inside, role="separator").classes("kk-day-line"))


def _together(before: Json, after: Json) -> bool:
    same = all(before.get(key) == after.get(key) for key in ("user", "bot_id", "username", "ephemeral"))
    near = float(after["ts"]) - float(before["ts"]) < TOGETHER
    return same and near and not before.get("reply_count") and not after.get("ephemeral") and not _system(after)


def _system(message: Json) -> bool:
    return message.get("subtype") in {"channel_join", "channel_leave", "channel_topic", "channel_purpose"}


def _classes(message: Json, setting: Setting, grouped: bool) -> str:
    classes = "kk-message"
    if grouped:
        classes += " kk-grouped"
    if message.get("ephemeral"):
        classes += " kk-ephemeral"
    if setting.names.me and f"<@{setting.names.me}>" in str(message.get("text") or ""):
        classes += " kk-for-me"
    if message.get("pinned"):
        classes += " kk-pinned"
    if message.get("streaming"):
        classes += " kk-streaming"
    return classes


def _all_still(message: Json) -> bool:
    return all(is_still(block) for block in message.get("blocks") or [])


def _still_html(message: Json, setting: Setting, grouped: bool) -> str:
    inside = _still_content(message, setting)
    return f"{_head(message, setting, grouped)}{inside}</div>{_foot(message, setting)}"


def _amend(element: Element, message: Json, setting: Setting, grouped: bool) -> bool:
    """Brings a message that was drawn as HTML alone up to its new content, where that is HTML alone too."""
    if not isinstance(element, ui.html) or not _all_still(message):
        return False
    element.set_content(_still_html(message, setting, grouped))
    element.classes(replace=_classes(message, setting, grouped))
    return True


def _build(message: Json, setting: Setting, grouped: bool) -> Element:
    names = setting.names
    classes = _classes(message, setting, grouped)
    marks = {
        "data_ts": message["ts"],
        "data_user": message.get("user") or "",
        "data_ephemeral": "true" if message.get("ephemeral") else None,
        "role": "article",
        "tabindex": "-1",
        "aria_label": _author(message, setting).name + " " + names.voice.full(message["ts"]),
    }
    blocks = message.get("blocks") or []
    if _all_still(message):
        return still(_still_html(message, setting, grouped), tag="div", **marks).classes(classes)
    root = box(classes, **marks)
    place = setting.place_of(message)
    with root:
        still(_gutter(message, setting, grouped), tag="div").classes("kk-gutter")
        with box("kk-body"):
            if byline := _byline(message, setting, grouped):
                still(byline)
            for block in blocks:
                build_block(block, place)
            if rest := _attachments(message, setting) + _files(message, setting):
                still(rest)
            still(_reactions(message, setting))
        label = names.voice.say("more_actions")
        still(_toolbar(message, setting), role="toolbar", aria_label=label).classes("kk-toolbar")
    return root


def _head(message: Json, setting: Setting, grouped: bool) -> str:
    gutter = f'<div class="kk-gutter">{_gutter(message, setting, grouped)}</div>'
    return f'{gutter}<div class="kk-body">{_byline(message, setting, grouped)}'


def _foot(message: Json, setting: Setting) -> str:
    label = html.escape(setting.names.voice.say("more_actions"))
    return f'<div class="kk-toolbar" role="toolbar" aria-label="{label}">{_toolbar(message, setting)}</div>'


def _author(message: Json, setting: Setting) -> Face:
    user = str(message.get("user") or message.get("bot_id") or "")
    name = str(message.get("username") or setting.names.users.get(user) or user)
    return Face(user, name, is_app=bool(message.get("bot_id")) or user in {setting.bot_user, "USLACKBOT"})


def _gutter(message: Json, setting: Setting, grouped: bool) -> str:
    if grouped:
        return f'<span class="kk-gutter-time">{html.escape(setting.names.voice.clock(message["ts"]))}</span>'
    return _author(message, setting).html()


def _byline(message: Json, setting: Setting, grouped: bool) -> str:
    voice = setting.names.voice
    note = ""
    if message.get("ephemeral"):
        note = (
            '<div class="kk-only-you" data-testid="only-you"><svg viewBox="0 0 20 20" aria-hidden="true">'
            '<path d="M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5z"/><circle cx="10" cy="10" r="2.3"/></svg>'
            f"{html.escape(voice.say('only_you'))}</div>"
        )
    if message.get("pinned"):
        note += (
            f'<div class="kk-only-you" data-testid="pinned"><svg viewBox="0 0 20 20" aria-hidden="true">{_PIN}</svg>'
            f"{html.escape(voice.say('pinned'))}</div>"
        )
    if grouped:
        return note
    face = _author(message, setting)
    badge = f'<span class="kk-badge">{html.escape(voice.say("app"))}</span>' if face.is_app else ""
    stamp = html.escape(voice.clock(message["ts"]))
    full = html.escape(voice.full(message["ts"]))
    return (
        f'{note}<div class="kk-byline"><span class="kk-author">{html.escape(face.name)}</span>{badge}'
        f'<time class="kk-time" title="{full}">{stamp}</time></div>'
    )


def _still_content(message: Json, setting: Setting) -> str:
    names = setting.names
    blocks = message.get("blocks") or []
    if blocks:
        inside = "".join(block_html(block, names) for block in blocks)
    else:
        text = str(message.get("text") or "")
        if message.get("subtype") == ROOT_SUBTYPE:
            text = setting.titles.get(message["ts"]) or names.voice.say("new_talk")
        inside = f'<div class="kk-text">{mrkdwn.render(text, names)}</div>' if text else ""
    if _system(message):
        inside = f'<div class="kk-system">{inside}</div>'
    return inside + _attachments(message, setting) + _files(message, setting) + _reactions(message, setting)


def _attachments(message: Json, setting: Setting) -> str:
    """Secondary attachments: the older way of cards, with a coloured edge."""
    out = []
    names = setting.names
    for attachment in message.get("attachments") or []:
        colour = str(attachment.get("color") or "")
        named = {"good": "#2e7d5b", "warning": "#b7791f", "danger": "#c0334d"}.get(colour, f"#{colour.lstrip('#')}")
        edge = named if len(named) in {4, 7} and named[1:].isalnum() else "#c9ced8"
        inside = ""
        if attachment.get("author_name"):
            by = mrkdwn.link(str(attachment.get("author_link") or ""), mrkdwn.plain(str(attachment["author_name"])))
            inside += f'<div class="kk-muted">{by}</div>'
        if attachment.get("pretext"):
            out.append(f'<div class="kk-text">{mrkdwn.render(str(attachment["pretext"]), names)}</div>')
        if attachment.get("title"):
            title = mrkdwn.plain(str(attachment["title"]))
            inside += f"<strong>{mrkdwn.link(str(attachment.get('title_link') or ''), title)}</strong>"
        if attachment.get("text"):
            inside += f'<div class="kk-text">{mrkdwn.render(str(attachment["text"]), names)}</div>'
        for each in attachment.get("fields") or []:
            label, value = (
                mrkdwn.plain(str(each.get("title") or "")),
                mrkdwn.render(str(each.get("value") or ""), names),
            )
            inside += f'<div class="kk-field"><strong>{label}</strong><br>{value}</div>'
        inside += "".join(block_html(block, names) for block in attachment.get("blocks") or [])
        for name in ("image_url", "thumb_url"):
            if source := mrkdwn.safe_url(str(attachment.get(name) or "")):
                inside += f'<img class="kk-image-picture"{attributes(src=source, alt="", loading="lazy")}>'
        if attachment.get("footer"):
            inside += f'<div class="kk-muted">{mrkdwn.plain(str(attachment["footer"]))}</div>'
        out.append(f'<div class="kk-attachment" style="border-color:{html.escape(edge)}">{inside}</div>')
    return "".join(out)


def _files(message: Json, setting: Setting) -> str:
    files = [file for file in message.get("files") or [] if not file.get("deleted")]
    if not files:
        return ""
    cards = "".join(file_html(file, setting.file_url(file["id"]), setting.names) for file in files)
    return f'<div class="kk-files">{cards}</div>'


def _reactions(message: Json, setting: Setting) -> str:
    names = setting.names
    voice = names.voice
    edited = f' <span class="kk-edited">{html.escape(voice.say("edited"))}</span>' if message.get("edited") else ""
    chips = ""
    for reaction in message.get("reactions") or []:
        name, users = str(reaction["name"]), reaction.get("users") or []
        who = ", ".join(names.users.get(user, user) for user in users)
        mine = " kk-mine" if names.me in users else ""
        shown = picture(EMOJI[name]) if name in EMOJI else html.escape(f":{name}:")
        chips += (
            f'<button type="button" class="kk-reaction{mine}" title="{html.escape(who)}" '
            f'aria-label="{html.escape(f"{name} {len(users)}")}" aria-pressed="{"true" if mine else "false"}"'
            f"{attributes(data_act='react', data_name=name)}>{shown} "
            f"<span>{len(users)}</span></button>"
        )
    strip = f'<div class="kk-reactions">{chips}</div>' if chips else ""
    return edited + strip + ("" if setting.in_thread else _thread_link(message, setting))


def _thread_link(message: Json, setting: Setting) -> str:
    replies = int(message.get("reply_count") or 0)
    if not replies:
        return ""
    names = setting.names
    faces = "".join(
        Face(user, names.users.get(user, user), user == setting.bot_user).html("small")
        for user in (message.get("reply_users") or [])[:4]
    )
    return (
        f'<button type="button" class="kk-thread-link" data-act="thread">{faces}'
        f"<strong>{html.escape(names.voice.replies(replies))}</strong>"
        f'<span class="kk-muted">{html.escape(names.voice.say("view_thread"))}</span></button>'
    )


def _toolbar(message: Json, setting: Setting) -> str:
    if message.get("ephemeral"):
        return ""
    say = setting.names.voice.say
    out = ""
    for name in QUICK_REACTIONS:
        label = html.escape(say("react", name=f":{name}:"))
        out += (
            f'<button type="button" data-act="react" data-name="{name}" title="{label}" aria-label="{label}">'
            f"{picture(EMOJI[name])}</button>"
        )
    if not setting.in_thread:
        label = html.escape(say("reply"))
        out += (
            f'<button type="button" data-act="thread" data-reply="true" title="{label}" aria-label="{label}">'
            '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 4.5h14v9H9l-4 3v-3H3z"/></svg></button>'
        )
    for shortcut in setting.shortcuts:
        name = html.escape(str(shortcut["name"]))
        out += (
            f'<button type="button" class="kk-shortcut" data-act="shortcut" '
            f'data-callback="{html.escape(str(shortcut["callback_id"]))}">⚡ {name}</button>'
        )
    return out
