"""Files from both sides: the app's uploads in every way an SDK sends them, and what people drop."""

from __future__ import annotations

import httpx
import pytest
from slack_sdk.errors import SlackApiError

GENERAL, IS_TEAM, SATO, TANAKA = "C01GENERAL", "C01ISTEAM0", "U01SATO001", "U01TANAKA1"


async def test_the_sdks_upload_arrives_in_the_channel_and_can_be_downloaded(served, client) -> None:
    answer = await client.files_upload_v2(
        channel=GENERAL, content="a,b\n1,2\n", filename="表.csv", title="一覧", initial_comment="結果です"
    )
    file = answer["files"][0]
    message = (await client.conversations_history(channel=GENERAL))["messages"][0]
    assert message["text"] == "結果です"
    assert message["files"][0]["id"] == file["id"]
    assert (file["name"], file["title"], file["mimetype"], file["filetype"]) == ("表.csv", "一覧", "text/csv", "csv")
    async with httpx.AsyncClient() as http:
        got = await http.get(file["url_private_download"], headers={"Authorization": f"Bearer {served.bot_token}"})
        refused = await http.get(file["url_private_download"])
    assert got.text == "a,b\n1,2\n"
    assert refused.status_code == 403


@pytest.mark.parametrize("form", ["raw", "multipart"])
async def test_bytes_are_taken_as_body_and_as_form(served, client, form) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.bin", length=3)
    async with httpx.AsyncClient() as http:
        if form == "raw":
            sent = await http.post(announced["upload_url"], content=b"\x00\x01\x02")
        else:
            sent = await http.post(announced["upload_url"], files={"filename": ("a.bin", b"\x00\x01\x02")})
    assert sent.text == "OK - 3"
    done = await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}], channel_id=GENERAL)
    assert done["files"][0]["size"] == 3
    assert served.workspace.files.files[announced["file_id"]].content == b"\x00\x01\x02"


async def test_an_upload_cannot_be_completed_before_its_bytes_nor_sent_after(served, client) -> None:
    announced = await client.files_getUploadURLExternal(filename="a.txt", length=1)
    with pytest.raises(SlackApiError) as caught:
        await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])
    assert caught.value.response["error"] == "file_not_found"
    async with httpx.AsyncClient() as http:
        assert (await http.post(announced["upload_url"], content=b"x")).status_code == 200
        await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])
        assert (await http.post(announced["upload_url"], content=b"y")).status_code == 404


@pytest.mark.parametrize("length", [0, -1, "x"])
async def test_a_file_without_a_length_is_refused(served, client, length) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("files.getUploadURLExternal", params={"filename": "a", "length": length})
    assert caught.value.response["error"] == "invalid_arguments"


async def test_a_dropped_file_is_seen_by_the_app_and_by_members_only(served, client) -> None:
    dropped = await served.person(SATO).upload(IS_TEAM, "leads.csv", "会社\n".encode(), "取り込んで")
    info = (await client.files_info(file=dropped["file"]["id"]))["file"]
    assert (info["user"], info["channels"], info["size"]) == (SATO, [IS_TEAM], 7)
    assert served.person(SATO).file(info["id"])[2] == "会社\n".encode()
    with pytest.raises(Exception, match="no file"):
        served.person(TANAKA).file(info["id"])


async def test_a_deleted_file_is_gone(served, client) -> None:
    answer = await client.files_upload_v2(channel=GENERAL, content="x", filename="x.txt")
    file = answer["files"][0]["id"]
    await client.files_delete(file=file)
    with pytest.raises(SlackApiError) as caught:
        await client.files_info(file=file)
    assert caught.value.response["error"] == "file_deleted"


async def test_a_file_is_opened_by_the_tokens_of_those_who_see_it(served, client) -> None:
    posted = await served.person(SATO).upload(IS_TEAM, "a.txt", b"x")
    grants = served.workspace.grants
    hers, his = grants.user_token(SATO, ("files:read",)), grants.user_token(TANAKA, ("files:read",))
    async with httpx.AsyncClient() as http:

        async def status(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return (await http.get(posted["file"]["url_private"], headers=headers)).status_code

        assert [await status(token) for token in (served.bot_token, hers, his, "xoxb-no")] == [200, 200, 404, 403]
        await client.auth_revoke()
        assert await status(served.bot_token) == 403


async def test_files_are_listed_by_kind_time_and_owner(served, client) -> None:
    await served.person(SATO).upload(GENERAL, "a.png", b"x")
    await served.person(SATO).upload(GENERAL, "b.pdf", b"x")
    await client.files_upload_v2(channel=GENERAL, content="x", filename="c.txt")

    async def names(**arguments) -> list[str]:
        return [file["name"] for file in (await client.files_list(**arguments))["files"]]

    assert await names() == ["c.txt", "b.pdf", "a.png"]
    assert await names(types="images,pdfs") == ["b.pdf", "a.png"]
    assert await names(types="spaces") == []
    assert await names(user=SATO) == ["b.pdf", "a.png"]
    assert await names(ts_from="9999999999") == []
    assert await names(ts_to="1") == []
