"""A small Slack app that shows one of everything: each block, each input element, a home, an ephemeral message."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace

Json = dict[str, Any]

MANIFEST: Json = {
    "display_information": {"name": "Kakehashi"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "kakehashi", "always_online": True},
        "assistant_view": {"assistant_description": "使い方に答えます"},
        "slash_commands": [
            {"command": "/lead", "description": "リードを追加・検索・判定します", "usage_hint": "add | find | qualify"},
            {"command": "/learn", "description": "使い方を学びます", "usage_hint": ""},
            {"command": "/card", "description": "見本のカードを出します", "usage_hint": ""},
            {"command": "/all", "description": "すべての入力欄を出します", "usage_hint": ""},
            {"command": "/flow", "description": "選ぶと変わる入力欄を出します", "usage_hint": ""},
        ],
        "shortcuts": [
            {"name": "リードを追加", "type": "global", "callback_id": "lead.add", "description": "追加"},
            {"name": "リードにする", "type": "message", "callback_id": "lead.make", "description": "メッセージから"},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "chat:write", "commands", "im:history", "channels:history", "app_mentions:read", "files:read",
                "files:write", "users:read", "channels:read", "im:read", "im:write", "reactions:read",
                "reactions:write", "pins:write", "bookmarks:write", "mpim:write", "mpim:read", "groups:read",
                "assistant:write",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": ["app_home_opened", "message.im", "app_mention", "assistant_thread_started"]
        },
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}  # fmt: skip

COMPANIES = (
    ("1", "トヨタ自動車株式会社", "愛知県豊田市 ・ 輸送用機器"),
    ("2", "豊田通商株式会社", "愛知県名古屋市 ・ 卸売業"),
    ("3", "日本電気株式会社", "東京都港区 ・ 電気機器"),
    ("4", "株式会社ほしみ物流", "大阪府大阪市 ・ 陸運業"),
)


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def option(value: str, text: str, hint: str = "") -> Json:
    """An option, with a description line where one is given."""
    return {"text": plain(text), "value": value} | ({"description": plain(hint)} if hint else {})


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    """An input block whose element has the action_id `value`."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "value", **element},
        **more,
    }


HANDOFF_TEXT = (
    "*担当* <@U01SATO001> → <@U01TANAKA1>\n> 3か月以内に倉庫の在庫管理を入れ替えたい\n• 予算 `800万円`\n"
    "• <https://example.com|資料> ・ <tel:0312345678|03-1234-5678>"
)
STAGES = [option("new", "新規"), option("called", "架電済み", "🔵 一度は話した"), option("won", "🏆 受注")]


def modal(title: str, blocks: list[Json], **words: str) -> Json:
    """A modal view of the callback `all`."""
    return {
        "type": "modal",
        "callback_id": "all",
        "title": plain(title),
        "blocks": blocks,
        **{name: plain(text) for name, text in words.items()},
    }


def every_input() -> list[Json]:
    """One input block for each element that a modal can hold."""
    return [
        field(
            "company",
            "企業",
            {"type": "external_select", "min_query_length": 1, "placeholder": plain("社名・法人番号で検索")},
        ),
        field("contact", "担当者名", {"type": "plain_text_input", "placeholder": plain("例: 山田 花子")}),
        field(
            "note",
            "メモ",
            {"type": "plain_text_input", "multiline": True, "max_length": 40},
            optional=True,
            hint=plain("気づいたことを自由に"),
        ),
        field("stage", "ステージ", {"type": "static_select", "options": STAGES}, optional=True),
        field(
            "area",
            "地域",
            {
                "type": "static_select",
                "option_groups": [
                    {"label": plain("東日本"), "options": [option("tokyo", "東京"), option("sendai", "仙台")]},
                    {"label": plain("西日本"), "options": [option("osaka", "大阪"), option("fukuoka", "福岡")]},
                ],
            },
            optional=True,
        ),
        field(
            "tags", "タグ", {"type": "multi_static_select", "options": STAGES, "max_selected_items": 2}, optional=True
        ),
        field("related", "関連企業", {"type": "multi_external_select", "min_query_length": 1}, optional=True),
        field("owner", "担当", {"type": "users_select"}, optional=True),
        field("team", "チーム", {"type": "multi_users_select"}, optional=True),
        field("where", "会話", {"type": "conversations_select"}, optional=True),
        field("wheres", "会話（複数）", {"type": "multi_conversations_select"}, optional=True),
        field("room", "チャンネル", {"type": "channels_select"}, optional=True),
        field("rooms", "チャンネル（複数）", {"type": "multi_channels_select"}, optional=True),
        field("day", "開始日", {"type": "datepicker"}, optional=True),
        field("hour", "時刻", {"type": "timepicker"}, optional=True),
        field("moment", "日時", {"type": "datetimepicker"}, optional=True),
        field("amount", "金額", {"type": "number_input", "is_decimal_allowed": False, "min_value": "0"}, optional=True),
        field("mail", "メール", {"type": "email_text_input"}, optional=True),
        field("site", "サイト", {"type": "url_text_input"}, optional=True),
        field(
            "checks",
            "確認",
            {
                "type": "checkboxes",
                "options": [option("pain", "課題を*認識*している", "本人の言葉で"), option("intent", "意思を示した")],
            },
            optional=True,
        ),
        field(
            "answer",
            "予算",
            {"type": "radio_buttons", "options": [option("yes", "確認済み"), option("no", "未確認")]},
            optional=True,
        ),
        field("story", "背景", {"type": "rich_text_input"}, optional=True),
        field("paper", "資料", {"type": "file_input", "max_files": 2}, optional=True),
    ]


def flow(kind: str | None = None) -> list[Json]:
    """A form that changes with the kind chosen: a field more, and other details to choose from."""
    kinds = [option("call", "電話"), option("mail", "メール")]
    details = {"call": [option("now", "いま")], "mail": [option("html", "装飾あり")]}.get(kind or "", STAGES)
    more = [field("extra", "電話番号", {"type": "plain_text_input"}, optional=True)] if kind == "call" else []
    chooser = {"type": "static_select", "action_id": "flow.kind", "options": kinds}
    return [
        {"type": "section", "block_id": "kind", "text": plain("方法"), "accessory": chooser},
        *more,
        field("detail", "詳細", {"type": "static_select", "options": details}, optional=True),
        field(
            "name",
            "名前",
            {
                "type": "plain_text_input",
                "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
            },
            dispatch_action=True,
        ),
    ]


def every_block(picture: str) -> list[Json]:
    """One of each block that a message can hold; `picture` is an address on this machine."""
    return [
        {"type": "header", "text": plain("商談引き継ぎ :handshake: 株式会社ほしみ物流")},
        {
            "type": "section",
            "block_id": "head",
            "text": {
                "type": "mrkdwn",
                "text": HANDOFF_TEXT,
            },
            "accessory": {
                "type": "overflow",
                "action_id": "more",
                "options": [option("open", "開く"), option("copy", "写す")],
            },
        },
        {
            "type": "section",
            "block_id": "bant",
            "fields": [
                {"type": "mrkdwn", "text": "*予算*\n:white_check_mark: 確認済み"},
                {"type": "mrkdwn", "text": "*決裁*\n:white_check_mark: 物流部長"},
                {"type": "mrkdwn", "text": "*必要性*\n:white_check_mark: 強い"},
                {"type": "mrkdwn", "text": "*時期*\n:grey_question: 未確認"},
            ],
        },
        {"type": "divider"},
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "項目"}, {"type": "raw_text", "text": "値"}],
                [{"type": "raw_text", "text": "架電"}, {"type": "raw_text", "text": "34"}],
            ],
            "column_settings": [{"align": "left"}, {"align": "right"}],
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "心配: ", "style": {"bold": True}},
                        {"type": "text", "text": "移行の停止時間 "},
                        {"type": "emoji", "name": "warning"},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "現場を見る"}]},
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "見積もりを出す"}]},
                    ],
                },
            ],
        },
        {"type": "markdown", "text": "## 要約\n**予算**は確認済み"},
        {"type": "image", "image_url": picture, "alt_text": "グラフ", "title": plain("今週の架電")},
        {
            "type": "actions",
            "block_id": "decide",
            "elements": [
                {"type": "button", "action_id": "accept", "text": plain("受け取る"), "style": "primary", "value": "1"},
                {
                    "type": "button",
                    "action_id": "return",
                    "text": plain("差し戻す"),
                    "style": "danger",
                    "confirm": {
                        "title": plain("差し戻しますか"),
                        "text": plain("理由をあとで書けます。"),
                        "confirm": plain("差し戻す"),
                        "deny": plain("やめる"),
                        "style": "danger",
                    },
                },
                {"type": "button", "action_id": "site", "text": plain("サイト"), "url": "https://example.com/"},
                {"type": "static_select", "action_id": "stage", "options": STAGES, "placeholder": plain("ステージ")},
                {"type": "datepicker", "action_id": "when"},
            ],
        },
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "確認の期限 <!date^1767225600^{date_short} {time}|期限>"}],
        },
    ]


HOME: list[Json] = [
    {"type": "header", "text": plain("今日の架電")},
    {"type": "section", "text": {"type": "mrkdwn", "text": "待ちの引き継ぎは *2件* です。"}},
    {"type": "divider"},
    {
        "type": "actions",
        "block_id": "home.actions",
        "elements": [
            {"type": "button", "action_id": "home.start", "text": plain("はじめる"), "style": "primary"},
            {"type": "static_select", "action_id": "home.stage", "options": STAGES, "placeholder": plain("ステージ")},
        ],
    },
]


class SmallApp:
    """The app, and what people did to it: `done` holds (kind, what) in order."""

    def __init__(self, workspace: RunningWorkspace) -> None:
        self.workspace = workspace
        self.done: list[tuple[str, Any]] = []
        self.client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
        self.app = AsyncApp(name="tests", client=self.client, process_before_response=True)
        self.handler = AsyncSocketModeHandler(self.app, workspace.app_token)
        # The socket's address comes from apps.connections.open, asked of the workspace instead of Slack.
        self.handler.client.web_client = AsyncWebClient(base_url=workspace.api_url)
        self._listen()

    async def __aenter__(self) -> SmallApp:
        await self.handler.connect_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.handler.close_async()

    def _listen(self) -> None:
        app = self.app

        @app.command("/card")
        async def card(ack: Any, command: Json) -> None:
            await ack()
            blocks = every_block(f"{self.workspace.page_url}page/static/icon.svg")
            await self.client.chat_postMessage(channel=command["channel_id"], text="商談引き継ぎ", blocks=blocks)

        @app.command("/lead")
        async def lead(ack: Any, command: Json) -> None:
            self.done.append(("command", command["text"]))
            await ack(f"`{command['text']}` を受け付けました")

        @app.command("/all")
        async def all_inputs(ack: Any, command: Json) -> None:
            await ack()
            view = modal("リードを追加", every_input(), submit="保存", close="やめる")
            await self.client.views_open(trigger_id=command["trigger_id"], view=view)

        @app.command("/flow")
        async def start(ack: Any, command: Json) -> None:
            await ack()
            await self.client.views_open(
                trigger_id=command["trigger_id"], view=modal("進め方", flow(), submit="保存") | {"callback_id": "flow"}
            )

        @app.action("flow.kind")
        async def chosen(ack: Any, action: Json, body: Json) -> None:
            await ack()
            self.done.append(("flow.kind", body["view"]["state"]["values"]))
            view = modal("進め方", flow(action["selected_option"]["value"]), submit="保存") | {"callback_id": "flow"}
            await self.client.views_update(view_id=body["view"]["id"], view=view)

        @app.action("value")
        async def letters(ack: Any, action: Json) -> None:
            await ack()
            self.done.append(("letters", action["value"]))

        @app.view("flow")
        async def ended(ack: Any, view: Json) -> None:
            await ack()
            self.done.append(("flow", view["state"]["values"]))

        @app.options("value")
        async def search(ack: Any, payload: Json) -> None:
            self.done.append(("search", payload["value"]))
            found = [option(*company) for company in COMPANIES if payload["value"] in company[1] + company[2]]
            await ack(
                option_groups=[{"label": plain("見つかった企業"), "options": found}] if found else None,
                options=None if found else [],
            )

        @app.view("all")
        async def submitted(ack: Any, view: Json) -> None:
            values = view["state"]["values"]
            self.done.append(("submit", values))
            name = values["contact"]["value"]["value"] or ""
            if "重複" in name:
                await ack(response_action="errors", errors={"contact": "同じ名前の担当者がもう登録されています"})
            elif "更新" in name:
                grown: list[Json] = [{"type": "section", "block_id": "new", "text": plain("増えた行")}, *every_input()]
                await ack(response_action="update", view=modal("更新後", grown, submit="保存"))
            elif "別" in name:
                other = modal("別の用紙", every_input(), submit="保存")
                await ack(response_action="update", view=other | {"callback_id": "other"})
            elif "次" in name:
                again = {"type": "button", "action_id": "again", "text": plain("もう一度")}
                result: list[Json] = [
                    {"type": "section", "text": plain("条件を満たしています")},
                    {"type": "actions", "elements": [again]},
                ]
                await ack(response_action="push", view=modal("結果", result))
            else:
                await ack()

        for action in ("accept", "return", "site", "stage", "when", "more", "home.start", "home.stage", "again", "row"):
            app.action(action)(self._acted)

        @app.event("app_home_opened")
        async def opened(event: Json) -> None:
            await self.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": HOME})

        @app.event("assistant_thread_started")
        async def begun(event: Json) -> None:
            thread = event["assistant_thread"]
            where = {"channel_id": thread["channel_id"], "thread_ts": thread["thread_ts"]}
            prompts = [{"title": "今日の予定", "message": "今日の予定を教えて"}]
            await self.client.assistant_threads_setTitle(**where, title="はじめの相談")
            await self.client.assistant_threads_setSuggestedPrompts(**where, title="たとえば", prompts=prompts)

        @app.event("message")
        async def said(event: Json) -> None:
            self.done.append(("message", event))
            for file in event.get("files", []):
                self.done.append(("file", file["name"]))

        @app.event("app_mention")
        async def mentioned(event: Json) -> None:
            self.done.append(("mention", event["text"]))

        for callback in ("lead.add", "lead.make"):
            app.shortcut(callback)(self._shortcut)

    async def _acted(self, ack: Any, action: Json, body: Json) -> None:
        await ack()
        self.done.append((action["action_id"], action))
        if action["action_id"] == "accept":
            message = body["message"]
            await self.client.chat_update(
                channel=body["channel"]["id"], ts=message["ts"], text="受け取りました", blocks=message["blocks"][:1]
            )

    async def _shortcut(self, ack: Any, shortcut: Json) -> None:
        await ack()
        self.done.append(("shortcut", shortcut["callback_id"]))

    async def until(self, kind: str, what: Any = None) -> Any:
        """The newest thing of a kind (and equal to `what`) that people did; waits for it, 10 seconds at most."""
        deadline = asyncio.get_running_loop().time() + 10
        while asyncio.get_running_loop().time() < deadline:
            for seen, done in reversed(self.done):
                if seen == kind and what in (None, done):
                    return done
            await asyncio.sleep(0.02)
        raise AssertionError(f"nobody did {kind}; done: {[seen for seen, _ in self.done]}")


def companies_csv() -> bytes:
    """A small CSV for dropping."""
    out = io.StringIO()
    csv.writer(out).writerows(COMPANIES)
    return out.getvalue().encode()
