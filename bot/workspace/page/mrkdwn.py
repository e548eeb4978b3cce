"""Slack's mrkdwn as safe HTML.

Everything is escaped before any tag of our own is put around it, and only our own tags and attributes are ever
written, so text from customers or apps cannot bring markup, scripts or addresses other than http(s), mailto and tel
into the page. `Names` says how ids read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.workspace.page.emoji import with_emoji
from bot.workspace.page.emoji_art import with_art
from bot.workspace.page.wording import Voice


@dataclass(frozen=True)
class Names:
    """How the ids in a text read for one person.

    `users` and `channels` map ids to display names, `groups` those of user groups to handles;
    `me` is the reader's own id, whose mentions stand out.
    """

    voice: Voice
    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    me: str = ""


_SAFE_SCHEMES = {"http", "https", "mailto", "tel"}
_FENCE = re.compile(r"```(.*?)```", re.DOTALL)
_QUOTE = re.compile(r"^(?:&gt;|>) ?(.*)$")
_ITEM = re.compile(r"^(\s*)(?:([•◦▪‣\-])|(\d{1,3})\.) +(.*)$")
_INLINE = re.compile(
    r"<(?P<control>[^<>\n]+)>"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?P<url>https?://[^\s<>\"'`、。「」『』（）]+)",
)
_MARKS = {"*": "strong", "_": "em", "~": "s"}
_MARK = re.compile(r"(?<![^\W_])(?P<mark>[*_~])(?=\S)(?P<inner>(?:(?!(?P=mark)).)+?)(?<=\S)(?P=mark)(?![^\W_])")
# Finished pieces of HTML wait behind private-use characters while the text around them is styled.
_HELD = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = re.compile("[\ue000\ue001]")


def plain(text: str, *, emoji: bool = True) -> str:
    """Text of a plain_text object as HTML: escaped, emoji shown, lines kept."""
    shown = with_emoji(text) if emoji else text
    return with_art(html.escape(shown).replace("\n", "<br>"))


def safe_url(url: str) -> str | None:
    """The address if a person may be sent there (http, https, mailto, tel), else None."""
    cleaned = re.sub(r"[\x00-\x20\x7f]", "", url)
    try:
        scheme = urlsplit(cleaned).scheme.lower()
    except ValueError:
        return None
    return cleaned if scheme in _SAFE_SCHEMES else None


def link(url: str, label: str) -> str:
    """An anchor around label (already HTML), or the label alone where the address is not a safe one."""
    address = safe_url(url)
    if address is None:
        return label
    outside = ' target="_blank" rel="noopener noreferrer"' if address.lower().startswith("http") else ""
    return f'<a href="{html.escape(address)}"{outside}>{label}</a>'


def user(user_id: str, names: Names) -> str:
    """A mention of a person as HTML."""
    name = names.users.get(user_id, user_id)
    mine = " kk-mention-me" if user_id == names.me else ""
    return f'<span class="kk-mention{mine}" data-user="{html.escape(user_id)}">@{html.escape(name)}</span>'


def channel(channel_id: str, names: Names, label: str = "") -> str:
    """A mention of a channel as HTML; a known channel can be opened from it."""
    name = names.channels.get(channel_id, label or channel_id)
    if channel_id in names.channels:
        return (
            f'<button type="button" class="kk-mention kk-mention-channel" data-act="channel" '
            f'data-target="{html.escape(channel_id)}">#{html.escape(name)}</button>'
        )
    return f'<span class="kk-mention">#{html.escape(name)}</span>'


def usergroup(group_id: str, names: Names, label: str = "") -> str:
    """A mention of a user group as HTML."""
    shown = f"@{names.groups[group_id]}" if group_id in names.groups else label or f"@{group_id}"
    return f'<span class="kk-mention">{_escaped(shown)}</span>'


def broadcast(word: str) -> str:
    """@here, @channel or @everyone as HTML."""
    return f'<span class="kk-mention kk-mention-me">@{html.escape(word)}</span>'


def render(text: str, names: Names, *, verbatim: bool = False) -> str:
    """mrkdwn text (with Slack's &amp; &lt; &gt;) as HTML; `verbatim` leaves bare addresses unlinked."""
    pieces: list[str] = []
    parts = _FENCE.split(text)
    for index, part in enumerate(parts):
        if index % 2:
            inside = re.sub(r"<([^<>|\n]+\|)?([^<>\n]+)>", lambda found: found[2], part.strip("\n"))
            pieces.append(f"<pre>{_escaped(inside)}</pre>")
        elif part:
            # A fence stands on its own lines: the line breaks beside it are its own.
            before = part.removeprefix("\n") if index else part
            pieces.append(_lines(before.removesuffix("\n") if index + 1 < len(parts) else before, names, verbatim))
    return with_art("".join(pieces))


def _escaped(text: str) -> str:
    """Text with Slack's three entities, escaped for HTML exactly once."""
    decoded = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return html.escape(decoded)


def _lines(text: str, names: Names, verbatim: bool) -> str:
    out: list[str] = []
    quoted: list[str] = []
    pending_break = False

    def flush() -> None:
        nonlocal pending_break
        if quoted:
            out.append(f"<blockquote>{'<br>'.join(quoted)}</blockquote>")
            quoted.clear()
            pending_break = False

    for line in text.split("\n"):
        if found := _QUOTE.match(line):
            quoted.append(inline(found[1], names, verbatim=verbatim))
            continue
        flush()
        if found := _ITEM.match(line):
            depth = min(len(found[1]) // 2, 4)
            bullet = f"{found[3]}." if found[3] else {"◦": "◦", "▪": "▪"}.get(found[2], "•")
            out.append(
                f'<span class="kk-item kk-indent-{depth}"><span class="kk-bullet">{bullet}</span>'
                f"<span>{inline(found[4], names, verbatim=verbatim)}</span></span>"
            )
            pending_break = False
            continue
        if pending_break:
            out.append("<br>")
        out.append(inline(line, names, verbatim=verbatim))
        pending_break = True
    flush()
    return "".join(out)


def inline(text: str, names: Names, *, verbatim: bool = False) -> str:
    """One line of mrkdwn as HTML: mentions, links, code, styles, emoji."""
    text = _PRIVATE.sub("", text)
    held: list[str] = []

    def hold(piece: str) -> str:
        held.append(piece)
        return f"\ue000{len(held) - 1}\ue001"

    def take(found: re.Match[str]) -> str:
        if found["code"] is not None:
            return hold(f"<code>{_escaped(_without_control(found['code']))}</code>")
        if found["url"] is not None:
            if verbatim:
                return found["url"]
            address = found["url"].rstrip(".,:;!?)]*_~")
            rest = found["url"][len(address) :]
            return hold(link(_decoded(address), _escaped(address))) + rest
        return hold(_control(found["control"], names))

    text = _INLINE.sub(take, text)
    text = with_emoji(text)
    return _HELD.sub(lambda found: held[int(found[1])], _styled(text))


def _styled(text: str) -> str:
    out: list[str] = []
    at = 0
    for found in _MARK.finditer(text):
        out.append(_escaped(text[at : found.start()]))
        tag = _MARKS[found["mark"]]
        out.append(f"<{tag}>{_styled(found['inner'])}</{tag}>")
        at = found.end()
    out.append(_escaped(text[at:]))
    return "".join(out)


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _without_control(code: str) -> str:
    return re.sub("\ue000\\d+\ue001", "", code)


def _control(inside: str, names: Names) -> str:
    """What stands between < and >: a person, a channel, a special word, a date, or a link."""
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        known = target[1:]
        if known in names.users or not label:
            return user(known, names)
        return f'<span class="kk-mention">@{_escaped(label)}</span>'
    if target.startswith("#"):
        return channel(target[1:], names, label)
    if target.startswith("!date^"):
        parts = target.split("^")
        fallback = _escaped(label)
        if len(parts) < 3 or not re.fullmatch(r"\d{1,11}", parts[1]):
            return fallback
        try:
            words = html.escape(names.voice.date_token(int(parts[1]), parts[2]))
        except (ValueError, OverflowError, OSError):
            return fallback
        return link(_decoded(parts[3]), words) if len(parts) > 3 else words
    if target.startswith("!subteam^"):
        return usergroup(target.removeprefix("!subteam^"), names, label)
    if target.startswith("!"):
        return broadcast(target[1:])
    shown = _escaped(with_emoji(label) if label else target.removeprefix("mailto:").removeprefix("tel:"))
    if safe_url(_decoded(target)) is None:
        return f"&lt;{_escaped(inside)}&gt;" if not label else shown
    return link(_decoded(target), shown)
