"""How an app gets its tokens, what members' tokens do, and how tokens are taken back."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import running

from .stage import GENERAL, KATO, SATO, Stage

BACK = "https://app.example/back"


async def authorize(stage: Stage, **more: Any) -> httpx.Response:
    query = {"client_id": stage.things["client_id"], "scope": "chat:write,users:read", **more}
    return await stage.http.get("http://127.0.0.1/oauth/v2/authorize", params=query)


async def code_for(stage: Stage, **more: Any) -> str:
    answer = await authorize(stage, redirect_uri=BACK, state="s 1", **more)
    assert answer.status_code == 302
    place = urlsplit(answer.headers["location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == BACK
    found = parse_qs(place.query)
    assert found["state"] == ["s 1"]
    return found["code"][0]


async def access(stage: Stage, code: str, **more: Any) -> dict[str, Any]:
    arguments = {"client_id": "$client_id", "client_secret": "$client_secret", "code": code, "redirect_uri": BACK}
    return await stage.call("oauth.v2.access", {**arguments, **more}, "")


async def test_a_code_becomes_the_bot_token_once(stage) -> None:
    code = await code_for(stage)
    answer = await access(stage, code)
    assert (answer["access_token"], answer["token_type"]) == (stage.workspace.bot_token, "bot")
    assert (answer["scope"], answer["bot_user_id"]) == ("chat:write,users:read", stage.workspace.bot_user)
    assert answer["team"] == {"id": "T01HOSHIMI", "name": stage.workspace.team.name}
    assert answer["authed_user"] == {"id": "U01HAYASHI"}
    assert (await access(stage, code))["error"] == "invalid_code"


async def test_a_code_that_was_refused_can_still_be_used_rightly(stage) -> None:
    code = await code_for(stage)
    assert (await access(stage, code, redirect_uri="https://other.example/"))["error"] == "bad_redirect_uri"
    stage.clock.now += 600
    assert (await access(stage, code))["ok"]


# The SDK's own call uses a class that aiohttp is about to drop.
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
async def test_the_sdk_gets_its_tokens_with_the_credentials_in_a_header() -> None:
    async with running() as served, httpx.AsyncClient() as http:
        grants = served.workspace.grants
        query = {"client_id": grants.client_id, "scope": "chat:write", "user": KATO}
        code = (await http.get(f"{served.page_url}oauth/v2/authorize", params=query)).json()["code"]
        client = AsyncWebClient(base_url=served.api_url)
        answer = await client.oauth_v2_access(client_id=grants.client_id, client_secret=grants.client_secret, code=code)
        assert answer["authed_user"]["id"] == KATO
        assert (await AsyncWebClient(base_url=served.api_url, token=answer["access_token"]).auth_test())["bot_id"]


async def test_a_verifier_has_to_fit_its_challenge(stage) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    code = await code_for(stage, code_challenge=challenge, code_challenge_method="S256")
    assert (await access(stage, code, code_verifier="w" * 50))["error"] == "invalid_code_verifier"
    assert (await access(stage, code, code_verifier=verifier))["ok"]


async def test_a_member_can_refuse(stage) -> None:
    answer = await authorize(stage, redirect_uri=BACK, deny="1")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == ["access_denied"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"redirect_uri": "javascript:alert(1)"}, "bad_redirect_uri"),
        ({"user": "U0NOBODY"}, "user_not_found"),
        ({"code_challenge": "x", "code_challenge_method": "S1"}, "invalid_code_challenge_method"),
    ],
)
async def test_consent_is_not_asked_for_what_makes_no_sense(stage, arguments, code) -> None:
    answer = await authorize(stage, **arguments)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


async def test_only_the_manifests_addresses_and_scopes_are_taken() -> None:
    manifest = {
        "display_information": {"name": "App"},
        "oauth_config": {"redirect_urls": [BACK], "scopes": {"bot": ["chat:write"]}},
    }
    async with running(manifest=manifest) as served, httpx.AsyncClient(base_url=served.page_url) as http:
        query = {"client_id": served.workspace.grants.client_id, "scope": "chat:write"}
        elsewhere = {**query, "redirect_uri": "https://elsewhere.example/"}
        assert (await http.get("oauth/v2/authorize", params=elsewhere)).json()["error"] == "bad_redirect_uri"
        more = {**query, "scope": "chat:write,files:read", "redirect_uri": f"{BACK}/here"}
        location = (await http.get("oauth/v2/authorize", params=more)).headers["location"]
        assert "error=invalid_scope" in location


async def test_a_members_token_acts_as_the_member(stage) -> None:
    code = await code_for(stage, user=SATO, user_scope="chat:write")
    answer = await access(stage, code)
    member = answer["authed_user"]
    assert (member["id"], member["token_type"], member["access_token"][:5]) == (SATO, "user", "xoxp-")
    stage.tokens["hers"] = member["access_token"]
    assert (await stage.call("auth.test", {}, "hers"))["user_id"] == SATO
    posted = await stage.call("chat.postMessage", {"channel": GENERAL, "text": "本人です"}, "hers")
    assert posted["message"]["user"] == SATO
    whisper = {"channel": GENERAL, "user": KATO, "text": "内緒"}
    ts = (await stage.call("chat.postEphemeral", whisper, "hers"))["message_ts"]
    seen = stage.workspace.conversations[GENERAL].seen_by(KATO, ts)
    assert seen is not None
    assert (seen.user, seen.bot_id) == (SATO, None)
    theirs = {"channel": GENERAL, "ts": stage.things["mine"]}
    assert (await stage.call("chat.delete", theirs, "hers"))["error"] == "cant_delete_message"
    # A member sees their private channels, the bot its own.
    assert (await stage.call("chat.postMessage", {"channel": "$secret", "text": "x"}, "hers"))["ok"]
    assert (await stage.call("chat.postMessage", {"channel": "$hers", "text": "x"}, "hers"))["error"] == (
        "channel_not_found"
    )


async def test_a_revoked_token_is_told_so_and_the_next_consent_brings_another(stage) -> None:
    assert (await stage.call("auth.revoke", {"test": True}))["revoked"] is False
    assert (await stage.call("auth.test"))["ok"]
    assert (await stage.call("auth.revoke"))["revoked"] is True
    assert (await stage.call("auth.test"))["error"] == "token_revoked"
    fresh = (await access(stage, await code_for(stage)))["access_token"]
    assert fresh != stage.tokens["bot"]
    stage.tokens["fresh"] = fresh
    assert (await stage.call("auth.test", {}, "fresh"))["user_id"] == stage.workspace.bot_user
    assert (await stage.call("auth.test"))["error"] == "token_revoked"


async def test_after_an_uninstall_every_token_is_dead(stage) -> None:
    client = {"client_id": "$client_id", "client_secret": "$client_secret"}
    assert (await stage.call("apps.uninstall", client))["ok"]
    assert (await stage.call("auth.test"))["error"] == "account_inactive"
    assert (await stage.call("auth.test", {}, "user"))["error"] == "account_inactive"
    assert (await access(stage, await code_for(stage)))["ok"]
