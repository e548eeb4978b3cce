"""The Web API as an SDK and as plain HTTP see it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError

GENERAL, IS_TEAM = "C01GENERAL", "C01ISTEAM0"
SATO, KATO, TANAKA = "U01SATO001", "U01KATO001", "U01TANAKA1"


@pytest.fixture
async def http(served):
    async with httpx.AsyncClient(base_url=served.api_url) as client:
        yield client


def bearer(served) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.bot_token}"}


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_the_two_kinds_of_token_open_only_their_own_methods(served, http) -> None:
    answer = (await http.post("apps.connections.open", headers=bearer(served))).json()
    assert answer["error"] == "not_allowed_token_type"
    answer = (
        await http.post("chat.postMessage", data={"token": served.app_token, "channel": GENERAL, "text": "x"})
    ).json()
    assert answer["error"] == "not_allowed_token_type"


async def test_an_unknown_method_is_unknown_and_a_retired_one_is_deprecated(served, http) -> None:
    assert (await http.post("no.such", headers=bearer(served))).json()["error"] == "unknown_method"
    assert (await http.post("files.upload", headers=bearer(served))).json()["error"] == "method_deprecated"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"users[]": SATO}, "invalid_array_arg"),
        ({"a b": "x"}, "invalid_arg_name"),
        ({"x" * 101: "x"}, "invalid_arg_name"),
    ],
)
async def test_names_of_arguments_that_slack_does_not_take_are_refused(served, http, arguments, code) -> None:
    answer = await http.post("auth.test", data=arguments, headers=bearer(served))
    assert answer.json()["error"] == code


@pytest.mark.parametrize(
    ("method", "arguments", "name"),
    [
        ("chat.postMessage", {"channel": [GENERAL], "text": "x"}, "channel"),
        ("chat.postMessage", {"channel": GENERAL, "text": {"a": 1}}, "text"),
        ("chat.postMessage", {"channel": GENERAL, "text": "x", "reply_broadcast": {}}, "reply_broadcast"),
        ("conversations.history", {"channel": GENERAL, "limit": "many"}, "limit"),
        ("users.list", {"limit": -1}, "limit"),
    ],
)
async def test_an_argument_of_the_wrong_type_is_pointed_at(served, http, method, arguments, name) -> None:
    answer = (await http.post(method, json=arguments, headers=bearer(served))).json()
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"][0].endswith(f"[json-pointer:/{name}]")


@pytest.mark.parametrize("form", ["query", "form", "json", "multipart"])
async def test_arguments_are_read_in_all_four_forms(served, http, form) -> None:
    blocks = [{"type": "divider"}]
    flat = {"channel": GENERAL, "text": "やあ", "blocks": json.dumps(blocks), "token": served.bot_token}
    match form:
        case "query":
            answer = await http.get("chat.postMessage", params=flat)
        case "form":
            answer = await http.post("chat.postMessage", data=flat)
        case "json":
            body = {"channel": GENERAL, "text": "やあ", "blocks": blocks}
            answer = await http.post("chat.postMessage", json=body, headers=bearer(served))
        case _:
            answer = await http.post("chat.postMessage", files={name: (None, value) for name, value in flat.items()})
    message = answer.json()["message"]
    assert message["text"] == "やあ"
    assert message["blocks"][0]["type"] == "divider"
    assert message["blocks"][0]["block_id"]


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        ("{", "application/json", "invalid_json"),
        ("[]", "application/json", "json_not_object"),
        ('{"limit": NaN}', "application/json", "invalid_json"),
        ('{"limit": 1e999}', "application/json", "invalid_json"),
        ('{"cursor": "\\ud800"}', "application/json", "invalid_json"),
        (b'{"cursor": "\xff"}', "application/json", "invalid_json"),
        ("a=b", "application/xml", "invalid_post_type"),
        ("a=b", "", "missing_post_type"),
        (b"a=\xff", "application/x-www-form-urlencoded", "invalid_charset"),
    ],
)
async def test_bodies_that_cannot_be_read_are_refused_by_name(served, http, body, content_type, code) -> None:
    headers = bearer(served) | {"Content-Type": content_type}
    answer = (await http.post("auth.test", content=body, headers=headers)).json()
    assert answer.get("error") == code


async def test_json_without_a_charset_is_taken_with_a_warning(served, http) -> None:
    answer = (await http.post("auth.test", json={}, headers=bearer(served))).json()
    assert answer["ok"]
    assert answer["response_metadata"]["warnings"] == ["missing_charset"]


async def test_auth_test_tells_who_the_bot_is(served, client) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == served.workspace.bot_user
    assert answer["bot_id"].startswith("B")
    assert answer["team_id"] == "T01HOSHIMI"


async def test_a_posted_message_carries_the_apps_face_and_can_be_changed_and_deleted(served, client) -> None:
    posted = await client.chat_postMessage(channel=GENERAL, text="一")
    assert posted["message"]["bot_profile"]["app_id"] == served.workspace.app_id
    assert posted["message"]["bot_id"] == served.workspace.bot_id
    changed = await client.chat_update(channel=GENERAL, ts=posted["ts"], text="二")
    assert changed["text"] == "二"
    link = await client.chat_getPermalink(channel=GENERAL, message_ts=posted["ts"])
    assert link["permalink"].endswith(f"/archives/{GENERAL}/p{posted['ts'].replace('.', '')}")
    await client.chat_delete(channel=GENERAL, ts=posted["ts"])
    assert await error_of(client.chat_update(channel=GENERAL, ts=posted["ts"], text="三")) == "message_not_found"
    assert await error_of(client.chat_delete(channel=GENERAL, ts=posted["ts"])) == "message_not_found"


async def test_a_persons_message_cannot_be_changed_by_the_app(served, client) -> None:
    ts = (await served.person(SATO).message(GENERAL, "わたしの"))["ts"]
    assert await error_of(client.chat_update(channel=GENERAL, ts=ts, text="x")) == "cant_update_message"
    assert await error_of(client.chat_delete(channel=GENERAL, ts=ts)) == "cant_delete_message"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": GENERAL}, "no_text"),
        ({"channel": GENERAL, "text": "  "}, "no_text"),
        ({"channel": GENERAL, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": GENERAL, "markdown_text": "x", "text": "y"}, "markdown_text_conflict"),
        ({"channel": GENERAL, "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"channel": GENERAL, "blocks": "no json"}, "invalid_blocks_format"),
        ({"channel": GENERAL, "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": GENERAL, "text": "x", "thread_ts": "1.000001"}, "cannot_reply_to_message"),
        ({"channel": GENERAL, "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        (
            {"channel": GENERAL, "text": "x", "metadata": {"event_type": "a b", "event_payload": {}}},
            "invalid_metadata_format",
        ),
        (
            {"channel": GENERAL, "text": "x", "metadata": {"event_type": "a", "event_payload": {"k": "v" * 16_000}}},
            "metadata_too_large",
        ),
        ({"channel": GENERAL, "text": "x", "attachments": "no"}, "invalid_attachments"),
        ({"channel": GENERAL, "text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
    ],
)
async def test_a_message_slack_would_refuse_is_refused_with_its_code(served, http, arguments, code) -> None:
    answer = (await http.post("chat.postMessage", json=arguments, headers=bearer(served))).json()
    assert answer["error"] == code


async def test_the_longest_text_is_taken(served, client) -> None:
    assert (await client.chat_postMessage(channel=GENERAL, text="x" * 40_000))["ok"]


async def test_metadata_comes_back_only_when_it_is_asked_for(served, client) -> None:
    metadata = {"event_type": "delivery", "event_payload": {"key": "k-1"}}
    await client.chat_postMessage(channel=GENERAL, text="x", metadata=metadata)
    without = await client.conversations_history(channel=GENERAL)
    with_it = await client.conversations_history(channel=GENERAL, include_all_metadata=True)
    assert "metadata" not in without["messages"][0]
    assert with_it["messages"][0]["metadata"] == metadata


async def test_history_pages_backwards_over_everything_exactly_once(served, client) -> None:
    sent = [(await client.chat_postMessage(channel=GENERAL, text=str(n)))["ts"] for n in range(25)]
    seen: list[str] = []
    cursor = None
    while True:
        page = await client.conversations_history(channel=GENERAL, limit=7, cursor=cursor)
        seen += [message["ts"] for message in page["messages"]]
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
    assert seen == sent[::-1]


@pytest.mark.parametrize(
    ("oldest", "latest", "inclusive", "expected"),
    [
        (1, 3, False, [2]),
        (1, 3, True, [1, 2, 3]),
        (None, 1, False, [0]),
        (3, None, True, [3, 4]),
        (2, 2, True, [2]),
    ],
)
async def test_history_keeps_to_its_bounds(served, client, oldest, latest, inclusive, expected) -> None:
    sent = [(await client.chat_postMessage(channel=GENERAL, text=str(n)))["ts"] for n in range(5)]
    answer = await client.conversations_history(
        channel=GENERAL,
        oldest=None if oldest is None else sent[oldest],
        latest=None if latest is None else sent[latest],
        inclusive=inclusive,
    )
    assert [int(message["text"]) for message in reversed(answer["messages"])] == expected


async def test_history_refuses_bounds_and_cursors_that_are_none(served, client) -> None:
    assert await error_of(client.conversations_history(channel=GENERAL, oldest="soon")) == "invalid_ts_oldest"
    assert await error_of(client.conversations_history(channel=GENERAL, latest="late")) == "invalid_ts_latest"
    assert await error_of(client.conversations_history(channel=GENERAL, cursor="bogus")) == "invalid_cursor"


async def test_a_thread_has_its_parent_first_and_stays_out_of_the_channel(served, client) -> None:
    parent = (await client.chat_postMessage(channel=GENERAL, text="親"))["ts"]
    child = (await client.chat_postMessage(channel=GENERAL, text="子", thread_ts=parent))["ts"]
    grandchild = (await client.chat_postMessage(channel=GENERAL, text="孫", thread_ts=child))["ts"]
    thread = (await client.conversations_replies(channel=GENERAL, ts=parent))["messages"]
    assert [message["text"] for message in thread] == ["親", "子", "孫"]
    assert thread[2]["thread_ts"] == parent
    top = (await client.conversations_history(channel=GENERAL))["messages"]
    assert [message["text"] for message in top] == ["親"]
    assert (top[0]["reply_count"], top[0]["latest_reply"]) == (2, grandchild)
    await client.chat_delete(channel=GENERAL, ts=parent)
    assert (await client.conversations_history(channel=GENERAL))["messages"][0]["subtype"] == "tombstone"


async def test_a_broadcast_reply_stands_in_the_channel_too(served, client) -> None:
    parent = (await client.chat_postMessage(channel=GENERAL, text="親"))["ts"]
    await client.chat_postMessage(channel=GENERAL, text="皆へ", thread_ts=parent, reply_broadcast=True)
    top = (await client.conversations_history(channel=GENERAL))["messages"]
    assert [message.get("subtype") for message in top] == ["thread_broadcast", None]


async def test_an_ephemeral_message_is_seen_by_one_person_and_stands_in_no_history(served, client) -> None:
    await client.chat_postEphemeral(channel=IS_TEAM, user=SATO, text="ないしょ")
    assert (await client.conversations_history(channel=IS_TEAM))["messages"] == []
    channel = next(c for c in served.person(SATO).screen()["channels"] if c["id"] == IS_TEAM)
    assert channel["messages"][0]["ephemeral"]
    assert await error_of(client.chat_postEphemeral(channel=IS_TEAM, user=TANAKA, text="x")) == "user_not_in_channel"


async def test_a_user_id_as_channel_means_the_direct_message(served, client) -> None:
    posted = await client.chat_postMessage(channel=SATO, text="DM")
    opened = await client.conversations_open(users=SATO)
    assert posted["channel"] == opened["channel"]["id"]
    assert posted["channel"].startswith("D")
    again = await client.conversations_open(users=[SATO], return_im=True)
    assert again["already_open"]
    assert again["channel"]["user"] == SATO


async def test_conversations_open_refuses_what_it_cannot_open(served, client) -> None:
    assert await error_of(client.api_call("conversations.open")) == "users_list_not_supplied"
    assert await error_of(client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await error_of(client.conversations_open(users=[SATO] * 9)) == "too_many_users"


async def test_lists_are_paged_without_loss(served, client) -> None:
    people: list[str] = []
    async for page in await client.users_list(limit=3):
        people += [member["id"] for member in page["members"]]
    assert sorted(people) == sorted([*served.workspace.people, served.workspace.bot_user])
    channels: list[str] = []
    async for page in await client.conversations_list(limit=1, types="public_channel"):
        channels += [channel["name"] for channel in page["channels"]]
    assert channels == ["general", "is-team", "fs-handoff", "inbound"]
    assert await error_of(client.conversations_list(types="planet")) == "invalid_types"


async def test_people_are_found_by_id_and_by_mail(served, client) -> None:
    person = (await client.users_info(user=SATO, include_locale=True))["user"]
    assert (person["real_name"], person["locale"], person["tz"]) == ("佐藤 美咲", "ja-JP", "Asia/Tokyo")
    found = await client.users_lookupByEmail(email=person["profile"]["email"].upper())
    assert found["user"]["id"] == SATO
    assert await error_of(client.users_lookupByEmail(email="nobody@nowhere.example")) == "users_not_found"
    assert await error_of(client.users_info(user="U0NOBODY")) == "user_not_found"


async def test_the_app_cannot_read_or_post_where_it_is_not(served, client) -> None:
    conversation = served.workspace.add_channel("secret", SATO, private=True)
    assert await error_of(client.conversations_history(channel=conversation.id)) == "channel_not_found"
    public = served.workspace.add_channel("elsewhere", SATO)
    assert await error_of(client.conversations_history(channel=public.id)) == "not_in_channel"
    assert await error_of(client.chat_postMessage(channel=public.id, text="x")) == "not_in_channel"
    await client.conversations_join(channel=public.id)
    assert (await client.chat_postMessage(channel=public.id, text="x"))["ok"]


async def test_reactions_are_added_once_and_read_back(served, client) -> None:
    ts = (await served.person(SATO).message(GENERAL, "よし"))["ts"]
    await client.reactions_add(channel=GENERAL, timestamp=ts, name="white_check_mark")
    assert (
        await error_of(client.reactions_add(channel=GENERAL, timestamp=ts, name="white_check_mark"))
        == "already_reacted"
    )
    got = await client.reactions_get(channel=GENERAL, timestamp=ts)
    assert got["message"]["reactions"] == [
        {"name": "white_check_mark", "users": [served.workspace.bot_user], "count": 1}
    ]
    assert (
        await error_of(client.reactions_add(channel=GENERAL, timestamp="9999999999.000001", name="x"))
        == "message_not_found"
    )
    assert await error_of(client.reactions_add(channel=GENERAL, timestamp=ts, name="No Such!")) == "invalid_name"


async def test_team_and_bot_are_described(served, client) -> None:
    assert (await client.team_info())["team"]["domain"] == "hoshimi-tech"
    assert (await client.bots_info(bot=served.workspace.bot_id))["bot"]["user_id"] == served.workspace.bot_user
    assert await error_of(client.bots_info(bot="B0NONE")) == "bot_not_found"


async def test_an_update_with_text_alone_takes_the_place_of_the_blocks_and_is_marked(client) -> None:
    blocks = [{"type": "divider"}]
    ts = (await client.chat_postMessage(channel=GENERAL, text="一", blocks=blocks))["ts"]
    kept = await client.chat_update(channel=GENERAL, ts=ts, blocks=[*blocks, *blocks], text="二")
    assert (len(kept["message"]["blocks"]), kept["text"], "edited" in kept["message"]) == (2, "二", False)
    replaced = await client.chat_update(channel=GENERAL, ts=ts, text="三")
    assert "blocks" not in replaced["message"]
    assert replaced["message"]["edited"]["user"]
