"""The small app that `walk` leads a person through, written with Bolt for Python: once async, once with threads."""

from __future__ import annotations

from typing import Any

from slack_bolt import App
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace

from .kit import Json, plain, section
from .recorder import GENERAL
from .walk import PAGE

COMPANIES = ("青空商事", "青葉工業", "赤坂物産")
REPORT = "会社\n青空商事\n".encode()
SECOND: Json = {
    "type": "modal",
    "title": plain("次"),
    "close": plain("戻る"),
    "blocks": [section(text=plain("二枚目"))],
}
HOME: Json = {"type": "home", "blocks": [section(text=plain("ようこそ"))]}
TOO_MANY = [{"type": "divider"}] * 51


def entry(block_id: str, label: str, inner: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "value", **inner},
        **more,
    }


def form(name: str = "", *blocks: Json) -> Json:
    """The modal; `name` is what its first field begins with."""
    initial = {"initial_value": name} if name else {}
    button = {"type": "button", "action_id": "detail", "text": plain("詳細")}
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("登録"),
        "submit": plain("保存"),
        "notify_on_close": True,
        "blocks": [
            entry("name", "名前", {"type": "plain_text_input", **initial}),
            entry("company", "会社", {"type": "external_select", "action_id": "company", "min_query_length": 1}),
            entry("day", "日付", {"type": "datepicker"}, optional=True),
            {"type": "actions", "block_id": "more", "elements": [button]},
            *blocks,
        ],
    }


def offered(query: str) -> list[Json]:
    return [{"text": plain(name), "value": name} for name in COMPANIES if query in name]


def updated(view: Json) -> Json:
    """The arguments of `views.update` after the click in the modal."""
    typed = view["state"]["values"]["name"]["value"]["value"]
    return {"view_id": view["id"], "hash": view["hash"], "view": form("", section(text=plain(f"詳細: {typed}")))}


def judged(view: Json) -> Json | None:
    """What the acknowledgement of a submission says, where it says anything."""
    match view["state"]["values"]["name"]["value"]["value"]:
        case "誤り":
            return {"response_action": "errors", "errors": {"name": "名前が違います"}}
        case "次":
            return {"response_action": "push", "view": SECOND}
    return None


def registered(view: Json) -> Json:
    """The message about a submission."""
    values = view["state"]["values"]
    company = values["company"]["company"]["selected_option"]["value"]
    name, day = values["name"]["value"]["value"], values["day"]["value"]["selected_date"]
    button = {"type": "button", "action_id": "approve", "value": company, "text": plain("承認")}
    return {
        "channel": GENERAL,
        "text": f"{name} ({company}, {day})",
        "metadata": {"event_type": "registered", "event_payload": {"company": company}},
        "blocks": [section(text=plain(name)), {"type": "actions", "elements": [button]}],
    }


def upload(body: Json) -> Json:
    return {
        "channel": body["channel"]["id"],
        "thread_ts": body["message"]["ts"],
        "filename": "記録.csv",
        "content": REPORT,
        "initial_comment": "記録です",
    }


def refusal(error: SlackApiError) -> str:
    return f"{error.response['error']}: {error.response['response_metadata']['messages'][0]}"


def async_app(served: RunningWorkspace, **more: Any) -> AsyncApp:
    """The app on the asynchronous Bolt."""
    app = AsyncApp(
        name="tests", client=AsyncWebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[]), **more
    )

    @app.command("/form")
    async def command(ack, body, client):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form(body["text"]))

    @app.options("company")
    async def companies(ack, payload):
        await ack(options=offered(payload["value"]))

    @app.action("detail")
    async def detail(ack, body, client):
        await ack()
        await client.views_update(**updated(body["view"]))

    @app.view("form")
    async def submitted(ack, view, client):
        answer = judged(view)
        await ack(**(answer or {}))
        if answer is None:
            await client.chat_postMessage(**registered(view))

    @app.view_closed("form")
    async def closed(ack, body, client):
        await ack()
        await client.chat_postEphemeral(channel=GENERAL, user=body["user"]["id"], text="またどうぞ")

    @app.action("approve")
    async def approve(ack, action, body, client, respond):
        await ack()
        await respond(replace_original=True, text=f"承認済み: {action['value']}")
        await client.files_upload_v2(**upload(body))

    @app.command("/history")
    async def history(ack, body, client):
        pages = [
            page["messages"]
            async for page in await client.conversations_history(channel=body["channel_id"], limit=PAGE)
        ]
        texts = [message["text"] for page in pages for message in page]
        await ack(" ".join([f"{len(pages)}:", *texts]))

    @app.command("/broken")
    async def broken(ack, body, client):
        try:
            await client.chat_postMessage(channel=body["channel_id"], text="x", blocks=TOO_MANY)
        except SlackApiError as error:
            await ack(refusal(error))

    @app.event("app_mention")
    async def mentioned(event, say):
        await say(text=f"<@{event['user']}> はい", thread_ts=event["ts"])

    @app.event("reaction_added")
    async def reacted(event, client):
        item = event["item"]
        await client.reactions_add(channel=item["channel"], timestamp=item["ts"], name="white_check_mark")

    @app.event("app_home_opened")
    async def home(event, client):
        await client.views_publish(user_id=event["user"], view=HOME)

    @app.shortcut("everywhere")
    async def shortcut(ack, body, client):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form("近道"))

    return app


def threaded_app(served: RunningWorkspace) -> App:
    """The same on the Bolt with threads. It asks the workspace who it is, so it is made outside of the event loop."""
    app = App(client=WebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[]))

    @app.command("/form")
    def command(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form(body["text"]))

    @app.options("company")
    def companies(ack, payload):
        ack(options=offered(payload["value"]))

    @app.action("detail")
    def detail(ack, body, client):
        ack()
        client.views_update(**updated(body["view"]))

    @app.view("form")
    def submitted(ack, view, client):
        answer = judged(view)
        ack(**(answer or {}))
        if answer is None:
            client.chat_postMessage(**registered(view))

    @app.view_closed("form")
    def closed(ack, body, client):
        ack()
        client.chat_postEphemeral(channel=GENERAL, user=body["user"]["id"], text="またどうぞ")

    @app.action("approve")
    def approve(ack, action, body, client, respond):
        ack()
        respond(replace_original=True, text=f"承認済み: {action['value']}")
        client.files_upload_v2(**upload(body))

    @app.command("/history")
    def history(ack, body, client):
        pages = [page["messages"] for page in client.conversations_history(channel=body["channel_id"], limit=PAGE)]
        texts = [message["text"] for page in pages for message in page]
        ack(" ".join([f"{len(pages)}:", *texts]))

    @app.command("/broken")
    def broken(ack, body, client):
        try:
            client.chat_postMessage(channel=body["channel_id"], text="x", blocks=TOO_MANY)
        except SlackApiError as error:
            ack(refusal(error))

    @app.event("app_mention")
    def mentioned(event, say):
        say(text=f"<@{event['user']}> はい", thread_ts=event["ts"])

    @app.event("reaction_added")
    def reacted(event, client):
        item = event["item"]
        client.reactions_add(channel=item["channel"], timestamp=item["ts"], name="white_check_mark")

    @app.event("app_home_opened")
    def home(event, client):
        client.views_publish(user_id=event["user"], view=HOME)

    @app.shortcut("everywhere")
    def shortcut(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form("近道"))

    return app
