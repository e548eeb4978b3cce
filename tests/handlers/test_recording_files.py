"""Files that cannot be fetched: whoever dropped them reads why, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace
from domain.pipeline.recordings import Failed, Trouble
from handlers.pipeline.recordings import fetch
from tests.handlers.conftest import IS, World, eventually


async def test_each_way_in_which_a_file_does_not_come_has_its_name(
    world_workspace: RunningWorkspace, tmp_path: Path
) -> None:
    person, workspace = world_workspace.person(IS), world_workspace.workspace
    dm = (await person.open_dm(person.screen()["app"]["bot_user"]))["channel"]
    dropped = (await person.upload(dm, "call.m4a", b"sound" * 10))["file"]["id"]
    client = AsyncWebClient(token=world_workspace.bot_token, base_url=world_workspace.api_url, retry_handlers=[])

    async def trouble(file_id: str, most: int = 1000) -> Trouble | None:
        try:
            await fetch(client, file_id, tmp_path / "file", most)
        except Failed as failed:
            return failed.trouble
        return None

    assert await trouble(dropped) is None
    assert (tmp_path / "file").read_bytes() == b"sound" * 10
    assert await trouble(dropped, most=49) is Trouble.TOO_LARGE
    assert await trouble("F0NOTHERE0") is Trouble.NOT_SEEN
    for fault in ("429", "500"):
        workspace.faults.order({"kind": fault, "method": "files.info"})
        assert (fault, await trouble(dropped)) == (fault, Trouble.DOWNLOAD)
    workspace.files.delete(workspace.files.files[dropped])
    assert await trouble(dropped) is Trouble.NOT_SEEN
    client.token = "xoxb-wrong"
    with pytest.raises(SlackApiError):
        await trouble(dropped)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_text_that_nobody_can_look_into_is_answered(world: World) -> None:
    person = world.person(IS)
    dm = (await person.open_dm(person.screen()["app"]["bot_user"]))["channel"]
    world.workspace.workspace.faults.order({"kind": "500", "method": "files.info"})
    await person.upload(dm, "call.txt", "佐藤: はい。".encode())
    bot = person.screen()["app"]["bot_user"]

    def answers() -> list[str]:
        found = [c.get("threads", {}) for c in person.screen()["channels"] if c["with"] == bot]
        return [m["text"] for threads in found for replies in threads.values() for m in replies if m["user"] == bot]

    (said,) = await eventually(answers)
    assert "もう一度" in said
