"""A team whose customers' every text is hostile: each command, and each thing to click on, in each role's hands."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from bot.workspace.person import PersonError
from domain.outreach.calls import CallResult, Connection
from services.outreach import calls
from storage.tables import Base
from tests.attacks.test_markup import assert_harmless, mrkdwn
from tests.handlers.conftest import ADMIN, FS, IS, MANAGER, World
from tests.handlers.test_meetings import actor, new_lead

HOSTILE = "<!channel> <@U01ATTACK> <http://evil.example|x> & \u202e*_~`\n> &lt;"
ROOM = "C01ISTEAM0"
# What people type or send; the other columns hold codes, keys and identifiers of ours.
TYPED = {
    *("name", "reading", "name_en", "department", "title", "address", "industry", "website", "business", "note"),
    *("comment", "reason", "subject", "place", "call_summary", "company", "key_persons", "background", "worries"),
    *("hopes", "cancel_reason", "summary", "phone", "email"),
}
CODE = 32
"""The length of the columns that hold codes of ours."""


async def poison(world: World) -> set[str]:
    """The hostile text in every column that holds what people typed; which columns those were."""
    changed = set()
    async with world.house.deps.writing("T01HOSHIMI") as session:
        for table in Base.metadata.sorted_tables:
            columns = [
                column
                for column in table.columns
                if column.name in TYPED
                and isinstance(column.type, sa.String)
                and column.type.length != CODE
                # Its subjects are a table and an id, and nobody changes them.
                and table.name != "audit_log"
            ]
            for column in columns:
                await session.execute(sa.update(table).where(column.is_not(None)).values({column.name: HOSTILE}))
                changed.add(f"{table.name}.{column.name}")
    return changed


def check(shown: dict[str, Any]) -> int:
    """Every text of a message or a view; how many of them show what was typed."""
    hostile = 0
    for text in mrkdwn(shown.get("blocks") or []):
        assert_harmless(text)
        hostile += "ATTACK" in text
    if shown.get("ts"):
        assert_harmless(str(shown.get("text") or ""))
    assert "不具合" not in json.dumps(shown, ensure_ascii=False), shown
    return hostile


def clickable(part: Any) -> list[dict[str, Any]]:
    """The buttons of a message or a view."""
    if isinstance(part, dict):
        own = [part] if part.get("type") == "button" and not part.get("url") else []
        return own + [found for value in part.values() for found in clickable(value)]
    return [found for value in part for found in clickable(value)] if isinstance(part, list) else []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_command_and_no_click_shows_what_somebody_typed_as_a_mention_or_a_link(world: World) -> None:
    sato = await actor(world)
    for name in ("青葉 一郎", "青葉 次郎"):
        lead_id = await new_lead(world, name, note="メモ")
        await calls.record(world.house.deps, sato, lead_id, CallResult(Connection.BUSY, note="メモ"))
    changed = await poison(world)
    assert {"contacts.name", "accounts.name", "accounts.website", "leads.note", "calls.note"} <= changed
    seen: set[str] = set()
    shown = 0
    for user in (IS, FS, MANAGER, ADMIN):
        person = world.person(user)
        bot = person.screen()["app"]["bot_user"]
        for command, verbs in world.house.routes.commands.items():
            for verb in verbs:
                for words in (verb, f"{verb} {HOSTILE}"):
                    await person.command(ROOM, command, words)
        for _round in range(2):
            screen = person.screen()
            messages = [
                (channel["id"], message)
                for channel in screen["channels"]
                for message in channel["messages"]
                if message["user"] == bot
            ]
            for view in screen["views"]:
                shown += check(view)
            for channel, message in messages:
                shown += check(message)
                for button in clickable(message["blocks"]):
                    key = f"{user}:{button['action_id']}"
                    if key in seen:
                        continue
                    seen.add(key)
                    try:
                        await person.action(channel=channel, ts=message["ts"], action_id=button["action_id"])
                    except PersonError:
                        # The message was replaced by the click before.
                        continue
                    for view in person.screen()["views"]:
                        shown += check(view)
    assert shown > 60
    assert f"{IS}:lead.show" in seen
    assert len({key.partition(":")[2] for key in seen}) > 10
