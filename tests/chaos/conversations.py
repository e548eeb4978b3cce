"""What people do that a language model has a part in: they drop transcripts of calls, and ask the assistant."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bot.workspace.person import PersonClient
from tests.chaos.ledger import Ledger
from tests.chaos.model import CALL, QUESTION

MOST_WAITING = 2
"""So many transcripts of one person are under way at once; they look at those before they drop another."""
CARD = "🎙️"
"""What stands on every card of a recording."""
SILENCE = 3.0
"""Seconds without a card, after which somebody asks for it with the message's shortcut."""


@dataclass
class Dropped:
    """A file that somebody has dropped, and waits for the record of."""

    thread: str
    file: str
    asked_at: float


@dataclass
class Conversations:
    """One person's direct messages with the bot."""

    client: PersonClient
    ledger: Ledger
    to_call: list[str]
    chance: random.Random
    waiting: list[Dropped] = field(default_factory=list)
    _direct: str = ""

    async def _channel(self) -> str:
        if not self._direct:
            bot = self.client.screen(limit=0)["app"]["bot_user"]
            self._direct = (await self.client.open_dm(bot))["channel"]
        return self._direct

    async def drop(self) -> bool:
        """Drop the transcript of a call; whether there was time for another."""
        if len(self.waiting) >= MOST_WAITING:
            return False
        name = self.chance.choice(self.to_call)
        # One kind is known by its name, the other has to be looked into.
        content = CALL
        ending = self.chance.choice(("txt", "vtt"))
        if ending == "vtt":
            cues = [
                f"00:00:{2 * n:02d}.000 --> 00:00:{2 * n + 1:02d}.000\n{s}" for n, s in enumerate(CALL.splitlines())
            ]
            content = "WEBVTT\n\n" + "\n\n".join(cues) + "\n"
        filename = f"{name}_{UUID(int=self.chance.getrandbits(128))}.{ending}"
        done = await self.client.upload(await self._channel(), filename, content.encode())
        self.waiting.append(Dropped(done["ts"], done["file"]["id"], time.monotonic()))
        self.ledger.dropped.add(done["file"]["id"])
        return True

    async def tend(self) -> bool:
        """See how far one of the transcripts is, and do what its card wants; whether it is a record now."""
        if not self.waiting:
            return False
        each = self.chance.choice(self.waiting)
        said = self._said(each)
        if any("recording.swap" in str(message["blocks"]) for message in said):
            self.waiting.remove(each)
            return True
        for wanted in ("recording.retry", "recording.confirm"):
            card = next((message for message in said if f"'{wanted}'" in str(message["blocks"])), None)
            if card is not None:
                self._told(await self.client.action(channel=await self._channel(), ts=card["ts"], action_id=wanted))
                return False
        # That it did not work is no card: they ask for it then too.
        if not any(CARD in str(message["blocks"]) for message in said) and time.monotonic() - each.asked_at > SILENCE:
            each.asked_at = time.monotonic()
            self._told(await self.client.shortcut("recording.make", await self._channel(), each.thread))
        return False

    def seen(self) -> list[list[str]]:
        """What the bot has said about each transcript that is under way."""
        return [[str(message["blocks"]) for message in self._said(each)] for each in self.waiting]

    def _said(self, dropped: Dropped) -> list[dict[str, Any]]:
        """What the bot has said about it, the newest last."""
        screen = self.client.screen(only=[self._direct], limit=10_000)
        (channel,) = [each for each in screen["channels"] if each["id"] == self._direct]
        replies: list[dict[str, Any]] = channel.get("threads", {}).get(dropped.thread, [])
        return [each for each in replies if each["user"] == screen["app"]["bot_user"] and not each["ephemeral"]]

    def _told(self, done: Mapping[str, Any]) -> None:
        if not done["ok"]:
            self.ledger.tell(f"Slack: {done['error']}")

    async def ask(self) -> bool:
        """Ask the assistant something, in a thread of its own."""
        opened = await self.client.assistant()
        asked = await self.client.message(opened["channel"], QUESTION, opened["thread_ts"])
        self.ledger.asked.append((opened["channel"], opened["thread_ts"], asked["ts"]))
        return True
