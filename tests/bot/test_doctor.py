"""`python -m bot doctor`: a line for each part, with what to do about it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from bot.app import all_routes
from bot.doctor import Finding, State, examine, findings_of
from bot.manifest import manifest
from bot.settings import Settings
from bot.workspace.server import RunningWorkspace
from bot.workspace.server import running as workspace_running
from handlers.i18n import translator
from services.smtp import Security
from storage.connections import Room
from storage.migrations import sync_url
from tests.servers.google import Google
from tests.servers.http import web
from tests.servers.model import KEY, ModelServer
from tests.services.test_smtp import mail_server

GOOD, NOTE, BAD = State.GOOD, State.NOTE, State.BAD


@pytest.fixture
async def workspace() -> AsyncIterator[RunningWorkspace]:
    async with workspace_running(manifest=manifest(all_routes())) as served:
        yield served


def settings(workspace: RunningWorkspace, folder: Path, **values: Any) -> Settings:
    given = {
        "slack_bot_token": workspace.bot_token,
        "slack_app_token": workspace.app_token,
        "slack_api_url": workspace.api_url,
        "database_url": f"sqlite:///{folder / 'kakehashi.db'}",
    }
    return Settings(_env_file=None, **(given | values))


async def found(settings: Settings, **options: Any) -> dict[str, Finding]:
    return {finding.part: finding for finding in await findings_of(settings, translator("en"), **options)}


@pytest.fixture(autouse=True)
def no_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_installation_that_can_work_is_told_so_and_what_it_does_without(
    workspace: RunningWorkspace, tmp_path: Path
) -> None:
    parts = await found(settings(workspace, tmp_path))
    assert {part: finding.state for part, finding in parts.items()} == {
        "Database": GOOD,
        "Key": GOOD,
        "Bot token": GOOD,
        "Scopes": GOOD,
        "Clock": GOOD,
        "App token": GOOD,
        "Public address": NOTE,
        "Mail": NOTE,
        "Google Calendar": NOTE,
        "Microsoft calendar": NOTE,
        "Language model": NOTE,
    }
    assert workspace.workspace.team.name in parts["Bot token"].found
    assert all(finding.remedy for finding in parts.values() if finding.state is not GOOD)
    assert files(tmp_path) == [], "looking changes nothing"


@pytest.mark.parametrize(("language", "word"), [("ja", "データベース"), ("en", "Database")])
async def test_every_part_has_its_line_in_both_languages(
    workspace: RunningWorkspace, tmp_path: Path, language: str, word: str
) -> None:
    console = Console(record=True, width=80)
    with console.capture() as captured:
        code = await examine(settings(workspace, tmp_path), console, language)
    lines = captured.get().strip().splitlines()
    assert (code, len(lines)) == (0, 11)
    assert word in lines[0]


async def test_something_to_mend_is_in_the_exit_code_and_markup_in_it_is_text(
    workspace: RunningWorkspace, tmp_path: Path
) -> None:
    console = Console(record=True, width=80)
    with console.capture() as captured:
        code = await examine(
            settings(workspace, tmp_path, database_url="postgresql://[bold]@127.0.0.1:1/nowhere"), console, "en"
        )
    assert code == 1
    assert "[bold]" in captured.get().replace("%5Bbold%5D", "[bold]")


async def test_tokens_that_slack_does_not_know_are_named(workspace: RunningWorkspace, tmp_path: Path) -> None:
    parts = await found(settings(workspace, tmp_path, slack_bot_token="xoxb-0-none", slack_app_token="xapp-0-none"))
    for part in ("Bot token", "App token"):
        assert (parts[part].state, "invalid_auth" in parts[part].found) == (BAD, True)
    assert "Scopes" not in parts


async def test_tokens_that_are_missing_are_asked_for(workspace: RunningWorkspace, tmp_path: Path) -> None:
    parts = await found(settings(workspace, tmp_path, slack_bot_token=None, slack_app_token=None))
    assert (parts["Bot token"].state, parts["App token"].state) == (BAD, BAD)


async def test_signing_secret_takes_the_app_tokens_place(workspace: RunningWorkspace, tmp_path: Path) -> None:
    parts = await found(settings(workspace, tmp_path, slack_app_token=None, slack_signing_secret="0" * 32))
    assert parts["Signing secret"].state is GOOD
    assert "App token" not in parts


async def test_slack_out_of_reach_is_told_without_a_token(workspace: RunningWorkspace, tmp_path: Path) -> None:
    parts = await found(settings(workspace, tmp_path, slack_api_url="http://127.0.0.1:1/api/"))
    assert (parts["Bot token"].state, parts["App token"].state) == (BAD, BAD)
    assert not any(workspace.bot_token in finding.found for finding in parts.values())


async def test_scopes_are_held_against_the_manifest(tmp_path: Path) -> None:
    made = manifest(all_routes())
    scopes = made["oauth_config"]["scopes"]
    scopes["bot"] = [scope for scope in scopes["bot"] if scope not in ("files:read", "users:read.email")]
    async with workspace_running(manifest=made) as workspace:
        few = (await found(settings(workspace, tmp_path)))["Scopes"]
    assert (few.state, few.found) == (BAD, "Missing: files:read, users:read.email")
    scopes["bot"] = [*manifest(all_routes())["oauth_config"]["scopes"]["bot"], "pins:read"]
    async with workspace_running(manifest=made) as workspace:
        many = (await found(settings(workspace, tmp_path)))["Scopes"]
    assert (many.state, "pins:read" in many.found) == (NOTE, True)


@pytest.mark.parametrize(("ahead", "state"), [(0, GOOD), (400, BAD), (-400, BAD)])
async def test_clock_is_held_against_slacks(
    workspace: RunningWorkspace, tmp_path: Path, ahead: int, state: State
) -> None:
    parts = await found(settings(workspace, tmp_path), now=lambda: time.time() + ahead)
    assert parts["Clock"].state is state


async def test_database_is_up_to_date_behind_or_ahead(
    workspace: RunningWorkspace, tmp_path: Path, database_url: str, owner_url: str
) -> None:
    own = settings(workspace, tmp_path, database_url=database_url, secret_key="a key")
    assert "is up to date" in (await found(own))["Database"].found
    # Who may not migrate is told so, unless the owner is named, who then does at the start.
    of_owner = own.model_copy(update={"database_owner_url": owner_url})
    waits = (BAD, "only its owner may") if database_url != owner_url else (GOOD, "at the next start")
    engine = sa.create_engine(sync_url(owner_url))
    for asked, revision, state, said in (
        (own, "0001", *waits),
        (of_owner, "0001", GOOD, "at the next start"),
        (own, "9999", BAD, "newer version"),
    ):
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :number"), {"number": revision})
        finding = (await found(asked))["Database"]
        assert (finding.state, said in finding.found) == (state, True), finding
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_room_for_the_processes_connections_is_told(
    workspace: RunningWorkspace, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(workspace, tmp_path, database_url=database_url, secret_key="a key")
    assert "PostgreSQL has room for" in (await found(given))["Connections"].found
    for there, state, said in (
        (Room(most=97, others=5, processes=4), GOOD, "room for 4 processes with up to 22"),
        (Room(most=97, others=5, processes=5), NOTE, "5 run now"),
        (Room(most=20, others=0, processes=0), BAD, "room for 0 processes"),
    ):
        monkeypatch.setattr("bot.doctor_connections.room", lambda _url, there=there: there)
        finding = (await found(given))["Connections"]
        assert (finding.state, said in finding.found, bool(finding.remedy)) == (state, True, state is not GOOD)


async def test_database_out_of_reach_is_told_without_its_password(workspace: RunningWorkspace, tmp_path: Path) -> None:
    parts = await found(settings(workspace, tmp_path, database_url="postgresql://bot:secret-word@127.0.0.1:1/x"))
    assert (parts["Database"].state, parts["Key"].state) == (BAD, BAD)
    assert not any("secret-word" in finding.found for finding in parts.values())


async def test_mail_server_is_signed_in_to_and_sent_nothing(workspace: RunningWorkspace, tmp_path: Path) -> None:
    letters = tmp_path / "letters"
    letters.mkdir()
    async with mail_server(letters) as server:
        given = {"smtp_host": server.host, "smtp_port": server.port, "mail_from": server.sender}
        good = await found(settings(workspace, tmp_path, **given, smtp_security="none"))
        unsecured = await found(settings(workspace, tmp_path, **given, smtp_security="starttls"))
    gone = await found(settings(workspace, tmp_path, **given, smtp_security="none"))
    assert [parts["Mail"].state for parts in (good, unsecured, gone)] == [GOOD, BAD, BAD]
    assert not [file for file in files(letters) if file.suffix == ".eml"]


async def test_wrong_password_of_the_mail_server_is_told_and_not_shown(
    workspace: RunningWorkspace, tmp_path: Path
) -> None:
    letters = tmp_path / "letters"
    letters.mkdir()
    async with mail_server(letters, Security.STARTTLS) as server:
        given = {
            "smtp_host": server.host,
            "smtp_port": server.port,
            "mail_from": server.sender,
            "smtp_authorities": server.authorities,
            "smtp_user": server.user,
        }
        right = await found(settings(workspace, tmp_path, **given, smtp_password=server.password))
        wrong = await found(settings(workspace, tmp_path, **given, smtp_password="hunter-two"))
    assert (right["Mail"].state, wrong["Mail"].state) == (GOOD, BAD)
    assert "hunter-two" not in wrong["Mail"].found


async def test_provider_that_knows_the_app_is_told_from_one_that_does_not(
    workspace: RunningWorkspace, tmp_path: Path
) -> None:
    google = Google()
    async with google.served() as app:
        given = {"google_client_id": app.client_id, "google_token_url": app.token_url}
        known = await found(settings(workspace, tmp_path, **given, google_client_secret=app.client_secret))
        unknown = await found(settings(workspace, tmp_path, **given, google_client_secret="another"))
    gone = await found(settings(workspace, tmp_path, **given, google_client_secret=app.client_secret))
    assert [parts["Google Calendar"].state for parts in (known, unknown, gone)] == [GOOD, BAD, BAD]


async def test_public_address_is_to_lead_to_the_bot(workspace: RunningWorkspace, tmp_path: Path) -> None:
    async def healthy(_request: Any) -> JSONResponse:
        return JSONResponse({"ok": True})

    async def other(_request: Any) -> PlainTextResponse:
        return PlainTextResponse("It works!")

    states = {}
    for name, answer in (("bot", healthy), ("other", other)):
        async with web(Starlette(routes=[Route("/healthz", answer)])) as url:
            states[name] = (await found(settings(workspace, tmp_path, public_url=url)))["Public address"]
    assert (states["bot"].state, "unencrypted" in states["bot"].found) == (NOTE, True)
    assert states["other"].state is BAD
    gone = (await found(settings(workspace, tmp_path, public_url=url)))["Public address"]
    assert (gone.state, "Nobody answers" in gone.found) == (NOTE, True)


async def test_language_model_is_asked_what_it_has_without_sending_it_anything(
    workspace: RunningWorkspace, tmp_path: Path, model_server: ModelServer
) -> None:
    async def line(**values: Any) -> tuple[State, str]:
        finding = (await found(settings(workspace, tmp_path, **(model_server.settings | values))))["Language model"]
        assert KEY not in finding.found + finding.remedy
        return finding.state, finding.found

    state, said = await line()
    assert (state, model_server.url in said, "gpt-5-mini" in said) == (GOOD, True, True)
    state, said = await line(openai_prices="gpt-5.1=1/2")
    assert (state, "gpt-5-mini" in said, "gpt-5.1" in said) == (NOTE, True, False)
    state, said = await line(openai_model="none-such")
    assert (state, "none-such" in said) == (NOTE, True)
    assert (await line(openai_api_key="sk-wrong"))[0] is BAD
    assert (await line(openai_base_url="http://127.0.0.1:1/v1"))[0] is BAD
    assert model_server.requests == []
