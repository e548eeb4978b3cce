"""One open page: its columns, which conversation is shown, and how all of it follows the workspace live."""

from __future__ import annotations

import asyncio
import html
import json
import logging
from typing import Any
from urllib.parse import urlencode

from nicegui import Client, background_tasks
from nicegui.events import GenericEventArguments

from bot.workspace.page.conversation import Column, Ways, press_in_view
from bot.workspace.page.desk import Desk
from bot.workspace.page.dialogs import Modals, values_for
from bot.workspace.page.form import Form
from bot.workspace.page.parts import Surface, box, still
from bot.workspace.page.sidebar import Sidebar
from bot.workspace.page.thread import ThreadPanel
from bot.workspace.person import PersonClient

Json = dict[str, Any]

log = logging.getLogger(__name__)

# Changes that come in one burst (a streaming answer, twenty imports) are drawn together.
GATHER = 0.03


class Session:
    """The page of one person in one browser tab, built inside the client's content."""

    def __init__(self, client: Client, person: PersonClient, channel: str = "") -> None:
        self._client = client
        self._person = person
        self._desk = Desk(client, person)
        self._seen = int(self._desk.screen["version"])
        self._following: asyncio.Task[None] | None = None
        self._reading = False
        say = self._desk.voice.say
        self._root = box("kk-page", data_testid="workspace", lang=self._desk.voice.language)
        with self._root:
            still(html.escape(say("skip")), tag="a", href="#kk-conversation").classes("kk-skip")
            with box("kk-left", tag="nav", aria_label=say("channels")):
                side = Surface().classes("kk-left-scroll")
                side.on("act", self._side_act)
                self._sidebar = Sidebar(side)
            box("kk-shade", aria_hidden="true").on("click", self._shut_drawer, args=[])
            self._main = box(
                "kk-main",
                tag="section",
                id="kk-conversation",
                tabindex="-1",
                data_testid="conversation",
                data_drop="true",
                data_drop_words=say("drop_here"),
            )
            self._panel = box("kk-panel", tag="section", data_testid="thread", aria_label=say("thread"))
            self._panel.set_visibility(False)
            self._desk.dialogs = box("kk-dialogs")
        self._thread = ThreadPanel(self._desk, self._panel, self._widened)
        self._modals = Modals(
            self._desk.dialogs,
            place_of=lambda view, form: self._desk.place(form, view_id=view["id"]),
            submit=self._submit,
            close=self._close,
            pressed=lambda act, view, form: press_in_view(self._desk, act, view, form),
        )
        self._ways = Ways(channel=self._open, app=self._open_app, thread=self._open_thread, drawer=self._open_drawer)
        self._desk.focus = self._first(channel)
        self._desk.read()
        self._column = Column(self._desk, self._main, self._desk.focus, "messages", self._ways)
        self._draw()

    # Following the workspace

    def connected(self) -> None:
        """A browser is there, perhaps again: draws what was missed and starts following."""
        self.refresh()
        if self._following is None or self._following.done():
            self._following = background_tasks.create(self._follow(), name=f"page of {self._desk.me}")

    def stop(self) -> None:
        """Stops following."""
        if self._following is not None:
            self._following.cancel()

    async def _follow(self) -> None:
        while not self._client.is_deleted:
            await self._person.changed(self._seen)
            await asyncio.sleep(GATHER)
            self.refresh()

    def refresh(self) -> None:
        """Reads the screen and redraws what is different."""
        self._seen = self._desk.read()
        if self._client.is_deleted:
            return
        try:
            self._draw()
        except Exception:
            # One block that cannot be drawn must not end the live updates of everything else.
            log.exception("The page of %s could not be redrawn", self._desk.me)

    def _draw(self) -> None:
        desk = self._desk
        self._sidebar.show(desk.screen, self._column.ident, desk.voice)
        self._column.draw()
        self._thread.draw(self._column)
        self._modals.show(desk.screen["views"], desk.names())
        conversation = desk.conversation(self._column.ident)
        if conversation is None:
            return
        self._entitle(f"{conversation['name']} – {desk.screen['team']['name']}")
        if self._column.shows_messages and (conversation["unread"] or conversation["mentions"]):
            self._mark_read()

    def _mark_read(self) -> None:
        if self._reading or not self._client.has_socket_connection:
            return
        self._reading = True

        async def mark() -> None:
            try:
                await self._desk.attempt(self._person.read(self._column.ident))
            finally:
                self._reading = False

        background_tasks.create(mark(), name=f"{self._desk.me} reads")

    def _entitle(self, title: str) -> None:
        if title == self._client.title:
            return
        self._client.title = title
        if self._client.has_socket_connection:
            self._desk.run(f"document.title = {json.dumps(title)}")

    # Going somewhere

    def _first(self, wanted: str) -> str:
        conversations = [str(each["id"]) for each in self._desk.screen["channels"]]
        if wanted in conversations:
            return wanted
        mine = [str(each["id"]) for each in self._desk.channels() if each["is_member"]]
        return (mine or conversations or [""])[0]

    async def _side_act(self, event: GenericEventArguments) -> None:
        act = event.args
        if act["act"] == "channel":
            await self._open(act["target"])
        elif act["act"] == "dm":
            await self._open_direct(act["target"])
        elif act["act"] == "app":
            await self._open_app()

    async def _open(self, ident: str, tab: str = "messages") -> None:
        self._shut_drawer()
        self._thread.shut()
        self._desk.focus = ident
        self._desk.read()
        self._column = Column(self._desk, self._main, ident, tab, self._ways)
        self._draw()
        address = "/?" + urlencode({"as": self._desk.me, "channel": ident})
        self._desk.run(
            f"history.replaceState(null, '', {json.dumps(address)});"
            "document.querySelector('.kk-left .kk-selected')?.scrollIntoView({ block: 'nearest' })"
        )

    async def _open_direct(self, user: str) -> None:
        opened = await self._desk.attempt(self._person.open_dm(user))
        if opened:
            await self._open(opened["channel"])

    async def _open_app(self, tab: str = "") -> None:
        opened = await self._desk.attempt(self._person.open_dm(self._desk.bot))
        if not opened:
            return
        if not tab:
            conversation = self._desk.conversation(opened["channel"])
            tab = "messages" if conversation and conversation["unread"] else "home"
        await self._open(opened["channel"], tab)
        if tab == "home":
            # The app is told each time, as in Slack, and may publish a fresh home.
            await self._desk.attempt(self._person.home())

    def _open_thread(self, ts: str) -> None:
        self._thread.open(ts, self._column)

    def _widened(self, wide: bool) -> None:
        self._panel.set_visibility(wide)
        self._root.classes(add="kk-with-panel" if wide else "", remove="" if wide else "kk-with-panel")

    def _open_drawer(self) -> None:
        self._root.classes(add="kk-drawer-open")
        # What lies under the drawer is out of reach for the keyboard and screen readers too.
        self._main.props["inert"] = True
        self._desk.run("document.querySelector('.kk-left .kk-selected')?.focus()")

    def _shut_drawer(self) -> None:
        if "kk-drawer-open" not in self._root.classes:
            return
        self._root.classes(remove="kk-drawer-open")
        del self._main.props["inert"]
        self._desk.run("requestAnimationFrame(() => document.querySelector('.kk-main .kk-menu-toggle')?.focus())")

    # Modals

    async def _submit(self, shown: Json, form: Form) -> Json:
        self._desk.read()
        view = self._desk.view(shown["id"])
        answer = None
        if view is not None and view["id"] == self._desk.top_view_id():
            if view["callback_id"] == shown["callback_id"]:
                answer = await self._desk.attempt(self._person.submit(view["id"], values_for(view, form)))
            else:
                # The app has put another form there a moment ago; nobody submits what they have not seen.
                self._desk.tell(self._desk.voice.say("redrawn"))
        self.refresh()
        return answer or {}

    async def _close(self, view_id: str) -> None:
        await self._desk.attempt(self._person.close(view_id))
        self.refresh()
