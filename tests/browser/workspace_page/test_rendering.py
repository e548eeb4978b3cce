"""Texts and blocks as HTML: what is formatted, and that nothing from outside becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.blockkit.blocks import BLOCKS
from bot.workspace.blockkit.elements import ELEMENTS
from bot.workspace.page import markdown, mrkdwn, rich_text
from bot.workspace.page.mrkdwn import Names
from bot.workspace.page.still import block_html, file_html
from bot.workspace.page.wording import EN, JA, Voice
from tests.browser.workspace_page import every_block as all_of
from tests.browser.workspace_page.small_app import every_block, every_input

NAMES = Names(
    voice=Voice.of("ja", "Asia/Tokyo"),
    users={"U01SATO001": "佐藤 美咲", "U0EVIL": "<img src=x onerror=alert(1)>"},
    channels={"C01GENERAL": "general"},
    me="U01SATO001",
)
TAGS = {
    "a", "b", "blockquote", "br", "button", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "img", "p",
    "pre", "s", "small", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "svg", "path",
    "circle", "rect", "ellipse", "g", "text", "ol", "ul", "li",
}  # fmt: skip
DRAWING = {
    "viewbox", "d", "fill", "stroke", "stroke-width", "cx", "cy", "r", "rx", "ry", "x", "y", "width",
    "height", "transform", "text-anchor", "font-size", "font-weight", "font-style",
}  # fmt: skip
ATTRIBUTES = DRAWING | {
    "alt", "aria-hidden", "aria-label", "class", "data-act", "data-action-id", "data-block", "data-block-id",
    "data-index", "data-target", "data-user", "data-value", "download", "href", "loading", "referrerpolicy", "rel",
    "role", "src", "contenteditable", "data-element", "data-indent", "tabindex", "target", "type",
}  # fmt: skip


class Safe(HTMLParser):
    """Fails on any tag, attribute or address that the page does not write itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, f"<{tag}>"
        for name, value in attrs:
            assert name in ATTRIBUTES, f"{tag} {name}={value}"
            if name in {"href", "src"}:
                assert (value or "").lower().startswith(("http://", "https://", "mailto:", "tel:", "/")), value
                assert not (value or "").startswith("//")

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def safe(html: str) -> str:
    """The words of HTML that holds nothing but the page's own markup."""
    parser = Safe()
    parser.feed(html)
    parser.close()
    return parser.words


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<javascript:alert(1)|press>",
    "<JaVaScRiPt:alert(1)|press>",
    "<java\tscript:alert(1)|press>",
    "<data:text/html,hello|press>",
    "<vbscript:x|press>",
    "<https://x.example/\" onmouseover=\"alert(1)|press>",
    "<https://x.example|\"><script>alert(1)</script>>",
    "`<b>`*</code><script>*",
    "```</pre><script>alert(1)</script>```",
    "> <svg onload=alert(1)>",
    "• <iframe srcdoc=x>",
    "<@U0EVIL>",
    "<#C0|<script>alert(1)</script>>",
    "<!date^1^{date}^javascript:alert(1)|<script>>",
    "<!date^99999999999^{date}|fallback>",
    "<!subteam^S1|<b onclick=x>>",
    "[press](javascript:alert(1))",
    "![x](javascript:alert(1))",
    "[press](https://x.example/\"onclick=\"alert(1))",
    "| a | b |\n|---|---|\n| <script>x</script> | \" onload=\"x |",
    "# <script>x</script>",
    "\ue0000\ue001 \ue00099\ue001",
    "https://x.example/<script>alert(1)</script>",
    "*<https://x.example|*>*_~`",
    "&amp;lt;script&amp;gt;",
]  # fmt: skip

PIECES = st.sampled_from(
    [*ATTACKS, "*", "_", "~", "`", "```", "\n", "<", ">", "|", "&amp;", " ", "漢字", ":tada:", "[", "](", ")"]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=20).map("".join))


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_stays_text_in_every_kind_of_text(attack: str) -> None:
    safe(mrkdwn.render(attack, NAMES))
    safe(markdown.render(attack, NAMES))
    safe(mrkdwn.plain(attack))
    words: list[dict[str, Any]] = [
        {"type": "text", "text": attack, "style": {"bold": True, "code": True}},
        {"type": "link", "url": attack, "text": attack},
        {"type": "user", "user_id": attack},
        {"type": "channel", "channel_id": attack},
        {"type": "usergroup", "usergroup_id": attack},
        {"type": "broadcast", "range": attack},
        {"type": "emoji", "name": attack},
        {"type": "date", "timestamp": 1, "format": attack, "fallback": attack},
        {"type": "color", "value": attack},
    ]
    safe(rich_text.render({"elements": [{"type": "rich_text_section", "elements": words}]}, NAMES))
    safe(rich_text.render({"elements": [{"type": "rich_text_preformatted", "elements": words}]}, NAMES))
    safe(rich_text.editable({"elements": [{"type": "rich_text_section", "elements": words}]}, NAMES))


@given(TEXTS)
def test_any_mrkdwn_renders_to_the_pages_own_markup_only(text: str) -> None:
    safe(mrkdwn.render(text, NAMES))


@given(TEXTS)
def test_any_markdown_renders_to_the_pages_own_markup_only(text: str) -> None:
    safe(markdown.render(text, NAMES))


@given(st.text(max_size=200))
def test_escaped_text_without_marks_reads_as_it_was_typed(text: str) -> None:
    typed = "".join(letter for letter in text if letter not in "*_~`:<>|&\n\r•◦▪‣-.\ue000\ue001\x00/")
    assert safe(mrkdwn.render(typed.replace("&", "&amp;"), NAMES)) == typed


@given(TEXTS, TEXTS)
def test_any_block_renders_to_the_pages_own_markup_only(text: str, other: str) -> None:
    mrk, flat = {"type": "mrkdwn", "text": text}, {"type": "plain_text", "text": text}
    button = {"type": "button", "text": flat, "action_id": other, "url": text, "accessibility_label": other}
    image = {"type": "image", "image_url": text, "alt_text": other}
    for block in (
        {"type": "section", "block_id": other, "text": mrk, "fields": [flat, mrk], "accessory": image},
        {"type": "section", "block_id": other, "text": mrk, "accessory": button},
        {"type": "header", "text": flat},
        {"type": "context", "elements": [image, mrk]},
        {"type": "actions", "elements": [button]},
        {"type": "image", "image_url": text, "alt_text": other, "title": flat},
        {"type": "markdown", "text": text},
        {"type": "table", "rows": [[{"type": "raw_text", "text": text}]], "column_settings": [{"align": other}]},
        {"type": "file", "external_id": text},
        {"type": "video", "title": flat, "title_url": text, "thumbnail_url": other, "author_name": text},
        {"type": "alert", "level": other, "text": mrk},
        {"type": "card", "title": mrk, "icon": image, "hero_image": image, "body": mrk, "actions": [button]},
        {"type": "carousel", "block_id": other, "elements": [{"type": "card", "title": flat, "actions": [button]}]},
        {"type": "plan", "title": text, "tasks": [{"type": "task_card", "title": other, "status": text}]},
        {"type": "task_card", "title": text, "status": "error", "sources": [{"url": text, "text": other}]},
        {"type": "image", "slack_file": {"id": text}, "alt_text": other},
        {"type": text, "block_id": other},
    ):
        safe(block_html(block, NAMES))
    safe(file_html({"name": text, "title": other, "size": 3, "is_image": False}, "/page/file/U/F", NAMES))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*太字* と _斜体_ と ~消し~", "<strong>太字</strong> と <em>斜体</em> と <s>消し</s>"),
        ("*太字の _斜体_ です*", "<strong>太字の <em>斜体</em> です</strong>"),
        ("日本語*続き*では効かない", "日本語*続き*では効かない"),
        ("snake_case_name", "snake_case_name"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("`*そのまま*`", "<code>*そのまま*</code>"),
        ("一行\n二行", "一行<br>二行"),
        ("&lt;b&gt; &amp; 株", "&lt;b&gt; &amp; 株"),
        ("&gt; 引用\n続き", "<blockquote>引用</blockquote>続き"),
        ("```\nコード <b>\n```", "<pre>コード b</pre>"),
        (
            "<https://example.com/?a=1&amp;b=2|資料>",
            '<a href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">資料</a>',
        ),
        ("<mailto:a@example.com|a@example.com>", '<a href="mailto:a@example.com">a@example.com</a>'),
        ("<tel:0312345678|03-1234-5678>", '<a href="tel:0312345678">03-1234-5678</a>'),
        ("<!date^1767225600^{date_short} {time}|x>", "2026年1月1日 9:00"),
        ("<!date^1767225600^{date_num}|x>", "2026-01-01"),
    ],
)  # fmt: skip
def test_mrkdwn_reads_as_in_slack(text: str, html: str) -> None:
    assert mrkdwn.render(text, NAMES) == html


def test_shortcodes_become_characters_with_a_drawing_and_unknown_ones_stay() -> None:
    html = mrkdwn.render(":white_check_mark: 済 :sushi: :nonsense: ⚠", NAMES)
    assert safe(html) == "✅ 済 🍣 :nonsense: ⚠"
    assert html.count("<svg") == 2


def test_bare_address_is_linked_without_the_punctuation_behind_it() -> None:
    html = mrkdwn.render("資料は https://example.com/doc。ご覧ください (https://example.com/b).", NAMES)
    assert 'href="https://example.com/doc"' in html
    assert 'href="https://example.com/b"' in html


def test_mention_of_the_reader_stands_out_and_others_do_not() -> None:
    html = mrkdwn.render("<@U01SATO001> <@U0EVIL> <#C01GENERAL> <!here>", NAMES)
    assert 'class="kk-mention kk-mention-me" data-user="U01SATO001">@佐藤 美咲' in html
    assert 'data-target="C01GENERAL">#general</button>' in html
    assert "@here" in html
    assert "<img" not in html


def test_markdown_block_has_headings_lists_tables_and_code() -> None:
    html = markdown.render(
        "# 要点\n\n- **予算** 800万円\n  1. 稟議\n\n| 項目 | 値 |\n|:--|--:|\n| 架電 | 34 |\n\n"
        "```py\nx < 1\n```\n> 引用",
        NAMES,
    )
    for piece in (
        "<h2>要点</h2>",
        "<strong>予算</strong>",
        "kk-indent-1",
        "<td",
        "kk-align-right",
        "<pre>x &lt; 1</pre>",
        "<blockquote>",
    ):
        assert piece in html


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    assert set(JA) == set(EN)
    for key, sentence in JA.items():
        places = {part.split("}")[0] for part in sentence.split("{")[1:]}
        assert places == {part.split("}")[0] for part in EN[key].split("{")[1:]}, key


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [("ja", "Asia/Tokyo", "9:00"), ("en", "America/New_York", "7:00 PM"), ("en", "Nowhere/At_All", "12:00 AM")],
)
def test_clock_is_the_persons_own(language: str, zone: str, words: str) -> None:
    assert Voice.of(language, zone).clock("1767225600.000100") == words


def test_refusals_of_the_workspace_are_said_in_japanese_and_those_of_apps_as_they_are() -> None:
    voice = Voice.of("ja", "Asia/Tokyo")
    assert voice.refusal("Please enter no more than 40 characters") == "40文字以内で入力してください"
    assert voice.refusal("Already taken") == "Already taken"
    assert Voice.of("en", "UTC").refusal("This is a required field") == "This is a required field"


def kinds(value: Any) -> set[str]:
    """Every `type` in blocks."""
    if isinstance(value, dict):
        return (
            {str(value["type"])} & {*BLOCKS, *ELEMENTS} | kinds(list(value.values()))
            if "type" in value
            else kinds(list(value.values()))
        )
    return set().union(*map(kinds, value)) if isinstance(value, list) else set()


def test_gallery_holds_every_block_and_every_element_that_the_workspace_accepts() -> None:
    shown = [all_of.newer("x"), all_of.settable("x"), every_block("x"), every_input(), all_of.ALERTS]
    shown += [all_of.MESSAGE_ONLY, all_of.HOME_ONLY]
    assert kinds(shown) == {*BLOCKS, *ELEMENTS}
