"""What one person sees and does, apart from where it stands on the page: their screen, their voice, their acts."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import Client
from nicegui.element import Element

from bot.workspace.page.controls import Option, Place, Talk, shown_options
from bot.workspace.page.dialogs import ask, values_for
from bot.workspace.page.form import Form
from bot.workspace.page.mrkdwn import Names
from bot.workspace.page.sidebar import role_words
from bot.workspace.page.stream import Setting
from bot.workspace.page.targets import chosen, pressed, pressed_value
from bot.workspace.page.wording import Voice
from bot.workspace.person import PersonClient, PersonError

Json = dict[str, Any]


# The messages a conversation opens with; the older ones come as one scrolls to them.
PAGE = 100


class Desk:
    """One person in one browser tab. `screen` is what was last read, with the messages of the conversation in `focus`
    alone; `dialogs` is where questions are asked."""

    def __init__(self, client: Client, person: PersonClient) -> None:
        self.client = client
        self.person = person
        self.focus = ""
        self.screen: Json = person.screen(0)
        user = self.screen["user"]
        self.voice = Voice.of(user["language"], user["zone"])
        self.me: str = user["id"]
        self.bot: str = self.screen["app"]["bot_user"]
        self.dialogs: Element | None = None

    # Seeing

    def read(self) -> int:
        """Reads the screen anew; returns its version."""
        self.screen = self.person.screen(PAGE, only=(self.focus,))
        return int(self.screen["version"])

    def names(self) -> Names:
        """How ids read for this person."""
        return Names(
            voice=self.voice,
            users={each["id"]: each["real_name"] for each in self.screen["users"]},
            channels={each["id"]: each["name"] for each in self.channels()},
            groups={each["id"]: each["handle"] for each in self.screen["usergroups"]},
            me=self.me,
        )

    def channels(self) -> list[Json]:
        """The channels, without direct messages."""
        return [each for each in self.screen["channels"] if each["kind"] == "channel"]

    def conversation(self, ident: str) -> Json | None:
        """A channel or direct message by id."""
        return next((each for each in self.screen["channels"] if each["id"] == ident), None)

    def view(self, view_id: str) -> Json | None:
        """An open modal or the home by id, as it is at this moment."""
        views = [*self.screen["views"], self.screen["home"]]
        return next((each for each in views if each and each["id"] == view_id), None)

    def top_view_id(self) -> str | None:
        """The id of the modal on top."""
        views = self.screen["views"]
        return str(views[-1]["id"]) if views else None

    def message(self, channel: str, ts: str) -> Json | None:
        """A message as it is at this moment; None where it is gone."""
        try:
            return self.person.look(channel, ts)
        except PersonError:
            return None

    def title_of(self, conversation: Json) -> str:
        """'#general', or the name of whom one talks to."""
        name = str(conversation["name"])
        return name if conversation["kind"] == "dm" else f"#{name}"

    # Doing

    async def attempt(self, call: Awaitable[Json]) -> Json | None:
        """Awaits an act; a refusal is told to the person and gives None."""
        try:
            answer = await call
        except PersonError as error:
            self.tell(error.sentence)
            return None
        if answer.get("ok") is False and answer.get("error"):
            self.tell(str(answer["error"]))
        return answer

    def tell(self, sentence: str) -> None:
        """Shows a sentence for some seconds."""
        words = self.voice.refusal(sentence) or self.voice.say("failed")
        self.run(f"kkTell({json.dumps(words)}, {json.dumps(self.voice.say('close'))})")

    def run(self, code: str) -> None:
        """Runs JavaScript in the tab, if it is still there."""
        if not self.client.is_deleted:
            self.client.run_javascript(code)

    async def press(self, act: Json, blocks: list[Json], form: Form, **where: str) -> None:
        """A still button was pressed; `act` is what it said, `blocks` is what stands there now."""
        target = pressed(blocks, act)
        if target is None:
            self.tell(self.voice.say("redrawn"))
            return
        block_id, element = target
        await self.act(element, block_id, pressed_value(element, act), form, passing=False, undo=None, **where)

    async def act(
        self,
        element: Json,
        block_id: str,
        value: Any,
        form: Form,
        *,
        passing: bool = False,
        undo: Callable[[], None] | None = None,
        **where: str,
    ) -> None:
        """Tells the app of an action, after the person has agreed where the app asks for that. `where` is view_id, or
        channel and ts. `passing`: it only passes on what is being typed, and is dropped where the field is gone. `undo`
        is called where the person does not agree."""

        async def do() -> None:
            # The app may have drawn all of it anew a moment ago, or while the person was being asked.
            self.read()
            state = None
            target: tuple[str, Json] | None = (block_id, element)
            if "view_id" in where:
                view = self.view(where["view_id"])
                if view is None or (passing and view["type"] == "modal" and view["id"] != self.top_view_id()):
                    return
                state = values_for(view, form) or None
                target = chosen(view["blocks"], block_id, element, value)
            elif (message := self.message(where["channel"], where["ts"])) is not None:
                target = chosen(message["blocks"], block_id, element, value)
            if target is None:
                if not passing:
                    self.tell(self.voice.say("redrawn"))
                return
            action_id = str(element.get("action_id") or "")
            await self.attempt(
                self.person.action(action_id=action_id, block_id=target[0], value=value, state=state, **where)
            )

        if element.get("confirm") and self.dialogs is not None:
            ask(self.dialogs, element["confirm"], self.names(), do, undo)
        else:
            await do()

    async def search(self, element: Json, block_id: str, query: str, **where: str) -> list[Option]:
        """Asks the app for the options of an external select; groups are flattened."""
        try:
            answer = await self.person.options(
                action_id=str(element["action_id"]), block_id=block_id, query=query, **where
            )
        except PersonError as error:
            self.tell(error.sentence)
            return []
        if not answer.get("ok", True):
            self.tell(str(answer.get("error") or ""))
        options = list(answer.get("options") or [])
        for group in answer.get("option_groups") or []:
            label = str((group.get("label") or {}).get("text") or "")
            options += [{**option, "group": label} for option in group.get("options") or []]
        return shown_options(options)

    # Where elements and messages stand

    def place(self, form: Form, **where: str) -> Place:
        """The place of the elements of a view (view_id) or a message (channel and ts)."""

        async def act(
            element: Json, block_id: str, value: Any, *, passing: bool = False, undo: Callable[[], None] | None = None
        ) -> None:
            await self.act(element, block_id, value, form, passing=passing, undo=undo, **where)

        async def search(element: Json, block_id: str, query: str) -> list[Option]:
            return await self.search(element, block_id, query, **where)

        return Place(
            names=self.names(),
            form=form,
            act=act,
            search=search,
            people=[
                {"value": each["id"], "text": each["real_name"], "hint": role_words(each, self.voice)}
                for each in self.screen["users"]
            ],
            conversations=[self._talk(each) for each in sorted(self.screen["channels"], key=lambda c: c["kind"])],
            upload_url=f"/page/attach?{urlencode({'as': self.me})}",
        )

    def _talk(self, conversation: Json) -> Talk:
        if conversation["kind"] == "channel":
            option = {
                "value": conversation["id"],
                "text": f"#{conversation['name']}",
                "hint": conversation["topic"] or "",
            }
            return Talk(option, "private" if conversation["is_private"] else "channel")
        option = {"value": conversation["id"], "text": str(conversation["name"])}
        if conversation["with"] is None:
            return Talk(option, "mpim")
        return Talk(option, "im", with_app=conversation["with"] == self.bot)

    def setting(self, channel: str, form_of: Callable[[Json], Form], *, in_thread: bool = False) -> Setting:
        """What a stream of messages of a conversation needs to know."""
        return Setting(
            names=self.names(),
            bot_user=self.bot,
            place_of=lambda message: self.place(form_of(message), channel=channel, ts=message["ts"]),
            file_url=lambda file_id: f"/page/file/{quote(self.me)}/{quote(file_id)}",
            today=self.voice.now().date(),
            shortcuts=[each for each in self.screen["shortcuts"] if each["type"] == "message"],
            titles={
                ts: said["title"] for ts, said in (self.conversation(channel) or {"assistant": {}})["assistant"].items()
            },
            in_thread=in_thread,
        )
