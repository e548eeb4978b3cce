"""The main job over real Socket Mode and HTTP: qualify, verdict, handoff, answer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.workspace.team import EXAMPLE
from services import members
from services.outreach import leads
from services.outreach.leads import NewLead
from storage.tables import Qualification
from tests.handlers.conftest import FS, HANDOFFS, IS, World, eventually, over_both_ways


def answers(**changed: Any) -> dict[str, dict[str, Any]]:
    """A form filled in so that the lead is sales qualified."""
    start = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    filled: dict[str, Any] = {
        "budget_status": "confirmed",
        "budget_amount": "1200",
        "budget_state": "secured",
        "authority_status": "confirmed",
        "authority_decision_maker": "山田部長",
        "need_status": "confirmed",
        "need_note": "手入力に <二時間>",
        "timeline_status": "not_asked",
        "timeline_start": start,
        "pain": "yes",
        "intent": "yes",
        "summary": "部長と20分話せた。",
    }
    return {block: {"v": value} for block, value in (filled | changed).items()}


async def first_lead(world: World, user: str = IS) -> str:
    await world.person(user).command("C01ISTEAM0", "/lead", "qualify")
    view = world.modal(user)
    offered = await world.person(user).options(view_id=view["id"], action_id="lead.qualify.pick", query="")
    return offered["options"][0]["value"]


async def open_form(world: World, user: str = IS) -> dict[str, Any]:
    lead = await first_lead(world, user)
    view = world.modal(user)
    await world.person(user).action(view_id=view["id"], block_id="lead", action_id="lead.qualify.pick", value=lead)
    return world.modal(user)


async def hand_off(world: World) -> dict[str, Any]:
    """A posted handoff, as the field-sales rep sees it."""
    form = await open_form(world)
    judged = await world.person(IS).submit(form["id"], answers())
    assert judged["result"] == "updated", judged
    package = await world.person(IS).submit(judged["view"]["id"], {})
    assert package["result"] == "updated", package
    texts = {"background": "問い合わせから <!channel>", "worries": "移行", "hopes": "半分に"}
    posted = await world.person(IS).submit(package["view"]["id"], {block: {"v": text} for block, text in texts.items()})
    assert posted["result"] == "updated", posted
    return (await eventually(lambda: world.messages(FS, HANDOFFS)))[-1]


@over_both_ways
async def test_lead_with_three_confirmed_is_handed_to_field_sales_and_accepted(world: World) -> None:
    post = await hand_off(world)
    assert "引き継ぎ" in post["text"]
    assert "<!channel>" not in str(post["blocks"])
    accept = next(e for b in post["blocks"] for e in b.get("elements", []) if e.get("action_id") == "handoff.accept")
    await world.person(FS).action(channel=HANDOFFS, ts=post["ts"], action_id="handoff.accept", value=accept["value"])
    await eventually(lambda: "受領済み" in str(world.messages(FS, HANDOFFS)[-1]["blocks"]))
    assert "handoff.accept" not in str(world.messages(FS, HANDOFFS)[-1]["blocks"])
    assert await eventually(lambda: any("受領しました" in m["text"] for m in world.direct(IS)))


async def test_form_that_was_asked_for_twice_and_came_late_adds_no_second_judgement(world: World) -> None:
    deps = world.house.deps
    rep = await members.who(deps, EXAMPLE.id, IS)
    assert rep is not None
    lead = await leads.add(deps, rep, NewLead(1, "重複 太郎"), despite_duplicates=True)
    person = world.person(IS)
    await person.command("C01ISTEAM0", "/lead", "qualify 重複 太郎")
    form = world.modal(IS)
    world.workspace.workspace.faults.order({"kind": "delay", "method": "views.open", "seconds": 1.0})
    again = asyncio.create_task(person.command("C01ISTEAM0", "/lead", "qualify 重複 太郎"))
    # The second form is made, and on its way, before the first is sent.
    await eventually(lambda: not world.workspace.workspace.faults.orders)
    first = await person.submit(form["id"], answers())
    assert first["result"] == "updated", first
    await again
    late = await eventually(lambda: next((v for v in [world.modal(IS)] if v["id"] != form["id"]), None))
    assert late["callback_id"] == form["callback_id"]
    second = await person.submit(late["id"], answers())
    assert second["view"]["private_metadata"] == first["view"]["private_metadata"]
    async with deps.reading(EXAMPLE.id) as session:
        judged = sa.select(sa.func.count()).select_from(Qualification).where(Qualification.lead_id == lead)
        assert await session.scalar(judged) == 1
