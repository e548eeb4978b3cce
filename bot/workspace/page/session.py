"""One open page: who I am, which conversation I look at, and how both follow the workspace live."""

from __future__ import annotations

import asyncio
import html
import json
import logging
from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import Client, background_tasks
from nicegui.events import GenericEventArguments

from bot.workspace.page.blocks import BlockList
from bot.workspace.page.controls import Option, Place, shown_options
from bot.workspace.page.dialogs import Modals, ask
from bot.workspace.page.faces import Face
from bot.workspace.page.form import Form
from bot.workspace.page.mrkdwn import Names
from bot.workspace.page.parts import Composer, OverflowMenu, Row, Surface, box, still
from bot.workspace.page.sidebar import Sidebar, role_words, toggle
from bot.workspace.page.stream import Setting, Stream, find_element, thread_setting
from bot.workspace.page.wording import Voice
from bot.workspace.person import PersonClient, PersonError

Json = dict[str, Any]

log = logging.getLogger(__name__)

# Changes that come in one burst (a streaming answer, twenty imports) are drawn together.
GATHER = 0.03
COMPOSER_WORDS = ("attach", "attached", "send", "send_hint")
_CROSS = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M5 5l10 10M15 5L5 15"/></svg>'


class Session:
    """The page of one person in one browser tab."""

    def __init__(self, client: Client, person: PersonClient, channel: str = "") -> None:
        self.client = client
        self.person = person
        self.screen: Json = person.screen()
        user = self.screen["user"]
        self.voice = Voice.of(user["language"], user["zone"])
        self.me: str = user["id"]
        self.bot: str = self.screen["app"]["bot_user"]
        self.channel_id = self._first_channel(channel)
        self.tab = "messages"
        self.thread_ts: str | None = None
        self.older: dict[str, Json] = {}
        self._following: asyncio.Task[None] | None = None
        self._head_digest = ""
        self._stream: Stream | None = None
        self._thread: Stream | None = None
        self._home: BlockList | None = None
        self._home_surface: Surface | None = None
        self._home_form = Form()
        self._home_id = ""
        self._reading = False
        self._built_inside = False

    # Building

    def build(self) -> None:
        """Builds the page inside the client's content."""
        say = self.voice.say
        self.root = box("kk-page", data_testid="workspace", lang=self.voice.language)
        with self.root:
            still(html.escape(say("skip")), tag="a", href="#kk-composer").classes("kk-skip")
            with box("kk-left", tag="nav", aria_label=say("channels")):
                side = Surface().classes("kk-left-scroll")
                side.on("act", self._side_act)
                self._sidebar = Sidebar(side)
            shade = box("kk-shade", aria_hidden="true")
            shade.on("click", self._shut_drawer, args=[])
            self._main = box(
                "kk-main", tag="section", data_testid="conversation", data_drop="true", data_drop_words=say("drop_here")
            )
            self._side_panel = box("kk-panel", tag="section", data_testid="thread", aria_label=say("thread"))
            self._side_panel.set_visibility(False)
            self._dialog_place = box("kk-dialogs")
        self._modals = Modals(
            self._dialog_place,
            place_of=lambda view, form: self._view_place(view["id"], form),
            submit=self._submit,
            close=self._close,
            pressed=self._view_pressed,
        )
        self._build_main()
        self._draw()

    def _build_main(self) -> None:
        """Builds the main column for the selected conversation."""
        say = self.voice.say
        self._main.clear()
        self._stream = self._home = self._home_surface = None
        self._home_id = ""
        channel = self._channel()
        self._built_inside = channel is not None and channel["is_member"]
        is_app = channel is not None and channel["with"] == self.bot
        with self._main:
            with box("kk-head", tag="header"):
                toggle(self.voice).on("click", self._open_drawer, args=[])
                self._head = box("kk-head-words")
                self._head_digest = ""
            if is_app:
                self._build_tabs()
            if is_app and self.tab == "home":
                self._home_surface = Surface().classes("kk-home")
                self._home_surface.props.update({"data-testid": "home", "role": "tabpanel", "label": say("home")})
                self._home_surface.on("act", self._home_act)
                self._home_form = Form()
                return
            self._surface = Surface().classes("kk-scroll")
            self._surface.props.update(
                {
                    "stick": True,
                    "role": "log",
                    "label": say("messages"),
                    "newBelow": say("new_below"),
                    "data-testid": "messages",
                }
            )
            self._surface.on("act", self._stream_act)
            self._stream = Stream(self._surface)
            if channel is not None and not channel["is_member"]:
                with box("kk-outside-note"):
                    still(html.escape(say("not_member")), tag="span")
                    join = still(html.escape(say("join")), tag="button", type="button", data_testid="join")
                    join.classes("kk-button kk-primary").on(
                        "click", lambda: self._try(self.person.join(self.channel_id)), args=[]
                    )
            elif channel is not None:
                with box("kk-composer-place", id="kk-composer"):
                    self._composer(channel, None)

    def _build_tabs(self) -> None:
        say = self.voice.say
        with box("kk-tabs", role="tablist"):
            for name in ("home", "messages"):
                tab = still(
                    html.escape(say(name)),
                    tag="button",
                    type="button",
                    role="tab",
                    aria_selected="true" if self.tab == name else "false",
                    data_testid=f"tab-{name}",
                )
                tab.on("click", lambda name=name: self._open_app(name), args=[])

    def _composer(self, channel: Json, thread_ts: str | None) -> Composer:
        say = self.voice.say
        is_app = channel["with"] == self.bot
        if thread_ts:
            placeholder = say("reply_placeholder")
        elif channel["kind"] == "channel":
            placeholder = say("message_channel", name=channel["name"])
        elif channel["with"] == self.me:
            placeholder = say("message_self")
        else:
            placeholder = say("message_app" if is_app else "message_person", name=channel["name"])
        composer = Composer()
        query = {"as": self.me, "channel": channel["id"]} | ({"thread_ts": thread_ts} if thread_ts else {})
        composer.props.update(
            {
                "label": placeholder,
                "placeholder": placeholder,
                "draftKey": f"{self.me} {channel['id']} {thread_ts or ''}",
                "uploadUrl": f"/page/upload?{urlencode(query)}",
                "autofocus": True,
                "commands": [] if thread_ts else self.screen["commands"],
                "people": [
                    {
                        "id": each["id"],
                        "name": each["real_name"],
                        "login": each["name"],
                        "title": role_words(each, self.voice),
                    }
                    for each in self.screen["users"]
                ],
                "channels": [
                    {"id": each["id"], "name": each["name"], "topic": each["topic"]}
                    for each in self.screen["channels"]
                    if each["kind"] == "channel"
                ],
                "words": {name: say(name) for name in COMPOSER_WORDS} | {"remove": say("remove", name="{name}")},
            }
        )
        composer.on("send", lambda event: self._send(composer, event.args, channel["id"], thread_ts))
        composer.on("fault", lambda event: self._tell(str(event.args)))
        shortcuts = [each for each in self.screen["shortcuts"] if each["type"] == "global"]
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
            menu.on("choose", lambda event: self._try(self.person.shortcut(event.args["picked"][0]["value"])))
        return composer

    # Following the workspace

    def connected(self) -> None:
        """A browser is there, perhaps again: draws what was missed and starts following."""
        self.refresh()
        if self._following is None or self._following.done():
            self._following = background_tasks.create(self._follow(), name=f"page of {self.me}")

    def stop(self) -> None:
        """Stops following."""
        if self._following is not None:
            self._following.cancel()

    async def _follow(self) -> None:
        seen = int(self.screen["version"])
        while not self.client.is_deleted:
            seen = await self.person.changed(seen)
            await asyncio.sleep(GATHER)
            seen = self.refresh()

    def refresh(self) -> int:
        """Reads the screen and redraws what is different; returns the version that was drawn."""
        version = self.person.version
        self.screen = self.person.screen()
        if self.client.is_deleted:
            return version
        try:
            self._draw()
        except Exception:
            # One block that cannot be drawn must not end the live updates of everything else.
            log.exception("The page of %s could not be redrawn", self.me)
        return version

    def _draw(self) -> None:
        self._sidebar.show(self.screen, self.channel_id, self.voice)
        channel = self._channel()
        if channel is not None and channel["is_member"] != self._built_inside:
            self._build_main()
        self._draw_head(channel)
        names = self._names()
        if self._stream is not None and channel is not None:
            self._draw_stream(self._stream, channel, names)
        if self._home_surface is not None:
            self._draw_home(self._home_surface)
        self._draw_thread(channel)
        self._modals.show(self.screen["views"], names)
        if channel is not None and self._stream is not None and (channel["unread"] or channel["mentions"]):
            self._mark_read()

    def _mark_read(self) -> None:
        if self._reading or not self.client.has_socket_connection:
            return
        self._reading = True

        async def mark() -> None:
            try:
                await self._try(self.person.read(self.channel_id))
            finally:
                self._reading = False

        background_tasks.create(mark(), name=f"{self.me} reads")

    def _draw_head(self, channel: Json | None) -> None:
        if channel is None:
            return
        say = self.voice.say
        spoken = html.escape(channel["name"])
        if channel["kind"] == "channel":
            sign = '<span class="kk-hash" aria-hidden="true">#</span>'
            members = channel.get("members")
            count = len(members) if isinstance(members, list) else members
            more = f'<span class="kk-members">{html.escape(self.voice.member_count(count))}</span>' if count else ""
            about = html.escape(channel["topic"] or "")
        else:
            user = next((each for each in self.screen["users"] if each["id"] == channel["with"]), None)
            sign = Face(str(channel["with"]), channel["name"], channel["with"] == self.bot).html("small")
            more = f'<span class="kk-badge">{html.escape(say("app"))}</span>' if channel["with"] == self.bot else ""
            about = html.escape(role_words(user, self.voice)) if user else ""
        content = (
            f'<h1 data-testid="channel-name">{sign}<span>{spoken}</span></h1>{more}'
            f'<p class="kk-topic" title="{about}">{about}</p>'
        )
        if content != self._head_digest:
            self._head_digest = content
            self._head.clear()
            with self._head:
                still(content).classes("kk-head-line")
            self._entitle(f"{channel['name']} – {self.screen['team']['name']}")

    def _entitle(self, title: str) -> None:
        self.client.title = title
        if self.client.has_socket_connection:
            self._run(f"document.title = {json.dumps(title)}")

    def _draw_stream(self, stream: Stream, channel: Json, names: Names) -> None:
        earlier = self.older.get(channel["id"])
        messages = list(channel["messages"])
        if earlier:
            first = messages[0]["ts"] if messages else ""
            messages = [each for each in earlier["messages"] if not first or each["ts"] < first] + messages
        has_more = earlier["has_more"] if earlier else channel.get("has_more", False)
        stream.show(
            messages, self._setting(channel, names), before=[self._beginning(channel, has_more, bool(messages))]
        )

    def _beginning(self, channel: Json, has_more: bool, any_message: bool) -> Row:
        say = self.voice.say
        if has_more:
            words = html.escape(say("show_older"))
            content = (
                f'<button type="button" class="kk-button" data-act="older" data-testid="show-older">{words}</button>'
            )
            return Row("beginning", "older", lambda: still(content).classes("kk-older"))
        name = channel["name"] if channel["kind"] == "dm" else f"#{channel['name']}"
        title = html.escape(say("history_start", name=name) if any_message else say("no_messages"))
        hint = html.escape(channel["topic"] or "" if any_message else say("no_messages_hint"))
        content = f"<strong>{title}</strong><span>{hint}</span>"
        return Row("beginning", content, lambda: still(content).classes("kk-beginning"))

    def _draw_home(self, surface: Surface) -> None:
        view = self.screen["home"]
        key = view["id"] if view else "none"
        if key != self._home_id:
            self._home_id = key
            for child in list(surface.default_slot.children):
                child.delete()
            with surface:
                if view is None:
                    say = self.voice.say
                    title, hint = html.escape(say("home_empty")), html.escape(say("home_empty_hint"))
                    words = f"<strong>{title}</strong><span>{hint}</span>"
                    still(words, data_testid="home-empty").classes("kk-beginning")
                    self._home = None
                else:
                    self._home_form = Form(view.get("state"))
                    self._home = BlockList(box("kk-home-blocks"), self._view_place(view["id"], self._home_form))
        if view is not None and self._home is not None:
            self._home_form.words.update(view.get("labels") or {})
            self._home.show(view.get("blocks") or [])

    def _draw_thread(self, channel: Json | None) -> None:
        parent = self._message(self.thread_ts) if self.thread_ts and channel else None
        if parent is None or channel is None:
            if self._thread is not None:
                self._shut_thread()
            return
        if self._thread is None:
            self._build_thread(channel, parent)
        replies = self._replies(channel, parent["ts"])
        setting = thread_setting(self._setting(channel, self._names()))
        if self._thread is not None:
            words = html.escape(self.voice.replies(len(replies))) if replies else ""
            line = Row("replies", words, lambda: still(f'<span class="kk-day">{words}</span>').classes("kk-day-line"))
            self._thread_head.show([parent], setting, before=[])
            self._thread.show(replies, setting, before=[line] if words else [])

    def _build_thread(self, channel: Json, parent: Json) -> None:
        say = self.voice.say
        self._side_panel.clear()
        self._side_panel.set_visibility(True)
        self.root.classes(add="kk-with-panel")
        name = channel["name"] if channel["kind"] == "dm" else f"#{channel['name']}"
        with self._side_panel:
            with box("kk-head", tag="header"):
                still(
                    f"<h2>{html.escape(say('thread'))}</h2><p class='kk-topic'>{html.escape(name)}</p>", tag="div"
                ).classes("kk-head-line")
                cross = still(
                    _CROSS,
                    tag="button",
                    type="button",
                    aria_label=say("close"),
                    title=say("close"),
                    data_testid="thread-close",
                ).classes("kk-icon-button")
                cross.on("click", self._shut_thread, args=[])
            self._thread_surface = Surface().classes("kk-scroll")
            self._thread_surface.props.update(
                {"stick": True, "role": "log", "label": say("thread"), "newBelow": say("new_below")}
            )
            self._thread_surface.on("act", self._stream_act)
            self._thread_head = Stream(self._thread_surface)
            self._thread = Stream(self._thread_surface)
            if channel["is_member"]:
                with box("kk-composer-place"):
                    self._composer(channel, parent["ts"])

    def _shut_thread(self) -> None:
        self.thread_ts = None
        self._thread = None
        self._side_panel.clear()
        self._side_panel.set_visibility(False)
        self.root.classes(remove="kk-with-panel")

    # What is where

    def _first_channel(self, wanted: str) -> str:
        channels = self.screen["channels"]
        known = {each["id"] for each in channels}
        if wanted in known:
            return wanted
        mine = [str(each["id"]) for each in channels if each["kind"] == "channel" and each["is_member"]]
        return (mine or [str(each["id"]) for each in channels] or [""])[0]

    def _channel(self) -> Json | None:
        return next((each for each in self.screen["channels"] if each["id"] == self.channel_id), None)

    def _message(self, ts: str | None) -> Json | None:
        """A message of the open conversation by its ts, wherever it is shown."""
        channel = self._channel()
        if channel is None or ts is None:
            return None
        earlier = self.older.get(channel["id"]) or {"messages": [], "threads": {}}
        for messages in (
            channel["messages"],
            earlier["messages"],
            *channel["threads"].values(),
            *earlier["threads"].values(),
        ):
            for message in messages:
                if message["ts"] == ts:
                    return dict(message)
        return None

    def _replies(self, channel: Json, ts: str) -> list[Json]:
        earlier = self.older.get(channel["id"]) or {"threads": {}}
        return list(channel["threads"].get(ts) or earlier["threads"].get(ts) or [])

    def _names(self) -> Names:
        return Names(
            voice=self.voice,
            users={each["id"]: each["real_name"] for each in self.screen["users"]},
            channels={each["id"]: each["name"] for each in self.screen["channels"] if each["kind"] == "channel"},
            me=self.me,
        )

    def _setting(self, channel: Json, names: Names) -> Setting:
        return Setting(
            names=names,
            bot_user=self.bot,
            channel=channel["id"],
            place_of=lambda message: self._message_place(channel["id"], message),
            file_url=lambda file_id: f"/page/file/{quote(self.me)}/{quote(file_id)}",
            today=self.voice.now().date(),
            shortcuts=[each for each in self.screen["shortcuts"] if each["type"] == "message"],
        )

    # Elements: where they stand and whom they tell

    def _options_of_people(self) -> list[Option]:
        return [
            {"value": each["id"], "text": each["real_name"], "hint": role_words(each, self.voice)}
            for each in self.screen["users"]
        ]

    def _place(self, form: Form, **where: str) -> Place:
        async def act(element: Json, block_id: str, value: Any) -> None:
            state = form.touched if "view_id" in where else None
            await self._act(element, block_id, value, state, **where)

        async def search(element: Json, block_id: str, query: str) -> list[Option]:
            try:
                answer = await self.person.options(
                    action_id=str(element["action_id"]), block_id=block_id, query=query, **where
                )
            except PersonError as error:
                self._tell(error.sentence)
                return []
            if not answer.get("ok", True):
                self._tell(str(answer.get("error") or ""))
            options = list(answer.get("options") or [])
            for group in answer.get("option_groups") or []:
                label = str((group.get("label") or {}).get("text") or "")
                options += [{**option, "group": label} for option in group.get("options") or []]
            return shown_options(options, self._names())

        channels = [each for each in self.screen["channels"] if each["kind"] == "channel"]
        return Place(
            names=self._names(),
            form=form,
            act=act,
            search=search,
            people=self._options_of_people(),
            channels=[
                {"value": each["id"], "text": f"#{each['name']}", "hint": each["topic"] or ""} for each in channels
            ],
            direct=[
                {"value": each["id"], "text": each["name"]} for each in self.screen["channels"] if each["kind"] == "dm"
            ],
            upload_url=f"/page/attach?{urlencode({'as': self.me})}",
        )

    def _message_place(self, channel: str, message: Json) -> Place:
        stream = next((each for each in (self._stream, self._thread) if each is not None), None)
        form = stream.form_of(message) if stream else Form(message.get("state"))
        return self._place(form, channel=channel, ts=message["ts"])

    def _view_place(self, view_id: str, form: Form) -> Place:
        return self._place(form, view_id=view_id)

    async def _act(self, element: Json, block_id: str, value: Any, state: Any = None, **where: str) -> None:
        """Tells the app of an action, after the person has confirmed where the app asks for it."""

        async def do() -> None:
            action_id = str(element.get("action_id") or "")
            await self._try(
                self.person.action(action_id=action_id, block_id=block_id, value=value, state=state or None, **where)
            )

        confirm = element.get("confirm")
        if confirm:
            ask(self._dialog_place, confirm, self._names(), do)
        else:
            await do()

    # What the person does

    async def _side_act(self, event: GenericEventArguments) -> None:
        act = event.args
        if act["act"] == "channel":
            await self._open(act["target"])
        elif act["act"] == "dm":
            await self._open_dm(act["target"])
        elif act["act"] == "app":
            await self._open_app()

    async def _open(self, channel: str, tab: str = "messages") -> None:
        self._shut_drawer()
        if channel != self.channel_id or tab != self.tab:
            self.older.pop(self.channel_id, None)
            self._shut_thread()
        self.channel_id, self.tab = channel, tab
        self.screen = self.person.screen()
        self._build_main()
        self._draw()
        address = "/?" + urlencode({"as": self.me, "channel": channel})
        self._run(f"history.replaceState(null, '', {json.dumps(address)})")

    async def _open_dm(self, user: str) -> None:
        opened = await self._try(self.person.open_dm(user))
        if opened:
            await self._open(opened["channel"])

    async def _open_app(self, tab: str = "") -> None:
        opened = await self._try(self.person.open_dm(self.bot))
        if not opened:
            return
        if not tab:
            channel = next((each for each in self.screen["channels"] if each["id"] == opened["channel"]), None)
            tab = "messages" if channel and channel["unread"] else "home"
        await self._open(opened["channel"], tab)
        if tab == "home":
            # The app is told each time, as in Slack, and may publish a fresh home.
            await self._try(self.person.home())

    def _open_drawer(self) -> None:
        self.root.classes(add="kk-drawer-open")
        self._run("document.querySelector('.kk-left .kk-selected')?.focus()")

    def _shut_drawer(self) -> None:
        self.root.classes(remove="kk-drawer-open")

    async def _send(self, composer: Composer, sent: Json, channel: str, thread_ts: str | None) -> None:
        text = str(sent["text"])
        self._run("document.querySelectorAll('.kk-scroll').forEach((each) => (each.scrollTop = each.scrollHeight))")
        word, _, rest = text.partition(" ")
        call: Awaitable[Json]
        if text.startswith("/") and len(word) > 1 and "\n" not in word:
            call = self.person.command(channel, word, rest.strip(), thread_ts=thread_ts)
        else:
            call = self.person.message(channel, text, thread_ts)
        if await self._try(call) is None and not composer.is_deleted:
            composer.run_method("restore", sent["typed"], sent["named"])

    async def _stream_act(self, event: GenericEventArguments) -> None:
        act = event.args
        surface = event.sender
        kind = act["act"]
        channel = self.channel_id
        if kind == "channel":
            await self._open(act["target"])
        elif kind == "older":
            await self._show_older()
        elif kind == "thread":
            self._shut_thread()
            self.thread_ts = act["ts"]
            self._draw()
        elif kind == "react":
            await self._try(self.person.react(channel, act["ts"], act["name"]))
        elif kind == "shortcut":
            await self._try(self.person.shortcut(act["callback"], channel, act["ts"]))
        elif kind == "button":
            message = self._message(act["ts"])
            element = find_element((message or {}).get("blocks") or [], act["blockId"], act["actionId"])
            if message is not None and element is not None:
                await self._act(element, act["blockId"], _pressed_value(element, act), channel=channel, ts=act["ts"])
            if not surface.is_deleted:
                surface.run_method("settle")

    async def _view_pressed(self, act: Json, view: Json, form: Form) -> None:
        if act["act"] == "channel":
            return
        element = find_element(view.get("blocks") or [], act["blockId"], act["actionId"])
        if element is not None:
            await self._act(element, act["blockId"], _pressed_value(element, act), form.touched, view_id=view["id"])

    async def _home_act(self, event: GenericEventArguments) -> None:
        view = self.screen["home"]
        if event.args["act"] == "channel":
            await self._open(event.args["target"])
        elif view is not None:
            await self._view_pressed(event.args, view, self._home_form)
            if not event.sender.is_deleted:
                event.sender.run_method("settle")

    async def _show_older(self) -> None:
        channel = self._channel()
        if channel is None:
            return
        held = self.older.get(channel["id"]) or {"messages": [], "threads": {}, "has_more": True}
        shown = held["messages"] or channel["messages"]
        if not shown:
            return
        try:
            more = self.person.older(channel["id"], shown[0]["ts"])
        except PersonError as error:
            self._tell(error.sentence)
            return
        self.older[channel["id"]] = {
            "messages": more["messages"] + held["messages"],
            "threads": more["threads"] | held["threads"],
            "has_more": more["has_more"],
        }
        self._draw()

    async def _submit(self, view_id: str, values: dict[str, dict[str, Any]]) -> Json:
        answer = await self._try(self.person.submit(view_id, values))
        self.refresh()
        return answer or {}

    async def _close(self, view_id: str) -> None:
        await self._try(self.person.close(view_id))
        self.refresh()

    async def _try(self, call: Awaitable[Json]) -> Json | None:
        """Awaits an act; a refusal is told to the person and gives None."""
        try:
            answer = await call
        except PersonError as error:
            self._tell(error.sentence)
            return None
        if answer.get("ok") is False and answer.get("error"):
            self._tell(str(answer["error"]))
        return answer

    def _tell(self, sentence: str) -> None:
        words = self.voice.refusal(sentence) or self.voice.say("failed")
        self._run(f"kkTell({json.dumps(words)}, {json.dumps(self.voice.say('close'))})")

    def _run(self, code: str) -> None:
        if not self.client.is_deleted:
            self.client.run_javascript(code)


def _pressed_value(element: Json, act: Json) -> Any:
    """A button carries nothing; of a pair of feedback buttons, the one that was pressed."""
    if element.get("type") != "feedback_buttons":
        return None
    pair = ("positive_button", "negative_button")
    return (element.get(pair[int(act.get("index") or 0)]) or {}).get("value")
