"""The assistant: what people write to the bot in its direct messages and its pane, and where they mention it.

A request is understood (domain/assistant), and the tool it names is run under the asker's own permissions
(handlers/tools.py). Reads answer at once. Writes are shown first, signed, and done when the asker clicks. Nothing that
is said is kept here: what was asked before in a thread stands in its messages' metadata, in Slack.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from slack_sdk.models.blocks import Block

from domain.assistant import Request, tidy, understand
from domain.errors import Code, Refused
from domain.members import Permission, may, require
from domain.model import Reason, Unavailable
from handlers import assistant_model, lead_names
from handlers.assistant_answers import MOST_BLOCKS, PURPOSE, outcome, shown
from handlers.assistant_posts import before as before_in_thread
from handlers.assistant_posts import is_new, name_thread, put_in_place, say, thread
from handlers.assistant_promise import compose_broken_off, kept, promise
from handlers.assistant_words import OFFERED, PROMPTS, greeting, help_message, unknown
from handlers.blocks import context, section
from handlers.boundary import fault, new_reference, sentence, warning
from handlers.i18n import Markup, Translator, mention
from handlers.i18n import mark as _
from handlers.interaction import Answer, Interaction, Reply, dicts
from handlers.messages import Reader, Rendered
from handlers.model_words import unavailable_line
from handlers.routes import Routes
from handlers.today import calls as today_calls
from handlers.today import meetings as today_meetings
from handlers.tools import Nothing, Planned, Tool
from services import assistant as service
from services import model
from services.outreach import call_queue
from services.qualification import meetings

log = logging.getLogger(__name__)

VALID: Final = timedelta(hours=12)
"""After this long, what would be written has to be asked for again."""
SEARCH_LENGTH: Final = 60
"""A longer message is talk, not a name to look for."""
MOST_HISTORY: Final = 12
"""So many messages of a thread the model is told of."""


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
    routes.delivery(service.BROKEN_OFF, compose_broken_off)
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
    """Somebody wrote to the bot; `interaction.text` is without the mention.

    Where the team has a language model it is asked, once Slack has its acknowledgement; what we offer ourselves to be
    asked is understood anyway.
    """
    deps, actor = interaction.deps, interaction.actor
    if is_new(interaction):
        interaction.afterwards.append(partial(name_thread, interaction))
    if deps.model is not None and tidy(interaction.text) and not _own_words(interaction.t, interaction.text):
        closed = await model.available(deps, actor.team_id)
        if closed is None:
            if await promise(interaction):
                interaction.afterwards.append(partial(_with_model, interaction, routes))
            return None
        if closed is Reason.OVER_BUDGET:
            await plainly(interaction, routes, unavailable_line(interaction.t, closed))
            return None
    await plainly(interaction, routes)
    return None


def _own_words(t: Translator, text: str) -> bool:
    return tidy(text) in {tidy(t(words)) for words in OFFERED}


async def _with_model(interaction: Interaction, routes: Routes) -> None:
    """Answer with the model, or else without. Nobody catches what is raised here, so all is said here."""
    t = interaction.t
    try:
        try:
            so_far = await thread(interaction) if interaction.thread else []
            await assistant_model.answer(interaction, routes, _history(so_far, interaction.text))
        except Unavailable as unavailable:
            await plainly(interaction, routes, unavailable_line(t, unavailable.reason))
        except assistant_model.NotUsable:
            await plainly(interaction, routes)
    except Refused as refused:
        await say(interaction, warning(sentence(t, refused)))
    except Exception:
        reference = new_reference()
        log.exception("The assistant failed (reference %s)", reference)
        await say(interaction, warning(fault(t, reference, submitting=False)))
    await kept(interaction)


def _history(so_far: Sequence[tuple[Request | None, str]], now: str) -> list[str]:
    """What was asked in the thread before, and which tools answered; customers' words are in neither."""
    lines = []
    for request, words in so_far[-MOST_HISTORY:]:
        if request is not None:
            lines.append(f"tool {request.tool} {json.dumps(dict(request.arguments), ensure_ascii=False)}")
        elif words and words != now:
            lines.append(f"user: {words[:300]}")
    return lines


async def plainly(interaction: Interaction, routes: Routes, *quiet: Markup) -> None:
    """Answer without a model; `quiet` says in a line why. Refused: as the tool."""
    text = interaction.text
    request = understand(text)
    if interaction.thread and _goes_on(text, request):
        before = await before_in_thread(interaction)
        request = understand(text, before) if before is not None else request
    if request is not None and request.tool in routes.tools:
        await ask(interaction, routes.tools[request.tool], request.arguments, *quiet)
        return
    name = tidy(text)
    if not name:
        # Mentioned, or greeted, and asked for nothing.
        await ask(interaction, routes.tools["help"], {}, *quiet)
        return
    if len(name) <= SEARCH_LENGTH and await lead_names.named(interaction, name, 1):
        await ask(interaction, routes.tools["lead"], {"name": name}, *quiet)
        return
    message = unknown(interaction.t, interaction.actor.role)
    await say(interaction, Rendered(message.text, [*message.blocks, *([context(*quiet)] if quiet else [])]))


def _goes_on(text: str, request: Request | None) -> bool:
    """Whether what was asked before may matter: なぜ? and 先月は? alone say too little."""
    return len(text) <= SEARCH_LENGTH and (request is None or request.tool in ("why", "kpis", "meetings"))


async def ask(interaction: Interaction, tool: Tool, words: Mapping[str, object], *quiet: Markup) -> None:
    """Run a tool, or show what it would write; the answer is posted where it was asked for."""
    answered, arguments = await outcome(interaction, tool, words)
    message = shown(interaction, tool, answered, arguments)
    blocks = [*message.blocks, *([context(*quiet)] if quiet else [])]
    await say(interaction, Rendered(message.text, blocks), tool, arguments)


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
    await put_in_place(interaction, rendered)
    return None


def _anothers(interaction: Interaction, asker: str) -> Answer:
    text = interaction.t.md("{who} asked for this, so only {who} can go on. Ask me yourself!", who=mention(asker))
    return Reply(Rendered(text, [section(Markup(f"🙌 {text}"))]))


# Writes: shown, signed, done with a click


async def confirm(interaction: Interaction, routes: Routes) -> Answer:
    """Do what the card shows: by its asker, within its time, with the permission as it is now."""
    t, actor = interaction.t, interaction.actor
    try:
        name, asker, team, key, at, words = interaction.deps.keys.read(PURPOSE, interaction.value)
    except Refused:
        await put_in_place(interaction, _gone(interaction))
        return None
    if team != actor.team_id or asker != actor.slack_user:
        return _anothers(interaction, asker)
    tool = routes.tools.get(name)
    if tool is None or interaction.deps.now() - datetime.fromtimestamp(at, UTC) > VALID:
        await put_in_place(interaction, _gone(interaction))
        return None
    require(actor.role, tool.permission)
    done = await tool.run(replace(interaction, value=key), tool.arguments.model_validate(words))
    quiet = context(t.md("Tool: {name}", name=t(tool.summary)))
    if isinstance(done, Rendered):
        await put_in_place(interaction, Rendered(done.text, [*list(done.blocks)[:MOST_BLOCKS], quiet]))
    elif isinstance(done, Planned):
        await put_in_place(interaction, shown(interaction, tool, done, done.arguments))
    return None


def _gone(interaction: Interaction) -> Rendered:
    return warning(interaction.t("This is too old to be done. Nothing was changed; please ask me again."))


async def cancel(interaction: Interaction) -> Answer:
    """Do nothing, and say so where the card stood."""
    if interaction.value != interaction.actor.slack_user:
        return _anothers(interaction, interaction.value)
    text = interaction.t.md("Cancelled. Nothing was changed.")
    await put_in_place(interaction, Rendered(text, [context(text)]))
    return None


# Where answers go


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
