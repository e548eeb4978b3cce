"""The composer under a conversation or thread: what it offers, and what happens to what is sent."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlencode

from bot.workspace.page.desk import Desk
from bot.workspace.page.parts import Composer, OverflowMenu
from bot.workspace.page.sidebar import role_words

Json = dict[str, Any]

_WORDS = ("attach", "attached", "send", "send_hint")


def build_composer(desk: Desk, conversation: Json, thread_ts: str | None = None) -> Composer:
    """Builds the composer inside the current container."""
    say = desk.voice.say
    placeholder = _placeholder(desk, conversation, thread_ts)
    query = {"as": desk.me, "channel": conversation["id"]} | ({"thread_ts": thread_ts} if thread_ts else {})
    composer = Composer()
    composer.props.update(
        {
            "label": placeholder,
            "placeholder": placeholder,
            "draftKey": f"{desk.me} {conversation['id']} {thread_ts or ''}",
            "uploadUrl": f"/page/upload?{urlencode(query)}",
            "autofocus": True,
            "commands": [] if thread_ts else desk.screen["commands"],
            "people": [
                {
                    "id": each["id"],
                    "name": each["real_name"],
                    "login": each["name"],
                    "title": role_words(each, desk.voice),
                }
                for each in desk.screen["users"]
            ],
            "channels": [{"id": each["id"], "name": each["name"], "topic": each["topic"]} for each in desk.channels()],
            "words": {name: say(name) for name in _WORDS} | {"remove": say("remove", name="{name}")},
        }
    )
    composer.on("send", lambda event: _send(desk, composer, event.args, conversation["id"], thread_ts))
    composer.on("fault", lambda event: desk.tell(str(event.args)))
    shortcuts = [each for each in desk.screen["shortcuts"] if each["type"] == "global"]
    if shortcuts and not thread_ts:
        with composer:
            menu = OverflowMenu()
        menu.props.update(
            {
                "options": [{"value": each["callback_id"], "text": each["name"]} for each in shortcuts],
                "label": say("shortcuts"),
                "sign": "⚡",
                "plain": True,
            }
        )
        menu.on("choose", lambda event: desk.attempt(desk.person.shortcut(event.args["picked"][0]["value"])))
    return composer


def _placeholder(desk: Desk, conversation: Json, thread_ts: str | None) -> str:
    say = desk.voice.say
    if thread_ts:
        return say("reply_placeholder")
    if conversation["kind"] == "channel":
        return say("message_channel", name=conversation["name"])
    if conversation["with"] == desk.me:
        return say("message_self")
    if conversation["with"] is None:
        return say("message_group", name=conversation["name"])
    key = "message_app" if conversation["with"] == desk.bot else "message_person"
    return say(key, name=conversation["name"])


async def _send(desk: Desk, composer: Composer, sent: Json, channel: str, thread_ts: str | None) -> None:
    """A command when it starts with one, else a message; what was refused goes back into the field."""
    text = str(sent["text"])
    word, _, rest = text.partition(" ")
    call: Awaitable[Json]
    if text.startswith("/") and len(word) > 1 and "\n" not in word:
        call = desk.person.command(channel, word, rest.strip(), thread_ts=thread_ts)
    else:
        call = desk.person.message(channel, text, thread_ts)
    if await desk.attempt(call) is None and not composer.is_deleted:
        composer.run_method("restore", sent["typed"], sent["named"])
