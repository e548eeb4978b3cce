"""Modals: what is typed, what the client stops, and what the app can answer."""

from __future__ import annotations

import asyncio

import pytest
from slack_sdk.errors import SlackApiError

from bot.workspace.answers import apply_submission_answer
from bot.workspace.person import PersonError

from .recorder import GENERAL, KATO, NAME, SATO, Recorder, field, modal, opened, plain
from .waiting import until


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


OPTIONS = [{"text": {**plain(value), "emoji": True}, "value": value} for value in ("x", "y")]


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
