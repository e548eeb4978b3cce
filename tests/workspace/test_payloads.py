"""What a person does and what the app is told: the payloads carry the keys that Slack documents."""

from __future__ import annotations

import httpx
import pytest

from bot.workspace.person import PersonError

from .recorder import COMMON, GENERAL, IS_TEAM, KATO, NAME, SATO, field, modal, opened, plain
from .waiting import until


async def test_a_command_carries_slacks_keys(served, recorder, sato) -> None:
    await sato.command(GENERAL, "/open", "x y")
    body = recorder.last
    expected = {
        "token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name", "command", "text",
        "api_app_id", "is_enterprise_install", "response_url", "trigger_id",
    }  # fmt: skip
    assert set(body) == expected
    assert (body["command"], body["text"], body["channel_name"], body["user_name"]) == (
        "/open",
        "x y",
        "general",
        "sato",
    )
    assert body["is_enterprise_install"] == "false"


async def test_a_button_in_a_message_carries_the_message_and_a_response_url(client, recorder, sato) -> None:
    button = {"type": "button", "text": plain("受け取る"), "action_id": "accept", "value": "7"}
    blocks = [{"type": "actions", "block_id": "row", "elements": [button]}]
    posted = await client.chat_postMessage(channel=IS_TEAM, text="引き継ぎ", blocks=blocks)
    assert await sato.action(action_id="accept", channel=IS_TEAM, ts=posted["ts"]) == {"ok": True}
    body = recorder.last
    assert set(body) == COMMON | {"container", "trigger_id", "channel", "message", "state", "response_url", "actions"}
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": IS_TEAM,
        "is_ephemeral": False,
    }
    (action,) = body["actions"]
    assert {key: action[key] for key in ("type", "action_id", "block_id", "value")} == {
        "type": "button",
        "action_id": "accept",
        "block_id": "row",
        "value": "7",
    }
    assert body["message"]["bot_id"]
    assert body["team"]["domain"] == "hoshimi-tech"
    assert body["user"]["name"] == "sato"


async def test_a_select_in_a_message_is_in_the_state_for_that_person(client, recorder, sato, served) -> None:
    options = [{"text": plain(value), "value": value} for value in ("a", "b")]
    blocks = [
        {
            "type": "actions",
            "block_id": "row",
            "elements": [
                {"type": "static_select", "action_id": "pick", "options": options},
                {"type": "overflow", "action_id": "more", "options": options},
            ],
        }
    ]
    ts = (await client.chat_postMessage(channel=IS_TEAM, text="x", blocks=blocks))["ts"]
    await sato.action(action_id="pick", channel=IS_TEAM, ts=ts, value="b")
    assert recorder.last["actions"][0]["selected_option"]["value"] == "b"
    await sato.action(action_id="more", channel=IS_TEAM, ts=ts, value="a")
    assert recorder.last["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "b"
    assert recorder.last["actions"][0]["selected_option"]["value"] == "a"
    await served.person(KATO).action(action_id="more", channel=IS_TEAM, ts=ts, value="a")
    assert recorder.last["state"]["values"]["row"]["pick"]["selected_option"] is None


async def test_an_action_in_a_modal_carries_the_view_with_what_was_typed(recorder, sato) -> None:
    button = {"type": "button", "text": plain("検索"), "action_id": "search"}
    view = await opened(recorder, sato, modal(NAME, {"type": "actions", "block_id": "row", "elements": [button]}))
    await sato.action(action_id="search", view_id=view["id"], state={"name": {"a": "青空"}})
    body = recorder.last
    assert set(body) == COMMON | {"container", "trigger_id", "view", "actions"}
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert body["view"]["state"]["values"]["name"]["a"] == {"type": "plain_text_input", "value": "青空"}
    assert set(body["view"]) == {
        "id", "team_id", "type", "blocks", "private_metadata", "callback_id", "state", "hash", "title", "close",
        "submit", "clear_on_close", "notify_on_close", "submit_disabled", "previous_view_id", "root_view_id", "app_id",
        "external_id", "app_installed_team_id", "bot_id",
    }  # fmt: skip


async def test_the_home_is_published_read_and_acted_on(served, client, recorder, sato) -> None:
    button = {"type": "button", "text": plain("開く"), "action_id": "open", "value": "1"}
    await client.views_publish(
        user_id=SATO, view={"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    )
    view = (await sato.home())["view"]
    await until(lambda: recorder.events("app_home_opened"))
    assert recorder.events("app_home_opened")[0]["tab"] == "home"
    assert recorder.events("app_home_opened")[0]["view"]["id"] == view["id"]
    await sato.action(action_id="open", view_id=view["id"])
    assert recorder.last["view"]["type"] == "home"
    assert served.person(KATO).screen()["home"] is None


async def test_a_submission_carries_everything_and_response_urls(recorder, sato) -> None:
    place = {"type": "conversations_select", "response_url_enabled": True}
    view = await opened(recorder, sato, modal(NAME, field("where", place)))
    await sato.submit(view["id"], {"name": {"a": "x"}, "where": {"a": GENERAL}})
    body = recorder.last
    assert set(body) == COMMON | {"trigger_id", "view", "response_urls"}
    (address,) = body["response_urls"]
    assert (address["block_id"], address["action_id"], address["channel_id"]) == ("where", "a", GENERAL)
    async with httpx.AsyncClient() as http:
        sent = await http.post(address["response_url"], json={"text": "できました", "response_type": "in_channel"})
    assert sent.status_code == 200
    assert sato.screen()["channels"][0]["messages"][-1]["text"] == "できました"


async def test_closing_is_told_only_when_it_was_asked_for(recorder, sato) -> None:
    view = await opened(recorder, sato, modal(NAME, notify_on_close=True, private_metadata="m"))
    await sato.close(view["id"])
    assert set(recorder.last) == COMMON | {"view", "is_cleared"}
    assert recorder.last["is_cleared"] is False
    assert recorder.last["view"]["private_metadata"] == "m"
    count = len(recorder.bodies)
    view = await opened(recorder, sato, modal(NAME))
    await sato.close(view["id"])
    assert len(recorder.bodies) == count + 1


async def test_shortcuts_carry_their_keys(client, recorder, sato) -> None:
    await sato.shortcut("everywhere")
    assert set(recorder.last) == COMMON | {"callback_id", "trigger_id", "action_ts"}
    assert recorder.last["type"] == "shortcut"
    ts = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    await sato.shortcut("on_message", GENERAL, ts)
    assert set(recorder.last) == COMMON | {
        "callback_id", "trigger_id", "action_ts", "channel", "message_ts", "message", "response_url",
    }  # fmt: skip
    assert recorder.last["type"] == "message_action"


async def test_suggestions_are_asked_of_the_app_and_can_be_chosen(recorder, sato) -> None:
    recorder.options = [{"text": plain("青空商事"), "value": "7"}]
    view = await opened(recorder, sato, modal(field("company", {"type": "external_select", "min_query_length": 1})))
    assert (await sato.options(action_id="a", query="", view_id=view["id"]))["options"] == []
    found = await sato.options(action_id="a", query="青", view_id=view["id"])
    assert found["options"] == recorder.options
    assert set(recorder.last) == COMMON | {"container", "action_id", "block_id", "value", "view"}
    await sato.submit(view["id"], {"company": {"a": "7"}})
    chosen = recorder.last["view"]["state"]["values"]["company"]["a"]["selected_option"]
    assert chosen == {"text": {**plain("青空商事"), "emoji": True}, "value": "7"}


async def test_an_option_that_was_never_offered_cannot_be_chosen(recorder, sato) -> None:
    view = await opened(recorder, sato, modal(field("company", {"type": "external_select"})))
    with pytest.raises(PersonError, match="not among the options"):
        await sato.submit(view["id"], {"company": {"a": "99"}})


async def test_suggestions_slack_would_refuse_are_not_shown(served, recorder, sato) -> None:
    recorder.options = [{"text": plain("x" * 76), "value": "7"}]
    view = await opened(recorder, sato, modal(field("company", {"type": "external_select", "min_query_length": 0})))
    found = await sato.options(action_id="a", query="", view_id=view["id"])
    assert not found["ok"]
    assert "must be less than 76 characters" in served.workspace.refusals[-1]


async def test_messages_mentions_files_and_reactions_reach_the_app_as_events(served, recorder, sato) -> None:
    ts = (await sato.message(GENERAL, "@kakehashi 助けて & <b>"))["ts"]
    dm = (await sato.open_dm(served.workspace.bot_user))["channel"]
    await sato.message(dm, "こんにちは")
    await sato.upload(dm, "a.csv", b"a", "どうぞ")
    await sato.react(GENERAL, ts, "eyes")
    await until(lambda: recorder.events("reaction_added") and len(recorder.events("message")) == 3)
    in_channel, direct, shared = recorder.events("message")
    assert in_channel["text"] == f"<@{served.workspace.bot_user}> 助けて &amp; &lt;b&gt;"
    assert (in_channel["channel_type"], direct["channel_type"]) == ("channel", "im")
    assert in_channel["blocks"][0]["elements"][0]["elements"][0]["type"] == "user"
    assert shared["subtype"] == "file_share"
    assert shared["files"][0]["name"] == "a.csv"
    (mention,) = recorder.events("app_mention")
    assert mention["ts"] == ts
    assert recorder.events("file_shared")[0]["channel_id"] == dm
    assert recorder.events("reaction_added")[0]["item"] == {"type": "message", "channel": GENERAL, "ts": ts}
    envelope = next(body for body in recorder.bodies if "event" in body)
    assert {"token", "team_id", "api_app_id", "event", "type", "event_id", "event_time", "authorizations"} <= set(
        envelope
    )


async def test_a_new_member_is_announced(served, recorder, sato) -> None:
    await sato.invite(IS_TEAM, "U01TANAKA1")
    await until(lambda: recorder.events("member_joined_channel"))
    event = recorder.events("member_joined_channel")[0]
    assert (event["user"], event["channel"], event["inviter"]) == ("U01TANAKA1", IS_TEAM, SATO)


async def test_a_response_url_replaces_deletes_and_wears_out(client, recorder, sato) -> None:
    blocks = [{"type": "actions", "elements": [{"type": "button", "text": plain("x"), "action_id": "go"}]}]
    ts = (await client.chat_postMessage(channel=GENERAL, text="元", blocks=blocks))["ts"]
    await sato.action(action_id="go", channel=GENERAL, ts=ts)
    address = recorder.last["response_url"]
    async with httpx.AsyncClient() as http:
        await http.post(address, json={"text": "替わり", "replace_original": True})
        shown = sato.screen()["channels"][0]["messages"]
        assert [(message["text"], message["blocks"]) for message in shown] == [("替わり", [])]
        await http.post(address, json={"text": "あなただけ"})
        assert sato.screen()["channels"][0]["messages"][-1]["ephemeral"]
        await http.post(address, json={"delete_original": True})
        assert [message["text"] for message in sato.screen()["channels"][0]["messages"]] == ["あなただけ"]
        bad = await http.post(address, json={"blocks": [{"type": "nope"}]})
        assert bad.json()["error"] == "invalid_blocks"
        for _ in range(2):
            assert (await http.post(address, json={"text": "x"})).status_code == 200
        worn = await http.post(address, json={"text": "x"})
    assert (worn.status_code, worn.json()["error"]) == (404, "used_url")
