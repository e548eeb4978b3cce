"""The main column: one conversation's head, messages and composer, or the app's home."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.workspace.page import mrkdwn
from bot.workspace.page.assistant import AssistantBar
from bot.workspace.page.blocks import BlockList
from bot.workspace.page.desk import Desk
from bot.workspace.page.emoji import EMOJI
from bot.workspace.page.emoji_art import picture
from bot.workspace.page.faces import Face
from bot.workspace.page.form import Form
from bot.workspace.page.parts import Row, Surface, box, still
from bot.workspace.page.sidebar import GROUP, HASH, LOCK, role_words, toggle
from bot.workspace.page.stream import Stream
from bot.workspace.page.writing import build_composer
from bot.workspace.person import PersonError

Json = dict[str, Any]


# What one step back or forth brings, and the most messages that stand on the page at once.
STEP = 100
MOST = 300


@dataclass(frozen=True)
class Ways:
    """Where the column can lead: another conversation, the app's tabs, a thread, the drawer of a phone."""

    channel: Callable[[str], Awaitable[None]]
    app: Callable[[str], Awaitable[None]]
    thread: Callable[[str], None]
    drawer: Callable[[], None]


class Column:
    """One conversation as it is shown; a change of conversation or tab makes another Column."""

    def __init__(self, desk: Desk, container: Element, ident: str, tab: str, ways: Ways) -> None:
        self.ident = ident
        self.tab = tab
        self._desk = desk
        self._container = container
        self._ways = ways
        # The window that is drawn, as timestamps: from the first on (None: the newest PAGE), to the last (None: to the
        # newest there is).
        self._first: str | None = None
        self._last: str | None = None
        self._shown: Json = {"messages": [], "has_older": False, "has_newer": False}
        self._head_content = ""
        self._stream: Stream | None = None
        self._home: HomeTab | None = None
        self._assistant: AssistantBar | None = None
        self._inside = False
        self._build()

    @property
    def shows_messages(self) -> bool:
        """Whether messages are in sight, so that they count as read."""
        return self._stream is not None

    def _build(self) -> None:
        desk, say = self._desk, self._desk.voice.say
        conversation = desk.conversation(self.ident)
        is_app = conversation is not None and conversation["with"] == desk.bot
        self._inside = conversation is not None and conversation["is_member"]
        self._container.clear()
        self._head_content = ""
        self._stream = self._home = self._assistant = None
        with self._container:
            with box("kk-head", tag="header"):
                toggle(desk.voice).on("click", self._ways.drawer, args=[])
                self._head = box("kk-head-words")
            self._bar = box("kk-bookmarks", role="group", aria_label=say("bookmarks"), data_testid="bookmarks")
            self._bar.set_visibility(False)
            self._bar_content = ""
            if is_app:
                self._tabs()
            if is_app and self.tab == "home":
                self._home = HomeTab(desk, self._ways)
                return
            surface = Surface().classes("kk-scroll")
            surface.props.update({"stick": True, "role": "log", "label": say("messages"), "newBelow": say("new_below")})
            surface.props["data-testid"] = "messages"
            surface.props["newest"] = say("to_newest")
            surface.on("act", self.act)
            surface.on("edge", lambda event: self._walk(str(event.args)))
            self._surface = surface
            self._stream = Stream(surface)
            if conversation is not None and not self._inside:
                with box("kk-outside-note"):
                    still(html.escape(say("not_member")), tag="span")
                    join = still(html.escape(say("join")), tag="button", type="button", data_testid="join")
                    join.classes("kk-button kk-primary")
                    join.on("click", lambda: desk.attempt(desk.person.join(self.ident)), args=[])
            elif conversation is not None:
                with box("kk-composer-place"):
                    self._assistant = AssistantBar(desk.screen["app"]["name"], self._say)
                    build_composer(desk, conversation)

    def _tabs(self) -> None:
        say = self._desk.voice.say
        with box("kk-tabs-row"):
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
                    tab.on("click", lambda name=name: self._ways.app(name), args=[])
            if self._desk.screen["app"]["assistant"]:
                talk = still(html.escape(say("new_talk")), tag="button", type="button", data_testid="new-talk")
                talk.classes("kk-button kk-new-talk").on("click", self._talk, args=[])

    async def _talk(self) -> None:
        """Opens a new thread with the app, as its own tab does in Slack."""
        opened = await self._desk.attempt(self._desk.person.assistant())
        if opened:
            if self.tab != "messages":
                await self._ways.app("messages")
            self._desk.read()
            self._ways.thread(opened["thread_ts"])

    def draw(self) -> None:
        """Brings the column up to the desk's screen."""
        conversation = self._desk.conversation(self.ident)
        if conversation is None:
            return
        if conversation["is_member"] != self._inside:
            self._build()
        content = head_html(self._desk, conversation)
        if content != self._head_content:
            self._head_content = content
            self._head.clear()
            with self._head:
                still(content).classes("kk-head-line")
        self._draw_bookmarks(conversation)
        if self._assistant is not None:
            self._assistant.draw(said_in(conversation))
        if self._stream is not None:
            self._shown = self._window(conversation)
            has_older, has_newer = self._shown["has_older"], self._shown["has_newer"]
            edges = {"older": has_older, "newer": has_newer, "grown": self._first is not None}
            for name, value in edges.items():
                if self._surface.props.get(name) != value:
                    self._surface.props[name] = value
            beginning = self._beginning(conversation, has_older, bool(self._shown["messages"]))
            setting = self._desk.setting(self.ident, self._stream.form_of)
            self._stream.show(self._shown["messages"], setting, before=[beginning])
        if self._home is not None:
            self._home.draw()

    def _draw_bookmarks(self, conversation: Json) -> None:
        content = bookmarks_html(conversation)
        if content != self._bar_content:
            self._bar_content = content
            self._bar.clear()
            self._bar.set_visibility(bool(content))
            with self._bar:
                still(content).classes("kk-bookmark-row")

    async def _say(self, text: str) -> None:
        await self._desk.attempt(self._desk.person.message(self.ident, text))

    def _window(self, conversation: Json) -> Json:
        """The messages that are drawn, and whether there are others before and behind them."""
        if self._first is None:
            return {"messages": conversation["messages"], "has_older": conversation["has_more"], "has_newer": False}
        try:
            return self._desk.person.window(self.ident, self._first, self._last, MOST)
        except PersonError:
            return {"messages": [], "has_older": False, "has_newer": False}

    def _walk(self, edge: str) -> None:
        """The person has come near the oldest or the newest message that is drawn, or wants the newest there is: the
        window goes along, and never holds more than `MOST`."""
        messages = [each["ts"] for each in self._shown["messages"]]
        step = self._desk.person.step
        try:
            if edge == "latest" or not messages:
                self._first = self._last = None
            elif edge == "older" and self._shown["has_older"]:
                self._first = step(self.ident, messages[0], -STEP)
                end = step(self.ident, self._first, MOST - 1)
                if self._last is not None or end < messages[-1]:
                    self._last = min(end, self._last or end)
            elif edge == "newer" and self._shown["has_newer"]:
                end = step(self.ident, messages[-1], STEP)
                self._first = step(self.ident, end, 1 - MOST)
                self._last = end if step(self.ident, end, 1) > end else None
        except PersonError as error:
            self._desk.tell(error.sentence)
            return
        self._desk.read()
        self.draw()

    def _beginning(self, conversation: Json, has_more: bool, any_message: bool) -> Row:
        say = self._desk.voice.say
        if has_more:
            words = html.escape(say("show_older"))
            content = (
                f'<button type="button" class="kk-button" data-act="older" data-testid="show-older">{words}</button>'
            )
            return Row("beginning", "older", lambda: still(content).classes("kk-older"))
        name = self._desk.title_of(conversation)
        title = html.escape(say("history_start", name=name) if any_message else say("no_messages"))
        hint = html.escape((conversation["topic"] or "") if any_message else say("no_messages_hint"))
        begun = f"<strong>{title}</strong><span>{hint}</span>"
        return Row("beginning", begun, lambda: still(begun).classes("kk-beginning"))

    async def act(self, event: GenericEventArguments) -> None:
        """Something in a message was pressed, here or in the thread beside."""
        desk, act = self._desk, event.args
        kind = act["act"]
        if kind == "channel":
            await self._ways.channel(act["target"])
        elif kind == "older":
            self._walk("older")
        elif kind == "thread":
            self._ways.thread(act["ts"])
        elif kind == "react":
            await desk.attempt(desk.person.react(self.ident, act["ts"], act["name"]))
        elif kind == "shortcut":
            await desk.attempt(desk.person.shortcut(act["callback"], self.ident, act["ts"]))
        elif kind == "button":
            desk.read()
            message = desk.message(self.ident, act["ts"])
            if message is not None:
                await desk.press(act, message["blocks"], Form(), channel=self.ident, ts=act["ts"])
            if not event.sender.is_deleted:
                event.sender.run_method("settle")


class HomeTab:
    """The app's home, built inside the current container."""

    def __init__(self, desk: Desk, ways: Ways) -> None:
        self._desk = desk
        self._ways = ways
        self._surface = Surface().classes("kk-home")
        self._surface.props.update({"role": "tabpanel", "label": desk.voice.say("home"), "data-testid": "home"})
        self._surface.on("act", self._act)
        self._shown = ""
        self._form = Form()
        self._blocks: BlockList | None = None

    def draw(self) -> None:
        """Brings the home up to what the app has published."""
        view = self._desk.screen["home"]
        key = view["id"] if view else "none"
        if key != self._shown:
            self._shown = key
            for child in list(self._surface.default_slot.children):
                child.delete()
            with self._surface:
                self._build(view)
        if view is not None and self._blocks is not None:
            self._form.words.update(view.get("labels") or {})
            self._blocks.show(view.get("blocks") or [])

    def _build(self, view: Json | None) -> None:
        self._blocks = None
        if view is None:
            say = self._desk.voice.say
            title, hint = html.escape(say("home_empty")), html.escape(say("home_empty_hint"))
            words = f"<strong>{title}</strong><span>{hint}</span>"
            still(words, data_testid="home-empty").classes("kk-beginning")
            return
        self._form = Form(view.get("state"))
        self._blocks = BlockList(box("kk-home-blocks"), self._desk.place(self._form, view_id=view["id"]))

    async def _act(self, event: GenericEventArguments) -> None:
        act, view = event.args, self._desk.screen["home"]
        if act["act"] == "channel":
            await self._ways.channel(act["target"])
        elif view is not None:
            await press_in_view(self._desk, act, view, self._form)
            if not event.sender.is_deleted:
                event.sender.run_method("settle")


async def press_in_view(desk: Desk, act: Json, view: Json, form: Form) -> None:
    """A still button of a modal or the home was pressed."""
    if act["act"] != "button":
        return
    desk.read()
    current = desk.view(view["id"])
    if current is not None:
        await desk.press(act, current["blocks"], form, view_id=view["id"])


def said_in(conversation: Json) -> Json:
    """What the app says in a conversation itself; that it is at work, also where it works in one of its threads."""
    said = dict(conversation["assistant"].get("") or {})
    for each in conversation["assistant"].values():
        if each["status"] and not said.get("status"):
            said |= {"status": each["status"], "loading_messages": each["loading_messages"]}
    return said


def bookmarks_html(conversation: Json) -> str:
    """The links in the bar under a channel's name."""
    links = ""
    for each in conversation["bookmarks"]:
        name = str(each["emoji"]).strip(":")
        sign = picture(EMOJI[name]) if name in EMOJI else '<span class="kk-bookmark-sign" aria-hidden="true">🔗</span>'
        shown = mrkdwn.link(str(each["link"]), sign + mrkdwn.plain(str(each["title"])))
        links += f'<span class="kk-bookmark">{shown}</span>'
    return links


def head_html(desk: Desk, conversation: Json) -> str:
    """Name, members and topic of a conversation; of a person, their title."""
    voice = desk.voice
    if conversation["kind"] == "channel":
        sign = LOCK if conversation["is_private"] else HASH
        members = conversation.get("members")
        count = len(members) if isinstance(members, list) else members
        more = f'<span class="kk-members">{html.escape(voice.member_count(count))}</span>' if count else ""
        about = html.escape(conversation["topic"] or "")
    else:
        user = next((each for each in desk.screen["users"] if each["id"] == conversation["with"]), None)
        is_app = conversation["with"] == desk.bot
        face = Face(str(conversation["with"]), conversation["name"], is_app)
        sign = face.html("small") if conversation["with"] else GROUP
        more = f'<span class="kk-badge">{html.escape(voice.say("app"))}</span>' if is_app else ""
        about = html.escape(role_words(user, voice)) if user else ""
    return (
        f'<h1 data-testid="channel-name">{sign}<span>{html.escape(conversation["name"])}</span></h1>{more}'
        f'<p class="kk-topic" title="{about}">{about}</p>'
    )
