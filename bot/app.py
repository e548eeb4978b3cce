"""The wiring: routes gathered, one Bolt listener for each kind of payload, everything handed its dependencies."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncAssistant, AsyncRespond
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot import notices, payloads
from bot.events_seen import EventsSeen
from bot.manifest import LEAVERS, REMOVALS
from bot.metrics import Metrics, names_of
from handlers import (
    boundary,
    clock,
    data,
    dropped,
    home,
    installation,
    mail,
    model,
    outreach,
    performance,
    pipeline,
    qualification,
    setup,
    team,
    team_members,
    trail,
)
from handlers.blocks import option, section
from handlers.clients import Clients
from handlers.forms import storable
from handlers.help import command_help
from handlers.i18n import LANGUAGES, Markup, translator
from handlers.installation.clients import TeamClients
from handlers.interaction import (
    Answer,
    Clear,
    Errors,
    Interaction,
    Kept,
    Options,
    Push,
    Reply,
    Update,
    dicts,
)
from handlers.messages import Rendered
from handlers.pacing import calling, patiently
from handlers.people import is_full_member, name_of
from handlers.refusals import error_of
from handlers.routes import Routes, gather
from handlers.trail import UNKNOWN, Outcome
from services import members
from services.deps import Actor, Deps, in_no_hurry

log = logging.getLogger(__name__)

ACTORS_REMEMBERED = 10_000
# Clicks come in bursts (a select asks with every key): a changed role is heeded this much later, at the most.
ACTOR_SECONDS = 3.0
FINISH_SECONDS = 5.0
ANYTHING = re.compile(".*", re.DOTALL)


def all_routes() -> Routes:
    """What the product answers."""
    return gather(
        [
            outreach.register,
            qualification.register,
            data.register,
            performance.register,
            pipeline.register,
            clock.register,
            mail.register,
            team.register,
            team_members.register,
            model.register,
            setup.register,
            installation.register,
            dropped.register,
            home.register,
        ]
    )


class Outsider(Exception):
    """Somebody acts who is no member of the workspace."""


def _closed() -> Rendered:
    # Nothing is known of these people, also not their language.
    both = "\n".join(
        t("Only members of this workspace can use Kakehashi. As a guest, ask an admin to add you.")
        for t in map(translator, LANGUAGES)
    )
    return Rendered(both, [section(Markup(both))])


CLOSED = _closed()
"""What outsiders are told, in both languages."""


CLOSED_WORKSPACE = "\n".join(
    t("Kakehashi is not installed in this workspace any more. An admin can add it again.")
    for t in map(translator, LANGUAGES)
)
"""What people of a workspace are told that has no installation, in both languages."""


class Listeners:
    """Turns Slack's payloads into interactions, and answers into acknowledgements.

    Each kind of payload has one listener that looks its route up; the data is committed before the acknowledgement.
    """

    def __init__(self, deps: Deps, routes: Routes, metrics: Metrics, clients: Clients | None = None) -> None:
        self._deps = deps
        # None: the one workspace's token stands in the settings.
        self.workspaces = clients if isinstance(clients, TeamClients) else None
        self._routes = routes
        self._metrics = metrics
        self._names = {kind: frozenset(names) for kind, names in names_of(routes).items()}
        self._events = EventsSeen()
        self._actors: dict[tuple[str, str], tuple[float, Actor]] = {}
        self._afterwards: set[asyncio.Task[object]] = set()

    def bind(self, app: AsyncApp) -> None:
        """Register the listeners."""
        app.command(ANYTHING)(self._watched("command", self.command))
        app.view(ANYTHING)(self._watched("view", self.view))
        app.view_closed(ANYTHING)(self.view_closed)
        app.action(ANYTHING)(self._watched("action", self.action))
        app.options(ANYTHING)(self._watched("options", self.options))
        app.shortcut(ANYTHING)(self._watched("shortcut", self.shortcut))
        heard = self._watched("event", self.event)
        pane = AsyncAssistant()
        # Bolt would write down where somebody is, each time they look elsewhere: nothing here depends on it.
        for asks in (pane.thread_started, pane.thread_context_changed, pane.user_message):
            asks(heard)
        app.assistant(pane)
        for kind in self._routes.events:
            app.event(kind)(heard)
        app.event(LEAVERS)(self.changed)
        if self.workspaces is not None:
            for kind in REMOVALS:
                app.event(kind)(self.removed)
        app.error(_unheard)

    def _watched(self, kind: str, listener: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """The same listener, on a trail, and counted; Bolt sends the acknowledgement when it ends."""

        # Bolt looks through the wrapper at the names of the listener's own arguments.
        @functools.wraps(listener)
        async def watched(body: dict[str, Any], **given: Any) -> None:
            name = payloads.route_name(kind, body)
            route = name if name in self._names[kind] else UNKNOWN
            began = time.perf_counter()
            with trail.following(kind=kind, route=route, team=payloads.team_of(body)) as followed:
                try:
                    await listener(body=body, **given)
                except Exception as fault:
                    followed.outcome = Outcome.FAULT
                    reference = None
                    if self._deps.database.full(fault):
                        log.warning("No connection to the database was free for somebody who waited")
                    else:
                        reference = boundary.new_reference()
                        log.exception("A listener failed (reference %s)", reference)
                    if not await notices.apologise(kind, body, given.get("ack"), reference):
                        raise Logged from fault
                finally:
                    outcome = followed.outcome or Outcome.OTHER
                    self._metrics.interaction(kind, route, outcome, time.perf_counter() - began)

        return watched

    async def command(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """A slash command: `/lead qualify 山田`."""
        try:
            actor = await self._actor(client, body["team_id"], body["user_id"], str(body.get("team_domain", "")))
        except Outsider:
            await ack(text=CLOSED.text, blocks=dicts(CLOSED.blocks), response_type="ephemeral")
            return
        verb, _, rest = str(body.get("text") or "").strip().partition(" ")
        command = str(body["command"]).removeprefix("/")
        found = self._routes.commands.get(command, {}).get(verb.lower())
        interaction = self._interaction(
            actor,
            client,
            body,
            text=rest.strip() if found else f"{verb} {rest}".strip(),
            channel=str(body.get("channel_id", "")),
        )
        if found is None:
            answer: Answer = Reply(command_help(interaction.t, self._routes, command, verb))
        else:
            answer = await boundary.answer(found.route, interaction, submitting=False)
        if isinstance(answer, Reply):
            await ack(text=answer.message.text, blocks=dicts(answer.message.blocks), response_type="ephemeral")
        else:
            await ack()
        self._soon(interaction)

    async def view(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """A submitted modal."""
        view = body["view"]
        try:
            actor = await self._actor(client, *payloads.where(body))
        except Outsider:
            await ack(response_action="update", view=notices.notice(view, dicts(CLOSED.blocks)))
            return
        interaction = self._interaction(actor, client, body, view=view)
        answer = await boundary.answer(self._routes.views[view["callback_id"]], interaction, submitting=True)
        if interaction.from_home and not isinstance(answer, Errors):
            await home.publish(interaction)
        match answer:
            case Errors(by_field):
                await ack(response_action="errors", errors=dict(by_field))
            case Update(shown):
                await ack(response_action="update", view=interaction.drawn(shown))
            case Push(shown):
                await ack(response_action="push", view=interaction.drawn(shown))
            case Clear():
                await ack(response_action="clear")
            case Reply(message):
                await ack(response_action="update", view=notices.notice(view, dicts(message.blocks)))
            case Kept(message, changed):
                form = view if changed is None else {**view, "private_metadata": changed}
                await ack(response_action="update", view=notices.kept(form, dicts(message.blocks)))
            case _:
                await ack()
        self._soon(interaction)

    async def view_closed(self, ack: AsyncAck) -> None:
        """A modal somebody closed: nothing to do, but Slack wants to hear so."""
        await ack()

    async def action(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond) -> None:
        """A click or a choice in a message, a modal or the home tab."""
        clicked = body["actions"][0]
        route = self._routes.actions.get(str(clicked["action_id"]).partition("#")[0])
        if route is None:
            await ack()
            return
        try:
            actor = await self._actor(client, *payloads.where(body))
        except Outsider:
            await ack()
            if body.get("response_url"):
                blocks = dicts(CLOSED.blocks)
                await respond(text=CLOSED.text, blocks=blocks, response_type="ephemeral", replace_original=False)
            return
        interaction = self._interaction(
            actor,
            client,
            body,
            value=payloads.value_of(clicked),
            view=body.get("view") or {},
            channel=str((body.get("channel") or {}).get("id", "")),
        )
        answer = await boundary.answer(route, interaction, submitting=False)
        await ack()
        if interaction.view.get("type") == "home":
            # What was clicked there may have changed what stands there, and the language it is read in.
            self._actors.pop((actor.team_id, actor.slack_user), None)
            await home.publish(interaction)
        if isinstance(answer, Reply):
            await self._tell(interaction, body, respond, answer)
        self._soon(interaction)

    async def _tell(
        self, interaction: Interaction, body: Mapping[str, Any], respond: AsyncRespond, answer: Reply
    ) -> None:
        blocks = dicts(answer.message.blocks)
        if body.get("response_url"):
            await respond(
                text=answer.message.text,
                blocks=blocks,
                response_type="ephemeral",
                replace_original=False,
                # What is clicked in a thread is answered there.
                thread_ts=interaction.thread or None,
            )
        elif interaction.in_view or body.get("view"):
            # In a modal or the home tab there is no channel to answer in: a small modal says it.
            await interaction.open(View(**notices.notice_modal(interaction, blocks)))

    async def options(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """What a searching select offers for what was typed."""
        route = self._routes.options[str(body["action_id"]).partition("#")[0]]
        try:
            actor = await self._actor(client, *payloads.where(body))
        except Outsider:
            await ack(options=[])
            return
        interaction = self._interaction(
            actor, client, body, text=str(body.get("value") or "").strip(), view=body.get("view") or {}
        )
        answer = await boundary.answer(route, interaction, submitting=False)
        choices = answer.choices if isinstance(answer, Options) else ()
        await ack(options=[option(choice) for choice in choices[:100]])

    async def shortcut(
        self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        """A global or a message shortcut."""
        route, _, _ = self._routes.shortcuts[body["callback_id"]]
        channel = str((body.get("channel") or {}).get("id", ""))
        try:
            actor = await self._actor(client, *payloads.where(body))
        except Outsider:
            await ack()
            return
        interaction = self._interaction(actor, client, body, channel=channel)
        answer = await boundary.answer(route, interaction, submitting=False)
        await ack()
        if isinstance(answer, Reply):
            text, blocks = answer.message.text, dicts(answer.message.blocks)
            if body.get("response_url"):
                # Also where the bot is no member: a message's shortcut can be used in every conversation.
                await respond(text=text, blocks=blocks, response_type="ephemeral", replace_original=False)
            else:
                await client.chat_postMessage(channel=actor.slack_user, text=text, blocks=blocks)
        self._soon(interaction)

    async def event(self, body: dict[str, Any], client: AsyncWebClient) -> None:
        """An event: a message, a mention, an opened home tab."""
        await self._events.once(str(body.get("event_id", "")), lambda: self._heard(body, client))

    async def _heard(self, body: dict[str, Any], client: AsyncWebClient) -> None:
        event = body["event"]
        pane = event.get("assistant_thread") or {}
        user = event.get("user") or pane.get("user_id")
        if not user or event.get("bot_id"):
            return
        if event["type"] == "message" and (
            event.get("channel_type") != "im" or event.get("subtype") not in (None, "file_share")
        ):
            return
        try:
            actor = await self._actor(client, str(body["team_id"]), str(user), "")
        except Outsider:
            return
        interaction = self._interaction(
            actor, client, body, text=str(event.get("text") or ""), channel=payloads.channel_of(event)
        )
        answer = await boundary.answer(self._routes.events[event["type"]], interaction, submitting=False)
        if isinstance(answer, Reply):
            message: dict[str, Any] = {"text": answer.message.text, "blocks": dicts(answer.message.blocks)}
            if event["type"] == "app_mention":
                # In the thread of the question, and for nobody else: who reads along there is not known.
                thread = event.get("thread_ts") or event["ts"]
                await client.chat_postEphemeral(
                    channel=interaction.channel, user=actor.slack_user, thread_ts=thread, **message
                )
            else:
                await client.chat_postMessage(
                    channel=interaction.channel, thread_ts=interaction.thread or None, **message
                )
        self._soon(interaction)

    async def changed(self, body: dict[str, Any]) -> None:
        """Somebody's account was changed; one that was switched off is no member's any more."""
        info = body["event"]["user"]
        if info.get("deleted"):
            team, user = str(body["team_id"]), str(info["id"])
            await members.left(self._deps, team, user)
            self._actors.pop((team, user), None)

    async def removed(self, body: dict[str, Any]) -> None:
        """A workspace has removed the app, or taken the bot's token back. Members' own tokens we never had."""
        event = body["event"]
        if self.workspaces is None or (event["type"] == "tokens_revoked" and not event.get("tokens", {}).get("bot")):
            return
        at = datetime.fromtimestamp(int(body["event_time"]), UTC)
        await self.workspaces.removed(str(body["team_id"]), str(event["type"]), at=at)

    def _soon(self, interaction: Interaction) -> None:
        """Start what the handler left for afterwards: Bolt sends the acknowledgement when the listener ends."""
        for work in interaction.afterwards:
            task = asyncio.ensure_future(_careful(work))
            self._afterwards.add(task)
            task.add_done_callback(self._afterwards.discard)

    async def finish(self) -> None:
        """Wait for what was left for afterwards, for a few seconds."""
        if self._afterwards:
            await asyncio.wait(self._afterwards, timeout=FINISH_SECONDS)

    def _interaction(self, actor: Actor, client: AsyncWebClient, body: Mapping[str, Any], **given: Any) -> Interaction:
        given |= {name: storable(given[name]) for name in ("text", "value") if name in given}
        return Interaction(
            self._deps,
            actor,
            translator(actor.language),
            client,
            body,
            trigger_id=str(body.get("trigger_id", "")),
            **given,
        )

    async def _actor(self, client: AsyncWebClient, team_id: str, user: str, team_name: str) -> Actor:
        """The member of the team behind a Slack user; whoever belongs to the workspace becomes one when first seen.
        Raises `Outsider` for everybody else: guests, and people of other workspaces met in shared channels."""
        now = time.monotonic()
        remembered = self._actors.get((team_id, user))
        if remembered is not None and remembered[0] > now:
            return remembered[1]
        known = await members.who(self._deps, team_id, user)
        if known is not None:
            if len(self._actors) >= ACTORS_REMEMBERED:
                self._actors.clear()
            self._actors[team_id, user] = (now + ACTOR_SECONDS, known)
            return known
        try:
            info = (await client.users_info(user=user, include_locale=True))["user"]
        except SlackApiError as unknown:
            if error_of(unknown) in ("user_not_found", "user_not_visible"):
                raise Outsider from unknown
            raise
        if not is_full_member(info, team_id):
            raise Outsider
        profile = info.get("profile", {})
        locale = str(info.get("locale") or "ja-JP")
        return await members.arrive(
            self._deps,
            team_id,
            user,
            team_name=team_name or team_id,
            name=name_of(info),
            language="ja" if locale.startswith("ja") else "en",
            zone=str(info.get("tz") or "Asia/Tokyo"),
            email=str(profile.get("email") or ""),
        )


class Logged(Exception):
    """A listener failed, and what there is to say about it has been logged."""


async def _unheard(error: Exception) -> None:
    """In place of Bolt's own words, which would quote the exception."""
    if not isinstance(error, Logged):
        log.error("What Slack sent could not be handled", exc_info=error)


async def _careful(work: Callable[[], Awaitable[object]]) -> None:
    try:
        with calling(patiently()), in_no_hurry():
            await work()
    except Exception:
        log.exception("What was left for after the acknowledgement failed")


# Bolt would make an installation of its own, in files, of what it finds there.
_BOLTS_OWN = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN")


def bolt(listeners: Listeners, client: AsyncWebClient, signing_secret: str | None = None) -> AsyncApp:
    """The Bolt application with every listener bound. Over HTTP it needs the signing secret."""
    workspaces = listeners.workspaces
    held = {name: os.environ.pop(name) for name in _BOLTS_OWN if name in os.environ}
    try:
        app = AsyncApp(
            # Without a name Bolt looks for one in the source of every caller, which takes as long as all the rest.
            name="kakehashi",
            client=client,
            signing_secret=signing_secret,
            # Bolt takes its own class too, and does not say so.
            authorize=None if workspaces is None else _OfWorkspace(workspaces),  # type: ignore[arg-type]
            user_facing_authorize_error_message=CLOSED_WORKSPACE,
            process_before_response=True,
        )
    finally:
        os.environ.update(held)
    listeners.bind(app)
    return app


class _OfWorkspace(AsyncAuthorize):
    """Answers with the token of the workspace that Slack speaks of."""

    def __init__(self, workspaces: TeamClients) -> None:
        self._workspaces = workspaces

    async def __call__(self, *, team_id: str | None, **_others: Any) -> AuthorizeResult | None:
        return await self._workspaces.authorize(team_id)
