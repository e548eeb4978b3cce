"""Delivery over HTTP, below the SDKs: signatures, shapes, answers, challenge, retries, and which way is taken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.http import HttpDelivery, RequestUrlError, checked_url
from bot.workspace.manifest import RequestUrls
from bot.workspace.server import RunningWorkspace, running

from .endpoint import Asked, Endpoint, listening
from .recorder import GENERAL, NAME, SATO, field, modal, plain
from .waiting import until


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint


@pytest.fixture
async def told(served: RunningWorkspace, endpoint: Endpoint) -> RunningWorkspace:
    """A workspace that tells the endpoint everything."""
    await served.transport.use_http(RequestUrls.one(endpoint.url))
    return served


@pytest.fixture
async def quick(endpoint: Endpoint) -> AsyncIterator[RunningWorkspace]:
    """The same with short waits, so that retries are seen at once."""
    made = lambda workspace: HttpDelivery(workspace, acknowledge_seconds=0.3, retry_delays=(0.0, 0.02, 0.04))  # noqa: E731 # One line says it.
    async with running(http=made) as served:
        await served.transport.use_http(RequestUrls.one(endpoint.url))
        yield served


async def opened(served: RunningWorkspace, view: dict[str, Any], endpoint: Endpoint) -> str:
    """The id of a modal that a command has opened."""
    client = AsyncWebClient(token=served.bot_token, base_url=served.api_url)
    await served.person(SATO).command(GENERAL, "/open")
    trigger = endpoint.told[-1].form["trigger_id"]
    opened_view = (await client.views_open(trigger_id=trigger, view=view))["view"]
    return str(opened_view["id"])


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Shapes


async def test_each_request_is_signed_as_slack_signs(told, endpoint) -> None:
    await told.person(SATO).command(GENERAL, "/lead", "佐藤 & 田中")
    await told.person(SATO).message(GENERAL, "こんにちは")
    await until(lambda: len(endpoint.told) == 2)
    verifier = SignatureVerifier(told.signing_secret)
    for asked in endpoint.asked:
        assert asked.signed_with(told.signing_secret)
        assert verifier.is_valid_request(asked.body, dict(asked.headers))
        assert not SignatureVerifier("another").is_valid_request(asked.body, dict(asked.headers))


async def test_an_event_is_json_with_slacks_outer_keys(told, endpoint) -> None:
    await told.person(SATO).message(GENERAL, "x")
    await until(lambda: endpoint.told)
    (asked,) = endpoint.told
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["User-Agent"].startswith("Slackbot 1.0")
    assert "X-Slack-Retry-Num" not in asked.headers
    body = asked.payload
    assert {
        "token", "team_id", "api_app_id", "event", "type", "event_id", "event_time", "authorizations",
        "is_ext_shared_channel", "event_context",
    } <= set(body)  # fmt: skip
    assert (body["type"], body["event"]["text"]) == ("event_callback", "x")


async def test_a_command_is_a_form_of_flat_fields(told, endpoint) -> None:
    await told.person(SATO).command(GENERAL, "/lead", "add & <b>")
    (asked,) = endpoint.told
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert (asked.form["command"], asked.form["text"], asked.form["user_id"]) == ("/lead", "add & <b>", SATO)
    assert "payload" not in asked.form


async def test_an_interaction_is_a_form_with_one_field_of_json(told, endpoint) -> None:
    await told.person(SATO).shortcut("everywhere")
    (asked,) = endpoint.told
    assert list(asked.form) == ["payload"]
    assert asked.payload["type"] == "shortcut"


# Answers


async def test_an_empty_answer_to_a_command_shows_nothing(told, endpoint) -> None:
    assert (await told.person(SATO).command(GENERAL, "/lead"))["response"] is None


@pytest.mark.parametrize(
    "answer",
    [web.Response(text="できました"), web.json_response({"text": "できました"})],
    ids=["plain text", "JSON"],
)
async def test_an_answer_to_a_command_is_shown_to_the_person_alone(told, endpoint, answer) -> None:
    endpoint.answer = lambda _asked: answer
    response = (await told.person(SATO).command(GENERAL, "/lead"))["response"]
    assert (response["text"], response["ephemeral"]) == ("できました", True)


async def test_what_a_click_is_answered_with_is_not_shown(told, endpoint) -> None:
    client = AsyncWebClient(token=told.bot_token, base_url=told.api_url)
    blocks = [{"type": "actions", "elements": [{"type": "button", "text": plain("x"), "action_id": "go"}]}]
    ts = (await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks))["ts"]
    endpoint.answer = lambda _asked: web.json_response({"text": "replaced"})
    assert await told.person(SATO).action(action_id="go", channel=GENERAL, ts=ts) == {"ok": True}
    (message,) = told.person(SATO).screen()["channels"][0]["messages"]
    assert message["text"] == "x"


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (None, "closed"),
        ({"response_action": "clear"}, "closed"),
        ({"response_action": "errors", "errors": {"name": "短い"}}, "errors"),
        ({"response_action": "update", "view": modal(NAME)}, "updated"),
        ({"response_action": "push", "view": modal(NAME)}, "pushed"),
    ],
)
async def test_a_submission_is_answered_in_the_body(told, endpoint, answer, result) -> None:
    view = await opened(told, modal(NAME), endpoint)
    endpoint.answer = lambda _asked: None if answer is None else web.json_response(answer)
    outcome = await told.person(SATO).submit(view, {"name": {"a": "x"}})
    assert outcome["result"] == result
    assert endpoint.told[-1].payload["type"] == "view_submission"


@pytest.mark.parametrize("answer", [web.Response(text="OK"), web.Response(status=500)], ids=["text", "HTTP 500"])
async def test_a_submission_answered_wrongly_keeps_the_modal_open(told, endpoint, answer) -> None:
    view = await opened(told, modal(NAME), endpoint)
    endpoint.answer = lambda _asked: answer
    outcome = await told.person(SATO).submit(view, {"name": {"a": "x"}})
    assert outcome["result"] == "failed"
    assert told.person(SATO).screen()["views"][-1]["notice"]


async def test_suggestions_come_in_the_body(told, endpoint) -> None:
    company = field("company", {"type": "external_select", "min_query_length": 1})
    view = await opened(told, modal(company), endpoint)
    options = [{"text": plain("青空商事"), "value": "7"}]
    endpoint.answer = lambda _asked: web.json_response({"options": options})
    found = await told.person(SATO).options(action_id="a", query="青", view_id=view)
    assert found["options"] == options
    assert endpoint.told[-1].payload["type"] == "block_suggestion"


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "http_client_error"), (500, "http_service_error"), (304, "http_service_error")]
)
async def test_a_command_answered_with_an_error_fails_before_the_persons_eyes(told, endpoint, status, reason) -> None:
    endpoint.answer = lambda _asked: web.Response(status=status)
    outcome = await told.person(SATO).command(GENERAL, "/lead")
    assert outcome["response"]["text"] == f"/lead failed with the error “{reason}”"
    assert len(endpoint.told) == 1


async def test_a_command_nobody_answers_is_not_repeated(quick, endpoint) -> None:
    endpoint.holding = True
    outcome = await quick.person(SATO).command(GENERAL, "/lead")
    assert outcome["error"] == "operation_timeout"
    shortcut = await quick.person(SATO).shortcut("everywhere")
    assert (shortcut["ok"], shortcut["reason"]) == (False, "operation_timeout")
    assert len(endpoint.told) == 2


async def test_a_command_to_an_app_that_is_down_fails_at_once(served) -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    await served.transport.use_http(RequestUrls.one(address), verify=False)
    assert (await served.person(SATO).command(GENERAL, "/lead"))["error"] == "dispatch_failed"


# Retries


@pytest.mark.parametrize(("status", "reason"), [(500, "http_error"), (404, "http_error"), (401, "http_error")])
async def test_an_event_answered_with_an_error_comes_three_times_again(quick, endpoint, status, reason) -> None:
    endpoint.answer = lambda _asked: web.Response(status=status)
    await quick.person(SATO).message(GENERAL, "x")
    await until(lambda: len(endpoint.told) == 4)
    numbers = [asked.headers.get("X-Slack-Retry-Num") for asked in endpoint.told]
    reasons = [asked.headers.get("X-Slack-Retry-Reason") for asked in endpoint.told]
    assert numbers == [None, "1", "2", "3"]
    assert reasons == [None, reason, reason, reason]
    assert len({asked.payload["event_id"] for asked in endpoint.told}) == 1
    assert all(asked.signed_with(quick.signing_secret) for asked in endpoint.told)


async def test_an_event_nobody_answers_comes_again_as_timed_out(quick, endpoint) -> None:
    endpoint.holding = True
    await quick.person(SATO).message(GENERAL, "x")
    await until(lambda: len(endpoint.told) == 2)
    assert endpoint.told[1].headers["X-Slack-Retry-Reason"] == "http_timeout"


async def test_an_event_that_was_taken_does_not_come_again(quick, endpoint) -> None:
    answers = iter([web.Response(status=503), web.Response(status=204)])
    endpoint.answer = lambda _asked: next(answers)
    await quick.person(SATO).message(GENERAL, "x")
    await until(lambda: len(endpoint.told) == 2)
    await quick.person(SATO).home()
    assert [asked.payload["event"]["type"] for asked in endpoint.told[:2]] == ["message", "message"]
    assert all(asked.payload["event"]["type"] == "app_home_opened" for asked in endpoint.told[2:])


async def test_an_app_can_do_without_retries(quick, endpoint) -> None:
    endpoint.answer = lambda _asked: web.Response(status=500, headers={"X-Slack-No-Retry": "1"})
    task = quick.workspace.emit("app_home_opened", {"type": "app_home_opened"})
    assert not (await task).acknowledged
    assert len(endpoint.told) == 1


async def test_an_app_that_comes_back_gets_the_event_with_the_reason_it_was_missed(quick, endpoint) -> None:
    away = f"http://127.0.0.1:{free_port()}/slack/events"
    await quick.transport.use_http(RequestUrls.one(away), verify=False)
    task = quick.workspace.emit("message.im", {"type": "message"})
    await asyncio.sleep(0)
    quick.transport.http.use(RequestUrls.one(endpoint.url))
    assert (await task).acknowledged
    assert endpoint.told[0].headers["X-Slack-Retry-Reason"] == "connection_failed"


async def test_two_redirects_are_followed_and_a_third_is_not(quick, endpoint) -> None:
    steps = {"/slack/events": "/1", "/1": "/2", "/2": "/3"}

    def redirect(asked: Asked) -> web.StreamResponse | None:
        return web.Response(status=302, headers={"Location": steps[asked.path]}) if asked.path in steps else None

    endpoint.answer = redirect
    assert (await quick.person(SATO).command(GENERAL, "/lead"))["error"] == "dispatch_failed"
    assert [asked.path for asked in endpoint.told] == ["/slack/events", "/1", "/2"]
    del steps["/2"]
    assert "error" not in await quick.person(SATO).command(GENERAL, "/lead")
    steps["/2"] = "/3"
    await quick.person(SATO).message(GENERAL, "x")
    await until(lambda: any(asked.headers.get("X-Slack-Retry-Num") for asked in endpoint.told))
    assert endpoint.told[-1].headers["X-Slack-Retry-Reason"] == "too_many_redirects"


async def test_a_redirect_away_from_this_machine_is_not_followed(quick, endpoint) -> None:
    endpoint.answer = lambda _asked: web.Response(status=302, headers={"Location": "http://192.0.2.1/slack/events"})
    assert (await quick.person(SATO).command(GENERAL, "/lead"))["error"] == "dispatch_failed"


# The challenge


@pytest.mark.parametrize(
    "echo",
    [
        lambda value: web.json_response({"challenge": value}),
        lambda value: web.Response(text=value),
        lambda value: web.Response(text=f"challenge={value}", content_type="application/x-www-form-urlencoded"),
    ],
    ids=["JSON", "text", "form"],
)
async def test_the_challenge_may_be_echoed_in_three_ways(served, endpoint, echo) -> None:
    endpoint.challenge = echo
    await served.transport.use_http(RequestUrls.one(endpoint.url))
    (asked,) = endpoint.challenges
    assert set(asked.payload) == {"token", "challenge", "type"}
    assert asked.signed_with(served.signing_secret)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda _value: web.Response(text="hello"), "did not answer with the value of the challenge"),
        (lambda _value: web.Response(), "did not answer with the value of the challenge"),
        (lambda value: web.json_response({"challenge": value[::-1]}), "did not answer with the value of the challenge"),
        (lambda value: web.Response(text=value, status=404), "answered the challenge with HTTP 404"),
    ],
)
async def test_a_request_url_that_does_not_echo_is_refused_and_nothing_changes(
    served, endpoint, answer, sentence
) -> None:
    endpoint.challenge = answer
    async with httpx.AsyncClient(base_url=served.page_url) as http:
        refused = await http.post("/app", json={"request_url": endpoint.url})
        assert refused.status_code == 400
        assert sentence in refused.json()["error"]
        assert (await http.get("/app")).json()["transport"] == "socket_mode"


async def test_an_address_given_at_the_start_gets_no_event_before_it_has_echoed(endpoint) -> None:
    made = lambda workspace: HttpDelivery(workspace, acknowledge_seconds=0.3, retry_delays=(0.0, 0.02, 0.04))  # noqa: E731 # One line says it.
    manifest = {
        "display_information": {"name": "x"},
        "settings": {
            "socket_mode_enabled": False,
            "event_subscriptions": {"request_url": endpoint.url, "bot_events": ["message.channels"]},
        },
    }
    endpoint.challenge = lambda _value: web.Response(text="no")
    async with running(manifest=manifest, http=made) as served:
        await served.person(SATO).message(GENERAL, "一")
        await until(lambda: len(endpoint.challenges) == 4)
        assert endpoint.told == []
        assert any("challenge" in sentence for sentence in served.workspace.refusals)
        endpoint.challenge = lambda value: web.Response(text=value)
        for text in ("二", "三"):
            await served.person(SATO).message(GENERAL, text)
        await until(lambda: len(endpoint.told) == 2)
        assert len(endpoint.challenges) == 5


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/slack/events",
        "http://10.0.0.1/",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com/",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "ftp://127.0.0.1/",
        "http://",
        "127.0.0.1:3000",
        "http://127.0.0.1:99999/",
        "",
    ],
)
async def test_an_address_elsewhere_is_refused_with_a_sentence(served, address) -> None:
    with pytest.raises(RequestUrlError, match=r"\."):
        checked_url(address)
    async with httpx.AsyncClient(base_url=served.page_url) as http:
        refused = await http.post("/app", json={"request_url": address})
    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:3000/slack/events", "http://localhost:3000/", "https://[::1]:3000/x", "http://127.8.8.8/"],
)
def test_an_address_on_this_machine_is_taken(address) -> None:
    assert checked_url(address) == address


async def test_localhost_is_reached(served, endpoint) -> None:
    await served.transport.use_http(RequestUrls.one(endpoint.url.replace("127.0.0.1", "localhost")))
    assert "error" not in await served.person(SATO).command(GENERAL, "/lead")


# Which way


async def test_an_app_that_gets_a_request_url_leaves_socket_mode_and_can_go_back(served, endpoint) -> None:
    client = AsyncWebClient(token=served.app_token, base_url=served.api_url)

    async def address() -> str:
        return str((await client.apps_connections_open(app_token=served.app_token))["url"])

    async with aiohttp.ClientSession() as session, httpx.AsyncClient(base_url=served.page_url) as http:
        link = await session.ws_connect(await address())
        assert (await link.receive_json())["type"] == "hello"
        changed = (await http.post("/app", json={"request_url": endpoint.url})).json()
        assert (changed["transport"], changed["request_urls"]["events_verified"]) == ("http", True)
        assert (await link.receive_json())["reason"] == "link_disabled"
        assert (await link.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        await served.person(SATO).command(GENERAL, "/lead")
        assert endpoint.told[-1].form["command"] == "/lead"

        late = await session.ws_connect(await address())
        assert (await late.receive_json())["reason"] == "link_disabled"

        assert (await http.post("/app", json={"socket_mode": True})).json()["transport"] == "socket_mode"
        again = await session.ws_connect(await address())
        assert (await again.receive_json())["type"] == "hello"
        await served.person(SATO).message(GENERAL, "x")
        assert (await again.receive_json())["type"] == "events_api"
        assert len(endpoint.told) == 1


async def test_each_kind_goes_to_the_address_the_manifest_names_for_it(endpoint) -> None:
    base = endpoint.url.removesuffix("/slack/events")
    manifest = {
        "display_information": {"name": "x"},
        "features": {
            "slash_commands": [
                {"command": "/open", "description": "x", "url": f"{base}/command"},
                {"command": "/bare", "description": "x"},
            ]
        },
        "settings": {
            "socket_mode_enabled": False,
            "event_subscriptions": {"request_url": f"{base}/events", "bot_events": ["message.channels"]},
            "interactivity": {
                "is_enabled": True,
                "request_url": f"{base}/interactive",
                "message_menu_options_url": f"{base}/options",
            },
        },
    }
    async with running(manifest=manifest) as served:
        company = field("company", {"type": "external_select", "min_query_length": 1})
        view = await opened(served, modal(company), endpoint)
        endpoint.answer = lambda _asked: web.json_response({"options": []})
        await served.person(SATO).options(action_id="a", query="青", view_id=view)
        endpoint.answer = lambda _asked: None
        await served.person(SATO).message(GENERAL, "x")
        await until(lambda: len(endpoint.told) == 3)
        assert [asked.path for asked in endpoint.told] == ["/command", "/options", "/events"]
        assert (await served.person(SATO).command(GENERAL, "/bare"))["error"] == "app_missing_action_url"


async def test_a_manifest_can_be_put_in_force_while_the_workspace_runs(served, endpoint) -> None:
    manifest = {
        "display_information": {"name": "Another"},
        "settings": {
            "socket_mode_enabled": False,
            "event_subscriptions": {"request_url": endpoint.url, "bot_events": ["app_home_opened"]},
        },
    }
    async with httpx.AsyncClient(base_url=served.page_url) as http:
        changed = (await http.post("/app", json={"manifest": manifest})).json()
        assert (changed["name"], changed["transport"]) == ("Another", "http")
        await served.person(SATO).message(GENERAL, "nobody has subscribed to this")
        bad = await http.post("/app", json={"manifest": {"display_information": {}}})
        assert (bad.status_code, bad.json()["error"][-1]) == (400, "s")
        assert (await http.post("/app", content=b"no json")).status_code == 400
        assert (await http.post("/app", json={})).status_code == 400
    assert endpoint.told == []


# Faults


async def test_a_duplicate_arrives_twice(told, endpoint) -> None:
    told.workspace.faults.order({"kind": "duplicate"})
    await told.person(SATO).message(GENERAL, "x")
    await until(lambda: len(endpoint.told) == 2)
    assert endpoint.told[0].body == endpoint.told[1].body


async def test_an_overlooked_answer_brings_the_event_again(quick, endpoint) -> None:
    quick.workspace.faults.order({"kind": "unacknowledged", "method": "events_api"})
    await quick.person(SATO).message(GENERAL, "x")
    await until(lambda: len(endpoint.told) == 2)
    assert endpoint.told[1].headers["X-Slack-Retry-Reason"] == "http_timeout"
