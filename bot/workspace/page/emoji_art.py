"""Own drawings of the emoji that business messages use most.

A browser without an emoji font (a server, a container, many Linux desktops) shows empty boxes for them, also in
pictures taken of the page. The character itself stays in the text, for copying, searching and screen readers.
"""

# ruff: noqa: E501
# The path of a drawing is one word; breaking it would only make it harder to change.

from __future__ import annotations

import re
from html import escape

_BLUE, _GREEN, _RED, _GOLD, _DARK, _SKIN, _GREY = (
    "#3b6fd4",
    "#2e9e5b",
    "#d93a4f",
    "#f2b01e",
    "#3a4252",
    "#f2b654",
    "#8a94a3",
)


def _stroke(path: str, colour: str, width: float = 2) -> str:
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _fill(path: str, colour: str) -> str:
    return f'<path d="{path}" fill="{colour}" stroke="none"/>'


def _dot(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}" stroke="none"/>'


def _ring(radius: float, colour: str, width: float = 2) -> str:
    return f'<circle cx="10" cy="10" r="{radius}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _tile(colour: str) -> str:
    return f'<rect x="2" y="2" width="16" height="16" rx="3.5" fill="{colour}" stroke="none"/>'


def _question(colour: str) -> str:
    return _stroke("M6.5 7.2a3.5 3.5 0 1 1 5.2 3C10.5 10.9 10 11.5 10 12.8", colour, 2.6) + _dot(10, 16.6, 1.6, colour)


def _page(inside: str) -> str:
    return _fill("M5 2h7l3.5 3.5V18H5z", "#eef1f6") + _stroke("M5 2h7l3.5 3.5V18H5z", _GREY, 1.2) + inside


def _calendar(inside: str = "") -> str:
    return (
        '<rect x="3" y="4" width="14" height="13" rx="2" fill="#f4f6fa" stroke="#8a94a3" stroke-width="1.1"/>'
        + _fill("M3 8V6a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v2z", _RED)
        + _stroke("M6.5 2.5v3M13.5 2.5v3", _DARK, 1.4)
        + (inside or _fill("M6 10h2v2H6zM9 10h2v2H9zM12 10h2v2h-2zM6 13h2v2H6zM9 13h2v2H9z", _GREY))
    )


def _arrow(path: str) -> str:
    return _tile(_BLUE) + _stroke(path, "#fff", 2.2)


def _clock() -> str:
    return (
        _dot(10, 10.5, 7, "#f4f6fa")
        + '<circle cx="10" cy="10.5" r="7" fill="none" stroke="#d93a4f" stroke-width="1.8"/>'
        + _stroke("M10 6.5v4l2.6 1.8", _DARK, 1.6)
    )


def _glass() -> str:
    return (
        _fill("M5.5 3h9v2c0 2.5-3 3.6-3 5s3 2.5 3 5v2h-9v-2c0-2.5 3-3.6 3-5s-3-2.5-3-5z", "#f7e3ae")
        + _fill("M7 16.5c0-1.8 3-2 3-3.5 0 1.5 3 1.7 3 3.5z", _GOLD)
        + _stroke("M4.5 3h11M4.5 17h11", "#a8752a", 1.8)
    )


def _person(x: float, colour: str) -> str:
    return _dot(x, 6.5, 3.2, colour) + _fill(f"M{x - 6} 17.5a6 6 0 0 1 12 0z", colour)


def _tray(path: str) -> str:
    return _fill("M2.5 11H6l1.5 2.5h5L14 11h3.5v6.5h-15z", "#b8c1cf") + _stroke(path, _BLUE, 2)


_HANDSET = "M5 2.5h2.6l1.5 4-2 1.6a11 11 0 0 0 4.8 4.8l1.6-2 4 1.5V15a2.5 2.5 0 0 1-2.5 2.5A12.5 12.5 0 0 1 2.5 5 2.5 2.5 0 0 1 5 2.5z"
_THUMB = (
    '<path d="M2.8 9h2.9v8.2H2.8z" fill="#3b6fd4" stroke="none"/>'
    '<path d="M6.5 9.2l3.3-6.4c1.7 0 2.4 1.1 2.1 2.7L11.4 8h4.8a1.6 1.6 0 0 1 1.6 1.9l-1.2 5.7a2 2 0 0 1-2 1.6H6.5z" '
    'fill="#f2b654" stroke="#c98a2b" stroke-width=".7"/>'
)
_CHART = _stroke("M3 2.5V17.5H18", _GREY, 1.4)
_ENVELOPE = (
    '<rect x="2" y="4.5" width="16" height="11.5" rx="1.8" fill="#eef1f6" stroke="#8a94a3" stroke-width="1.1"/>'
    + _stroke("M2.5 5.5L10 11.5l7.5-6", "#8a94a3", 1.2)
)
_LOCK = '<rect x="4" y="9" width="12" height="8.5" rx="1.8" fill="#f2b01e" stroke="none"/>'

ART: dict[str, str] = {
    "✅": _tile(_GREEN) + _stroke("M5.5 10.4l3 3 6-6.8", "#fff", 2.4),
    "☑️": _tile(_BLUE) + _stroke("M5.5 10.4l3 3 6-6.8", "#fff", 2.4),
    "✔️": _stroke("M4 10.5l4 4 8-9.5", _DARK, 3),
    "❌": _stroke("M4.5 4.5l11 11M15.5 4.5l-11 11", _RED, 3.2),
    "❎": _tile(_GREEN) + _stroke("M6.5 6.5l7 7M13.5 6.5l-7 7", "#fff", 2.4),
    "⚠️": '<path d="M10 2.5L18.5 17h-17z" fill="#f7c531" stroke="#f7c531" stroke-width="1.5"/>' + _stroke("M10 8v4.5", _DARK, 2) + _dot(10, 15, 1.2, _DARK),
    "❓": _question(_RED),
    "❔": _question(_GREY),
    "❗": _stroke("M10 3v9", _RED, 3) + _dot(10, 16.4, 1.8, _RED),
    "❕": _stroke("M10 3v9", _GREY, 3) + _dot(10, 16.4, 1.8, _GREY),
    "ℹ️": _tile(_BLUE) + _stroke("M10 9.5v5", "#fff", 2.2) + _dot(10, 6, 1.4, "#fff"),
    "⛔": _dot(10, 10, 8, _RED) + _stroke("M6 10h8", "#fff", 2.8),
    "🚫": _ring(6.8, _RED, 2.4) + _stroke("M5.3 5.3l9.4 9.4", _RED, 2.4),
    "⭕": _ring(6.6, _RED, 3),
    "🔴": _dot(10, 10, 7.5, _RED),
    "🟠": _dot(10, 10, 7.5, "#ee8a2a"),
    "🟡": _dot(10, 10, 7.5, "#f5c73d"),
    "🟢": _dot(10, 10, 7.5, _GREEN),
    "🔵": _dot(10, 10, 7.5, _BLUE),
    "🟣": _dot(10, 10, 7.5, "#8956b8"),
    "⚪": '<circle cx="10" cy="10" r="7" fill="#f1f3f7" stroke="#b4bcc8" stroke-width="1"/>',
    "⚫": _dot(10, 10, 7.5, _DARK),
    "⬜": '<rect x="3" y="3" width="14" height="14" rx="2" fill="#f1f3f7" stroke="#b4bcc8" stroke-width="1"/>',
    "🟩": _tile(_GREEN),
    "🟥": _tile(_RED),
    "🟨": _tile("#f5c73d"),
    "🟦": _tile(_BLUE),
    "⭐": _fill("M10 2l2.5 5.2 5.7.7-4.2 4 1.1 5.7L10 14.8l-5.1 2.8L6 11.9l-4.2-4 5.7-.7z", _GOLD),
    "🌟": _fill("M10 2l2.5 5.2 5.7.7-4.2 4 1.1 5.7L10 14.8l-5.1 2.8L6 11.9l-4.2-4 5.7-.7z", "#f7c531"),
    "✨": _fill("M8 3l1.5 4.5L14 9l-4.5 1.5L8 15l-1.5-4.5L2 9l4.5-1.5zM15 11l.9 2.6 2.6.9-2.6.9L15 18l-.9-2.6-2.6-.9 2.6-.9z", _GOLD),
    "🔥": _fill("M10.5 1.8c.5 3.5 5 5.7 5 10.2a5.5 5.5 0 0 1-11 0c0-2.2 1.2-3.6 2.3-4.8.1 1.6.6 2.4 1.4 2.9-.5-3 .2-6 2.3-8.3z", "#ee6a2c") + _fill("M10.2 10.5c.4 1.5 2 2.2 2 4a2.2 2.2 0 0 1-4.4 0c0-1.6 1.4-2.3 2.4-4z", "#f7c531"),
    "🎉": _fill("M3 17.5L7.5 6.5l6 6z", _GOLD) + _dot(12, 4, 1.2, _RED) + _dot(16, 8, 1.2, _BLUE) + _dot(16.5, 3.5, 1, _GREEN) + _dot(9, 2.8, 1, "#8956b8") + _dot(17, 12.5, 1, _RED),
    "👍": _THUMB,
    "👎": f'<g transform="rotate(180 10 10)">{_THUMB}</g>',
    "👀": '<ellipse cx="6" cy="10" rx="4" ry="5.5" fill="#fff" stroke="#6b7482" stroke-width="1"/><ellipse cx="14" cy="10" rx="4" ry="5.5" fill="#fff" stroke="#6b7482" stroke-width="1"/>' + _dot(7.2, 11, 2, _DARK) + _dot(15.2, 11, 2, _DARK),
    "🙏": _fill("M9.6 2.5c-1.3 0-1.8 1-2 2.2L6.8 9.5 3.2 14l3 3.5 3.4-3z", _SKIN) + _fill("M10.4 2.5c1.3 0 1.8 1 2 2.2l.8 4.8 3.6 4.5-3 3.5-3.4-3z", "#e8a53f"),
    "🤝": _fill("M1.5 6.5l3.5-1 4 1.5-3.5 4 1.5 1.2 3-2.2 6 5-1.5 1.5-1 .8-1.5.7-1.5.5-6-4.5-3 .5z", _SKIN) + _fill("M18.5 6.5L15 5.5l-5 1-3.5 4 1.2.9 3-2 5 4 2.8-.4z", "#d9933a"),
    "👋": _stroke("M6 9.5L4.5 6M8.5 8L7.5 3.5M11.5 7.8l.3-4.5M14.2 9l1.3-3.5", _SKIN, 2.4) + _fill("M5 9.5l10-1.5c1 4.5-.5 9-4.5 9S5.8 14.5 5 9.5z", _SKIN),
    "👏": _fill("M4 9l5-5.5 2 1.5-1 2 5-3.5 1.5 1.8-3 3.2 3-1 .5 2-6 7c-3 2-6.5.5-8-3z", _SKIN) + _stroke("M3 4L2 2.5M6 2.5V1", _GREY, 1.2),
    "📞": _fill(_HANDSET, _RED),
    "☎️": _fill(_HANDSET, _DARK),
    "📱": '<rect x="5.5" y="1.8" width="9" height="16.4" rx="1.8" fill="#3a4252" stroke="none"/><rect x="6.8" y="4" width="6.4" height="11" fill="#a9c4f5" stroke="none"/>',
    "✉️": _ENVELOPE,
    "📧": _ENVELOPE,
    "📨": _ENVELOPE,
    "📩": _ENVELOPE,
    "📅": _calendar(),
    "📆": _calendar(),
    "🗓️": _calendar(),
    "⏰": _clock() + _stroke("M3 4.5L5.5 2.5M17 4.5l-2.5-2", _DARK, 1.6),
    "⏱️": _clock() + _stroke("M8.5 1.5h3", _DARK, 1.8),
    "🕘": _clock(),
    "🕙": _clock(),
    "⏳": _glass(),
    "⌛": _glass(),
    "📝": _page(_stroke("M7.5 9h5M7.5 12h3", _GREY, 1.2) + _stroke("M10 15.5l6.5-7", _GOLD, 2.4)),
    "📄": _page(_stroke("M7.5 8h5M7.5 11h5M7.5 14h5", _GREY, 1.2)),
    "📋": '<rect x="4" y="3.5" width="12" height="14.5" rx="1.5" fill="#a8752a" stroke="none"/><rect x="5.5" y="5.5" width="9" height="11" fill="#fff" stroke="none"/><rect x="7" y="2" width="6" height="3" rx="1" fill="#8a94a3" stroke="none"/>' + _stroke("M7.5 9h5M7.5 12h5", _GREY, 1.2),
    "📎": _stroke("M14 6.5l-6 6.5a1.8 1.8 0 0 0 2.6 2.5l6-6.6a3.5 3.5 0 0 0-5-4.9L5.2 11a5 5 0 0 0 3.3 7", _GREY, 1.5),
    "📌": _fill("M7 2.5h6l-.8 5 2.3 2.5v1.5h-9V10l2.3-2.5z", _RED) + _stroke("M10 11.5V18", _GREY, 1.5),
    "📊": _CHART + _fill("M5 11h3v6H5z", _GREEN) + _fill("M9.5 6h3v11h-3z", _BLUE) + _fill("M14 9h3v8h-3z", _RED),
    "📈": _CHART + _stroke("M5 14l4-4 2.5 2 5-7", _RED, 2),
    "📉": _CHART + _stroke("M5 5l4 4 2.5-1.5 5 6.5", _BLUE, 2),
    "💡": _fill("M10 2a5.5 5.5 0 0 0-3 10.1V14h6v-1.9A5.5 5.5 0 0 0 10 2z", "#f7c531") + _stroke("M7.5 15.5h5M8.5 17.5h3", _GREY, 1.4),
    "🎯": _dot(10, 10, 8, _RED) + _dot(10, 10, 5.6, "#fff") + _dot(10, 10, 3.4, _RED) + _dot(10, 10, 1.3, "#fff"),
    "🚀": _fill("M17 3c-5 0-8.5 3-10.5 7l3.5 3.5c4-2 7-5.5 7-10.5z", "#aeb8c8") + _dot(12.5, 7.5, 1.6, _BLUE) + _fill("M7 8L3.5 9 2 12l4-1zM12 13l-1 3.5L8 18l1-4z", _RED) + _fill("M5.5 12.5l2 2L3 17z", _GOLD),
    "🏢": '<rect x="4" y="2" width="12" height="16" rx="1" fill="#9fb0c8" stroke="none"/>' + _fill("M6.5 4.5h2v2h-2zM11.5 4.5h2v2h-2zM6.5 8.5h2v2h-2zM11.5 8.5h2v2h-2z", "#fff") + _fill("M8.5 13h3v5h-3z", _DARK),
    "👤": _person(10, "#66748a"),
    "👥": _person(13, "#9aa6b8") + _person(8, "#66748a"),
    "💬": _fill("M2.5 4h15v10H9l-4 3.5V14H2.5z", "#c9d3e2") + _dot(6.5, 9, 1.1, _DARK) + _dot(10, 9, 1.1, _DARK) + _dot(13.5, 9, 1.1, _DARK),
    "🔔": _fill("M10 2.5c3.5 0 5 2.5 5 6 0 3 1.5 4 2 5.5H3c.5-1.5 2-2.5 2-5.5 0-3.5 1.5-6 5-6z", _GOLD) + _dot(10, 16, 1.8, "#c98a2b"),
    "🔍": '<circle cx="8.5" cy="8.5" r="5.2" fill="#dbe7fb" stroke="#6b7482" stroke-width="1.8"/>' + _stroke("M12.5 12.5L17 17", _DARK, 2.6),
    "🔎": '<circle cx="11.5" cy="8.5" r="5.2" fill="#dbe7fb" stroke="#6b7482" stroke-width="1.8"/>' + _stroke("M7.5 12.5L3 17", _DARK, 2.6),
    "🔒": _stroke("M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9", _GREY, 1.8) + _LOCK,
    "🔓": _stroke("M6.5 9V5.5a3.5 3.5 0 0 1 6.8-1", _GREY, 1.8) + _LOCK,
    "🔗": _stroke("M8.5 11.5l3-3M7 9L4.8 11.2a2.8 2.8 0 0 0 4 4L11 13M13 11l2.2-2.2a2.8 2.8 0 0 0-4-4L9 7", _GREY, 1.8),
    "📥": _tray("M10 2v7M7 6.5l3 3 3-3"),
    "📤": _tray("M10 9.5V2.5M7 5l3-3 3 3"),
    "➡️": _arrow("M5.5 10h9M11 6.5l3.5 3.5L11 13.5"),
    "⬅️": _arrow("M14.5 10h-9M9 6.5L5.5 10 9 13.5"),
    "⬆️": _arrow("M10 14.5v-9M6.5 9L10 5.5 13.5 9"),
    "⬇️": _arrow("M10 5.5v9M6.5 11l3.5 3.5 3.5-3.5"),
    "↩️": _arrow("M14.5 13.5v-2a3 3 0 0 0-3-3h-6M8.5 5.5l-3 3 3 3"),
    "🔄": _arrow("M14.5 8a5 5 0 0 0-9-.5M5.5 5v2.7h2.7M5.5 12a5 5 0 0 0 9 .5M14.5 15v-2.7h-2.7"),
    "🔁": _arrow("M6 9V7.5h7.5M11.5 5.5l2 2-2 2M14 11v1.5H6.5M8.5 14.5l-2-2 2-2"),
    "🏆": _fill("M6 3h8v4c0 3-1.5 5-4 5S6 10 6 7zM9 12h2v3H9zM6.5 15h7v2.5h-7z", _GOLD) + _stroke("M6 4.5H3.5C3.5 7.5 5 8.5 6 8.5M14 4.5h2.5c0 3-1.5 4-2.5 4", _GOLD, 1.4),
    "🌱": _stroke("M10 17.5V9", _GREEN, 2) + _fill("M10 10C10 6 7 4.5 3 5c0 4 3 6 7 5zM10 9c0-4 3-6 7-5.5 0 4-3 6.5-7 5.5z", _GREEN),
    "💰": _fill("M8 3h4l-1 3c3.5 1.5 5.5 4.5 5.5 8 0 2.5-1.5 4-4 4h-5c-2.5 0-4-1.5-4-4 0-3.5 2-6.5 5.5-8z", "#d9a032") + _stroke("M10 9v6M8 10.5h4M8 13h4", "#7a5412", 1.3),
    "⚡": _fill("M11.5 1.5L4 11.5h4.5L7.5 18.5 16 8h-5z", _GOLD),
    "🚨": _fill("M5 13a5 5 0 0 1 10 0v2H5z", _RED) + _fill("M3.5 15h13v2.5h-13z", _GREY) + _stroke("M10 5V2.5M4.5 7L3 5.5M15.5 7L17 5.5", _RED, 1.5),
    "📣": _fill("M3 8l11-5v12L3 11z", _RED) + _fill("M5.5 12l1 5H9l-1-4.2z", _GREY) + _stroke("M16 6.5c1.5 1 1.5 4 0 5", _GREY, 1.5),
    "💯": '<text x="10" y="14" text-anchor="middle" font-size="10" font-weight="800" font-style="italic" fill="#d93a4f" stroke="none">100</text>',
    "🆕": _tile(_BLUE) + '<text x="10" y="13" text-anchor="middle" font-size="6.5" font-weight="700" fill="#fff" stroke="none">NEW</text>',
    "🆗": _tile(_BLUE) + '<text x="10" y="13.5" text-anchor="middle" font-size="8.5" font-weight="700" fill="#fff" stroke="none">OK</text>',
}  # fmt: skip

# Longest first, and each also without its variation selector, as people's keyboards write it.
_FORMS = {form: art for char, art in ART.items() for form in {char, char.removesuffix("\ufe0f")}}
_ANY = re.compile("|".join(re.escape(form) for form in sorted(_FORMS, key=len, reverse=True)))
_TAG = re.compile(r"(<[^>]*>)")


def picture(char: str) -> str:
    """A drawn emoji as HTML, or the character itself where there is no drawing."""
    art = _FORMS.get(char)
    if art is None:
        return char
    return f'<span class="kk-emoji"><span>{char}</span><svg viewBox="0 0 20 20" aria-hidden="true">{art}</svg></span>'


def drawn(text: str) -> str | None:
    """A plain text as HTML with drawn emoji; None where nothing in it is drawn."""
    return with_art(escape(text)) if _ANY.search(text) else None


def with_art(html: str) -> str:
    """HTML with drawn emoji in its text; tags and attributes stay untouched."""
    if not _ANY.search(html):
        return html
    return "".join(
        part if index % 2 else _ANY.sub(lambda found: picture(found[0]), part)
        for index, part in enumerate(_TAG.split(html))
    )
