"""The assistant: what people write to the bot in its direct messages and its pane, and where they mention it.

A request is understood (domain/assistant.py), and the tool it names is run under the asker's own permissions
(handlers/tools.py). Reads answer at once. Writes are shown first, signed, and done when the asker clicks. Nothing that
is said is kept here: what was asked before in a thread stands in its messages' metadata, in Slack.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.webhook.async_client import AsyncWebhookClient

from domain.assistant import Request, tidy, understand
from domain.errors import Code, Refused
from domain.members import Permission, may, require
from handlers import lead_names
from handlers.assistant_words import PROMPTS, greeting, help_message, unknown
from handlers.blocks import actions, button, context, section
from handlers.boundary import warning
from handlers.i18n import Markup, escape, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, dicts
from handlers.messages import Reader, Rendered
from handlers.routes import Routes
from handlers.today import calls as today_calls
from handlers.today import meetings as today_meetings
from handlers.tools import Nothing, Planned, Tool, Which
from services.outreach import call_queue
from services.qualification import meetings

log = logging.getLogger(__name__)

ANSWERED: Final = "assistant_answer"
"""The type of the metadata that says what a message answers."""
PURPOSE: Final = "assistant"
"""For which writes are signed."""
VALID: Final = timedelta(hours=12)
"""After this long, what would be written has to be asked for again."""
MOST_BLOCKS: Final = 48
MOST_VALUE: Final = 2000
"""Characters of a button's value."""
MOST_READ: Final = 200
"""So many messages of a thread are looked through for what was asked before."""
SEARCH_LENGTH: Final = 60
"""A longer message is talk, not a name to look for."""


def register(routes: Routes) -> None:
    """The pane's events, the buttons under answers, and the tools of the whole house."""

    async def chosen_(interaction: Interaction) -> Answer:
        return await chosen(interaction, routes)

    async def confirm_(interaction: Interaction) -> Answer:
        return await confirm(interaction, routes)

    async def help_(interaction: Interaction, _arguments: Help) -> Rendered:
        return help_message(interaction.t, interaction.actor.role, routes)

    routes.event("assistant_thread_started", started, Permission.READ)
    routes.event("assistant_thread_context_changed", moved, Permission.READ)
    routes.action("assistant.ask", chosen_, Permission.READ)
    routes.action("assistant.confirm", confirm_, Permission.READ)
    routes.action("assistant.cancel", cancel, Permission.READ)
    routes.tool("help", _("What I can do"), Help, help_, Permission.READ, public=True)
    routes.tool("today", _("My day"), Today, today, Permission.READ)


# The pane


async def started(interaction: Interaction) -> Answer:
    """A thread was opened in the pane: who I am, and what this member asks for most."""
    t, client = interaction.t, interaction.client
    said = greeting(t, interaction.actor.name)
    await client.chat_postMessage(
        channel=interaction.channel, thread_ts=interaction.thread, text=said, blocks=dicts([section(said)])
    )
    prompts = [{"title": t(prompt), "message": t(prompt)} for prompt in PROMPTS[interaction.actor.role]]
    await client.assistant_threads_setSuggestedPrompts(
        channel_id=interaction.channel, thread_ts=interaction.thread, title=t("For example"), prompts=prompts
    )
    return None


async def moved(_interaction: Interaction) -> Answer:
    """Another channel was opened beside the pane: answers do not depend on it."""
    return None


# Asked


async def said(interaction: Interaction, routes: Routes) -> Answer:
    """Somebody wrote to the bot; `interaction.text` is without the mention."""
    text = interaction.text
    request = understand(text)
    if interaction.thread and _goes_on(text, request):
        before = await _before(interaction)
        request = understand(text, before) if before is not None else request
    if request is not None and request.tool in routes.tools:
        return await ask(interaction, routes.tools[request.tool], request.arguments)
    name = tidy(text)
    if name and len(name) <= SEARCH_LENGTH and await lead_names.named(interaction, name, 1):
        return await ask(interaction, routes.tools["lead"], {"name": name})
    return await _say(interaction, unknown(interaction.t, interaction.actor.role))


def _goes_on(text: str, request: Request | None) -> bool:
    """Whether what was asked before may matter: なぜ? and 先月は? alone say too little."""
    return len(text) <= SEARCH_LENGTH and (request is None or request.tool in ("why", "kpis", "meetings"))


async def ask(interaction: Interaction, tool: Tool, words: Mapping[str, object]) -> Answer:
    """Run a tool, or show what it would write; the answer is posted where it was asked for."""
    answered, arguments = await outcome(interaction, tool, words)
    return await _say(interaction, shown(interaction, tool, answered, arguments), tool, arguments)


async def outcome(
    interaction: Interaction, tool: Tool, words: Mapping[str, object]
) -> tuple[Rendered | Which | Planned[Any], BaseModel]:
    """What a tool answers; of one that writes, what it is going to do. Refused: NOT_ALLOWED, and as the tool; INVALID
    for words that are no arguments of its."""
    require(interaction.actor.role, tool.permission)
    known = {name: value for name, value in words.items() if name in tool.arguments.model_fields}
    try:
        arguments = tool.arguments.model_validate(known)
    except ValidationError as wrong:
        raise Refused(Code.INVALID) from wrong
    work = tool.plan if tool.plan is not None else tool.run
    return await work(interaction, arguments), arguments


def shown(
    interaction: Interaction, tool: Tool, answered: Rendered | Which | Planned[Any], arguments: BaseModel
) -> Rendered:
    """An answer with its buttons, and which tool gave it."""
    t = interaction.t
    match answered:
        case Which():
            message = _choices(interaction, tool, answered, arguments)
        case Planned():
            message = _card(interaction, tool, answered)
        case _:
            message = answered
    quiet = context(t.md("Tool: {name}", name=t(tool.summary)))
    return Rendered(message.text, [*list(message.blocks)[:MOST_BLOCKS], quiet])


def _choices(interaction: Interaction, tool: Tool, which: Which, arguments: BaseModel) -> Rendered:
    given = dict(which.given) if which.tool else _kept(arguments)
    buttons = [
        button(
            choice.label,
            f"assistant.ask#{place}",
            request_value(
                which.tool or tool.name, {**given, which.argument: choice.value}, interaction.actor.slack_user
            ),
        )
        for place, choice in enumerate(which.choices)
    ]
    described = [choice for choice in which.choices if choice.description]
    lines = [Markup(f"*{escape(choice.label)}*　{escape(choice.description or '')}") for choice in described]
    blocks: list[Block] = [section(which.question)]
    if lines:
        blocks.append(context(Markup("\n".join(lines))))
    return Rendered(which.question, [*blocks, actions(*buttons)])


def request_value(tool: str, arguments: Mapping[str, object], asker: str = "") -> str:
    """A request as a button's value; `asker` "": anybody may click."""
    return json.dumps([tool, asker, arguments], ensure_ascii=False, separators=(",", ":"), default=str)


def _kept(arguments: BaseModel) -> dict[str, Any]:
    return arguments.model_dump(mode="json", exclude_defaults=True)


async def chosen(interaction: Interaction, routes: Routes) -> Answer:
    """A button under an answer or a question: asked with what it stands for. It takes the question's place."""
    try:
        name, asker, words = json.loads(interaction.value)
        tool = routes.tools[name]
    except (ValueError, KeyError, TypeError) as garbled:
        raise Refused(Code.INVALID) from garbled
    if asker and asker != interaction.actor.slack_user:
        return _anothers(interaction, asker)
    answered, arguments = await outcome(interaction, tool, words)
    rendered = shown(interaction, tool, answered, arguments)
    if not asker:
        return Reply(rendered)
    await _replace(interaction, rendered)
    return None


def _anothers(interaction: Interaction, asker: str) -> Answer:
    text = interaction.t.md("{who} asked for this, so only {who} can go on. Ask me yourself!", who=mention(asker))
    return Reply(Rendered(text, [section(Markup(f"🙌 {text}"))]))


# Writes: shown, signed, done with a click


def _card(interaction: Interaction, tool: Tool, planned: Planned[Any]) -> Rendered:
    t, actor = interaction.t, interaction.actor
    content = [
        tool.name,
        actor.slack_user,
        actor.team_id,
        secrets.token_hex(8),
        int(interaction.deps.now().timestamp()),
        _kept(planned.arguments),
    ]
    value = interaction.deps.keys.sign(PURPOSE, content)
    if len(value) > MOST_VALUE:
        raise Refused(Code.TOO_LONG, most=MOST_VALUE)
    return Rendered(
        planned.message.text,
        [
            *planned.message.blocks,
            actions(
                button(planned.confirm, "assistant.confirm", value, style="primary"),
                button(t("Cancel"), "assistant.cancel", actor.slack_user),
            ),
            context(t.md("Nothing has been changed yet.")),
        ],
    )


async def confirm(interaction: Interaction, routes: Routes) -> Answer:
    """Do what the card shows: by its asker, within its time, with the permission as it is now."""
    t, actor = interaction.t, interaction.actor
    try:
        name, asker, team, key, at, words = interaction.deps.keys.read(PURPOSE, interaction.value)
    except Refused:
        await _replace(interaction, _gone(interaction))
        return None
    if team != actor.team_id or asker != actor.slack_user:
        return _anothers(interaction, asker)
    tool = routes.tools.get(name)
    if tool is None or interaction.deps.now() - datetime.fromtimestamp(at, UTC) > VALID:
        await _replace(interaction, _gone(interaction))
        return None
    require(actor.role, tool.permission)
    done = await tool.run(replace(interaction, value=key), tool.arguments.model_validate(words))
    quiet = context(t.md("Tool: {name}", name=t(tool.summary)))
    if isinstance(done, Rendered):
        await _replace(interaction, Rendered(done.text, [*list(done.blocks)[:MOST_BLOCKS], quiet]))
    return None


def _gone(interaction: Interaction) -> Rendered:
    return warning(interaction.t("This is too old to be done. Nothing was changed; please ask me again."))


async def cancel(interaction: Interaction) -> Answer:
    """Do nothing, and say so where the card stood."""
    if interaction.value != interaction.actor.slack_user:
        return _anothers(interaction, interaction.value)
    text = interaction.t.md("Cancelled. Nothing was changed.")
    await _replace(interaction, Rendered(text, [context(text)]))
    return None


# Where answers go


async def _say(
    interaction: Interaction, rendered: Rendered, tool: Tool | None = None, arguments: BaseModel | None = None
) -> Answer:
    """Post the answer. In a channel only figures are for all: what names customers, or is one's own, only the asker
    sees."""
    if interaction.body["event"].get("channel_type") != "im" and not (tool is not None and tool.public):
        return Reply(rendered)
    metadata: dict[str, Any] | None = None
    if tool is not None and arguments is not None:
        payload = {"tool": tool.name, "arguments": _kept(arguments)}
        metadata = {"event_type": ANSWERED, "event_payload": payload}
    await interaction.client.chat_postMessage(
        channel=interaction.channel,
        thread_ts=answer_thread(interaction),
        text=rendered.text,
        blocks=dicts(rendered.blocks),
        metadata=metadata,
    )
    return None


def answer_thread(interaction: Interaction) -> str | None:
    """The thread for the answer: that of the question; in a channel the question begins one."""
    event = interaction.body["event"]
    return interaction.thread or (None if event.get("channel_type") == "im" else str(event["ts"]))


async def _replace(interaction: Interaction, rendered: Rendered) -> None:
    """Put the answer in place of the message that was clicked in."""
    url = str(interaction.body.get("response_url") or "")
    hook = AsyncWebhookClient(url, session=interaction.client.session, retry_handlers=[])
    answer = await hook.send(text=rendered.text, blocks=dicts(rendered.blocks), replace_original=True)
    if answer.status_code != 200:
        log.warning("An answer could not take the place of its question: %s %s", answer.status_code, answer.body)


async def _before(interaction: Interaction) -> Request | None:
    """What was asked last in this thread, from the metadata of my answers."""
    try:
        found = await interaction.client.conversations_replies(
            channel=interaction.channel, ts=interaction.thread, include_all_metadata=True, limit=MOST_READ
        )
    except SlackApiError:
        log.warning("A thread could not be read for what was asked before", exc_info=True)
        return None
    messages: Sequence[Mapping[str, Any]] = found.get("messages") or []
    for message in reversed(messages):
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == ANSWERED:
            payload = metadata["event_payload"]
            return Request(str(payload["tool"]), {key: str(value) for key, value in payload["arguments"].items()})
    return None


# Tools of the whole house


class Help(Nothing):
    """What the assistant can do, with examples."""


class Today(Nothing):
    """The user's day: the first calls of the queue and today's and tomorrow's meetings."""


async def today(interaction: Interaction, _arguments: Today) -> Rendered:
    """As on the home tab."""
    t, deps, actor = interaction.t, interaction.deps, interaction.actor
    reader = Reader(t, actor.zone, deps.now())
    blocks: list[Block] = []
    if may(actor.role, Permission.LOG_CALLS):
        blocks += today_calls(reader, await call_queue.build(deps, actor))
    if may(actor.role, Permission.CLOSE_MEETINGS):
        blocks += today_meetings(reader, await meetings.upcoming(deps, actor))
    if not blocks:
        text = t.md("Nothing is planned for today.")
        return Rendered(text, [section(Markup(f"🌿 {text}"))])
    return Rendered(t("My day"), blocks[1:])
