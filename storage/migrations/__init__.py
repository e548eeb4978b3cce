"""Alembic migrations, run by `upgrade` (the command line's `migrate`, and every start)."""

from __future__ import annotations

import logging
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from dbos import DBOS

from storage import connections, isolation
from storage.database import normalise_url
from storage.tables import Base

log = logging.getLogger(__name__)

HERE = Path(__file__).parent


class TooNew(Exception):
    """The database has a revision that this version of the program does not know."""


def config(url: str) -> Config:
    """Alembic's configuration for this database."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE))
    # Alembic reads its options through configparser, to which a percent sign means something.
    settings.set_main_option("sqlalchemy.url", sync_url(url).replace("%", "%%"))
    return settings


def sync_url(url: str) -> str:
    """The same database with a driver that is not async, as Alembic and dbos want it."""
    parsed = normalise_url(url)
    driver = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def behind(url: str) -> bool:
    """Whether the database waits for migrations; nothing is changed. Raises `TooNew` where a later version of this
    program has been at it, SQLAlchemy's own errors where it cannot be reached."""
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    known = revisions(url)
    if current is not None and current not in known:
        raise TooNew(current)
    return current != known[0]


def standing(url: str) -> isolation.Standing:
    """What the address's role is on a PostgreSQL database that is up to date or behind. Raises SQLAlchemy's own
    errors where it cannot be reached."""
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
            teams = [name for name, table in Base.metadata.tables.items() if name == "teams" or "team_id" in table.c]
            return isolation.standing(connection, [name for name in teams if name in there])
    finally:
        engine.dispose()


def room(url: str) -> connections.Room:
    """What a PostgreSQL server has room for. Raises SQLAlchemy's own errors where it cannot be reached."""
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.connect() as connection:
            return connections.room(connection)
    finally:
        engine.dispose()


def revisions(url: str) -> list[str]:
    """Every migration that this version of the program knows, the newest first."""
    return [found.revision for found in ScriptDirectory.from_config(config(url)).walk_revisions()]


class MayNotMigrate(Exception):
    """The database waits for migrations, and whoever asked is not its owner."""


def upgrade(url: str, revision: str = "head", *, program: str | None = None) -> None:
    """Bring a database to the newest revision: our tables and those of the queue. Raises `MayNotMigrate`.

    Two processes may do so at once: the second waits for the first. `program`: the address with the role as which the
    program runs, where that is another on PostgreSQL; it is made where there is none, and gets the rights it needs.
    A database that a later version has brought on stays as it is: while versions are exchanged one by one, the older
    ones go on, and may have to start again.
    """
    role, password = _role(url, program)
    try:
        command.upgrade(config(url), revision)
        if role is not None:
            _let_in(url, role, password)
        DBOS.migrate(sync_url(url), application_role=role)
    except sa.exc.ProgrammingError as refused:
        if isinstance(refused.orig, psycopg.errors.InsufficientPrivilege):
            raise MayNotMigrate(refused.orig.diag.message_primary) from refused
        raise
    except CommandError:
        try:
            behind(url)
        except TooNew as later:
            log.warning("A later version has brought the database to %s; this one works with it as it is.", later)
            return
        raise


def _role(url: str, program: str | None) -> tuple[str | None, str | None]:
    """The program's role and its password, where it is to be let in."""
    if program is None:
        return None, None
    owner, other = normalise_url(url), normalise_url(program)
    if other.username is None or other.username == owner.username or other.get_backend_name() == "sqlite":
        return None, None
    return other.username, None if other.password is None else str(other.password)


def _let_in(url: str, role: str, password: str | None) -> None:
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.begin() as connection:
            isolation.let_in(connection, role, password)
    finally:
        engine.dispose()
