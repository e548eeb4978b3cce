"""The description of the bot's own server says all that is served, and stands in the documentation as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
from starlette.routing import Route
from typer.testing import CliRunner

from bot import web
from bot.__main__ import app as command_line
from bot.app import all_routes
from bot.metrics import Metrics
from bot.openapi import PROOFS, SHARED, described, document
from bot.readiness import Readiness
from bot.run import pages_of
from bot.settings import Settings
from handlers.installation import open_to_workspaces
from handlers.installation.clients import TeamClients
from services.deps import Deps
from storage.database import Database
from tests.bot.test_web import small_app

DOCS = Path(__file__).parents[2] / "docs" / "openapi.json"


def served() -> dict[str, set[str]]:
    """Every path of a server that has all there is, with its methods."""
    routes = all_routes()
    clients = TeamClients(cast("Deps", None), cast("Any", None), cast("Any", None))
    open_to_workspaces(routes, clients)
    settings = Settings(_env_file=None, metrics_token="x")
    pages = pages_of(settings, Metrics(routes), Readiness({}), cast("Database", None))
    made = web.web_app(small_app(), cast("Deps", object()), routes.endpoints.values(), pages)
    # Starlette answers HEAD where there is GET.
    return {r.path: set(r.methods or ()) - {"HEAD"} for r in made.routes if isinstance(r, Route)}


def test_every_endpoint_is_described_with_its_methods_and_the_parts_of_its_path() -> None:
    said = described()
    assert {path: set(operations) for path, operations in said.items()} == served(), "describe it where it is routed"
    for path, operations in said.items():
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        for method, op in operations.items():
            assert {p.name for p in op.parameters if p.place == "path"} == in_path, path
            assert bool(op.body) == (method == "POST"), path
            assert op.summary
            assert op.answers
            assert not op.proof or op.proof in PROOFS


def test_documentation_holds_the_description_as_it_is() -> None:
    printed = CliRunner().invoke(command_line, ["openapi"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == document()
    assert DOCS.read_text(encoding="utf-8") == printed.stdout, "python -m bot openapi > docs/openapi.json"


def test_every_schema_is_one() -> None:
    def contents(part: Any) -> list[Any]:
        if isinstance(part, list):
            return [found for each in part for found in contents(each)]
        if not isinstance(part, dict):
            return []
        here = [part["schema"]] if "schema" in part else []
        return here + [found for each in part.values() for found in contents(each)]

    made = document()
    schemas = contents(made)
    assert len(schemas) > 50
    for schema in schemas:
        jsonschema_rs.meta.validate(schema)
    names = [op["operationId"] for path in made["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))
    assert set(made["components"]["responses"]) == set(SHARED)
