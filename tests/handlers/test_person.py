"""`/data person` over real Socket Mode: found, disclosed as a file, erased, and what was posted rewritten."""

from __future__ import annotations

import csv
import io
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from slack_sdk.web.async_client import AsyncWebClient

from handlers.data import person
from storage.tables import Contact, Handoff, Lead
from tests.handlers.conftest import ADMIN, FS, HANDOFFS, IS, MANAGER, World, eventually, once_more
from tests.handlers.test_main_job import hand_off

ROOM = "C01ISTEAM0"
TEAM = "T01HOSHIMI"


async def handed_over(world: World) -> tuple[int, str]:
    """The person of the handoff that was just posted."""
    async with world.house.deps.reading(TEAM) as session:
        found = sa.select(Contact.id, Contact.name).join(Lead).join(Handoff).order_by(Handoff.id.desc()).limit(1)
        row = (await session.execute(found)).one()
        return row.id, row.name


def options(block: dict[str, Any]) -> list[dict[str, Any]]:
    return list((block.get("element") or {}).get("options") or [])


async def content(world: World, file_id: str) -> str:
    client = AsyncWebClient(world.workspace.bot_token, base_url=world.workspace.api_url)
    url = (await client.files_info(file=file_id))["file"]["url_private_download"]
    headers = {"Authorization": f"Bearer {world.workspace.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        return (await response.read()).decode("utf-8-sig")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_person_is_disclosed_to_an_admin_and_then_erased_also_from_what_was_posted(world: World) -> None:
    post = await hand_off(world)
    contact_id, name = await handed_over(world)
    assert name in str(post["blocks"])
    admin = world.person(ADMIN)

    refused = await world.person(MANAGER).command(ROOM, "/data", f"person {name}")
    assert "個人情報の開示・消去" in str(refused)
    assert not world.person(MANAGER).screen()["views"]
    assert "入力してください" in str(await admin.command(ROOM, "/data", "person"))
    assert "見つかりませんでした" in str(await admin.command(ROOM, "/data", "person だれでもない"))

    await admin.command(ROOM, "/data", f"person {name}")
    form = world.modal(ADMIN)
    assert name in str(form["blocks"])
    missing = await admin.submit(form["id"], {"people": {"v": []}})
    assert missing["result"] == "errors"
    ticked = {"people": {"v": [str(contact_id)]}}
    told = await admin.submit(form["id"], {**ticked, "deed": {"v": "disclose"}})
    assert "ダイレクトメッセージ" in str(told)
    (file,) = await eventually(lambda: [f for m in world.direct(ADMIN) for f in m["files"]])
    rows = list(csv.reader(io.StringIO(await content(world, file["id"]))))
    assert ["担当者情報 / Contact", "1", "氏名 / Name", name] in rows
    await once_more(world, person.DISCLOSE, person.send_file)
    assert len([f for m in world.direct(ADMIN) for f in m["files"]]) == 1
    assert not [f for user in (IS, FS, MANAGER) for m in world.direct(user) for f in m["files"]]
    await admin.close(world.modal(ADMIN)["id"])

    await admin.command(ROOM, "/data", f"person {name}")
    asked = await admin.submit(world.modal(ADMIN)["id"], {**ticked, "deed": {"v": "erase"}})
    assert asked["result"] == "updated"
    view = world.modal(ADMIN)
    assert "取り消せません" in str(view["blocks"])
    assert (await admin.submit(view["id"], {"sure": {"v": []}}))["result"] == "errors"
    done = await admin.submit(view["id"], {"sure": {"v": ["sure"]}})
    assert "消去しました" in str(done)
    await eventually(lambda: "消去されました" in str(world.messages(FS, HANDOFFS)[-1]["blocks"]))
    await eventually(lambda: any("書き換えました" in m["text"] for m in world.direct(ADMIN)))
    shown = [m for user in (IS, FS, MANAGER) for m in (*world.direct(user), *world.messages(FS, HANDOFFS))]
    assert name not in str([(m["text"], m["blocks"]) for m in shown])
    # Others of that name at other companies are still found, and nobody else.
    await admin.command(ROOM, "/data", f"person {name}")
    offered = [o["value"] for v in admin.screen()["views"][-1:] for b in v["blocks"] for o in options(b)]
    assert str(contact_id) not in offered
