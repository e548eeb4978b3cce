"""The people, and the website, that go on working whatever happens; who try again what did not work."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import httpx

from bot.notices import SAID
from bot.workspace.person import PersonClient
from bot.workspace.refusals import PersonError
from domain.leads import Stage
from handlers.i18n import LANGUAGES, translator
from handlers.qualification.bant import SUBMIT
from handlers.terms import STAGES
from services.outreach import forms
from services.outreach.form_sources import NewSecret
from tests.chaos.conversations import Conversations
from tests.chaos.ledger import Ledger
from tests.kill.conftest import CHANNEL, FORMS

INBOUND = "C01INBOUND"
LOOK_AGAIN = frozenset({404, 409})
"""What they meant to act on is not there any more."""
HANDED_OFF = [translator(language)(STAGES[Stage.HANDED_OFF]) for language in LANGUAGES]
PAUSE = 0.05
"""Seconds before somebody tries again."""


class Place(Protocol):
    """Where they work."""

    ledger: Ledger
    closing: bool

    def person(self, user: str) -> PersonClient: ...

    def connected(self) -> bool: ...

    def addresses(self) -> list[str]:
        """Where websites reach bots, whether they answer or not."""


@dataclass
class Work:
    """What there is to do; each piece is somebody's alone."""

    to_hand_off: list[str]
    to_call: list[str]
    to_meet: list[str]


@dataclass
class Rep:
    """A member of inside sales."""

    place: Place
    user: str
    work: Work
    chance: random.Random
    first: str
    """What they begin the day with."""
    client: PersonClient = field(init=False)
    asked: int = 0
    """How often the form for the piece of work at hand was asked for."""

    talk: Conversations = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.place.person(self.user)
        chance = random.Random(self.chance.getrandbits(64))
        self.talk = Conversations(self.client, self.ledger, self.work.to_call, chance)

    @property
    def ledger(self) -> Ledger:
        return self.place.ledger

    @property
    def view(self) -> dict[str, Any] | None:
        """The modal on top."""
        views = self.client.screen(limit=0)["views"]
        return views[-1] if views else None

    async def go_on(self) -> None:
        """One piece after the other until the place closes; what was begun is brought to its end."""
        ways: list[tuple[int, str, Callable[[], Awaitable[bool]]]] = [
            (4, "handoff", self._hand_off),
            (6, "call", self._log_call),
            (6, "click", self._click_call),
            (3, "claim", self._claim),
            (2, "meeting", self._book),
            (2, "home", self._look_at_home),
            (1, "figures", self._look_at_figures),
            (3, "transcript", self.talk.drop),
            (8, "record", self.talk.tend),
            (3, "question", self.talk.ask),
        ]
        weights = [weight for weight, _name, _way in ways]
        chosen = next(way for way in ways if way[1] == self.first)
        while not self.place.closing:
            _weight, name, way = chosen
            chosen = self.chance.choices(ways, weights)[0]
            try:
                if await way():
                    self.ledger.done[name] += 1
            except PersonError as refused:
                if refused.status not in LOOK_AGAIN:
                    raise
            await asyncio.sleep(self.chance.uniform(0.0, 2 * PAUSE))
        while self.talk.waiting:
            await self._connection()
            self.ledger.done["record"] += await self.talk.tend()
            await asyncio.sleep(2 * PAUSE)

    async def _look(self) -> dict[str, Any] | None:
        """The modal on top, once the notices that lay over it are read and closed: they say what did not work, and
        leave the form below as it was."""
        while (view := self.view) is not None and not view["callback_id"] and not view["submit"]:
            self.ledger.tell(" ".join(str(block["text"]["text"]) for block in view["blocks"]))
            await self._close(view)
        return view

    async def _clear(self) -> None:
        self.asked = 0
        for view in reversed(self.client.screen(limit=0)["views"]):
            await self._close(view)

    async def _close(self, view: Mapping[str, Any]) -> None:
        try:
            await self.client.close(view["id"])
        except PersonError as refused:
            # The answer that nobody expected any more has come just now: they look again at what they have.
            if refused.status not in LOOK_AGAIN:
                raise

    async def _command(self, command: str, text: str) -> dict[str, Any] | None:
        """What was answered at once."""
        self.asked += 1
        answered = await self.client.command(CHANNEL, command, text)
        if answered.get("error"):
            self.ledger.tell(f"Slack: {answered['error']}")
            await asyncio.sleep(PAUSE)
        response: dict[str, Any] | None = answered["response"]
        return response

    async def _submit(self, view: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The outcome; what did not work leaves everything that was typed where it stood. `gone`: the modal had closed
        or another lay over it, so they look again."""
        try:
            done = await self.client.submit(view["id"], values)
        except PersonError as refused:
            if refused.status not in LOOK_AGAIN:
                raise
            return {"result": "gone"}
        if done["result"] in ("errors", "failed"):
            for text in [done.get("error")] if done["result"] == "failed" else done["errors"].values():
                self.ledger.tell(str(text))
            self._compare(view, values, await self._look())
            await asyncio.sleep(PAUSE)
        return done

    def _compare(
        self, view: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]], shown: Mapping[str, Any] | None
    ) -> None:
        """Whether what was typed still stands in the form."""
        if self._came_twice(view, shown):
            return
        kept = shown["state"] if shown is not None else {}
        for block, elements in values.items():
            for value in elements.values():
                if value not in kept.get(block, {}).values():
                    where = (
                        "another form is there" if shown is not None and shown["id"] != view["id"] else "it is empty"
                    )
                    self.ledger.lost.append(f"{view['callback_id']}: {block}, {where if shown else 'no form is there'}")

    def _replaced(self, view: Mapping[str, Any]) -> None:
        """A form that answers with another went away while it was being sent."""
        shown = self.view
        if not self._came_twice(view, shown):
            there = "no form" if shown is None else shown["callback_id"]
            self.ledger.lost.append(f"{view['callback_id']} closed, {there} is there, asked {self.asked} times")

    def _came_twice(self, view: Mapping[str, Any], shown: Mapping[str, Any] | None) -> bool:
        """Whether they asked for the form again before it came, and Slack has put the second in place of the first."""
        twice = shown is not None and shown["id"] != view["id"] and self.asked > 1
        if twice:
            self.ledger.tell("The form came twice, because it was asked for twice")
        return twice

    async def _connection(self) -> None:
        # The workspace has no event to wait for.
        while not self.place.connected():  # noqa: ASYNC110
            await asyncio.sleep(PAUSE)

    async def _hand_off(self) -> bool:
        if not self.work.to_hand_off:
            return False
        name = self.work.to_hand_off.pop()
        judging: set[str] = set()
        await self._clear()
        while True:
            await self._connection()
            view = await self._look()
            if view is None:
                await self._command("/lead", f"qualify {name}")
            elif view["callback_id"] == "handoff.done":
                break
            elif view["callback_id"] not in FORMS:
                raise Unexpected(view)
            else:
                if view["callback_id"] == SUBMIT:
                    judging.add(view["id"])
                done = await self._submit(view, FORMS[view["callback_id"]])
                if done["result"] == "closed":
                    self._replaced(view)
                if any(stage in text for text in done.get("errors", {}).values() for stage in HANDED_OFF):
                    # A form that they had asked for twice has taken the place of the one whose answer says so.
                    break
        self.ledger.handed_off.add(name)
        if len(judging) > 1:
            self.ledger.judged_twice.add(name)
        return True

    async def _log_call(self) -> bool:
        name = self.chance.choice(self.work.to_call)
        note = f"折り返しをお願いされた {UUID(int=self.chance.getrandbits(128))}"
        await self._clear()
        while True:
            await self._connection()
            view = await self._look()
            if view is None:
                await self._command("/call", f"log {name}")
                continue
            block = next((b for b in view["blocks"] if b["block_id"].startswith("connection")), None)
            if block is None:
                raise Unexpected(view)
            element = block["element"]
            if "voicemail" not in str(view["state"].get(block["block_id"])) or _asks(view, "party"):
                chosen = await self.client.action(
                    view_id=view["id"],
                    block_id=block["block_id"],
                    action_id=element["action_id"],
                    value="voicemail",
                    state={"note": {"v": note}},
                )
                if not chosen["ok"]:
                    self.ledger.tell(f"Slack: {chosen['error']}")
                    await asyncio.sleep(PAUSE)
                    continue
                view = await self._look() or view
            self.ledger.typed.add(note)
            done = await self._submit(view, {"note": {"v": note}})
            if done["result"] == "closed":
                self.ledger.noted.add(note)
                return True

    async def _click_call(self) -> bool:
        name = self.chance.choice(self.work.to_call)
        await self._connection()
        card = await self._command("/lead", f"show {name}")
        if card is None or "call.quick#no_answer" not in str(card["blocks"]):
            return False
        self.ledger.clicked[name] += 1
        pressed = await self.client.action(channel=CHANNEL, ts=card["ts"], action_id="call.quick#no_answer")
        if not pressed["ok"]:
            self.ledger.tell(f"Slack: {pressed['error']}")
        return bool(pressed["ok"])

    async def _claim(self) -> bool:
        await self._connection()
        screen = self.client.screen(only=[INBOUND])
        (channel,) = [c for c in screen["channels"] if c["id"] == INBOUND]
        waiting = [m for m in channel["messages"] if not m["ephemeral"] and "'inbound.claim'" in str(m["blocks"])]
        if not waiting:
            return False
        card = self.chance.choice(waiting)
        pressed = await self.client.action(channel=INBOUND, ts=card["ts"], action_id="inbound.claim")
        if not pressed["ok"]:
            self.ledger.tell(f"Slack: {pressed['error']}")
        return bool(pressed["ok"])

    async def _book(self) -> bool:
        if not self.work.to_meet:
            return False
        name = self.work.to_meet.pop()
        await self._clear()
        while True:
            await self._connection()
            view = await self._look()
            if view is None:
                await self._command("/meeting", f"book {name}")
            elif view["callback_id"] == "meeting.booked" or "📅" in str(view["blocks"]):
                # It says so; or they were told that it did not work, and the form they opened again says that it did.
                self.ledger.booked.add(name)
                return True
            else:
                result = (await self._submit(view, {}))["result"]
                told = any(block["block_id"].startswith(SAID) for block in (self.view or {"blocks": ()})["blocks"])
                if told or (result != "updated" and self.chance.random() < 0.5):
                    # A meeting may stand since they opened the form, or the time is somebody else's: they look again.
                    await self._clear()

    async def _look_at_home(self) -> bool:
        await self._connection()
        await self.client.home()
        return True

    async def _look_at_figures(self) -> bool:
        await self._connection()
        return await self._command("/kpi", "today") is not None


class Unexpected(Exception):
    """A modal that nobody on this way expects."""

    def __init__(self, view: Mapping[str, Any]) -> None:
        super().__init__(f"{view['callback_id']}: {view['title']} {view['blocks']}")


def _asks(view: Mapping[str, Any], start: str) -> bool:
    return any(b["type"] == "input" and b["block_id"].startswith(start) for b in view["blocks"])


@dataclass
class Website:
    """Sends what customers filled in until it is told that it has arrived, as websites should."""

    place: Place
    form: NewSecret
    chance: random.Random

    async def go_on(self) -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            number = 0
            while not self.place.closing:
                number += 1
                await self._send(client, f"s{number:05d}")
                self.place.ledger.done["submission"] += 1
                await asyncio.sleep(self.chance.uniform(0.3, 1.5))

    async def _send(self, client: httpx.AsyncClient, submission: str) -> None:
        content = json.dumps(
            {
                "会社名": f"サイト{submission}商事",
                "お名前": f"問合 {submission}",
                "メールアドレス": f"{submission}@site.example",
                "お問い合わせ内容": "資料をお願いします",
            }
        ).encode()
        path = f"/webhooks/forms/{self.form.form.name}"
        while True:
            for address in self.chance.sample(self.place.addresses(), len(self.place.addresses())):
                timestamp = str(int(time.time()))
                headers = {
                    "Content-Type": "application/json",
                    "X-Kakehashi-Timestamp": timestamp,
                    "X-Kakehashi-Signature": f"v1={forms.signature(self.form.secret, timestamp, content)}",
                    "X-Kakehashi-Submission": submission,
                }
                try:
                    answer = await client.post(f"{address}{path}", content=content, headers=headers)
                except httpx.TransportError:
                    continue
                if answer.status_code in (200, 201):
                    self.place.ledger.submitted[submission] = int(answer.json()["lead"])
                    return
                self.place.ledger.tell(f"HTTP {answer.status_code}: {answer.text}")
            await asyncio.sleep(PAUSE)
