"""`/data search` over real Socket Mode: what was logged is found, with the way to its lead and to its post."""

from __future__ import annotations

import pytest

from bot.workspace.team import EXAMPLE
from domain.outreach.calls import CallResult, Connection, Outcome, Party
from services import members
from services.outreach import calls
from services.pipeline import knowledge
from tests.handlers.conftest import CS, HANDOFFS, IS, World, eventually
from tests.handlers.test_main_job import hand_off

ROOM = "C01ISTEAM0"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_written_down_is_found_with_its_lead_and_its_post(world: World) -> None:
    post = await hand_off(world)
    while await knowledge.index(world.house.deps):
        pass
    anybody = world.person(CS)
    assert "入力してください" in str(await anybody.command(ROOM, "/data", "search"))
    nothing = str(await anybody.command(ROOM, "/data", "search xyzzyq <!here>"))
    assert "見つかりませんでした" in nothing
    assert "<!here>" not in nothing

    # Of the handoff that was just posted, by what stands in it; with the address of the post.
    told = await anybody.command(ROOM, "/data", "search 問い合わせから channel")
    assert "についての記録" in str(told)
    assert "<!channel>" not in str(told)
    assert f"/archives/{HANDOFFS}/p{post['ts'].replace('.', '')}|" in str(told)
    opened = next(b["accessory"] for b in told["response"]["blocks"] if b.get("accessory"))
    assert opened["action_id"].startswith("lead.show#")

    # The post's own address, as it is copied in Slack, finds the handoff and its lead.
    link = f"https://x.example/archives/{HANDOFFS}/p{post['ts'].replace('.', '')}"
    pasted = await anybody.command(ROOM, "/data", f"search <{link}>")
    assert [b["accessory"]["value"] for b in pasted["response"]["blocks"] if b.get("accessory")] == [opened["value"]]
    assert "見つかりませんでした" in str(await anybody.command(ROOM, "/data", f"search {link.replace(HANDOFFS, ROOM)}"))

    # More than fit are behind a button.
    deps = world.house.deps
    rep = await members.who(deps, EXAMPLE.id, IS)
    assert rep is not None
    for number in range(7):
        note = CallResult(Connection.ANSWERED, Party.CONTACT, Outcome.INTERESTED, note=f"龍涎香の見積もり {number}")
        await calls.record(deps, rep, int(opened["value"]), note, request_key=str(number))
    while await knowledge.index(deps):
        pass
    shown = (await anybody.command(ROOM, "/data", "search 龍涎香"))["response"]
    assert [number for number in range(7) if f"見積もり {number}" in str(shown)] == [2, 3, 4, 5, 6]
    (more,) = [e for b in shown["blocks"] if b["type"] == "actions" for e in b["elements"]]
    await anybody.action(channel=ROOM, ts=shown["ts"], action_id="data.search.more", value=more["value"])
    await eventually(lambda: "見積もり 0" in str(world.messages(CS, ROOM)[-1]["blocks"]))
    last = str(world.messages(CS, ROOM)[-1]["blocks"])
    assert [number for number in range(7) if f"見積もり {number}" in last] == [0, 1]
    assert "data.search.more" not in last
