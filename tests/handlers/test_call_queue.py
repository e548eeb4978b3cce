"""The call queue in the embedded workspace: the list, one lead at a time, the morning's message that follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.demo import populate
from bot.run import running, storage
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from domain.clock import Due
from domain.leads import Source
from handlers.outreach import call_queue
from handlers.routes import Routes
from services import deliveries, members
from services.outreach import call_queue as service
from services.outreach import leads
from services.outreach.leads import NewLead
from services.targeting import accounts
from tests.handlers.conftest import DEADLINE, IS, MANAGER, World, eventually

ROOM = "C01ISTEAM0"
# A Tuesday, ten past ten in Tokyo.
NOW = datetime(2026, 4, 7, 1, 10, tzinfo=UTC)
TODAY = date(2026, 4, 7)


class Time:
    """The time of a test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> None:
        self.now += timedelta(**length)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def world(world_workspace: RunningWorkspace, settings: Settings, clock: Time) -> AsyncIterator[World]:
    """The demonstration's team on a working Tuesday."""
    async with storage(settings, now=clock) as deps:
        introduction = world_workspace.introduction()
        await populate(deps, introduction, seed=1)
        rep = await members.who(deps, introduction["team"]["id"], IS)
        assert rep is not None
        (company, *_) = await accounts.find(deps, rep, "あおば", 1)
        for n in range(15):
            new = NewLead(company.account_id, f"青葉 {n}郎", phone=f"03-1000-70{n:02}", source=Source.TRADE_SHOW)
            await leads.add(deps, rep, new, despite_duplicates=True)
    async with running(settings, http=False, now=clock) as house:
        yield World(world_workspace, house)


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def buttons(message: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """The buttons of a message whose action_id begins so, each with its block."""
    found = []
    for block in message["blocks"]:
        elements = [*block.get("elements", []), *([block["accessory"]] if block.get("accessory") else [])]
        found += [{**e, "block": block["block_id"]} for e in elements if e.get("action_id", "").startswith(action)]
    return found


def text_of(message: dict[str, Any]) -> str:
    return str(message["blocks"])


async def command(world: World, text: str, user: str = IS) -> dict[str, Any]:
    """What a command answers: a message that only this person sees."""
    answer = (await world.person(user).command(ROOM, "/call", text))["response"]
    assert answer is not None
    return dict(answer)


async def click(
    world: World, message: dict[str, Any], action: str, value: str | None = None, *, channel: str = ROOM, user: str = IS
) -> dict[str, Any]:
    """The message after a click in it, once it has changed."""
    (chosen, *_) = [b for b in buttons(message, action) if value is None or b["value"] == value]
    await world.person(user).action(
        channel=channel,
        ts=message["ts"],
        block_id=chosen["block"],
        action_id=chosen["action_id"],
        value=chosen["value"],
    )

    def changed() -> dict[str, Any] | None:
        now = next(m for m in world.messages(user, channel) if m["ts"] == message["ts"])
        return now if now["blocks"] != message["blocks"] else None

    found: dict[str, Any] = await eventually(changed)
    return found


def lead_of(card: dict[str, Any]) -> str:
    (button,) = buttons(card, "call.log")
    return str(button["value"])


async def morning(world: World) -> dict[str, Any]:
    """The morning's message, sent as the clock would."""
    team = world.workspace.introduction()["team"]["id"]
    await service.send_mornings(world.house.deps, Due(team, "Asia/Tokyo", TODAY, NOW))
    found = await eventually(lambda: [m for m in world.direct(IS) if "架電リスト" in m["text"]])
    rep = await members.who(world.house.deps, team, IS)
    assert rep is not None
    key = service.morning_key(rep.member_id, TODAY)
    # It is seen a moment before the bot has written down where it stands.
    async with asyncio.timeout(DEADLINE):
        while not ((posted := await deliveries.posted(world.house.deps, team, key)) and posted.ts):  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.02)
    return dict(found[-1])


def direct_channel(world: World) -> str:
    bot = world.person(IS).screen()["app"]["bot_user"]
    return str(next(c["id"] for c in world.person(IS).screen()["channels"] if c["with"] == bot))


@on_both
async def test_queue_shows_ten_leads_with_number_reasons_and_buttons(world: World) -> None:
    shown = await command(world, "queue")
    assert len(buttons(shown, "call.log")) == 10
    assert len(buttons(shown, "call.quick")) == 30
    assert text_of(shown).count("💡") == 10
    assert text_of(shown).count("<tel:") >= 10


@on_sqlite
async def test_next_ten_and_previous_ten_turn_the_page_in_place(world: World) -> None:
    first = await command(world, "queue")
    second = await click(world, first, "queue.page#next")
    on_first = {b["value"] for b in buttons(first, "call.log")}
    assert not on_first & {b["value"] for b in buttons(second, "call.log")}
    back = await click(world, second, "queue.page#previous")
    assert {b["value"] for b in buttons(back, "call.log")} == on_first


@on_both
async def test_lead_put_off_is_followed_by_another(world: World) -> None:
    card = await command(world, "next")
    seen = [lead_of(card)]
    for _ in range(3):
        card = await click(world, card, "queue.skip")
        seen.append(lead_of(card))
    assert len(set(seen)) == 4


@on_sqlite
async def test_morning_message_turns_its_pages_in_place(world: World) -> None:
    message = await morning(world)
    second = await click(world, message, "queue.page#next", channel=direct_channel(world))
    assert "おはようございます" in text_of(second)
    assert not {b["value"] for b in buttons(message, "call.log")} & {b["value"] for b in buttons(second, "call.log")}


@on_sqlite
async def test_manager_moves_the_morning_and_a_rep_may_not(world: World) -> None:
    assert "08:30" in text_of(await command(world, "morning"))
    assert "07:45" in text_of(await command(world, "morning 7:45", MANAGER))
    await command(world, "morning 9:00")
    assert "07:45" in text_of(await command(world, "morning"))
    assert "08:30 のような" in text_of(await command(world, "morning 朝一", MANAGER))
    assert "送られない" in text_of(await command(world, "morning off", MANAGER))


@on_sqlite
async def test_english_rep_reads_reasons_in_english(world: World) -> None:
    team = world.workspace.introduction()["team"]["id"]
    actor = await members.who(world.house.deps, team, IS)
    assert actor is not None
    await members.set_language(world.house.deps, actor, "en")
    shown = await command(world, "queue")
    assert "Call queue" in text_of(shown)
    assert "件" not in text_of(shown).replace("案件", "")


def test_each_identifier_of_the_queue_is_routed() -> None:
    routes = Routes()
    call_queue.register(routes)
    assert {"queue.page", "queue.start", "queue.skip"} <= routes.actions.keys()
    assert routes.dailies.keys() == {"call-queue"}


async def test_calls_logged_during_an_edit_share_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    edits, free = 0, asyncio.Event()

    async def edit(*_whose: object) -> bool:
        nonlocal edits
        edits += 1
        await free.wait()
        return True

    monkeypatch.setattr(call_queue, "_edit_morning", edit)
    monkeypatch.setattr(call_queue, "PAUSE_SECONDS", 0)
    whose: Any = (None, None, "T1", 1)
    first = asyncio.ensure_future(call_queue._follow(*whose))
    await eventually(lambda: edits)
    for _ in range(40):
        await call_queue._follow(*whose)
    assert edits == 1
    free.set()
    await first
    assert edits == 2
    await call_queue._follow(*whose)
    assert edits == 3
