"""A real Bolt app on the embedded workspace: what a developer does in the first hour."""

from __future__ import annotations

from typing import Any

from .waiting import until

GENERAL, SATO = "C01GENERAL", "U01SATO001"


def modal(**more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "add",
        "title": {"type": "plain_text", "text": "追加"},
        "submit": {"type": "plain_text", "text": "保存"},
        "blocks": [
            {
                "type": "input",
                "block_id": "name",
                "label": {"type": "plain_text", "text": "名前"},
                "element": {"type": "plain_text_input", "action_id": "value"},
            }
        ],
        **more,
    }


async def test_a_slash_command_opens_a_modal_and_its_submission_reaches_the_app(served, app, connect) -> None:
    seen: dict[str, Any] = {}

    @app.command("/lead")
    async def lead(ack, body, client):
        seen["command"] = body
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @app.view("add")
    async def add(ack, view):
        seen["values"] = view["state"]["values"]
        await ack()

    await connect(app)
    sato = served.person(SATO)
    assert (await sato.command(GENERAL, "/lead", "add"))["response"] is None
    assert seen["command"]["text"] == "add"
    (view,) = sato.screen()["views"]
    assert view["title"]["text"] == "追加"

    outcome = await sato.submit(view["id"], {"name": {"value": "青空商事"}})

    assert outcome["result"] == "closed"
    assert seen["values"] == {"name": {"value": {"type": "plain_text_input", "value": "青空商事"}}}
    assert sato.screen()["views"] == []


async def test_an_answer_with_the_acknowledgement_is_shown_to_the_person_alone(served, app, connect) -> None:
    @app.command("/lead")
    async def lead(ack):
        await ack("できること: add, find")

    await connect(app)
    response = (await served.person(SATO).command(GENERAL, "/lead", "help"))["response"]
    assert response["text"] == "できること: add, find"
    assert response["ephemeral"]
    others = served.person("U01KATO001").screen()["channels"][0]["messages"]
    assert others == []


async def test_errors_of_a_submission_stand_on_their_fields_and_keep_what_was_typed(served, app, connect) -> None:
    @app.command("/lead")
    async def lead(ack, body, client):
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @app.view("add")
    async def add(ack):
        await ack(response_action="errors", errors={"name": "同じ会社があります"})

    await connect(app)
    sato = served.person(SATO)
    await sato.command(GENERAL, "/lead")
    view = sato.screen()["views"][0]
    outcome = await sato.submit(view["id"], {"name": {"value": "青空商事"}})
    assert outcome["result"] == "errors"
    shown = sato.screen()["views"][0]
    assert shown["errors"] == {"name": "同じ会社があります"}
    assert shown["state"] == {"name": {"value": "青空商事"}}


async def test_a_command_without_a_connected_app_fails_visibly(served) -> None:
    outcome = await served.person(SATO).command(GENERAL, "/lead")
    assert outcome["response"]["text"] == "/lead failed with the error “dispatch_failed”"


async def test_an_app_that_is_asked_to_connect_anew_misses_nothing(served, app, connect) -> None:
    seen: list[str] = []

    @app.event("message")
    async def message(event):
        seen.append(event["text"])

    await connect(app)
    first = served.socket_mode.connections[0]
    await served.person(SATO).message(GENERAL, "一")
    await served.socket_mode.disconnect("refresh_requested")
    await served.person(SATO).message(GENERAL, "二")
    await until(lambda: set(seen) == {"一", "二"}, 15)
    # Whoever reconnects in the middle may get an event again, as from Slack, but never loses one.
    await until(lambda: first not in served.socket_mode.connections)
