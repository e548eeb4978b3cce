"""Every kind of payload carries the keys that Slack documents: one person's day, told to an app over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.manifest import RequestUrls
from bot.workspace.server import RunningWorkspace, running

from .endpoint import Endpoint, listening
from .recorder import COMMON, GENERAL, IS_TEAM, KATO, SATO, field, modal, plain
from .waiting import until

OUTER = {
    "token", "team_id", "api_app_id", "event", "type", "event_id", "event_time", "authorizations",
    "is_ext_shared_channel", "event_context",
}  # fmt: skip
VIEW = {
    "id", "team_id", "app_id", "bot_id", "app_installed_team_id", "type", "callback_id", "private_metadata", "title",
    "submit", "close", "blocks", "state", "hash", "root_view_id", "previous_view_id", "external_id", "clear_on_close",
    "notify_on_close",
}  # fmt: skip
MESSAGE = {"type", "user", "text", "ts", "team"}
PLACED = {"channel", "event_ts", "channel_type"}
BOT_MESSAGE = MESSAGE | {"bot_id", "app_id", "bot_profile", "blocks"}

# Kind of payload → its documented keys; a nested object's keys stand under the path to it.
INTERACTIVE: dict[str, dict[str, set[str]]] = {
    "slash command": {
        "": {
            "token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name", "command", "text",
            "api_app_id", "is_enterprise_install", "response_url", "trigger_id",
        },
    },
    "block_actions in a message": {
        "": COMMON | {"trigger_id", "container", "channel", "message", "state", "response_url", "actions"},
        "team": {"id", "domain"},
        "user": {"id", "username", "name", "team_id"},
        "container": {"type", "message_ts", "channel_id", "is_ephemeral"},
        "channel": {"id", "name"},
        "message": BOT_MESSAGE,
        "state": {"values"},
        "actions.0": {"type", "action_id", "block_id", "action_ts", "text", "value"},
    },
    "block_actions in an ephemeral message": {
        "": COMMON | {"trigger_id", "container", "channel", "response_url", "actions"},
        "container": {"type", "message_ts", "channel_id", "is_ephemeral"},
    },
    "block_actions in a modal": {
        "": COMMON | {"trigger_id", "container", "view", "actions"},
        "container": {"type", "view_id"},
        "view": VIEW,
        "view.state": {"values"},
    },
    "block_actions in the home": {
        "": COMMON | {"trigger_id", "container", "view", "actions"},
        "container": {"type", "view_id"},
        "view": VIEW,
    },
    "block_suggestion in a modal": {
        "": COMMON | {"container", "action_id", "block_id", "value", "view"},
        "view": VIEW,
    },
    "block_suggestion in a message": {
        "": COMMON | {"container", "action_id", "block_id", "value", "channel", "message"},
        "message": BOT_MESSAGE,
    },
    "view_submission": {"": COMMON | {"trigger_id", "view", "response_urls"}, "view": VIEW, "view.state": {"values"}},
    "view_closed": {"": COMMON | {"view", "is_cleared"}, "view": VIEW},
    "shortcut": {"": COMMON | {"callback_id", "trigger_id", "action_ts"}},
    "message_action": {
        "": COMMON
        | {"callback_id", "trigger_id", "action_ts", "channel", "message_ts", "message", "response_url"},
        "message": BOT_MESSAGE,
    },
}  # fmt: skip
THREAD = {
    "": {"type", "assistant_thread", "event_ts"},
    "assistant_thread": {"user_id", "context", "channel_id", "thread_ts"},
    "assistant_thread.context": {"channel_id", "team_id", "enterprise_id"},
}
REACTION = {"": {"type", "user", "reaction", "item", "item_user", "event_ts"}, "item": {"type", "channel", "ts"}}
EVENTS: dict[str, dict[str, set[str]]] = {
    "message in a channel": {"": MESSAGE | PLACED | {"client_msg_id", "blocks"}},
    "message in a private channel": {"": MESSAGE | PLACED},
    "message in a direct message": {"": MESSAGE | PLACED},
    "message in a group": {"": MESSAGE | PLACED},
    "message in a thread": {"": MESSAGE | PLACED | {"thread_ts", "parent_user_id"}},
    "message of the app": {"": BOT_MESSAGE | PLACED},
    "message_changed": {
        "": PLACED | {"type", "subtype", "hidden", "message", "previous_message", "ts"},
        "message": BOT_MESSAGE,
        "previous_message": BOT_MESSAGE,
    },
    "message_deleted": {
        "": PLACED | {"type", "subtype", "hidden", "deleted_ts", "previous_message", "ts"},
        "previous_message": MESSAGE | {"bot_id"},
    },
    "file_share": {"": MESSAGE | PLACED | {"subtype", "files", "upload", "display_as_bot"}},
    "app_mention": {"": MESSAGE | {"channel", "event_ts", "client_msg_id"}},
    "app_home_opened": {"": {"type", "user", "channel", "tab", "event_ts", "view"}, "view": VIEW},
    "file_created": {"": {"type", "file_id", "file", "event_ts"}, "file": {"id"}},
    "file_shared": {"": {"type", "channel_id", "file_id", "user_id", "file", "event_ts"}, "file": {"id"}},
    "member_joined_channel": {"": {"type", "user", "channel", "channel_type", "team", "inviter", "event_ts"}},
    "reaction_added": REACTION,
    "reaction_removed": REACTION,
    "assistant_thread_started": THREAD,
    "assistant_thread_context_changed": THREAD,
    "message in an assistant thread": {"": MESSAGE | PLACED | {"thread_ts"}},
    "channel_created": {"": {"type", "channel", "event_ts"}, "channel": {"id", "name", "created", "creator"}},
}  # fmt: skip


class Day:
    """What a person does, and what the app is told of it, by kind."""

    def __init__(self, served: RunningWorkspace, endpoint: Endpoint) -> None:
        self.served = served
        self.endpoint = endpoint
        self.client = AsyncWebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[])
        self.sato = served.person(SATO)
        self.found: dict[str, dict[str, Any]] = {}

    def note(self, kind: str) -> None:
        """Keeps the payload that came last; events come when they like and do not count."""
        told = (asked.payload for asked in reversed(self.endpoint.told))
        self.found[kind] = next(body for body in told if body.get("type") != "event_callback")

    async def event(self, kind: str, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Waits for an event and keeps it."""

        def come() -> list[dict[str, Any]]:
            told = [asked.payload for asked in self.endpoint.told]
            return [body for body in told if body.get("type") == "event_callback" and matches(body["event"])]

        await until(come)
        self.found[kind] = come()[-1]
        event: dict[str, Any] = self.found[kind]["event"]
        return event

    async def open(self, view: dict[str, Any]) -> str:
        """Opens a modal by a command; its id."""
        await self.sato.command(GENERAL, "/open")
        self.note("slash command")
        trigger = self.found["slash command"]["trigger_id"]
        return str((await self.client.views_open(trigger_id=trigger, view=view))["view"]["id"])


@pytest.fixture
async def day() -> AsyncIterator[Day]:
    async with listening() as endpoint, running() as served:
        await served.transport.use_http(RequestUrls.one(endpoint.url))
        yield Day(served, endpoint)


def button(action_id: str) -> dict[str, Any]:
    element = {"type": "button", "text": plain("押す"), "action_id": action_id, "value": "7"}
    return {"type": "actions", "block_id": "row", "elements": [element]}


COMPANY = {"type": "external_select", "action_id": "company", "min_query_length": 0}


def missing(payload: dict[str, Any], expected: dict[str, set[str]]) -> dict[str, set[str]]:
    """The documented keys that are not there, by the path to them."""
    lacking = {}
    for path, keys in expected.items():
        found: Any = payload
        for step in filter(None, path.split(".")):
            found = found[int(step)] if step.isdecimal() else found[step]
        if keys - set(found):
            lacking[path] = keys - set(found)
    return lacking


async def test_interactive_payloads_carry_what_slack_documents(day: Day, subtests: pytest.Subtests) -> None:
    sato, client = day.sato, day.client
    where = {"type": "conversations_select", "response_url_enabled": True}
    view = await day.open(modal(button("go"), field("company", COMPANY), field("where", where), notify_on_close=True))
    await sato.action(action_id="go", view_id=view)
    day.note("block_actions in a modal")
    await sato.options(action_id="company", block_id="company", query="", view_id=view)
    day.note("block_suggestion in a modal")
    await sato.close(view)
    day.note("view_closed")
    view = await day.open(modal(field("where", where)))
    await sato.submit(view, {"where": {"a": GENERAL}})
    day.note("view_submission")

    blocks = [button("go"), {"type": "section", "block_id": "pick", "text": plain("会社"), "accessory": COMPANY}]
    ts = (await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks))["ts"]
    await day.event("message of the app", lambda event: event.get("ts") == ts)
    await sato.action(action_id="go", channel=GENERAL, ts=ts)
    day.note("block_actions in a message")
    await sato.options(action_id="company", query="", channel=GENERAL, ts=ts)
    day.note("block_suggestion in a message")
    await sato.shortcut("on_message", GENERAL, ts)
    day.note("message_action")
    await sato.shortcut("everywhere")
    day.note("shortcut")
    own = (await client.chat_postEphemeral(channel=GENERAL, user=SATO, text="x", blocks=[button("go")]))["message_ts"]
    await sato.action(action_id="go", channel=GENERAL, ts=own)
    day.note("block_actions in an ephemeral message")
    home = await client.views_publish(user_id=SATO, view={"type": "home", "blocks": [button("go")]})
    await sato.action(action_id="go", view_id=home["view"]["id"])
    day.note("block_actions in the home")

    assert INTERACTIVE.keys() <= day.found.keys()
    for kind, expected in INTERACTIVE.items():
        with subtests.test(kind):
            assert missing(day.found[kind], expected) == {}
            if kind != "slash command":
                assert day.found[kind]["type"] == kind.partition(" ")[0]


async def test_events_carry_what_slack_documents(day: Day, subtests: pytest.Subtests) -> None:
    sato, client, bot = day.sato, day.client, day.served.workspace.bot_user
    kinds = lambda kind: lambda event: event["type"] == kind  # noqa: E731 # One line says it.
    first = (await sato.message(GENERAL, "こんにちは"))["ts"]
    await day.event("message in a channel", lambda event: event.get("ts") == first)
    reply = (await sato.message(GENERAL, "返事", first))["ts"]
    await day.event("message in a thread", lambda event: event.get("ts") == reply)
    await sato.message(IS_TEAM, "@kakehashi 助けて")
    await day.event("app_mention", kinds("app_mention"))
    private = (await client.conversations_create(name="secret", is_private=True))["channel"]["id"]
    await client.conversations_invite(channel=private, users=[SATO])
    await sato.message(private, "内緒")
    await day.event("message in a private channel", lambda event: event.get("channel_type") == "group")
    group = (await client.conversations_open(users=[SATO, KATO]))["channel"]["id"]
    await sato.message(group, "三人で")
    await day.event("message in a group", lambda event: event.get("channel_type") == "mpim")
    direct = (await sato.open_dm(bot))["channel"]
    await sato.message(direct, "二人で")
    await day.event("message in a direct message", lambda event: event.get("channel_type") == "im")

    ts = (await client.chat_postMessage(channel=GENERAL, text="x", blocks=[button("go")]))["ts"]
    await day.event("message of the app", lambda event: event.get("ts") == ts)
    await client.chat_update(channel=GENERAL, ts=ts, text="y", blocks=[button("go")])
    changed = await day.event("message_changed", lambda event: event.get("subtype") == "message_changed")
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("y", "x")
    await client.chat_delete(channel=GENERAL, ts=ts)
    deleted = await day.event("message_deleted", lambda event: event.get("subtype") == "message_deleted")
    assert deleted["deleted_ts"] == ts

    await sato.upload(direct, "a.csv", b"a", "どうぞ")
    await day.event("file_share", lambda event: event.get("subtype") == "file_share")
    await day.event("file_created", kinds("file_created"))
    await day.event("file_shared", kinds("file_shared"))
    for kind in ("reaction_added", "reaction_removed"):
        await sato.react(GENERAL, first, "eyes")
        await day.event(kind, kinds(kind))
    await sato.invite(IS_TEAM, "U01TANAKA1")
    await day.event("member_joined_channel", kinds("member_joined_channel"))
    await client.conversations_create(name="new")
    await day.event("channel_created", kinds("channel_created"))
    await client.views_publish(user_id=SATO, view={"type": "home", "blocks": [button("go")]})
    await sato.home()
    await day.event("app_home_opened", kinds("app_home_opened"))

    opened = await sato.assistant(GENERAL)
    started = await day.event("assistant_thread_started", kinds("assistant_thread_started"))
    assert started["assistant_thread"]["context"]["channel_id"] == GENERAL
    thread = opened["thread_ts"]
    await sato.message(opened["channel"], "教えて", thread)
    asked = await day.event("message in an assistant thread", lambda event: event.get("thread_ts") == thread)
    assert (asked["channel_type"], asked["text"]) == ("im", "教えて")
    await sato.assistant(IS_TEAM, thread)
    gone = await day.event("assistant_thread_context_changed", kinds("assistant_thread_context_changed"))
    assert gone["assistant_thread"] == {
        **started["assistant_thread"],
        "context": {**started["assistant_thread"]["context"], "channel_id": IS_TEAM},
    }

    assert day.found.keys() == EVENTS.keys()
    for kind, expected in EVENTS.items():
        with subtests.test(kind):
            assert OUTER - set(day.found[kind]) == set()
            assert missing(day.found[kind]["event"], expected) == {}


async def test_a_trigger_opens_one_modal_within_three_seconds() -> None:
    now = [1_800_000_000.0]
    async with listening() as endpoint, running(clock=lambda: now[0]) as served:
        await served.transport.use_http(RequestUrls.one(endpoint.url))
        day = Day(served, endpoint)

        async def opened(trigger: str) -> str:
            try:
                await day.client.views_open(trigger_id=trigger, view=modal(button("go")))
            except SlackApiError as error:
                return str(error.response["error"])
            return "ok"

        await day.sato.command(GENERAL, "/open")
        trigger = endpoint.told[-1].form["trigger_id"]
        assert [await opened(trigger), await opened(trigger)] == ["ok", "exchanged_trigger_id"]
        await day.sato.shortcut("everywhere")
        now[0] += 3.1
        assert await opened(endpoint.told[-1].payload["trigger_id"]) == "expired_trigger_id"
        assert await opened("1.2.3") == "invalid_trigger_id"
