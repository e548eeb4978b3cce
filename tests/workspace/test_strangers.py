"""What apps and SDKs rely on that were written against Slack and know nothing of this workspace."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import RunningWorkspace, running

from .recorder import GENERAL, IS_TEAM, KATO, SATO, field, modal, plain
from .waiting import until

BACK = "https://app.example/back"
SCOPES = ["channels:history", "channels:read", "chat:write", "im:write", "users:read"]
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Small App"},
    "oauth_config": {"redirect_urls": [BACK, "https://app.example/other"], "scopes": {"bot": SCOPES}},
}


@pytest.fixture
async def narrow() -> AsyncIterator[RunningWorkspace]:
    """A workspace whose app has few scopes."""
    async with running(manifest=MANIFEST) as served:
        yield served


def sdk(served: RunningWorkspace) -> AsyncWebClient:
    return AsyncWebClient(token=served.bot_token, base_url=served.api_url, retry_handlers=[])


@pytest.fixture
async def events(client, connect) -> list[dict[str, Any]]:
    """Every event the app is told of, in the order they come; those of its own messages too."""
    told: list[dict[str, Any]] = []
    app = AsyncApp(name="tests", client=client, process_before_response=True, ignoring_self_events_enabled=False)
    for kind in ("message", "member_joined_channel"):
        app.event(kind)(keeper(told))
    await connect(app)
    return told


def keeper(told: list[dict[str, Any]]) -> Any:
    async def keep(event: dict[str, Any]) -> None:
        told.append(event)

    return keep


# Headers


async def test_every_answer_tells_the_scopes_of_the_token_and_of_the_method(client) -> None:
    answer = await client.chat_postMessage(channel=GENERAL, text="x")
    granted = answer.headers["x-oauth-scopes"].split(",")
    assert {"chat:write", "users:read.email", "commands"} <= set(granted)
    assert answer.headers["x-accepted-oauth-scopes"] == "chat:write"


async def test_the_scopes_told_are_those_of_the_manifest(narrow) -> None:
    assert (await sdk(narrow).auth_test()).headers["x-oauth-scopes"].split(",") == SCOPES


async def test_a_token_that_opens_nothing_is_told_no_scopes(served) -> None:
    async with httpx.AsyncClient(base_url=served.api_url) as http:
        answer = await http.post("auth.test", headers={"Authorization": "Bearer xoxb-0"})
    assert answer.json()["error"] == "invalid_auth"
    assert "x-oauth-scopes" not in answer.headers


# Scopes


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("conversations.list", {"types": "public_channel,private_channel"}, "groups:read"),
        ("conversations.list", {"types": "im"}, "im:read"),
        ("users.conversations", {"types": "mpim"}, "mpim:read"),
        ("conversations.history", {"channel": "$dm"}, "im:history"),
        ("conversations.info", {"channel": "$dm"}, "im:read"),
        ("conversations.open", {"users": f"{SATO},{KATO}"}, "mpim:write"),
    ],
)
async def test_each_kind_of_conversation_needs_its_own_scope(narrow, method, arguments, needed) -> None:
    client = sdk(narrow)
    dm = (await client.conversations_open(users=SATO))["channel"]["id"]
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, params=arguments | ({"channel": dm} if "channel" in arguments else {}))
    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == needed
    assert refused.value.response["provided"] == ",".join(SCOPES)


async def test_the_kinds_whose_scopes_are_there_are_open(narrow) -> None:
    client = sdk(narrow)
    assert (await client.conversations_list(types="public_channel"))["channels"]
    assert (await client.conversations_history(channel=GENERAL))["messages"] == []
    assert (await client.conversations_open(users=SATO))["channel"]["id"].startswith("D")


async def test_an_address_is_told_only_to_those_with_a_scope_for_it(narrow, client) -> None:
    for found in (
        (await sdk(narrow).users_info(user=SATO))["user"]["profile"],
        (await sdk(narrow).users_profile_get(user=SATO))["profile"],
        (await sdk(narrow).users_list())["members"][0]["profile"],
    ):
        assert "email" not in found
    assert (await client.users_info(user=SATO))["user"]["profile"]["email"] == "sato@hoshimi-tech.example"


# What is written out


async def test_text_objects_come_back_with_their_defaults_written_out(client, sato) -> None:
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*x*"}, "fields": [plain("f")]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "c", "verbatim": True}]},
        {"type": "actions", "elements": [{"type": "button", "text": {**plain("b"), "emoji": False}}]},
    ]
    posted = await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks)
    for message in (
        posted["message"],
        (await client.conversations_history(channel=GENERAL))["messages"][0],
    ):
        section, context, actions = message["blocks"]
        assert section["text"] == {"type": "mrkdwn", "text": "*x*", "verbatim": False}
        assert section["fields"] == [{"type": "plain_text", "text": "f", "emoji": True}]
        assert context["elements"][0]["verbatim"] is True
        assert actions["elements"][0]["text"]["emoji"] is False


async def test_views_and_what_is_chosen_in_them_come_with_their_defaults_written_out(recorder, sato) -> None:
    recorder.view = modal(field("f", {"type": "external_select", "min_query_length": 0}))
    recorder.options = [{"text": plain("東京"), "value": "tokyo"}]
    await sato.command(GENERAL, "/open")
    view = sato.screen()["views"][-1]
    assert view["title"]["emoji"] is True
    assert view["blocks"][0]["label"]["emoji"] is True
    assert (view["blocks"][0]["optional"], view["blocks"][0]["dispatch_action"]) == (False, False)
    await sato.options(view_id=view["id"], action_id="a", query="")
    await sato.submit(view["id"], {"f": {"a": "tokyo"}})
    chosen = recorder.last["view"]["state"]["values"]["f"]["a"]["selected_option"]
    assert chosen == {"text": {"type": "plain_text", "text": "東京", "emoji": True}, "value": "tokyo"}


async def test_attachments_are_numbered_and_have_a_fallback(client) -> None:
    blocks = [{"type": "section", "text": plain("c")}]
    given = [{"text": "a", "blocks": blocks}, {"text": "b", "fallback": "b in words", "id": 7}]
    message = (await client.chat_postMessage(channel=GENERAL, text="x", attachments=given))["message"]
    assert [(one["id"], one["fallback"]) for one in message["attachments"]] == [
        (1, "[no preview available]"),
        (2, "b in words"),
    ]
    assert message["attachments"][0]["blocks"][0]["block_id"]
    assert message["attachments"][0]["blocks"][0]["text"]["emoji"] is True


# People


async def test_everybody_has_a_picture_in_slacks_sizes(served, client) -> None:
    async with httpx.AsyncClient() as http:
        for member in (await client.users_list())["members"]:
            for size in (24, 32, 48, 72, 192, 512):
                picture = await http.get(member["profile"][f"image_{size}"])
                assert picture.headers["content-type"] == "image/png"
                assert measured(picture.content) == (size, size)
        bot_id = (await client.auth_test())["bot_id"]
        for address in (
            (await client.bots_info(bot=bot_id))["bot"]["icons"]["image_48"],
            (await client.team_info())["team"]["icon"]["image_68"],
        ):
            assert (await http.get(address)).status_code == 200
        assert (await http.get(f"{served.page_url}avatars/{SATO}/5000.png")).status_code == 404


def measured(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG whose parts are whole."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length)[0] == zlib.crc32(kind + data)
        found[kind], place = data, place + 12 + length
    width, height = struct.unpack_from(">II", found[b"IHDR"])
    assert len(zlib.decompress(found[b"IDAT"])) == height * (1 + 3 * width)
    return width, height


async def test_slackbot_is_somebody(client) -> None:
    found = (await client.users_info(user="USLACKBOT"))["user"]
    assert (found["id"], found["name"], found["is_bot"]) == ("USLACKBOT", "slackbot", False)


async def test_a_person_is_driven_by_name_too(served) -> None:
    async with httpx.AsyncClient(base_url=served.page_url) as http:
        said = (await http.post("person/sato/message", json={"channel": "general", "text": "はい"})).json()
        assert served.person(SATO).look(GENERAL, said["ts"])["user"] == SATO
        assert (await http.get("person/sato/screen")).json()["user"]["id"] == SATO
        nobody = await http.get("person/nobody/screen")
    assert (nobody.status_code, nobody.json()["error"]) == (404, "There is no member nobody.")


# Lists


async def test_the_last_page_of_messages_has_an_empty_cursor(client) -> None:
    parent = await client.chat_postMessage(channel=GENERAL, text="a")
    await client.chat_postMessage(channel=GENERAL, text="b", thread_ts=parent["ts"])
    assert (await client.conversations_history(channel=GENERAL))["response_metadata"] == {"next_cursor": ""}
    replies = await client.conversations_replies(channel=GENERAL, ts=parent["ts"])
    assert replies["response_metadata"] == {"next_cursor": ""}


async def test_a_group_is_named_after_the_names_behind_the_at(client) -> None:
    group = (await client.conversations_open(users=f"{SATO},{KATO}", return_im=True))["channel"]
    assert group["name"] == "mpdm-kakehashi--kato--sato-1"


# Events


async def test_a_typed_message_carries_a_uuid(events, sato) -> None:
    await sato.message(GENERAL, "はい")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", (await the_last(events))["client_msg_id"])


async def the_last(events: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    def fits() -> list[dict[str, Any]]:
        return [event for event in events if all(event.get(key) == value for key, value in wanted.items())]

    await until(lambda: bool(fits()))
    return fits()[-1]


async def test_the_event_of_a_change_happens_when_its_timestamp_says(events, client) -> None:
    ts = (await client.chat_postMessage(channel=IS_TEAM, text="a"))["ts"]
    await client.chat_update(channel=IS_TEAM, ts=ts, text="b")
    await client.chat_delete(channel=IS_TEAM, ts=ts)
    for subtype in ("message_changed", "message_deleted"):
        event = await the_last(events, subtype=subtype)
        assert event["event_ts"] == event["ts"]


@pytest.mark.parametrize(("private", "letter"), [(False, "C"), (True, "G")])
async def test_joining_names_the_kind_of_channel_by_its_letter(events, client, private, letter) -> None:
    room = (await client.conversations_create(name="room", is_private=private))["channel"]["id"]
    await client.conversations_invite(channel=room, users=SATO)
    assert (await the_last(events, user=SATO))["channel_type"] == letter


# Consent


async def test_without_an_address_consent_goes_to_the_manifests_first(narrow) -> None:
    grants = narrow.workspace.grants
    async with httpx.AsyncClient(base_url=narrow.page_url) as http:
        query = {"client_id": grants.client_id, "scope": "chat:write", "state": "s"}
        place = httpx.URL((await http.get("oauth/v2/authorize", params=query)).headers["location"])
        assert (str(place.copy_with(query=None)), place.params["state"]) == (BACK, "s")
        asked = {"client_id": grants.client_id, "client_secret": grants.client_secret, "code": place.params["code"]}
        answer = json.loads((await http.post("api/oauth.v2.access", data=asked)).content)
    assert answer["access_token"] == narrow.bot_token
