"""The playbook beside the call, in the embedded workspace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.workspace.team import EXAMPLE
from domain.outreach.scripts import Heading, Scene, Script, Stage
from services import members
from services.outreach import scripts
from storage.tables import Call, ObjectionUse
from tests.handlers.conftest import IS, IS_ENGLISH, MANAGER, World, eventually
from tests.handlers.test_calls import card_of_first_lead, click, rows
from tests.handlers.test_leads import TEAM

TEAM_ID = EXAMPLE.id
SAYS = "{会社}の{担当者}様へ"


async def playbook(world: World, user: str, text: str) -> dict[str, Any]:
    """What the command answers."""
    answer = (await world.person(user).command(TEAM, "/playbook", text))["response"]
    assert answer is not None
    return dict(answer)


async def press(world: World, user: str, action_id: str, **options: Any) -> None:
    """A click in the modal on top."""
    await world.person(user).action(view_id=world.modal(user)["id"], action_id=action_id, **options)


async def submit(world: World, user: str, **values: Any) -> dict[str, Any]:
    """Submit the modal on top."""
    typed = {name: {"v": value} for name, value in values.items()}
    return await world.person(user).submit(world.modal(user)["id"], typed)


def text_of(view: dict[str, Any]) -> str:
    return str(view["blocks"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_managers_script_stands_beside_the_call_whose_record_names_it_and_objections_are_counted(
    world: World,
) -> None:
    assert "script.write" not in str((await playbook(world, IS, "script"))["blocks"])
    listed = await playbook(world, MANAGER, "script")
    await click(world, listed, "script.write", MANAGER)
    assert (await submit(world, MANAGER, name="新規の台本", scene="follow_up", language="ja"))["result"] == "updated"
    # The plain script is there to begin with; one stage emptied is refused in its place.
    assert "お忙しいところ恐れ入ります" in text_of(world.modal(MANAGER))
    refused = await submit(world, MANAGER, **{Stage.VALUE: " "})
    assert set(refused["errors"]) == {Stage.VALUE.value}
    saved = await submit(world, MANAGER, **{Stage.VALUE: SAYS})
    assert "第1版" in text_of(saved["view"])
    await click(world, await playbook(world, MANAGER, "objection"), "objection.write", MANAGER)
    await submit(world, MANAGER, text="予算が <!channel> ありません", answer_1="来期の資料をお渡しします")

    card = (await world.person(IS).command(TEAM, "/call", "next"))["response"]
    assert "出典" in str(card["blocks"])
    await click(world, card, "script.open")
    beside = world.modal(IS)
    chosen = next(e for b in beside["blocks"] for e in b.get("elements", []) if e.get("action_id") == "script.choose")
    await press(world, IS, "script.choose", value=chosen["options"][0]["value"])
    spoken = await eventually(lambda: SAYS not in text_of(world.modal(IS)) and "様へ" in text_of(world.modal(IS)))
    assert spoken
    version = json.loads(world.modal(IS)["private_metadata"])["script"]
    await press(world, IS, "objection.open")
    assert "&lt;!channel&gt;" in text_of(world.modal(IS))
    offered = await world.person(IS).options(
        view_id=world.modal(IS)["id"], action_id="objection.find", query="予算がない"
    )
    await press(world, IS, "objection.find", value=offered["options"][0]["value"])
    await eventually(lambda: "来期の資料" in text_of(world.modal(IS)))
    await press(world, IS, "objection.count#yes")
    await eventually(lambda: "100 %（1件中1件" in text_of(world.modal(IS)))
    assert await rows(world, ObjectionUse.handled) == [(True,)]
    await world.person(IS).close(world.modal(IS)["id"])

    await press(world, IS, "call.log")
    assert await logged(world) == version

    # Opened over the form, a script is written down as well, and what was typed below stays.
    manager = await members.who(world.house.deps, TEAM_ID, MANAGER)
    assert manager is not None
    whole = dict.fromkeys(Stage, "話す")
    made = [await scripts.add(world.house.deps, manager, Script(Heading("全員", scene), whole)) for scene in Scene]
    await click(world, await card_of_first_lead(world), "call.log")
    form = world.modal(IS)["id"]
    await press(world, IS, "script.open", state={"note": {"v": "途中のメモ"}})
    assert "call.log" not in text_of(world.modal(IS))
    await world.person(IS).close(world.modal(IS)["id"])
    assert world.modal(IS)["id"] == form
    await eventually(lambda: "script" in json.loads(world.modal(IS)["private_metadata"]))
    assert await logged(world) in {each.version_id for each in made}
    assert (await rows(world, Call.id, Call.note))[-1][1] == "途中のメモ"

    # Without a script in the reader's language the plain one stands there.
    await click(world, await card_of_first_lead(world, IS_ENGLISH), "call.log", IS_ENGLISH)
    await press(world, IS_ENGLISH, "script.open")
    assert "Plain script" in text_of(world.modal(IS_ENGLISH))


async def logged(world: World) -> int | None:
    """Nobody answered: the form on top is submitted; the script that the newest call names."""
    await press(world, IS, "call.form#connection", value="no_answer")
    await eventually(lambda: "call.form#party" not in text_of(world.modal(IS)))
    done = await world.person(IS).submit(world.modal(IS)["id"], {})
    assert done["result"] == "closed", done
    version: int | None = (await rows(world, Call.id, Call.script_version_id))[-1][1]
    return version
