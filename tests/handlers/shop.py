"""The world with a form on a website, and the cards that its submissions make."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot.demo import populate
from bot.run import running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.team import EXAMPLE
from domain.outreach.inbound import InboundRules
from services import members
from services.deps import Actor
from services.outreach import form_sources, forms, inbound
from services.outreach.form_sources import NewSecret
from tests.handlers.conftest import IS, MANAGER, World, eventually
from tests.services.office import Clock

TEAM = EXAMPLE.id
CHANNEL = "C01INBOUND"
HELLO = "C01ISTEAM0"
YAMADA = {
    "会社名": "㈱あおば精機製作所",
    "お名前": "山田　次郎",
    "メールアドレス": "jiro@aoba-seiki.example",
    "お電話番号": "０３-１０００-６０００",
    "役職": "部長",
    "お問い合わせ内容": "至急、見積をお願いします <!channel>",
}


@dataclass(frozen=True)
class Shop(World):
    """The world with a form on a website."""

    clock: Clock
    form: NewSecret
    manager: Actor

    async def post(
        self,
        content: bytes,
        *,
        content_type: str = "application/json",
        submission: str | None = None,
        headers: Mapping[str, str] | None = None,
        at: datetime | None = None,
        secret: str | None = None,
        url: str | None = None,
    ) -> httpx.Response:
        """A signed request, as a website's server sends it."""
        timestamp = str(int((at or self.clock.now).timestamp()))
        sent = {
            "Content-Type": content_type,
            "X-Kakehashi-Timestamp": timestamp,
            "X-Kakehashi-Signature": f"v1={forms.signature(secret or self.form.secret, timestamp, content)}",
            **({"X-Kakehashi-Submission": submission} if submission else {}),
            **(headers or {}),
        }
        async with httpx.AsyncClient() as client:
            return await client.post(url or self.form.form.url, content=content, headers=sent)

    async def submit(self, submission: str = "1", **changed: str) -> httpx.Response:
        """Yamada's submission."""
        return await self.post(json.dumps({**YAMADA, **changed}).encode(), submission=submission)

    async def count(self, table: Any) -> int:
        async with self.house.deps.reading(TEAM) as session:
            return int((await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())

    async def card(self, user: str = IS) -> dict[str, Any]:
        """The newest card."""
        return (await eventually(lambda: self.cards(user)))[-1]

    def cards(self, user: str = IS) -> list[dict[str, Any]]:
        return [m for m in self.messages(user, CHANNEL) if m["blocks"] and m["blocks"][0]["type"] == "header"]

    async def card_says(self, text: str) -> dict[str, Any]:
        """The newest card, once it says this."""
        await eventually(lambda: text in str(self.cards()[-1]["blocks"]))
        return self.cards()[-1]

    async def press(self, user: str, message: Mapping[str, Any], action_id: str, channel: str = CHANNEL) -> None:
        """A click on a button of a message."""
        await self.person(user).action(channel=channel, ts=message["ts"], action_id=action_id)

    async def told(self, user: str, channel: str = CHANNEL) -> list[str]:
        """What only this person reads in a channel."""
        return [str(m["blocks"]) for m in self.messages(user, channel) if m["ephemeral"]]


@asynccontextmanager
async def open_shop(
    workspace: RunningWorkspace, settings: Settings, clock: Clock, manager: Actor
) -> AsyncIterator[Shop]:
    async with running(settings, http=False, now=clock) as house:
        made = await form_sources.add(house.deps, manager, "お問い合わせ")
        await inbound.set_rules(house.deps, manager, InboundRules(CHANNEL))
        yield Shop(workspace, house, clock, made, manager)


@pytest.fixture
async def shop(world_workspace: RunningWorkspace, settings: Settings) -> AsyncIterator[Shop]:
    """The demonstration's team at ten in the morning of a Wednesday, with a form and a channel for its cards."""
    clock = Clock()
    async with storage(settings, now=clock) as deps:
        await populate(deps, world_workspace.introduction(), seed=1)
        manager = await members.who(deps, TEAM, MANAGER)
    assert manager is not None
    async with open_shop(world_workspace, settings, clock, manager) as opened:
        yield opened


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
