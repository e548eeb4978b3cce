"""What a person does, what the app is told, and what the person then sees."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from bot.workspace.answers import apply_submission_answer
from bot.workspace.person import PersonError
from bot.workspace.server import running

from .waiting import until

GENERAL, IS_TEAM = "C01GENERAL", "C01ISTEAM0"
SATO, KATO = "U01SATO001", "U01KATO001"
COMMON = {"type", "team", "user", "api_app_id", "token", "enterprise", "is_enterprise_install"}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def field(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": {"action_id": "a", **element},
        **more,
    }


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("form"),
        "submit": plain("ok"),
        "blocks": list(blocks),
        **more,
    }


NAME = field("name", {"type": "plain_text_input"})


class Recorder:
    """An app that keeps every payload and answers as the test says."""

    def __init__(self, app) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.view: dict[str, Any] = modal(NAME)
        self.answer: dict[str, Any] = {}
        self.options: list[dict[str, Any]] = []
        self.hold: asyncio.Event | None = None

        @app.command("/open")
        async def command(ack, body, client):
            self.bodies.append(body)
            await client.views_open(trigger_id=body["trigger_id"], view=self.view)
            await ack()

        @app.action(re.compile(".*"))
        async def action(ack, body):
            self.bodies.append(body)
            await ack()

        @app.options(re.compile(".*"))
        async def options(ack, body):
            self.bodies.append(body)
            await ack(options=self.options)

        @app.view("form")
        async def submitted(ack, body):
            self.bodies.append(body)
            if self.hold is not None:
                await self.hold.wait()
            await ack(**self.answer)

        @app.view_closed("form")
        async def closed(ack, body):
            self.bodies.append(body)
            await ack()

        for name in ("everywhere", "on_message"):

            @app.shortcut(name)
            async def shortcut(ack, body):
                self.bodies.append(body)
                await ack()

        for event in (
            "message",
            "app_mention",
            "app_home_opened",
            "file_shared",
            "member_joined_channel",
            "reaction_added",
        ):

            @app.event(event)
            async def happened(body):
                self.bodies.append(body)

    @property
    def last(self) -> dict[str, Any]:
        return self.bodies[-1]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [body["event"] for body in self.bodies if body.get("event", {}).get("type") == kind]


@pytest.fixture
async def recorder(app, connect) -> Recorder:
    recorder = Recorder(app)
    await connect(app)
    return recorder


@pytest.fixture
def sato(served):
    return served.person(SATO)


async def opened(recorder: Recorder, sato, view: dict[str, Any]) -> dict[str, Any]:
    recorder.view = view
    await sato.command(GENERAL, "/open")
    return sato.screen()["views"][-1]


# Payload shapes


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
        "id", "team_id", "type", "blocks", "private_metadata", "callback_id", "state", "hash", "title", "close", "submit",
        "clear_on_close", "notify_on_close", "submit_disabled", "previous_view_id", "root_view_id", "app_id",
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
    assert recorder.last["view"]["state"]["values"]["company"]["a"]["selected_option"] == recorder.options[0]


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


# Modals


async def test_a_submission_can_update_push_and_clear(served, recorder, sato) -> None:
    view = await opened(recorder, sato, modal(NAME))
    recorder.answer = {"response_action": "push", "view": modal(NAME, title=plain("二"))}
    second = await sato.submit(view["id"], {"name": {"a": "x"}})
    assert second["result"] == "pushed"
    assert second["view"]["previous_view_id"] == view["id"]
    recorder.answer = {"response_action": "update", "view": modal(NAME, title=plain("三"))}
    third = await sato.submit(second["view"]["id"], {"name": {"a": "y"}})
    assert third["result"] == "updated"
    assert third["view"]["state"] == {"name": {"a": "y"}}
    assert [one["title"]["text"] for one in sato.screen()["views"]] == ["form", "三"]
    recorder.answer = {}
    assert (await sato.submit(second["view"]["id"], {}))["view"]["id"] == view["id"]
    recorder.answer = {"response_action": "clear"}
    assert (await sato.submit(view["id"], {}))["result"] == "closed"
    assert sato.screen()["views"] == []


async def test_the_fourth_modal_is_refused(served, recorder, sato) -> None:
    view = await opened(recorder, sato, modal(NAME))
    recorder.answer = {"response_action": "push", "view": modal(NAME)}
    for _ in range(2):
        view = (await sato.submit(view["id"], {"name": {"a": "x"}}))["view"]
    outcome = await sato.submit(view["id"], {"name": {"a": "x"}})
    assert (outcome["result"], outcome["reason"]) == ("failed", "push_limit_reached")
    assert len(sato.screen()["views"]) == 3


async def test_what_was_typed_survives_an_update_where_the_ids_stay(client, recorder, sato) -> None:
    view = await opened(recorder, sato, modal(NAME, field("gone", {"type": "plain_text_input"})))
    button = {"type": "actions", "elements": [{"type": "button", "text": plain("x"), "action_id": "go"}]}
    await client.views_update(view_id=view["id"], view=modal(NAME, field("gone", {"type": "plain_text_input"}), button))
    await sato.action(action_id="go", view_id=view["id"], state={"name": {"a": "残る"}, "gone": {"a": "消える"}})
    await client.views_update(
        view_id=view["id"], view=modal(NAME, field("new", {"type": "plain_text_input", "initial_value": "初"}))
    )
    assert sato.screen()["views"][0]["state"] == {"name": {"a": "残る"}, "new": {"a": "初"}}


async def test_stale_hashes_spent_triggers_and_closed_views_are_refused(client, recorder, sato) -> None:
    view = await opened(recorder, sato, modal(NAME))
    trigger = recorder.last["trigger_id"]

    async def error_of(call) -> str:
        with pytest.raises(SlackApiError) as caught:
            await call
        return caught.value.response["error"]

    assert await error_of(client.views_open(trigger_id=trigger, view=modal(NAME))) == "exchanged_trigger_id"
    assert await error_of(client.views_open(trigger_id="1.2.3", view=modal(NAME))) == "invalid_trigger_id"
    fresh = await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(NAME))
    assert (
        await error_of(client.views_update(view_id=view["id"], hash=view["hash"], view=modal(NAME))) == "hash_conflict"
    )
    await client.views_update(view_id=view["id"], hash=fresh["view"]["hash"], view=modal(NAME))
    big = modal(*({"type": "section", "text": plain("x" * 3000)} for _ in range(90)))
    assert await error_of(client.views_update(view_id=view["id"], view=big)) == "view_too_large"
    await sato.close(view["id"])
    assert await error_of(client.views_update(view_id=view["id"], view=modal(NAME))) == "not_found"


async def test_an_external_id_finds_its_view_and_belongs_to_one(client, recorder, sato, served) -> None:
    await opened(recorder, sato, modal(NAME, external_id="mine"))
    await client.views_update(external_id="mine", view=modal(NAME, external_id="mine", title=plain("新")))
    assert sato.screen()["views"][0]["title"]["text"] == "新"
    trigger = served.workspace.triggers.issue("t.1.x", KATO, None)
    with pytest.raises(SlackApiError, match="duplicate_external_id"):
        await client.views_open(trigger_id=trigger, view=modal(NAME, external_id="mine"))


async def test_a_conversation_select_can_start_where_the_person_was(recorder, sato) -> None:
    here = {"type": "conversations_select", "default_to_current_conversation": True}
    view = await opened(recorder, sato, modal(field("where", here)))
    assert view["state"] == {"where": {"a": GENERAL}}
    await sato.submit(view["id"], {})
    assert recorder.last["view"]["state"]["values"]["where"]["a"]["selected_conversation"] == GENERAL


async def test_a_modal_is_submitted_once_however_often_the_button_is_pressed(served, app, connect) -> None:
    recorder = Recorder(app)
    recorder.hold = asyncio.Event()
    await connect(app)
    sato = served.person(SATO)
    view = await opened(recorder, sato, modal(NAME))
    first = asyncio.create_task(sato.submit(view["id"], {"name": {"a": "x"}}))
    await until(lambda: recorder.last["type"] == "view_submission" if "type" in recorder.last else False)
    with pytest.raises(PersonError, match="just been submitted"):
        await sato.submit(view["id"], {"name": {"a": "x"}})
    recorder.hold.set()
    assert (await first)["result"] == "closed"
    assert sum(body.get("type") == "view_submission" for body in recorder.bodies) == 1


async def test_clear_on_close_takes_the_whole_stack(recorder, sato) -> None:
    view = await opened(recorder, sato, modal(NAME, notify_on_close=True))
    recorder.answer = {"response_action": "push", "view": modal(NAME, clear_on_close=True, notify_on_close=True)}
    top = (await sato.submit(view["id"], {"name": {"a": "x"}}))["view"]
    count = len(recorder.bodies)
    await sato.close(top["id"])
    assert sato.screen()["views"] == []
    assert [body["is_cleared"] for body in recorder.bodies[count:]] == [True, True]


@pytest.mark.parametrize(
    ("element", "value", "complaint"),
    [
        ({"type": "plain_text_input"}, "", "This is a required field"),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "Please enter at least 3 characters"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "Please enter no more than 3 characters"),
        ({"type": "email_text_input"}, "no mail", "Please enter a valid email address"),
        ({"type": "url_text_input"}, "no url", "Please enter a valid URL"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Please enter a whole number"),
        ({"type": "number_input", "is_decimal_allowed": True}, "x", "Please enter a valid number"),
        (
            {"type": "number_input", "is_decimal_allowed": False, "max_value": "9"},
            "10",
            "Please enter a number less than or equal to 9",
        ),
        ({"type": "datepicker"}, None, "This is a required field"),
        ({"type": "multi_users_select", "max_selected_items": 1}, [SATO, KATO], "Select no more than 1 items"),
    ],
)
async def test_the_client_stops_a_value_the_real_one_would_stop(recorder, sato, element, value, complaint) -> None:
    view = await opened(recorder, sato, modal(field("f", element)))
    count = len(recorder.bodies)
    outcome = await sato.submit(view["id"], {"f": {"a": value}})
    assert outcome["result"] == "errors"
    assert outcome["errors"] == {"f": complaint}
    assert len(recorder.bodies) == count


OPTIONS = [{"text": plain(value), "value": value} for value in ("x", "y")]


@pytest.mark.parametrize(
    ("element", "value", "typed"),
    [
        ({"type": "plain_text_input"}, "文", {"value": "文"}),
        ({"type": "email_text_input"}, "a@b.example", {"value": "a@b.example"}),
        ({"type": "url_text_input"}, "https://a.example/", {"value": "https://a.example/"}),
        ({"type": "number_input", "is_decimal_allowed": False}, 12, {"value": "12"}),
        ({"type": "static_select", "options": OPTIONS}, "y", {"selected_option": OPTIONS[1]}),
        ({"type": "multi_static_select", "options": OPTIONS}, ["y", "x"], {"selected_options": OPTIONS[::-1]}),
        ({"type": "checkboxes", "options": OPTIONS}, ["x"], {"selected_options": OPTIONS[:1]}),
        ({"type": "radio_buttons", "options": OPTIONS}, "x", {"selected_option": OPTIONS[0]}),
        ({"type": "users_select"}, SATO, {"selected_user": SATO}),
        ({"type": "multi_users_select"}, [SATO, KATO], {"selected_users": [SATO, KATO]}),
        ({"type": "channels_select"}, GENERAL, {"selected_channel": GENERAL}),
        ({"type": "multi_channels_select"}, [GENERAL], {"selected_channels": [GENERAL]}),
        ({"type": "conversations_select"}, GENERAL, {"selected_conversation": GENERAL}),
        ({"type": "multi_conversations_select"}, [GENERAL], {"selected_conversations": [GENERAL]}),
        ({"type": "datepicker"}, "2026-04-01", {"selected_date": "2026-04-01"}),
        ({"type": "timepicker"}, "09:30", {"selected_time": "09:30"}),
        ({"type": "datetimepicker"}, 1_800_000_000, {"selected_date_time": 1_800_000_000}),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) and "type" in value else None,
)
async def test_every_input_gives_slacks_typed_state_and_its_plain_value_back(
    recorder, sato, element, value, typed
) -> None:
    view = await opened(recorder, sato, modal(field("f", element, optional=True)))
    empty = await sato.submit(view["id"], {})
    assert empty["result"] == "closed"
    view = await opened(recorder, sato, modal(field("f", element)))
    recorder.answer = {"response_action": "errors", "errors": {"f": "もう一度"}}
    outcome = await sato.submit(view["id"], {"f": {"a": value}})
    assert recorder.last["view"]["state"]["values"] == {"f": {"a": {"type": element["type"], **typed}}}
    shown = outcome["view"]["state"]["f"]["a"]
    assert shown == (str(value) if element["type"] == "number_input" else value)


async def test_a_file_input_hands_over_files_the_app_can_read(client, recorder, sato) -> None:
    attached = (await sato.attach("名刺.png", b"\x89PNG"))["file"]["id"]
    view = await opened(recorder, sato, modal(field("f", {"type": "file_input"})))
    assert (await sato.submit(view["id"], {"f": {"a": [attached]}}))["result"] == "closed"
    (file,) = recorder.last["view"]["state"]["values"]["f"]["a"]["files"]
    assert (await client.files_info(file=file["id"]))["file"]["name"] == "名刺.png"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"response_action": "errors", "errors": {"nowhere": "x"}}, "invalid_errors"),
        ({"response_action": "errors", "errors": {}}, "invalid_errors"),
        ({"response_action": "update", "view": modal(NAME, title=plain("x" * 25))}, "invalid_arguments"),
        ({"response_action": "push", "view": {"type": "home", "blocks": []}}, "invalid_arguments"),
        ({"response_action": "shout"}, "invalid_response_action"),
        (["no", "object"], "invalid_payload"),
    ],
)
async def test_an_answer_slack_would_refuse_leaves_the_modal_open_and_says_why(
    served, recorder, sato, answer, reason
) -> None:
    view = await opened(recorder, sato, modal(NAME))
    # Bolt itself refuses to send some of these, so they are given below it.
    outcome, _ = apply_submission_answer(served.workspace, served.workspace.views.views[view["id"]], answer)
    assert (outcome["result"], outcome["reason"]) == ("failed", reason)
    assert sato.screen()["views"][0]["notice"]
    assert reason in served.workspace.refusals[-1]


# response_url


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


# The person over HTTP


async def test_a_person_is_driven_over_http_as_in_process(served, client, recorder) -> None:
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/{SATO}") as http:
        said = (await http.post("/message", json={"channel": GENERAL, "text": "やあ"})).json()
        assert said["ok"]
        await http.post("/command", json={"channel": GENERAL, "command": "/open", "text": ""})
        screen = (await http.get("/screen")).json()
        assert screen["channels"][0]["messages"][0]["ts"] == said["ts"]
        view = screen["views"][0]
        missing = (await http.post("/submit", json={"view_id": view["id"], "values": {}})).json()
        assert missing["errors"] == {"name": "This is a required field"}
        done = (await http.post("/submit", json={"view_id": view["id"], "values": {"name": {"a": "x"}}})).json()
        assert done["result"] == "closed"
        assert (await http.post("/react", json={"channel": GENERAL, "ts": said["ts"], "name": "eyes"})).json()["added"]
        assert (await http.post("/home", json={})).json()["ok"]
        dropped = {"channel": GENERAL, "filename": "a.txt", "content_base64": "YQ=="}
        assert (await http.post("/upload", json=dropped)).json()["file"]["size"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("U0NOBODY/message", {"channel": GENERAL, "text": "x"}, 404),
        (f"{SATO}/message", {"channel": "C0NOWHERE", "text": "x"}, 404),
        (f"{SATO}/message", {"channel": GENERAL, "text": " "}, 400),
        (f"{SATO}/message", {"channel": GENERAL}, 400),
        (f"{SATO}/message", {"channel": "C01HANDOFF", "text": "x", "thread_ts": "1.2"}, 404),
        (f"{SATO}/submit", {"view_id": "V0NONE", "values": {}}, 404),
        (f"{SATO}/submit", {"view_id": "V0NONE", "values": {"a": 1}}, 400),
        (f"{SATO}/action", {"action_id": "x"}, 400),
        (f"{SATO}/dance", {}, 404),
        (f"{SATO}/upload", {"channel": GENERAL, "filename": "a/b", "content_base64": ""}, 400),
        (f"{SATO}/upload", {"channel": GENERAL, "filename": "a", "content_base64": "?"}, 400),
        ("U01TANAKA1/message", {"channel": IS_TEAM, "text": "x"}, 403),
    ],
)
async def test_what_a_person_cannot_do_is_a_4xx_with_a_sentence(served, path, body, status) -> None:
    async with httpx.AsyncClient(base_url=f"{served.page_url}person/") as http:
        answer = await http.post(path, content=json.dumps(body))
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert answer.json()["error"].endswith(".")


async def test_changes_wake_whoever_can_see_them_and_nobody_else(served) -> None:
    sato, tanaka = served.person(SATO), served.person("U01TANAKA1")
    dm = (await served.person(KATO).open_dm(SATO))["channel"]
    before = tanaka.version
    waiting = asyncio.create_task(sato.changed(sato.version))
    await served.person(KATO).message(dm, "x")
    assert await asyncio.wait_for(waiting, 2) == sato.version
    assert tanaka.version == before


async def test_unread_marks_count_up_and_go_when_read(served) -> None:
    await served.person(KATO).message(IS_TEAM, "@sato 見て")
    sato = served.person(SATO)
    channel = next(c for c in sato.screen()["channels"] if c["id"] == IS_TEAM)
    assert (channel["unread"], channel["mentions"]) == (1, 1)
    await sato.read(IS_TEAM)
    channel = next(c for c in sato.screen()["channels"] if c["id"] == IS_TEAM)
    assert (channel["unread"], channel["mentions"]) == (0, 0)


async def test_a_long_channel_is_shown_in_windows(served) -> None:
    sato = served.person(SATO)
    sent = [(await sato.message(GENERAL, str(n)))["ts"] for n in range(12)]
    channel = sato.screen(limit=5)["channels"][0]
    assert [message["ts"] for message in channel["messages"]] == sent[-5:]
    assert channel["has_more"]
    older = sato.older(GENERAL, channel["messages"][0]["ts"], 20)
    assert [message["ts"] for message in older["messages"]] == sent[:7]
    assert not older["has_more"]


async def test_a_command_the_app_does_not_have_is_answered_by_slackbot() -> None:
    manifest = {
        "display_information": {"name": "App"},
        "features": {"slash_commands": [{"command": "/lead", "description": "x"}]},
    }
    async with running(manifest=manifest) as served:
        outcome = await served.person(SATO).command(GENERAL, "/foo")
        assert outcome["response"]["text"].startswith("`/foo` is not a valid command")
        assert outcome["response"]["user"] == "USLACKBOT"
        with pytest.raises(PersonError, match="shortcut"):
            await served.person(SATO).shortcut("nope")
