"""Secrets are printed nowhere: not by what holds them, not by what fails for them."""

from __future__ import annotations

import dataclasses
import importlib
import io
import logging
import pkgutil
import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from dbos import DBOSClient
from pydantic import SecretStr, ValidationError
from rich.console import Console
from typer.testing import CliRunner

import bot
import domain
import handlers
import services
import storage
from bot.__main__ import app
from bot.doctor import examine
from bot.logs import LogFormat, handler
from bot.queue import Queue
from bot.settings import Settings
from services.deps import Deps
from services.networks import networks
from storage.database import connect
from storage.migrations import sync_url, upgrade
from storage.outbox import Outbox

PLANTED = "kisshouten-42"
URL = f"postgresql://kakehashi:{PLANTED}@127.0.0.1:1/kakehashi?connect_timeout=2"

SAYS_SECRET = re.compile(r"secret|token|password|verifier")
NO_SECRETS = {
    "services.oauth.OAuthApp.token_url": "Where tokens are fetched.",
    "storage.calendars.ConnectionRow.secret": "Encrypted.",
    "storage.inbound.SourceRow.secret": "Encrypted.",
    "storage.installations.InstallationRow.bot_token": "Encrypted.",
    "storage.installations.InstallationRow.refresh_token": "Encrypted.",
}


def secretive() -> Settings:
    """Every setting that can hold a secret holds one."""
    secret = {
        name: SecretStr(f"{PLANTED}-{name}")
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert len(secret) >= 9
    given: dict[str, Any] = {
        **secret,
        "database_url": URL,
        "database_owner_url": URL,
        "smtp_host": "localhost",
        "mail_from": "a@example.jp",
    }
    return Settings(_env_file=None, **given)


def ours() -> Iterator[ModuleType]:
    for package in (bot, domain, handlers, services, storage):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # The embedded workspace is Slack's side, with tokens that open nothing but itself.
            if not re.search(r"workspace|__main__|migrations", found.name):
                yield importlib.import_module(found.name)


def test_nothing_that_holds_a_secret_shows_it() -> None:
    settings = secretive()
    client = DBOSClient(system_database_url=sync_url(URL), lazy=True)
    deps = Deps(connect(URL), Outbox(client), keys=settings.keys(), mail=settings.mail_server, oauth=settings.oauth)
    deps = replace(deps, calendar_networks=networks("10.0.0.0/8"))
    for holder in (settings, deps, Queue(settings), settings.keys(), settings.mail_server, settings.oauth):
        assert holder is not None
        for shown in (repr(holder), str(holder), f"{holder!r}"):
            assert PLANTED not in shown
    assert settings.keys().secret is not None
    assert repr(settings.keys().secret) not in repr(deps)
    client.destroy()


def test_every_class_with_a_field_for_a_secret_leaves_it_out_of_what_it_prints() -> None:
    shown = set()
    for module in ours():
        for found in vars(module).values():
            if not isinstance(found, type) or found.__module__ != module.__name__:
                continue
            names: list[str] = []
            if dataclasses.is_dataclass(found):
                names = [field.name for field in dataclasses.fields(found) if field.repr]
            elif issubclass(found, tuple):
                names = list(getattr(found, "_fields", ()))
            shown |= {f"{module.__name__}.{found.__name__}.{name}" for name in names if SAYS_SECRET.search(name)}
    assert shown == NO_SECRETS.keys()


def test_setting_that_cannot_be_read_is_named_and_not_shown() -> None:
    refused: dict[str, Any] = {"database_url": f"mysql://kakehashi:{PLANTED}@db/kakehashi", "web_port": PLANTED}
    with pytest.raises(ValidationError) as invalid:
        Settings(_env_file=None, **refused)
    assert PLANTED not in str(invalid.value)
    told = "".join(f"{error['loc']} {error['msg']}" for error in invalid.value.errors())
    assert "database_url" in told
    assert PLANTED not in told
    done = CliRunner().invoke(app, ["migrate"], env={"DATABASE_URL": refused["database_url"]})
    assert done.exit_code == 2
    assert PLANTED not in done.output + "".join(traceback.format_exception(done.exception))


async def test_database_that_cannot_be_reached_is_told_of_without_its_password(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    written = handler(LogFormat.JSON, stream)
    logging.getLogger().addHandler(written)
    try:
        with caplog.at_level(logging.DEBUG, "storage"), pytest.raises(Exception, match=r"refused|failed") as lost:
            upgrade(URL)
        logging.getLogger("bot").error("The database is away", exc_info=lost.value)
        console = Console(record=True, width=200, file=io.StringIO())
        await examine(secretive(), console, "en")
    finally:
        logging.getLogger().removeHandler(written)
    said = console.export_text()
    assert "cannot be reached" in said
    told = (said, stream.getvalue(), caplog.text, *capfd.readouterr(), *traceback.format_exception(lost.value))
    assert [text for text in told if PLANTED in text] == []
