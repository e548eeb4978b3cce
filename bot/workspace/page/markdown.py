"""The markdown block (standard Markdown, as language models write it) as safe HTML.

A small subset on purpose: headings, paragraphs, lists, quotes, fences, tables, rules, and the inline styles. Like
mrkdwn.py it escapes everything first and writes only its own tags.
"""

from __future__ import annotations

import html
import re

from bot.workspace.page.emoji import with_emoji
from bot.workspace.page.emoji_art import with_art
from bot.workspace.page.mrkdwn import Names, link, user

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^(#{1,6}) +(.*?) *#*$")
_RULE = re.compile(r"^ {0,3}(?:[-*_] *){3,}$")
_ITEM = re.compile(r"^(\s*)(?:([-*+])|(\d{1,9})[.)]) +(?:\[([ xX])\] +)?(.*)$")
_QUOTE = re.compile(r"^ {0,3}> ?(.*)$")
_TABLE_RULE = re.compile(r"^ *\|?(?: *:?-+:? *\|)+ *:?-*:? *\|? *$")
_INLINE = re.compile(
    r"\\(?P<escape>[\\`*_{}\[\]()#+\-.!~|<>])"
    r"|(?P<ticks>`+)(?P<code>.+?)(?P=ticks)(?!`)"
    r"|!\[(?P<alt>[^\]\n]*)\]\((?P<src>[^()\s]+)\)"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<href>[^()\s]+(?:\([^()\s]*\)[^()\s]*)?)(?: \"[^\"]*\")?\)"
    r"|<@(?P<user>[A-Z0-9]+)>"
    r"|<(?P<auto>(?:https?://|mailto:|tel:)[^<>\s]+)>"
    r"|(?P<url>https?://[^\s<>\"'`、。「」『』（）]+)"
)
_STYLES = (
    (re.compile(r"(\*\*\*)(?=\S)(.+?)(?<=\S)\1"), "<strong><em>", "</em></strong>"),
    (re.compile(r"(\*\*|(?<![^\W_])__)(?=\S)(.+?)(?<=\S)\1"), "<strong>", "</strong>"),
    (re.compile(r"(~~)(?=\S)(.+?)(?<=\S)\1"), "<s>", "</s>"),
    (re.compile(r"(\*|(?<![^\W_])_(?!_))(?=\S)(.+?)(?<=\S)\1(?![^\W_])"), "<em>", "</em>"),
)
_HELD = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = re.compile("[\ue000\ue001]")


def render(text: str, names: Names) -> str:
    """A markdown block's text as HTML."""
    lines = _PRIVATE.sub("", text).replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return with_art("".join(_blocks(lines, names, depth=0)))


def _blocks(lines: list[str], names: Names, depth: int) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif fence := _FENCE.match(line):
            end = at + 1
            while end < len(lines) and not lines[end].strip().startswith(fence[1]):
                end += 1
            code = "\n".join(lines[at + 1 : end])
            out.append(f"<pre>{html.escape(code)}</pre>")
            at = end + 1
        elif heading := _HEADING.match(line):
            level = min(len(heading[1]) + 1, 6)
            out.append(f"<h{level}>{inline(heading[2], names)}</h{level}>")
            at += 1
        elif _RULE.match(line):
            out.append("<hr>")
            at += 1
        elif _QUOTE.match(line) and depth < 5:
            inside: list[str] = []
            while at < len(lines) and (found := _QUOTE.match(lines[at])):
                inside.append(found[1])
                at += 1
            out.append(f"<blockquote>{''.join(_blocks(inside, names, depth + 1))}</blockquote>")
        elif "|" in line and at + 1 < len(lines) and _TABLE_RULE.match(lines[at + 1]):
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            out.append(_table(lines[at:end], names))
            at = end
        elif _ITEM.match(line):
            end = at
            while end < len(lines) and _ITEM.match(lines[end]):
                end += 1
            out.append(_list(lines[at:end], names))
            at = end
        else:
            end = at
            while end < len(lines) and lines[end].strip() and (end == at or not _starts_block(lines[end])):
                end += 1
            out.append(f"<p>{'<br>'.join(inline(each.strip(), names) for each in lines[at:end])}</p>")
            at = end
    return out


def _starts_block(line: str) -> bool:
    return any(kind.match(line) for kind in (_FENCE, _HEADING, _RULE, _QUOTE, _ITEM))


def _list(lines: list[str], names: Names) -> str:
    """List lines with their indentation as flat rows: the depth is shown by the row's own class."""
    rows = []
    for line in lines:
        found = _ITEM.match(line)
        if found is None:
            continue
        depth = min(len(found[1]) // 2, 4)
        bullet = f"{found[3]}." if found[3] else "•◦▪▪▪"[depth]
        if found[4] is not None:
            bullet = "☐" if found[4] == " " else "☑"
        rows.append(
            f'<span class="kk-item kk-indent-{depth}"><span class="kk-bullet">{bullet}</span>'
            f"<span>{inline(found[5], names)}</span></span>"
        )
    return f"<div>{''.join(rows)}</div>"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _table(lines: list[str], names: Names) -> str:
    sides = [
        "center" if rule.startswith(":") and rule.endswith(":") else "right" if rule.endswith(":") else "left"
        for rule in _cells(lines[1])
    ]

    def row(line: str, tag: str) -> str:
        cells = _cells(line)
        return "".join(
            f'<{tag} class="kk-align-{sides[index] if index < len(sides) else "left"}">{inline(cell, names)}</{tag}>'
            for index, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row(line, 'td')}</tr>" for line in lines[2:])
    return (
        f'<div class="kk-grid" tabindex="0" role="group"><table><thead><tr>{row(lines[0], "th")}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def inline(text: str, names: Names) -> str:
    """One line of Markdown as HTML."""
    held: list[str] = []

    def hold(piece: str) -> str:
        held.append(piece)
        return f"\ue000{len(held) - 1}\ue001"

    def take(found: re.Match[str]) -> str:
        if found["escape"]:
            return hold(html.escape(found["escape"]))
        if found["code"] is not None:
            return hold(f"<code>{html.escape(found['code'].strip())}</code>")
        if found["src"]:
            return hold(link(found["src"], html.escape(found["alt"] or found["src"])))
        if found["label"]:
            return hold(link(found["href"], _styled(with_emoji(found["label"]))))
        if found["user"]:
            return hold(user(found["user"], names))
        if found["auto"]:
            return hold(link(found["auto"], html.escape(found["auto"])))
        address = found["url"].rstrip(".,:;!?)]*_~")
        return hold(link(address, html.escape(address))) + found["url"][len(address) :]

    text = with_emoji(_INLINE.sub(take, _PRIVATE.sub("", text)))
    return _HELD.sub(lambda found: held[int(found[1])], _styled(text))


def _styled(text: str) -> str:
    shown = html.escape(text, quote=False)
    for pattern, before, after in _STYLES:
        shown = pattern.sub(lambda found, b=before, a=after: f"{b}{found[2]}{a}", shown)  # type: ignore[misc]
    return shown
