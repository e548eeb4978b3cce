"""Working through the queue by clicks: each result brings the next lead, and the morning's message follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.workspace.team import EXAMPLE
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from services import members
from services.outreach import calls, reminders
from storage.tables import Call, Contact, Lead
from tests.handlers.conftest import IS, IS_ENGLISH, World, eventually
from tests.handlers.test_call_queue import (
    ROOM,
    Time,
    buttons,
    click,
    clock,
    command,
    direct_channel,
    lead_of,
    morning,
    on_both,
    on_sqlite,
    text_of,
    world,
)
from tests.handlers.test_calls import choose, save

__all__ = ["clock", "world"]


@on_both
async def test_three_results_in_a_row_are_logged_without_a_command(world: World) -> None:
    card = await command(world, "next")
    seen = []
    for result in ("no_answer", "voicemail", "absent"):
        seen.append(lead_of(card))
        card = await click(world, card, f"call.quick#{result}")
        assert lead_of(card) not in seen
        assert buttons(card, "call.undo")
    assert len(set(seen)) == 3
    assert "3 / 34" in text_of(card)


@on_sqlite
async def test_undo_on_the_card_brings_the_lead_back(world: World) -> None:
    card = await command(world, "next")
    lead = lead_of(card)
    after = await click(world, card, "call.quick#no_answer")
    undone = await click(world, after, "call.undo")
    assert lead_of(undone) == lead
    assert not buttons(undone, "call.undo")


async def name_of(world: World, lead_id: int) -> str:
    async with world.house.deps.reading(EXAMPLE.id) as session:
        found = sa.select(Contact.name).join(Lead, Lead.contact_id == Contact.id).where(Lead.id == lead_id)
        return str((await session.execute(found)).scalar_one())


def lead_of_first(message: dict[str, Any], place: int = 0) -> str:
    """The first lead of a list, or the one so many places below."""
    return str(buttons(message, "call.log")[place]["value"])


async def calls_logged(world: World) -> list[Any]:
    async with world.house.deps.reading(EXAMPLE.id) as session:
        return list(await session.scalars(sa.select(Call.lead_id).order_by(Call.id)))


@on_both
async def test_second_click_on_undo_does_not_take_back_the_call_after_it(world: World) -> None:
    before = await calls_logged(world)
    card = await click(world, await command(world, "next"), "call.quick#no_answer")
    (undo,) = buttons(card, "call.undo")
    sent = world.workspace.socket_mode.deliver
    held: list[tuple[str, Any, dict[str, Any]]] = []

    async def keep(kind: str, payload: Any, **options: Any) -> Any:
        held.append((kind, payload, options))
        return await sent(kind, payload, **options)

    world.workspace.socket_mode.deliver = keep
    card = await click(world, card, "call.undo")
    world.workspace.socket_mode.deliver = sent
    assert await calls_logged(world) == before
    card = await click(world, card, "call.quick#voicemail")
    (again,) = buttons(card, "call.undo")
    # A database may give the number of a call that was taken back to the next one.
    assert again["value"] != undo["value"]
    after = await calls_logged(world)
    for kind, payload, options in held:
        await sent(kind, payload, **options)
    await eventually(lambda: [m for m in world.messages(IS, ROOM) if "すでに" in m["text"]])
    assert await calls_logged(world) == after


@on_sqlite
async def test_undo_after_its_minute_says_so_and_leaves_the_card(world: World, clock: Time) -> None:
    card = await click(world, await command(world, "next"), "call.quick#no_answer")
    logged = await calls_logged(world)
    clock.forward(seconds=61)
    late = await click(world, card, "call.undo")
    assert not buttons(late, "call.undo")
    assert lead_of(late) == lead_of(card)
    await eventually(lambda: [m for m in world.messages(IS, ROOM) if "取り消しできる時間を過ぎました" in m["text"]])
    assert await calls_logged(world) == logged


@on_sqlite
async def test_undo_of_a_call_that_a_colleague_called_after_says_why_not(world: World) -> None:
    card = await click(world, await command(world, "next"), "call.quick#no_answer")
    (lead_id,) = (await calls_logged(world))[-1:]
    colleague = await members.who(world.house.deps, EXAMPLE.id, IS_ENGLISH)
    assert colleague is not None
    await calls.record(world.house.deps, colleague, lead_id, CallResult(Connection.BUSY))
    await world.person(IS).action(channel=ROOM, ts=card["ts"], action_id="call.undo")
    await eventually(lambda: [m for m in world.messages(IS, ROOM) if "その後に別の架電が記録された" in m["text"]])


@on_both
async def test_morning_message_follows_a_call_logged_in_another_place(world: World) -> None:
    message = await morning(world)
    assert "0 / 34" in text_of(message)
    card = await command(world, "next")
    lead = lead_of(card)
    assert lead in {b["value"] for b in buttons(message, "call.log")}
    await click(world, card, "call.quick#voicemail")

    def followed() -> bool:
        now = next(m for m in world.direct(IS) if m["ts"] == message["ts"])
        return "1 / 34" in text_of(now) and lead not in {b["value"] for b in buttons(now, "call.log")}

    assert await eventually(followed)
    assert len([m for m in world.direct(IS) if "架電リスト" in m["text"]]) == 1


@on_both
async def test_morning_message_stays_on_its_page_when_a_call_is_logged(world: World) -> None:
    message = await morning(world)
    second = await click(world, message, "queue.page#next", channel=direct_channel(world))
    assert buttons(second, "queue.page#previous")
    card = await command(world, "next")
    assert lead_of(card) == lead_of_first(message)
    await click(world, card, "call.quick#voicemail")

    def followed() -> dict[str, Any] | None:
        now = next(m for m in world.direct(IS) if m["ts"] == message["ts"])
        return now if "1 / 34" in text_of(now) else None

    now = await eventually(followed)
    # The lead that was called stood above: all others have moved up by one.
    assert buttons(now, "queue.page#previous")
    assert lead_of_first(now) == lead_of_first(second, 1)
    here = await click(world, now, "call.quick#no_answer", channel=direct_channel(world))
    assert buttons(here, "queue.page#previous")


@on_both
async def test_morning_message_follows_a_colleagues_call_and_its_undo(world: World) -> None:
    message = await morning(world)
    lead = buttons(message, "call.quick#no_answer")[0]["value"]
    found = (await world.person(IS_ENGLISH).command(ROOM, "/lead", f"show {await name_of(world, int(lead))}"))[
        "response"
    ]
    (opener,) = [b for b in buttons(found, "lead.show#") if b["value"] == lead]
    await world.person(IS_ENGLISH).action(channel=ROOM, ts=found["ts"], action_id=opener["action_id"])
    (card,) = await eventually(lambda: [m for m in world.messages(IS_ENGLISH, ROOM) if buttons(m, "call.quick")])
    await world.person(IS_ENGLISH).action(channel=ROOM, ts=card["ts"], action_id="call.quick#no_answer")

    def listed() -> set[str]:
        now = next(m for m in world.direct(IS) if m["ts"] == message["ts"])
        # The figures are those of whose list it is.
        assert "0 / 34" in text_of(now)
        return {b["value"] for b in buttons(now, "call.quick#no_answer")}

    await eventually(lambda: lead not in listed())
    (confirmation,) = await eventually(lambda: [m for m in world.messages(IS_ENGLISH, ROOM) if buttons(m, "call.undo")])
    await world.person(IS_ENGLISH).action(channel=ROOM, ts=confirmation["ts"], action_id="call.undo")
    await eventually(lambda: lead in listed())


@on_sqlite
async def test_all_leads_of_the_morning_are_worked_through_in_its_message(world: World) -> None:
    message = await morning(world)
    channel = direct_channel(world)
    called = 0
    while buttons(message, "call.quick"):
        message = await click(world, message, "call.quick#no_answer", channel=channel)
        called += 1
        assert f"{called} / 34" in text_of(message)
    assert called > 10
    assert "お疲れさま" in text_of(message)


@on_sqlite
async def test_reminder_of_a_promise_brings_a_card_that_turns_into_the_next_lead(world: World, clock: Time) -> None:
    deps = world.house.deps
    rep = await members.who(deps, world.workspace.introduction()["team"]["id"], IS)
    assert rep is not None
    lead = int(lead_of(await command(world, "next")))
    promise = CallResult(
        Connection.ANSWERED, Party.CONTACT, Outcome.CALLBACK, "11時に", clock.now + timedelta(minutes=50)
    )
    await calls.record(deps, rep, lead, promise)
    clock.forward(minutes=46)
    assert await reminders.remind_promised(deps) == 1
    (reminder,) = await eventually(lambda: [m for m in world.direct(IS) if "約束の再架電 11:00" in m["text"]])
    assert lead_of(reminder) == str(lead)
    turned = await click(world, reminder, "call.quick#no_answer", channel=direct_channel(world))
    assert lead_of(turned) != str(lead)


@on_sqlite
async def test_result_typed_into_the_form_turns_the_card_too(world: World) -> None:
    card = await command(world, "next")
    lead = lead_of(card)
    (log,) = buttons(card, "call.log")
    await world.person(IS).action(
        channel=ROOM, ts=card["ts"], block_id=log["block"], action_id=log["action_id"], value=lead
    )
    await choose(world, "party", "contact")
    await choose(world, "outcome", "callback")
    saved = await save(world, when="明日15時", note="明日の午後に")
    assert saved["result"] == "closed", saved

    def turned() -> dict[str, Any] | None:
        now = next(m for m in world.messages(IS, ROOM) if m["ts"] == card["ts"])
        return now if lead_of(now) != lead else None

    after = await eventually(turned)
    assert "次：再架電 4月8日(水) 15:00" in text_of(after)
    assert "休業日" not in text_of(after)
    assert buttons(after, "call.undo")


@on_sqlite
async def test_card_tells_which_day_was_read_and_that_nobody_works_on_it(world: World) -> None:
    card = await command(world, "next")
    (log,) = buttons(card, "call.log")
    await world.person(IS).action(channel=ROOM, ts=card["ts"], block_id=log["block"], action_id=log["action_id"])
    await choose(world, "party", "contact")
    await choose(world, "outcome", "callback")
    assert (await save(world, when="土曜の10時"))["result"] == "closed"

    def told() -> str:
        text = text_of(next(m for m in world.messages(IS, ROOM) if m["ts"] == card["ts"]))
        return text if "次：再架電 4月11日(土) 10:00" in text else ""

    assert "休業日" in await eventually(told)
