"""Blocks and elements for the page's tests: one of every kind that the workspace accepts, each action named `e.…`."""

from __future__ import annotations

from typing import Any

from tests.browser.workspace_page.small_app import STAGES, field, option, plain

Json = dict[str, Any]


def mrkdwn(text: str) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def rich(*elements: Json) -> Json:
    """A rich_text block of one section."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def words(text: str, **style: bool) -> Json:
    """A text of a rich text."""
    return {"type": "text", "text": text} | ({"style": style} if style else {})


def button(name: str, text: str, **more: Any) -> Json:
    """A button of the action `e.{name}`."""
    return {"type": "button", "action_id": f"e.{name}", "text": plain(text), "value": name, **more}


def image(address: str, alt: str) -> Json:
    """An image element."""
    return {"type": "image", "image_url": address, "alt_text": alt}


def card(name: str, picture: str) -> Json:
    """A card with everything that it can have."""
    return {
        "type": "card",
        "hero_image": image(picture, f"{name}の外観"),
        "icon": image(picture, f"{name}の印"),
        "title": mrkdwn(name),
        "subtitle": plain("大阪府 ・ 陸運業"),
        "body": mrkdwn("倉庫の *移転* を検討中"),
        "actions": [button(f"card.{name}", "開く"), button(f"pass.{name}", "見送る")],
    }


def task(ident: str, title: str, status: str, **more: Any) -> Json:
    """A task."""
    return {"type": "task_card", "task_id": ident, "title": title, "status": status, **more}


ALERTS: list[Json] = [
    {"type": "alert", "level": "warning", "text": mrkdwn("*期限* が近い案件があります")},
    {"type": "alert", "text": plain("お知らせがあります")},
]
"""What only a modal holds."""


def newer(picture: str) -> list[Json]:
    """Cards, what an agent does, films: what only messages hold, and every kind of formatted text."""
    source = {"type": "url", "url": "https://example.com/minutes", "text": "議事録"}
    return [
        card("一号倉庫", picture),
        {"type": "carousel", "elements": [card("二号倉庫", picture), card("三号倉庫", picture)]},
        {
            "type": "plan",
            "title": "引き継ぎの準備",
            "tasks": [
                task("1", "議事録を読む", "complete", details=rich(words("3件の会話")), sources=[source]),
                task("2", "条件を埋める", "in_progress"),
                task("3", "担当を選ぶ", "pending"),
                task("4", "予定を探す", "error", output=rich(words("予定表に届きません"))),
            ],
        },
        task("5", "要約を書く", "in_progress"),
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "e.feedback",
                    "positive_button": {"text": plain("役に立った"), "value": "good"},
                    "negative_button": {"text": plain("いまひとつ"), "value": "bad"},
                },
                {
                    "type": "icon_button",
                    "action_id": "e.trash",
                    "icon": "trash",
                    "text": plain("消す"),
                    "value": "gone",
                },
                {
                    "type": "icon_button",
                    "action_id": "e.hidden",
                    "icon": "trash",
                    "text": plain("ほかの人だけ"),
                    "visible_to_user_ids": ["U01TANAKA1"],
                },
            ],
        },
        {
            "type": "video",
            "title": plain("製品の紹介"),
            "title_url": "https://example.com/film",
            "video_url": "https://example.com/embed",
            "thumbnail_url": picture,
            "alt_text": "製品の画面",
            "author_name": "広報",
            "provider_name": "動画の棚",
            "description": plain("3分でわかる"),
        },
        {"type": "file", "external_id": "EXT-42", "source": "remote"},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        words("太字", bold=True),
                        words("斜体", italic=True),
                        words("取消", strike=True),
                        words("記号", code=True),
                        {"type": "link", "url": "https://example.com/", "text": "入口"},
                        {"type": "user", "user_id": "U01SATO001"},
                        {"type": "channel", "channel_id": "C01GENERAL"},
                        {"type": "usergroup", "usergroup_id": "S01SALES01"},
                        {"type": "broadcast", "range": "here"},
                        {"type": "emoji", "name": "tada"},
                        {"type": "emoji", "name": "test_tube_of_ours", "unicode": "1f9ea"},
                        {"type": "color", "value": "#2f5fd0"},
                        {"type": "date", "timestamp": 1767225600, "format": "{date_long}"},
                        {"type": "team", "team_id": "T01"},
                    ],
                },
                {"type": "rich_text_list", "style": "bullet", "elements": rich(words("一つ"))["elements"]},
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "indent": 1,
                    "border": 1,
                    "elements": [*rich(words("甲"))["elements"], *rich(words("乙"))["elements"]],
                },
                {"type": "rich_text_quote", "elements": [words("引いた言葉")]},
                {"type": "rich_text_preformatted", "elements": [words("x = 1\ny = 2")]},
            ],
        },
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "社名"}, {"type": "raw_text", "text": "金額"}],
                [rich(words("ほしみ", bold=True)), {"type": "raw_number", "value": 1200, "text": "1,200"}],
            ],
            "column_settings": [None, {"align": "right", "is_wrapped": True}],
        },
    ]


def accessory(name: str, element: Json) -> Json:
    """A section with an element of the action `e.{name}` at its side."""
    return {
        "type": "section",
        "block_id": f"at.{name}",
        "text": plain(name),
        "accessory": {"action_id": f"e.{name}", **element},
    }


ANSWERS = [option("yes", "はい", "そのとおり"), option("no", "いいえ")]
SELECTS: dict[str, Json] = {
    "static": {"type": "static_select", "options": STAGES},
    "statics": {"type": "multi_static_select", "options": STAGES},
    "external": {"type": "external_select", "min_query_length": 1},
    "externals": {"type": "multi_external_select", "min_query_length": 1},
    "user": {"type": "users_select"},
    "users": {"type": "multi_users_select"},
    "talk": {"type": "conversations_select", "filter": {"include": ["im"], "exclude_bot_users": True}},
    "talks": {"type": "multi_conversations_select"},
    "channel": {"type": "channels_select"},
    "channels": {"type": "multi_channels_select"},
}
PICKERS: dict[str, Json] = {
    "date": {"type": "datepicker", "initial_date": "2026-06-01"},
    "time": {"type": "timepicker"},
}
TICKS: dict[str, Json] = {
    "checks": {"type": "checkboxes", "options": ANSWERS},
    "radio": {"type": "radio_buttons", "options": ANSWERS},
}
MENU: Json = {
    "type": "overflow",
    "options": [option("open", "開く"), {**option("site", "サイト"), "url": "https://example.com/"}],
}


def settable(picture: str) -> list[Json]:
    """Every element that a section holds, and fields that tell the app at once: for messages and homes."""
    line = {"type": "plain_text_input", "action_id": "e.line", "initial_value": "はじめ"}
    letters = {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
    return [
        *(accessory(name, element) for name, element in (SELECTS | PICKERS | TICKS).items()),
        accessory("menu", MENU),
        {"type": "section", "block_id": "at.picture", "text": plain("絵"), "accessory": image(picture, "小さな絵")},
        {"type": "actions", "elements": [button("plain", "押す")]},
        field("in.line", "一行", line, dispatch_action=True, optional=True),
        field(
            "in.letters", "一字ずつ", {**line, **letters, "action_id": "e.letters"}, dispatch_action=True, optional=True
        ),
    ]


MESSAGE_ONLY: list[Json] = [
    {
        "type": "actions",
        "elements": [
            {"type": "datetimepicker", "action_id": "e.moment"},
            {
                "type": "workflow_button",
                "action_id": "e.workflow",
                "text": plain("手順"),
                "workflow": {"trigger": {"url": "https://example.com/trigger"}},
            },
        ],
    }
]
HOME_ONLY: list[Json] = [field("in.story", "背景", {"type": "rich_text_input", "action_id": "e.story"}, optional=True)]
