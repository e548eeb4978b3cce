"""What one person sees and does, apart from where it stands on the page: their screen, their voice, their acts."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import Client
from nicegui.element import Element

from bot.workspace.page.controls import Option, Place, shown_options
from bot.workspace.page.dialogs import ask, values_for
from bot.workspace.page.form import Form
from bot.workspace.page.mrkdwn import Names
from bot.workspace.page.sidebar import role_words
from bot.workspace.page.stream import Setting
from bot.workspace.page.wording import Voice
from bot.workspace.person import PersonClient, PersonError

Json = dict[str, Any]


class Desk:
    """One person in one browser tab. `screen` is what was last read; `dialogs` is where questions are asked."""

    def __init__(self, client: Client, person: PersonClient) -> None:
        self.client = client
        self.person = person
        self.screen: Json = person.screen()
        user = self.screen["user"]
        self.voice = Voice.of(user["language"], user["zone"])
        self.me: str = user["id"]
        self.bot: str = self.screen["app"]["bot_user"]
        self.dialogs: Element | None = None

    # Seeing

    def read(self) -> int:
        """Reads the screen anew; returns its version."""
        self.screen = self.person.screen()
        return int(self.screen["version"])

    def names(self) -> Names:
        """How ids read for this person."""
        return Names(
            voice=self.voice,
            users={each["id"]: each["real_name"] for each in self.screen["users"]},
            channels={each["id"]: each["name"] for each in self.channels()},
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

    async def act(self, element: Json, block_id: str, value: Any, form: Form, **where: str) -> None:
        """Tells the app of an action, after the person has agreed where the app asks for that. `where` is view_id, or
        channel and ts."""

        async def do() -> None:
            state = None
            if "view_id" in where:
                # The app may have changed the view a moment ago: only fields that are still there have a state.
                self.read()
                state = values_for(self.view(where["view_id"]) or {}, form) or None
            action_id = str(element.get("action_id") or "")
            await self.attempt(
                self.person.action(action_id=action_id, block_id=block_id, value=value, state=state, **where)
            )

        if element.get("confirm") and self.dialogs is not None:
            ask(self.dialogs, element["confirm"], self.names(), do)
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

        async def act(element: Json, block_id: str, value: Any) -> None:
            await self.act(element, block_id, value, form, **where)

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
            channels=[
                {"value": each["id"], "text": f"#{each['name']}", "hint": each["topic"] or ""}
                for each in self.channels()
            ],
            direct=[
                {"value": each["id"], "text": each["name"]} for each in self.screen["channels"] if each["kind"] == "dm"
            ],
            upload_url=f"/page/attach?{urlencode({'as': self.me})}",
        )

    def setting(self, channel: str, form_of: Callable[[Json], Form], *, in_thread: bool = False) -> Setting:
        """What a stream of messages of a conversation needs to know."""
        return Setting(
            names=self.names(),
            bot_user=self.bot,
            place_of=lambda message: self.place(form_of(message), channel=channel, ts=message["ts"]),
            file_url=lambda file_id: f"/page/file/{quote(self.me)}/{quote(file_id)}",
            today=self.voice.now().date(),
            shortcuts=[each for each in self.screen["shortcuts"] if each["type"] == "message"],
            in_thread=in_thread,
        )


def pressed_value(element: Json, act: Json) -> Any:
    """A button carries nothing; of a pair of feedback buttons, the one that was pressed."""
    if element.get("type") != "feedback_buttons":
        return None
    pair = ("positive_button", "negative_button")
    return (element.get(pair[int(act.get("index") or 0)]) or {}).get("value")
